"""What a command would be, before anybody gives it: texts, cost, the players, what stands against.

Writes nothing. The caller found the socket and the template by its own scope.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from exporters.asking import Ask
from exporters.description import Device as Described, describe
from exporters.live import State
from exporters.models import Player

from . import checks
from .checks import Circumstances, Refusal, Wish
from .ledger import Room
from .models import Binding, Command, CommandTemplate, Device, DeviceLine
from .segments import Encoding, cost
from .senders import Sender
from .states import Effect
from .templates import Danger, Template

MOST_PLAYERS = 200  # whose states a preview asks for
MOST_OF_COMMAND = 50  # the same of the page of a command, which asks every few seconds


@dataclass(frozen=True, slots=True)
class Text:
    """One SMS as people may see it, and what it costs; `after` seconds after the one before."""

    shown: str
    effect: Effect
    after: int
    encoding: Encoding
    segments: int


@dataclass(frozen=True, slots=True)
class Fed:
    """A player on a line, with its state now. `goes_dark`: it is online, its line is switched."""

    player: Described
    goes_dark: bool

    @property
    def state(self) -> State:
        """Return Online, Offline or Unknown."""
        return self.player.state


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the socket, the players on it, and whether the command may switch it off."""

    line: DeviceLine
    switched: bool
    players: tuple[Fed, ...]


@dataclass(frozen=True)
class Preview:
    """All that a person has to know before sending."""

    device: Device
    template: CommandTemplate
    shape: Template
    danger: Danger
    texts: tuple[Text, ...]
    rooms: tuple[Room, ...]  # the platform's day and month, before this command
    lines: tuple[Line, ...]
    unseen_players: int  # beyond MOST_PLAYERS
    refusals: tuple[Refusal, ...]

    @property
    def segments(self) -> int:
        """Return how many SMS it costs in all."""
        return sum(text.segments for text in self.texts)

    @property
    def allowed(self) -> bool:
        """Tell whether it would be given now."""
        return not self.refusals

    @property
    def needs_confirmation(self) -> bool:
        """Tell whether whoever sends it has to confirm it by typing."""
        return self.danger is Danger.DESTRUCTIVE

    @property
    def dark(self) -> tuple[Fed, ...]:
        """Return the players that are online now and would go dark."""
        return tuple(fed for line in self.lines for fed in line.players if fed.goes_dark)

    @property
    def uncertain(self) -> tuple[Fed, ...]:
        """Return the players of switched lines of which nobody knows whether they are online."""
        switched = (line for line in self.lines if line.switched)
        return tuple(fed for line in switched for fed in line.players if fed.state is State.UNKNOWN)


def preview(
    template: CommandTemplate,
    device: Device,
    values: Mapping[str, str],
    sender: Sender,
    now: datetime,
) -> Preview:
    """Return what would be sent, in a fixed number of queries, to Prometheus too.

    Raises CommandRefused where the socket has no such command, ParametersRefused and TextRefused.
    """
    wish = checks.wish(template, device, values, sender, now)
    around = checks.circumstances([device], sender, now, [wish.composed.danger])
    bound = fed_by(around.lines[device.pk].values())
    lines, unseen = _lines(wish, around, bound, now)
    return Preview(
        device=device,
        template=template,
        shape=wish.shape,
        danger=wish.composed.danger,
        texts=_texts(wish),
        rooms=tuple(around.rooms[device.platform_id]),
        lines=lines,
        unseen_players=unseen,
        refusals=tuple(checks.refusals(wish, around)),
    )


def fed_by(lines: Iterable[DeviceLine]) -> Sequence[Binding]:
    """Return what hangs on lines now, with players that are watched: one query."""
    bound = Binding.objects.filter(line__in=list(lines), ended_at=None, player__retired_at=None)
    related = ("player__platform", "player__exporter", "player__site", "player__mac")
    return list(bound.select_related(*related).order_by("player__name", "player_id"))


def players_of(command: Command, now: datetime) -> tuple[list[Described], int]:
    """Return what hangs on the lines of a command now, as far as shown, and how many more do."""
    # unscoped: of a command that was reached by for_user
    lines = DeviceLine.objects.filter(commands__command=command.head_id or command.pk)
    players = [binding.player for binding in fed_by(lines)]
    shown = list(states_of(players, now, MOST_OF_COMMAND).values()) if players else []
    return shown, len(players) - len(shown)


def states_of(
    players: Sequence[Player], now: datetime, most: int = MOST_PLAYERS
) -> Mapping[int, Described]:
    """Return the first of them as Prometheus sees them, by number."""
    described, _outage = describe(Ask(), players[:most], now, with_since=False)
    return {each.player_id: each for each in described}


def _texts(wish: Wish) -> tuple[Text, ...]:
    return tuple(
        Text(message.shown, message.effect, message.after, price.encoding, price.segments)
        for message in wish.composed.messages
        for price in [cost(message.text)]
    )


def _lines(
    wish: Wish, around: Circumstances, bound: Sequence[Binding], now: datetime
) -> tuple[tuple[Line, ...], int]:
    known = states_of([binding.player for binding in bound], now) if bound else {}
    found = []
    for line in around.lines[wish.device.pk].values():
        switched = wish.holds and line.number in wish.composed.lines
        players = (known.get(each.player_id) for each in bound if each.line_id == line.pk)
        fed = (
            Fed(player, switched and player.state is State.ONLINE)
            for player in players
            if player is not None
        )
        found.append(Line(line, switched, tuple(fed)))
    return tuple(found), len(bound) - len(known)
