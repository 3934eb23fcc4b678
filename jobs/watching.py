"""What a tick evaluates: the rules of working jobs, what they ask, and the sources it is asked of.

Reads rows with a number of queries that does not depend on how many jobs there are. It asks
Prometheus nothing and writes nothing.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef, Q

from exporters.models import Exporter, Player
from platforms.notice_kinds import Severity

from . import catalogue, criteria, raw_promql
from .catalogue import Metric
from .conditions import Condition, Function, Operator
from .models import Criterion, Floor, Job, MonitoringMetric, Trigger
from .questions import Asked, Source
from .selection import Selection, selections_of
from .source_gates import OF_LATE
from .standings import Timing
from .verdicts import Verdict, all_of, any_of

logger = logging.getLogger(__name__)

STATUS = "device_status"
#: What is asked where only the status counts: who has one. For whom it holds is of no interest.
OFFLINE = Condition(STATUS, Function.LAST, 0, Operator.EQUAL, 0.0)


class _Row(NamedTuple):
    """The columns of a job that are read: it has forty, and as a model it costs ten times more."""

    pk: int
    platform_id: int
    criterion_id: int
    name: str
    version: int
    notify: bool
    severity: int
    mode: str
    hold: float
    recover: float
    figures: Mapping[str, int]
    whole_platform: bool


class Place(NamedTuple):
    """Where a player stands, as far as selections look at it."""

    exporter_id: int
    site_id: int | None


@dataclass(frozen=True, slots=True)
class Rule:
    """A job as a tick sees it. `floors` are by clock."""

    pk: int
    platform_id: int
    name: str
    version: int
    tells: bool  # people hear of its episodes
    severity: Severity
    timing: Timing
    selection: Selection
    figures: Mapping[str, int]
    floors: Mapping[int, Floor]


@dataclass
class Watch:
    """What is asked of players of one platform, and the rules that want to know it."""

    criterion_id: int
    platform_id: int
    asked: tuple[Asked, ...]
    joined: str
    rules: list[Rule] = field(default_factory=list)
    exporters: list[Exporter] = field(default_factory=list)

    def join(self, verdicts: Iterable[Verdict]) -> Verdict:
        """Join what the questions say of one player."""
        return any_of(verdicts) if self.joined == "any" else all_of(verdicts)

    def asked_of(self, exporter: Exporter) -> list[Asked]:
        """Return what can be asked of an exporter; nothing where it could never come true."""
        fitting = [each for each in self.asked if _fits(each.metric, exporter.kind)]
        return fitting if self.joined == "any" or len(fitting) == len(self.asked) else []


class World:
    """Everything that working rules watch now."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        rows = Job.objects.working().filter(trigger=Trigger.RULE, criterion__isnull=False)
        self._jobs = [_Row(*each) for each in rows.values_list(*_Row._fields)]  # unscoped: of all
        self._selections = selections_of(self._jobs)
        platforms = {job.platform_id for job in self._jobs}
        watched = Exists(Player.objects.enrolled().filter(exporter=OuterRef("pk")))
        self.exporters = {
            each.pk: each
            for each in Exporter.objects.filter(watched, enabled=True, platform_id__in=platforms)
        }

    @cached_property
    def numbers(self) -> Mapping[Place, int]:
        """Return how many players are enrolled in each place."""
        return {place: every for place, (every, _of_late) in self._counted.items()}

    @cached_property
    def of_late(self) -> Mapping[int, int]:
        """Return by exporter how many of its players had a status a while ago."""
        found: dict[int, int] = defaultdict(int)
        for place, (_every, of_late) in self._counted.items():
            found[place.exporter_id] += of_late
        return found

    @cached_property
    def named(self) -> Mapping[int, Place]:
        """Return the players that rules name one by one."""
        wanted = {each for chosen in self._selections.values() for each in chosen.players}
        rows = Player.objects.enrolled().filter(pk__in=wanted)
        return {
            pk: Place(*place) for pk, *place in rows.values_list("pk", "exporter_id", "site_id")
        }

    @cached_property
    def _counted(self) -> Mapping[Place, tuple[int, int]]:
        rows = Player.objects.enrolled().filter(exporter_id__in=self.exporters)
        seen = Count("pk", filter=Q(last_seen__gte=self.now - OF_LATE))
        found = rows.order_by().values_list("exporter_id", "site_id")
        return {
            Place(exporter_id, site_id): (every, of_late)
            for exporter_id, site_id, every, of_late in found.annotate(every=Count("pk"), seen=seen)
        }

    @cached_property
    def _places(self) -> Mapping[int, list[tuple[Place, int]]]:
        """Return the places of each platform, with their players."""
        found: dict[int, list[tuple[Place, int]]] = defaultdict(list)
        for place, number in self.numbers.items():
            found[self.exporters[place.exporter_id].platform_id].append((place, number))
        return found

    def watches(self) -> list[Watch]:
        """Return what is to be evaluated, each with the exporters that its rules may reach."""
        floors: dict[int, dict[int, Floor]] = defaultdict(dict)
        for floor in Floor.objects.filter(job_id__in=[job.pk for job in self._jobs]):
            floors[floor.job_id][floor.clock_id] = floor
        metrics = _Metrics()
        rows = Criterion.objects.in_bulk({job.criterion_id for job in self._jobs})
        found = {pk: _watch(row, metrics) for pk, row in rows.items()}
        for job in self._jobs:
            # None: the job was changed just now, and nobody else had its criterion.
            if (watch := found.get(job.criterion_id)) is None:
                continue
            watch.rules.append(_rule(job, self._selections[job.pk], floors.get(job.pk, {})))
        for watch in found.values():
            wanted = {pk for rule in watch.rules for pk in self._could_reach(rule.selection)}
            watch.exporters = [
                exporter for pk in sorted(wanted) if watch.asked_of(exporter := self.exporters[pk])
            ]
        return list(found.values())

    def _could_reach(self, chosen: Selection) -> Collection[int]:
        """Return the exporters that a rule may be about, before anybody is counted."""
        if chosen.whole or chosen.sites or chosen.players:
            return self._of_platforms[chosen.platform_id]
        return chosen.exporters & self.exporters.keys()

    @cached_property
    def _of_platforms(self) -> Mapping[int, set[int]]:
        found: dict[int, set[int]] = defaultdict(set)
        for pk, exporter in self.exporters.items():
            found[exporter.platform_id].add(pk)
        return found

    def reached(self, rule: Rule) -> dict[int, int]:
        """Return by exporter how many players a rule is about; exporters without any left out."""
        chosen = rule.selection
        found: dict[int, int] = defaultdict(int)
        for place, number in self._places.get(rule.platform_id, ()):
            if chosen.covers(0, place.exporter_id, place.site_id):
                found[place.exporter_id] += number
        for pk in chosen.players:
            named = self.named.get(pk)
            if named is None or named.exporter_id not in self.exporters:
                continue
            if not chosen.covers(0, named.exporter_id, named.site_id):
                found[named.exporter_id] += 1
        return found


