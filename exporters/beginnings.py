"""When states began: one range query of the last hours for a whole page, seldom one of weeks.

What a query found is remembered: of the last hours until the next step of its grid, for until
then it would find the same; of weeks for less time than the last hours, so that a state that
changed in between is never given an old beginning.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.core.cache import cache

from . import observations
from .asking import Ask, Outage
from .observations import Key, Watched
from .since import Point, Since, since_silence, since_state
from .verdicts import State

NEAR_SECONDS = 6 * 3600
FINEST_STEP = 60
POINTS = 24_000  # of all lines of an answer together: some 400 kB
FAR_SECONDS = 14 * 86400
FAR_STEP = 3600
FAR_ROWS = 100  # more rows than a page has do without
REMEMBERED_SECONDS = 3600
VALUES = {State.ONLINE: 1.0, State.OFFLINE: 0.0}


@dataclass(frozen=True, slots=True)
class Window:
    """The status samples of players from ``start`` (Unix time) on, one a step; or why not."""

    start: float
    step: float
    lines: Mapping[Key, Sequence[Point]] | Outage


def look_back(
    ask: Ask, asked: Sequence[Watched], now: float, seconds: float, step: float
) -> Window:
    """Return the samples of the last seconds: one query."""
    # On whole steps: so the same moments are asked for again, and a state keeps its beginning.
    end = now // step * step
    start = end - seconds
    return Window(start, step, observations.history(ask, asked, start, end, step))


def beginnings(
    ask: Ask,
    asked: Sequence[Watched],
    states: Mapping[Key, State],
    now: float,
    seen_before: Window | None = None,
) -> dict[Key, Since]:
    """Return since when each player has its state, or for unknown ones was known last."""
    began = (
        _of_late(ask, asked, states, now)
        if seen_before is None
        else _within(seen_before, asked, states, now)
    )
    old = [each for each in asked if each.key in began and began[each.key].at_least]
    if old and len(asked) <= FAR_ROWS:
        began |= _long_ago(ask, old, states, now, began)
    return began


def _of_late(
    ask: Ask, asked: Sequence[Watched], states: Mapping[Key, State], now: float
) -> dict[Key, Since]:
    """Look back some hours for those of whom that was not done since the last step."""
    points = max(2, min(NEAR_SECONDS // FINEST_STEP, POINTS // max(len(asked), 1)))
    step = -(-NEAR_SECONDS // points)
    grid = f"{step}:{int(now // step)}"
    names = {_name(each.key, states[each.key], grid): each for each in asked}
    known: dict[str, Since | None] = cache.get_many(names)
    missing = [each for name, each in names.items() if name not in known]
    if missing:
        window = look_back(ask, missing, now, points * step, step)
        if not isinstance(window.lines, Outage):
            found = _within(window, missing, states, now)
            fresh = {name: found.get(each.key) for name, each in names.items() if name not in known}
            cache.set_many(fresh, step)
            known |= fresh
    return {names[name].key: since for name, since in known.items() if since is not None}


def _within(
    window: Window, asked: Iterable[Watched], states: Mapping[Key, State], now: float
) -> dict[Key, Since]:
    if isinstance(window.lines, Outage):
        return {}
    began = {}
    for each in asked:
        points, state = window.lines.get(each.key, ()), states[each.key]
        if state is State.UNKNOWN:
            found = since_silence(points)
        else:
            value = VALUES[state]
            found = since_state((*points, (now, value)), value, window.start, window.step)
        if found is not None:
            began[each.key] = found
    return began


def _long_ago(
    ask: Ask,
    old: Sequence[Watched],
    states: Mapping[Key, State],
    now: float,
    near: Mapping[Key, Since],
) -> dict[Key, Since]:
    names = {_name(each.key, states[each.key]): each for each in old}
    known: dict[str, Since] = cache.get_many(names)
    missing = [each for name, each in names.items() if name not in known]
    if missing:
        found = _within(look_back(ask, missing, now, FAR_SECONDS, FAR_STEP), missing, states, now)
        known |= {
            name: Since(min(found[each.key].at, near[each.key].at), found[each.key].at_least)
            for name, each in names.items()
            if each.key in found
        }
    # Those that were known too: the last hours have just shown that the state went on.
    cache.set_many(known, REMEMBERED_SECONDS)
    return {names[name].key: since for name, since in known.items()}


def _name(key: Key, state: State, grid: str = "") -> str:
    """Name a state of a player in the cache; an identity may hold what no name may."""
    digest = hashlib.sha256(key.identity.encode("utf-8", "replace")).hexdigest()
    return f"since:{grid}:{state}:{key.platform_id}:{key.exporter_id}:{digest}"
