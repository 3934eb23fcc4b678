"""Where a player stands under one job, from what is remembered of it. Pure.

Of what was not seen from both ends it counts no second, nor of what was before the job changed.
"""

import math
from enum import StrEnum
from typing import Final, NamedTuple

from .tracks import FLAPS, SLOT, Clock, Track, frozen_for

HOUR: Final = 3600 // SLOT  # slots


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


def flapping(track: Track, slot: int) -> bool:
    """Tell whether the player changed too often within the last hour."""
    return len(track.flips) >= FLAPS and slot - track.flips[-FLAPS] < HOUR


def floor_at(track: Track | None, clock: Clock) -> Floor:
    """Return what a job that changes now does not count of this player."""
    if track is None or track.era != clock.era:
        return Floor(clock.observed)
    return Floor(clock.observed, frozen_for(track, clock))


def held_since(track: Track, clock: Clock, held: float) -> float:
    """Return the Unix time since when the present verdict has held, at the latest.

    Where it was not known in between, the run began earlier: `held` counts what was seen of it. But
    of a run that began before a change of the job it counts a part, and the slots tell more.
    """
    unbroken = clock.slot - max(track.since_slot, clock.known_since)
    return clock.at - max(held, float(unbroken * SLOT))


def _held(track: Track, clock: Clock, floor: Floor) -> float:
    """Return the seconds of the run that count: seen from both ends, after the job's change."""
    if track.era != clock.era:
        return 0.0
    counted = clock.observed - max(track.run_from, floor.observed) - frozen_for(track, clock)
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
