"""Deliveries as rows: what each channel is to be told, who sends it now, what became of it.

The row is the queue. Every move is a conditional UPDATE under the fence, so that several workers
do no harm; a worker may die between any two. Sends nothing.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from . import audit, delivery_totals, notice_timing, quiet_hours
from .announcements import announce
from .audit import SYSTEM, Action
from .channel_wire import Outcome, Told
from .models import Delivery, DeliveryItem, DeliveryState, Notice, NotificationChannel
from .models.channel import UNFINISHED
from .notice_kinds import CHANNEL_OFF, KINDS, Severity, family_of

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 500  # rows that one turn takes of each sort


class Claim(NamedTuple):
    """A delivery that this worker has, for as long as nobody has a higher fence."""

    delivery: Delivery
    fence: int


def spread(now: datetime) -> int:
    """Hand new notices, and those that still last, to the channels that want them."""
    due = Notice.objects.lasting().filter(repeat_at__lte=now).order_by("pk")
    spread_now = 0
    for rows, again in ((Notice.objects.unspread(), False), (due, True)):
        for pk in list(rows.values_list("pk", flat=True)[:MOST_AT_ONCE]):
            with transaction.atomic():
                spread_now += _spread_one(rows, pk, now, again=again)
    return spread_now


def _spread_one(rows: "QuerySet[Notice]", pk: int, now: datetime, *, again: bool) -> int:
    locked = rows.select_for_update(skip_locked=True, of=("self",))
    notice = locked.filter(pk=pk).first()
    if notice is None:
        return 0  # another worker has it
    if again:
        kind = KINDS.get(notice.kind)
        repeat = kind.repeat if kind is not None else None
        following = (
            notice_timing.told_again_at(notice.repeat_at or now, repeat, now) if repeat else None
        )
        Notice.objects.filter(pk=pk).update(repeat_at=following)
    else:
        Notice.objects.filter(pk=pk).update(spread_at=now)
    family = family_of(notice.kind)
    for channel in _wanting(notice, family):
        delivery = _collecting(channel, family, now)
        if notice.severity >= Severity.CRITICAL and quiet_hours.lasts_until(channel, now):
            left = _last_left(channel, family)
            quiet_hours.hurry(delivery, now, notice_timing.leaves_at(now, left))
        item = DeliveryItem(delivery=delivery, notice=notice, again=again)
        DeliveryItem.objects.bulk_create([item], ignore_conflicts=True)
    return 1


def _wanting(notice: Notice, family: str) -> list[NotificationChannel]:
    """Return the channels that are to hear of a notice."""
    own = Q(platform=None)
    if notice.platform_id is not None:
        own = Q(platform_id=notice.platform_id, platform__active=True) | Q(
            platform=None, hears_platforms=True
        )
    channels = NotificationChannel.objects.filter(
        own, enabled=True, least_severity__lte=notice.severity
    ).select_related("platform")
    wanting = channels.order_by("pk")
    return [channel for channel in wanting if not channel.kinds or family in channel.kinds]


def _collecting(channel: NotificationChannel, family: str, now: datetime) -> Delivery:
    """Return the message that a channel's notices of a family join, locked."""
    open_one = Delivery.objects.filter(
        channel=channel, family=family, state=DeliveryState.COLLECTING
    )
    while True:
        found: Delivery | None = open_one.select_for_update(of=("self",)).first()
        if found is not None:
            return found
        left = _last_left(channel, family)
        # Another worker may make it at the same moment: the database lets one of us.
        Delivery.objects.bulk_create(
            [
                Delivery(
                    platform_id=channel.platform_id,
                    channel=channel,
                    family=family,
                    next_try=notice_timing.leaves_at(now, left),
                    created_at=now,
                )
            ],
            ignore_conflicts=True,
        )


def _last_left(channel: NotificationChannel, family: str) -> datetime | None:
    """Return when the last message of a family left for a channel."""
    of_family = Delivery.objects.filter(channel=channel, family=family)
    last = of_family.filter(first_try_at__isnull=False).order_by("-pk").first()
    return None if last is None else last.sent_at or last.first_try_at


def tidy(now: datetime) -> None:
    """End what can no longer arrive, and delete what is old."""
    unfinished = Delivery.objects.unfinished()
    off = NotificationChannel.objects.filter(enabled=False).order_by().values("pk")
    delivery_totals.end_all(
        unfinished.filter(channel__in=off), DeliveryState.DROPPED, error="switched_off"
    )
    # Of an older release: patient by its first try.
    first = Q(patient_until=None, first_try_at__lte=now - notice_timing.PATIENCE)
    late = unfinished.filter(
        Q(lease_until=None) | Q(lease_until__lte=now),
        Q(patient_until__lte=now) | first,
        quiet_since=None,
    )
    delivery_totals.end_all(late, DeliveryState.GIVEN_UP)
    days: int = settings.KEEP_DAYS["notices"]
    if not days:
        return
    before = now - timedelta(days=days)
    for rows, column in ((_over(), "created_at"), (_told(), "at")):
        # The oldest rows and no more: asked for by their time, the whole table would be read.
        oldest = rows.order_by("pk").values_list("pk", column)[:MOST_AT_ONCE]
        keys = [pk for pk, at in oldest if at < before]
        if keys:
            rows.model._base_manager.filter(pk__in=keys).delete()


def old_deliveries(before: datetime) -> "QuerySet[Any, Any]":
    """Return the messages from before a moment that are not to arrive any more."""
    return _over().filter(created_at__lt=before)


