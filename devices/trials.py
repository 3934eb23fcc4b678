"""How tries of commissioning stand: their commands, answers and players, read and judged.

Writes nothing; what is final is stored by commissioning.py.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from exporters.asking import Ask

from . import evidence, telemetry, verification
from .evidence import Sight
from .findings import Facts, Finding, Kind, Verdict, judge, went_out
from .models import Command, CommissioningTrial, Device, IncomingSms
from .pace import EVIDENCE
from .states import State

SECONDS = int(2 * EVIDENCE.total_seconds())  # of samples that a test of the power looks at
_STATES = {state.value: state for state in State}
_FINDINGS = {finding.value: finding for finding in Finding}


@dataclass(frozen=True)
class Stand:
    """How the last try of one kind stands."""

    trial: CommissioningTrial
    verdict: Verdict
    went_out: bool


def stands(device: Device, now: datetime) -> Mapping[Kind, Stand]:
    """Return how the last try of each kind stands, for the SIM that the socket has."""
    tries = CommissioningTrial.objects.filter(device=device, phone=device.phone)
    tries = tries.select_related("command", "line")
    newest = [tries.filter(trial=kind).first() for kind in Kind]
    last = [trial for trial in newest if trial is not None]
    found = judged(last, now)
    return {Kind(trial.trial): found[trial.pk] for trial in last}


def judged(trials: Sequence[CommissioningTrial], now: datetime) -> Mapping[int, Stand]:
    """Return how tries stand, by their ids: a fixed number of queries for all of them."""
    facts = _facts(trials, now)
    return {
        trial.pk: Stand(
            trial,
            _verdict(trial, facts.get(trial.pk), now),
            trial.pk in facts and went_out(facts[trial.pk]),
        )
        for trial in trials
    }


def finding_of(trial: CommissioningTrial) -> Finding | None:
    """Return what ended a try; None while it lasts."""
    return None if trial.ended_at is None else _FINDINGS.get(trial.finding, Finding.GONE)


def obeyed(stand: Stand | None) -> bool:
    """Tell whether a test of the power proves that the socket knows the gateway's number."""
    return stand is not None and stand.verdict.finding is Finding.CAME_BACK


def _verdict(trial: CommissioningTrial, facts: Facts | None, now: datetime) -> Verdict:
    if trial.ended_at is not None:
        return Verdict(_FINDINGS.get(trial.finding, Finding.GONE), trial.passed)
    if facts is None:
        return Verdict(Finding.GONE, passed=False)
    return judge(Kind(trial.trial), facts, now)


def _facts(trials: Iterable[CommissioningTrial], now: datetime) -> Mapping[int, Facts]:
    """Read what is known of tries that have a command: a fixed number of queries for all."""
    rows = [trial for trial in trials if trial.command is not None]
    answers: dict[int, set[str]] = defaultdict(set)
    told = IncomingSms.objects.filter(command__in=[trial.command_id for trial in rows])
    for pk, kind in told.values_list("command", "kind"):
        answers[pk].add(kind)
    power = [trial for trial in rows if trial.trial == Kind.POWER and trial.ended_at is None]
    seen = _seen([trial.command for trial in power if trial.command is not None], now)
    return {
        trial.pk: _known(trial.command, answers[trial.command.pk], seen)
        for trial in rows
        if trial.command is not None
    }


def _known(
    command: Command, answers: Collection[str], seen: Mapping[int, Sequence[Sight | None]]
) -> Facts:
    facts = Facts(
        state=_STATES[command.state],
        closed=command.closed,
        wire_at=command.wire_at,
        replied_at=command.replied_at,
        meanings=answers,
    )
    sights = seen.get(command.pk, ())
    if not sights or command.wire_at is None:
        return facts
    sent = command.wire_at
    known = [sight for sight in sights if sight is not None and sight.points]
    return facts._replace(
        back_at=verification.acted_at(command),
        seen=len(known) == len(sights),
        came_back=bool(known) and all(evidence.came_back(sight.points, sent) for sight in known),
        is_dark=any(sight.points[-1][1] == evidence.OFFLINE for sight in known),
    )


def _seen(asked: Sequence[Command], now: datetime) -> Mapping[int, Sequence[Sight | None]]:
    """Return the players of each command's lines; None stands for one that is not seen."""
    if not asked:
        return {}
    rows = Command.objects.filter(pk__in=[each.pk for each in asked]).prefetch_related("followers")
    players = telemetry.players_of(list(rows))
    everybody = [player for group in players.values() for player in group]
    sights = telemetry.look(Ask(), everybody, now, SECONDS) if everybody else {}
    return {pk: [sights.get(player.pk) for player in group] for pk, group in players.items()}
