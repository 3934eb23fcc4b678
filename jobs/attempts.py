"""The only writer of new attempts: in the shadow, as a proposal, or with the command that it gives.

Each is written in the caller's transaction, in which every gate was asked; nothing is sent here.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F

from devices import commands
from devices.checks import CommandRefused, Wish
from platforms.models import Notice
from platforms.notice_kinds import Severity
from platforms.notifications import announce, end

from .gate_names import Gate
from .gates import Verdict
from .ladder import Due
from .models import Episode, GateVerdict, JobExecution, Outcome, Standing
from .notice_kinds import ACTED, APPROVAL, EXHAUSTED, OPENED, called
from .orders import Order
from .situation import Subject


class LostRace(Exception):
    """The episode went on meanwhile; what was begun for it must not stay."""


def record_shadow(subject: Subject, verdicts: Sequence[Verdict]) -> JobExecution:
    """Write down what the job would have done now; it spends nothing."""
    return _write(subject, verdicts, Standing.SHADOW)


def propose(subject: Subject, verdicts: Sequence[Verdict]) -> JobExecution:
    """Ask people whether to do it, for as long as the job says."""
    expires_at = subject.now + timedelta(seconds=subject.job.approval_time)
    proposal = _write(subject, verdicts, Standing.PROPOSED, expires_at=expires_at)
    tell(subject, APPROVAL.name, **_called(_order(subject).wish), until=expires_at)
    return proposal


def take_back(subject: Subject) -> None:
    """End an approved proposal in whose place something else would be sent now: it is asked anew.

    As a row of its own, so that nobody approves on an open page what stands there no more.
    """
    if subject.proposal is None:
        raise ValueError("no proposal to take back")
    waiting = JobExecution.objects.waiting().filter(pk=subject.proposal.pk)
    waiting.update(standing=Standing.OVER, outcome=Outcome.CANCELLED, finished_at=subject.now)


def command(subject: Subject, verdicts: Sequence[Verdict]) -> Verdict | None:
    """Give the command of an attempt, that of an approved proposal where there is one.

    Returns why devices refused it all the same; nothing but that remains of it then.
    """
    order, episode = _order(subject), subject.episode
    proposal = subject.proposal
    attempt = episode.attempts + 1 if proposal is None else proposal.attempt
    wish = order.wish
    try:
        given = commands.queue(
            wish.template,
            wish.device,
            order.values,
            wish.sender,
            key_of(episode, attempt),
            subject.now,
            watched=True,
        )
    except CommandRefused as error:
        until = None if error.until is None else error.until.isoformat()
        return Verdict(Gate.REFUSED, False, {"code": error.code, "why": str(error), "until": until})
    _write(subject, verdicts, Standing.COMMANDED, command=given, commanded_at=subject.now)
    limit = subject.job.attempts
    tell(subject, ACTED.name, **_called(wish), attempt=attempt, of=limit)
    return None


def key_of(episode: Episode, attempt: int) -> UUID:
    """Return the key of an attempt's command: made twice, it is one command."""
    return commands.key_of(episode.platform_id, f"{episode.pk}:{attempt}")


def tell(subject: Subject, kind: str, **facts: Any) -> None:
    """Tell people of it where the job is to be told of.

    What it asks is as grave as the job. That it acts is information of any job; that it cannot
    help is critical of any: nobody else looks after the player then.
    """
    job = subject.job
    if not job.notify:
        return
    announce(
        kind,
        platform=subject.episode.platform_id,
        about=subject.player,
        facts={**called(job.name, job.names), "since": subject.episode.opened_at, **facts},
        key=str(subject.episode.pk) if kind == EXHAUSTED.name else "",
        now=subject.now,
        severity=Severity(job.severity) if kind == APPROVAL.name else None,
    )


def end_notices(now: datetime) -> None:
    """Repeat no more what was told of episodes that are over, however they ended.

    That a job could not help ends as well where somebody has the episode.
    """
    lasting = Notice.objects.lasting().filter(kind=OPENED.name)  # unscoped: of every platform
    told = {tuple(key.split(":")): key for key in lasting.values_list("key", flat=True)}
    if told:
        jobs, players = ({int(pair[at]) for pair in told} for at in (0, 1))
        there = Episode.objects.open().filter(job__in=jobs, player__in=players)
        for job, player in there.values_list("job", "player"):
            told.pop((str(job), str(player)), None)
    for key in told.values():
        end(OPENED.name, key, now)
    lasting = Notice.objects.lasting().filter(kind=EXHAUSTED.name)  # unscoped: of every platform
    keys = {key for key in lasting.values_list("key", flat=True) if key.isdecimal()}
    if not keys:
        return
    waiting = Episode.objects.open().filter(pk__in=keys, acknowledged_at=None)
    for key in keys - {str(pk) for pk in waiting.values_list("pk", flat=True)}:
        end(EXHAUSTED.name, key, now)


def _write(
    subject: Subject, verdicts: Sequence[Verdict], standing: Standing, **columns: Any
) -> JobExecution:
    """Write an attempt and move its episode on, which must still be as it was read."""
    episode, job, now = subject.episode, subject.job, subject.now
    order, proposal = _order(subject), subject.proposal
    if subject.rung is None or not isinstance(subject.next, Due):
        raise ValueError("an attempt that is not due: its gates are shut")
    values = {
        "standing": standing,
        "rung": subject.next.rung,
        "mode": job.mode,
        "wait": subject.rung.wait,
        "is_canary": any(each.detail.get("canary", False) for each in verdicts),
        "device": order.wish.device,
        "value": subject.track.value if subject.track is not None else episode.value,
        "condition": job.criterion.definition if job.criterion is not None else {},
        "gates": [each.stored() for each in verdicts],
        "sent": order.shown,
        "segments": order.wish.segments,
        **columns,
    }
    attempt = episode.attempts + 1 if proposal is None else proposal.attempt
    moved = Episode.objects.open().filter(pk=episode.pk, rev=episode.rev)
    moves: dict[str, Any] = {"attempts": attempt, "next_at": None, "rev": F("rev") + 1}
    moves |= {"suppressed": "", "detail": {}, "suppressed_since": None}
    if moved.update(**moves) != 1:
        raise LostRace
    if episode.suppressed:
        GateVerdict.objects.create(platform_id=episode.platform_id, episode=episode, at=now)
    if proposal is None:
        row: JobExecution = JobExecution.objects.create(
            platform_id=episode.platform_id,
            episode=episode,
            job=job,
            player=subject.player,
            attempt=attempt,
            created_at=now,
            **values,
        )
        return row
    waiting = JobExecution.objects.waiting().filter(pk=proposal.pk)
    if waiting.update(**values) != 1:
        raise LostRace
    return proposal


def _called(wish: Wish) -> dict[str, Any]:
    """Return the facts by which a notice names a command to readers of every language."""
    name = wish.shape.name
    titles = {language: name.in_language(language) for language, _title in settings.LANGUAGES}
    return {"command": wish.template.key, "command_names": titles}


def _order(subject: Subject) -> Order:
    if not isinstance(subject.order, Order):
        raise TypeError("an attempt with nothing to send: its gates are shut")
    return subject.order
