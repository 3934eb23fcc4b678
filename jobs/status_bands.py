"""The status of a player as bands of a span: Online, Offline or Unknown, from samples. Pure.

Where there is no sample, nothing is known: no band is drawn over a gap, however short.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from exporters.since import Point
from exporters.verdicts import State

_STATES: Final = {0.0: State.OFFLINE, 1.0: State.ONLINE}


@dataclass(frozen=True, slots=True)
class Band:
    """A state from a Unix time on, until another one."""

    state: State
    since: float
    until: float


def bands(points: Sequence[Point], start: float, end: float, step: float) -> tuple[Band, ...]:
    """Return the bands of a span without a gap between them, the first one first.

    `points` ascend and stand on a grid: a sample tells of the `step` seconds from its time on.
    """
    found: list[Band] = []

    def add(state: State, since: float, until: float) -> None:
        if until <= since:
            return
        if found and found[-1].state is state:
            found[-1] = Band(state, found[-1].since, until)
        else:
            found.append(Band(state, since, until))

    reached = start
    for at, value in points:
        begins, ends = max(at, reached), min(at + step, end)
        if ends <= begins:
            continue
        add(State.UNKNOWN, reached, begins)
        add(_STATES.get(value, State.UNKNOWN), begins, ends)
        reached = ends
    add(State.UNKNOWN, reached, end)
    return tuple(found)


def seconds(found: Sequence[Band], state: State) -> float:
    """Return for how long a state lasted in all."""
    return sum(each.until - each.since for each in found if each.state is state)
