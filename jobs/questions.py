"""What Prometheus says about conditions at one fixed moment: typed sets, or why there are none.

One query for each distinct condition over all platforms, and further ones about named players or
sources alone. It touches no rows but the list of exporter processes, and it may not take silence
for an answer: whatever goes wrong is a Why, for everybody concerned.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from exporters import promql
from exporters.asking import Outage
from exporters.kinds import KINDS
from exporters.observations import FAMILIES, exporter_of, family, groups
from exporters.prometheus import Sample
from exporters.promql import Expression

from . import condition_queries
from .catalogue import Metric
from .conditions import Condition, Function
from .moments import LONGEST_ANSWER, Moment
from .verdicts import Verdict, Why

NAMED_AT_ONCE = 2000  # players in one selector: 50 kB
STATUSES = frozenset(each.status for each in FAMILIES.values())
_COUNTED = frozenset({"platform_id", "exporter_id"})

Values = Mapping[str, tuple[float, ...]]  # by identity, one for each process that tells of it


class Source(NamedTuple):
    """One vendor account as the labels of its series name it."""

    platform_id: int
    exporter_id: int


@dataclass(frozen=True)
class Asked:
    """One question: a condition, or `raw` PromQL of one platform, where a status is known.

    Of raw PromQL the condition is about the status: it tells which players are known at all.
    """

    condition: Condition
    metric: Metric
    raw: Expression | None = None
    platform_id: int | None = None

    @property
    def key(self) -> tuple[Condition, Expression | None]:
        """Return what equal questions have in common."""
        return self.condition, self.raw

    @property
    def of_status(self) -> bool:
        """Tell whether its series are the statuses of players, and nothing else."""
        return all(series.name in STATUSES for series in self.metric.series)

    def judge(self, values: Collection[float], *, met: bool) -> Verdict:
        """Say what is known of one player, from what each process says of it now."""
        verdict = self.condition.judge(values, self.metric)
        if self.raw is None or verdict is Verdict.UNKNOWN:
            return verdict
        return Verdict.TRUE if met else Verdict.FALSE


@dataclass(frozen=True, slots=True)
class Known:
    """For whom a condition holds, with the value; of how many players sources have a sample."""

    true: Mapping[Source, Mapping[str, float]]
    counts: Mapping[Source, int]


def who_meets(
    moment: Moment,
    condition: Condition,
    metric: Metric,
    platform_ids: Collection[int],
    raw: Expression | None = None,
) -> Known | Why:
    """Ask for whom it holds on these platforms, and of how many there is a sample: one query.

    Samples that Prometheus only remembers are among them: see condition_queries. `raw` is asked in
    the place of the condition, which tells then of how many there is a sample.
    """
    apart = groups(moment, platform_ids)
    meets = raw or condition_queries.asks(condition, apart, metric)
    present = condition_queries.present(condition, apart, metric)
    return _known(moment, promql.union(meets, present), metric)


def who_may_meet(
    moment: Moment,
    asked: Asked,
    platform_ids: Collection[int],
    seconds: float = LONGEST_ANSWER,
) -> Known | Why:
    """Ask for whom it may hold, and how many series there are: one query, at half the price.

    A player of several processes is among them where one of these says so, and counts as often.
    Series of a status are not counted: `statuses_told` has their numbers.
    """
    condition, metric = asked.condition, asked.metric
    apart = groups(moment, platform_ids)
    plain = asked.raw is None and condition.function is Function.LAST
    meets: list[Expression] = []
    if not plain:
        meets.append(asked.raw or condition_queries.asks(condition, apart, metric))
    series: list[Expression] = []
    for group in apart:
        for each in metric.series:
            selected = promql.selector(each.name, group)
            if not asked.of_status:
                series.append(promql.number_of(selected, *sorted(_COUNTED)))
            if plain:
                value = promql.age(selected) if metric.age else selected
                meets.append(promql.compared(value, condition.operator.value, condition.threshold))
    return _known(moment, promql.union(*meets, *series), metric, seconds)


def statuses_told(moment: Moment, sources: Collection[Source]) -> Mapping[Source, int] | Why:
    """Ask of how many players sources have a status: their own word for it, which costs nothing.

    A page brings its number with the scrape that brings the players. What got lost in Prometheus
    itself is found by a look at every player.
    """
    return _counted(moment, condition_queries.told(_apart(moment, sources)))


def statuses_counted(moment: Moment, sources: Collection[Source]) -> Mapping[Source, int] | Why:
    """Count the players of sources that tell no number themselves."""
    parts = (
        promql.number_of(promql.selector(name, group), *sorted(_COUNTED))
        for group in _apart(moment, sources)
        for name in sorted(STATUSES)
    )
    return _counted(moment, promql.union(*parts))


def _known(
    moment: Moment, expression: Expression, metric: Metric, seconds: float = LONGEST_ANSWER
) -> Known | Why:
    found = moment.now(expression, seconds)
    if isinstance(found, Outage):
        return moment.why(found)
    true: dict[Source, dict[str, float]] = defaultdict(dict)
    counts: dict[Source, int] = defaultdict(int)
    for sample in found:
        key = exporter_of(sample.labels)
        if key is None:
            continue
        if identity := _identity(sample, metric):
            true[Source(*key)][identity] = sample.value
        elif sample.labels.keys() <= _COUNTED:
            counts[Source(*key)] += int(sample.value)
    return Known(true, counts)


def values_of(
    moment: Moment,
    condition: Condition,
    metric: Metric,
    wanted: Mapping[Source, Collection[str] | None],
) -> Mapping[Source, Values] | Why:
    """Ask what the last scrapes say of these players, or of whole sources (None)."""
    found: dict[Source, dict[str, tuple[float, ...]]] = defaultdict(dict)
    for sources, identities in _batches(moment, wanted):
        expression = condition_queries.values(
            condition,
            [{source.platform_id for source in sources}],
            metric,
            exporters={source.exporter_id for source in sources},
            identities=identities,
        )
        answer = moment.now(expression)
        if isinstance(answer, Outage):
            return moment.why(answer)
        for sample in answer:
            key, identity = exporter_of(sample.labels), _identity(sample, metric)
            if key is not None and identity:
                mine = found[Source(*key)]
                mine[identity] = (*mine.get(identity, ()), sample.value)
    return found


def told_of(
    moment: Moment, kinds: Collection[str], sources: Collection[Source]
) -> Mapping[Source, int] | Why:
    """Ask of how many players sources told the status with their last scrape: one query."""
    parts: list[Expression] = []
    exporters = [str(source.exporter_id) for source in sources]
    for group in _apart(moment, sources):
        for kind in sorted(kinds):
            selected = promql.selector(family(kind).status, group, exporter_id=exporters)
            fresh = promql.of_last_scrape(selected, KINDS)
            each = promql.extreme("min", fresh, *sorted(_COUNTED), family(kind).label)
            parts.append(promql.number_of(each, *sorted(_COUNTED)))
    return _counted(moment, promql.union(*parts)) if parts else {}


def _counted(moment: Moment, expression: Expression) -> dict[Source, int] | Why:
    found = moment.now(expression)
    if isinstance(found, Outage):
        return moment.why(found)
    counted: dict[Source, int] = defaultdict(int)
    for sample in found:
        if (key := exporter_of(sample.labels)) is not None:
            counted[Source(*key)] += int(sample.value)
    return counted


def _apart(moment: Moment, sources: Collection[Source]) -> list[list[int]]:
    return groups(moment, {source.platform_id for source in sources})


def _identity(sample: Sample, metric: Metric) -> str:
    found = (sample.labels.get(series.label, "") for series in metric.series)
    identity = next(filter(None, found), "")
    return identity if "\x00" not in identity else ""  # nobody's: no database keeps one


def _batches(
    moment: Moment, wanted: Mapping[Source, Collection[str] | None]
) -> Iterable[tuple[set[Source], list[str]]]:
    """Divide what is asked into selectors: sources of one group, and names or none for all."""
    for group in _apart(moment, wanted):
        mine = {source: names for source, names in wanted.items() if source.platform_id in group}
        if whole := {source for source, names in mine.items() if names is None}:
            yield whole, []
        pairs = sorted((source, name) for source, names in mine.items() for name in names or ())
        for start in range(0, len(pairs), NAMED_AT_ONCE):
            part = pairs[start : start + NAMED_AT_ONCE]
            yield {source for source, _name in part}, sorted({name for _source, name in part})