class _Metrics:
    """Metrics by name: of the catalogue, and those that were found in Prometheus."""

    @cached_property
    def _found(self) -> Mapping[str, Metric]:
        rows = MonitoringMetric.objects.filter(in_catalogue=False)  # unscoped: names alone
        return {row.name: catalogue.found(row.name, row.kind, row.identity) for row in rows}

    def of(self, name: str) -> Metric | None:
        known = catalogue.metrics()
        return known[name] if name in known else self._found.get(name)


def source_of(exporter: Exporter) -> Source:
    """Return an exporter as the labels of its series name it."""
    return Source(exporter.platform_id, exporter.pk)


def metric_of_status() -> Metric:
    """Return the metric that every kind of exporter serves."""
    return catalogue.metrics()[STATUS]


def watch_of(row: Criterion) -> Watch:
    """Return what one criterion asks, whichever rules and sources there are."""
    return _watch(row, _Metrics())


def _watch(row: Criterion, metrics: _Metrics) -> Watch:
    conditions = criteria.asked_by(row)
    if conditions is None:
        return Watch(row.pk, row.platform_id, _raw(row), "all")
    found = [
        Asked(each, metric)
        for each in conditions.conditions
        if (metric := metrics.of(each.metric)) is not None
    ]
    # One that is not known any more could not be told from one that does not hold.
    whole = len(found) == len(conditions.conditions)
    return Watch(row.pk, row.platform_id, tuple(found) if whole else (), conditions.joined)


def _raw(row: Criterion) -> tuple[Asked, ...]:
    """Return raw PromQL as a question; none where it would be refused by now."""
    try:
        raw = raw_promql.asks(str(row.definition["raw"]), row.platform_id)
    except raw_promql.RawRefused as error:
        logger.warning("The PromQL of criterion %d is not asked any more: %s", row.pk, error)
        return ()
    return (Asked(OFFLINE, metric_of_status(), raw, row.platform_id),)


def _rule(job: _Row, selection: Selection, floors: Mapping[int, Floor]) -> Rule:
    return Rule(
        job.pk,
        job.platform_id,
        job.name,
        job.version,
        job.notify and job.mode != "shadow",
        Severity(job.severity),
        Timing(job.hold, job.recover),
        selection,
        job.figures,
        floors,
    )


def _fits(metric: Metric, kind: str) -> bool:
    return any(series.kind in ("", kind) for series in metric.series)
