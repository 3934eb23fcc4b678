"""Rules that share a criterion, settled together, against each player under each rule by itself."""

import random
from collections import Counter

import pytest

from exporters.models import Exporter
from jobs import floors, settling
from jobs.episodes import OpenEpisode
from jobs.models import Floor
from jobs.pairs import Pair
from jobs.selection import Selection
from jobs.standings import Timing, standing
from jobs.track_rows import KeptClock, KeptTrack
from jobs.tracks import Clock, Track, advance
from jobs.verdicts import Why
from jobs.watching import Rule, Watch
from platforms.notice_kinds import Severity

SLOT, EXPORTER, SITES = 1000, 7, (1, 2, None)


def some_track(chance: random.Random) -> Track:
    """Return a track as slots may have left it."""
    bad = chance.random() < 0.7
    begun = chance.uniform(0, 900)
    return Track(
        bad=bad,
        run_from=begun,
        since_slot=chance.choice((SLOT, SLOT - 1, 900)),
        era=chance.choice((0, 0, 0, 1)),
        seen_good=chance.random() < 0.8,
        frozen=chance.choice((0.0, 0.0, 60.0)),
        frozen_from=chance.choice((None, None, 950.0)) if bad else None,
        flips=tuple(range(990, 996)) if chance.random() < 0.1 else (),
        value=0.0 if bad else None,
    )


def some_rule(chance: random.Random, number: int) -> Rule:
    """Return a rule over everything, the exporter, a site or a few players; it may have changed."""
    selection = chance.choice(
        (
            Selection(1, whole=True),
            Selection(1, exporters=frozenset({EXPORTER})),
            Selection(1, sites=frozenset({1})),
            Selection(1, players=frozenset(range(0, 40, 3))),
        )
    )
    changed = {5: Floor(observed=chance.uniform(0, 900), frozen={"4": 30.0})}
    return Rule(
        number, 1, f"Rule {number}", 1, True, Severity.WARNING,
        Timing(chance.choice((0, 60, 300, 700)), chance.choice((0, 120))),
        selection, {}, changed if chance.random() < 0.5 else {},
    )  # fmt: skip


def episode(rule: Rule, player: int, chance: random.Random) -> OpenEpisode:
    """Return an open episode of a player under a rule."""
    recovering = chance.random() < 0.5
    pk = rule.pk * 1000 + player
    return OpenEpisode(pk, rule.pk, player, EXPORTER, None, str(player), False, True, recovering)


def naive(
    rule: Rule, tracks: list[KeptTrack], clock: Clock, open_: dict[int, OpenEpisode]
) -> tuple[Counter[str], set[int], set[int]]:
    """Return the figures, who gets an episode, and whose is over: one player after the other."""
    tally: Counter[str] = Counter()
    opened, over = set(), set()
    for each in tracks:
        if not rule.selection.covers(each.player_id, each.exporter_id, each.site_id):
            continue
        floor = floors.of_player(rule.floors.get(5), each.player_id)
        is_open = each.player_id in open_
        now = standing(each.track, clock, rule.timing, floor, is_open)
        tally["ok" if is_open and now.recovers else now.state.value] += 1
        if clock.known and now.unknown:
            tally["unknown"] += 1
        if now.fires and not is_open:
            opened.add(each.player_id)
        if now.recovers and is_open:
            over.add(each.player_id)
    return tally, opened, over


@pytest.mark.parametrize("why", [None, Why.SOURCE_DOWN])
def test_rules_together_are_each_rule_by_itself(why: Why | None) -> None:
    chance, fired = random.Random(4), 0
    for _turn in range(60):
        rules = [some_rule(chance, number) for number in range(1, 9)]
        tracks = [
            KeptTrack(3, player, EXPORTER, chance.choice(SITES), str(player), some_track(chance))
            for player in range(40)
        ]
        before = Clock(SLOT - 1, SLOT * 30 - 30, 970.0, why is None, 900)
        pair = Pair(
            Watch(3, 1, (), "all", rules), Exporter(pk=EXPORTER, platform_id=1),
            KeptClock(5, 1, 3, EXPORTER, before), restless=tracks, why=why,
        )  # fmt: skip
        open_ = {
            rule.pk: {
                player: episode(rule, player, chance) for player in chance.sample(range(50), 6)
            }
            for rule in rules[::2]
        }
        done = settling.settle(pair, SLOT, SLOT * 30, Nobody(), open_, {})  # type: ignore[arg-type]
        clock = advance(before, SLOT, SLOT * 30, why is None, why)
        for rule in rules:
            figures, opened, over = naive(rule, tracks, clock, open_.get(rule.pk, {}))
            tally = {name: number for name, number in done.tallies[rule.pk].items() if number}
            assert tally == figures, rule
            mine = [each for each in done.openings if each.rule is rule]
            assert {each.player_id for each in mine} == opened
            assert len(mine) == len(opened)
            assert {each.player_id for each in done.ended if each.rule is rule} == over
            fired += len(opened)
    assert bool(fired) is (why is None)


class Nobody:
    """Nobody was looked at."""

    def seen(self, _pair: Pair) -> list[object]:
        """Return nobody."""
        return []
