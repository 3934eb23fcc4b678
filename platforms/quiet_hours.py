"""Quiet hours of channels: what is not critical waits until they end. Sends nothing.

Nothing is planned ahead: whether a message waits is asked when it is to leave, so that hours which
somebody changes count from the next turn on.
"""

from collections.abc import Iterable
from datetime import datetime, time

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from . import notice_timing
from .models import Delivery, DeliveryItem, NotificationChannel
from .models.channel import UNFINISHED
from .notice_kinds import Severity
from .notice_timing import QuietHours
from .wall_time import known_zone

MOST_AT_ONCE = 500  # rows that one turn marks


def wrong(quiet_from: time | None, quiet_until: time | None) -> tuple[str, str] | None:
    """Return what is wrong with typed hours: the field and a text; None: nothing."""
    if (quiet_from is None) != (quiet_until is None):
        lacking = "quiet_from" if quiet_from is None else "quiet_until"
        return lacking, _("Quiet hours have a beginning and an end: enter both times, or neither.")
    if quiet_from is not None and quiet_from == quiet_until:
        return "quiet_until", _("Quiet hours end at another time than they begin.")
    return None


def zone_of(channel: NotificationChannel) -> str:
    """Return by whose clock a channel is quiet."""
    platform = channel.platform
    return settings.TIME_ZONE if platform is None else platform.time_zone


def lasts_until(channel: NotificationChannel, now: datetime) -> datetime | None:
    """Return when a channel is quiet no more; None: it is not quiet now.

    Nor is one whose clock nobody knows: rather told at night than not at all.
    """
    if channel.quiet_from is None or channel.quiet_until is None:
        return None
    zone = known_zone(zone_of(channel))
    if zone is None:
        return None
    hours = QuietHours(channel.quiet_from, channel.quiet_until)
    return notice_timing.quiet_until(hours, zone, now)


def channels() -> list[NotificationChannel]:
    """Return the channels that have quiet hours, with their platforms."""
    with_hours = NotificationChannel.objects.filter(enabled=True, quiet_from__isnull=False)
    return list(with_hours.select_related("platform"))


def waiting(with_hours: Iterable[NotificationChannel], now: datetime) -> Q:
    """Return which unfinished messages wait for the end of quiet hours, were they due.

    None of a family in which one is critical: an older one that waited would hold that one up.
    """
    critical = DeliveryItem.objects.filter(
        delivery__channel=OuterRef("channel"),
        delivery__family=OuterRef("family"),
        delivery__state__in=UNFINISHED,
        notice__severity__gte=Severity.CRITICAL,
    )
    quiet = [channel.pk for channel in with_hours if lasts_until(channel, now) is not None]
    return Q(channel__in=quiet) & ~Q(Exists(critical))


def mark(with_hours: Iterable[NotificationChannel], due: Q, now: datetime) -> None:
    """Note since when messages wait: the time until they leave is not one of failing."""
    unmarked = Delivery.objects.unfinished().filter(due, quiet_since=None)
    fresh = unmarked.filter(waiting(with_hours, now))
    with transaction.atomic():
        # Those that another worker has at this moment are marked by the next turn.
        locked = fresh.select_for_update(skip_locked=True, of=("self",))
        keys = list(locked.order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE])
        if keys:
            Delivery.objects.filter(pk__in=keys).update(quiet_since=now)


def hurry(delivery: Delivery, now: datetime, leaves_at: datetime) -> None:
    """Let a message that waited leave as by day, for a critical notice is about to join it.

    The caller has locked it. The first such notice counts: those that follow are its company.
    """
    joined = DeliveryItem.objects.filter(delivery=delivery)
    if (
        delivery.next_try <= now
        and not joined.filter(notice__severity__gte=Severity.CRITICAL).exists()
    ):
        Delivery.objects.filter(pk=delivery.pk).update(next_try=leaves_at)
