"""What Prometheus says of one player at the very moment at which its command is to go out.

Asked after the claim: the job's own conditions, and whether the source can be believed. It takes
no silence for an answer, and remembers nothing.
"""

from datetime import datetime
from typing import Final, NamedTuple

from exporters.models import Exporter, Player

from . import questions, source_gates, watching
from .models import Criterion
from .questions import Asked, Moment, Source
from .source_gates import OF_LATE
from .verdicts import Verdict, Why

#: For all questions together: an intent that is older than 3 s is not sent.
SECONDS: Final = 2.0


class Proof(NamedTuple):
    """What is known of a player, and why it is UNKNOWN."""

    verdict: Verdict
    why: Why | None = None


def prove(criterion: Criterion, player: Player, now: datetime) -> Proof:
    """Ask now whether a player is bad under a criterion."""
    moment = Moment(now.timestamp(), SECONDS)
    why = _source_is_shut(moment, player.exporter, now)
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


def _source_is_shut(moment: Moment, exporter: Exporter, now: datetime) -> Why | None:
    told = questions.told_of(moment, {exporter.kind}, [watching.source_of(exporter)])
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
    return _ask_raw(moment, asked, source, player.identity, values)


def _ask_raw(
    moment: Moment, asked: Asked, source: Source, identity: str, values: tuple[float, ...]
) -> Verdict | Why:
    """Ask whether a text of a superadmin holds for a player whose status is known."""
    known = questions.who_meets(
        moment, asked.condition, asked.metric, [source.platform_id], asked.raw
    )
    if isinstance(known, Why):
        return known
    return asked.judge(values, met=identity in known.true.get(source, {}))
