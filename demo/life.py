"""How a simulated player lives, as a function of time and of what was done to it. Pure."""

from typing import NamedTuple

from demo.world import EXAMPLE, Character, SimulatedPlayer

BOOT_SECONDS = 40.0
STATUSES = ("online", "offline", "unknown")
HEARTBEAT_SECONDS = 10.0
# A player that is told to be online goes on with its own life for the rest: it plays.
PAUSE_PERIOD = 900.0


class Life(NamedTuple):
    """A player at a moment: its status, and when it was last online (None: never)."""

    status: str
    last_online: float | None


def status_of(
    player: SimulatedPlayer, now: float, cycled_at: float | None = None, pace: float = 1.0
) -> str:
    """online, offline or unknown: the player's own life, by its character."""
    return life_of(player, now, cycled_at, pace).status


def life_of(
    player: SimulatedPlayer, now: float, cycled_at: float | None = None, pace: float = 1.0
) -> Life:
    """Status and last time online by the player's character; seconds of the world.

    `pace`: how many of these pass in a real one. Flapping keeps real seconds: whoever samples it
    does so in those, and would take it for something else if it were quicker than the samples.
    """
    first, second, third = player.draw
    if player.character is Character.UNKNOWN:
        return Life("unknown", None)
    if player.character is Character.DARK:
        # A few of them never were online; the others went dark within the last month.
        return Life("offline", None if first < 0.3 else -30 * 86400 * second)
    if cycled_at is not None and now < cycled_at + BOOT_SECONDS:
        return Life("offline", life_of(player, cycled_at, pace=pace).last_online)
    if player.character is Character.FLAPPING:
        period = (60 + 240 * first) * max(1.0, pace)
        into, lit = (now + period * second) % period, period * (0.5 + 0.4 * third)
        return _online(player, now) if into < lit else Life("offline", now - (into - lit))
    hangs_at = hanging_from(player, cycled_at)
    if hangs_at is not None and now >= hangs_at:
        return Life("offline", hangs_at)
    return _online(player, now)


def hanging_from(player: SimulatedPlayer, cycled_at: float | None = None) -> float | None:
    """When a player hangs by its character, now or in the future; None: it never does."""
    if player.character is not Character.HANGING:
        return None
    first, second, third = player.draw
    if cycled_at is not None:
        return cycled_at + 1800 + 5400 * third
    # The half of them hangs from the beginning, the example among them.
    if first < 0.5 or player.identity == EXAMPLE[0]:
        return -1 - 7200 * third
    return 1800 * second


def _online(player: SimulatedPlayer, now: float) -> Life:
    """An online player is seen at its heartbeats, which come at moments of its own."""
    return Life("online", now - (now + HEARTBEAT_SECONDS * player.draw[2]) % HEARTBEAT_SECONDS)


def is_paused(player: SimulatedPlayer, now: float) -> bool:
    """Tell whether it shows nothing though it may be online: one in ten, now and then."""
    first, second, third = player.draw
    return third < 0.1 and (now + PAUSE_PERIOD * second) % PAUSE_PERIOD < PAUSE_PERIOD * first


def address_of(player: SimulatedPlayer, now: float) -> str:
    """The address inside the player's network; a moving player has another one every time."""
    if player.character is not Character.MOVING:
        return player.ip
    first, second, _ = player.draw
    period = 180 + 420 * first
    moves = int((now + period * second) // period)
    network, _, host = player.ip.rpartition(".")
    return f"{network}.{2 + (int(host) + moves) % 250}"
