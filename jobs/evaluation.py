"""The stage that evaluates: each slot once, every criterion on every source, and the episodes.

1. Claim the slot. Slots that were missed are counted, never made up for.
2. Read what is watched. Ask Prometheus; read meanwhile what is remembered, and what is open.
3. Move clocks and tracks in memory; say who fires and who is well again.
4. Prove by the last scrape that the sources of those that fire can be believed.
5. Write what changed, where the clock stands as it was read: a slow worker drops its work.

It gives no command, looks at no gate before acting, and calls no other stage.
"""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce

from exporters.models import Exporter

from . import episodes, track_rows
from .episodes import Ended
from .looking import Look
from .models import Engine, Job
from .moments import Moment
from .ongoing import Ongoing
from .pairs import Pair
from .recall import Recall
from .settling import OpenOnes, Settled, settle
from .tracks import PUT_BACK, SLOT, is_due
from .verdicts import Why
from .watching import Watch, World

logger = logging.getLogger(__name__)

ANSWERS_WITHIN = 25.0  # seconds, for all questions of a tick: the next slot begins after 30
MOST_AT_ONCE = 5000  # tracks in a transaction
FORGET_EVERY = 20  # slots
BLIND = frozenset({Why.PROMETHEUS_AWAY, Why.PROMETHEUS_PARTIAL, Why.TOO_SLOW})


@dataclass
class Tick:
    """What one tick did. `blind`: the code of why nothing at all could be judged."""

    slot: int
    clocks: int = 0
    known: int = 0
    lost: int = 0  # clocks that another worker had moved
    written: int = 0
    opened: int = 0
    closed: int = 0
    blind: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        return (
            f"slot {self.slot}: {self.known} of {self.clocks} clocks known, {self.lost} lost, "
            f"{self.written} tracks written, {self.opened} episodes opened, {self.closed} closed, "
            f"{self.seconds:.2f} s {self.blind}"
        )


