"""A job on one player now, by a person: what every gate says, what would go out; or the real thing.

For real it opens an episode, without waiting for as long as the job would, and only where every
gate is open: what is done about it is decided by the acting stage, on everything read anew. What
the job may not do itself, a manager may command as a person, who answers for it.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _

from devices import commands
from devices.checks import CommandRefused
from devices.composition import Message
from devices.models import Command
from devices.senders import Sender
from devices.templates import Danger
from exporters.models import Player
from platforms import audit
from platforms.audit import Action
from platforms.notice_kinds import Severity
from platforms.roles import Deed

from . import braking, episodes, evidence, gates, judging, situation, track_rows
from .episodes import Opening
from .evidence import Proof
from .gates import Verdict
from .models import Episode, Job, Mode, Trigger
from .orders import Order, Orders
from .selection import selection_of
from .situation import Subject
from .standings import Timing, held_since, standing
from .verdicts import Verdict as Judged
from .watching import Rule

_IMAGINED = 0  # the id of an episode that is not stored


class NotRun(Exception):
    """Nothing was begun; `code` for programs, the text for people."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True)
class Report:
    """What would be done to a player now, or was begun.

    `proof`: what Prometheus says at this moment, asked again before anything is sent; None of a
    schedule. `episode`: the open one. `command`: the one that a person gave in the job's place.
    """

    subject: Subject
    verdicts: tuple[Verdict, ...]
    proof: Proof | None
    episode: Episode | None
    command: Command | None = None

    @property
    def against(self) -> Verdict | None:
        """Return the first gate that is shut; asking for approval is a part of the way."""
        shut = gates.first_shut(self.verdicts)
        return None if shut is not None and judging.asks_for_approval(shut) else shut

    @property
    def order(self) -> Order | None:
        """Return what would be sent, where there is anything."""
        return self.subject.order if isinstance(self.subject.order, Order) else None

    @property
    def messages(self) -> tuple[Message, ...]:
        """Return the SMS that would go out, in their order."""
        return tuple(self.order.wish.composed.messages) if self.order is not None else ()


def run_now(
    job: Job,
    player: Player,
    sender: Sender,
    now: datetime,
    *,
    dry: bool = True,
    confirmed: UUID | None = None,
) -> Report:
    """Say what the job would do to a player now; unless `dry`, begin it or raise NotRun.

    `confirmed`: the key of what a manager agreed to though gates are shut; used once.
    """
    report = _look(job, player, now)
    if dry:
        return report
    if not may(sender, report):
        raise NotRun("role", _("Your role does not allow this."))
    if confirmed is not None:
        return _command(report, sender, now, confirmed)
    against = report.against
    if against is not None:
        raise NotRun("shut", _("Nothing was begun: a gate is shut."))
    if report.proof is not None and report.proof.verdict is not Judged.TRUE:
        raise NotRun("unproven", _("Prometheus does not say now that the player is bad."))
    if job.mode == Mode.SHADOW:
        raise NotRun("shadow", _("The job is in the shadow: it only records what it would do."))
    if report.episode is not None:
        return report
    return _open(report, sender, now)


def may(sender: Sender, report: Report) -> bool:
    """Tell whether somebody may let the job loose on this player."""
    line = report.subject.line
    if sender.user is None:
        return False
    if sender.user.may(Deed.SEND, report.subject.job.platform_id):
        return True
    return line is not None and sender.may(Danger.POWER, line.device)


def may_insist(sender: Sender, report: Report) -> bool:
    """Tell whether somebody may command what the job may not do itself."""
    person = sender.user
    return person is not None and person.may(Deed.SEND, report.subject.job.platform_id)


def _look(job: Job, player: Player, now: datetime) -> Report:
    """Judge the open episode, or the one that would be opened."""
    open_one = Episode.objects.open().filter(job=job, player=player).first()  # unscoped: of both
    subject = _subject(job, player, open_one, now)
    verdicts = judging.judge(job.platform_id, [subject], now)[subject.episode.pk]
    proof = None
    if subject.job.criterion is not None and subject.job.trigger == Trigger.RULE:
        proof = evidence.prove(subject.job.criterion, subject.player, now)
    return Report(subject, tuple(verdicts), proof, open_one)


