"""One command to many sockets: first what would happen to each, then the same for real.

Each socket has its own key, made of the one key of the whole: repeated, nothing is given twice, and
what was cut short is completed. The caller found sockets and template by its own scope.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid5

from django.utils.translation import gettext as _, ngettext

from exporters.live import State

from . import checks, commands, ledger
from .checks import CommandRefused, Refusal, Wish
from .composition import ParametersRefused, TextRefused
from .models import Command, CommandTemplate, Device
from .preview import fed_by, states_of
from .senders import Sender
from .templates import Danger

MOST = 500  # sockets at once
MOST_PLAYERS = 1000  # whose states are asked for
HANDFUL = 5  # sockets; to switch more, their number has to be typed


@dataclass(frozen=True)
class Line:
    """What becomes of one socket: refused with a reason, given already, or to be given.

    `players` hang on its switched lines; of them `online` would go dark.
    """

    device: Device
    segments: int = 0
    players: int = 0
    online: int = 0
    refusal: Refusal | None = None
    command: Command | None = None


@dataclass(frozen=True)
class Plan:
    """What becomes of all of them, in their order."""

    template: CommandTemplate
    danger: Danger
    switches: bool
    lines: tuple[Line, ...]

    @property
    def passing(self) -> list[Line]:
        """Return the sockets that get the command."""
        return [line for line in self.lines if line.refusal is None]

    @property
    def skipped(self) -> list[Line]:
        """Return the sockets that do not get it."""
        return [line for line in self.lines if line.refusal is not None]

    @property
    def segments(self) -> int:
        """Return how many SMS it costs in all."""
        return sum(line.segments for line in self.passing)

    @property
    def online(self) -> int:
        """Return how many players are online and would go dark."""
        return sum(line.online for line in self.passing)

    @property
    def demands_count(self) -> bool:
        """Tell whether whoever sends it has to type how many sockets get it."""
        many = self.switches and len(self.passing) > HANDFUL
        return many or (self.danger is Danger.DESTRUCTIVE and bool(self.passing))


def plan(
    template: CommandTemplate,
    devices: Sequence[Device],
    values: Mapping[str, str],
    sender: Sender,
    now: datetime,
    key: UUID | None = None,
) -> Plan:
    """Return what would become of each socket, in a fixed number of queries.

    The budget is counted over all of them together. With the `key` of the whole, those that got it
    already are known by their commands. Raises CommandRefused for too many sockets, a template of
    none of them or a key that gave another command, ParametersRefused and TextRefused.
    """
    if len(devices) > MOST:
        raise CommandRefused("too_many", _too_many())
    wishes = _wishes(template, devices, values, sender, now)
    first = next((wish for wish in wishes.values() if isinstance(wish, Wish)), None)
    if first is None:
        raise CommandRefused("template", _("None of these sockets has this command."))
    danger = first.composed.danger
    around = checks.circumstances(devices, sender, now, [danger])
    given = {} if key is None else _given(devices, key)
    _hold_to_key(given, wishes)
    lit = _players(first, devices, around, now)
    taken: Counter[int] = Counter()
    for device in devices:
        command = given.get(device.pk)
        if command is not None and not command.closed and command.budget_day is None:
            taken[device.platform_id] += first.segments  # it is not paid yet
    lines = []
    for device in devices:
        wish = wishes[device.pk]
        line = Line(
            device, first.segments, *lit.get(device.pk, (0, 0)), command=given.get(device.pk)
        )
        if isinstance(wish, Refusal):
            line = Line(device, refusal=wish)
        elif line.command is None:
            refusal = next(checks.refusals(wish, around), None)
            room, of = around.rooms[device.platform_id], taken[device.platform_id]
            spent = ledger.shortage(room, of + wish.segments, by_job=sender.is_job)
            if refusal is None and spent is not None:
                refusal = Refusal("budget", str(spent))
            if refusal is None:
                taken[device.platform_id] += wish.segments
            line = replace(line, refusal=refusal)
        lines.append(line)
    return Plan(template, danger, first.holds, tuple(lines))


def send(
    template: CommandTemplate,
    devices: Sequence[Device],
    values: Mapping[str, str],
    sender: Sender,
    now: datetime,
    key: UUID,
    counted: int | None = None,
) -> Plan:
    """Give the command to each socket that passes; return what became of each.

    Raises as `plan` does, and CommandRefused where `counted`, the number that a person typed, is
    demanded and not that of the sockets. What is refused goes into the audit, socket by socket.
    """
    planned = plan(template, devices, values, sender, now, key)
    if planned.demands_count and counted != len(planned.passing):
        raise CommandRefused("count", _("Type the number of sockets that get the command."))
    sent = []
    for line in planned.lines:
        if line.refusal is not None:
            commands.record_refusal(template, line.device, sender, line.refusal.code)
        elif line.command is None:
            line = _send(line, template, values, sender, now, key)  # noqa: PLW2901
        sent.append(line)
    return replace(planned, lines=tuple(sent))


def key_of(key: UUID, device: Device) -> UUID:
    """Return the key of one socket's command."""
    return uuid5(key, str(device.pk))