def evaluate(now: datetime) -> Tick | None:
    """Evaluate the slot of this moment as things stood when it began; None where it was claimed.

    Ticks come a little early and late. Judged when they come, half of the times that are a number
    of slots would be found a second too short, and end a slot later.
    """
    return judge(now, begin_of(int(now.timestamp()) // SLOT))


def begin_of(slot: int) -> datetime:
    """Return the moment at which a slot begins."""
    return datetime.fromtimestamp(slot * SLOT, UTC)


def judge(now: datetime, at: datetime) -> Tick | None:
    """Evaluate the slot of now as things stood at a moment, the same one in every slot."""
    slot = int(now.timestamp()) // SLOT
    if not claim(slot, now):
        return None
    began = time.monotonic()
    tick = Tick(slot)
    _Evaluation(now, at, tick).run()
    tick.seconds = time.monotonic() - began
    _note(tick, now)
    logger.log(logging.WARNING if tick.blind else logging.INFO, "Evaluation of %s", tick)
    return tick


def claim(slot: int, now: datetime) -> bool:
    """Take the slot for this process; of all that ask at once one gets it.

    One that is far behind the last: the clock was wrong then, and was put back.
    """
    Engine.objects.get_or_create(pk=1, defaults={"ticked_at": now})  # from then on it is awaited
    none = Q(slot=0) | Q(slot__gte=slot)
    missed = Case(When(none, then=Value(0)), default=Value(slot - 1) - F("slot"))
    return bool(
        Engine.objects.filter(Q(slot__lt=slot) | Q(slot__gt=slot + PUT_BACK), pk=1).update(
            slot=slot, ticks=F("ticks") + 1, missed=F("missed") + missed
        )
    )


class _Evaluation:
    """One tick, from what is watched to what is written."""

    def __init__(self, now: datetime, at: datetime, tick: Tick) -> None:
        self._now, self._at, self._tick = now, at, tick
        self._world = World(now)
        self._watches = self._world.watches()
        self._rules = {rule.pk: rule for watch in self._watches for rule in watch.rules}
        self._reached: dict[int, dict[int, int]] = {}
        self._open: OpenOnes = {}

    def run(self) -> None:
        """Do it."""
        look = Look(Moment(self._at.timestamp(), ANSWERS_WITHIN), self._world)
        with look.asking(self._watches):  # it takes longer than all that is read meanwhile
            self._reached = {pk: self._world.reached(rule) for pk, rule in self._rules.items()}
            # Who is not at rest goes at once: nobody sees the time until it comes back.
            track_rows.forget_retired(at_rest=self._tick.slot % FORGET_EVERY == 0)
            ongoing = Ongoing(self._world, self._rules)
            self._close(ongoing.over)
            self._open = ongoing.by_job
            pairs = self._pairs()
            _add_restless(pairs)
        look.first(self._tick.slot, pairs, ongoing.names())
        seen = [pair for pair in pairs if pair.why is None]
        with look.asking_closely(seen):
            recall = Recall(seen, ongoing.players())
        recall.of_whole([pair for pair in seen if pair.why is None])
        settled = self._proven(look, recall, [self._settle(pair, recall) for pair in pairs])
        won = {pk for part in _parts(settled) for pk in self._written(part)}
        self._tick.lost = len(settled) - len(won)
        self._write_figures(settled, won)
        self._tick.clocks = len(pairs)
        self._tick.known = sum(pair.why is None for pair in pairs)
        if pairs and all(pair.why in BLIND for pair in pairs):
            slow = all(pair.why is Why.TOO_SLOW for pair in pairs)
            self._tick.blind = (Why.TOO_SLOW if slow else Why.PROMETHEUS_AWAY).value

    def _close(self, over: Collection[Ended]) -> None:
        if over:
            with transaction.atomic():
                self._tick.closed += episodes.close(over, self._now)

    def _pairs(self) -> list[Pair]:
        """Return every criterion on every source that nobody evaluated for this slot yet."""
        wanted = {
            (watch.criterion_id, exporter.pk): (watch, exporter)
            for watch in self._watches
            for exporter in self._reached_by(watch)
        }
        clocks = track_rows.clocks({key: watch.platform_id for key, (watch, _) in wanted.items()})
        return [
            Pair(watch, exporter, kept)
            for key, (watch, exporter) in wanted.items()
            for kept in [clocks[key]]
            if kept.clock is None or is_due(self._tick.slot, kept.clock.slot)
        ]

    def _reached_by(self, watch: Watch) -> list[Exporter]:
        """Return the exporters on which rules are about anybody."""
        reached = {pk for rule in watch.rules for pk in self._reached[rule.pk]}
        return [each for each in watch.exporters if each.pk in reached]

    def _settle(self, pair: Pair, recall: Recall) -> Settled:
        at = self._at.timestamp()
        return settle(pair, self._tick.slot, at, recall, self._open, self._reached)

    def _proven(self, look: Look, recall: Recall, settled: list[Settled]) -> list[Settled]:
        """Take back what was decided of sources and players that the last scrape does not prove.

        Prometheus remembers for 5 minutes what vanished while it was stopped, and the cheap
        questions believe it. So before an episode opens they are asked once more.
        """
        firing = [each for each in settled if each.openings]
        sources = {each.pair.exporter.pk: each.pair.exporter for each in firing}
        doubted = look.too_few(list(sources.values())) if firing else {}
        anew = {id(pair) for pair in look.steady((each.pair, each.firing) for each in firing)}
        for each in settled:
            pair, why = each.pair, doubted.get(each.pair.exporter.pk)
            if why is not None and pair.why is None:
                # The next tick looks at everybody, and believes it as little.
                pair.why, pair.kept.looked = why, track_rows.NOT_LOOKED
                anew.add(id(pair))
        return [self._settle(e.pair, recall) if id(e.pair) in anew else e for e in settled]

    def _written(self, part: Collection[Settled]) -> set[int]:
        """Write a part, or what of it can be written: of what is left out the next tick knows.

        Players or jobs were deleted meanwhile, or a database refuses what one tenant made up: the
        rows of the others do not wait for it.
        """
        try:
            return self._write(part)
        except DatabaseError as error:
            by_platform: dict[int, list[Settled]] = defaultdict(list)
            for each in part:
                by_platform[each.clock.platform_id].append(each)
            if len(by_platform) > 1:
                return {pk for mine in by_platform.values() for pk in self._written(mine)}
            logger.warning(
                "Platform %d: a part of slot %d is dropped: %s",
                *by_platform, self._tick.slot, type(error).__name__,
            )  # fmt: skip
            return set()

    def _write(self, part: Collection[Settled]) -> set[int]:
        """Write what was decided, in one transaction; return the clocks that were moved."""
        with transaction.atomic():
            # First the jobs, then clocks, then episodes: who changes a job begins with it too.
            episodes.lock({pk for each in part for pk in each.jobs})
            was = {each.clock.pk: each.was for each in part}
            won = track_rows.move(was, [each.clock for each in part], self._at)
            mine = [each for each in part if each.clock.pk in won]
            platforms = {each.clock.criterion_id: each.clock.platform_id for each in mine}
            written = track_rows.write(platforms, (each for s in mine for each in s.changed))
            opened = episodes.open_new([each for s in mine for each in s.openings], self._now)
            closed = episodes.close([each for s in mine for each in s.ended], self._now)
            good = [pk for each in mine for pk in each.good]
            episodes.turn(good, [pk for each in mine for pk in each.bad], self._now)
        self._tick.written += written
        self._tick.opened += opened
        self._tick.closed += closed
        return won

    def _write_figures(self, settled: Iterable[Settled], won: Collection[int]) -> None:
        """Write how many players of each job are in which state, where that changed."""
        figures: dict[int, Counter[str]] = defaultdict(Counter)
        stale: set[int] = set()
        for each in settled:
            for pk, tally in each.tallies.items():
                figures[pk].update(tally)
                if each.clock.pk not in won:
                    stale.add(pk)
        changed = {
            pk: told
            for pk, rule in self._rules.items()
            if pk not in stale and (told := _told(figures.get(pk, {}))) != rule.figures
        }
        with transaction.atomic():
            # Figures are worth waiting for nobody: what is held now is written another time.
            rows = Job.objects.filter(pk__in=changed).order_by("pk")  # unscoped: by their ids
            free = rows.select_for_update(of=("self",), skip_locked=True, no_key=True)
            held = free.values_list("pk", flat=True) if changed else ()
            track_rows.write_figures({pk: changed[pk] for pk in held})


def _told(tally: Mapping[str, int]) -> dict[str, int]:
    """Return players by state; `unknown` lies over the states and is counted beside them."""
    found = {name: number for name, number in tally.items() if number}
    players = found.pop("players", 0)
    others = sum(number for name, number in found.items() if name not in ("unknown", "ok"))
    return {**found, "ok": max(0, players - others)}


def _add_restless(pairs: Collection[Pair]) -> None:
    """Read the tracks that are not at rest."""
    restless = defaultdict(list)
    for each in track_rows.restless({pair.watch.criterion_id for pair in pairs}):
        restless[each.criterion_id, each.exporter_id].append(each)
    for pair in pairs:
        pair.restless = restless[pair.watch.criterion_id, pair.exporter.pk]


def _parts(settled: Iterable[Settled]) -> Iterator[list[Settled]]:
    """Divide what is to be written into transactions of bounded size."""
    part: list[Settled] = []
    size = 0
    for each in settled:
        part.append(each)
        size += len(each.changed)
        if size >= MOST_AT_ONCE:
            yield part
            part, size = [], 0
    if part:
        yield part


def _note(tick: Tick, now: datetime) -> None:
    """Keep how the tick went, for the alarm and the figures of the engine.

    One that failed is none, nor is one that could write nothing: the alarm is to hear of it.
    """
    values: dict[str, Any] = {"took": tick.seconds, "blind": tick.blind, "blind_since": None}
    if tick.blind:
        values["blind_since"] = Coalesce("blind_since", Value(now))
    if not tick.clocks or tick.lost < tick.clocks:
        values["ticked_at"] = now
    Engine.objects.filter(pk=1).update(**values)
