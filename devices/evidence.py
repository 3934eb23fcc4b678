"""What the samples of players prove about a switched line. Pure: no query, no clock.

Unknown proves nothing: silence is never taken for offline, and a gap is never bridged.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from exporters.promql import SCRAPED_WITHIN
from exporters.since import Point
from exporters.verdicts import State

from .pace import BOOT, PATIENCE, RECOVERED

ONLINE, OFFLINE = 1.0, 0.0


class Sight(NamedTuple):
    """One player: its state as pages show it, and its samples of late, oldest first."""

    state: State
    points: Sequence[Point] = ()


class Finding(Enum):
    """What players say of a command."""

    HELPED = "helped"
    DID_NOT_HELP = "did_not_help"
    OPEN = "open"


def judge(sights: Sequence[Sight], acted: datetime, now: datetime) -> Finding:
    """Judge a command by the players that hang on its lines; `acted`: when the power was back.

    It helped when every one of them is well again, and did not when one is offline in spite of
    patience. While any is unknown, both are open.
    """
    late = (acted + PATIENCE).timestamp()
    if any(_is(sight, State.OFFLINE, OFFLINE, late, now) for sight in sights):
        return Finding.DID_NOT_HELP
    return (
        Finding.HELPED if sights and all(is_well(s, acted, now) for s in sights) else Finding.OPEN
    )


def is_well(sight: Sight, acted: datetime, now: datetime) -> bool:
    """Tell whether a player has been online without a break for long enough since it booted."""
    booted = (acted + BOOT).timestamp()
    if not _is(sight, State.ONLINE, ONLINE, booted, now):
        return False
    newest = first = sight.points[-1][0]
    for at, value in reversed(sight.points):
        if value != ONLINE or at <= booted or first - at > SCRAPED_WITHIN:
            break
        first = at
    return newest - first >= RECOVERED.total_seconds()


def came_back(points: Sequence[Point], sent: datetime) -> bool:
    """Tell whether a player was seen offline after a moment, and online after that."""
    values = [value for at, value in points if at > sent.timestamp()]
    return OFFLINE in values and ONLINE in values[values.index(OFFLINE) :]


def _is(sight: Sight, state: State, value: float, after: float, now: datetime) -> bool:
    """Tell whether a player has a state by a sample that is newer than a moment and not old."""
    if sight.state is not state or not sight.points:
        return False
    at, last = sight.points[-1]
    return last == value and at > after and now.timestamp() - at <= SCRAPED_WITHIN
