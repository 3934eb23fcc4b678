"""What the exporter processes serve at a moment: the truth, as far as outages let it through."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from exporters import metrics
from exporters.observations import family
from exporters.promql import SPEAKS_FOR

from .samples import Series
from .schedule import A1, OF_B, PROCESS_OF, Outage, Schedule
from .truth import Truth

POLL = 30  # seconds; the scrape interval too
KEPT = 3  # polls for which a process goes on telling what it knew last
NONSENSE = (7.0, -1.0, 0.5, 1e9)
_LIES = ("says_all_offline", "says_half_offline", "recovers_slowly", "says_nonsense", "flaps",
         "forgets_few", "forgets_many")  # fmt: skip


@dataclass(frozen=True)
class Listed:
    """One player as a vendor lists it: its number in the lab, and its name there."""

    number: int
    identity: str


@dataclass
class Source:
    """One vendor account, with the labels of its series."""

    name: str
    kind: str
    platform_id: int
    exporter_id: int
    players: list[Listed]

    @property
    def labels(self) -> dict[str, str]:
        return {"platform_id": str(self.platform_id), "exporter_id": str(self.exporter_id)}


@dataclass
class Process:
    """One exporter process: its sources, its target's labels, the second at which it polls."""

    name: str
    kind: str
    sources: list[Source]
    speaks_for: int | None
    phase: float
    series: dict[object, Series] = field(default_factory=dict)

    @property
    def target(self) -> dict[str, str]:
        """Return the labels that Prometheus gives to all its series."""
        limit = {} if self.speaks_for is None else {SPEAKS_FOR: str(self.speaks_for)}
        return {"job": "remosa_exporters", "instance": self.name, "kind": self.kind, **limit}

    def of(self, name: str, labels: Mapping[str, str], key: object) -> Series:
        """Return a series of it, made once."""
        if key not in self.series:
            self.series[key] = Series(name, {**labels, **self.target})
        return self.series[key]


@dataclass
class Pages:
    """The pages of all processes in one run."""

    schedule: Schedule
    truth: Truth
    sources: Mapping[str, Source]
    origin: float  # Unix time of the beginning
    _liars: dict[tuple[int, str], frozenset[int]] = field(default_factory=dict)

    def of(self, process: Process, moment: float) -> dict[Series, float] | None:
        """Return what a process serves; None: it does not answer."""
        for each in self.schedule.of("process_killed", "process_hangs", "scrape_cut"):
            if each.where in ("", process.name) and each.at(moment):
                return None
        killed = (e.end for e in self.schedule.of("process_killed") if e.where == process.name)
        began = max((end for end in killed if end <= moment), default=-600.0)
        page: dict[Series, float] = {}
        for source in process.sources:
            page.update(self._of_source(process, source, moment, began))
        if process.name == OF_B:
            page.update(self._foreign(process, moment))
        return page

    def _of_source(
        self, process: Process, source: Source, moment: float, began: float
    ) -> Iterator[tuple[Series, float]]:
        polls = int((moment - process.phase) // POLL)
        polled = [process.phase + POLL * (polls - back) for back in range(60)]
        polled = [at for at in polled if at >= began]
        if not polled:
            return
        good = [at for at in polled if not self._is_down(source, at)]
        up = process.of(metrics.SOURCE_UP.name, source.labels, (source.name, "up"))
        yield up, float(bool(good) and good[0] == polled[0])
        if not good:
            return
        last = process.of(metrics.SOURCE_LAST_SUCCESS.name, source.labels, (source.name, "last"))
        yield last, good[0] + self.origin
        if moment - good[0] > KEPT * POLL:
            return
        names = family(source.kind)
        for player, value in self._answer(source, good[0]):
            labels = {**source.labels, names.label: player.identity}
            yield process.of(names.status, labels, (source.name, player.number)), value

    def _is_down(self, source: Source, moment: float) -> bool:
        down = self.schedule.of("vendor_down")
        return any(each.where == source.name and each.at(moment) for each in down)

    def _answer(self, source: Source, moment: float) -> Iterator[tuple[Listed, float]]:
        """Yield what a vendor says: the truth, or what it takes for it."""
        lies = [e for e in self.schedule.of(*_LIES) if e.where == source.name and e.at(moment)]
        chosen = [(each, self._chosen(each, source)) for each in lies]
        for player in source.players:
            said: float | None = float(self.truth.is_well(player.number, moment))
            for lie, among in chosen:
                if player.number in among:
                    said = _lied(lie, player.number, moment, said)
            if said is not None:
                yield player, said

    def _chosen(self, lie: Outage, source: Source) -> frozenset[int]:
        """Return about whom a lie is: the same players while it lasts."""
        key = self.schedule.outages.index(lie), source.name
        if key not in self._liars:
            share = {"says_all_offline": 1.0}.get(lie.kind, lie.share)
            numbers = [each.number for each in source.players]
            few = 2 if lie.kind in ("forgets_few", "foreign_labels") else 0
            wanted = few or max(1, round(len(numbers) * share))
            mixed = random.Random(f"{self.schedule.seed}:{key[0] if not few else 'few'}")
            self._liars[key] = frozenset(mixed.sample(sorted(numbers), wanted))
        return self._liars[key]

    def _foreign(self, process: Process, moment: float) -> Iterator[tuple[Series, float]]:
        """Yield what a process of platform B says of players of platform A."""
        victim = self.sources[A1]
        names = family(victim.kind)
        for lie in self.schedule.of("foreign_labels"):
            among = self._chosen(lie, victim) if lie.at(moment) else frozenset()
            for player in victim.players:
                if player.number in among:
                    labels = {**victim.labels, names.label: player.identity}
                    yield process.of(names.status, labels, ("foreign", player.number)), 0.0


def _lied(lie: Outage, number: int, moment: float, said: float | None) -> float | None:
    passed = moment - lie.start
    if lie.kind in ("forgets_few", "forgets_many"):
        return None
    if lie.kind == "says_nonsense":
        return NONSENSE[number % len(NONSENSE)]
    if lie.kind == "flaps":
        return float(int(passed // (60 + abs(lie.number) % 180)) % 2)
    if lie.kind == "recovers_slowly":
        # Player by player it sees the truth again.
        back = (number * 37 % 100) / 100 * (lie.end - lie.start)
        return said if passed > back else 0.0
    return 0.0


def processes(sources: Mapping[str, Source], speaks_for: int, phases: list[float]) -> list[Process]:
    """Return the processes of the sources; that of platform B may speak for it alone."""
    return [
        Process(PROCESS_OF[name], source.kind, [source],
                speaks_for if PROCESS_OF[name] == OF_B else None, phase)
        for (name, source), phase in zip(sources.items(), phases, strict=True)
    ]  # fmt: skip
