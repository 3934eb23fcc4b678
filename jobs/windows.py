"""Maintenance windows: from a moment to a moment once, or every week by the clock of a place.

Pure. A window of every week lasts from when the clock first shows its beginning until it shows
nothing any more that is before its end: put back, it makes the window longer, never two of one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import count

from platforms.wall_time import DAY, finally_reached, first_reached, reading

from .hours import Period

WEEK = timedelta(weeks=1)
#: One week touches the next: longer is for ever.
LONGEST_OF_WEEK = WEEK


@dataclass(frozen=True)
class Once:
    """From a moment to another, whatever clocks show."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True)
class Weekly:
    """Readings of the first time; every week again, the last time before a day."""

    begins: datetime
    ends: datetime
    until: date | None = None


Window = Once | Weekly


def periods(window: Window, zone: tzinfo, begins: datetime, ends: datetime) -> Iterator[Period]:
    """Yield the whole periods of a window that touch a time, in their order."""
    if isinstance(window, Once):
        if window.begins < ends and window.ends > begins:
            yield Period(window.begins, window.ends)
        return
    behind = reading(begins, zone) - window.ends - 2 * DAY  # no clock is put back by more
    for number in count(max(0, behind // WEEK)):
        begin = window.begins + number * WEEK
        if window.until is not None and begin.date() >= window.until:
            return
        period = Period(
            first_reached(begin, zone), finally_reached(window.ends + number * WEEK, zone)
        )
        if period.begins >= ends:
            return
        if period.ends > max(begins, period.begins):
            yield period


def lasting(window: Window, zone: tzinfo, at: datetime) -> Period | None:
    """Return the period of a window that lasts at a moment; of two, the one that ends later."""
    found = list(periods(window, zone, at, at + timedelta(microseconds=1)))
    return max(found, key=lambda period: period.ends) if found else None


def coming(window: Window, zone: tzinfo, after: datetime) -> Period | None:
    """Return the period that lasts at a moment, or the next one."""
    return next(periods(window, zone, after, after + 3 * WEEK), None) or _first(window, zone, after)


def _first(window: Window, zone: tzinfo, after: datetime) -> Period | None:
    """Return the first period of a window that begins only in more than some weeks."""
    begins = window.begins if isinstance(window, Once) else first_reached(window.begins, zone)
    if begins < after:
        return None
    return next(periods(window, zone, begins, begins + WEEK), None)
