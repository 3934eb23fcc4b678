"""Which players of whole platforms are online and offline: for filters, order and totals.

One query a state for all platforms that are not in the cache; what it says is some seconds old.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from django.core.cache import cache

from . import observations
from .asking import Ask, Outage
from .verdicts import State

KEPT_SECONDS = 10
VALUES = {State.ONLINE: 1, State.OFFLINE: 0}
Members = Mapping[tuple[int, int], frozenset[str]]  # (platform, exporter) -> identities
NOBODY: frozenset[str] = frozenset()
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Census:
    """Who has which known state. One that is in neither set, or in both, is unknown."""

    online: Members
    offline: Members

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


def take(ask: Ask, platform_ids: Collection[int], states: Iterable[State]) -> Census | Outage:
    """Return who has these known states on these platforms: at most one query a state."""
    taken: dict[State, Members] = {}
    for state in states:
        found = _remembered(f"census:{state}", platform_ids, partial(_members, ask, state))
        if isinstance(found, Outage):
            return found
        taken[state] = {
            (platform, exporter): identities
            for platform, exporters in found.items()
            for exporter, identities in exporters.items()
        }
    return Census(taken.get(State.ONLINE, {}), taken.get(State.OFFLINE, {}))


def count(ask: Ask, platform_ids: Collection[int]) -> Mapping[tuple[int, int], Counted] | Outage:
    """Return the numbers of known states by (platform, exporter): one query, or none."""
    found = _remembered("census:counts", platform_ids, lambda ids: _counts(ask, ids))
    if isinstance(found, Outage):
        return found
    return {
        (platform, exporter): counted
        for platform, exporters in found.items()
        for exporter, counted in exporters.items()
    }


def _members(
    ask: Ask, state: State, platform_ids: Collection[int]
) -> dict[int, dict[int, frozenset[str]]] | Outage:
    found = observations.with_value(ask, platform_ids, VALUES[state])
    if isinstance(found, Outage):
        return found
    sets: dict[int, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for key in found:
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


def _remembered(
    name: str,
    platform_ids: Collection[int],
    ask_for: "Callable[[Collection[int]], dict[int, dict[int, T]] | Outage]",
) -> "dict[int, dict[int, T]] | Outage":
    """Return a value a platform, from the cache where it is young, the others by one question."""
    keys = {f"{name}:{platform_id}": platform_id for platform_id in platform_ids}
    known = {keys[key]: value for key, value in cache.get_many(keys).items()}
    missing = [platform_id for platform_id in platform_ids if platform_id not in known]
    if not missing:
        return known
    found = ask_for(missing)
    if isinstance(found, Outage):
        return found
    fresh = {platform_id: found.get(platform_id, {}) for platform_id in missing}
    cache.set_many({f"{name}:{number}": value for number, value in fresh.items()}, KEPT_SECONDS)
    return known | fresh
