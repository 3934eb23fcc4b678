"""What Prometheus says of players now: a fixed number of queries, typed answers.

It touches no rows. Whatever goes wrong becomes an Outage, never an exception: pages go on.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from . import metrics, promql
from .asking import FLEET_SECONDS, Ask, Outage
from .kinds import KINDS
from .prometheus import Sample
from .promql import Expression
from .since import Point
from .verdicts import Observation


class Key(NamedTuple):
    """What identifies a player in the labels of its series."""

    platform_id: int
    exporter_id: int
    identity: str


class Watched(NamedTuple):
    """A player to ask about."""

    key: Key
    kind: str


class Told(NamedTuple):
    """What a vendor told last of a player: labels of its info."""

    name: str
    ip: str
    outip: str


class Family(NamedTuple):
    """The metrics of one kind, and the label that identifies a player."""

    status: str
    info: str
    unknown: str
    label: str
    values: tuple[str, ...] = ()  # what the kind tells beside these three


def family(kind: str) -> Family:
    """Return the names of a kind's metrics."""
    shape = KINDS[kind]
    return Family(
        metrics.device_status(kind, shape.identity).name,
        metrics.device_info(kind, shape.identity, shape.info_labels).name,
        metrics.device_unknown(kind, shape.identity).name,
        shape.identity,
        tuple(
            metrics.device_value(kind, shape.identity, each.name, each.help).name
            for each in shape.values
        ),
    )


FAMILIES: Mapping[str, Family] = {kind: family(kind) for kind in KINDS}
_LABELS = {each: kind.label for kind in FAMILIES.values() for each in kind[:3]}
_STATUSES = frozenset(kind.status for kind in FAMILIES.values())
_INFOS = frozenset(kind.info for kind in FAMILIES.values())
_UNKNOWNS = frozenset(kind.unknown for kind in FAMILIES.values())


def parts(ask: Ask, watched: Collection[Watched]) -> list[Expression]:
    """Return what asks for the status of the last scrape, info and reason: parts of a union."""
    statuses = _selectors(ask, watched, lambda each: (each.status,))
    now = [promql.of_last_scrape(each, KINDS) for each in statuses]
    return [*now, *_selectors(ask, watched, lambda each: (each.info, each.unknown))]


def read(found: Iterable[Sample]) -> dict[Key, Observation]:
    """Read what `parts` asked for; other samples of the same answer are passed over."""
    statuses: dict[Key, set[float]] = defaultdict(set)
    reasons: dict[Key, set[str]] = defaultdict(set)
    infos: dict[Key, Mapping[str, str]] = {}
    for series in found:
        key = key_of(series.labels)
        if key is None:
            continue
        name = series.labels.get("__name__", "")
        if name in _STATUSES:
            statuses[key].add(series.value)
        elif name in _INFOS:
            infos[key] = series.labels
        elif name in _UNKNOWNS and series.value:
            reasons[key].add(series.labels.get("reason", ""))
    return {
        key: Observation(
            frozenset(statuses[key]) if key in statuses else frozenset(),
            tuple(sorted(reasons[key])) if key in reasons else (),
            infos.get(key, {}),
        )
        for key in statuses.keys() | reasons.keys() | infos.keys()
    }


def raw_samples(ask: Ask, watched: Collection[Watched]) -> list[Sample] | Outage:
    """Return every sample of these players as it is: one query, none for nobody."""
    selectors = _selectors(ask, watched, lambda each: (*each[:3], *each.values))
    return ask.now(promql.union(*selectors)) if selectors else []


def history(
    ask: Ask, watched: Collection[Watched], start: float, end: float, step: float
) -> dict[Key, tuple[Point, ...]] | Outage:
    """Return the status samples of these players in a window: one query.

    Where two processes serve one player, the later series counts where they overlap.
    """
    selectors = _selectors(ask, watched, lambda each: (each.status,))
    if not selectors:
        return {}
    found = ask.window(promql.union(*selectors), start, end, step)
    if isinstance(found, Outage):
        return found
    points: dict[Key, dict[float, float]] = defaultdict(dict)
    for series in found:
        key = key_of(series.labels)
        if key is not None:
            points[key].update(series.points)
    return {key: tuple(sorted(line.items())) for key, line in points.items()}


def of_late(
    ask: Ask, watched: Collection[Watched], seconds: int
) -> dict[Key, tuple[Point, ...]] | Outage:
    """Return the status samples of the last seconds as they were scraped: a query a kind.

    No gap is bridged, and what two processes say of one player stands side by side.
    """
    points: dict[Key, list[Point]] = defaultdict(list)
    for selector in _selectors(ask, watched, lambda each: (each.status,)):
        found = ask.samples(promql.within(selector, seconds))
        if isinstance(found, Outage):
            return found
        for series in found:
            key = key_of(series.labels)
            if key is not None:
                points[key] += series.points
    return {key: tuple(sorted(line)) for key, line in points.items()}


