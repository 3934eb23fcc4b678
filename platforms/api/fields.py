"""Pieces of serializers: ids within the caller's reach, bodies and queries without surprises."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from platforms.roles import Deed
from platforms.wall_time import clock_time

BIGGEST_ID = 2**63 - 1
UNKNOWN_NAMED = 20  # unknown fields that an error names
SHOWN = 80  # characters of such a name
TIME_OF_DAY = r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"


class ScopedRelatedField(serializers.PrimaryKeyRelatedField[Any]):
    """An id of a row that the caller may use; a foreign id reads as one that does not exist."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "does_not_exist": _("There is none with this id, or you may not change it.")
    }

    def __init__(self, *, deed: Deed = Deed.FLEET, **kwargs: Any) -> None:
        self.deed = deed
        super().__init__(**kwargs)

    def get_queryset(self) -> Any:
        """Return the rows on whose platform the caller may do the deed."""
        rows: Any = super().get_queryset()
        if rows is None or "request" not in self.context:
            return rows
        return rows.for_user(self.context["request"].user, self.deed)


@extend_schema_field({"type": "string", "pattern": TIME_OF_DAY, "example": "08:30"})
class TimeOfDay(serializers.TimeField):
    """A time by the clock of the place, HH:MM or HH:MM:SS."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%H:%M", "%H:%M:%S"], **kwargs)

    def to_representation(self, value: Any) -> str:
        """Leave out the seconds where there are none."""
        return clock_time(value)


class Moment(serializers.DateTimeField):
    """A moment in a body or a query; one that no calendar has is an error of who asks.

    Where the clocks of the zone carry it beyond the calendar, REST framework itself would fail.
    """

    def to_internal_value(self, value: Any) -> datetime:
        """Return the moment, or say that there is none."""
        try:
            return super().to_internal_value(value)
        except OverflowError:
            self.fail("overflow")


class Strict(serializers.Serializer[Any]):
    """A body or a query in which a name that means nothing is an error, not ignored."""

    refuses_unknown = True

    def to_internal_value(self, data: Any) -> Any:
        """Refuse unknown names, then read the others."""
        if isinstance(data, Mapping):
            unknown = [name for name in data if name not in self.fields]
            if unknown:
                raise serializers.ValidationError(
                    {
                        name[:SHOWN]: [_("This is not known here.")]
                        for name in unknown[:UNKNOWN_NAMED]
                    }
                )
        return super().to_internal_value(data)


class Query(Strict):
    """The parameters after the question mark."""

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        """Return the checked parameters; an unknown or repeated one is a 400."""
        for name, given in request.query_params.lists():
            if len(given) > 1:
                raise serializers.ValidationError({name[:SHOWN]: [_("This is given twice.")]})
        query = cls(data=request.query_params.dict(), context={"request": request})
        query.is_valid(raise_exception=True)
        values: dict[str, Any] = query.validated_data
        return values


class PagedQuery(Query):
    """The parameters of every list in pages."""

    page = serializers.IntegerField(required=False, min_value=1, max_value=1_000_000)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=1000)
