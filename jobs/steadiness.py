"""Who goes on to be bad by the first question alone: nobody proves it again in every tick.

The first question believes what Prometheus only remembers. So its word is taken for a run alone
that the proof of a last scrape began, of a source that one process tells of, and that was known for
longer than anything is remembered. What follows from such a run is proven nonetheless. Asks nobody.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from .conditions import Function
from .questions import Asked
from .track_rows import KeptTrack
from .tracks import SLOT, Clock
from .verdicts import Verdict

#: Slots: 5 minutes for which Prometheus remembers, and 3 for which a silent source is believed.
REMEMBERED: Final = 480 // SLOT


def steady(
    clock: Clock | None,
    slot: int,
    asked: Sequence[Asked],
    met: Sequence[Mapping[str, float]],
    together: Callable[..., set[str]],
    restless: Iterable[KeptTrack],
) -> set[str]:
    """Return the players of a source that are in a run of TRUE and go on so, by identity.

    `met` is of each question for whom it holds, with the value; `together` joins such sets.
    """
    if clock is None or not _is_known_for_long(clock, slot) or not all(map(_is_of_now, asked)):
        return set()
    true = together(*(_true(each, mine) for each, mine in zip(asked, met, strict=True)))
    return {each.identity for each in restless if each.identity in true and _runs(each, clock)}


def _is_known_for_long(clock: Clock, slot: int) -> bool:
    return clock.known and slot == clock.slot + 1 and slot - clock.known_since > REMEMBERED


def _is_of_now(asked: Asked) -> bool:
    """Tell whether it is about what our own processes say now: that ends when they say no more."""
    plain = asked.raw is None and asked.condition.function is Function.LAST
    return plain and all(series.kind for series in asked.metric.series)


def _true(asked: Asked, met: Mapping[str, float]) -> set[str]:
    """Return for whom a question holds; a value that its metric cannot have proves nothing."""
    said = {value: asked.judge((value,), met=True) for value in set(met.values())}
    return {name for name, value in met.items() if said[value] is Verdict.TRUE}


def _runs(kept: KeptTrack, clock: Clock) -> bool:
    track = kept.track
    return track is not None and track.bad and track.frozen_from is None and track.era == clock.era
