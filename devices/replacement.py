"""Replacing a socket or a player for another at the same place, with all history kept.

What was given for the old one never reaches the new one: it is taken back, or the replacement waits
until it is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from exporters.models import Player
from platforms import audit
from platforms.audit import Action
from platforms.models import Platform

from . import commands, sockets
from .models import Assignment, Binding, Command, Device, DeviceLine, DeviceModel, Pause
from .senders import Sender
from .sockets import Refused
from .states import State

_ON_ITS_WAY = (State.CLAIMED.value, State.SENDING.value)
_WAITING = (State.QUEUED.value, State.REJECTED.value)


@dataclass(frozen=True)
class Consequences:
    """What replacing a socket would do to what hangs on it, for people to read before."""

    taken_back: Sequence[Command]  # not sent yet: they are cancelled
    in_the_way: Sequence[Command]  # they must be over first
    left_over: Sequence[Binding]  # players on lines that the new model does not have


class UnderWay(Refused):
    """A command to the old socket is on its way, or a line of it is still to be switched on."""


def consequences(device: Device, model: DeviceModel) -> Consequences:
    """Tell what replacing would do now; reads."""
    open_ones = Command.objects.open().filter(device=device).order_by("pk")
    hung = Binding.objects.filter(line__device=device, ended_at=None, player__retired_at=None)
    numbers = model.shape.every_line
    return Consequences(
        taken_back=list(open_ones.filter(_unsent())),
        in_the_way=list(open_ones.filter(_pressing())),
        left_over=list(hung.exclude(line__number__in=numbers).select_related("player", "line")),
    )


def new_sim(device: Device, phone: str, sender: Sender, region: str | None = None) -> Device:
    """Give the same hardware a new number; its commissioning begins anew.

    Raises Refused, and PhoneError for what is no number.
    """
    with transaction.atomic():
        current = _in_use(device)
        _clear(device, sender, timezone.now())
        current.phone = phone
        return sockets.change(current, sender.actor, region)


def succeed(
    old: Device, model: DeviceModel, phone: str, sender: Sender, region: str | None = None
) -> Device:
    """Put other hardware in the place of a socket, which retires with its history.

    Name, site, notes, switches, players by line, assigned people and pauses go to the new one.
    Raises Refused, and PhoneError for what is no number. The number may be the old one.
    """
    with transaction.atomic():
        now = timezone.now()
        old = _in_use(old)
        _clear(old, sender, now)
        hung = list(
            Binding.objects.filter(line__device=old, ended_at=None)
            .select_related("player", "line")
            .order_by("pk")
        )
        names = dict(old.lines.values_list("number", "name"))
        sockets.retire(old, sender.actor)
        new = Device(
            platform_id=old.platform_id,
            model=model,
            name=old.name,
            phone=phone,
            site_id=old.site_id,
            gateway_id=old.gateway_id,
            notes=old.notes,
            enabled=old.enabled,
            reset_only=old.reset_only,
        )
        sockets.register(new, sender.actor, region)
        lines = {line.number: line for line in DeviceLine.objects.filter(device=new)}
        for number, line in lines.items():
            if names.get(number):
                sockets.rename(line, names[number], sender.actor)
        for binding in hung:
            if binding.line.number in lines:
                sockets.bind(binding.player, lines[binding.line.number], sender.actor)
        _hand_over(old, new, sender, now)
    return new


def swap_players(old: Player, new: Player, sender: Sender) -> Binding:
    """Hang a player on the line of another, which hangs on nothing then; both keep their history.

    Raises Refused where the old one hangs on no line.
    """
    if old.platform_id != new.platform_id or old.pk == new.pk:
        raise ValueError("two players of one platform")
    with transaction.atomic():
        Platform.objects.locked(old.platform_id)
        bindings = Binding.objects.filter(player=old, ended_at=None).select_related("line__device")
        current = bindings.first()
        if current is None:
            raise Refused(_("This player no longer hangs on a line."))
        sockets.unbind(old, sender.actor)
        return sockets.bind(new, current.line, sender.actor)


def _in_use(device: Device) -> Device:
    """Return the socket as it is under the lock; raise Refused when it was taken out meanwhile."""
    Platform.objects.locked(device.platform_id)
    # unscoped: the row that the caller reached by for_user, as it is now
    current: Device = Device.objects.select_related("model").get(pk=device.pk)
    if current.retired_at is not None:
        raise Refused(_("The socket was taken out of use."))
    return current


def _clear(device: Device, sender: Sender, now: datetime) -> None:
    """Take back what was not sent; raise UnderWay while something is on its way.

    The rows are locked: a worker that is about to send one of them waits for the end of this
    transaction, and then finds the socket changed.
    """
    rows = Command.objects.open().filter(device=device).order_by("pk")
    list(rows.select_for_update(of=("self",)).values_list("pk", flat=True))
    if rows.filter(_pressing()).exists():
        raise UnderWay(
            _(
                "A command to this socket is on its way, or a line of it is still to be switched "
                "on again. Wait until that is over: a few minutes."
            )
        )
    for command in rows.filter(_unsent(), head=None):
        try:
            commands.cancel(command, sender, now)
        except commands.CommandRefused as error:
            text = _("A command to this socket cannot be taken back: %(why)s")
            raise UnderWay(text % {"why": error}) from error


def _pressing() -> Q:
    """Match what may go to the wire in spite of everything, or is going."""
    follows_sent = Q(head__isnull=False, state__in=_WAITING, head__wire_at__isnull=False)
    still_dark = Q(owed=True) & ~Q(state=State.ACCEPTED.value)
    return Q(state__in=_ON_ITS_WAY) | still_dark | follows_sent


def _unsent() -> Q:
    return Q(state__in=_WAITING, owed=False)


def _hand_over(old: Device, new: Device, sender: Sender, now: datetime) -> None:
    Assignment.objects.bulk_create(
        Assignment(platform_id=new.platform_id, user_id=user, device=new)
        for user in Assignment.objects.filter(device=old).values_list("user", flat=True)
    )
    for pause in Pause.objects.at(now).filter(device=old):
        Pause.objects.create(
            platform_id=new.platform_id,
            device=new,
            reason=pause.reason,
            author=pause.author,
            author_name=pause.author_name,
            expires_at=pause.expires_at,
        )
    Device.objects.filter(pk=old.pk).update(successor=new)
    audit.record(
        sender.actor,
        Action.CHANGED,
        old,
        platform_id=old.platform_id,
        before={"successor_id": None},
        after={"successor_id": new.pk},
    )
