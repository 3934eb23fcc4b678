"""Filters of the lists of episodes and of what was done in them."""

from typing import Any, ClassVar

from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _, gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter

from devices.admin import reach
from exporters.models import Player
from jobs.models import Ending, Job, Mode, Outcome, Standing
from platforms.admin.filters import RowFilter, several_platforms
from platforms.scoped_fields import person_of

MOST_OPTIONS = 500


class JobFilter(RowFilter):
    """Narrows a list to one job of the person's platforms."""

    title = gettext_lazy("job")
    parameter_name = "of_job"
    column = "job_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the jobs that are there, each with its platform if several."""
        rows: Any = Job.objects.for_user(person_of(request)).in_use()
        rows = rows.with_shown_name().order_by("shown_name", "pk")
        several = several_platforms(request)
        values = rows.values_list("pk", "platform__name", "shown_name")[:MOST_OPTIONS]
        return [
            (str(pk), f"{platform}: {name}" if several else name) for pk, platform, name in values
        ]


class PlayerFilter(RowFilter):
    """Narrows a list to one player; it is chosen on the page of the player, or searched for."""

    title = gettext_lazy("player")
    parameter_name = "of_player"
    column = "player_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the chosen one alone: there may be a hundred thousand."""
        value = request.GET.get(self.parameter_name, "")
        if not value:
            return []
        rows = Player.objects.for_user(person_of(request))
        found = rows.filter(pk__in=reach.numbers([value])).first()
        # A filter without a choice would filter nothing: one that is not there has no rows.
        return [(value, str(found) if found is not None else "–")]


class ValueFilter(DropdownFilter):
    """Narrows a list to one value of a column; a value of no meaning filters nothing."""

    column: ClassVar[str]
    offered: ClassVar[type[models.TextChoices]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the values that there can be."""
        return list(self.offered.choices)

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep the rows that have the chosen value."""
        known = self.value() in self.offered.values
        return queryset.filter(**{self.column: self.value()}) if known else queryset


class EndingFilter(ValueFilter):
    """Narrows episodes by why they are over."""

    title = gettext_lazy("ending")
    parameter_name = "ending"
    column = "ending"
    offered = Ending


class StandingFilter(ValueFilter):
    """Narrows attempts by where they stand."""

    title = gettext_lazy("standing")
    parameter_name = "of_standing"
    column = "standing"
    offered = Standing


class OutcomeFilter(ValueFilter):
    """Narrows attempts by what they came to."""

    title = gettext_lazy("outcome")
    parameter_name = "of_outcome"
    column = "outcome"
    offered = Outcome


class ModeFilter(ValueFilter):
    """Narrows attempts by how far their job went."""

    title = gettext_lazy("mode")
    parameter_name = "of_mode"
    column = "mode"
    offered = Mode


class StateFilter(DropdownFilter):
    """Narrows episodes by where they stand."""

    title = gettext_lazy("state")
    parameter_name = "of_state"
    _WANTED: ClassVar[dict[str, models.Q]] = {
        "open": models.Q(closed=False),
        "held": models.Q(closed=False) & ~models.Q(suppressed=""),
        "recovering": models.Q(closed=False, recovering_since__isnull=False),
        "exhausted": models.Q(closed=False, exhausted_at__isnull=False),
        "over": models.Q(closed=True),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer what is open first: it is looked for most."""
        return [
            ("open", _("Not over yet")),
            ("held", _("Held back")),
            ("recovering", _("Good again")),
            ("exhausted", _("Exhausted")),
            ("over", _("Over")),
        ]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep the rows of the chosen state."""
        wanted = self._WANTED.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(wanted)


class TakenOverFilter(DropdownFilter):
    """Narrows episodes to those that somebody took over, or to the others."""

    title = gettext_lazy("taken over")
    parameter_name = "taken_over"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer both."""
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep those that somebody took over, or the others."""
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(acknowledged_at__isnull=self.value() == "no")
