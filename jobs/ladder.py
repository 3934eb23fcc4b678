"""The ladder of a job: which rung comes next for a player that stays bad, and when. Pure.

Each attempt climbs one rung; the last rung is repeated until the attempts are used up. What
provably never went out is no attempt: the same rung is tried again after a short pause. What
people turned down is none either, but waits for the whole cooldown: they are not asked at once.

The cooldown of a job counts from the end of an attempt, when its outcome stood, not from its
sending: while nobody knows what became of one, no next one can be due.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, NamedTuple

COOLDOWN: Final = timedelta(minutes=30)
FIRST_PAUSE: Final = timedelta(minutes=1)  # doubled each time, up to the cooldown


class Fate(Enum):
    """What became of an attempt: it may have gone out, provably did not, or nobody wanted it."""

    SENT = "sent"
    NOT_SENT = "not_sent"
    TURNED_DOWN = "turned_down"


@dataclass(frozen=True, slots=True)
class Ladder:
    """How many rungs a job has, never none, and how many attempts an episode gets."""

    rungs: int
    attempts: int
    cooldown: timedelta = COOLDOWN

    def __post_init__(self) -> None:
        if self.rungs < 1 or self.attempts < 1 or self.cooldown < timedelta(0):
            raise ValueError("a ladder without rungs, without attempts, or with a negative pause")


class Past(NamedTuple):
    """One earlier attempt of an episode; `ended_at` None: it is under way."""

    ended_at: datetime | None
    fate: Fate = Fate.SENT


class UnderWay(NamedTuple):
    """The last attempt is not over."""


class Due(NamedTuple):
    """On which rung, counted from 0, the next attempt is made, and not before when."""

    rung: int
    at: datetime


class Exhausted(NamedTuple):
    """All attempts were used up; people take over."""

    attempts: int


Next = UnderWay | Due | Exhausted


def after(
    ladder: Ladder, past: Sequence[Past], firing_since: datetime, last_end: datetime | None = None
) -> Next:
    """Decide what comes next in an episode; `past` in the order in which attempts were made.

    `last_end`: when the last attempt that was sent to this player in an earlier episode of the job
    ended; a new episode does not shorten the cooldown.
    """
    if past and past[-1].ended_at is None:
        return UnderWay()
    spent = sum(each.fate is Fate.SENT for each in past)
    if spent >= ladder.attempts:
        return Exhausted(spent)
    times = [firing_since]
    if last_end is not None:
        times.append(last_end + ladder.cooldown)
    wanted = (each for each in past if each.fate is not Fate.NOT_SENT)
    times += [_end(each) + ladder.cooldown for each in wanted]
    if past and past[-1].fate is Fate.NOT_SENT:
        times.append(_end(past[-1]) + _pause(past, ladder.cooldown))
    return Due(min(spent, ladder.rungs - 1), max(times))


def _end(past: Past) -> datetime:
    if past.ended_at is None:
        raise ValueError("an attempt is under way although another one was made after it")
    return past.ended_at


def _pause(past: Sequence[Past], longest: timedelta) -> timedelta:
    """Return how long to wait after so many in a row of which nothing went out."""
    vain = 0
    for each in reversed(past):
        if each.fate is not Fate.NOT_SENT:
            break
        vain += 1
    return min(FIRST_PAUSE * (1 << min(vain - 1, 10)), max(longest, FIRST_PAUSE))
