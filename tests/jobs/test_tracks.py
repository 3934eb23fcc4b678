"""The memory of a player against a sum that is kept slot by slot, and by tables of examples."""

import os
import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from jobs.standings import (
    GROUND,
    Floor,
    Standing,
    State,
    Timing,
    floor_at,
    held_for,
    held_since,
    soonest,
    standing,
)
from jobs.tracks import Clock, Track, advance, step, well_at
from jobs.verdicts import Verdict
from tests.jobs.naive_track import NaiveTrack

#: The proof in full is 100,000 traces: some minutes.
TRACES = int(os.environ.get("REMOSA_TRACES", "1500"))
SAID = {"T": Verdict.TRUE, "F": Verdict.FALSE, "U": Verdict.UNKNOWN, "S": Verdict.UNKNOWN}


@dataclass
class Player:
    """A player as the engine keeps it; one at rest is left alone, as the engine leaves it."""

    timing: Timing
    clock: Clock | None = None
    track: Track | None = None
    floor: Floor = GROUND
    open: bool = False
    fired: int = 0
    writes: int = 0
    states: list[State] = field(default_factory=list)

    def change_version(self) -> None:
        """Change the job between two slots."""
        if self.clock is not None:
            self.floor = floor_at(self.track, self.clock)

    def take(self, slot: int, at: int, said: str) -> None:
        """Evaluate one slot: T, F or U of the player, S for a source that is not known."""
        self.clock = advance(self.clock, slot, at, said != "S", None)
        before = self.track
        left_alone = before is not None and before.at_rest and not self.open and said == "F"
        if not left_alone:
            self.track = step(before, self.clock, SAID[said])
        self.writes += self.track is not before
        assert self.clock is not None
        # What jobs of one criterion have in common, and what this one adds.
        shared = held_for(soonest(self.track, self.clock), self.timing.hold)
        alone = standing(self.track, self.clock, self.timing)
        assert shared == alone._replace(recovers=False)
        now = self.now
        if now.fires and not self.open:
            self.open, self.fired = True, self.fired + 1
        elif now.recovers and self.open:
            self.open = False
        self.states.append(self.now.state)

    @property
    def now(self) -> Standing:
        """Return where it stands."""
        assert self.clock is not None
        return standing(self.track, self.clock, self.timing, self.floor, self.open)


def told(slots: str, hold: int = 60, recover: int = 60) -> Player:
    """Evaluate slots that follow each other; `-`: none was evaluated, `v`: the job changes."""
    player, slot = Player(Timing(hold, recover)), 0
    for said in slots:
        if said == "v":
            player.change_version()
            continue
        if said != "-":
            player.take(slot, slot * 30, said)
        slot += 1
    return player


@pytest.mark.parametrize(
    ("slots", "state", "held"),
    [
        ("T", State.NEW, 0),
        ("TTTTTT", State.NEW, 150),  # never seen well: it is never rebooted
        ("U", State.NEW, 0),
        ("F", State.OK, 0),
        ("FT", State.PENDING, 0),  # the first TRUE is the beginning, not an interval
        ("FTT", State.PENDING, 30),
        ("FTTT", State.FIRING, 60),
        ("FTTUUUU", State.PENDING, 30),  # UNKNOWN freezes
        ("FTTSSSS", State.PENDING, 30),
        ("FTTUT", State.PENDING, 30),  # what lies between two known slots was not seen
        ("FTTUTT", State.FIRING, 60),
        ("FTTSTT", State.FIRING, 60),
        ("FTTUSUTT", State.FIRING, 60),
        ("FTTUFTT", State.PENDING, 30),  # FALSE resets
        ("FTT-T", State.PENDING, 30),  # a slot left out counts for nothing
        ("FTT--TT", State.FIRING, 60),
        ("FTT---TT", State.PENDING, 30),  # after more than three slots it begins anew
        ("FTT---TTT", State.FIRING, 60),
        ("FTTSSSSSSSSTT", State.FIRING, 60),  # evaluated all the time: frozen, not a gap
        ("FTTvT", State.PENDING, 30),  # a changed job counts anew
        ("FTTUUvTT", State.PENDING, 30),
        ("FTTUUTvTT", State.FIRING, 60),  # what froze before the change is not taken off twice
        ("FTTUvUTTT", State.FIRING, 60),
        ("FTTTF", State.RECOVERING, 0),
        ("FTTTFFUUF", State.RECOVERING, 30),
        ("FTTTFFUUFF", State.OK, 60),
        ("FTTTFF---F", State.RECOVERING, 0),
        ("FTTTFFT", State.FIRING, 0),  # bad again before it was well for long enough
        ("FTTTUUUUUUUU", State.FIRING, 60),  # UNKNOWN closes nothing
        ("FTFTFTTT", State.FIRING, 60),
        ("FTFTFTFTTT", State.FLAPPING, 60),
    ],
)
def test_a_player_stands_where_its_slots_put_it(slots: str, state: State, held: float) -> None:
    player = told(slots)
    assert (player.now.state, player.now.held) == (state, held)
    assert player.now.unknown is (slots[-1] in "US")


