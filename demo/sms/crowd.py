"""All simulated sockets on one clock: who hears what, which players have power. Opens nothing.

Sockets answer whoever writes; by themselves they write to their administrator alone.
"""

from collections.abc import Callable, Iterable
from functools import partial
from random import Random

from demo.losses import Told
from demo.present import World
from demo.sms.agenda import Agenda
from demo.sms.network import Network
from demo.sms.socket import Socket, Timer
from demo.sms.wiring import GATEWAY_NUMBER, SimulatedSocket

Write = Callable[[str, str, float], None]
# How long each socket has its mains, and then has none, in seconds of the world.
MAINS_LAST = (4 * 3600.0, 10 * 3600.0)
OUTAGE_LASTS = (60.0, 150.0)


class UnknownSocket(KeyError):
    """No socket has this phone or this player."""


class Crowd:
    """The sockets behind one gateway, and the players that hang on them."""

    def __init__(
        self,
        installed: Iterable[SimulatedSocket],
        world: World,
        network: Network,
        write: Write,
        *,
        outages: bool = True,
    ) -> None:
        self.sockets = {each.phone: Socket(each) for each in installed}
        self.world = world
        self.network = network
        self.agenda: Agenda = network.agenda
        self._write = write
        if outages:
            for phone, socket in self.sockets.items():
                self._plan_outage(socket, Random(f"{network.seed} {phone}"), 0.0)

    def find(self, name: str) -> Socket:
        """The socket with this phone, or the one on which this player hangs; UnknownSocket."""
        for phone, socket in self.sockets.items():
            if name == phone or any(name in line for line in socket.installed.players.values()):
                return socket
        raise UnknownSocket(name)

    def well(self, phone: str) -> frozenset[str]:
        """The players on a socket that are online now, whatever their vendor says."""
        socket, world = self.sockets.get(phone), self.world
        lines = () if socket is None else socket.installed.players.values()
        known = [world.players[name] for line in lines for name in line if name in world.players]
        return frozenset(seen.identity for seen in world.looks(known) if seen.status == "online")

    def deliver(self, phone: str, text: str, at: float, told: Told | None = None) -> None:
        """Let a text from the gateway's number arrive at a socket, if there is one."""
        socket = self.sockets.get(phone)
        if socket is None or socket.is_silent:
            return
        fed, timers = dict(socket.fed), dict(socket.timers)
        answer = socket.receive(GATEWAY_NUMBER, text, at)
        self._feed(socket, fed, told)
        for line, timer in socket.timers.items():
            if timers.get(line) != timer:
                self.agenda.at(timer.due, partial(self._ring, socket, line, timer))
        self._say(socket, answer, at)

    def switch_mains(self, socket: Socket, is_there: bool, at: float) -> None:
        """Take the mains from a socket or give them back; it tells its administrator."""
        fed = dict(socket.fed)
        told = socket.take_mains(is_there)
        self._feed(socket, fed)
        self._tell_admin(socket, told, at)

    def _ring(self, socket: Socket, line: int, timer: Timer, at: float) -> None:
        fed = dict(socket.fed)
        told = socket.ring(line, timer)
        self._feed(socket, fed)
        self._tell_admin(socket, told, at)

    def _feed(self, socket: Socket, before: dict[int, bool], told: Told | None = None) -> None:
        """Switch the players of those lines off and on whose power has changed."""
        for line, is_fed in socket.fed.items():
            if is_fed == before[line]:
                continue
            for player in socket.installed.players[line]:
                if player in self.world.players:
                    self.world.switch(player, is_fed, told)

    def _tell_admin(self, socket: Socket, text: str, at: float) -> None:
        if text and socket.admin == GATEWAY_NUMBER:
            self._say(socket, text, at)

    def _say(self, socket: Socket, text: str, at: float) -> None:
        if not socket.is_silent:
            arrive = partial(self._write, socket.installed.phone, text)
            self.network.carry(at, arrive)

    def _plan_outage(self, socket: Socket, random: Random, at: float) -> None:
        # The first one comes at any time, or all would have hours without one.
        begins = at + random.uniform(*MAINS_LAST) * (1 if at else random.random())
        ends = begins + random.uniform(*OUTAGE_LASTS)

        def end(moment: float) -> None:
            self.switch_mains(socket, True, moment)
            self._plan_outage(socket, random, moment)

        self.agenda.at(begins, partial(self.switch_mains, socket, False))
        self.agenda.at(ends, end)
