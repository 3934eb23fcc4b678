"""When a notice is told: together with which, how often again, how long, and when not. Pure."""

from datetime import datetime, time, timedelta, tzinfo
from typing import NamedTuple

from .wall_time import DAY, reading, stretches

WAIT = timedelta(seconds=30)  # for company: what breaks together is told together
INTERVAL = timedelta(minutes=5)  # at least, between two messages of one family to one channel
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
PATIENCE = timedelta(hours=24)  # from the first try on; then a message is given up
LEASE = timedelta(minutes=3)  # longer than any sending lasts
_FAR = 3 * DAY  # every clock shows every time of day within it, or leaves it behind


class QuietHours(NamedTuple):
    """Times of day between which nothing but critical notices is told; it may cross midnight."""

    begins: time
    ends: time

    def cover(self, shown: datetime) -> bool:
        """Tell whether a clock that shows this shows a quiet time."""
        at = shown.time()
        if self.begins < self.ends:
            return self.begins <= at < self.ends
        return at >= self.begins or at < self.ends


def leaves_at(now: datetime, last_left: datetime | None) -> datetime:
    """Return when a message leaves whose first notice comes now."""
    soonest = now + WAIT
    return soonest if last_left is None else max(soonest, last_left + INTERVAL)


def pause_after(tries: int) -> timedelta:
    """Return how long to wait after that many tries in vain: twice as long each time."""
    doubled = FIRST_PAUSE * (1 << min(max(tries - 1, 0), 10))
    return min(doubled, LONGEST_PAUSE)


def next_try(tries: int, patient_until: datetime, now: datetime) -> datetime | None:
    """Return when to try again; None: it is given up."""
    at = now + pause_after(tries)
    return at if at < patient_until else None


def told_again_at(due: datetime, repeat: timedelta, now: datetime) -> datetime:
    """Return when a condition is told once more; what was missed in the meantime is left out."""
    missed = (now - due) // repeat
    return due + repeat * (missed + 1)


def quiet_until(hours: QuietHours, zone: tzinfo, at: datetime) -> datetime | None:
    """Return when it is quiet no more; None: it is not quiet at this moment.

    It is quiet while a clock of the zone shows a quiet time, however often it does: where clocks
    are put back that may be twice a night, where they are put forward a short one is left out.
    """
    for stretch in stretches(zone, at, at + _FAR):
        shown = reading(stretch.begins, zone)
        if not hours.cover(shown):
            return None if stretch.begins == at else stretch.begins
        ends = datetime.combine(shown.date(), hours.ends)
        moment = stretch.begins + (ends - shown if ends > shown else ends + DAY - shown)
        if moment < stretch.ends:
            return moment
    return at + _FAR