@pytest.mark.parametrize(
    ("slots", "ago"),
    [
        ("FT", 0),
        ("FTTT", 60),
        ("FTTvTT", 90),  # the job was changed since, and the player was bad all the time
        ("FTTUUTT", 60),  # seen for so long; it was bad before it was not known
        ("FTTSSTT", 60),
        ("FTTUUTTTT", 120),
        ("FTT---TTT", 60),  # of what was before, nobody knows
        ("FTTTFF", 30),  # well again
    ],
)
def test_it_is_said_since_when_a_player_is_as_it_is(slots: str, ago: float) -> None:
    player = told(slots)
    assert player.track is not None
    assert player.clock is not None
    at = player.clock.at
    assert held_since(player.track, player.clock, player.now.held) == at - ago


@pytest.mark.parametrize(
    ("slots", "well"),
    [
        ("T", None),
        ("TUUTT", None),
        ("FFFF", 3),
        ("FFFTTT", 2),
        ("FFFTTTUUUTT", 2),  # not known in between: it was not well there
        ("FFFTTTSSSTT", 2),
        ("FFFTTT-----TT", 2),  # nor while nobody looked
        ("FFFUUUT", 2),
        ("FFFSSST", 2),
        ("FFFSSSFT", 6),
        ("FFF-----T", 2),
        ("FFF-----", 2),
        ("FFFUUF", 5),
        ("FFFS", 2),
        ("FFFSSSFFST", 7),
        ("FTTFT", 3),
    ],
)
def test_it_is_remembered_when_a_player_was_well(slots: str, well: int | None) -> None:
    player = told(slots)
    assert player.track is not None
    assert player.clock is not None
    assert well_at(player.track, player.clock) == well


def test_it_fires_on_two_slots_in_a_row_alone() -> None:
    assert told("FT", hold=0).fired == 0
    assert told("FTT", hold=0).fired == 1
    assert told("FTUTUTSTST-T-T", hold=0).fired == 0


def test_it_flaps_until_the_sixth_last_flip_is_an_hour_old() -> None:
    flips = "FTFTFTF"  # six, at slots 1 to 6
    assert told(flips + "F" * 114).states[-1] is State.FLAPPING  # slot 120
    assert told(flips + "F" * 115).states[-1] is State.OK
    # It goes on flapping while it goes on flipping, whichever hour is looked at.
    steady = ("T" * 10 + "F" * 10) * 30
    assert set(told("F" + steady).states[60:]) == {State.FLAPPING}


def test_a_flapping_player_keeps_the_episode_that_is_open() -> None:
    assert told("FTTT" + "FT" * 6).states[-1] is State.FIRING


def test_nothing_is_written_while_nothing_changes() -> None:
    assert told("F" * 50).writes == 1
    assert told("F" + "T" * 50).writes == 2
    assert told("F" + "T" * 5 + "S" * 50 + "T" * 5).writes == 2
    assert told("F" + "T" * 5 + "U" * 50 + "T" * 5).writes == 4


