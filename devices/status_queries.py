"""Asking sockets for their state from time to time: spread over the day, within a share of the SMS.

Every question goes by `commands.queue`, as a job's. What is asked is counted before it is queued
and never given back, so that the share holds whatever becomes of the messages.
"""

import logging
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from platforms.models import Platform

from . import commands, ledger
from .commands import CommandRefused
from .commissioning import template_of
from .composition import ParametersRefused, TextRefused
from .findings import Kind
from .models import Command, Device, Pause, StatusQueryPlan
from .pace import LIFE
from .segments import cost
from .senders import Sender

logger = logging.getLogger(__name__)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST = 50  # of one platform a turn
_SENDER = Sender.job("Status queries")


class _Turn(NamedTuple):
    """One platform's turn: its plan, locked, with what it may still spend; None: unlimited."""

    plan: StatusQueryPlan
    platform: Platform
    room: int | None


def ask(now: datetime) -> int:
    """Ask the sockets whose turn it is on every active platform; return how many were asked."""
    in_use = Device.objects.in_use().filter(platform=OuterRef("pk"), enabled=True)
    platforms = Platform.objects.filter(Exists(in_use), active=True).order_by("pk")
    return sum(_ask_platform(pk, now) for pk in list(platforms.values_list("pk", flat=True)))


def _ask_platform(pk: int, now: datetime) -> int:
    StatusQueryPlan.objects.get_or_create(platform_id=pk)
    with transaction.atomic():
        # Locked: of two workers that come at once the second finds everything counted.
        rows = StatusQueryPlan.objects.select_for_update(of=("self",)).select_related("platform")
        plan = rows.get(platform_id=pk)
        if not plan.days or Pause.objects.at(now).filter(_of_whole(pk), device=None).exists():
            return 0
        today = ledger.day_of(plan.platform, now)
        # What is asked today is sent today or never: so the share of a day holds at midnight too.
        if ledger.day_of(plan.platform, now + LIFE) != today:
            return 0
        turn = _Turn(plan, plan.platform, _room(plan, today))
        if turn.room == 0:
            return 0
        return _ask_some(turn, now)


def _ask_some(turn: _Turn, now: datetime) -> int:
    asked, room = 0, turn.room
    for device in _due(turn.plan, now):
        spent = _ask_one(turn.plan, device, now, room)
        if spent is None:
            break
        if spent:
            asked += 1
            room = None if room is None else room - spent
    return asked


def _ask_one(plan: StatusQueryPlan, device: Device, now: datetime, room: int | None) -> int | None:
    """Ask one socket; return the segments it costs, 0 where it is not asked, None to stop."""
    mine = Device.objects.filter(pk=device.pk)
    template = template_of(device, Kind.QUERY)
    if template is None or not template.for_jobs:
        mine.update(asked_at=now)
        return 0
    price = sum(cost(step.code).segments for step in template.shape.steps)
    if room is not None and price > room:
        return None
    rooms = ledger.rooms([plan.platform], now)[plan.platform_id]
    if ledger.shortage(rooms, price, by_job=True):
        return None
    last = device.asked_at.isoformat() if device.asked_at else ""
    key = commands.key_of(device.platform_id, f"status-query:{device.pk}:{last}")
    mine.update(asked_at=now)
    try:
        commands.queue(template, device, {}, _SENDER, key, now)
    except (CommandRefused, ParametersRefused, TextRefused) as error:
        logger.info("Socket %s is not asked for its state: %s", device.pk, type(error).__name__)
        return 0
    StatusQueryPlan.objects.filter(pk=plan.pk).update(
        day_used=F("day_used") + price, month_used=F("month_used") + price
    )
    return price


def _due(plan: StatusQueryPlan, now: datetime) -> "QuerySet[Device]":
    """Return the sockets to be asked now, who waited longest first: an even part of all an hour."""
    since = now - plan.days * DAY
    enabled = Device.objects.in_use().filter(platform=plan.platform_id, enabled=True)
    an_hour = -(-enabled.count() // (plan.days * 24))
    lately = enabled.filter(asked_at__gt=now - HOUR).count()
    open_ones = Command.objects.open().filter(device=OuterRef("pk"))
    paused = Pause.objects.at(now).filter(device=OuterRef("pk"))
    silent = Q(heard_at=None) | Q(heard_at__lte=since)
    waiting = enabled.filter(silent, Q(asked_at=None) | Q(asked_at__lte=since))
    rows: QuerySet[Device] = (
        waiting.exclude(Exists(open_ones))
        .exclude(Exists(paused))
        .select_related("model", "platform")
        .order_by(F("asked_at").asc(nulls_first=True), "pk")
    )
    return rows[: max(0, min(an_hour - lately, MOST))]


def _room(plan: StatusQueryPlan, today: date) -> int | None:
    """Return how many segments the share leaves today, after a new day or month was begun."""
    _begin(plan, today)
    used = {"day": plan.day_used, "month": plan.month_used}
    limits = {"day": plan.platform.sms_limit_day, "month": plan.platform.sms_limit_month}
    left = [
        limit * plan.share // 100 - used[span]
        for span, limit in limits.items()
        if limit is not None
    ]
    return max(0, min(left)) if left else None


def _begin(plan: StatusQueryPlan, today: date) -> None:
    if plan.day == today:
        return
    if plan.day is None or (plan.day.year, plan.day.month) != (today.year, today.month):
        plan.month_used = 0
    plan.day, plan.day_used = today, 0
    plan.save(update_fields=["day", "day_used", "month_used"])


def _of_whole(platform_id: int) -> Q:
    return Q(platform=None) | Q(platform=platform_id)
