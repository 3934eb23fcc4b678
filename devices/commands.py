"""Giving commands, and taking them back: every command begins here, a person's or a job's.

One transaction: the rows, the lines, the audit. Nothing is sent here; the outbox finds the rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from platforms import audit
from platforms.audit import Action

from . import gates, hints, journal
from .catalogue import CatalogueError
from .composition import Composed, Message, compose
from .journal import NotMoved
from .models import (
    Command,
    CommandLine,
    CommandTemplate,
    Device,
    DeviceLine,
    Pause,
    SmsGateway,
)
from .moves import Happening, obstacle_to_another
from .pace import LIFE, LIMITS
from .segments import cost
from .senders import Sender
from .states import RESENDABLE, Effect, Event, State
from .templates import Danger, Template

_KEYS = UUID("5f0c5a0e-6a7f-4c62-9d0b-0f5c8d1f7c11")


class CommandRefused(Exception):
    """A command that is not given; `code` for programs, the text for people."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True)
class _Wish:
    """Everything that a command is made of, checked."""

    device: Device
    template: CommandTemplate
    composed: Composed
    values: Mapping[str, str]
    gateway: SmsGateway
    sender: Sender
    key: UUID
    now: datetime
    watched: bool


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
    watched: bool = False,
    confirmed: bool = False,
) -> Command:
    """Give a command; return its (first) row, the old one where the key was used for the same.

    Raises CommandRefused, ParametersRefused and TextRefused; refusals go into the audit. `watched`:
    somebody will tell by the players whether it worked.
    """
    try:
        return _queue(template, device, values, sender, key, now, watched, confirmed)
    except CommandRefused as error:
        after = {"command": template.key, "refused": error.code}
        platform_id = device.platform_id
        audit.record(sender.actor, Action.REFUSED, device, platform_id=platform_id, after=after)
        raise


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
    watched: bool,
    confirmed: bool,
) -> Command:
    shape = _shape(template, device)
    composed = compose(device.model.shape, shape, values)
    gateway = _gateway(device)
    wish = _Wish(device, template, composed, values, gateway, sender, key, now, watched)
    _check_rights(wish, confirmed)
    if (known := Command.objects.filter(key=key).first()) is not None:
        return _same(known, wish)
    _check_device(wish, shape)
    try:
        with transaction.atomic():
            return _write(wish, shape)
    except IntegrityError as error:
        if (known := Command.objects.filter(key=key).first()) is not None:
            return _same(known, wish)  # the same wish came twice at once
        if "one_power_command_a_line" in str(error) or "line_id" in str(error):
            raise CommandRefused("in_flight", _("A command to this line is under way.")) from error
        raise


def _shape(template: CommandTemplate, device: Device) -> Template:
    foreign = template.platform_id not in (None, device.platform_id)
    if foreign or template.model_id != device.model_id or template.withdrawn_at is not None:
        raise CommandRefused("template", _("This socket has no such command."))
    try:
        return template.shape
    except (KeyError, CatalogueError) as error:
        raise CommandRefused("template", _("This socket has no such command.")) from error


def _gateway(device: Device) -> SmsGateway:
    usable = SmsGateway.objects.usable_on(device.platform_id).filter(enabled=True)
    if device.gateway_id is not None:
        usable = usable.filter(pk=device.gateway_id)
    gateway: SmsGateway | None = usable.order_by(
        F("platform_id").asc(nulls_last=True), "pk"
    ).first()
    if gateway is None:
        raise CommandRefused("gateway", _("There is no SMS gateway that could send this."))
    return gateway


def _check_rights(wish: _Wish, confirmed: bool) -> None:
    danger = wish.composed.danger
    if not wish.sender.may(danger, wish.device):
        raise CommandRefused("role", _("Your role does not allow this command."))
    if wish.sender.is_job and not wish.template.for_jobs:
        raise CommandRefused("automation", _("Jobs may not send this command."))
    if danger is Danger.DESTRUCTIVE and not confirmed:
        raise CommandRefused("confirmation", _("Confirm this command: it cannot be undone."))


def _check_device(wish: _Wish, shape: Template) -> None:
    device = wish.device
    if not device.enabled or device.retired_at is not None or not device.platform.active:
        raise CommandRefused("device", _("The socket is disabled or was taken out."))
    if device.reset_only and not _restores(wish.composed, shape):
        raise CommandRefused("reset_only", _("This socket may be restarted, but not switched off."))
    pause = Pause.objects.stopping(device, wish.now).first()
    for message in wish.composed.messages:
        if shut := gates.pause_of(message.effect, pause):
            raise CommandRefused(shut.name, shut.why)
    if _holds(wish.composed) and _lines(wish).filter(
        commands__holds=True, commands__cooldown_until__gt=wish.now
    ):
        raise CommandRefused("cooldown", _("The line was switched a short time ago."))


def _restores(composed: Composed, shape: Template) -> bool:
    """Tell whether the lines are on afterwards, whatever happens in between."""
    if not composed.lines:
        return True
    last = composed.messages[-1].effect
    return shape.self_restoring or last in (Effect.ON, Effect.CYCLE, Effect.QUERY)


def _holds(composed: Composed) -> bool:
    return any(message.effect not in RESENDABLE for message in composed.messages)


def _lines(wish: _Wish) -> "QuerySet[DeviceLine]":
    lines: QuerySet[DeviceLine] = DeviceLine.objects.filter(
        device=wish.device, number__in=wish.composed.lines
    )
    return lines


def _same(known: Command, wish: _Wish) -> Command:
    first = wish.composed.messages[0]
    asked = (wish.device.pk, wish.template.key, first.shown, first.text)
    if (known.device_id, known.template_key, known.text, known.wire_text()) != asked:
        raise CommandRefused("key", _("This key was used for another command."))
    return known


def _write(wish: _Wish, shape: Template) -> Command:
    lines = list(_lines(wish))
    if len(lines) != len(wish.composed.lines):
        raise CommandRefused("line", _("This socket has no such line."))
    first, *rest = wish.composed.messages
    head = previous = _insert(wish, shape, first, wish.key, None, None)
    for number, message in enumerate(rest, start=1):
        key = uuid5(wish.key, str(number))
        previous = _insert(wish, shape, message, key, head, previous)
    holds = _holds(wish.composed)
    CommandLine.objects.bulk_create(
        CommandLine(platform_id=head.platform_id, command=head, line=line, holds=holds)
        for line in lines
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
    wish: _Wish,
    shape: Template,
    message: Message,
    key: UUID,
    head: Command | None,
    previous: Command | None,
) -> Command:
    device, sender = wish.device, wish.sender
    is_secret = message.text != message.shown
    shown = {each.name: wish.values[each.name] for each in shape.parameters if not each.secret}
    command: Command = Command.objects.create(
        platform_id=device.platform_id,
        key=key,
        device=device,
        gateway=wish.gateway,
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
        watched=wish.watched and head is None,
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
