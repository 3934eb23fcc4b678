"""What is remembered of a player under a criterion, and what follows from it for one job.

Time is counted by the clock of a source, which stands still while the source is not known: so a
vendor that is away for hours freezes all its players without a single row being written.

Pure: no query, no clock of its own. It may not count a second that was not seen from both ends:
only the interval between two slots that follow each other, at both of which the player was known.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from .verdicts import Verdict, Why

SLOT: Final = 30  # seconds
LONGEST_GAP: Final = 3  # slots from one evaluation to the next; after more everything starts anew
PUT_BACK: Final = 20  # slots by which a clock that stands further ahead was wrong, and was put back
HOUR: Final = 3600 // SLOT  # slots
FLAPS: Final = 6  # flips within an hour, from which on a player flaps


@dataclass(frozen=True, slots=True)
class Clock:
    """How long one source was known under one criterion; the fields are those of the row.

    ``observed`` seconds are counted while it was known; ``known_since`` is the slot since which
    ``known`` is what it is, without a slot left out. ``era`` grows with each gap that is too long.
    ``interval``, not kept, is what the last slot added to ``observed``.
    """

    slot: int
    at: float  # Unix time
    observed: float
    known: bool
    known_since: int
    era: int = 0
    why: Why | None = None
    interval: float = 0.0


@dataclass(frozen=True, slots=True)
class Track:
    """What was seen of one player under one criterion; the fields are those of the row.

    ``bad`` is the last known verdict; its run began at ``run_from`` and was not known for
    ``frozen`` seconds. ``frozen_from`` is where the clock stood when it was known last, None while
    it is known. ``since_slot`` is where the present verdict, UNKNOWN not counted as one, began;
    ``flips`` are the last slots at which it changed. ``value`` is that of the run's begin.
    ``well_slot`` is the last slot, of those that were remembered, at which it was known to be well.
    """

    bad: bool
    run_from: float
    since_slot: int
    era: int
    seen_good: bool
    frozen: float = 0.0
    frozen_from: float | None = None
    flips: tuple[int, ...] = ()
    value: float | None = None
    why: Why | None = None
    well_slot: int | None = None

    @property
    def at_rest(self) -> bool:
        """Tell whether no tick has to look at it while its source says that all is well."""
        return not self.bad and self.frozen_from is None


class Timing(NamedTuple):
    """For how many seconds a player has to be bad, and good again."""

    hold: float
    recover: float


class Floor(NamedTuple):
    """What a changed job does not count: where the clock stood, and how much of a run froze."""

    observed: float
    frozen: float = 0.0


GROUND: Final = Floor(-1.0)  # of a job that never changed: below every run


class State(StrEnum):
    """Where a player stands under a job."""

    NEW = "new"  # never seen well since it was enrolled
    OK = "ok"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"
    FLAPPING = "flapping"


class Standing(NamedTuple):
    """A player under a job: `held` seconds of its present verdict; `unknown` lies over the state.

    `fires`: an episode is to be opened, unless one is open. `recovers`: an open one is over.
    """

    state: State
    held: float
    unknown: bool
    fires: bool
    recovers: bool


def advance(clock: Clock | None, slot: int, at: float, known: bool, why: Why | None) -> Clock:
    """Move the clock of a source to a slot that was evaluated at a Unix time.

    Back by a few slots it never goes; by many it does: what follows is a new era.
    """
    if clock is None:
        return Clock(slot, at, 0.0, known, slot, why=why)
    if not is_due(slot, clock.slot):
        raise ValueError(f"slot {slot} comes after {clock.slot}")
    steady = slot == clock.slot + 1 and known == clock.known
    interval = max(0.0, at - clock.at) if steady and known else 0.0
    return Clock(
        slot=slot,
        at=at,
        observed=clock.observed + interval,
        known=known,
        known_since=clock.known_since if steady else slot,
        era=clock.era + (abs(slot - clock.slot) > LONGEST_GAP),
        why=why,
        interval=interval,
    )


def is_due(slot: int, last: int) -> bool:
    """Tell whether a slot is to be evaluated after that which was last."""
    return slot > last or last - slot > PUT_BACK


def step(
    track: Track | None,
    clock: Clock,
    verdict: Verdict,
    value: float | None = None,
    why: Why | None = None,
) -> Track | None:
    """Take in the verdict of the clock's slot; the very same track where nothing is to be written.

    `why` is why it is UNKNOWN, `value` what made it TRUE. While the source is not known, or before
    a first verdict, nothing happens.
    """
    if not clock.known:
        return track
    if verdict is Verdict.UNKNOWN:
        if track is None or track.frozen_from is not None:
            return track
        return replace(
            track,
            frozen_from=clock.observed - clock.interval,
            why=why,
            well_slot=_well_before(track, clock),
        )
    bad = verdict is Verdict.TRUE
    if track is None:
        well_slot = None if bad else clock.slot
        return Track(
            bad, clock.observed, clock.slot, clock.era, not bad, value=value, well_slot=well_slot
        )
    if track.bad == bad and track.era == clock.era:
        return _thaw(track, clock)
    return Track(
        bad=bad,
        run_from=clock.observed,
        since_slot=clock.slot,
        era=clock.era,
        seen_good=track.seen_good or not bad,
        flips=(*track.flips, clock.slot)[-FLAPS:] if track.bad != bad else track.flips,
        value=value,
        well_slot=_well_before(track, clock) if bad else clock.slot,
    )


def standing(
    track: Track | None,
    clock: Clock,
    timing: Timing,
    floor: Floor = GROUND,
    episode_open: bool = False,
) -> Standing:
    """Say where a player stands under a job, from what is remembered of it."""
    if track is None:
        return Standing(State.NEW, 0.0, unknown=True, fires=False, recovers=False)
    unknown = not clock.known or track.frozen_from is not None
    held = _held(track, clock, floor)
    flaps = flapping(track, clock.slot)
    proven = not unknown and track.era == clock.era
    in_a_row = clock.slot > max(track.since_slot, clock.known_since)
    fires = (
        proven and track.bad and in_a_row
        and held >= timing.hold and track.seen_good and not flaps
    )  # fmt: skip
    recovers = proven and not track.bad and held >= timing.recover
    return Standing(_state(track, fires, flaps, episode_open), held, unknown, fires, recovers)


def soonest(track: Track | None, clock: Clock) -> Standing:
    """Say where a player stands under a job that waits for nothing; `held_for` makes it another's.

    Jobs of one criterion differ by how long they wait alone, unless one changed or holds an
    episode: so what they have in common is worked out once.
    """
    return standing(track, clock, Timing(0.0, math.inf))


def held_for(soon: Standing, hold: float) -> Standing:
    """Make `soonest` the standing under a job that waits so long."""
    if not soon.fires or soon.held >= hold:
        return soon
    return soon._replace(state=State.PENDING, fires=False)


def well_at(track: Track, clock: Clock) -> int | None:
    """Return a slot at which the player is known to have been well; None: never, or forgotten.

    It is the last one, unless its source was not known in between: then it may be an earlier one.
    """
    return clock.slot if clock.known and track.at_rest else track.well_slot


def flapping(track: Track, slot: int) -> bool:
    """Tell whether the player changed too often within the last hour."""
    return len(track.flips) >= FLAPS and slot - track.flips[-FLAPS] < HOUR


def floor_at(track: Track | None, clock: Clock) -> Floor:
    """Return what a job that changes now does not count of this player."""
    if track is None or track.era != clock.era:
        return Floor(clock.observed)
    return Floor(clock.observed, _frozen(track, clock))


def held_since(track: Track, clock: Clock, held: float) -> float:
    """Return the Unix time since when the present verdict has held, at the latest.

    Where it was not known in between, the run began earlier: `held` counts what was seen of it. But
    of a run that began before a change of the job it counts a part, and the slots tell more.
    """
    unbroken = clock.slot - max(track.since_slot, clock.known_since)
    return clock.at - max(held, float(unbroken * SLOT))


def _thaw(track: Track, clock: Clock) -> Track:
    """Go on with a run whose verdict is what it was."""
    if track.frozen_from is None:
        return track
    return replace(
        track,
        frozen=_frozen(track, clock),
        frozen_from=None,
        since_slot=clock.slot,
        why=None,
        well_slot=track.well_slot if track.bad else clock.slot,
    )


def _well_before(track: Track, clock: Clock) -> int | None:
    """Return where it was known to be well before the clock's slot, as far as that was seen."""
    return clock.slot - 1 if track.at_rest and clock.interval > 0 else track.well_slot


def _frozen(track: Track, clock: Clock) -> float:
    """Return for how long of its run a player was not known, up to now."""
    if track.frozen_from is None:
        return track.frozen
    return track.frozen + clock.observed - track.frozen_from


def _held(track: Track, clock: Clock, floor: Floor) -> float:
    """Return the seconds of the run that count: seen from both ends, after the job's change."""
    if track.era != clock.era:
        return 0.0
    counted = clock.observed - max(track.run_from, floor.observed) - _frozen(track, clock)
    # A run that began later has frozen nothing before. It cannot begin at the very floor with
    # something frozen: the clock did not move in between.
    if track.run_from < floor.observed:
        counted += floor.frozen
    return max(0.0, counted)


def _state(track: Track, fires: bool, flaps: bool, episode_open: bool) -> State:
    if episode_open:
        return State.FIRING if track.bad else State.RECOVERING
    if not track.seen_good:
        return State.NEW
    if flaps:
        return State.FLAPPING
    if not track.bad:
        return State.OK
    return State.FIRING if fires else State.PENDING
