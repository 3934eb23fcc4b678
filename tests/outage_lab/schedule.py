"""What goes wrong in one run of the lab, and when: plain values, drawn from a seed. Pure.

Times are seconds from the beginning. A fault is the truth about a player; an outage is anything
that keeps the truth from us, or tells a lie about players that are well.
"""

import random
from dataclasses import dataclass, field
from typing import Final

ALWAYS: Final = 1e9
#: After an outage: unknown samples end within 5 minutes, and a brake holds for 10.
AFTERMATH: Final = 1080
#: From the hang to the message: beyond `for`, two ticks and a minute.
IN_TIME: Final = 2 * 30 + 60

A1, A2, B1 = "a1", "a2", "b1"  # sources: two of platform A, one of platform B
OF_A, OF_A2, OF_B = "cubic-1", "addreality-1", "cubic-2"  # their processes
PROCESS_OF: Final = {A1: OF_A, A2: OF_A2, B1: OF_B}
SHARES: Final = {A1: 0.6, A2: 0.25, B1: 0.15}


@dataclass(frozen=True)
class Outage:
    """One thing that is wrong from `start` to `end`; `where` is a source, a process or a part.

    `share` is of the players of a source, `number` a number of them, or seconds of a clock.
    """

    kind: str
    start: float
    end: float
    where: str = ""
    share: float = 0.0
    number: int = 0

    def at(self, moment: float) -> bool:
        """Tell whether it goes on."""
        return self.start <= moment < self.end


@dataclass(frozen=True)
class Fault:
    """A player that hangs; it comes back by itself at `end`, or after so many restarts.

    `phantom`: it looks well for so many seconds after a restart, and hangs again. `demanded`: it
    must be commanded in time.
    """

    player: int
    start: float
    end: float = ALWAYS
    restarts: int = 1
    phantom: int = 0
    demanded: bool = False


@dataclass(frozen=True)
class Terms:
    """What the jobs of a run say, in seconds. `window`: that of B asks for the greatest of it."""

    hold: int = 300
    recover: int = 120
    cooldown: int = 1800
    grace: int = 180
    wait: int = 600
    window: int = 0


@dataclass(frozen=True)
class Schedule:
    """One run.

    `acknowledged`: from then on somebody takes over every episode.
    `late_players`: players that are enrolled at a moment; they were never seen well.
    """

    seed: int
    seconds: int
    outages: tuple[Outage, ...] = ()
    faults: tuple[Fault, ...] = ()
    terms: Terms = Terms()
    acknowledged: float = ALWAYS
    late_players: tuple[int, ...] = ()
    late_at: float = ALWAYS

    def of(self, *kinds: str) -> list[Outage]:
        """Return the outages of some kinds."""
        return [each for each in self.outages if each.kind in kinds]


#: Kinds by what they are wrong about; each with the places where it can happen.
KINDS: Final = {
    "vendor_down": (A1, A2, B1),
    "says_all_offline": (A1, A2, B1),
    "says_half_offline": (A1, A2, B1),
    "recovers_slowly": (A1, A2, B1),
    "says_nonsense": (A1, A2, B1),
    "flaps": (A1, A2, B1),
    "forgets_few": (A1, A2, B1),
    "forgets_many": (A1, A2, B1),
    "process_killed": (OF_A, OF_A2, OF_B),
    "process_hangs": (OF_A, OF_A2, OF_B),
    "scrape_cut": (OF_A, OF_A2, OF_B, ""),
    "foreign_labels": (OF_B,),
    "prometheus_killed": ("",),
    "prometheus_wiped": ("",),
    "prometheus_hangs": ("",),
    "prometheus_slow": ("",),
    "prometheus_cut": ("",),
    "prometheus_errors": ("",),
    "prometheus_garbage": ("",),
    "prometheus_partial": ("",),
    "prometheus_lossy": ("",),
    "prometheus_clock": ("",),
    "workers_killed": ("all", "evaluate", "act"),
    "our_clock": ("",),
    "gateway_cut": ("",),
    "players_removed": (A1, A2, B1),
}
_REAL_SECONDS = ("prometheus_hangs", "prometheus_slow")  # cost the lab time: short ones will do


@dataclass
class Drawing:
    """Draws schedules for a number of players, the same for the same seed."""

    players: int
    seconds: int = 3000
    chance: random.Random = field(default_factory=random.Random)

    def draw(self, seed: int) -> Schedule:
        """Return the schedule of a seed."""
        self.chance = random.Random(seed)
        quiet = self.chance.random() < 0.15
        outages = tuple(self._outage() for _each in range(0 if quiet else self._number()))
        window = 300 if self.chance.random() < 0.25 else 0
        has_late = self.chance.random() < 0.3
        many = max(2, self.players // self.chance.choice((50, 10, 4)))
        late = tuple(range(self.players - many, self.players))
        schedule = Schedule(
            seed, self.seconds, outages, (), Terms(window=window),
            late_players=late if has_late else (),
            late_at=self.chance.uniform(300, 1500) if has_late else ALWAYS,
        )  # fmt: skip
        faults = self._faults(schedule) if quiet or self.chance.random() < 0.4 else []
        blips = self._blips() if self.chance.random() < 0.5 else []
        used = {each.player for each in faults}
        faults += [each for each in blips if each.player not in used]
        return Schedule(**{**vars(schedule), "faults": tuple(faults)})

    def _number(self) -> int:
        return self.chance.choice((1, 1, 2, 2, 3, 4))

    def _outage(self) -> Outage:
        chance = self.chance
        kind = chance.choice(list(KINDS))
        where = chance.choice(KINDS[kind])
        # From half a minute to almost half an hour, and all in between alike.
        lasts = 30 * 60 ** chance.random()
        if kind in _REAL_SECONDS:
            lasts = min(lasts, 240)
        if kind == "recovers_slowly":
            lasts = min(lasts, 540)  # what a vendor says wrongly for longer of few is a fault
        start = chance.uniform(120, self.seconds - 300)
        # A vendor that lies about few for long cannot be told from players that hang.
        share = {"says_half_offline": 0.5, "forgets_many": 0.4, "recovers_slowly": 0.8}.get(
            kind, chance.uniform(0.3, 1.0)
        )
        number = chance.choice((-1, 1)) * chance.randint(60, 900)
        return Outage(kind, start, min(start + lasts, self.seconds), where, share, number)

    def _faults(self, schedule: Schedule) -> list[Fault]:
        """Hang three players; those over whose time no outage lies have to be commanded."""
        safe = range(self.players - len(schedule.late_players))
        late = schedule.terms.hold + schedule.terms.window + IN_TIME + 60
        found = []
        for player in self.chance.sample(safe, 3):
            start = self.chance.uniform(150, self.seconds - late)
            clear = not any(
                each.start - 60 < start + late and start < each.end + AFTERMATH
                for each in schedule.outages
            )
            found.append(Fault(player, start, demanded=clear))
        return found

    def _blips(self) -> list[Fault]:
        """Let some players restart by themselves: none is away for as long as `for`."""
        late = self.seconds - 400
        return [
            Fault(player, start := self.chance.uniform(120, late), start + lasts)
            for player in self.chance.sample(range(self.players // 2), min(5, self.players // 4))
            for lasts in [self.chance.uniform(20, Terms().hold - 90)]
        ]
