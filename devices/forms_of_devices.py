"""The form of a socket: what is written on it, what hangs on its lines, who may command it.

It checks; it writes nothing. A socket that is new has no lines yet: they come with its model.
"""

from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

from django import forms
from django.db import models
from django.utils.translation import gettext as _, gettext_lazy
from unfold.widgets import (
    AutocompleteWidgetMixin,
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminTextInputWidget,
)

from exporters.models import Player
from platforms.models import Platform, User
from platforms.roles import Deed
from platforms.scoped_forms import ScopedModelForm

from . import phones, sockets
from .models import Assignment, Binding, Device, DeviceLine

MOST_ON_A_LINE = 50


class PlayersWidget(AutocompleteWidgetMixin, forms.SelectMultiple):
    """Players of one platform, found by typing: a fleet is too long for a list."""

    def __init__(self, address: str = "") -> None:
        super().__init__({"data-ajax--url": address})
        # The script of Django's own autocomplete would take it for one of its.
        self.attrs["class"] = "unfold-admin-autocomplete"

    def optgroups(self, name: str, value: list[str], attrs: Any = None) -> list[Any]:
        """Render the chosen ones alone."""
        chosen = [each for each in value if str(each).isascii() and str(each).isdecimal()]
        rows: models.QuerySet[Player] = self.choices.queryset  # type: ignore[attr-defined]
        options = [
            self.create_option(name, row.pk, str(row), True, at)
            for at, row in enumerate(rows.filter(pk__in=chosen[: MOST_ON_A_LINE + 1]))
        ]
        return [(None, options, 0)]


class LineFields(NamedTuple):
    """The names of the fields of one line."""

    line: DeviceLine
    name: str
    players: str