def _subject(job: Job, player: Player, open_one: Episode | None, now: datetime) -> Subject:
    if open_one is not None:
        episode = next(iter(situation.with_company([open_one.pk])), None)
        if episode is None:  # it was closed a moment ago
            episode = _imagined(job, player, now)
    else:
        episode = _imagined(job, player, now)
    brakes = braking.standing(job.platform_id, now)
    (subject,) = situation.read(job.platform_id, [episode], now, brakes)
    return subject


def _imagined(job: Job, player: Player, now: datetime) -> Episode:
    """Return the episode that would be opened now, with what situations read beside one."""
    # unscoped: the rows that the caller reached by for_user
    row = Job.objects.select_related("platform", "criterion").get(pk=job.pk)
    who = Player.objects.select_related("exporter", "site").get(pk=player.pk)
    episode = Episode(
        pk=_IMAGINED,
        platform_id=row.platform_id,
        job=row,
        job_version=row.version,
        player=who,
        trigger=row.trigger,
        due_at=now if row.trigger == Trigger.SCHEDULE else None,
        opened_at=now,
    )
    prefetch_related_objects(
        [episode], "job__rungs__template__model", "job__hours", "executions__command__steps"
    )
    return episode


def _open(report: Report, sender: Sender, now: datetime) -> Report:
    """Open the episode, on the job as it was judged; whoever was quicker has opened it as well."""
    job, player = report.subject.job, report.subject.player
    with transaction.atomic():
        if job.trigger == Trigger.SCHEDULE:
            _open_planned(job, player, now)
        else:
            episodes.open_new([_opening(report, now)], now)
        # unscoped: of a job and a player that were reached by for_user
        opened = Episode.objects.open().filter(job=job, player=player).first()
        if opened is None:
            raise NotRun("changed", _("The job was changed meanwhile: look again."))
        after = {**audit.snapshot(opened), "by_hand": True}
        audit.record(sender.actor, Action.CREATED, opened, platform_id=job.platform_id, after=after)
    return replace(report, episode=opened)


def _opening(report: Report, now: datetime) -> Opening:
    subject = report.subject
    value, since = None, now
    if subject.track is not None:
        value = subject.track.value
        clock = track_rows.pure(subject.clock) if subject.clock is not None else None
        if clock is not None:
            track = track_rows.track_of(subject.track)
            held = standing(track, clock, Timing(subject.job.hold, subject.job.recover)).held
            since = datetime.fromtimestamp(held_since(track, clock, held), UTC)
    return Opening(_rule(subject.job), subject.player.pk, value, since)


def _open_planned(job: Job, player: Player, now: datetime) -> None:
    versions = episodes.lock([job.pk])
    if versions.get(job.pk) != job.version:
        return
    episode = Episode(
        platform_id=job.platform_id,
        job=job,
        job_version=job.version,
        player=player,
        trigger=Trigger.SCHEDULE,
        due_at=now,
        opened_at=now,
    )
    Episode.objects.bulk_create([episode], ignore_conflicts=True)


def _rule(job: Job) -> Rule:
    return Rule(
        pk=job.pk,
        platform_id=job.platform_id,
        name=job.name,
        version=job.version,
        tells=job.notify,
        severity=Severity(job.severity),
        timing=Timing(job.hold, job.recover),
        selection=selection_of(job),
        figures=job.figures,
        floors={},
    )


def _command(report: Report, sender: Sender, now: datetime, key: UUID) -> Report:
    """Give what the job would send as a person's command, past the gates of jobs alone."""
    if not may_insist(sender, report):
        raise NotRun("role", _("Your role does not allow this."))
    line, rung = report.subject.line, report.subject.rung
    if line is None or rung is None:
        raise NotRun("nothing", _("There is nothing that could be sent."))
    order = Orders(now).of(rung, line, sender)
    if not isinstance(order, Order):
        raise NotRun(order.code, order.why or _("There is nothing that could be sent."))
    wish = order.wish
    try:
        given = commands.queue(wish.template, wish.device, order.values, sender, key, now)
    except CommandRefused as error:
        raise NotRun(error.code, str(error)) from error
    return replace(report, command=given)
