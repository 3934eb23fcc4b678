"""Whether what jobs did helped: from the slots of evaluation, one look at Prometheus for all.

An attempt of a rule is over when its command is. What stays unknown waits and ends without a
verdict, never as "it did not help". It gives no command: the next attempt is acting's.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from devices import journal, telemetry
from devices.journal import NotMoved
from devices.models import Command
from devices.moves import Happening
from devices.pace import EVIDENCE
from devices.states import Event, State
from devices.verification import acted_at
from exporters.asking import Ask, Outage
from exporters.promql import SCRAPED_WITHIN

from . import proof, switchings
from .models import Clock, Ending, Episode, JobExecution, Outcome, Standing, Track, Trigger
from .proof import Finding, Trial
from .track_rows import pure, track_of

logger = logging.getLogger(__name__)

BATCH: Final = 200  # attempts a look
_OUTCOMES: Final[Mapping[State, Outcome]] = {
    State.VERIFIED: Outcome.VERIFIED,
    State.INEFFECTIVE: Outcome.INEFFECTIVE,
    State.UNRESOLVED: Outcome.UNRESOLVED,
    State.NOT_SENT: Outcome.NOT_SENT,
    State.FAILED: Outcome.FAILED,
    State.CANCELLED: Outcome.CANCELLED,
    State.EXPIRED: Outcome.EXPIRED,
    State.ACCEPTED: Outcome.ANSWERED,
}
# As the story of a command reads them: each in the language of its reader.
_FOUND: Final[Mapping[Event, str]] = {
    Event.VERIFY: "job_well: the conditions do not hold any more",
    Event.REFUTE: "job_bad: the conditions still hold",
    Event.EVIDENCE_OVER: "job_unseen: nothing was seen in time",
}
_EVENTS: Final[Mapping[Finding, Event]] = {
    Finding.HELPED: Event.VERIFY,
    Finding.DID_NOT_HELP: Event.REFUTE,
}
Key = tuple[int, int]  # criterion, and its player or exporter


def verify(now: datetime) -> int:
    """Judge what was commanded, then end what is over; return how many attempts ended."""
    _judge_all(now)
    ended = sum(_end(pk, now) for pk in _over())
    return ended + _end_shadows(now)


def _judge_all(now: datetime) -> None:
    """Judge the commands of rules that went out; those of schedules are judged by devices."""
    rows = JobExecution.objects.under_way().filter(
        episode__trigger=Trigger.RULE,
        command__state=State.ACCEPTED.value,
        command__closed=False,
        command__watched=True,
    )
    pks, ask = list(rows.order_by("pk").values_list("pk", flat=True)), Ask()
    for at in range(0, len(pks), BATCH):
        batch = JobExecution.objects.filter(pk__in=pks[at : at + BATCH]).select_related(
            "job__criterion", "player__exporter", "player__platform", "command__template__model"
        )
        _judge(ask, list(batch.prefetch_related("command__followers")), now)


def _judge(ask: Ask, executions: Sequence[JobExecution], now: datetime) -> None:
    trials = {each: trial for each in executions if (trial := _trial(each)) is not None}
    ripe = {each: trial for each, trial in trials.items() if now > trial.booted}
    samples = telemetry.samples(ask, [each.player for each in ripe], SCRAPED_WITHIN)
    tracks, clocks = _tracks(ripe), _clocks(ripe)
    for each, trial in trials.items():
        key = (each.job.criterion_id or 0, each.player_id)
        clock_row = clocks.get((key[0], each.player.exporter_id))
        track_row = tracks.get(key) if _asks_the_same(each) else None
        clock = None if clock_row is None else pure(clock_row)
        track = None if track_row is None else track_of(track_row)
        newest = None
        if clock is not None and not isinstance(samples, Outage):
            seen = (at for at, _value in samples.get(each.player_id, ()) if at <= clock.at)
            newest = max(seen, default=None)
        finding = proof.judge(trial, track, clock, newest, each.well_since, now)
        if finding in _EVENTS:
            _move(each.command_id, _EVENTS[finding], now)
        elif now >= trial.acted + max(EVIDENCE, trial.wait + trial.boot_grace + trial.recover):
            _move(each.command_id, Event.EVIDENCE_OVER, now)
        since = None
        if finding is Finding.WELL and clock is not None and track is not None:
            since = proof.began(clock, track, each.well_since, now)
        if finding is not Finding.OPEN and since != each.well_since:
            JobExecution.objects.filter(pk=each.pk).update(well_since=since)


def _trial(execution: JobExecution) -> Trial | None:
    """Return what an attempt is judged by; None: its last message is still to come."""
    command: Command | None = execution.command
    acted = None if command is None else acted_at(command)
    if acted is None:
        return None
    job = execution.job
    return Trial(
        acted,
        timedelta(seconds=job.boot_grace),
        timedelta(seconds=job.recover),
        timedelta(seconds=execution.wait),
    )


def _asks_the_same(execution: JobExecution) -> bool:
    """Tell whether the job still asks what the attempt was decided on: else nobody looks now."""
    criterion = execution.job.criterion
    return criterion is not None and criterion.definition == execution.condition


def _tracks(executions: Collection[JobExecution]) -> Mapping[Key, Track]:
    rows = Track.objects.filter(
        criterion__in={each.job.criterion_id for each in executions},
        player__in={each.player_id for each in executions},
    )
    return {(row.criterion_id, row.player_id): row for row in rows}


def _clocks(executions: Collection[JobExecution]) -> Mapping[Key, Clock]:
    rows = Clock.objects.filter(
        criterion__in={each.job.criterion_id for each in executions},
        exporter__in={each.player.exporter_id for each in executions},
    )
    return {(row.criterion_id, row.exporter_id): row for row in rows}


def _move(command_id: int | None, event: Event, now: datetime) -> None:
    with transaction.atomic(durable=True):
        try:
            command = Command.objects.locked(command_id or 0)
            journal.move(command, Happening(event, now), _FOUND[event])
        except NotMoved as error:
            logger.debug("Command %s: no %s: %s", command_id, event.value, error.obstacle.value)


def _over() -> list[int]:
    """Return the attempts whose command is over, with no message behind it still to go out.

    One that was sent and only waits for its reply keeps nobody: others may wait for the verdict.
    """
    behind = Command.objects.open().filter(head=OuterRef("command"))
    waiting = behind.exclude(state=State.ACCEPTED.value)
    rows = JobExecution.objects.under_way().filter(~Exists(waiting), command__closed=True)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _end(pk: int, now: datetime) -> bool:
    """Write down what an attempt came to; a scheduled episode ends with it."""
    with transaction.atomic():
        row = (
            JobExecution.objects.under_way()
            .select_for_update(of=("self",))
            .select_related("command", "episode")
            .filter(pk=pk)
            .first()
        )
        if row is None or row.command is None:
            return False
        row.standing, row.finished_at = Standing.OVER, now
        row.outcome = _OUTCOMES[row.command.standing]
        row.output = "\n".join(row.command.replies.order_by("pk").values_list("text", flat=True))
        if row.outcome in (Outcome.FAILED, Outcome.NOT_SENT, Outcome.EXPIRED, Outcome.CANCELLED):
            row.error = row.command.reason
        row.save(update_fields=("standing", "finished_at", "outcome", "output", "error"))
        if row.episode.trigger == Trigger.SCHEDULE:
            Episode.objects.open().filter(pk=row.episode_id).update(
                closed=True, closed_at=now, ending=Ending.DONE, rev=F("rev") + 1
            )
    return True


def _end_shadows(now: datetime) -> int:
    """Say of what was only recorded whether the player came back before it would have helped."""
    waiting = JobExecution.objects.filter(standing=Standing.SHADOW).select_related("episode__job")
    over = [
        row
        for row in waiting.order_by("pk").iterator()
        if row.episode.closed or row.created_at + timedelta(seconds=row.wait) <= now
    ]
    ended = 0
    for at in range(0, len(over), BATCH):
        batch, outcomes = over[at : at + BATCH], defaultdict(list)
        switched = switchings.of([row.episode for row in batch], now)
        for row in batch:
            outcomes[_of_shadow(row.episode, switched=row.episode_id in switched)].append(row.pk)
        for outcome, pks in outcomes.items():
            ended += JobExecution.objects.filter(pk__in=pks, standing=Standing.SHADOW).update(
                standing=Standing.OVER, outcome=outcome, finished_at=now
            )
    return ended


def _of_shadow(episode: Episode, *, switched: bool) -> str:
    """Say what became of a player without us; nothing where nobody watched to the end.

    Nor where somebody `switched` its power: nobody knows what it would have done by itself. Nor of
    a schedule: its players are mostly well all the time, and nobody looks at them.
    """
    if switched or episode.trigger == Trigger.SCHEDULE:
        return ""
    if not episode.closed:
        return Outcome.STAYED_BAD
    return Outcome.CAME_BACK if episode.ending == Ending.RECOVERED else ""
