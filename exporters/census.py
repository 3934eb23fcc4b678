"""Which players of whole platforms are online and offline: for filters, order and totals.

Kept for a while, and served up to SERVED_SECONDS old while a worker takes it anew; who needs it
when it is older, or when no worker could be asked, waits for one query to Prometheus. The rounds
of `sightings` leave one behind each.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from django.core.cache import cache

from . import census_hints, observations
from .asking import Ask, Outage
from .observations import Key
from .verdicts import State

KEPT_SECONDS = 10  # so long it is as good as new
SERVED_SECONDS = 75  # a round a minute leaves one behind
VALUES = {State.ONLINE: 1, State.OFFLINE: 0}
Members = Mapping[tuple[int, int], frozenset[str]]  # (platform, exporter) -> identities
NOBODY: frozenset[str] = frozenset()
T = TypeVar("T")
Kept = tuple[float, T]  # the Unix time of the question, and the answer


@dataclass(frozen=True, slots=True)
class Census:
    """Who has which known state. One that is in neither set, or in both, is unknown.

    ``age`` is that of its oldest part, in seconds.
    """

    online: Members
    offline: Members
    age: float = field(default=0.0, compare=False)

    def state_of(self, platform_id: int, exporter_id: int, identity: str) -> State:
        """Return the state of a player that is to be polled, among the states asked for."""
        online = identity in self.online.get((platform_id, exporter_id), NOBODY)
        offline = identity in self.offline.get((platform_id, exporter_id), NOBODY)
        if online == offline:
            return State.UNKNOWN
        return State.ONLINE if online else State.OFFLINE


@dataclass(frozen=True, slots=True)
class Counted:
    """How many players of an exporter have each known state."""

    online: int = 0
    offline: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of known states by (platform, exporter), and how old the oldest is, in s."""

    of: Mapping[tuple[int, int], Counted]
    age: float = field(default=0.0, compare=False)


def take(ask: Ask, platform_ids: Collection[int], states: Iterable[State]) -> Census | Outage:
    """Return who has these known states on these platforms: at most one query a state."""
    taken: dict[State, Members] = {}
    age = 0.0
    for state in states:
        found = _remembered(_members_of(state), platform_ids, partial(_members, ask, state))
        if isinstance(found, Outage):
            return found
        taken[state], of_state = _joined(found)
        age = max(age, of_state)
    return Census(taken.get(State.ONLINE, {}), taken.get(State.OFFLINE, {}), age)


def count(ask: Ask, platform_ids: Collection[int]) -> Counts | Outage:
    """Return the numbers of known states: one query, or none."""
    found = _remembered(COUNTS, platform_ids, lambda ids: _counts(ask, ids))
    return found if isinstance(found, Outage) else Counts(*_joined(found))


def worth_telling(age: float) -> int:
    """Return an age in whole seconds; 0 of what is as good as new."""
    return round(age) if age > KEPT_SECONDS else 0


def refresh(platform_ids: Collection[int]) -> None:
    """Take the census of platforms of which it is not as good as new: one query each.

    Of a whole installation at once the answer may take longer than anybody waits for one.
    """
    now = _clock()
    kept: dict[str, Kept[object]] = cache.get_many([f"{COUNTS}:{each}" for each in platform_ids])
    aging = [
        each
        for each in platform_ids
        if not 0 <= now - kept.get(f"{COUNTS}:{each}", (0.0, None))[0] <= KEPT_SECONDS
    ]
    ask = Ask()
    for each in aging:
        asked_at = _clock()
        found = observations.statuses(ask, [each])
        if isinstance(found, Outage):
            return
        keep([each], found, asked_at)


def keep(platform_ids: Collection[int], statuses: Mapping[Key, float], at: float) -> None:
    """Remember what was found of whole platforms, asked at a Unix time, for all who need it."""
    online = _grouped(key for key, value in statuses.items() if value == 1)
    offline = _grouped(key for key, value in statuses.items() if value == 0)
    fresh: dict[str, Kept[object]] = {}
    for platform in platform_ids:
        ups, downs = online.get(platform, {}), offline.get(platform, {})
        counted = {
            each: Counted(len(ups.get(each, NOBODY)), len(downs.get(each, NOBODY)))
            for each in ups.keys() | downs.keys()
        }
        for name, value in (
            (_members_of(State.ONLINE), ups),
            (_members_of(State.OFFLINE), downs),
            (COUNTS, counted),
        ):
            fresh[f"{name}:{platform}"] = (at, value)
    cache.set_many(fresh, SERVED_SECONDS)


COUNTS = "census-of:counts"


def _members_of(state: State) -> str:
    return f"census-of:{state}"


def _clock() -> float:
    return time.time()  # of all processes alike


def _members(
    ask: Ask, state: State, platform_ids: Collection[int]
) -> dict[int, dict[int, frozenset[str]]] | Outage:
    found = observations.with_value(ask, platform_ids, VALUES[state])
    return found if isinstance(found, Outage) else _grouped(found)


def _grouped(keys: Iterable[Key]) -> dict[int, dict[int, frozenset[str]]]:
    sets: dict[int, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for key in keys:
        sets[key.platform_id][key.exporter_id].add(key.identity)
    return {
        platform: {exporter: frozenset(members) for exporter, members in exporters.items()}
        for platform, exporters in sets.items()
    }


def _counts(ask: Ask, platform_ids: Collection[int]) -> dict[int, dict[int, Counted]] | Outage:
    found = observations.counts(ask, platform_ids)
    if isinstance(found, Outage):
        return found
    counted: dict[int, dict[int, Counted]] = defaultdict(dict)
    for platform, exporter in {(platform, exporter) for platform, exporter, _value in found}:
        counted[platform][exporter] = Counted(
            online=found.get((platform, exporter, 1), 0),
            offline=found.get((platform, exporter, 0), 0),
        )
    return dict(counted)


def _joined(kept: Mapping[int, Kept[dict[int, T]]]) -> tuple[dict[tuple[int, int], T], float]:
    """Return the values by (platform, exporter), and the age of the oldest."""
    values = {
        (platform, exporter): value
        for platform, (_at, exporters) in kept.items()
        for exporter, value in exporters.items()
    }
    now = _clock()
    return values, max((now - at for at, _value in kept.values()), default=0.0)


def _remembered(
    name: str,
    platform_ids: Collection[int],
    ask_for: "Callable[[Collection[int]], dict[int, dict[int, T]] | Outage]",
) -> "dict[int, Kept[dict[int, T]]] | Outage":
    """Return a value a platform: what is kept as far as it may be served, the others by a query.

    1. What is too old to be served, or from a clock that was ahead, is not there.
    2. What is older than as good as new is served if a worker is asked for another.
    3. The rest is asked for now, in one question.
    """
    now = _clock()
    keys = {f"{name}:{platform_id}": platform_id for platform_id in platform_ids}
    kept = {keys[key]: value for key, value in cache.get_many(keys).items()}
    known = {each: one for each, one in kept.items() if 0 <= now - one[0] <= SERVED_SECONDS}
    aging = [each for each, (at, _value) in known.items() if now - at > KEPT_SECONDS]
    if aging and not census_hints.send(aging):
        known = {each: one for each, one in known.items() if each not in aging}
    missing = [platform_id for platform_id in platform_ids if platform_id not in known]
    if not missing:
        return known
    found = ask_for(missing)
    if isinstance(found, Outage):
        return found
    fresh = {platform_id: (now, found.get(platform_id, {})) for platform_id in missing}
    cache.set_many({f"{name}:{each}": value for each, value in fresh.items()}, SERVED_SECONDS)
    return known | fresh
