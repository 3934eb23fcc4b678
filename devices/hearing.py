"""Reads stored messages: whose socket says what, and about which command. Triggers no command.

A caller id is no authentication: whatever a message says changes what is shown, and closes at most
a doubt about a command that went out before.
"""

import logging
from collections.abc import Mapping
from datetime import datetime

from django.db import DatabaseError, OperationalError, transaction
from django.db.models import Q

from . import outages, replies
from .models import Command, CommandLine, Device, DeviceLine, IncomingSms, SmsGateway
from .models.incoming import MAINS
from .pace import CLOCKS, LIMITS
from .replies import Meaning, Reply
from .states import Effect, State

logger = logging.getLogger(__name__)

BATCH = 500  # messages a call
# What a message can trip over; not among them that the worker's time is over.
_FAULTS = (
    *(ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError),
    DatabaseError,
)
_ANYTHING = frozenset(Effect)
_SWITCHING = frozenset({Effect.QUERY, Effect.CYCLE, Effect.TIMER})
#: Which messages can be answered so; what is not here can be an answer to anything.
_ANSWERS: Mapping[Meaning, frozenset[Effect]] = {
    Meaning.ON: _SWITCHING | {Effect.ON},
    Meaning.OFF: _SWITCHING | {Effect.OFF},
    Meaning.STATUS: _SWITCHING | {Effect.ON, Effect.OFF},
    Meaning.GSM_LEVEL: frozenset({Effect.QUERY, Effect.CONFIG}),
    Meaning.NUMBER_TAKEN: frozenset({Effect.CONFIG}),
    Meaning.ADMIN_REGISTERED: frozenset({Effect.CONFIG}),
    # The socket tells of its mains by itself.
    Meaning.MAINS_LOST: frozenset(),
    Meaning.MAINS_BACK: frozenset(),
}
# By which state of a line it cannot have been.
_BELIED: Mapping[Effect, frozenset[bool]] = {
    Effect.ON: frozenset({False}),
    Effect.OFF: frozenset({True}),
}


def read_waiting(now: datetime, gateway: SmsGateway | None = None, most: int = BATCH) -> int:
    """Read messages that were stored and not read, in the order in which they came.

    Returns how many. Of two workers that meet, one waits for the other at each message.
    """
    waiting = IncomingSms.objects.unread().order_by("pk")
    if gateway is not None:
        waiting = waiting.filter(gateway=gateway)
    return sum(_read(pk, now) for pk in list(waiting.values_list("pk", flat=True)[:most]))


def _read(pk: int, now: datetime) -> bool:
    try:
        with transaction.atomic():
            return _understood(pk, now)
    except OperationalError:
        raise  # the database is away: the message waits for it
    except _FAULTS as error:
        # Anybody can send an SMS: one that trips a fault of ours must not hold up all that follow.
        logger.exception("Message %s could not be read (%s).", pk, type(error).__name__)
        unknown = Meaning.UNKNOWN.value
        return IncomingSms.objects.unread().filter(pk=pk).update(read_at=now, kind=unknown) == 1


def _understood(pk: int, now: datetime) -> bool:
    """Match, adopt, read, tie; False: somebody else has read it."""
    rows = IncomingSms.objects.unread().select_related("gateway")
    message: IncomingSms | None = (
        rows.select_for_update(of=("self",), no_key=True).filter(pk=pk).first()
    )
    if message is None:
        return False
    message.read_at = now
    message.kind = Meaning.UNKNOWN.value
    device = _sender_of(message)
    if device is not None:
        reply = replies.read(_family(device), message.text)
        message.kind = reply.meaning.value
        message.meaning = _details(reply)
        message.device, message.platform_id = device, device.platform_id
        message.command = _answered(message, device, reply)
    message.save(update_fields=["read_at", "kind", "meaning", "device", "platform", "command"])
    if device is not None:
        _note(message, device, reply)
    return True