class DeviceForm(ScopedModelForm):
    """A socket. `form_of` adds the fields of its lines and its users."""

    lines: ClassVar[tuple[LineFields, ...]] = ()

    class Meta:
        model = Device
        fields = (
            *("platform", "model", "name", "phone", "site", "gateway"),
            *("enabled", "reset_only", "notes"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "phone" in self.fields:
            self.fields["phone"] = forms.CharField(
                label=gettext_lazy("Phone"),
                max_length=40,
                widget=UnfoldAdminTextInputWidget(
                    {"placeholder": "+79123456789", "autocomplete": "off", "inputmode": "tel"}
                ),
                help_text=gettext_lazy("Of the SIM card in the socket, with the country's code."),
            )
        hung: dict[int, list[int]] = {each.line.pk: [] for each in self.lines}
        # unscoped: of a socket that was reached by for_user
        now = Binding.objects.filter(line__in=hung, ended_at=None, player__retired_at=None)
        for line, player in now.values_list("line_id", "player_id") if hung else ():
            hung[line].append(player)
        if "notes" in self.fields:
            self.fields["notes"].widget.attrs["rows"] = 3
        for each in self.lines:
            self.initial[each.name] = each.line.name
            self.initial[each.players] = hung[each.line.pk]
        if "people" in self.fields:
            given = Assignment.objects.filter(device=self.instance)  # unscoped: as above
            self.initial["people"] = list(given.values_list("user_id", flat=True))

    @property
    def platform_id(self) -> int | None:
        """Return the platform that the socket has or is about to get."""
        chosen: Platform | None = self.cleaned_data.get("platform")
        own: int | None = self.instance.platform_id
        return chosen.pk if chosen is not None else own

    def region(self) -> str | None:
        """Return where numbers without a country's code belong."""
        if self.platform_id is None:
            return None
        gateway = self.cleaned_data.get("gateway") or self.instance.gateway
        return sockets.region_of(self.platform_id, gateway)

    def clean(self) -> dict[str, Any] | None:
        """Check what needs several fields: phone, room on the platform, lines, gateway."""
        cleaned = super().clean() or {}
        self._check_phone(cleaned)
        self._check_lines(cleaned)
        gateway = cleaned.get("gateway")
        if gateway is not None and gateway.platform_id not in (None, self.platform_id):
            self.add_error("gateway", _("This belongs to another platform."))
        if self.instance.pk is None and self.platform_id is not None:
            platform = cleaned.get("platform") or self.instance.platform
            if why := sockets.full(platform):
                self.add_error(None, why)
        return cleaned

    def _check_phone(self, cleaned: dict[str, Any]) -> None:
        if "phone" not in cleaned:
            return
        try:
            cleaned["phone"] = phones.normalise(cleaned["phone"], self.region())
        except phones.PhoneError as error:
            self.add_error("phone", str(error))
            return
        if sockets.taken(cleaned["phone"], self.instance.pk):
            self.add_error("phone", sockets.taken_message())

    def _check_lines(self, cleaned: dict[str, Any]) -> None:
        met: set[int] = set()
        for each in self.lines:
            chosen = {player.pk for player in cleaned.get(each.players, ())}
            if len(chosen) > MOST_ON_A_LINE:
                text = _("At most %(number)s players on a line.")
                self.add_error(each.players, text % {"number": MOST_ON_A_LINE})
            if chosen & met:
                self.add_error(each.players, _("A player hangs on one line, not on two."))
            met |= chosen
        model = cleaned.get("model")
        if self.instance.pk is None or model is None or "model" not in self.changed_data:
            return
        for each in self.lines:
            if each.line.number > model.shape.outlets and cleaned.get(each.players):
                self.add_error("model", sockets.too_small_message(each.line.number))

    def hung(self) -> Iterator[tuple[DeviceLine, list[Player], list[Player]]]:
        """Yield for each line the players to hang on it, and those to take off."""
        for each in self.lines:
            if each.players not in self.changed_data:
                continue
            wanted = {player.pk: player for player in self.cleaned_data[each.players]}
            there = set(self.initial[each.players])
            gone = Player.objects.filter(pk__in=there - wanted.keys())  # unscoped: off this line
            yield each.line, [wanted[pk] for pk in wanted.keys() - there], list(gone)

    def renamed(self) -> Iterator[tuple[DeviceLine, str]]:
        """Yield the lines that got another name."""
        for each in self.lines:
            if each.name in self.changed_data:
                yield each.line, self.cleaned_data[each.name]

    def people_changed(self) -> tuple[list[User], list[User]]:
        """Return who may command the socket from now on, and who no longer."""
        if "people" not in self.changed_data:
            return [], []
        wanted = {user.pk: user for user in self.cleaned_data["people"]}
        there = set(self.initial["people"])
        gone = User.objects.filter(pk__in=there - wanted.keys())  # unscoped: its own assignments
        return [wanted[pk] for pk in wanted.keys() - there], list(gone)


def line_fields(device: Device) -> tuple[LineFields, ...]:
    """Return the fields of the lines that count: the model's, and others on which players hang."""
    numbers = device.lines.filter(
        models.Q(number__in=_numbers(device))
        | models.Q(pk__in=device.lines.filter(bindings__ended_at=None, bindings__isnull=False))
    ).order_by("number")
    return tuple(
        LineFields(line, f"line_{line.number}_name", f"line_{line.number}_players")
        for line in numbers
    )


def form_of(device: Device, person: User, address: str) -> type[DeviceForm]:
    """Return the form of a socket that exists; `address` is where players are looked for."""
    fields: dict[str, Any] = {"lines": line_fields(device)}
    for each in fields["lines"]:
        fields[each.name] = forms.CharField(
            label=gettext_lazy("Name of the line"),
            max_length=120,
            required=False,
            widget=UnfoldAdminTextInputWidget(),
            help_text=gettext_lazy("What hangs on it, such as “left wall”."),
        )
        fields[each.players] = forms.ModelMultipleChoiceField(
            label=gettext_lazy("Players on the line"),
            queryset=players_for(device, person),
            required=False,
            widget=PlayersWidget(address),
            help_text=gettext_lazy(
                "They go dark when it is switched off. One that hangs elsewhere moves here."
            ),
        )
    fields["people"] = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Who may command it"),
        queryset=sockets.assignable(device),
        required=False,
        widget=UnfoldAdminSelect2MultipleWidget(),
        help_text=gettext_lazy(
            "Members with the role “User”. Managers and administrators command every socket."
        ),
    )
    return type("FormOfDevice", (DeviceForm,), fields)


def players_for(device: Device, person: User) -> models.QuerySet[Player]:
    """Return the players that this person may hang on the socket."""
    rows: Any = Player.objects.for_user(person, Deed.FLEET)
    found: models.QuerySet[Player] = rows.enrolled().filter(platform_id=device.platform_id)
    return found


def _numbers(device: Device) -> list[int]:
    try:
        return sorted(device.model.shape.every_line)
    except KeyError:  # out of the catalogue
        return list(device.lines.values_list("number", flat=True))
