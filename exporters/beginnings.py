"""When states began: one range query of the last hours for a whole page, seldom one of weeks.

The second is for states older than the first; what it finds is remembered for less time than the
first one looks back, so that a state that changed in between is never given an old beginning.
"""

import hashlib
from collections.abc import Mapping, Sequence

from django.core.cache import cache

from . import observations
from .asking import Ask, Outage
from .observations import Key, Watched
from .since import Since, since_silence, since_state
from .verdicts import State

NEAR_SECONDS = 6 * 3600
FINEST_STEP = 60
POINTS = 24_000  # of all lines of an answer together: some 400 kB
FAR_SECONDS = 14 * 86400
FAR_STEP = 3600
FAR_ROWS = 100  # more rows than a page has do without
REMEMBERED_SECONDS = 3600
VALUES = {State.ONLINE: 1.0, State.OFFLINE: 0.0}


def beginnings(
    ask: Ask, asked: Sequence[Watched], states: Mapping[Key, State], now: float
) -> dict[Key, Since]:
    """Return since when each player has its state, or for unknown ones was known last."""
    points = max(2, min(NEAR_SECONDS // FINEST_STEP, POINTS // max(len(asked), 1)))
    step = -(-NEAR_SECONDS // points)
    began = _within(ask, asked, states, now, points * step, step)
    old = [each for each in asked if each.key in began and began[each.key].at_least]
    if old and len(asked) <= FAR_ROWS:
        began |= _long_ago(ask, old, states, now, began)
    return began


def _within(
    ask: Ask,
    asked: Sequence[Watched],
    states: Mapping[Key, State],
    now: float,
    window: float,
    step: float,
) -> dict[Key, Since]:
    # On whole steps: so the same moments are asked for again, and a state keeps its beginning.
    end = now // step * step
    start = end - window
    lines = observations.history(ask, asked, start, end, step)
    if isinstance(lines, Outage):
        return {}
    began = {}
    for each in asked:
        points, state = lines.get(each.key, ()), states[each.key]
        if state is State.UNKNOWN:
            found = since_silence(points)
        else:
            value = VALUES[state]
            found = since_state((*points, (now, value)), value, start, step)
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
        found = _within(ask, missing, states, now, FAR_SECONDS, FAR_STEP)
        fresh = {
            name: Since(min(found[each.key].at, near[each.key].at), found[each.key].at_least)
            for name, each in names.items()
            if each.key in found
        }
        cache.set_many(fresh, REMEMBERED_SECONDS)
        known |= fresh
    return {names[name].key: since for name, since in known.items()}


def _name(key: Key, state: State) -> str:
    """Name a state of a player in the cache; an identity may hold what no name may."""
    digest = hashlib.sha256(key.identity.encode("utf-8", "replace")).hexdigest()
    return f"since:{state}:{key.platform_id}:{key.exporter_id}:{digest}"
