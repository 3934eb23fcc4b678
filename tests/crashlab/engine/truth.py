"""How the players really are: which hang, which are dark or booting, and what a message does. Pure.

Times are seconds of the lab's clock.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

DARK, BOOT = 60, 75  # seconds: how long a D210 keeps its line off; from power to picture
OLD = 75  # what Remosa sees may be so old: a poll, a scrape, and the way to the wire
NEVER = 99  # restarts that a player needs whom none helps


@dataclass
class Hang:
    """A player hangs, until it is restarted so many times, or by itself at `end`."""

    player: int
    start: float
    needs: int
    end: float = math.inf

    @property
    def ends_by_itself(self) -> bool:
        """Tell whether it was no restart that ended it."""
        return self.needs > 0 and self.end < math.inf


@dataclass
class Truth:
    """The players by their numbers, and what their sockets did."""

    hangs: dict[int, list[Hang]] = field(default_factory=lambda: defaultdict(list))
    #: When its power went, and when it plays again.
    darks: dict[int, list[list[float]]] = field(default_factory=lambda: defaultdict(list))

    def is_well(self, player: int, moment: float) -> bool:
        """Tell whether a player plays."""
        hangs = any(each.start <= moment < each.end for each in self.hangs.get(player, ()))
        return not hangs and not any(a <= moment < b for a, b in self.darks.get(player, ()))

    def is_busy(self, player: int, moment: float, lately: float) -> bool:
        """Tell whether a player does not play, or did not a short time ago."""
        ends = [each.end for each in self.hangs.get(player, ())]
        ends += [end for _start, end in self.darks.get(player, ())]
        return any(moment < end + lately for end in ends)

    def hung(self, player: int, since: float, until: float) -> bool:
        """Tell whether a player hung all the time."""
        return any(h.start <= since and h.end >= until for h in self.hangs.get(player, ()))

    def hang(self, player: int, at: float, needs: int, lasts: float) -> None:
        """Let a player hang."""
        self.hangs[player].append(Hang(player, at, needs, at + lasts))

    def obey(self, player: int, text: str, at: float) -> str:
        """Let the socket of a player do what a message says; return what it answers."""
        if text.startswith("#12#"):
            self._restart(player, at + DARK)
            self.darks[player].append([at, at + DARK + BOOT])
            return "Output ON"
        line = text.strip("#").partition("#")[2]
        if text.startswith("#02#"):
            self.darks[player].append([at, math.inf])
            return f"Output {line} OFF"
        for dark in self.darks[player]:
            if dark[1] == math.inf:
                dark[1] = at + BOOT
                self._restart(player, at)
        return f"Output {line} ON"

    def mend(self, before: float, at: float) -> None:
        """Let people see to players that have hung since before a moment."""
        for mine in self.hangs.values():
            for each in mine:
                if each.start < before and each.end > at:
                    each.end = at

    def _restart(self, player: int, at: float) -> None:
        for each in self.hangs.get(player, ()):
            if each.start <= at < each.end:
                each.needs -= 1
                if each.needs <= 0:
                    each.end = min(each.end, at + BOOT)

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "Truth":
        """Return it from what `told` made of it."""
        truth = cls()
        for each in told["hangs"]:
            truth.hangs[each["player"]].append(Hang(**each))
        truth.darks.update({int(key): spans for key, spans in told["darks"].items()})
        return truth

    def told(self) -> dict[str, Any]:
        """Return all of it as JSON may hold it."""
        hangs = [asdict(each) for mine in self.hangs.values() for each in mine]
        return {"hangs": hangs, "darks": {str(k): v for k, v in self.darks.items()}}
