"""Messages on their way through the simulated network: late, lost, or told twice. Opens nothing.

What becomes of a message is drawn by its number alone: the same demo loses the same ones.
"""

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from demo.sms.agenda import Agenda, Deed


@dataclass(frozen=True)
class Habits:
    """How network and gateway treat messages; seconds of the world, shares from 0 to 1."""

    low: float = 1.5
    high: float = 6.0
    late: float = 0.03  # share of those that take `late_seconds` more
    late_seconds: float = 40.0
    loss: float = 0.01
    repeat: float = 0.02
    again: float = 0.05  # share of received ones that the gateway's next list shows once more
    timeless: float = 0.05  # share of received ones that have no time in the list


# Soon and once: for tests and for measuring.
STEADY = Habits(low=0, high=0, late=0, loss=0, repeat=0, again=0, timeless=0)


@dataclass
class Network:
    """Carries messages both ways."""

    agenda: Agenda
    seed: int
    habits: Habits = Habits()
    counts: Counter[str] = field(default_factory=Counter)

    def carry(self, now: float, arrive: Deed) -> None:
        """Have a message arrive some time after now; perhaps twice, perhaps never."""
        self.counts["carried"] += 1
        random, habits = Random(f"{self.seed}:{self.counts['carried']}"), self.habits
        lost, late, repeated = (random.random() for _ in range(3))
        due = now + random.uniform(habits.low, habits.high)
        if lost < habits.loss:
            self.counts["lost"] += 1
            return
        if late < habits.late:
            self.counts["late"] += 1
            due += habits.late_seconds
        self.agenda.at(due, arrive)
        if repeated < habits.repeat:
            self.counts["repeated"] += 1
            self.agenda.at(due + random.uniform(1, 5), arrive)
