"""List filters: the person's own platforms, and a span of time."""

from datetime import datetime, time
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils.timezone import make_aware
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter, RangeDateTimeFilter

from platforms.models import Platform
from platforms.roles import Deed
from platforms.scoped_fields import person_of


class RowFilter(DropdownFilter):
    """Narrows a list to what belongs to one row, chosen by its number."""

    column: ClassVar[str]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep the rows of the chosen one; the list is scoped, so that a foreign one has none."""
        value = self.value()
        if not value:
            return queryset
        known = value.isascii() and value.isdecimal() and len(value) < 19
        return queryset.filter(**{self.column: int(value)}) if known else queryset.none()


class PlatformFilter(RowFilter):
    """Narrows a list to one platform; hidden from whoever has a single one."""

    title = _("platform")
    parameter_name = "of_platform"
    column = "platform_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the platforms that the person may see."""
        person = person_of(request)
        known = person.known_platform_ids(Deed.SEE)
        if known is not None and len(known) < 2:
            return []
        rows = Platform.objects.for_user(person).order_by("name")
        choices = [(str(pk), name) for pk, name in rows.values_list("pk", "name")]
        return choices if len(choices) > 1 else []


class SpanFilter(RangeDateTimeFilter):
    """Narrows a list to a span; a day alone will do, written as the reader's language writes it.

    Unfold's own wants day and time, in English, and compares moments of no time zone.
    """

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep the rows from the one moment to the other; what is no day is left out."""
        for end, lookup, rest in (("from", "gte", time.min), ("to", "lte", time.max)):
            moment = self._moment(end, rest)
            if moment is not None:
                queryset = queryset.filter(**{f"{self.parameter_name}__{lookup}": moment})
        return queryset

    def _moment(self, end: str, rest: time) -> datetime | None:
        day, clock = (
            self.used_parameters.get(f"{self.parameter_name}_{end}_{part}") for part in (0, 1)
        )
        try:
            date = forms.DateField(required=False).clean(day)
            at = forms.TimeField(required=False).clean(clock) or rest
        except ValidationError:
            return None
        if date is None or not 1970 <= date.year < 9999:
            return None
        return make_aware(datetime.combine(date, at))


def several_platforms(request: HttpRequest) -> bool:
    """Tell whether the person has to be told to which platform a row belongs."""
    person = person_of(request)
    known = person.known_platform_ids(Deed.SEE)
    # Every list asks for it, most of them three times a page.
    return (Platform.objects.for_user(person)[:2].count() if known is None else len(known)) > 1
