"""Pauses of single jobs: who begins one and lifts it. The gates read them.

A paused job goes on watching; it acts on nothing.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from devices.pauses import PauseRefused, check_end
from devices.senders import Sender
from platforms import audit
from platforms.audit import Action
from platforms.roles import Deed

from .models import Job, JobPause


def may(sender: Sender, job: Job) -> bool:
    """Tell whether somebody may stop a job, and let it go again."""
    return sender.user is not None and sender.user.may(Deed.SEND, job.platform_id)


def begin(
    sender: Sender, jobs: Collection[Job], reason: str, expires_at: datetime | None, now: datetime
) -> list[JobPause]:
    """Stop jobs, all or none of them; raise PauseRefused."""
    if not all(may(sender, job) for job in jobs):
        raise PauseRefused("role", _("Your role does not allow this pause."))
    if not reason.strip():
        raise PauseRefused("reason", _("Say why: others will ask."))
    if any(job.removed_at is not None for job in jobs):
        raise PauseRefused("job", _("This job was removed."))
    check_end(expires_at, now)
    with transaction.atomic():
        return [_begun(sender, job, reason, expires_at) for job in jobs]


def lift(pause: JobPause, sender: Sender, now: datetime) -> None:
    """End a pause; raise PauseRefused for one that is over, and for who may not."""
    if not may(sender, pause.job):
        raise PauseRefused("role", _("Your role does not allow this pause to be lifted."))
    with transaction.atomic():
        # unscoped: the row that the caller reached by for_user
        if not JobPause.objects.at(now).filter(pk=pause.pk).update(lifted_at=now):
            raise PauseRefused("over", _("This pause is over."))
        pause.lifted_at = now
        _record(sender, Action.CANCELLED, pause)


def _begun(sender: Sender, job: Job, reason: str, expires_at: datetime | None) -> JobPause:
    pause: JobPause = JobPause.objects.create(
        platform_id=job.platform_id,
        job=job,
        reason=reason,
        author=sender.user,
        author_name=sender.actor.label[:254],
        expires_at=expires_at,
    )
    _record(sender, Action.CREATED, pause)
    return pause


def _record(sender: Sender, action: Action, pause: JobPause) -> None:
    after = audit.snapshot(pause)
    audit.record(sender.actor, action, pause, platform_id=pause.platform_id, after=after)
