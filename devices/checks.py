"""What stands against a command that somebody wishes for, to be told beforehand and to refuse it.

Reads a fixed number of rows for any number of sockets and decides; writes nothing. The outbox asks
again right before the wire (gates.py).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import F, Q
from django.utils.translation import gettext as _

from . import gates, ledger
from .catalogue import CatalogueError
from .composition import Composed, compose
from .models import CommandLine, CommandTemplate, Device, DeviceLine, Pause, SmsGateway
from .segments import cost
from .senders import Sender
from .states import RESENDABLE, leaves_on
from .templates import Danger, Template


class Refusal(NamedTuple):
    """Why a command is not given: `code` for programs, words for people, its end where known."""

    code: str
    why: str
    until: datetime | None = None


class CommandRefused(Exception):
    """A command that is not given; `code` for programs, the text for people."""

    def __init__(self, code: str, why: str, until: datetime | None = None) -> None:
        super().__init__(why)
        self.code = code
        self.until = until


@dataclass(frozen=True)
class Wish:
    """A command that somebody would give: what, to which socket, with which values, who and when.

    Its representation hides the values: one may be a secret.
    """

    device: Device
    template: CommandTemplate
    shape: Template
    composed: Composed
    sender: Sender
    now: datetime

    def __repr__(self) -> str:
        return f"<Wish: {self.template.key} to {self.device.pk}>"

    @property
    def holds(self) -> bool:
        """Tell whether it switches a line off, be it for a moment."""
        return any(message.effect not in RESENDABLE for message in self.composed.messages)

    @property
    def segments(self) -> int:
        """Return how many SMS all its messages cost."""
        return sum(cost(message.text).segments for message in self.composed.messages)


@dataclass(frozen=True)
class Circumstances:
    """What was read of some sockets, at one moment, for one sender."""

    allowed: Mapping[Danger, frozenset[int]]  # sockets by what may be sent to them
    gateways: Sequence[SmsGateway]
    pauses: Sequence[Pause]
    lines: Mapping[int, Mapping[int, DeviceLine]]  # of a socket, by number
    held: Mapping[int, Sequence[CommandLine]]  # by line: under way, or cooling down
    rooms: Mapping[int, Sequence[ledger.Room]]  # by platform

    def gateway_of(self, device: Device) -> SmsGateway | None:
        """Return the gateway that would send: the socket's own, the platform's, the shared one."""
        for gateway in self.gateways:
            usable = gateway.platform_id in (None, device.platform_id)
            if usable and device.gateway_id in (None, gateway.pk):
                return gateway
        return None

    def pause_of(self, device: Device) -> Pause | None:
        """Return the pause that stops a socket."""
        for pause in self.pauses:
            of_platform = pause.platform_id in (None, device.platform_id)
            if of_platform and pause.device_id in (None, device.pk):
                return pause
        return None


def wish(
    template: CommandTemplate,
    device: Device,
    values: Mapping[str, str],
    sender: Sender,
    now: datetime,
) -> Wish:
    """Return what would be sent; raise CommandRefused, ParametersRefused or TextRefused."""
    shape = shape_of(template, device)
    return Wish(device, template, shape, compose(device.model.shape, shape, values), sender, now)


def shape_of(template: CommandTemplate, device: Device) -> Template:
    """Return the template itself; raise CommandRefused where the socket has no such command."""
    foreign = template.platform_id not in (None, device.platform_id)
    if foreign or template.model_id != device.model_id or template.withdrawn_at is not None:
        raise CommandRefused("template", _("This socket has no such command."))
    try:
        _known = device.model.shape  # raises KeyError where the model was withdrawn
        return template.shape
    except (KeyError, CatalogueError) as error:
        raise CommandRefused("template", _("This socket has no such command.")) from error


def circumstances(
    devices: Sequence[Device], sender: Sender, now: datetime, dangers: Iterable[Danger]
) -> Circumstances:
    """Read what decides about these sockets: a fixed number of queries for all of them."""
    pks = [device.pk for device in devices]
    platforms = {device.platform_id: device.platform for device in devices}
    shared = Q(platform_id=None) | Q(platform_id__in=platforms)
    lines: dict[int, dict[int, DeviceLine]] = {pk: {} for pk in pks}
    for line in DeviceLine.objects.filter(device_id__in=pks).order_by("number"):
        lines[line.device_id][line.number] = line
    held: dict[int, list[CommandLine]] = {}
    still = Q(closed=False) | Q(cooldown_until__gt=now)
    for row in CommandLine.objects.filter(still, line__device_id__in=pks, holds=True):
        held.setdefault(row.line_id, []).append(row)
    gateways = SmsGateway.objects.filter(shared, enabled=True)
    pauses = Pause.objects.at(now).filter(shared, Q(device=None) | Q(device_id__in=pks))
    return Circumstances(
        allowed={danger: sender.among(danger, devices) for danger in dangers},
        gateways=list(gateways.order_by(F("platform_id").asc(nulls_last=True), "pk")),
        pauses=list(pauses.order_by("pk")),
        lines=lines,
        held=held,
        rooms=ledger.rooms(platforms.values(), now),
    )


def refusals(asked: Wish, around: Circumstances) -> Iterator[Refusal]:
    """Yield everything that stands against it now, in the order in which people are told."""
    yield from _of_rights(asked, around)
    yield from _of_device(asked)
    if around.gateway_of(asked.device) is None:
        yield Refusal("gateway", _("There is no SMS gateway that could send this."))
    yield from _of_pause(asked, around)
    yield from _of_lines(asked, around)
    room = around.rooms[asked.device.platform_id]
    if spent := ledger.shortage(room, asked.segments, by_job=asked.sender.is_job):
        yield Refusal("budget", str(spent))


def _of_rights(asked: Wish, around: Circumstances) -> Iterator[Refusal]:
    if asked.device.pk not in around.allowed[asked.composed.danger]:
        yield Refusal("role", _("Your role does not allow this command."))
    if asked.sender.is_job and not asked.template.for_jobs:
        yield Refusal("automation", _("Jobs may not send this command."))


def _of_device(asked: Wish) -> Iterator[Refusal]:
    device = asked.device
    if not device.enabled or device.retired_at is not None or not device.platform.active:
        yield Refusal("device", _("The socket is disabled or was taken out."))
    if device.reset_only and not _restores(asked.composed, asked.shape):
        yield Refusal("reset_only", _("This socket may be restarted, but not switched off."))


def _of_pause(asked: Wish, around: Circumstances) -> Iterator[Refusal]:
    pause = around.pause_of(asked.device)
    for message in asked.composed.messages:
        if pause is not None and (shut := gates.pause_of(message.effect, pause)):
            yield Refusal(shut.name, gates.words_of(pause), pause.expires_at)
            return


def _of_lines(asked: Wish, around: Circumstances) -> Iterator[Refusal]:
    lines = around.lines.get(asked.device.pk, {})
    if not set(asked.composed.lines) <= set(lines):
        yield Refusal("line", _("This socket has no such line."))
        return
    if not asked.holds:
        return
    held = [row for number in asked.composed.lines for row in around.held.get(lines[number].pk, ())]
    if any(not row.closed for row in held):
        yield Refusal("in_flight", _("A command to this line is under way."))
    ends = [row.cooldown_until for row in held if row.cooldown_until is not None]
    if (end := max(ends, default=asked.now)) > asked.now:
        yield Refusal("cooldown", _("The line was switched a short time ago."), end)


def _restores(composed: Composed, shape: Template) -> bool:
    """Tell whether the lines are on afterwards, whatever happens in between."""
    if not composed.lines:
        return True
    return shape.self_restoring or leaves_on(each.effect for each in composed.messages)
