"""How the players really are: who hangs, who restarts, whom nobody ever saw well."""

from collections import defaultdict
from dataclasses import dataclass, field

from .schedule import ALWAYS, Fault, Schedule

DARK, BOOT = 5, 75  # seconds after a message: the power goes, the player is back


@dataclass
class Span:
    """A time during which a player does not play; `real`: it hangs, and nobody switched it off."""

    start: float
    end: float
    real: bool = True


@dataclass
class Truth:
    """The state of all players over time; it moves on when one is commanded."""

    schedule: Schedule
    spans: dict[int, list[Span]] = field(default_factory=lambda: defaultdict(list))
    restarts: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        for player in self.schedule.late_players:
            self.spans[player].append(Span(-ALWAYS, ALWAYS))
        for fault in self.schedule.faults:
            self.spans[fault.player].append(Span(fault.start, fault.end))

    def is_well(self, player: int, moment: float) -> bool:
        """Tell whether a player plays."""
        return not any(each.start <= moment < each.end for each in self.spans.get(player, ()))

    def hangs_since(self, player: int, moment: float) -> float | None:
        """Return since when a player has hung; None: it does not."""
        for span in self.spans.get(player, ()):
            if span.real and span.start <= moment < span.end:
                return span.start
        return None

    def last_hung(self, player: int, moment: float) -> Span | None:
        """Return the last time a player hung before this moment."""
        before = [each for each in self.spans.get(player, ()) if each.real and each.start <= moment]
        return max(before, key=lambda each: each.start, default=None)

    def restart(self, player: int, moment: float) -> None:
        """Switch a player off and on, for that is what a message does."""
        self.restarts[player] += 1
        for fault in self.schedule.faults:
            if fault.player == player:
                self._cure(fault, moment)
        self.spans[player].append(Span(moment + DARK, moment + BOOT, real=False))

    def _cure(self, fault: Fault, moment: float) -> None:
        for span in [each for each in self.spans[fault.player] if each.real]:
            if not span.start <= moment < span.end:
                continue
            if fault.phantom:
                back = moment + BOOT
                self.spans[fault.player].append(Span(back + fault.phantom, span.end))
                span.end = back
            elif self.restarts[fault.player] >= fault.restarts:
                span.end = moment + BOOT
