"""What a platform of the world is told, and by which channel; and a day that was paid for."""

from django.db import models
from django.utils import timezone

from devices.models import BudgetPeriod, Span
from platforms.models import (
    ChannelKind,
    Delivery,
    DeliveryState,
    Notice,
    NotificationChannel,
    Platform,
)
from platforms.notice_kinds import Severity

CHANNEL_TOKEN = "canary-channel-key"
CHANNEL_SECRET = "canary-channel-secret"
#: In the order in which they can be deleted.
LABELS = (
    "platforms.delivery",
    "platforms.notice",
    "platforms.notificationchannel",
    "devices.budgetperiod",
)


def make_rows(platform: Platform, letter: str, turn: str, number: int) -> dict[str, models.Model]:
    """Create a row of each kind; the channel has secrets as well, which it does not use."""
    now, name = timezone.now(), f"canary-{letter}"
    channel = NotificationChannel.objects.create(
        platform=platform,
        name=f"{name} channel {turn}",
        kind=ChannelKind.MAIL,
        recipients=f"duty@{name}.test",
        address=f"json://{name}.test/{CHANNEL_TOKEN}",
        secret=CHANNEL_SECRET,
    )
    return {
        "platforms.notificationchannel": channel,
        "platforms.delivery": Delivery.objects.create(
            platform=platform,
            channel=channel,
            family="socket_silent",
            state=DeliveryState.SENT,
            next_try=now,
            created_at=now,
        ),
        "platforms.notice": Notice.objects.create(
            platform=platform,
            kind="socket_silent",
            severity=Severity.WARNING,
            about_name=f"{name} socket {turn}",
            facts={"days": number},
            at=now,
        ),
        "devices.budgetperiod": BudgetPeriod.objects.create(
            platform=platform, span=Span.DAY, starts=now.date(), used=number
        ),
    }
