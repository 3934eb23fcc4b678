"""What one tick sees: for each criterion and source why nothing is known, or verdicts of players.

Cheap first: for whom a condition holds, and how many there are. Who matters is then proven by the
last scrape: whoever begins or ends to be bad, everybody where a number is another than the last
time, and before anything follows from it who only went on to be bad (see steadiness).
Writes nothing. Silence makes nobody good: who is not looked at is as it was, at rest.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from exporters.models import Exporter

from . import questions, source_gates, steadiness
from .moments import Moment
from .pairs import Pair
from .questions import Asked, Known, Source, Values
from .source_gates import Gates
from .track_rows import NOT_LOOKED, KeptTrack
from .tracks import LONGEST_GAP
from .turns import FOR_LOOKING, FOR_PROOF, Turns, longest
from .verdicts import Why
from .watching import Watch, World, source_of

LOOK_EVERY = 20  # slots or so: one player may come where another goes, numbers are not enough
MOST_AT_ONCE = 20_000  # series in one answer: two seconds
ASIDE = 50  # players that are not known are asked for by name, unless there are more of them
Names = set[str] | None  # of a source; None: all of them


class Look:
    """The answers of one moment, each asked for once.

    In this order: `asking`, `first`, `asking_closely`; of who fires then `too_few` and `steady`.
    """

    def __init__(self, moment: Moment, world: World) -> None:
        self._moment, self._world = moment, world
        self._known: dict[object, Known | Why] = {}
        self._statuses: Mapping[Source, int] | Why = {}
        self._gates = Gates()

    @contextmanager
    def asking(self, watches: Collection[Watch]) -> Iterator[None]:
        """Ask what `first` compares, while the block reads rows: this reads none."""
        if not any(watch.exporters for watch in watches):
            yield
            return
        with self._apart(lambda: self._ask(watches)):
            yield

    @contextmanager
    def asking_closely(self, pairs: Collection[Pair]) -> Iterator[None]:
        """Prove what is to be proven, while the block reads rows: this reads none.

        Of the pairs it writes what `closely` does, which the block may not read.
        """
        if not pairs:
            yield
            return
        self._world.of_late  # noqa: B018 (read once and kept)
        with self._apart(lambda: self.closely(pairs)):
            yield

    @contextmanager
    def _apart(self, questions: Callable[[], None]) -> Iterator[None]:
        def ended() -> float:
            questions()
            return time.monotonic()

        self._moment.read_rows()
        thread = ThreadPoolExecutor(1, "questions")
        try:
            asked = thread.submit(ended)
            yield
            self._moment.give_back(asked.result())
        finally:
            thread.shutdown(wait=False)  # where the block failed: it ends by its own deadline

    def first(self, slot: int, pairs: Collection[Pair], open_: Mapping[int, set[str]]) -> None:
        """Find out why sources are not known, and who has to be looked at.

        `open_`: players with an open episode, by exporter.
        """
        if not pairs:
            return
        self._statuses = self._with_silent({pair.source for pair in pairs})
        self._gates = self._open_gates(pairs)
        for pair in pairs:
            pair.why = self._gates.shut.get(pair.exporter.pk) or self._failed(pair)
            if pair.why is None:
                self._compare(pair, slot, open_.get(pair.exporter.pk, set()))

    def closely(self, pairs: Iterable[Pair], spared: float = FOR_PROOF) -> None:
        """Prove what is to be proven: by name, or of whole sources; leave so many seconds."""
        seen = [pair for pair in pairs if pair.why is None]
        wanted: dict[object, dict[Source, Names]] = defaultdict(dict)
        asked: dict[object, Asked] = {}
        for pair in seen:
            for each in pair.asked:
                asked[each.key] = each
                before = wanted[each.key].get(pair.source, set())
                if pair.whole or before is None:
                    wanted[each.key][pair.source] = None
                elif pair.names:
                    wanted[each.key][pair.source] = before | pair.names
        answers = {
            each.key: self._told(moment, each, wanted[each.key])
            for moment, each in self._turns(wanted, asked, spared)
        }
        for pair in seen:
            told = [answers.get(each.key, {}).get(pair.source, {}) for each in pair.asked]
            _judge(pair, told, self._known)
            if pair.why is None and pair.whole and self._is_thin(pair, told):
                pair.why = Why.TOO_FEW

    def steady(self, firing: Iterable[tuple[Pair, set[str]]]) -> list[Pair]:
        """Prove who fires without having been looked at; return the pairs that were asked."""
        found = []
        for pair, names in firing:
            pair.names = names & pair.steady
            pair.steady -= pair.names
            if pair.names:
                found.append(pair)
        self.closely(found, spared=0.0)  # now is what the seconds were spared for
        return found

    def _is_thin(self, pair: Pair, told: Iterable[Values | Why]) -> bool:
        """Tell whether a look at everybody found fewer players than the source says it has."""
        seen = [
            len(values)
            for each, values in zip(pair.asked, told, strict=True)
            if each.of_status and not isinstance(values, Why)
        ]
        number = {pair.source: min(seen, default=0)}
        return bool(seen) and source_gates.too_few(number, pair.exporter, self._world.of_late)

    def _told(
        self, moment: Moment, asked: Asked, wanted: Mapping[Source, Names]
    ) -> dict[Source, Values | Why]:
        """Ask a question of sources: of each either what is said of its players, or why not."""
        found: dict[Source, Values | Why] = {}
        for part in _portions(wanted, self._counts(asked)):
            told = questions.values_of(moment, asked.condition, asked.metric, part)
            for source in part:
                found[source] = told if isinstance(told, Why) else told.get(source, {})
        return found

    def _open_gates(self, pairs: Collection[Pair]) -> Gates:
        every = {pair.exporter.pk: pair.exporter for pair in pairs}
        if isinstance(self._statuses, Why):
            return Gates(dict.fromkeys(every, self._statuses))
        of_late = self._world.of_late
        return source_gates.gates(self._moment, every.values(), self._statuses, of_late)

    def too_few(self, exporters: Collection[Exporter]) -> dict[int, Why]:
        """Return which of these sources told of too few with their last scrape, or no word."""
        kinds = {each.kind for each in exporters}
        told = questions.told_of(self._moment, kinds, [source_of(each) for each in exporters])
        if isinstance(told, Why):
            return dict.fromkeys((each.pk for each in exporters), told)
        of_late = self._world.of_late
        return {
            each.pk: Why.TOO_FEW for each in exporters if source_gates.too_few(told, each, of_late)
        }

    def _ask(self, watches: Collection[Watch]) -> None:
        wanted: dict[object, set[Source]] = defaultdict(set)
        asked: dict[object, Asked] = {}
        for watch in watches:
            for exporter in watch.exporters:
                for each in watch.asked_of(exporter):
                    asked[each.key] = each
                    wanted[each.key].add(source_of(exporter))
        # First: where Prometheus is away, this says so for all that comes.
        self._statuses = questions.statuses_told(self._moment, set().union(*wanted.values()))
        for moment, each in self._turns(wanted, asked, FOR_LOOKING):
            self._known[each.key] = questions.who_may_meet(
                moment, each, _platforms(wanted[each.key]), longest(each)
            )

    def _with_silent(self, sources: set[Source]) -> Mapping[Source, int] | Why:
        """Count also the players of whom no source tells a number."""
        told = self._statuses
        if isinstance(told, Why) or not (silent := sources - told.keys()):
            return told
        counted = questions.statuses_counted(self._moment, silent)
        return counted if isinstance(counted, Why) else {**counted, **told}

    def _turns(
        self,
        wanted: Mapping[object, Collection[Source]],
        asked: Mapping[object, Asked],
        spared: float,
    ) -> Iterator[tuple[Moment, Asked]]:
        platforms = {key: _platforms(sources) for key, sources in wanted.items()}
        return Turns(self._moment, asked, platforms).all(spared)

    def _counts(self, asked: Asked) -> Mapping[Source, int]:
        """Return of how many players sources have what is asked of."""
        if not asked.of_status:
            return _answer(self._known[asked.key]).counts
        assert not isinstance(self._statuses, Why)  # noqa: S101 (every gate would be shut)
        return self._statuses

    def _failed(self, pair: Pair) -> Why | None:
        answers = (self._known[each.key] for each in pair.asked)
        return next((each for each in answers if isinstance(each, Why)), None)

    def _compare(self, pair: Pair, slot: int, open_: set[str]) -> None:
        """Decide who of a source has to be looked at."""
        known = [_answer(self._known[each.key]) for each in pair.asked]
        pair.counts = [self._counts(each).get(pair.source, 0) for each in pair.asked]
        met = [each.true.get(pair.source, {}) for each in known]
        together = set[str].union if pair.watch.joined == "any" else set[str].intersection
        chosen = together(*(set(each) for each in met))
        pair.met = {name: next(each[name] for each in met if name in each) for name in chosen}
        unwell = {each.identity for each in pair.restless if not _is_frozen(each)}
        frozen = {each.identity for each in pair.restless if _is_frozen(each)}
        pair.names = set(pair.met) | unwell | open_ | (frozen if len(frozen) <= ASIDE else set())
        if pair.exporter.pk in self._gates.sole:
            clock = pair.kept.clock
            pair.steady = steadiness.steady(clock, slot, pair.asked, met, together, pair.restless)
        pair.names -= pair.steady
        pair.whole = _look_at_all(pair, slot)
        if pair.whole:
            pair.steady = set()


def period(clock: int) -> int:
    """Return after how many slots everybody is looked at, so that no tick has to look at all."""
    return LOOK_EVERY // 2 + clock % LOOK_EVERY


def _look_at_all(pair: Pair, slot: int) -> bool:
    kept = pair.kept
    if kept.clock is None or kept.looked == NOT_LOOKED or kept.counts != pair.counts:
        return True
    if abs(slot - kept.clock.slot) > LONGEST_GAP or slot - kept.looked >= period(kept.pk):
        return True
    # By name a player costs three times as much as among all.
    return len(pair.names) > ASIDE and len(pair.names) * 3 > max(pair.counts)


def _portions(
    wanted: Mapping[Source, Names], counts: Mapping[Source, int]
) -> Iterator[dict[Source, Names]]:
    """Divide a question so that each answer comes in time; what is asked by name goes in one."""
    named: dict[Source, Names] = {
        source: names for source, names in wanted.items() if names is not None
    }
    if named:
        yield named
    part: dict[Source, Names] = {}
    size = 0
    for source in sorted(wanted.keys() - named.keys()):
        part[source] = None
        size += counts.get(source, 0)
        if size >= MOST_AT_ONCE:
            yield part
            part, size = {}, 0
    if part:
        yield part


def _platforms(sources: Collection[Source]) -> set[int]:
    return {source.platform_id for source in sources}


def _judge(pair: Pair, told: list[Values | Why], known: Mapping[object, Known | Why]) -> None:
    values: list[Values] = []
    for each_told in told:
        if isinstance(each_told, Why):
            pair.why = each_told
            return
        values.append(each_told)
    met = [_answer(known[each.key]).true.get(pair.source, {}) for each in pair.asked]
    names = set().union(*values) if pair.whole else pair.names
    for name in names:
        said = [
            each.judge(mine.get(name, ()), met=name in holds)
            for each, mine, holds in zip(pair.asked, values, met, strict=True)
        ]
        pair.verdicts[name] = pair.watch.join(said)
        if any(len(mine.get(name, ())) > 1 for mine in values):
            pair.torn.add(name)


def _is_frozen(kept: KeptTrack) -> bool:
    return kept.track is not None and kept.track.frozen_from is not None


def _answer(known: Known | Why) -> Known:
    assert isinstance(known, Known)  # noqa: S101 (a pair whose question failed is not compared)
    return known
