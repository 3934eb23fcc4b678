"""Kinds of events, channels and notices for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from platforms.models import ChannelKind, NotificationChannel, Platform
from platforms.notice_kinds import NoticeKind, Severity

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "c4n4ry-secret-of-a-webhook"
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)

DOWN = NoticeKind(
    "test_down",
    "Thing down",
    Severity.CRITICAL,
    lambda told: f"{told.name} is down since {told.moment(str(told.facts.get('since', '')))}",
    repeat=4 * HOUR,
)
BACK = NoticeKind(
    "test_back", "Thing back", Severity.INFO, lambda told: f"{told.name} is back", ends="test_down"
)
ONCE = NoticeKind("test_once", "Said once", Severity.INFO, lambda told: f"{told.name} said")


def make_channel(platform: Platform | None, **fields: Any) -> NotificationChannel:
    """Create a channel by mail."""
    channel: NotificationChannel = NotificationChannel.objects.create(
        platform=platform,
        **{
            "name": "Duty",
            "kind": ChannelKind.MAIL,
            "recipients": "duty@example.test",
            "least_severity": Severity.INFO,
            **fields,
        },
    )
    return channel


def make_signed(platform: Platform | None, address: str, **fields: Any) -> NotificationChannel:
    """Create a signed webhook."""
    values = {"kind": ChannelKind.WEBHOOK, "recipients": "", "address": address, "secret": SECRET}
    return make_channel(platform, **{**values, **fields})


def make_webhook(platform: Platform | None, address: str, **fields: Any) -> NotificationChannel:
    """Create a channel to a service."""
    values = {"kind": ChannelKind.SERVICE, "recipients": "", "scheme": "json", "address": address}
    return make_channel(platform, **{**values, **fields})