def old_notices(before: datetime) -> "QuerySet[Any, Any]":
    """Return the notices from before a moment whose condition does not last."""
    return _told().filter(at__lt=before)


def _over() -> "QuerySet[Any, Any]":
    return Delivery.objects.exclude(state__in=UNFINISHED)


def _told() -> "QuerySet[Any, Any]":
    # What is told once a span, such as a budget, has no end, and is over by then.
    return Notice.objects.filter(Q(ended_at__isnull=False) | Q(repeat_at=None))


def hold(now: datetime) -> list[NotificationChannel]:
    """Note what waits for the end of quiet hours; return the channels that have such hours."""
    with_hours = quiet_hours.channels()
    if with_hours:
        quiet_hours.mark(with_hours, _due(now), now)
    return with_hours


def _due(now: datetime) -> Q:
    # A lease that is over: its worker died, perhaps after it had sent. Then it is sent again.
    return Q(state=DeliveryState.SENDING, lease_until__lte=now) | Q(
        state__in=(DeliveryState.COLLECTING, DeliveryState.RETRYING), next_try__lte=now
    )


def claim(now: datetime, with_hours: Sequence[NotificationChannel]) -> Claim | None:
    """Take the message whose turn it is; None when there is none.

    One of a family after the other: while an older one is still tried, newer notices gather.
    `with_hours`: the channels that have quiet hours, of which messages may wait.
    """
    held = quiet_hours.waiting(with_hours, now)
    older = Delivery.objects.unfinished().filter(
        channel=OuterRef("channel"), family=OuterRef("family"), pk__lt=OuterRef("pk")
    )
    queue = (
        Delivery.objects.unfinished()
        .filter(_due(now), ~held, ~Exists(older), channel__enabled=True)
        .select_related("channel__platform")
        .order_by("next_try", "pk")
    )
    with transaction.atomic():
        found: Delivery | None = queue.select_for_update(skip_locked=True, of=("self",)).first()
        if found is None:
            return None
        waited = timedelta(0) if found.quiet_since is None else now - found.quiet_since
        found.first_try_at = found.first_try_at or now
        patient_until = found.patient_until or found.first_try_at + notice_timing.PATIENCE
        found.patient_until = patient_until + waited
        taken = Delivery.objects.filter(pk=found.pk, fence=found.fence, state=found.state).update(
            state=DeliveryState.SENDING,
            fence=F("fence") + 1,
            tries=F("tries") + 1,
            lease_until=now + notice_timing.LEASE,
            first_try_at=found.first_try_at,
            patient_until=found.patient_until,
            quiet_since=None,
        )
        if not taken:
            return None
    found.tries += 1
    return Claim(found, found.fence + 1)


def items_of(delivery: Delivery) -> list[tuple[Notice, bool]]:
    """Return the notices of a message in their order, each with whether it was told before."""
    items = DeliveryItem.objects.filter(delivery=delivery).select_related("notice__platform")
    return [(item.notice, item.again) for item in items.order_by("notice_id")]


def record(claimed: Claim, told: Told, now: datetime) -> bool:
    """Store what became of a message; False: another worker has it now."""
    delivery, channel = claimed.delivery, claimed.delivery.channel
    columns: dict[str, Any] = {"lease_until": None, "error": told.error[:255]}
    if told.outcome is Outcome.SENT:
        columns |= {"state": DeliveryState.SENT, "sent_at": now}
    else:
        again = notice_timing.next_try(delivery.tries, delivery.patient_until or now, now)
        if again is None or told.outcome is Outcome.PERMANENT:
            columns |= {"state": DeliveryState.GIVEN_UP}
        else:
            columns |= {"state": DeliveryState.RETRYING, "next_try": again}
    with transaction.atomic():
        mine = Delivery.objects.filter(
            pk=delivery.pk, fence=claimed.fence, state=DeliveryState.SENDING
        )
        if not mine.update(**columns):
            logger.warning("Delivery %s was told late: another worker has it.", delivery.pk)
            return False
        note(channel, told, now)
        if columns["state"] not in UNFINISHED:
            delivery_totals.count(channel.kind, columns["state"], 1)
    return True


def note(channel: NotificationChannel, told: Told, now: datetime) -> None:
    """Write on the channel what became of its last message; switch it off where it is hopeless."""
    note_trial(channel, told, now)
    if told.outcome is Outcome.SENT:
        return
    rows = NotificationChannel.objects.filter(pk=channel.pk)
    if told.outcome is not Outcome.PERMANENT:
        logger.info("Channel %s: %s; it is tried again.", channel.pk, told.error)
        return
    if not rows.filter(enabled=True).update(enabled=False, disabled_reason=told.error[:255]):
        return
    logger.warning("Channel %s is switched off: %s.", channel.pk, told.error)
    platform_id = channel.platform_id
    audit.record(
        SYSTEM,
        Action.CHANGED,
        channel,
        platform_id=platform_id,
        before={"enabled": True},
        after={"enabled": False, "disabled_reason": told.error},
    )
    announce(
        CHANNEL_OFF.name,
        platform=platform_id,
        about=channel,
        facts={"error": told.error},
        now=now,
    )


def note_trial(channel: NotificationChannel, told: Told, now: datetime) -> None:
    """Write on the channel what became of a test: it never switches a channel off."""
    rows = NotificationChannel.objects.filter(pk=channel.pk)
    if told.outcome is Outcome.SENT:
        rows.update(last_sent_at=now, last_error="", last_error_at=None)
    else:
        rows.update(last_error=told.error[:255], last_error_at=now)
