"""What Prometheus says of one player at the very moment at which its command is to go out.

Asked after the claim: the job's own conditions, whether the source can be believed, and whether the
player was bad in every sample of its run: slots see some of them alone. It takes no silence for an
answer, and remembers nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

from exporters import promql
from exporters.asking import Outage
from exporters.connection import current_connection
from exporters.models import Exporter, Player
from exporters.observations import exporter_of
from exporters.prometheus import PrometheusError, query

from . import questions, source_gates, watching
from .conditions import Function
from .models import Criterion
from .moments import Moment
from .questions import Asked
from .source_gates import OF_LATE
from .verdicts import Verdict, Why
from .watching import Watch

#: For all questions together: an intent that is older than 3 s is not sent.
SECONDS: Final = 2.0
BEHIND: Final = 60.0  # seconds that Prometheus' clock may be ahead of ours
LONGEST_LOOK: Final = 6 * 3600.0  # seconds of samples; some 1,500 of one player


class Proof(NamedTuple):
    """What is known of a player, and why it is UNKNOWN; `broken`: it is bad, and was well since."""

    verdict: Verdict
    why: Why | None = None
    broken: bool = False


def prove(
    criterion: Criterion, player: Player, now: datetime, since: datetime | None = None
) -> Proof:
    """Ask now whether a player is bad under a criterion, and was in every sample `since`."""
    moment = Moment(now.timestamp(), SECONDS)
    why = _asks_of_the_past(now) or _source_is_shut(moment, player.exporter, now)
    if why is not None:
        return Proof(Verdict.UNKNOWN, why)
    watch = watching.watch_of(criterion)
    every = watch.asked_of(player.exporter)
    verdicts = []
    for asked in every:
        verdict = _ask(moment, asked, player)
        if isinstance(verdict, Why):
            return Proof(Verdict.UNKNOWN, verdict)
        verdicts.append(verdict)
    verdict = watch.join(verdicts)
    if verdict is Verdict.TRUE and since is not None:
        told = _samples(moment, every, player, moment.at - since.timestamp())
        if isinstance(told, Why):
            return Proof(Verdict.UNKNOWN, told)
        return Proof(verdict, broken=_was_well(watch, every, told))
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
    found = source_gates.gates(moment, [exporter], told, {exporter.pk: of_late.count()})
    return found.shut.get(exporter.pk)


def _ask(moment: Moment, asked: Asked, player: Player) -> Verdict | Why:
    source = watching.source_of(player.exporter)
    told = questions.values_of(moment, asked.condition, asked.metric, {source: {player.identity}})
    if isinstance(told, Why):
        return told
    values = told.get(source, {}).get(player.identity, ())
    if asked.raw is None:
        possible = _is_possible(moment, asked, player)
        if isinstance(possible, Why):
            return possible
        return asked.judge(values, met=False) if possible else Verdict.UNKNOWN
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


def _is_possible(moment: Moment, asked: Asked, player: Player) -> bool | Why:
    """Tell whether a window has values alone that there are: an average may hide others."""
    allowed = asked.metric.values
    if not allowed or asked.condition.function is Function.LAST:
        return True
    for series in asked.metric.series:
        only = {"exporter_id": str(player.exporter_id), series.label: player.identity}
        selected = promql.selector(series.name, [player.platform_id], **only)
        answer = moment.samples(promql.within(selected, int(asked.condition.window)))
        if isinstance(answer, Outage):
            return moment.why(answer)
        if any(value not in allowed for each in answer for _at, value in each.points):
            return False
    return True


#: By metric: (Unix time, value), of all processes that tell of the player.
Told = Mapping[str, Sequence[tuple[float, float]]]


def _samples(moment: Moment, every: Sequence[Asked], player: Player, seconds: float) -> Told | Why:
    """Ask for all samples of one player: one query, as all kinds but foreign ones have one label.

    What looks at a window sees every sample in it by itself, and so may raw PromQL.
    """
    names: dict[str, dict[str, str]] = defaultdict(dict)
    for asked in every:
        if asked.raw is None and asked.condition.function is Function.LAST:
            for series in asked.metric.series:
                if series.kind in ("", player.exporter.kind):
                    names[series.label][series.name] = asked.metric.name
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    if seconds < 1:
        return found
    for label, mine in names.items():
        only = {"exporter_id": str(player.exporter_id), label: player.identity}
        selected = promql.selector(mine, [player.platform_id], **only)
        answer = moment.samples(promql.within(selected, int(min(seconds, LONGEST_LOOK))))
        if isinstance(answer, Outage):
            return moment.why(answer)
        for each in answer:
            found[mine[each.labels["__name__"]]] += each.points
    return found


def _was_well(watch: Watch, every: Sequence[Asked], told: Told) -> bool:
    """Tell whether at any sample the conditions were known not to hold, as they come together.

    Each sample stands until the next one of its metric, whichever process told it. Before the
    first one nothing is known, nor of what looks at a window: that speaks against nobody. What one
    scrape brought is taken in together: between two of its samples nothing was the case.
    """
    events = sorted(
        (at, number, value)
        for number, asked in enumerate(every)
        if asked.raw is None and asked.condition.function is Function.LAST
        for at, value in told.get(asked.metric.name, ())
    )
    stand = [Verdict.UNKNOWN] * len(every)
    for _at, scrape in groupby(events, key=itemgetter(0)):
        said: dict[int, Verdict] = {}
        for at, number, value in scrape:
            asked = every[number]
            compared = at - value if asked.metric.age else value
            if said.get(number) is not Verdict.FALSE:  # of two processes the one that says well
                said[number] = asked.condition.judge([compared], asked.metric)
                stand[number] = said[number]
        if watch.join(stand) is Verdict.FALSE:
            return True
    return False
