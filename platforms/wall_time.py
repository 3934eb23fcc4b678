"""What clocks on walls show: from moments to readings and back, where a zone changes its offset.

Pure. A reading is a naive datetime, a moment an aware one, in UTC where it is returned. Some
readings are never shown (a clock put forward leaves them out), some are shown twice (put back).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
#: Nobody means later centuries, and clocks on walls cannot be told of the end of time.
LAST: Final = datetime(2200, 1, 1, tzinfo=UTC)


class Stretch(NamedTuple):
    """A span of time, its end not included, with one offset from UTC."""

    begins: datetime
    ends: datetime
    offset: timedelta


def known_zone(name: str) -> ZoneInfo | None:
    """Return the zone of a name; None: no zone is called so, or not any more.

    For where all platforms are gone through: a name that one keeps must not stop the others.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def clock_time(at: time) -> str:
    """Write a time of day as HH:MM, with its seconds where it has any."""
    return f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"


def reading(at: datetime, zone: tzinfo) -> datetime:
    """Return what a clock of the zone shows at a moment."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def stretches(zone: tzinfo, begins: datetime, ends: datetime) -> Iterator[Stretch]:
    """Cut a span of time where the zone changes its offset. Changes lie more than a day apart."""
    start = at = begins.astimezone(UTC)
    end = ends.astimezone(UTC)
    while at < end:
        following = min(at + DAY, end)
        if _offset(following, zone) != _offset(at, zone):
            change = _change(zone, at, following)
            yield Stretch(start, change, _offset(at, zone))
            start = change
        at = following
    if start < end:
        yield Stretch(start, end, _offset(start, zone))


def first_reached(label: datetime, zone: tzinfo) -> datetime:
    """Return when a clock of the zone first shows a reading, or a later one in its place."""
    early, late = _moments(label, zone)
    return _gap_before(early, late, zone) if early > late else early


def finally_reached(label: datetime, zone: tzinfo) -> datetime:
    """Return since when a clock of the zone shows nothing that is earlier than a reading."""
    early, late = _moments(label, zone)
    if early > late:
        return _gap_before(early, late, zone)
    # The very first reading that is shown again is reached for good when it is first shown.
    return late if reading(late - SECOND, zone) < label else early


def _moments(label: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the moments of a reading by the offset before and after a change; mostly the same.

    For a reading that is left out, the first is the later one: PEP 495.
    """
    early, late = (label.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return early, late


def _gap_before(early: datetime, late: datetime, zone: tzinfo) -> datetime:
    return _change(zone, late - SECOND, early)


def _offset(at: datetime, zone: tzinfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _change(zone: tzinfo, before: datetime, after: datetime) -> datetime:
    """Return the second at which the offset changes; it does so once between two moments."""
    old = _offset(before, zone)
    while after - before > SECOND:
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if _offset(middle, zone) == old:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
