"""Since when a player has its state, read from a line of samples. Pure.

A gap between two equal states is bridged (a restart of the exporter is no news about a player);
a gap between two different ones is not: the new state counts from its own first sample.
"""

from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]  # Unix time, value


@dataclass(frozen=True, slots=True)
class Since:
    """A Unix time; ``at_least`` tells that it was so already when the window began."""

    at: float
    at_least: bool = False


def since_state(points: Sequence[Point], value: float, start: float, step: float) -> Since | None:
    """Return since when the series has this value; None when it is not the last one's.

    ``points`` ascend, at most one a step; the window begins at ``start``.
    """
    first: float | None = None
    for at, sample in reversed(points):
        if sample != value:
            break
        first = at
    if first is None:
        return None
    return Since(first, at_least=first < start + step)


def since_silence(points: Sequence[Point]) -> Since | None:
    """Return the time of the last sample, of whatever value; None without any."""
    return Since(points[-1][0]) if points else None


def strip(points: Sequence[Point], start: float, step: float, count: int) -> tuple[str, ...]:
    """Return the states of ``count`` equal parts of a window: the worst known one of each.

    One of ``online``, ``offline`` or ``unknown`` a part; a part without a sample is unknown.
    """
    worst: list[float | None] = [None] * count
    for at, value in points:
        part = int((at - start) // step)
        if 0 <= part < count and value in (0.0, 1.0):
            known = worst[part]
            worst[part] = value if known is None else min(known, value)
    words = {None: "unknown", 0.0: "offline", 1.0: "online"}
    return tuple(words[value] for value in worst)
