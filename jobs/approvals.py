"""What people say to proposals and open episodes: approve, decline, acknowledge. Gives no command.

An approved proposal is acted on by the acting stage, once every gate is open, and lapses like all
others: the evidence that somebody looked at does not last.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from devices.models import Binding, Device
from devices.senders import Sender
from devices.templates import Danger
from platforms import audit
from platforms.audit import Action
from platforms.roles import Deed

from .models import Episode, JobExecution, Standing


class NotDecided(Exception):
    """What was said did not count; `code` for programs, the text for people."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


def may(sender: Sender, platform_id: int, device: Device | None) -> bool:
    """Tell whether somebody has a say about actions on a socket; None: the player has none."""
    if sender.user is None:
        return False
    if sender.user.may(Deed.SEND, platform_id):
        return True
    return device is not None and sender.may(Danger.POWER, device)


def approve(execution: JobExecution, sender: Sender, now: datetime, comment: str = "") -> None:
    """Let a proposed action be done; raise NotDecided."""
    _demand(sender, execution.platform_id, execution.device)
    values = _said(sender, now, comment)
    waiting = JobExecution.objects.waiting().filter(decided_at=None, expires_at__gt=now)
    with transaction.atomic():
        _decide(waiting.filter(pk=execution.pk).update(**values))
        _record(sender, execution, comment, "approved")


def decline(execution: JobExecution, sender: Sender, now: datetime, comment: str = "") -> None:
    """Refuse a proposed action, also one that was approved and is not done yet."""
    _demand(sender, execution.platform_id, execution.device)
    values = {**_said(sender, now, comment), "standing": Standing.DECLINED, "finished_at": now}
    with transaction.atomic():
        waiting = JobExecution.objects.waiting().filter(pk=execution.pk)
        _decide(waiting.update(**values))
        _record(sender, execution, comment, "declined")


def acknowledge(episode: Episode, sender: Sender, now: datetime, comment: str = "") -> None:
    """Take an episode over from its job: nothing more is done about it, proposals are declined."""
    _demand(sender, episode.platform_id, socket_of(episode))
    with transaction.atomic():
        rows = Episode.objects.open().filter(pk=episode.pk, acknowledged_at=None)
        _decide(
            rows.update(
                acknowledged_at=now,
                acknowledged_by=sender.user,
                acknowledged_name=sender.actor.label[:254],
                comment=comment,
                rev=F("rev") + 1,
            )
        )
        values = {**_said(sender, now, comment), "standing": Standing.DECLINED, "finished_at": now}
        JobExecution.objects.waiting().filter(episode=episode.pk).update(**values)
        _record(sender, episode, comment, "acknowledged")


def socket_of(episode: Episode) -> Device | None:
    """Return the socket that the player of an episode hangs on now."""
    bound = Binding.objects.filter(player=episode.player_id, ended_at=None)
    found = bound.select_related("line__device").first()
    return found.line.device if found is not None else None


def lapse(now: datetime) -> int:
    """End the proposals whose time or whose episode is over; return how many."""
    over = Q(expires_at__lte=now) | Q(episode__closed=True)
    waiting = JobExecution.objects.waiting().filter(over)
    return waiting.update(standing=Standing.LAPSED, finished_at=now)


def _demand(sender: Sender, platform_id: int, device: Device | None) -> None:
    if not may(sender, platform_id, device):
        raise NotDecided("role", _("Your role does not allow this."))


def _said(sender: Sender, now: datetime, comment: str) -> dict[str, object]:
    return {
        "decided_at": now,
        "decided_by": sender.user,
        "decided_name": sender.actor.label[:254],
        "comment": comment,
    }


def _decide(changed: int) -> None:
    if changed != 1:
        raise NotDecided("over", _("This is decided already, or its time is over."))


def _record(sender: Sender, target: JobExecution | Episode, comment: str, what: str) -> None:
    after = {what: True, "comment": comment}
    audit.record(sender.actor, Action.CHANGED, target, platform_id=target.platform_id, after=after)
