"""What becomes of the simulated players as time goes by, and what is done to them. No network."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from demo.world import EXAMPLE, Character, SimulatedPlayer

BOOT_SECONDS = 40.0
STATUSES = ("online", "offline", "unknown")


class Clock:
    """The one clock of the simulated world; `speed` 10 lets ten seconds pass in one."""

    def __init__(self, speed: float = 1.0, source: Callable[[], float] = time.monotonic) -> None:
        self.speed = speed
        self._source = source
        self._start = source()

    def now(self) -> float:
        """Seconds of the world since it began."""
        return (self._source() - self._start) * self.speed


@dataclass
class Condition:
    """What was done to one player."""

    status: str | None = None  # set by hand; None: it lives its own life
    ip: str | None = None
    outip: str | None = None
    cycled_at: float | None = None


class UnknownPlayer(KeyError):
    """No player of the world has this MAC."""


class World:
    """The fleet at a moment of its clock."""

    def __init__(self, players: Iterable[SimulatedPlayer], clock: Clock) -> None:
        self.players = {player.mac: player for player in players}
        self.clock = clock
        self._conditions: dict[str, Condition] = {}

    def condition(self, mac: str) -> Condition:
        """What was done to a player, to be changed; UnknownPlayer for a MAC that is not there."""
        if mac not in self.players:
            raise UnknownPlayer(mac)
        return self._conditions.setdefault(mac, Condition())

    def cycle_power(self, mac: str) -> None:
        """Cut a player's power and give it back: it boots, and hangs no more for a while."""
        self.condition(mac).cycled_at = self.clock.now()

    def answer(self, mac: str) -> dict[str, str] | None:
        """What the vendor knows of a MAC now; None when it knows nothing."""
        player = self.players.get(mac)
        if player is None:
            return None
        now = self.clock.now()
        done = self._conditions.get(mac) or Condition()
        status = done.status or status_of(player, now, done.cycled_at)
        if status == "unknown":
            return None
        return {
            "status": status,
            "name": player.name,
            "ip": done.ip or address_of(player, now),
            "outIp": done.outip or player.outip,
        }


def status_of(player: SimulatedPlayer, now: float, cycled_at: float | None = None) -> str:
    """online, offline or unknown: the player's own life, by its character."""
    first, second, third = player.draw
    if player.character is Character.UNKNOWN:
        return "unknown"
    if player.character is Character.DARK:
        return "offline"
    if cycled_at is not None and now < cycled_at + BOOT_SECONDS:
        return "offline"
    online = True
    if player.character is Character.FLAPPING:
        period = 60 + 240 * first
        online = (now + period * second) % period < period * (0.5 + 0.4 * third)
    elif player.character is Character.HANGING:
        # The half of them hangs from the beginning, the example among them.
        hangs_at = -1.0 if first < 0.5 or player.mac == EXAMPLE[0] else 1800 * second
        if cycled_at is not None:
            hangs_at = cycled_at + 1800 + 5400 * third
        online = now < hangs_at
    return "online" if online else "offline"


def address_of(player: SimulatedPlayer, now: float) -> str:
    """The address inside the player's network; a moving player has another one every time."""
    if player.character is not Character.MOVING:
        return player.ip
    first, second, _ = player.draw
    period = 180 + 420 * first
    moves = int((now + period * second) // period)
    network, _, host = player.ip.rpartition(".")
    return f"{network}.{2 + (int(host) + moves) % 250}"