def with_value(ask: Ask, platform_ids: Collection[int], value: int) -> set[Key] | Outage:
    """Return which players of whole platforms have this status alone: one query."""
    found = ask.now(promql.having(_known(ask, platform_ids), value), FLEET_SECONDS)
    if isinstance(found, Outage):
        return found
    return {key for series in found if (key := key_of(series.labels)) is not None}


def statuses(ask: Ask, platform_ids: Collection[int]) -> dict[Key, float] | Outage:
    """Return the status of all players of whole platforms that have one now: one query.

    It is 0 or 1; of one of whom processes say different things, between them.
    """
    found = ask.now(_known(ask, platform_ids), FLEET_SECONDS)
    if isinstance(found, Outage):
        return found
    return {key: series.value for series in found if (key := key_of(series.labels)) is not None}


def told(ask: Ask, platform_ids: Collection[int]) -> dict[Key, Told] | Outage:
    """Return what vendors told last of the players of whole platforms: one query."""
    # Without the other labels: half of the bytes.
    labels = ("platform_id", "exporter_id", *_identities(), *Told._fields)
    infos = (
        promql.agreed(promql.selector(_INFOS, group), *labels)
        for group in groups(ask, platform_ids)
    )
    found = ask.now(promql.union(*infos), FLEET_SECONDS)
    if isinstance(found, Outage):
        return found
    told: dict[Key, Told] = {}
    for series in found:
        key = key_of(series.labels)
        if key is not None:
            one = Told(*(series.labels.get(label, "") for label in Told._fields))
            # Of what two processes say always the same, or rows would be written every round.
            told[key] = max(one, told.get(key, one))
    return told


def counts(ask: Ask, platform_ids: Collection[int]) -> dict[tuple[int, int, int], int] | Outage:
    """Count players by (platform, exporter, status 0 or 1) over whole platforms: one query."""
    by = ("platform_id", "exporter_id")
    known = _known(ask, platform_ids)
    found = ask.now(promql.counts(known, *by, value_label="status"), FLEET_SECONDS)
    if isinstance(found, Outage):
        return found
    return {
        (*exporter, int(series.labels["status"])): int(series.value)
        for series in found
        if series.labels.get("status") in ("0", "1")
        and (exporter := exporter_of(series.labels)) is not None
    }


def key_of(labels: Mapping[str, str]) -> Key | None:
    """Read the key of a series; None for one that is not of a player."""
    exporter = exporter_of(labels)
    identity = labels.get(_LABELS.get(labels.get("__name__", ""), ""), "") or next(
        (labels[each.label] for each in FAMILIES.values() if each.label in labels), ""
    )
    return Key(*exporter, identity) if exporter is not None and identity else None


def exporter_of(labels: Mapping[str, str]) -> tuple[int, int] | None:
    """Read the platform and the exporter; the second alone would let one tenant name another's."""
    platform, exporter = labels.get("platform_id", ""), labels.get("exporter_id", "")
    if not (platform.isdecimal() and exporter.isdecimal()):
        return None
    return int(platform), int(exporter)


def groups(ask: Ask, platform_ids: Collection[int]) -> list[list[int]]:
    """Divide platforms into groups of a selector each, by who speaks for them."""
    wanted = set(platform_ids)
    return promql.apart(wanted, ask.limited_platforms if len(wanted) > 1 else ())


def _known(ask: Ask, platform_ids: Collection[int]) -> Expression:
    """Select one status a player of whole platforms, however many processes poll it.

    Each kind's by itself: a page that serves two kinds of one player would else break it.
    """
    statuses = (
        promql.of_last_scrape(promql.selector(kind.status, group), KINDS)
        for group in groups(ask, platform_ids)
        for kind in FAMILIES.values()
    )
    joined = promql.union(*statuses)
    return promql.agreed(joined, "platform_id", "exporter_id", *_identities())


def _identities() -> list[str]:
    return sorted({kind.label for kind in FAMILIES.values()})


def _selectors(
    ask: Ask, watched: Collection[Watched], names: Callable[[Family], tuple[str, ...]]
) -> list[Expression]:
    """Select series of exactly these players, a selector a kind and group of platforms.

    The kind of a process is a label of its target, so their union loses no series.
    """
    apart = groups(ask, {each.key.platform_id for each in watched})
    group_of = {platform: number for number, group in enumerate(apart) for platform in group}
    parts: dict[tuple[str, int], list[Key]] = defaultdict(list)
    for each in watched:
        if each.kind in FAMILIES:
            parts[each.kind, group_of[each.key.platform_id]].append(each.key)
    return [
        promql.selector(
            names(FAMILIES[kind]),
            {key.platform_id for key in keys},
            exporter_id={str(key.exporter_id) for key in keys},
            **{FAMILIES[kind].label: {key.identity for key in keys}},
        )
        for (kind, _group), keys in sorted(parts.items())
    ]