def test_an_episode_does_not_close_on_what_was_seen_before_a_gap() -> None:
    player = told("FFFFF-----")
    player.take(11, 330, "F")  # at rest: nothing was written
    assert player.clock is not None
    assert player.track is not None
    assert not standing(player.track, player.clock, Timing(0, 0), episode_open=True).recovers
    assert standing(
        step(player.track, player.clock, Verdict.FALSE), player.clock, Timing(0, 0)
    ).recovers


def test_a_slot_is_evaluated_once() -> None:
    clock = advance(None, 7, 210.0, True, None)
    with pytest.raises(ValueError, match="slot 7 comes after 7"):
        advance(clock, 7, 211.0, True, None)


def test_a_clock_that_is_set_back_takes_nothing_away() -> None:
    clock = advance(advance(None, 7, 210.0, True, None), 8, 200.0, True, None)
    assert clock.observed == 0


def test_it_equals_the_sum_that_is_kept_slot_by_slot() -> None:
    """Random traces: 0 differences in state, seconds, firing and recovering, at every slot."""
    chance, met = random.Random(4), Counter[str]()
    for number in range(TRACES):
        met.update(_compare(random.Random(chance.getrandbits(64)), number))
    assert min(met[state] for state in State) > TRACES / 20, met
    happened = ("fired", "recovered", "gap", "version", "outlived")
    assert min(met[each] for each in happened) > TRACES / 20, met


def _compare(chance: random.Random, number: int) -> "Counter[str]":
    hold, recover = chance.choice((0, 30, 60, 90, 200)), chance.choice((0, 30, 60, 150))
    player, naive = Player(Timing(hold, recover)), NaiveTrack(hold, recover)
    calm, late = chance.choice((0.3, 0.7, 0.9)), chance.choice((0.0, 0.0, 0.1))
    slot, said, met, trace = 1000, chance.choice("FFT"), Counter[str](), ""
    for _turn in range(chance.randrange(20, 60)):
        if chance.random() < 0.04:
            player.change_version()
            naive.change_version()
            trace, met = trace + "v", met + Counter(["version"])
        if chance.random() > calm:
            said = chance.choice("FFFTTTTUUS")
        at = slot * 30 + chance.randrange(30)
        player.take(slot, at, said)
        naive.source_fails = said == "S"
        naive.take(slot, at, said if said != "S" else "U")
        trace += said
        if naive.fired and not naive.open:
            naive.open = True
            met["fired"] += 1
        elif naive.recovered and naive.open:
            naive.open = False
            met["recovered"] += 1
        now = player.now
        assert now.state == naive.state, f"trace {number}: {trace} {player} {naive}"
        assert now.fires == naive.fired, f"trace {number}: {trace} {player} {naive}"
        assert now.unknown == (said in "US"), f"trace {number}: {trace} {player} {naive}"
        assert player.open == naive.open, f"trace {number}: {trace} {player} {naive}"
        met["outlived"] += _compare_the_well(player, naive, f"trace {number}: {trace}")
        if naive.bad or naive.open:  # of one that is simply well, nobody asks for how long
            assert now.held == naive.covered, f"trace {number}: {trace} {player} {naive}"
            assert now.recovers == naive.recovered, f"trace {number}: {trace} {player} {naive}"
        met[now.state] += 1
        skipped = chance.choice((1, 2, 3, 4, 40)) if chance.random() < late else 0
        trace, slot = trace + "-" * skipped, slot + 1 + skipped
        met["gap"] += skipped > 2
    return met


def _compare_the_well(player: Player, naive: NaiveTrack, trace: str) -> bool:
    """Check when it was well last, and for how long it is bad, whatever gaps there were."""
    if player.track is None or player.clock is None:
        return False
    assert well_at(player.track, player.clock) == naive.last_well, trace
    if player.track.bad:
        assert player.clock.observed - player.track.began == naive.bad_for, trace
    return player.track.bad_from is not None
