"""How few questions find out all that matters: numbers that sources tell of themselves."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from exporters import prometheus
from exporters.models import Exporter, Player
from exporters.observations import FAMILIES
from exporters.prometheus import Connection, Vector
from exporters.promql import Expression
from jobs import looking
from jobs.models import Clock
from tests.exporters.watched_world import World
from tests.jobs.evaluated_world import Fleet, Slots

DEVICES = "remosa_exporter_source_devices"


class Telling(Fleet):
    """A fleet whose process says how many players it knows, as ours do."""

    told: int | None = None  # instead of the true number

    def lines(self, up: int = 1, age: float = 0) -> list[str]:
        source = f'exporter_id="{self.exporter.pk}",platform_id="{self.exporter.platform_id}"'
        offline = sum(value == 0 for value in self.status.values())
        online = (len(self.status) if self.told is None else self.told) - offline
        states = {"online": online, "offline": offline, "stale": 7}
        own = [f'{DEVICES}{{{source},state="{name}"}} {value}' for name, value in states.items()]
        return [*super().lines(up, age), *own]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Prometheus is asked from now on."""
    found: list[str] = []

    def query(connection: Connection, expression: Expression, at: float) -> Vector:
        found.append(expression)
        return prometheus.query(connection, expression, at)

    monkeypatch.setattr("jobs.moments.query", query)
    return found


def test_players_are_not_counted_where_their_source_tells_their_number(
    world: World, exporter_a: Exporter, asked: list[str]
) -> None:
    fleet, slots = Telling(exporter_a, 5), Slots()
    fleet.say(world)
    slots.next()
    asked.clear()
    assert (slots.next().written, fleet.why) == (0, None)
    status = FAMILIES["cubic"].status
    about_players = [each for each in asked if status in each]
    assert len(about_players) == 1, "one bare comparison, and nothing else"
    assert about_players[0].startswith(f"({status}{{")
    assert about_players[0].endswith("} == 0.0)")


def test_what_is_asked_beside_the_reading_of_rows_needs_no_database(
    world: World, exporter_a: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread of questions that read a row would open a connection, and nobody would close it."""
    connected: list[object] = []

    def query(where: Connection, expression: Expression, at: float) -> Vector:
        if threading.current_thread() is not threading.main_thread():
            connected.append(connection.connection)
        return prometheus.query(where, expression, at)

    monkeypatch.setattr("jobs.moments.query", query)
    fleet, slots = Telling(exporter_a, 5), Slots()
    for told in ({}, {"p0": 0}, {"p3": None}):
        fleet.say(world, **told)
        slots.next()
    assert len(connected) > 3
    assert set(connected) == {None}


def test_a_source_that_tells_another_number_is_looked_at_as_a_whole(
    world: World, exporter_a: Exporter
) -> None:
    fleet, slots = Telling(exporter_a, 10), Slots()
    fleet.say(world)
    slots.next()
    fleet.say(world, p3=None)
    assert slots.next().written == 1
    track = fleet.track(3)
    assert track is not None
    assert (track.bad, track.why) == (False, "no_sample")
    assert (fleet.why, fleet.figures) == (None, {"ok": 10, "unknown": 1})


def test_a_source_that_says_that_it_knows_few_is_not_believed(
    world: World, exporter_a: Exporter
) -> None:
    fleet, slots = Telling(exporter_a, 10), Slots()
    fleet.say(world)
    slots.next()
    fleet.told = 7
    fleet.say(world, p0=0)
    assert [slots.next().opened for _slot in range(3)] == [0, 0, 0]
    assert fleet.why == "too_few"


def test_what_got_lost_in_prometheus_makes_nobody_bad(world: World, exporter_a: Exporter) -> None:
    """The source knows ten; of three there is a sample. Before an episode opens they are asked."""
    fleet, slots = Telling(exporter_a, 10), Slots()
    fleet.told = 10
    fleet.say(world)
    slots.next()
    lost = {f"p{number}": None for number in range(3, 10)}
    fleet.say(world, **lost, p0=0, p1=0)
    assert [slots.next().opened for _slot in range(3)] == [0, 0, 0]
    assert (fleet.why, fleet.open) == ("too_few", [])


def test_a_look_at_everybody_finds_out_that_players_got_lost(
    world: World, exporter_a: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet, slots = Telling(exporter_a, 10), Slots()
    fleet.told = 10
    fleet.say(world)
    slots.next()
    fleet.say(world, **{f"p{number}": None for number in range(3, 10)})
    assert (slots.next().written, fleet.why) == (0, None)
    Clock.objects.update(looked=1)  # long ago
    assert (slots.next().written, fleet.why) == (0, "too_few")


def test_looks_at_everybody_are_spread_over_time() -> None:
    periods = [looking.period(clock) for clock in range(1, 1001)]
    assert max(periods) <= 30
    assert min(periods) >= 10
    most = max(periods.count(each) for each in set(periods))
    assert most <= 60, "of a thousand sources that begin at once few are looked at together"


def test_sources_that_tell_no_number_are_counted_beside_those_that_do(
    world: World, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    telling, silent, slots = Telling(exporter_a, 5), Fleet(exporter_b, 5), Slots()
    Player.objects.update(last_seen=datetime.now(UTC) - timedelta(hours=1))
    world.say([*telling.lines(), *silent.lines()])
    slots.next()
    world.say([*telling.lines(), *silent.lines()])
    assert (telling.why, silent.why) == (None, None)
    silent.status = {0: 0, 1: 1}
    world.say([*telling.lines(), *silent.lines()])
    slots.next()
    assert (telling.why, silent.why) == (None, "too_few")
