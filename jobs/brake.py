"""The brake: while too many players of a domain are bad at once, no new action starts. Pure.

Many screens seldom hang together; a vendor, an exporter or a network fails for all of them. A
domain is an exporter or a platform. It decides; it counts nothing and asks nobody.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from django.utils.translation import gettext_lazy as _

from exporters.labelled import Labelled

LEAST: Final = 2  # so many may be bad however small the domain is
PERCENT: Final = 20  # of its players, in a domain that is larger
HOLD: Final = timedelta(minutes=10)  # it must stay below for so long before the brake lets go
#: Between two counts; after a longer gap nobody knows what was in it. Three slots of evaluation.
LONGEST_GAP: Final = timedelta(seconds=90)


class Domain(StrEnum):
    """What fails as one."""

    EXPORTER = "exporter"
    PLATFORM = "platform"


class Shut(Labelled):
    """Why the brake lets nothing begin."""

    TOO_MANY = "too_many", _("Too many players are bad or unknown at once")
    HOLDING = "holding", _("Too many players were bad or unknown a short time ago")
    NOT_KNOWN = "not_known", _("Nobody knows how many players are bad")


@dataclass(frozen=True, slots=True)
class Count:
    """The players of a domain at one moment, those never seen well (`new`) left out of both.

    `enrolled`: seen well within 7 days, or bad for longer in an episode that is still open.
    `bad`: of these, TRUE, UNKNOWN, in remediation or in cooldown; each player once.
    """

    enrolled: int
    bad: int

    def __post_init__(self) -> None:
        if not 0 <= self.bad <= self.enrolled:
            raise ValueError(f"{self.bad} bad of {self.enrolled}: each player counts once")

    @property
    def limit(self) -> int:
        """Return how many may be bad: exactly, for a fraction of a player is none."""
        return max(LEAST, self.enrolled * PERCENT // 100)

    @property
    def too_many(self) -> bool:
        return self.bad > self.limit


@dataclass(frozen=True, slots=True)
class Brake:
    """A brake as it was left by the last count; the columns of a row by the same names.

    `since`: when it engaged or let go. `below_since`: while it is engaged, since which count the
    domain has stayed below. `counted_at`: of the last count that could be made; None: it never was.
    """

    engaged: bool = False
    since: datetime | None = None
    below_since: datetime | None = None
    counted_at: datetime | None = None
    enrolled: int = 0
    bad: int = 0


class Verdict(NamedTuple):
    """A shut brake with the values that shut it; `until`: it lets go then if all stays as it is."""

    why: Shut
    bad: int
    limit: int
    until: datetime | None = None


def advance(brake: Brake, count: Count | None, now: datetime) -> Brake:
    """Return the brake after one evaluation; None: nothing was known, which is never `below`.

    A domain of nobody is not known either: there is no healthy player that would tell an outage.
    A count that is not newer than the last one changes nothing, but for one of a time that is far
    to come: the clock was put back since.
    """
    if brake.counted_at is not None and now <= brake.counted_at <= now + LONGEST_GAP:
        return brake
    if count is None or not count.enrolled:
        return brake if brake.below_since is None else replace(brake, below_since=None)
    without_gap = brake.counted_at is not None and abs(now - brake.counted_at) <= LONGEST_GAP
    after = replace(brake, counted_at=now, enrolled=count.enrolled, bad=count.bad)
    if count.too_many:
        since = brake.since if brake.engaged else now
        return replace(after, engaged=True, since=since, below_since=None)
    if not brake.engaged:
        return after
    below = brake.below_since if without_gap and brake.below_since is not None else now
    if now - below >= HOLD:
        return replace(after, engaged=False, since=now, below_since=None)
    return replace(after, below_since=below)


def unused(brake: Brake, now: datetime) -> Brake:
    """Return a brake that no rule counts by any more: it lets go when its last count is old.

    Else it would stay engaged for ever. Whoever acts by a rule again is counted before.
    """
    if not brake.engaged or brake.counted_at is None or abs(now - brake.counted_at) < HOLD:
        return brake
    return replace(brake, engaged=False, since=now, below_since=None)


def shut(brake: Brake | None, now: datetime) -> Verdict | None:
    """Tell what keeps an action of this domain from beginning now; None: the brake is released.

    A brake speaks for as long as its count is fresh; one that was never counted is shut.
    """
    if brake is None or brake.counted_at is None:
        return Verdict(Shut.NOT_KNOWN, 0, 0)
    count = Count(brake.enrolled, brake.bad)
    if brake.engaged:
        if brake.below_since is None:
            return Verdict(Shut.TOO_MANY, count.bad, count.limit)
        return Verdict(Shut.HOLDING, count.bad, count.limit, brake.below_since + HOLD)
    if abs(now - brake.counted_at) > LONGEST_GAP:
        return Verdict(Shut.NOT_KNOWN, count.bad, count.limit)
    return None


def foreseen(brake: Brake | None, count: Count | None, now: datetime) -> Verdict | None:
    """Tell what would keep an action from beginning now, if the domain was counted so.

    Of counts that move no brake: one that is engaged stays so all the same.
    """
    if brake is not None and brake.engaged:
        return shut(brake, now)
    return shut(advance(Brake(), count, now), now)
