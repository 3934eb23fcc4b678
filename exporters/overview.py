"""The figures of the first page: players by state, exporters and what ails them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count

from platforms.roles import Deed
from platforms.scoping import Principal

from . import census
from .asking import Ask, Outage
from .census import Counted, Counts
from .health import Health, health_of
from .models import Exporter, Player
from .selection import DeviceFilters, scope
from .sources import sources_of
from .verdicts import State, Why, trouble

MOST_EXPORTERS = 50


class _Fleet(NamedTuple):
    """The players of one exporter: how many, are they polled, and does the vendor list more."""

    number: int
    polled: bool
    crowded: bool


NOBODY = _Fleet(0, True, False)


@dataclass(frozen=True, slots=True)
class ExporterFigures:
    """One exporter: its players by state, and what ails it (None: nothing)."""

    exporter: Exporter
    counts: Mapping[State, int]
    why: Why | None
    truncated: bool
    last_success: datetime | None

    @property
    def total(self) -> int:
        """Return how many players it has."""
        return sum(self.counts.values())

    @property
    def bars(self) -> list[dict[str, Any]]:
        """Return the shares of the states, in percent, one after the other."""
        bars, x = [], 0.0
        for state in (State.ONLINE, State.OFFLINE, State.UNKNOWN):
            width = round(100 * self.counts[state] / max(self.total, 1), 2)
            # As texts: a template would write numbers with the comma of the language.
            bars.append({"state": state.value, "x": f"{x:.2f}", "width": f"{width:.2f}"})
            x += width
        return bars


@dataclass(frozen=True, slots=True)
class Overview:
    """What the first page shows. ``platforms`` and ``exporters_in_all`` count what exists.

    ``age``: how many seconds ago the states were counted, where that is worth telling, else 0.
    """

    counts: Mapping[State, int]
    exporters: tuple[ExporterFigures, ...]
    exporters_in_all: int
    platforms: int
    outage: Why | None = None
    fault: str = ""
    age: int = 0

    @property
    def total(self) -> int:
        """Return how many players there are."""
        return sum(self.counts.values())


def totals(
    principal: Principal, platform_id: int | None = None, exporter_id: int | None = None
) -> Mapping[State, int]:
    """Count players by state: one query to each side, whatever their number."""
    filters = DeviceFilters(platform_id=platform_id, exporter_id=exporter_id)
    ids = scope(principal, filters)
    players = _players(principal, ids, filters)
    known = _known(Ask(), ids, players)
    return _sum(_split(players, {} if isinstance(known, Outage) else known.of).values())


def overview(principal: Principal) -> Overview:
    """Return the figures of everything that the principal may see."""
    ask = Ask()
    ids = scope(principal, DeviceFilters())
    players = _players(principal, ids, DeviceFilters())
    exporters = list(
        Exporter.objects.for_user(principal, Deed.SEE)
        .select_related("platform")
        .order_by("platform__name", "name")
    )
    # Those with the most to lose first, where not all of them fit.
    exporters.sort(key=lambda each: -players.get((each.platform_id, each.pk), NOBODY).number)
    shown = exporters[:MOST_EXPORTERS]
    health = health_of(ask, {each.platform_id for each in shown}, {each.pk for each in shown})
    # What was counted before an outage is not shown as if it were so now.
    known = health if isinstance(health, Outage) else _known(ask, ids, players)
    outage = known if isinstance(known, Outage) else None
    counts = Counts({}) if isinstance(known, Outage) else known
    split = _split(players, counts.of)
    return Overview(
        counts=_sum(split.values()),
        exporters=tuple(_figures(ask, shown, split, health)),
        exporters_in_all=len(exporters),
        platforms=len(ids),
        outage=outage.why if outage else None,
        fault=str(outage.fault) if outage else "",
        age=census.worth_telling(counts.age),
    )


def _players(
    principal: Principal, platform_ids: list[int], filters: DeviceFilters
) -> dict[tuple[int, int], _Fleet]:
    """Return the players of each exporter of a platform."""
    rows: Any = Player.objects.enrolled().for_user(principal, Deed.SEE)
    rows = rows.filter(platform_id__in=platform_ids)
    if filters.exporter_id is not None:
        rows = rows.filter(exporter_id=filters.exporter_id)
    counted = rows.order_by().values_list("platform_id", "exporter_id").annotate(Count("pk"))
    polled = dict(
        Exporter.objects.filter(
            platform_id__in=platform_ids, enabled=True, platform__active=True
        ).values_list("pk", "over_limit")
    )
    return {
        (platform, exporter): _Fleet(number, exporter in polled, bool(polled.get(exporter)))
        for platform, exporter, number in counted
    }


def _known(
    ask: Ask, platform_ids: list[int], players: Mapping[tuple[int, int], _Fleet]
) -> Counts | Outage:
    """Count the known states; one by one where series are there of devices without room."""
    known = census.count(ask, platform_ids) if platform_ids else Counts({})
    crowded = [key for key, fleet in players.items() if fleet.crowded]
    if not crowded or isinstance(known, Outage):
        return known
    platforms = {platform for platform, _exporter in crowded}
    taken = census.take(ask, platforms, census.VALUES)
    if isinstance(taken, Outage):
        return taken
    # unscoped: of exporters that the counts above were scoped to
    rows = Player.objects.enrolled().filter(exporter__in=[exporter for _, exporter in crowded])
    states = Counter(
        (platform, exporter, taken.state_of(platform, exporter, identity))
        for platform, exporter, identity in rows.values_list(
            "platform_id", "exporter_id", "identity"
        ).iterator()
    )
    exact = {
        key: Counted(online=states[*key, State.ONLINE], offline=states[*key, State.OFFLINE])
        for key in crowded
    }
    return Counts({**known.of, **exact}, max(known.age, taken.age))


def _split(
    players: Mapping[tuple[int, int], _Fleet], known: Mapping[tuple[int, int], Counted]
) -> dict[int, dict[State, int]]:
    """Split each exporter's players by state. Series of players that are gone count for nobody."""
    split: dict[int, dict[State, int]] = {}
    for (platform, exporter), (number, polled, _crowded) in players.items():
        counted = known.get((platform, exporter), Counted()) if polled else Counted()
        offline = min(counted.offline, number)
        online = min(counted.online, number - offline)
        split[exporter] = {
            State.ONLINE: online,
            State.OFFLINE: offline,
            State.UNKNOWN: number - online - offline,
        }
    return split


def _sum(parts: Iterable[Mapping[State, int]]) -> dict[State, int]:
    every = list(parts)
    return {state: sum(part[state] for part in every) for state in State}


def _figures(
    ask: Ask,
    shown: list[Exporter],
    split: Mapping[int, Mapping[State, int]],
    health: Health | Outage,
) -> Iterable[ExporterFigures]:
    sources = {} if isinstance(health, Outage) else sources_of(ask.processes, health, shown)
    for exporter in shown:
        source = sources.get(exporter.pk)
        why: Why | None
        if not exporter.platform.active:
            why = Why.PLATFORM_INACTIVE
        elif not exporter.enabled:
            why = Why.EXPORTER_DISABLED
        elif source is None:
            why = health.why if isinstance(health, Outage) else None
        else:
            why = trouble(source)
        yield ExporterFigures(
            exporter=exporter,
            counts=split.get(exporter.pk, dict.fromkeys(State, 0)),
            why=why,
            truncated=bool(source and source.truncated),
            last_success=source.last_success if source else None,
        )
