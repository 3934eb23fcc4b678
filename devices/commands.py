"""Giving commands, and taking them back: every command begins here, a person's or a job's.

One transaction: the rows, the lines, the audit. Nothing is sent here; the outbox finds the rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from exporters.models import Player
from platforms import audit
from platforms.audit import Action

from . import checks, hints, journal, ledger
from .checks import Circumstances, CommandRefused, Wish
from .composition import Message
from .journal import NotMoved
from .models import (
    Binding,
    Command,
    CommandLine,
    CommandTemplate,
    Device,
    DeviceLine,
    SmsGateway,
)
from .moves import Happening, obstacle_to_another
from .pace import LIFE, LIMITS
from .segments import cost
from .senders import Sender
from .states import SWITCHING, Event, State, leaves_on
from .templates import Danger

__all__ = ["CommandRefused", "cancel", "close_doubt", "key_of", "queue", "record_refusal"]

# What is refused to a sender whether or not the key was used before.
OF_THE_SENDER = frozenset({"role", "automation"})
_KEYS = UUID("5f0c5a0e-6a7f-4c62-9d0b-0f5c8d1f7c11")


@dataclass(frozen=True)
class _Order:
    """A wish that nothing stands against, with what its rows need besides."""

    wish: Wish
    around: Circumstances
    gateway: SmsGateway
    values: Mapping[str, str]
    key: UUID
    watched: bool

    def __repr__(self) -> str:
        return f"<_Order: {self.wish!r}>"  # a value may be a secret


def key_of(platform_id: int, text: str) -> UUID:
    """Return the key of a wish that somebody named: an Idempotency-Key, an attempt of a job."""
    return uuid5(_KEYS, f"{platform_id}:{text}")


def queue(
    template: CommandTemplate,
    device: Device,
    values: Mapping[str, str],
    sender: Sender,
    key: UUID,
    now: datetime,
    *,
    watched: bool | None = None,
    confirmed: bool = False,
) -> Command:
    """Give a command; return its (first) row, the old one where the key was used for the same.

    Raises CommandRefused, ParametersRefused and TextRefused; refusals go into the audit. `watched`:
    the players tell whether it worked; None: they do where a person brings power back to some.
    """
    try:
        return _queue(template, device, values, sender, key, now, watched, confirmed)
    except CommandRefused as error:
        record_refusal(template, device, sender, error.code)
        if error.code == "budget":
            ledger.warn_of_refusal(device.platform, now, by_job=sender.is_job)
        raise


def record_refusal(template: CommandTemplate, device: Device, sender: Sender, code: str) -> None:
    """Write down that somebody wished for a command and did not get it."""
    after = {"command": template.key, "refused": code}
    audit.record(sender.actor, Action.REFUSED, device, platform_id=device.platform_id, after=after)


def cancel(command: Command, sender: Sender, now: datetime) -> None:
    """Take a command back that has not gone out; raise CommandRefused."""
    if not sender.may(Danger(command.danger), command.device):
        raise CommandRefused("role", _("Your role does not allow this command."))
    with transaction.atomic():
        # A sequence is taken back by its head: what follows goes with it.
        current = Command.objects.locked(command.head_id or command.pk)
        _move(current, Happening(Event.CANCEL, now), sender.actor.label)
        audit.record(sender.actor, Action.CANCELLED, current, platform_id=current.platform_id)


def close_doubt(command: Command, sender: Sender, now: datetime, *, confirmed: bool) -> None:
    """Give an unknown command up, after its window, so that a person can send another."""
    if not sender.may(Danger(command.danger), command.device):
        raise CommandRefused("role", _("Your role does not allow this command."))
    with transaction.atomic():
        current = Command.objects.locked(command.pk)
        happening = Happening(Event.RETRY, now, confirmed=confirmed)
        if obstacle := obstacle_to_another(current.as_moved(), happening, LIMITS):
            raise CommandRefused(obstacle.value, str(obstacle))
        _move(current, happening, sender.actor.label)
        audit.record(sender.actor, Action.CHANGED, current, platform_id=current.platform_id)


def _queue(
    template: CommandTemplate,
    device: Device,
    values: Mapping[str, str],
    sender: Sender,
    key: UUID,
    now: datetime,
    watched: bool | None,
    confirmed: bool,
) -> Command:
    wish = checks.wish(template, device, values, sender, now)
    danger = wish.composed.danger
    around = checks.circumstances([device], sender, now, [danger])
    against = list(checks.refusals(wish, around))
    for refusal in against:
        if refusal.code in OF_THE_SENDER:
            raise CommandRefused(*refusal)
    if danger is Danger.DESTRUCTIVE and not confirmed:
        raise CommandRefused("confirmation", _("Confirm this command: it cannot be undone."))
    if (known := Command.objects.filter(key=key).first()) is not None:
        return _same(known, wish)
    gateway = around.gateway_of(device)
    if against or gateway is None:
        raise CommandRefused(*against[0])
    try:
        with transaction.atomic():
            watches = _feeds(wish) if watched is None else watched
            return _write(_Order(wish, around, gateway, values, key, watches))
    except IntegrityError as error:
        if (known := Command.objects.filter(key=key).first()) is not None:
            return _same(known, wish)  # the same wish came twice at once
        if "one_power_command_a_line" in str(error) or "line_id" in str(error):
            raise CommandRefused("in_flight", _("A command to this line is under way.")) from error
        raise


def _feeds(wish: Wish) -> bool:
    """Tell whether a person asks for power that players hang on which could tell of it."""
    if wish.sender.is_job or not _ends_on(wish):
        return False
    lines = DeviceLine.objects.filter(device=wish.device, number__in=wish.composed.lines)
    players = Player.objects.enrolled().filter(exporter__enabled=True)
    fed = Binding.objects.filter(line__in=lines, player__in=players, ended_at=None)
    return bool(fed.exists())


def _ends_on(wish: Wish) -> bool:
    effects = [message.effect for message in wish.composed.messages]
    return not SWITCHING.isdisjoint(effects) and leaves_on(effects)


def _same(known: Command, wish: Wish) -> Command:
    asked = [(message.shown, message.text) for message in wish.composed.messages]
    rows = Command.objects.sequence_of(known)
    there = [(row.text, row.wire_text()) for row in rows]
    same = (known.device_id, known.template_key) == (wish.device.pk, wish.template.key)
    if not same or there != asked:
        raise CommandRefused("key", _("This key was used for another command."))
    known.repeated = True
    return known


def _write(order: _Order) -> Command:
    wish = order.wish
    first, *rest = wish.composed.messages
    head = previous = _insert(order, first, order.key, None, None)
    for number, message in enumerate(rest, start=1):
        key = uuid5(order.key, str(number))
        previous = _insert(order, message, key, head, previous)
    lines = order.around.lines[wish.device.pk]
    CommandLine.objects.bulk_create(
        CommandLine(
            platform_id=head.platform_id, command=head, line=lines[number], holds=wish.holds
        )
        for number in wish.composed.lines
    )
    audit.record(
        wish.sender.actor,
        Action.COMMANDED,
        wish.device,
        platform_id=head.platform_id,
        after={"command": head.template_key, "text": head.text, "key": str(head.key)},
    )
    hints.hint()
    return head


def _insert(
    order: _Order, message: Message, key: UUID, head: Command | None, previous: Command | None
) -> Command:
    wish = order.wish
    device, sender, parameters = wish.device, wish.sender, wish.shape.parameters
    is_secret = message.text != message.shown
    shown = {each.name: order.values[each.name] for each in parameters if not each.secret}
    command: Command = Command.objects.create(
        platform_id=device.platform_id,
        key=key,
        device=device,
        gateway=order.gateway,
        template=wish.template,
        template_key=wish.template.key,
        model_key=device.model.key,
        phone=device.phone,
        text=message.shown,
        secret_text=message.text if is_secret else "",
        parameters=shown,
        segments=cost(message.text).segments,
        danger=wish.composed.danger,
        head=head,
        previous=previous,
        after=message.after,
        effect=message.effect,
        state=State.QUEUED.value,
        watched=order.watched and head is None,
        # What follows has no time of its own: it goes when the one before it went.
        expires_at=wish.now + LIFE if head is None else None,
        by_job=sender.is_job,
        author=sender.user,
        author_name=sender.actor.label[:254],
    )
    journal.begin(command, wish.now)
    return command


def _move(command: Command, happening: Happening, reason: str) -> None:
    try:
        journal.move(command, happening, reason)
    except NotMoved as error:
        raise CommandRefused(error.obstacle.value, str(error.obstacle)) from error
