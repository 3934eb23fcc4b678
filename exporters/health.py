"""How vendors and exporter processes stand, as Prometheus says: one query, typed answers.

It touches no rows. Whatever goes wrong becomes an Outage, never an exception: pages go on.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from . import metrics, promql
from .asking import Ask, Outage
from .kinds import KINDS
from .observations import exporter_of, groups
from .prometheus import Sample
from .promql import Expression

_OF_SOURCE = tuple(
    metric.name
    for metric in (metrics.SOURCE_UP, metrics.SOURCE_LAST_SUCCESS, metrics.SOURCE_TRUNCATED)
)


@dataclass(frozen=True, slots=True)
class SourceSamples:
    """What an exporter process says of one vendor account."""

    up: bool | None = None
    last_success: datetime | None = None
    truncated: bool = False
    processes: int = 0  # that tell of it


@dataclass(frozen=True, slots=True)
class ProcessKey:
    """The labels of a scraped exporter process."""

    kind: str
    instance: str


@dataclass(frozen=True, slots=True)
class Health:
    """How sources, by (platform, exporter), and processes (True: it answers) stand."""

    sources: Mapping[tuple[int, int], SourceSamples] = field(default_factory=dict)
    processes: Mapping[ProcessKey, bool] = field(default_factory=dict)


def health_of(
    ask: Ask, platform_ids: Collection[int], exporter_ids: Collection[int]
) -> Health | Outage:
    """Ask how these exporters' vendors stand, and which exporter processes answer: one query."""
    asked = parts(ask, platform_ids, exporter_ids)
    found = ask.now(promql.union(*asked)) if asked else []
    return found if isinstance(found, Outage) else read(found)


def parts(
    ask: Ask, platform_ids: Collection[int], exporter_ids: Collection[int]
) -> list[Expression]:
    """Return what asks for vendors and processes: parts of a union, none for no exporter."""
    if not exporter_ids or not platform_ids:
        return []
    numbers = [str(number) for number in exporter_ids]
    sources = (
        promql.selector(_OF_SOURCE, group, exporter_id=numbers)
        for group in groups(ask, platform_ids)
    )
    return [*sources, promql.processes_up(KINDS)]


def read(found: Iterable[Sample]) -> Health:
    """Read what `parts` asked for; other samples of the same answer are passed over."""
    processes: dict[ProcessKey, bool] = {}
    by_exporter: dict[tuple[int, int], dict[str, float]] = defaultdict(dict)
    tellers: Counter[tuple[int, int]] = Counter()
    for series in found:
        name, labels = series.labels.get("__name__", ""), series.labels
        if name == "up":
            key = ProcessKey(labels.get("kind", ""), labels.get("instance", ""))
            processes[key] = processes.get(key, False) or series.value == 1
        elif name in _OF_SOURCE and (exporter := exporter_of(labels)) is not None:
            known = by_exporter[exporter]
            known[name] = max(known.get(name, series.value), series.value)
            tellers[exporter] += name == metrics.SOURCE_UP.name
    sources = {key: _source(values, tellers[key]) for key, values in by_exporter.items()}
    return Health(sources, processes)


def _source(values: Mapping[str, float], processes: int) -> SourceSamples:
    up = values.get(metrics.SOURCE_UP.name)
    last = values.get(metrics.SOURCE_LAST_SUCCESS.name, 0.0)
    return SourceSamples(
        up=None if up is None else up == 1,
        last_success=datetime.fromtimestamp(last, UTC) if 0 < last < 1e11 else None,
        truncated=values.get(metrics.SOURCE_TRUNCATED.name) == 1,
        processes=processes,
    )
