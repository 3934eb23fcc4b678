"""What the addresses of all stops share: their fields, and which of them last."""

from datetime import datetime
from typing import Any, Final

from django.utils import timezone
from rest_framework import serializers

from devices.pauses import TOO_FAR
from exporters.api.fields import IdField
from platforms.api import Moment, PagedQuery, Strict
from platforms.wall_time import LAST

AFTER: Final = ("reason", "author", "created_at", "expires_at", "lifted_at")


class StopsQuery(PagedQuery):
    """What narrows a list of stops."""

    platform_id = IdField(required=False)
    current = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="Those that last now, or others."
    )


class StopAnswer(serializers.ModelSerializer[Any]):
    """A stop."""

    author = serializers.CharField(source="author_name")
    lifted_at = serializers.DateTimeField(allow_null=True)


class StopBody(Strict):
    """A new stop."""

    reason = serializers.CharField(max_length=255)
    expires_at = Moment(
        required=False, allow_null=True, default=None, help_text="Null: until it is lifted."
    )

    def validate_expires_at(self, moment: datetime | None) -> datetime | None:
        """Refuse one that is too far off; whether it is over, the stage asks."""
        if moment is not None and moment > LAST:
            raise serializers.ValidationError(TOO_FAR)
        return moment


def current(rows: Any, wished: bool | None) -> Any:
    """Keep the stops that last, those that are over, or (None) both."""
    if wished is None:
        return rows
    lasting = rows.at(timezone.now())
    return lasting if wished else rows.exclude(pk__in=lasting.values("pk"))
