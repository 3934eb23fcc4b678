"""The guard of jobs before the wire: what was decided must still hold when a command is to go out.

Asked by devices for the locked command of a job, after the claim and right before its intent is
stored. Reads, asks Prometheus last, and answers why not; writes nothing.
"""

from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from devices.models import Command, CommandLine

from . import braking, evidence, gates, situation, track_rows
from .gate_names import Gate
from .models import JobExecution, Mode, Trigger
from .situation import Subject
from .standings import soonest
from .tracks import SLOT
from .verdicts import Verdict

#: What a command that is on its way must pass again. It is itself what is in flight, and whether it
#: may go by cooldown, budget and grammar is asked by devices.
ASKED_AGAIN: Final = frozenset(
    {Gate.EVIDENCE, Gate.JOB, Gate.ACKNOWLEDGED, Gate.PAUSE, Gate.HOURS, Gate.WINDOW}
    | {Gate.BRAKE, Gate.BINDING, Gate.MAINS, Gate.BESIDE}
)


def execution_of(command: Command) -> JobExecution | None:
    """Return the attempt that a command, or a message of its sequence, belongs to."""
    rows = JobExecution.objects.filter(command=command.head_id or command.pk)
    found: JobExecution | None = rows.select_related("job").first()
    return found


def shut(command: Command, now: datetime) -> str:
    """Return why the command of an attempt must not go out, "" where nothing stands against it."""
    execution = execution_of(command)
    if execution is None:
        # Attempts alone watch players: one that was deleted with its player decides nothing more.
        head = command.head or command
        return _("Its attempt was deleted.") if head.watched else ""
    episodes = situation.with_company([execution.episode_id])
    if not episodes:
        return _("The episode is over.")
    brakes = braking.standing(execution.platform_id, now)
    (subject,) = situation.read(execution.platform_id, episodes, now, brakes)
    if not _may_act(subject, execution):
        return _("The job does not act by itself any more.")
    asked = [each for each in gates.judge(subject) if each.gate in ASKED_AGAIN]
    against = gates.first_shut(asked)
    if against is not None:
        return f"{against.gate} ({against.detail['code']})"
    if not _still_there(subject, command):
        return str(Gate.BINDING)
    return _unproven(subject, now)


def _may_act(subject: Subject, execution: JobExecution) -> bool:
    if subject.job.mode == Mode.APPROVE:
        return execution.decided_at is not None
    return subject.job.mode == Mode.LIVE


def _still_there(subject: Subject, command: Command) -> bool:
    """Tell whether the player still hangs on a line of the command, where it switches any."""
    switched = CommandLine.objects.filter(command=command.head_id or command.pk)
    lines = set(switched.values_list("line", flat=True))
    return not lines or (subject.line is not None and subject.line.pk in lines)


def _unproven(subject: Subject, now: datetime) -> str:
    """Return why there is no proof of this moment that the player is bad; a schedule needs none."""
    if subject.job.trigger == Trigger.SCHEDULE:
        return ""
    if subject.job.criterion is None:
        return str(Gate.EVIDENCE)
    proof = evidence.prove(subject.job.criterion, subject.player, now, _since(subject))
    if proof.broken:
        return _("The player was well in between: it has to be bad all the time.")
    if proof.verdict is Verdict.TRUE:
        return ""
    if proof.verdict is Verdict.FALSE:
        return _("The player is well again.")
    return f"{Gate.EVIDENCE} ({proof.why})"


def _since(subject: Subject) -> datetime | None:
    """Return since when the player has to be bad in every sample: as long as the job waits.

    Not longer than it was known to be bad up to the last slot. What was not known in between
    counts for nothing: then less is asked for, never what was before the run.
    """
    track, row = subject.track, subject.clock
    clock = track_rows.pure(row) if row is not None else None
    if track is None or row is None or clock is None or row.at is None:
        return None
    held = soonest(track_rows.track_of(track), clock).held
    return row.at - timedelta(seconds=min(held, max(subject.job.hold, SLOT)))
