"""What follows from what one tick saw of one source: clock, tracks, episodes, figures. In memory.

It asks nobody and writes nothing, and makes no verdict of its own.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from . import floors
from .episodes import Ended, OpenEpisode, Opening
from .models import Ending, Floor
from .pairs import Pair
from .recall import Recall, Seen
from .standings import Standing, State, held_for, held_since, soonest, standing
from .track_rows import KeptClock, KeptTrack
from .tracks import Clock, advance, step
from .verdicts import Verdict, Why
from .watching import Rule

OpenOnes = Mapping[int, Mapping[int, OpenEpisode]]  # by job and player


@dataclass
class Settled:
    """What a tick decided of one pair. `was` is the slot at which its clock was read."""

    pair: Pair
    clock: KeptClock
    was: int
    changed: list[KeptTrack] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    good: list[int] = field(default_factory=list)  # episodes whose player is well, and not yet over
    bad: list[int] = field(default_factory=list)
    tallies: dict[int, Counter[str]] = field(default_factory=dict)  # by job, players by state
    jobs: set[int] = field(default_factory=set)  # whose episodes are written

    @property
    def firing(self) -> set[str]:
        """Return who gets an episode, by identity."""
        players = {each.player_id for each in self.openings}
        return {each.identity for each in self.pair.restless if each.player_id in players}


def settle(
    pair: Pair,
    slot: int,
    at: float,
    recall: Recall,
    open_: OpenOnes,
    reached: Mapping[int, Mapping[int, int]],
) -> Settled:
    """Move the clock and the tracks of a pair to a slot; say what that means for its rules.

    `reached` is by job and exporter how many players a rule is about.
    """
    kept, known = pair.kept, pair.why is None
    clock = KeptClock(
        kept.pk, kept.platform_id, kept.criterion_id, kept.exporter_id,
        advance(kept.clock, slot, at, known, pair.why),
        kept.counts, kept.fresh, kept.looked,
    )  # fmt: skip
    done = Settled(pair, clock, kept.clock.slot if kept.clock else 0)
    present = {each.player_id: each for each in pair.restless}
    if known:
        _take_in(done, recall, present)
    crowd = _Crowd(present, clock.clock)
    for rule in pair.watch.rules:
        _apply(done, rule, crowd, open_.get(rule.pk, {}), reached.get(rule.pk, {}))
    return done


def _take_in(done: Settled, recall: Recall, present: dict[int, KeptTrack]) -> None:
    """Step the tracks of whoever was looked at; keep what a look at everybody found."""
    pair, kept = done.pair, done.clock
    assert kept.clock is not None  # noqa: S101 (settle moved it)
    added = 0
    for seen in recall.seen(pair):
        track = step(seen.track, kept.clock, seen.verdict, _value(pair, seen), _why(pair, seen))
        moved = KeptTrack(
            kept.criterion_id, seen.who.pk, kept.exporter_id, seen.who.site_id, seen.identity, track
        )
        if track is not seen.track:
            done.changed.append(moved)
            added += seen.track is None
        if track is not None:
            present[seen.who.pk] = moved
    if pair.whole:
        kept.counts, kept.looked = pair.counts, kept.clock.slot
        kept.fresh = recall.fresh(pair, added)


class _Crowd:
    """Players as a rule sees them that covers all, never changed and has no episode open."""

    def __init__(self, present: Mapping[int, KeptTrack], clock: Clock | None) -> None:
        assert clock is not None  # noqa: S101 (settle moved it)
        self.clock, self.present = clock, present
        self.soon = {pk: soonest(each.track, clock) for pk, each in present.items()}
        #: Who fires under some rule, the one that was bad for the longest first.
        self.near = sorted(
            (pk for pk, soon in self.soon.items() if soon.fires),
            key=lambda pk: -self.soon[pk].held,
        )
        self.states = Counter(held_for(soon, math.inf).state for soon in self.soon.values())
        self.unknown = sum(soon.unknown for soon in self.soon.values()) if clock.known else 0

    def apart(self, floor: Floor | None, open_: Iterable[int]) -> set[int]:
        """Return who has to be looked at one by one: with an episode, or under this floor."""
        chosen = {pk for pk in open_ if pk in self.present}
        if floor is not None:
            chosen.update(
                pk
                for pk, each in self.present.items()
                if each.track is not None and each.track.run_from < floor.observed
            )
        return chosen


def _apply(
    done: Settled,
    rule: Rule,
    crowd: _Crowd,
    open_: Mapping[int, OpenEpisode],
    reached: Mapping[int, int],
) -> None:
    """Say where the players stand under one rule."""
    kept, clock = done.clock, crowd.clock
    floor = rule.floors.get(kept.pk)
    tally: Counter[str] = Counter(players=reached.get(kept.exporter_id, 0))
    if rule.selection.whole or kept.exporter_id in rule.selection.exporters:
        apart = crowd.apart(floor, open_)
        _apply_to_all(done, rule, crowd, apart, tally)
        some = [crowd.present[pk] for pk in apart]
    else:
        some = [
            each
            for each in crowd.present.values()
            if rule.selection.covers(each.player_id, each.exporter_id, each.site_id)
        ]
    for each in some:
        episode = open_.get(each.player_id)
        now = standing(
            each.track, clock, rule.timing, floors.of_player(floor, each.player_id),
            episode is not None,
        )  # fmt: skip
        over = episode is not None and now.recovers
        tally[State.OK.value if over else now.state.value] += 1
        tally["unknown"] += now.unknown and clock.known
        if episode is None:
            if now.fires:
                _open(done, rule, each, now.held)
        elif _follow(done, rule, each, episode, now):
            done.jobs.add(rule.pk)
    if not clock.known:
        tally["unknown"] = tally["players"]
    if kept.exporter_id in rule.selection.exporters or rule.selection.whole:
        tally["new"] += kept.fresh
        tally["unknown"] += kept.fresh if clock.known else 0
    done.tallies[rule.pk] = tally


def _apply_to_all(
    done: Settled, rule: Rule, crowd: _Crowd, apart: Collection[int], tally: Counter[str]
) -> None:
    """Say of all but those that stand apart where they are: at the price of who fires."""
    tally.update({state.value: number for state, number in crowd.states.items()})
    tally["unknown"] += crowd.unknown
    for pk in apart:
        soon = crowd.soon[pk]
        tally[held_for(soon, math.inf).state.value] -= 1
        tally["unknown"] -= soon.unknown and crowd.clock.known
    for pk in crowd.near:
        now = held_for(crowd.soon[pk], rule.timing.hold)
        if not now.fires:
            break
        if pk not in apart:
            tally[State.PENDING.value] -= 1
            tally[now.state.value] += 1
            _open(done, rule, crowd.present[pk], now.held)


def _open(done: Settled, rule: Rule, each: KeptTrack, held: float) -> None:
    track, clock = each.track, done.clock.clock
    assert track is not None  # noqa: S101 (it fires)
    assert clock is not None  # noqa: S101 (settle moved it)
    since = datetime.fromtimestamp(held_since(track, clock, held), UTC)
    done.openings.append(Opening(rule, each.player_id, track.value, since))
    done.jobs.add(rule.pk)


def _follow(
    done: Settled, rule: Rule, each: KeptTrack, episode: OpenEpisode, now: Standing
) -> bool:
    """Go on with an open episode; return whether there is something to write of it."""
    if now.recovers:
        done.ended.append(Ended(episode.pk, rule, each.player_id, Ending.RECOVERED))
        return True
    if now.unknown or each.track is None or each.track.bad is not episode.recovering:
        return False
    (done.bad if each.track.bad else done.good).append(episode.pk)
    return True


def _value(pair: Pair, seen: Seen) -> float | None:
    return pair.met.get(seen.identity) if seen.verdict is Verdict.TRUE else None


def _why(pair: Pair, seen: Seen) -> Why | None:
    if seen.verdict is not Verdict.UNKNOWN:
        return None
    return Why.CONTRADICTION if seen.identity in pair.torn else Why.NO_SAMPLE
