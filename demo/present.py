"""The simulated fleet at a moment of its clock, and what a demo or a test does to it. No network.

A vendor reads nothing else: what it tells of a player is a `Look` at it.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from demo.life import address_of, hanging_from, is_paused, life_of, status_of
from demo.losses import MOST, Loss, Told
from demo.world import SimulatedPlayer

STARTING_SECONDS = 20.0


class Clock:
    """The one clock of the simulated world; `speed` 10 lets ten seconds pass in one."""

    def __init__(self, speed: float = 1.0, source: Callable[[], float] = time.monotonic) -> None:
        self.speed = speed
        self._source = source
        self._start = source()
        self._began = time.time()

    def now(self) -> float:
        """Seconds of the world since it began."""
        return (self._source() - self._start) * self.speed

    def date(self, moment: float) -> float:
        """Unix time of a moment of the world; before its beginning a second is a second."""
        return self._began + (moment / self.speed if moment > 0 else moment)


@dataclass
class Condition:
    """What was done to one player."""

    status: str | None = None  # set by hand; None: it lives its own life
    ip: str | None = None
    outip: str | None = None
    cycled_at: float | None = None  # when it got its power back
    dark_since: float | None = None  # without power
    hung_at: float | None = None  # by hand: until its power is cycled
    told_at: float = 0.0  # when the status was set

    @property
    def down_since(self) -> float | None:
        """Since when it cannot be online, whatever its own life would be."""
        moments = [at for at in (self.dark_since, self.hung_at) if at is not None]
        return min(moments, default=None)


UNTOUCHED = Condition()


class Look(NamedTuple):
    """What a vendor sees of one player now."""

    identity: str
    name: str
    status: str  # one of STATUSES, or what a fault makes of it
    player: SimulatedPlayer
    condition: Condition
    now: float
    pace: float = 1.0

    @property
    def ip(self) -> str:
        return self.condition.ip or address_of(self.player, self.now)

    @property
    def outip(self) -> str:
        return self.condition.outip or self.player.outip

    @property
    def hung_since(self) -> float | None:
        """Moment of the world since which it has hung; None while it does not."""
        by_itself = hanging_from(self.player, self.condition.cycled_at)
        moments = [self.condition.hung_at, by_itself]
        return min((at for at in moments if at is not None and at <= self.now), default=None)

    @property
    def last_online(self) -> float | None:
        """Moment of the world at which it was last online; None: never."""
        done = self.condition
        if done.status == "online":
            return self.now
        until = self.now if done.status is None else min(done.told_at, self.now)
        if done.status is None and done.down_since is not None:
            until = min(done.down_since, self.now)
        return life_of(self.player, until, done.cycled_at, self.pace).last_online

    @property
    def is_starting(self) -> bool:
        """It has come online a moment ago."""
        before = self.now - STARTING_SECONDS
        return (
            self.condition.status is None
            and self.status == "online"
            and status_of(self.player, before, self.condition.cycled_at, self.pace) == "offline"
        )

    @property
    def is_paused(self) -> bool:
        return is_paused(self.player, self.now)


class UnknownPlayer(KeyError):
    """No player of the world has this identity."""


class World:
    """The players of one vendor; they can be changed, added and removed while time goes by."""

    def __init__(self, players: Iterable[SimulatedPlayer], clock: Clock) -> None:
        self.players = {player.identity: player for player in players}
        self.clock = clock
        self.losses: deque[Loss] = deque(maxlen=MOST)
        self._conditions: dict[str, Condition] = {}
        self._platforms: dict[str, list[SimulatedPlayer]] = {}

    def condition(self, identity: str) -> Condition:
        """What was done to a player, to be changed; UnknownPlayer for one that is not there."""
        if identity not in self.players:
            raise UnknownPlayer(identity)
        return self._conditions.setdefault(identity, Condition())

    def cycle_power(self, identity: str) -> None:
        """Cut a player's power and give it back: it boots, and hangs no more for a while."""
        self.switch(identity, False)
        self.switch(identity, True)

    def switch(self, identity: str, has_power: bool, told: Told | None = None) -> None:
        """Cut a player's power, or give it back so that it boots; UnknownPlayer.

        `told` is the message that did it.
        """
        done, now = self.condition(identity), self.clock.now()
        if not has_power:
            seen = self.looks((self.players[identity],))[0]
            well, hung = seen.status == "online", seen.hung_since
            self.losses.append(Loss(identity, now, well, hung, told))
            done.dark_since = now if done.dark_since is None else done.dark_since
        else:
            done.dark_since = done.hung_at = None
            done.cycled_at = now

    def hang(self, identity: str) -> None:
        """Have a player hang from now on, until its power is cycled; UnknownPlayer."""
        self.condition(identity).hung_at = self.clock.now()

    def add(self, player: SimulatedPlayer) -> None:
        self.players[player.identity] = player
        self._platforms.clear()

    def remove(self, identity: str) -> None:
        """Forget a player and what was done to it; UnknownPlayer when it is not there."""
        self.condition(identity)
        del self.players[identity], self._conditions[identity]
        self._platforms.clear()

    def rename(self, identity: str, name: str) -> None:
        """Give a player another name; UnknownPlayer when it is not there."""
        self.condition(identity)
        self.add(replace(self.players[identity], name=name))

    def of_platform(self, platform: str) -> list[SimulatedPlayer]:
        """Its players in the order of their installation; kept, for lists are asked in pages."""
        if platform not in self._platforms:
            self._platforms[platform] = [
                player for player in self.players.values() if player.platform == platform
            ]
        return self._platforms[platform]

    def look(self, identity: str) -> Look | None:
        """What a vendor sees of one player now; None for one that is not there."""
        player = self.players.get(identity)
        return None if player is None else self.looks((player,))[0]

    def looks(self, players: Iterable[SimulatedPlayer]) -> list[Look]:
        """What a vendor sees of players at one and the same moment."""
        now, pace, conditions = self.clock.now(), self.clock.speed, self._conditions
        seen = []
        for player in players:
            done = conditions.get(player.identity, UNTOUCHED)
            status = done.status or status_of(player, now, done.cycled_at, pace)
            if done.status is None and done.down_since is not None and status == "online":
                status = "offline"
            seen.append(Look(player.identity, player.name, status, player, done, now, pace))
        return seen
