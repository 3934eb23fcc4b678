"""Filters of the list of commands."""

from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _, gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter

from devices.models import Device
from devices.offers import TITLES
from devices.states import State
from platforms.admin.filters import RowFilter, several_platforms
from platforms.scoped_fields import person_of

MOST_OPTIONS = 500


class SocketFilter(RowFilter):
    """Narrows a list to one socket of the person's platforms."""

    title = gettext_lazy("socket")
    parameter_name = "of_socket"
    column = "device_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the sockets that the person may see, each with its platform if several."""
        rows = Device.objects.for_user(person_of(request)).order_by("name", "pk")
        several = several_platforms(request)
        values = rows.values_list("pk", "platform__name", "name")[:MOST_OPTIONS]
        return [
            (str(pk), f"{platform}: {name}" if several else name) for pk, platform, name in values
        ]


class _ValueFilter(DropdownFilter):
    """Narrows a list to one value of a column; a value of no meaning filters nothing."""

    column: str

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep the rows that have the chosen value."""
        known = {value for value, _title in self.lookup_choices}
        value = self.value()
        return queryset.filter(**{self.column: value}) if value in known else queryset


class StateFilter(_ValueFilter):
    """Narrows commands to one state, or to all that are not over."""

    title = gettext_lazy("state")
    parameter_name = "of_state"
    column = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer what is open first: it is looked for most."""
        return [("open", _("Not over yet")), *((state.value, str(state)) for state in State)]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep the rows of the chosen state."""
        if self.value() == "open":
            return queryset.filter(closed=False)
        return super().queryset(request, queryset)


class DangerFilter(_ValueFilter):
    """Narrows commands by what they can do."""

    title = gettext_lazy("danger")
    parameter_name = "of_danger"
    column = "danger"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer them by their titles."""
        return [(danger.value, str(title)) for danger, title in TITLES.items()]


class GiverFilter(_ValueFilter):
    """Narrows commands to those of people or of jobs."""

    title = gettext_lazy("given by")
    parameter_name = "by"
    column = "by_job"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer people and jobs."""
        return [("False", _("People")), ("True", _("Jobs"))]
