"""When a notice is told: together with which, how often again, how long it is tried. Pure."""

from datetime import datetime, timedelta

WAIT = timedelta(seconds=30)  # for company: what breaks together is told together
INTERVAL = timedelta(minutes=5)  # at least, between two messages of one family to one channel
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
PATIENCE = timedelta(hours=24)  # from the first try on; then a message is given up
LEASE = timedelta(minutes=3)  # longer than any sending lasts


def leaves_at(now: datetime, last_left: datetime | None) -> datetime:
    """Return when a message leaves whose first notice comes now."""
    soonest = now + WAIT
    return soonest if last_left is None else max(soonest, last_left + INTERVAL)


def pause_after(tries: int) -> timedelta:
    """Return how long to wait after that many tries in vain: twice as long each time."""
    doubled = FIRST_PAUSE * (1 << min(max(tries - 1, 0), 10))
    return min(doubled, LONGEST_PAUSE)


def next_try(tries: int, first_try: datetime, now: datetime) -> datetime | None:
    """Return when to try again; None: it is given up."""
    at = now + pause_after(tries)
    return at if at < first_try + PATIENCE else None


def told_again_at(due: datetime, repeat: timedelta, now: datetime) -> datetime:
    """Return when a condition is told once more; what was missed in the meantime is left out."""
    missed = (now - due) // repeat
    return due + repeat * (missed + 1)