def _send(
    line: Line,
    template: CommandTemplate,
    values: Mapping[str, str],
    sender: Sender,
    now: datetime,
    key: UUID,
) -> Line:
    own = key_of(key, line.device)
    try:
        command = commands.queue(template, line.device, values, sender, own, now, confirmed=True)
    except CommandRefused as error:  # what stands against it came up just now
        return replace(line, refusal=Refusal(error.code, str(error), error.until))
    except (ParametersRefused, TextRefused):
        # The template was changed meanwhile: the others may have a text of before, or none.
        commands.record_refusal(template, line.device, sender, "text")
        return replace(
            line, refusal=Refusal("text", _("The socket would not understand the text."))
        )
    return replace(line, command=command)


def _wishes(
    template: CommandTemplate,
    devices: Sequence[Device],
    values: Mapping[str, str],
    sender: Sender,
    now: datetime,
) -> Mapping[int, Wish | Refusal]:
    """Return what each socket would get. Sockets of one model get the same: it is composed once."""
    found: dict[int, Wish | Refusal] = {}
    first: Wish | None = None
    for device in devices:
        own = template.platform_id in (None, device.platform_id)
        if first is not None and own and device.model_id == first.device.model_id:
            found[device.pk] = replace(first, device=device)
            continue
        try:
            first = checks.wish(template, device, values, sender, now)
            found[device.pk] = first
        except CommandRefused as error:
            found[device.pk] = Refusal(error.code, str(error))
    return found


def _given(devices: Sequence[Device], key: UUID) -> Mapping[int, Command]:
    keys = [key_of(key, device) for device in devices]
    return {command.device_id: command for command in Command.objects.filter(key__in=keys)}


def _hold_to_key(given: Mapping[int, Command], wishes: Mapping[int, Wish | Refusal]) -> None:
    """Refuse a key that was used for another command: its lines would read as given."""
    for pk, command in given.items():
        wish = wishes[pk]
        if isinstance(wish, Wish):
            if command.wire_text() != wish.composed.messages[0].text:
                raise CommandRefused("key", _("This key was used for another command."))
            return  # those of one key are all the same


def _players(
    first: Wish, devices: Sequence[Device], around: checks.Circumstances, now: datetime
) -> Mapping[int, tuple[int, int]]:
    """Return of each socket how many players hang on the switched lines, and are online."""
    if not first.holds:
        return {}
    numbers = first.composed.lines
    lines = [
        line
        for device in devices
        for number, line in around.lines[device.pk].items()
        if number in numbers
    ]
    bound = fed_by(lines)
    socket_of = {line.pk: line.device_id for line in lines}
    known = states_of([binding.player for binding in bound], now, MOST_PLAYERS) if bound else {}
    fed = Counter(socket_of[binding.line_id] for binding in bound)
    online = Counter(
        socket_of[binding.line_id]
        for binding in bound
        if binding.player_id in known and known[binding.player_id].state is State.ONLINE
    )
    return {pk: (count, online[pk]) for pk, count in fed.items()}


def _too_many() -> str:
    return ngettext(
        "At most %(most)s socket gets a command at once.",
        "At most %(most)s sockets get a command at once.",
        MOST,
    ) % {"most": MOST}
