"""What must hold of every message that went out, judged by the truth and the gateway's own log."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from jobs.models import JobExecution, Outcome

from .fleet import Fleet
from .pages import Process
from .samples import Series
from .schedule import A1, A2, AFTERMATH, B1, IN_TIME, Schedule, Terms
from .truth import Truth

#: What is seen may be one poll and one scrape old, and is asked again right before the wire.
OLD = 60 + 10
BRAKE = 600  # seconds for which whoever was restarted counts as bad, at the least
MUST_BE_ZERO = (
    "healthy", "hasty", "never_well", "too_soon", "taken_over", "crowded", "late", "unproven",
)  # fmt: skip


@dataclass(frozen=True)
class Telling:
    """A message as the gateway took it: for which player, when."""

    player: int
    at: float
    text: str


@dataclass
class Record:
    """What happened in one run."""

    schedule: Schedule
    truth: Truth
    origin: float
    tellings: list[Telling] = field(default_factory=list)
    violations: list[dict[str, Any]] = field(default_factory=list)
    taken_over: dict[int, float] = field(default_factory=dict)
    delays: list[float] = field(default_factory=list)  # seconds beyond `for`
    ticks: int = 0
    blind: int = 0
    opened: int = 0
    bounds: tuple[range, ...] = ()  # of the numbers of each source's players
    #: By player when a scrape found it well; of the others nobody asks.
    _well: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    _judged: set[int] = field(default_factory=set)
    _never_well: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._never_well = set(self.schedule.late_players)

    @property
    def terms(self) -> Terms:
        """Return what the jobs of the run say."""
        return self.schedule.terms

    def told(self, telling: Telling) -> None:
        """Judge a message at the moment at which it goes out, before it does anything."""
        player, at = telling.player, telling.at
        since = self.truth.hangs_since(player, at)
        span = self.truth.last_hung(player, at)
        if player in self._never_well:
            self._violated("never_well", player, at)
        elif since is None and (span is None or span.end < at - OLD):
            self._violated("healthy", player, at)
        elif at < (span.start if span is not None else at) + self.terms.hold:
            self._violated("hasty", player, at)
        before = [each.at for each in self.tellings if each.player == player]
        if before and at < before[-1] + self.terms.grace + self.terms.cooldown:
            self._violated("too_soon", player, at)
        if player in self.taken_over:
            self._violated("taken_over", player, at)
        if self._is_crowded(player, at):
            self._violated("crowded", player, at)
        self.tellings.append(telling)

    def first_told(self, player: int) -> float | None:
        """Return when the first message to a player went out."""
        return next((each.at for each in self.tellings if each.player == player), None)

    def scraped(self, process: Process, told: dict[Series, float], at: float) -> None:
        """Keep of those that were restarted what Prometheus was told of them.

        Whom a vendor once said to be well was seen well, whatever is true.
        """
        for player in {each.player for each in self.tellings} | self._never_well:
            found = (process.series.get((name, player)) for name in (A1, A2, B1))
            if any(each is not None and told.get(each) == 1.0 for each in found):
                self._well[player].append(at)
                self._never_well.discard(player)

    def verified(self, at: float, fleet: Fleet) -> None:
        """Judge what was just found to have helped."""
        rows = JobExecution.objects.filter(outcome=Outcome.VERIFIED).exclude(pk__in=self._judged)
        for row in rows.select_related("command", "player"):
            self._judged.add(row.pk)
            wire = row.command.wire_at if row.command is not None else None
            if wire is None:
                continue
            number = next(n for n, each in enumerate(fleet.players) if each.pk == row.player_id)
            booted = (
                max(each.at for each in self.tellings if each.player == number) + self.terms.grace
            )
            seen = [each for each in self._well[number] if booted < each <= at]
            if not seen or at - seen[0] < self.terms.recover - 30:
                self._violated("unproven", number, at)

    def close(self, fleet: Fleet) -> None:
        """Judge at the end who should have been commanded."""
        for fault in self.schedule.faults:
            if not fault.demanded:
                continue
            told = self.first_told(fault.player)
            window = self.terms.window if self._is_of_b(fault.player, fleet) else 0
            fires = fault.start + self.terms.hold + window
            if told is None or told > fires + IN_TIME:
                self._violated("late", fault.player, -1.0 if told is None else told)
            else:
                self.delays.append(told - fires)

    def _is_crowded(self, player: int, at: float) -> bool:
        """Tell whether more of a source are bad, or were just restarted, than any brake allows."""
        bounds = self._bounds(player)
        if bounds is None:
            return False
        new = self._never_well  # no brake counts them
        restarted = {each.player for each in self.tellings if each.at > at - BRAKE}
        bad = {each for each in self.truth.spans if not self.truth.is_well(each, at)}
        mine = [each for each in (bad | restarted | {player}) - new if each in bounds]
        return len(mine) > max(2, len(set(bounds) - new) // 5)

    def _bounds(self, player: int) -> range | None:
        return next((each for each in self.bounds if player in each), None)

    def _is_of_b(self, player: int, fleet: Fleet) -> bool:
        return any(each.number == player for each in fleet.sources[B1].players)

    def _violated(self, rule: str, player: int, at: float) -> None:
        self.violations.append(
            {"rule": rule, "seed": self.schedule.seed, "player": player, "at": round(at)}
        )


def report(records: list[Record]) -> dict[str, Any]:
    """Return what all runs come to; every violation names the seed that repeats it."""
    violated = [each for record in records for each in record.violations]
    rules = Counter(each["rule"] for each in violated)
    delays = sorted(delay for record in records for delay in record.delays)
    kinds = Counter(each.kind for record in records for each in record.schedule.outages)
    faults = [fault for record in records for fault in record.schedule.faults]
    return {
        "schedules": len(records),
        **{name: rules[name] for name in MUST_BE_ZERO},
        "outages": dict(sorted(kinds.items())),
        "real_faults": sum(each.end > 1e8 for each in faults),
        "demanded": sum(each.demanded for each in faults),
        "blips": sum(each.end < 1e8 for each in faults),
        "commands": sum(len(record.tellings) for record in records),
        "episodes": sum(record.opened for record in records),
        "ticks": sum(record.ticks for record in records),
        "blind_ticks": sum(record.blind for record in records),
        "seconds_beyond_for": {
            name: round(delays[min(len(delays) - 1, int(len(delays) * part))], 1)
            for name, part in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
            if delays
        },
        "limit_beyond_for": IN_TIME,
        "aftermath": AFTERMATH,
        "violations": violated[:50],
    }
