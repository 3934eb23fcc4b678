"""Who goes on to be bad is not asked for by name in every tick; before an episode opens it is."""

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from exporters import prometheus
from exporters.models import Exporter
from exporters.prometheus import Connection, Vector
from exporters.promql import Expression
from jobs import catalogue, steadiness
from jobs.conditions import Condition, Function, Operator
from jobs.looking import Look
from jobs.models import Clock, Job, Track
from jobs.pairs import Pair
from jobs.questions import Asked
from jobs.track_rows import KeptTrack
from jobs.tracks import Clock as PureClock, Track as PureTrack
from jobs.turns import FOR_PROOF
from tests.exporters.watched_world import STATUS, World, sample
from tests.jobs.evaluated_world import Fleet, Slots, source_lines, started_again
from tests.jobs.test_looking import Telling

SLOT = 1000
CLOCK = PureClock(SLOT - 1, 0.0, 900.0, known=True, known_since=SLOT - 1 - steadiness.REMEMBERED)
RUN = PureTrack(bad=True, run_from=0.0, since_slot=900, era=0, seen_good=True)
LAST = Condition("device_status", Function.LAST, 0, Operator.EQUAL, 0.0)
OFFLINE = Asked(LAST, catalogue.metrics()["device_status"])


def steady(
    clock: PureClock | None = CLOCK,
    track: PureTrack | None = RUN,
    asked: Asked = OFFLINE,
    met: Mapping[str, float] | None = None,
) -> set[str]:
    """Ask about one player, `a`, that goes on to be bad unless something is said otherwise."""
    kept = KeptTrack(1, 1, 1, None, "a", track)
    said = {"a": 0.0, "b": 0.0} if met is None else met
    return steadiness.steady(clock, SLOT, [asked], [said], set.union, [kept])


def test_a_player_in_a_run_of_a_source_known_for_long_goes_on_to_be_bad() -> None:
    assert steady() == {"a"}


@pytest.mark.parametrize(
    "clock",
    [
        None,
        replace(CLOCK, known=False),
        replace(CLOCK, known_since=CLOCK.known_since + 1),
        replace(CLOCK, slot=SLOT - 2),
    ],
)
def test_a_source_that_was_not_known_all_the_time_is_asked(clock: PureClock | None) -> None:
    assert steady(clock=clock) == set()


@pytest.mark.parametrize(
    "track",
    [None, replace(RUN, bad=False), replace(RUN, frozen_from=800.0), replace(RUN, era=1)],
)
def test_a_player_that_is_in_no_run_is_asked(track: PureTrack | None) -> None:
    assert steady(track=track) == set()


def test_a_player_that_does_not_meet_it_or_by_no_value_of_it_is_asked() -> None:
    assert steady(met={"b": 0.0}) == steady(met={"a": 0.5}) == set()


def test_what_looks_at_a_window_or_is_raw_is_asked() -> None:
    window = replace(LAST, function=Function.MAX, window=600)
    assert steady(asked=replace(OFFLINE, condition=window)) == set()
    assert steady(asked=replace(OFFLINE, raw=Expression("up == 1"))) == set()


@pytest.fixture
def known_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steadiness, "REMEMBERED", 0)


@pytest.mark.usefixtures("known_for_long")
def test_nobody_is_asked_by_name_until_an_episode_is_to_open(
    world: World, exporter_a: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def query(connection: Connection, expression: Expression, at: float) -> Vector:
        asked.append(expression)
        return prometheus.query(connection, expression, at)

    monkeypatch.setattr("jobs.moments.query", query)
    fleet, slots = Telling(exporter_a, 10), Slots()
    fleet.say(world)
    slots.next()
    fleet.say(world, p0=0)
    named = []
    for _slot in range(4):
        asked.clear()
        tick = slots.next()
        named.append((tick.opened, [each for each in asked if fleet.players[0].identity in each]))
    assert [(opened, len(names)) for opened, names in named] == [(0, 1), (1, 1), (0, 0), (0, 0)]


@pytest.mark.usefixtures("known_for_long")
def test_what_is_only_remembered_opens_nothing(
    exporter_a: Exporter, settings: Settings, tmp_path: Path
) -> None:
    """Prometheus was stopped between two slots: nothing tells that a player ended meanwhile."""
    fleet, slots = Telling(exporter_a, 10), Slots()
    fleet.told = 10
    with started_again(fleet, slots, settings, tmp_path) as after:
        fleet.say(after, p0=None)
        assert after.value(f"count({STATUS} == 0)") == 2, "both are remembered"
        assert (slots.next().opened, fleet.why, fleet.open) == (1, None, [1])
    track = fleet.track(0)
    assert track is not None
    assert (track.bad, track.why) == (True, "no_sample")


@pytest.mark.usefixtures("known_for_long")
def test_the_seconds_that_were_spared_for_the_proof_are_there_for_it(
    world: World, exporter_a: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking took all the time that it may: who is bad still gets an episode."""
    fleet, slots = Telling(exporter_a, 10), Slots()
    Job.objects.update(hold=60)
    fleet.say(world)
    slots.next()
    fleet.say(world, p0=0)
    slots.next()
    slots.next()

    def steady(look: Look, firing: Iterable[tuple[Pair, set[str]]]) -> list[Pair]:
        look._moment._until = time.monotonic() + FOR_PROOF - 0.5
        return prove(look, firing)

    prove = Look.steady
    monkeypatch.setattr(Look, "steady", steady)
    assert (slots.next().opened, fleet.why, fleet.open) == (1, None, [0])


@pytest.mark.usefixtures("known_for_long")
def test_of_a_source_of_two_processes_both_are_heard(world: World, exporter_a: Exporter) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    other = source_lines(exporter_a)[0].replace("{", '{process="2",')
    fleet.say(world)
    slots.next()
    world.say([*fleet.lines(), other])
    slots.next()
    fleet.status[1] = 0
    world.say([*fleet.lines(), other])
    slots.next()
    world.say([*fleet.lines(), other, sample(STATUS, fleet.players[1], 1, process="2")])
    assert slots.next().opened == 0
    track = fleet.track(1)
    assert track is not None
    assert (track.bad, track.why) == (True, "contradiction")


@pytest.mark.usefixtures("known_for_long")
def test_a_quiet_tick_writes_no_row_of_a_player(world: World, exporter_a: Exporter) -> None:
    fleet, slots = Telling(exporter_a, 10), Slots()
    fleet.say(world, p0=0, p1=0)
    slots.next()
    Track.objects.update(seen_good=True)
    assert (slots.next().opened, slots.next().written) == (2, 0)
    fleet.say(world)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert slots.next().written == 0
    statements = " ".join(query["sql"] for query in queries)
    written = re.findall(r'(INSERT INTO|UPDATE) "?([a-z]+_[a-z]+)', statements)
    assert set(written) == {("UPDATE", "jobs_engine"), ("UPDATE", "jobs_clock")}
    assert Clock.objects.count() == 1