def _sender_of(message: IncomingSms) -> Device | None:
    """Return the socket in use that has this phone, locked; None: the message is of no platform.

    Its gateway has to be one that the socket's platform may use: the own one of a platform never
    speaks for another's sockets. A message from before the socket was registered stays nobody's,
    for good: the number may have been another tenant's, and who registers a number must not come
    to read by that what others wrote from it.
    """
    devices = Device.objects.in_use().filter(
        phone=message.sender,
        created_at__lte=min(message.received_at, message.moment + CLOCKS),
    )
    if message.gateway.platform_id is not None:
        devices = devices.filter(platform=message.gateway.platform_id)
    device: Device | None = (
        devices.select_related("model").select_for_update(of=("self",), no_key=True).first()
    )
    return device


def _family(device: Device) -> str:
    """Return in which words the socket speaks; those of a withdrawn model nobody knows."""
    try:
        return device.model.shape.replies
    except KeyError:
        return ""


def _details(reply: Reply) -> dict[str, object]:
    details: dict[str, object] = {}
    if reply.lines:
        details["lines"] = {str(number): on for number, on in sorted(reply.lines.items())}
    if reply.level is not None:
        details["level"] = reply.level
    return details


def _answered(message: IncomingSms, device: Device, reply: Reply) -> Command | None:
    """Return the command that this answers; None: the socket speaks by itself.

    Of the socket's commands that went out in the time for a reply before the message was sent, and
    that can be answered so: first those that are not over, then those without an answer yet, then
    the last. A command that provably never went out is answered by nothing.
    """
    if not _ANSWERS.get(reply.meaning, _ANYTHING):
        return None
    moment = message.moment
    sent: list[Command] = list(
        Command.objects.filter(
            device=device,
            phone=message.sender,  # a new SIM answers nothing that went to the old one
            wire_at__gte=moment - LIMITS.reply,
            wire_at__lte=min(message.received_at, moment + CLOCKS),
        )
        .exclude(state=State.NOT_SENT.value)
        .order_by("-wire_at", "-pk")[:50]
    )
    fitting = [command for command in sent if _fits(command, reply)]
    fitting.sort(key=lambda command: (command.closed, command.replied_at is not None))
    return fitting[0] if fitting else None


def _fits(command: Command, reply: Reply) -> bool:
    if Effect(command.effect) not in _ANSWERS.get(reply.meaning, _ANYTHING):
        return False
    named = {number for number in reply.lines if number}
    if not named or Effect(command.effect) is Effect.QUERY:
        return True
    lines = CommandLine.objects.filter(command=command.head_id or command.pk)
    switched = named.intersection(lines.values_list("line__number", flat=True))
    told = {reply.lines[number] for number in switched}
    # What an `off` says of its line is no proof of the `on` that follows it, nor the other way.
    return bool(told - _BELIED.get(Effect(command.effect), frozenset()))


def _note(message: IncomingSms, device: Device, reply: Reply) -> None:
    """Write down what the socket told, unless something newer is known."""
    moment = message.moment
    told: dict[str, object] = {}
    if device.heard_at is None or device.heard_at < moment:
        told["heard_at"] = moment
    if reply.level is not None and (device.gsm_level_at is None or device.gsm_level_at <= moment):
        told |= {"gsm_level": reply.level, "gsm_level_at": moment}
    if told:
        Device.objects.filter(pk=device.pk).update(**told)
    if reply.lines:
        _note_lines(device, reply.lines, moment)
    if message.command is not None:
        at = max(moment, message.command.wire_at or moment)
        first = Q(replied_at=None) | Q(replied_at__gt=at)
        Command.objects.filter(first, pk=message.command.pk).update(replied_at=at)
    if message.kind in MAINS:
        outages.note(message, device)


def _note_lines(device: Device, told: Mapping[int, bool], moment: datetime) -> None:
    lines = {line.number: line for line in DeviceLine.objects.filter(device=device)}
    for number, on in told.items():
        # An outlet without a number is the only one that there is, else nobody knows which.
        known = lines.get(number) or (lines.get(1) if len(lines) == 1 and not number else None)
        if known is not None and (known.told_at is None or known.told_at <= moment):
            DeviceLine.objects.filter(pk=known.pk).update(is_on=on, told_at=moment)
