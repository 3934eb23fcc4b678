"""What Prometheus says of one player at the very moment at which its command is to go out.

Asked after the claim: the job's own conditions, and whether the source can be believed. It takes
no silence for an answer, and remembers nothing.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from exporters import promql
from exporters.asking import Outage
from exporters.connection import current_connection
from exporters.models import Exporter, Player
from exporters.observations import exporter_of
from exporters.prometheus import PrometheusError, query

from . import questions, source_gates, watching
from .models import Criterion
from .questions import Asked, Moment
from .source_gates import OF_LATE
from .verdicts import Verdict, Why

#: For all questions together: an intent that is older than 3 s is not sent.
SECONDS: Final = 2.0
BEHIND: Final = 60.0  # seconds that Prometheus' clock may be ahead of ours


class Proof(NamedTuple):
    """What is known of a player, and why it is UNKNOWN."""

    verdict: Verdict
    why: Why | None = None


def prove(criterion: Criterion, player: Player, now: datetime) -> Proof:
    """Ask now whether a player is bad under a criterion."""
    moment = Moment(now.timestamp(), SECONDS)
    why = _asks_of_the_past(now) or _source_is_shut(moment, player.exporter, now)
    if why is not None:
        return Proof(Verdict.UNKNOWN, why)
    watch = watching.watch_of(criterion)
    verdicts = []
    for asked in watch.asked_of(player.exporter):
        verdict = _ask(moment, asked, player)
        if isinstance(verdict, Why):
            return Proof(Verdict.UNKNOWN, verdict)
        verdicts.append(verdict)
    verdict = watch.join(verdicts)
    return Proof(verdict, Why.NO_SAMPLE if verdict is Verdict.UNKNOWN else None)


def _asks_of_the_past(now: datetime) -> Why | None:
    """Return why an answer would not tell of now: a clock that is behind makes old samples new."""
    try:
        connection = replace(current_connection(), timeout=SECONDS)
        shown = query(connection, promql.CLOCK).samples
    except PrometheusError:
        return Why.PROMETHEUS_AWAY
    if not shown:
        return Why.PROMETHEUS_PARTIAL
    return Why.CLOCKS if shown[0].value - now.timestamp() > BEHIND else None


def _source_is_shut(moment: Moment, exporter: Exporter, now: datetime) -> Why | None:
    told = questions.told_of(moment, {exporter.kind}, [watching.source_of(exporter)])
    if isinstance(told, Why):
        return told
    of_late = Player.objects.enrolled().filter(exporter=exporter, last_seen__gte=now - OF_LATE)
    found = source_gates.shut(moment, [exporter], told, {exporter.pk: of_late.count()})
    return found.get(exporter.pk)


def _ask(moment: Moment, asked: Asked, player: Player) -> Verdict | Why:
    source = watching.source_of(player.exporter)
    told = questions.values_of(moment, asked.condition, asked.metric, {source: {player.identity}})
    if isinstance(told, Why):
        return told
    values = told.get(source, {}).get(player.identity, ())
    if asked.raw is None:
        return asked.judge(values, met=False)
    found = moment.now(asked.raw)
    if isinstance(found, Outage):
        return moment.why(found)
    labels = {series.label for series in asked.metric.series}
    met = any(
        exporter_of(each.labels) == source
        and player.identity in {each.labels.get(label) for label in labels}
        for each in found
    )
    return asked.judge(values, met=met)
