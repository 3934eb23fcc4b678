"""Whether a source can be believed at this moment: one that cannot makes all its players UNKNOWN.

Prometheus answered in full, the exporter process answers, the vendor answers and did so a short
time ago, and it tells of nearly all players that it told of before. It writes nothing, and says
nothing about single players.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from exporters.asking import Outage
from exporters.health import health_of
from exporters.models import Exporter
from exporters.sources import sources_of
from exporters.verdicts import Source as Standing, Why as ExporterWhy, trouble

from .moments import Moment
from .questions import Source
from .verdicts import Why

ENOUGH = 0.8  # of the players that had a status within the last days
OF_LATE = timedelta(days=7)
POLLS = 3  # without a success, after which a source is not believed; and a minute for the last
YOUNG = timedelta(seconds=180)  # at least: processes may be told to poll less often than the rows
DEFAULT_INTERVAL = 30  # seconds

_OF_TROUBLE = {
    ExporterWhy.NO_PROCESS: Why.NO_PROCESS,
    ExporterWhy.NOT_SCRAPED: Why.NOT_SCRAPED,
    ExporterWhy.PROCESS_DOWN: Why.PROCESS_DOWN,
    ExporterWhy.NOT_POLLED: Why.NOT_POLLED,
    ExporterWhy.SOURCE_DOWN: Why.SOURCE_DOWN,
}


@dataclass(frozen=True, slots=True)
class Gates:
    """Exporters that cannot be believed, and why; `sole`: those that one process tells of."""

    shut: Mapping[int, Why] = field(default_factory=dict)
    sole: Collection[int] = field(default_factory=frozenset)


def gates(
    moment: Moment,
    exporters: Collection[Exporter],
    told: Mapping[Source, int],
    of_late: Mapping[int, int],
) -> Gates:
    """Find out by exporter why it cannot be believed, and whether several processes tell of it.

    `told`: of how many players there is a status; `of_late`: how many had one within OF_LATE.
    """
    pks = [each.pk for each in exporters]
    health = health_of(moment, {each.platform_id for each in exporters}, pks)
    if isinstance(health, Outage):
        return Gates(dict.fromkeys(pks, moment.why(health)))
    standing = sources_of(moment.processes, health, exporters)
    now = datetime.fromtimestamp(moment.at).astimezone()
    found = {each.pk: _of_source(each, standing[each.pk], now) for each in exporters}
    for each in exporters:
        if found[each.pk] is None and too_few(told, each, of_late):
            found[each.pk] = Why.TOO_FEW
    sole = {
        each.pk
        for each in exporters
        if (source := health.sources.get((each.platform_id, each.pk))) and source.processes == 1
    }
    return Gates({pk: why for pk, why in found.items() if why is not None}, sole)


def too_few(told: Mapping[Source, int], exporter: Exporter, of_late: Mapping[int, int]) -> bool:
    """Tell whether a source tells of too few of its players to be believed about any."""
    number = told.get(Source(exporter.platform_id, exporter.pk), 0)
    return number < ENOUGH * of_late.get(exporter.pk, 0)


def _of_source(exporter: Exporter, source: Standing, now: datetime) -> Why | None:
    why = trouble(source)
    if why is not None:
        return _OF_TROUBLE.get(why, Why.SOURCE_DOWN)
    interval = timedelta(seconds=exporter.poll_interval or DEFAULT_INTERVAL)
    young = max(YOUNG, POLLS * interval + timedelta(seconds=60))
    if source.last_success is None or now - source.last_success > young:
        return Why.SOURCE_STALE
    return None
