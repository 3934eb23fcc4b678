"""One simulated socket: whom it obeys, which lines are on, what is due. No network, no clock."""

from collections.abc import Mapping
from random import Random
from typing import NamedTuple

from demo.sms import phrases
from demo.sms.texts import PASSWORD, Act, Order, read
from demo.sms.wiring import SimulatedSocket

ADMINS_ONLY = frozenset(
    {Act.LATER, Act.CANCEL, Act.SET, Act.ADD_USER, Act.DELETE_USERS, Act.LIST_USERS}
)
MOST_USERS = 4


class Timer(NamedTuple):
    """A line is switched at a moment of the world."""

    due: float
    on: bool


class Socket:
    """A socket from its installation on. Its battery lets it write when the mains are gone."""

    def __init__(self, installed: SimulatedSocket) -> None:
        self.installed = installed
        self.lines = dict.fromkeys(installed.model.lines, True)
        self.timers: dict[int, Timer] = {}
        self.admin = installed.admin
        self.users: set[str] = set()
        self.has_mains = True
        self.is_silent = False  # out of reach of the network: hears nothing, writes nothing

    @property
    def fed(self) -> Mapping[int, bool]:
        """Which lines give power."""
        return {line: on and self.has_mains for line, on in self.lines.items()}

    @property
    def signal(self) -> int:
        return Random(self.installed.phone).randrange(9, 29)

    def receive(self, sender: str, text: str, now: float) -> str:
        """Do what a text asks; return what it answers."""
        language = self.installed.language
        order = read(self.installed.model, text)
        if order is not None and order.act is Act.REGISTER:
            return self._register(sender)
        if sender != self.admin and (
            sender not in self.users or (order is not None and order.act in ADMINS_ONLY)
        ):
            return phrases.DENIED[language]
        if order is None:
            return phrases.INVALID[language]
        return self._obey(order, now)

    def ring(self, line: int, timer: Timer) -> str:
        """Switch a line whose time has come; empty where the timer was cancelled or replaced."""
        if self.timers.get(line) != timer:
            return ""
        del self.timers[line]
        self.lines[line] = timer.on
        return self._outputs((line,))

    def take_mains(self, is_there: bool) -> str:
        """Lose the mains or get them back, and say so; empty when nothing changed."""
        if self.has_mains == is_there:
            return ""
        self.has_mains = is_there
        return phrases.mains(self.installed.language, is_there)

    def _obey(self, order: Order, now: float) -> str:
        language = self.installed.language
        match order.act:
            case Act.SWITCH:
                return self._switch(order.lines, order.on)
            case Act.LATER:
                return self._later(order, now)
            case Act.CANCEL:
                self.timers.clear()
            case Act.STATUS:
                return self._status()
            case Act.SIGNAL:
                return phrases.signal(language, self.signal)
            case Act.TELL:
                return phrases.NOTHING_SET[language]
            case Act.RESET:
                return self._reset(order.value)
            case Act.LIST_USERS | Act.ADD_USER | Act.DELETE_USERS:
                return self._users(order)
        return phrases.DONE[language]

    def _register(self, sender: str) -> str:
        if self.admin not in (None, sender):
            return phrases.TAKEN[self.installed.language]
        self.admin = sender
        return phrases.WELCOME[self.installed.language]

    def _switch(self, lines: tuple[int, ...], on: bool) -> str:
        """By hand: whatever was due on these lines is so no more."""
        for line in lines:
            self.timers.pop(line, None)
            self.lines[line] = on
        return self._outputs(lines)

    def _later(self, order: Order, now: float) -> str:
        if order.now is not None:
            self._switch(order.lines, order.now)
        for line in order.lines:
            self.timers[line] = Timer(now + 60 * order.minutes, order.on)
        language = self.installed.language
        return f"{self._outputs(order.lines)}. {phrases.timer(language, order.minutes)}"

    def _status(self) -> str:
        language = self.installed.language
        said = [self._outputs(tuple(self.lines)), phrases.signal(language, self.signal)]
        if not self.has_mains:
            said.append(phrases.mains(language, False))
        return "\n".join(said)

    def _users(self, order: Order) -> str:
        language = self.installed.language
        if order.act is Act.DELETE_USERS:
            self.users = self.users - {order.value} if order.value else set()
        elif order.act is Act.ADD_USER and len(self.users) < MOST_USERS:
            self.users.add(order.value)
        return phrases.users(language, len(self.users))

    def _reset(self, password: str) -> str:
        """Forget everything, as it left the factory."""
        language = self.installed.language
        if password != PASSWORD:
            return phrases.INVALID[language]
        self.admin, self.users, self.timers = None, set(), {}
        return phrases.DONE[language]

    def _outputs(self, lines: tuple[int, ...]) -> str:
        said = {line: self.lines[line] for line in lines}
        return phrases.outputs(self.installed.language, said, len(self.lines))
