"""Operating hours: spans of weekdays in which jobs may act, by the clock of a place.

Pure. A span belongs to the day on which it begins; one that closes no later than it opens lasts
into the next day. A place is open while its clock shows a time of a span, however often it does.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time, timedelta, tzinfo
from typing import NamedTuple

from platforms.wall_time import DAY, reading, stretches

#: Hours come every week; one week may leave them out, where clocks are put forward.
FAR = timedelta(weeks=3)


class Span(NamedTuple):
    weekday: int  # 0 = Monday
    opens: time
    closes: time


class Period(NamedTuple):
    """From a moment to another, the end not included; in UTC."""

    begins: datetime
    ends: datetime


def is_open(spans: Sequence[Span], zone: tzinfo, at: datetime) -> bool:
    """Tell whether a place is open. Without spans it always is."""
    if not spans:
        return True
    now = reading(at, zone)
    days = (now - DAY, now)
    return any(begins <= now < ends for day in days for begins, ends in _of_day(spans, day))


def open_periods(
    spans: Sequence[Span], zone: tzinfo, begins: datetime, ends: datetime
) -> list[Period]:
    """Return when a place with spans is open within a time, cut at its ends."""
    found: list[Period] = []
    for stretch in stretches(zone, begins, ends):
        day = stretch.begins + stretch.offset - DAY
        while day < stretch.ends + stretch.offset + DAY:
            for opens, closes in _of_day(spans, day):
                period = Period(
                    max(opens - stretch.offset, stretch.begins),
                    min(closes - stretch.offset, stretch.ends),
                )
                if period.begins < period.ends:
                    found.append(period)
            day += DAY
    return list(merged(found))


def opens_at(spans: Sequence[Span], zone: tzinfo, at: datetime) -> datetime:
    """Return when a place is open next; the moment itself where it is open."""
    if is_open(spans, zone, at):
        return at
    return open_periods(spans, zone, at, at + FAR)[0].begins


def closes_at(spans: Sequence[Span], zone: tzinfo, at: datetime) -> datetime | None:
    """Return when an open place closes; None: not within weeks, or it is closed."""
    if not spans or not is_open(spans, zone, at):
        return None
    ends = open_periods(spans, zone, at, at + FAR)[0].ends
    return ends if ends < at + FAR else None


def merged(periods: Iterable[Period]) -> Iterator[Period]:
    """Yield periods in their order, those that touch as one."""
    current: Period | None = None
    for period in sorted(periods):
        if current is not None and period.begins <= current.ends:
            current = Period(current.begins, max(current.ends, period.ends))
            continue
        if current is not None:
            yield current
        current = period
    if current is not None:
        yield current


def _of_day(spans: Sequence[Span], day: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield beginning and end of the spans that belong to a day."""
    midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
    for span in spans:
        if span.weekday == day.weekday():
            closing = midnight + DAY if span.closes <= span.opens else midnight
            yield _on(midnight, span.opens), _on(closing, span.closes)


def _on(midnight: datetime, hour: time) -> datetime:
    return midnight + timedelta(hours=hour.hour, minutes=hour.minute, seconds=hour.second)
