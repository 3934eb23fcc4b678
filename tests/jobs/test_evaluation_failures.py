"""What fails in a tick stays small: one tenant's rows, one slow answer, one slow read."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from django.db import DataError

from exporters import prometheus
from exporters.models import Exporter
from exporters.prometheus import Connection, PrometheusError, Vector
from exporters.promql import Expression
from jobs import evaluation, track_rows
from jobs.conditions import Condition, Function, Operator
from jobs.models import Job
from jobs.track_rows import KeptTrack
from tests import factories
from tests.exporters.watched_world import STATUS, World
from tests.jobs.evaluated_world import Fleet, Slots
from tests.jobs.test_looking import DEVICES, asked
from tests.jobs.world import make_job

__all__ = ["asked"]

pytestmark = pytest.mark.django_db

LONG = Condition(STATUS, Function.MAX, 300, Operator.LESS, 1.0)


@pytest.fixture
def fleets(world: World, exporter_a: Exporter, exporter_b: Exporter) -> tuple[Fleet, Fleet]:
    """Three players of each of two platforms, all of them online."""
    ours, theirs = Fleet(exporter_a, 3), Fleet(exporter_b, 3)
    world.say([*ours.lines(), *theirs.lines()])
    return ours, theirs


def test_a_name_that_no_database_keeps_is_nobody(world: World, exporter_a: Exporter) -> None:
    """A process of one tenant makes it up: the ticks of all go on."""
    fleet, slots = Fleet(exporter_a, 3), Slots()
    labels = f'exporter_id="{exporter_a.pk}",platform_id="{exporter_a.platform_id}"'
    odd = f'{STATUS}{{{labels},mac="a\x00b"}} 0'
    for _slot in range(3):
        world.say([*fleet.lines(), odd])
        assert (slots.next().lost, fleet.why) == (0, None)
    assert fleet.figures == {"ok": 3}


def test_rows_of_one_tenant_that_cannot_be_written_keep_no_other_from_its_own(
    fleets: tuple[Fleet, Fleet], exporter_a: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = fleets
    write = track_rows.write

    def refuse(platform_ids: Mapping[int, int], changed: Iterable[KeptTrack]) -> int:
        if exporter_a.platform_id in platform_ids.values():
            raise DataError("a value that it cannot keep")
        return write(platform_ids, changed)

    monkeypatch.setattr(track_rows, "write", refuse)
    tick = Slots().next()
    assert (tick.clocks, tick.lost, tick.written) == (2, 1, 3)
    assert (ours.track(0), theirs.track(0) is not None) == (None, True)


def test_slow_rows_take_nothing_of_the_time_for_answers(
    fleets: tuple[Fleet, Fleet], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = fleets
    read = track_rows.restless

    def slowly(criteria: Iterable[int]) -> list[KeptTrack]:
        time.sleep(2.5)
        return read(set(criteria))

    monkeypatch.setattr(evaluation, "ANSWERS_WITHIN", 2.0)
    monkeypatch.setattr(track_rows, "restless", slowly)
    tick = Slots().next()
    assert (tick.known, tick.blind, ours.why, theirs.why) == (2, "", None, None)


def test_where_prometheus_hangs_one_cheap_question_says_so_for_all(
    exporter_a: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    Fleet(exporter_a, 3)
    make_job(exporter_a.platform, conditions=(LONG,))
    questions: list[str] = []

    def hang(_where: Connection, expression: Expression, _at: float) -> Vector:
        questions.append(expression)
        raise PrometheusError("timeout", "", permanent=False)

    monkeypatch.setattr("jobs.moments.query", hang)
    assert Slots().next().blind == "prometheus_away"
    (only,) = questions
    assert DEVICES in only


def test_a_platform_without_players_is_not_asked_about(
    world: World, exporter_a: Exporter, exporter_b: Exporter, asked: list[str]
) -> None:
    """It would else make questions of one tenant alone those of all."""
    fleet, slots = Fleet(exporter_a, 3), Slots()
    Fleet(exporter_b, 0)
    fleet.say(world)
    assert slots.next().clocks == 1
    about_b = f'"{exporter_b.platform_id}"'
    assert not [each for each in asked if about_b in each or f"|{about_b[1:]}" in each]
    factories.make_player(exporter_b)
    asked.clear()
    assert slots.next().clocks == 2
    assert [each for each in asked if about_b in each or f"|{about_b[1:]}" in each]


def test_what_fails_beside_a_question_waits_for_no_answer(
    world: World, exporter_a: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    Fleet(exporter_a, 3).say(world)

    def slowly(*arguments: Any) -> Vector:
        time.sleep(2)
        return prometheus.query(*arguments)

    def fail(_pairs: object) -> None:
        raise RuntimeError("a row that nobody foresaw")

    monkeypatch.setattr("jobs.moments.query", slowly)
    monkeypatch.setattr(track_rows, "clocks", fail)
    began = time.monotonic()
    with pytest.raises(RuntimeError):
        Slots().next()
    assert time.monotonic() - began < 1.5
    assert Job.objects.exists()
