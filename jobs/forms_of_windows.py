"""The form of a maintenance window: when, over what. It checks; it writes nothing.

Times are those of the clock at the place that the window is over, whatever zone the pages have.
"""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSplitDateTimeWidget, UnfoldAdminTextInputWidget

from devices import player_names
from devices.senders import Sender
from exporters.models import Player
from platforms.models import Platform
from platforms.scoped_forms import ScopedModelForm
from platforms.wall_time import finally_reached, first_reached, reading

from . import maintenance, zones
from .maintenance import Plan, WindowRefused
from .models import MaintenanceWindow


class WallTimeField(forms.SplitDateTimeField):
    """What a clock on a wall shows; in UTC, until it is known where that clock hangs."""

    def compress(self, data_list: Any) -> datetime | None:
        """Put date and time together, as they are."""
        if not data_list or None in data_list:
            return None
        day, hour = data_list
        return datetime.combine(day, hour, UTC)


class WindowForm(ScopedModelForm):
    """A window; with nothing named it is over the whole platform."""

    sender: ClassVar[Sender]
    starts_at = WallTimeField(label=_("Begins"), widget=UnfoldAdminSplitDateTimeWidget)
    ends_at = WallTimeField(label=_("Ends"), widget=UnfoldAdminSplitDateTimeWidget)
    who = forms.CharField(
        label=_("Player"),
        help_text=_("One player alone: its MAC address, device id or name."),
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
    )

    class Meta:
        model = MaintenanceWindow
        fields = (
            "platform", "name", "starts_at", "ends_at", "weekly", "until",
            "exporter", "site", "who", "job",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        self.shown_in: ZoneInfo | None = None
        if row.pk is not None:
            self.shown_in = zone = ZoneInfo(row.time_zone) if row.weekly else zones.of_window(row)
            self.initial["starts_at"] = reading(row.starts_at, zone)
            self.initial["ends_at"] = reading(row.ends_at, zone)
            self.initial["who"] = row.player.identity if row.player is not None else ""
        helps = {
            "starts_at": _("By the clock of the place that it is over."),
            "weekly": _("At the same hours of the same weekday."),
            "until": _("Of a weekly one: the last time is before this day."),
            "exporter": _("With nothing chosen here or below: the whole platform."),
            "job": _("Empty: it holds back every job."),
        }
        for name, text in helps.items():
            self.fields[name].help_text = text
        self.plan: Plan | None = None

    def clean(self) -> dict[str, Any] | None:
        """Take the times by the clock of the place; ask whether it could be planned."""
        cleaned = super().clean() or {}
        player = self._player(cleaned) if not self.errors else None
        if not self.errors:
            self.plan = self._plan(cleaned, player)
            cleaned["starts_at"], cleaned["ends_at"] = self.plan.starts_at, self.plan.ends_at
            try:
                maintenance.check(self.plan, self.sender, timezone.now())
            except WindowRefused as refused:
                self.add_error(
                    "who" if refused.field == "player" else refused.field or None, str(refused)
                )
        return cleaned

    def _platform(self, cleaned: dict[str, Any]) -> Platform:
        chosen: Platform = cleaned.get("platform") or self.instance.platform
        return chosen

    def _player(self, cleaned: dict[str, Any]) -> Player | None:
        """Return the one player that is meant by what was typed."""
        text = cleaned.get("who", "")
        if not text:
            return None
        found = player_names.find(self._platform(cleaned).pk, [text])[text]
        if len(found) != 1:
            some = _("Several players are called so: type a MAC address or a device id.")
            self.add_error("who", some if found else _("There is no such player."))
            return None
        # unscoped: of the platform for which the person may plan
        player: Player = Player.objects.select_related("site").get(pk=found[0].pk)
        return player

    def _plan(self, cleaned: dict[str, Any], player: Player | None) -> Plan:
        names = ("name", "weekly", "until", "job", "exporter", "site")
        values: dict[str, Any] = {name: cleaned.get(name) for name in names}
        values["player"], platform = player, self._platform(cleaned)
        place = MaintenanceWindow(platform=platform, site=values["site"], player=player)
        zone = zones.of_window(place)
        return Plan(
            platform=platform,
            starts_at=self._moment("starts_at", cleaned, zone, first_reached),
            ends_at=self._moment("ends_at", cleaned, zone, finally_reached),
            **values,
        )

    def _moment(
        self,
        name: str,
        cleaned: dict[str, Any],
        zone: ZoneInfo,
        reached: Callable[[datetime, tzinfo], datetime],
    ) -> datetime:
        """Return when a clock shows what was typed; the stored moment where it shows just that.

        A clock that is put back shows a reading twice: one left as it was stays the one it was.
        """
        typed, stored = cleaned[name].replace(tzinfo=None), getattr(self.instance, name)
        if zone == self.shown_in and typed == reading(stored, zone).replace(microsecond=0):
            kept: datetime = stored
            return kept
        return reached(typed, zone)
