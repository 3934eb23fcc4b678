"""The only writer of the SMS budget: reserve, commit, give back; in the caller's transaction.

Each is one conditional UPDATE a span, the day before the month, so that two never wait crosswise
and never both take the last segment.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Q, QuerySet, Value
from django.utils.translation import gettext as _

from platforms.models import Platform

from . import budget_warnings
from .models import BudgetPeriod, Span

JOBS_PERCENT = 80  # of a limit, at which jobs stop; the rest is for people


class BudgetSpent(Exception):
    """There is no room in a span; the text says it to a person."""

    def __init__(self, span: Span, limit: int, *, by_job: bool) -> None:
        super().__init__(span.value)
        self.span, self.limit, self.by_job = span, limit, by_job

    def __str__(self) -> str:
        if self.by_job:
            return _(
                "Jobs have used their %(percent)s %% of the %(limit)s SMS of this %(span)s."
            ) % {
                "span": self.span.label,
                "percent": JOBS_PERCENT,
                "limit": self.limit,
            }
        return _("The SMS of this %(span)s are used up: the limit is %(limit)s.") % {
            "span": self.span.label,
            "limit": self.limit,
        }


class Room(NamedTuple):
    """What a span holds: its limit (None: none), and what is used of it or kept for later."""

    span: Span
    limit: int | None
    taken: int

    @property
    def left(self) -> int | None:
        """Return how many SMS people may still send; None: as many as they like."""
        return None if self.limit is None else max(self.limit - self.taken, 0)

    @property
    def left_to_jobs(self) -> int | None:
        """Return how many SMS jobs may still send; None: as many as they like."""
        if self.limit is None:
            return None
        return max(_allowed(self.limit, by_job=True) - self.taken, 0)


class Period(NamedTuple):
    """A span with its first day."""

    span: Span
    starts: date


def day_of(platform: Platform, now: datetime) -> date:
    """Return the day it is where the platform is."""
    return now.astimezone(ZoneInfo(platform.time_zone)).date()


def periods(day: date) -> Iterator[Period]:
    """Yield the day and its month, in the order in which they are locked."""
    yield Period(Span.DAY, day)
    yield Period(Span.MONTH, day.replace(day=1))


def rooms(platforms: Iterable[Platform], now: datetime) -> Mapping[int, Sequence[Room]]:
    """Return the day and the month of each platform as they stand now, by its number: one query."""
    wanted = {platform: list(periods(day_of(platform, now))) for platform in platforms}
    starts = {period.starts for each in wanted.values() for period in each}
    rows = BudgetPeriod.objects.filter(platform__in=list(wanted), starts__in=starts)
    taken = {(row.platform_id, row.span, row.starts): row.used + row.reserved for row in rows}
    return {
        platform.pk: [
            Room(
                period.span,
                _limit_of(platform, period.span),
                taken.get((platform.pk, period.span.value, period.starts), 0),
            )
            for period in each
        ]
        for platform, each in wanted.items()
    }


def shortage(room: Sequence[Room], segments: int, *, by_job: bool) -> BudgetSpent | None:
    """Return what `reserve` would raise now for so many segments, if anything."""
    for span, limit, taken in room:
        if limit is not None and taken + segments > _allowed(limit, by_job):
            return BudgetSpent(span, limit, by_job=by_job)
    return None


def reserve(platform: Platform, now: datetime, *, used: int, kept: int, by_job: bool) -> date:
    """Take `used` segments for now and `kept` for later, or raise BudgetSpent and take none.

    Returns the day that pays. The platform's limit as it is now counts, not that of the row.
    """
    day = day_of(platform, now)
    limits = {period: _limit_of(platform, period.span) for period in periods(day)}
    # The first is written before the second may refuse; without limits none does.
    with (
        transaction.atomic() if any(each is not None for each in limits.values()) else nullcontext()
    ):
        for period, limit in limits.items():
            _take(platform.pk, period, limit, used, kept, by_job)
        if platform.sms_limit_day or platform.sms_limit_month:
            for row in _rows(platform.pk, day):
                budget_warnings.watch(platform, row, now)
    return day


def warn_of_refusal(platform: Platform, now: datetime, *, by_job: bool) -> None:
    """Tell that there was no room, after whatever was begun is undone: of the tightest span."""
    day = day_of(platform, now)
    rows = {row.span: row for row in _rows(platform.pk, day)}
    tightest: tuple[int, BudgetPeriod] | None = None
    for period in periods(day):
        limit = _limit_of(platform, period.span)
        if limit is None:
            continue
        row = rows.get(period.span) or BudgetPeriod(**period._asdict())
        row.limit = limit
        left = _allowed(limit, by_job) - row.used - row.reserved
        if tightest is None or left < tightest[0]:
            tightest = left, row
    if tightest is not None:
        budget_warnings.refused(platform, tightest[1], now, by_job=by_job)


def commit(platform_id: int, day: date, segments: int) -> None:
    """Turn segments that were kept on that day into used ones."""
    for period in periods(day):
        _of(platform_id, period).update(
            reserved=F("reserved") - segments, used=F("used") + segments
        )


def give_back(platform_id: int, day: date, *, used: int = 0, kept: int = 0, by_job: bool) -> None:
    """Return segments that provably were not sent."""
    jobs = used + kept if by_job else 0
    for period in periods(day):
        _of(platform_id, period).update(
            used=F("used") - used, reserved=F("reserved") - kept, by_jobs=F("by_jobs") - jobs
        )


def overdraw(platform: Platform, now: datetime, segments: int) -> date:
    """Write down segments that have to go out though there is no room: a line is dark."""
    day = day_of(platform, now)
    _write_beyond(platform.pk, day, segments)
    return day


def give_back_overdrawn(platform_id: int, day: date, segments: int) -> None:
    """Return overdrawn segments that provably were not sent."""
    _write_beyond(platform_id, day, -segments)


def _of(platform_id: int, period: Period) -> "QuerySet[BudgetPeriod]":
    rows: QuerySet[BudgetPeriod] = BudgetPeriod.objects.filter(
        platform_id=platform_id, span=period.span, starts=period.starts
    )
    return rows


def _rows(platform_id: int, day: date) -> "QuerySet[BudgetPeriod]":
    """Return the rows of a day and its month in one query."""
    month = Q(span=Span.MONTH, starts=day.replace(day=1))
    rows: QuerySet[BudgetPeriod] = BudgetPeriod.objects.filter(
        Q(span=Span.DAY, starts=day) | month, platform_id=platform_id
    )
    return rows


def _limit_of(platform: Platform, span: Span) -> int | None:
    return platform.sms_limit_day if span is Span.DAY else platform.sms_limit_month


def _allowed(limit: int, by_job: bool) -> int:
    return limit * JOBS_PERCENT // 100 if by_job else limit


def _take(
    platform_id: int, period: Period, limit: int | None, used: int, kept: int, by_job: bool
) -> None:
    room = Q()
    if limit is not None:
        allowed = _allowed(limit, by_job)
        room = Q(used__lte=Value(allowed - used - kept) - F("reserved"))
    rows = _of(platform_id, period)
    values = {
        "limit": limit,
        "used": F("used") + used,
        "reserved": F("reserved") + kept,
        "by_jobs": F("by_jobs") + (used + kept if by_job else 0),
    }
    if rows.filter(room).update(**values):
        return
    _open(platform_id, period)
    if not rows.filter(room).update(**values):
        raise BudgetSpent(period.span, limit or 0, by_job=by_job)


def _open(platform_id: int, period: Period) -> None:
    """Make the row of a span that begins, unless somebody else just did."""
    BudgetPeriod.objects.bulk_create(
        [BudgetPeriod(platform_id=platform_id, span=period.span, starts=period.starts)],
        ignore_conflicts=True,
    )


def _write_beyond(platform_id: int, day: date, segments: int) -> None:
    for period in periods(day):
        if not _of(platform_id, period).update(beyond=F("beyond") + segments):
            _open(platform_id, period)
            _of(platform_id, period).update(beyond=F("beyond") + segments)
