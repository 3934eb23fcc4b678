"""The only writer of power outages: one message at a time, in whatever order they come.

The outages are always those that all messages so far would make in the order of their moments:
mains lost begins one unless one lasts, mains back ends it. A person ends one where that message
was lost.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from platforms import audit
from platforms.audit import Action, Actor

from .models import Device, IncomingSms, PowerOutage
from .replies import Meaning


def note(message: IncomingSms, device: Device) -> None:
    """Take in a message of mains lost or back; the socket's row is locked by the caller."""
    write = _lost if message.kind == Meaning.MAINS_LOST.value else _back
    if not write(message, device):
        return
    current = PowerOutage.objects.filter(device=device, ended=None).first()
    since = current.began if current is not None else None
    Device.objects.filter(pk=device.pk).update(mains_lost_at=since)


def close(outage: PowerOutage, reason: str, actor: Actor, now: datetime) -> bool:
    """End an outage by hand; False: it is over already. The door asked for the right."""
    # unscoped: what the caller reached
    with transaction.atomic():
        # Messages of this socket wait for the lock, as this waits for theirs.
        device = Device.objects.select_for_update(of=("self",)).get(pk=outage.device_id)
        lasting = PowerOutage.objects.filter(pk=outage.pk, ended=None).first()
        if lasting is None:
            return False
        outage.began = lasting.began
        outage.ended = max(now, lasting.began)  # clocks of networks may be ahead of ours
        outage.closed_by, outage.closed_reason = actor.label[:254], reason[:255]
        outage.save(update_fields=["ended", "closed_by", "closed_reason"])
        Device.objects.filter(pk=device.pk).update(mains_lost_at=None)
        audit.record(
            actor,
            Action.CHANGED,
            device,
            platform_id=device.platform_id,
            before={"mains_lost_at": outage.began.isoformat()},
            after={"mains_lost_at": None, "reason": outage.closed_reason},
        )
    return True


def _lost(message: IncomingSms, device: Device) -> bool:
    """Begin an outage, or date one back; False: it lasted already."""
    if _covering(device, message.moment) is not None:
        return False
    following = _told_after(message, device).order_by("moment", "pk").first()
    if following is not None and following.kind == Meaning.MAINS_LOST.value:
        # Told late: what that one began had begun before.
        begun = PowerOutage.objects.filter(device=device, began=following.moment)
        begun.update(began=message.moment, told_by=message)
        return True
    PowerOutage.objects.create(
        platform_id=device.platform_id,
        device=device,
        began=message.moment,
        told_by=message,
        ended=None if following is None else following.moment,
        ended_by=following,
    )
    return True


def _back(message: IncomingSms, device: Device) -> bool:
    """End the outage that lasted then, and begin what was told of later anew; False: none did."""
    lasting = _covering(device, message.moment)
    if lasting is None:
        return False
    ended, ended_by = lasting.ended, lasting.ended_by
    closed_by, closed_reason = lasting.closed_by, lasting.closed_reason
    lasting.ended, lasting.ended_by = message.moment, message
    lasting.closed_by = lasting.closed_reason = ""  # the message that was missed has come
    lasting.save(update_fields=["ended", "ended_by", "closed_by", "closed_reason"])
    again = _told_after(message, device).filter(kind=Meaning.MAINS_LOST.value)
    if ended is not None:
        again = again.filter(moment__lt=ended)
    first = again.order_by("moment", "pk").first()
    if first is not None:
        PowerOutage.objects.create(
            platform_id=device.platform_id,
            device=device,
            began=first.moment,
            told_by=first,
            ended=ended,
            ended_by=ended_by,
            closed_by=closed_by,
            closed_reason=closed_reason,
        )
    return True


def _covering(device: Device, moment: datetime) -> PowerOutage | None:
    """Return the outage that lasted at a moment."""
    rows = PowerOutage.objects.filter(device=device, began__lte=moment)
    return rows.filter(Q(ended=None) | Q(ended__gt=moment)).order_by("-began").first()


def _told_after(message: IncomingSms, device: Device) -> "QuerySet[IncomingSms]":
    """Return what the socket told of its mains later."""
    kinds = [Meaning.MAINS_LOST.value, Meaning.MAINS_BACK.value]
    rows: QuerySet[IncomingSms] = IncomingSms.objects.filter(
        device=device, kind__in=kinds, moment__gt=message.moment
    )
    return rows
