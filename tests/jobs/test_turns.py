"""What one platform alone asks, however slow it is, blinds nobody else."""

import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
from pytest_django import Settings

from exporters.models import Exporter
from exporters.promql import Expression
from jobs import turns
from jobs.conditions import Condition, Function, Operator
from jobs.models import Clock
from jobs.moments import Moment
from jobs.questions import Asked
from jobs.turns import Turns
from jobs.watching import OFFLINE, STATUS, metric_of_status
from tests.exporters.watched_world import STATUS as SERIES, Silent, World, serving
from tests.jobs.evaluated_world import Fleet, Slots
from tests.jobs.world import make_job

SLOW = f'{SERIES}{{platform_id="$platform"}} == 0.125'
PAUSED = Condition(STATUS, Function.AVG, 600, Operator.LESS, 0.5)


@contextmanager
def hesitating(world: World) -> Iterator[str]:
    """Run a server that passes on what is asked, and takes its time for what has 0.125 in it."""

    class Page(Silent):
        def do_GET(self) -> None:  # noqa: N802 (the base's name)
            if "0.125" in self.path:
                time.sleep(0.2)
            with urllib.request.urlopen(world.url + self.path, timeout=5) as got:  # noqa: S310
                self.send("application/json", got.read())

    with serving(Page) as server:
        yield f"http://127.0.0.1:{server.server_address[1]}"


def test_a_slow_question_of_one_platform_makes_its_own_players_unknown_alone(
    world: World,
    exporter_a: Exporter,
    exporter_b: Exporter,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, theirs, slots = Fleet(exporter_a, 3), Fleet(exporter_b, 3), Slots()
    slow = make_job(exporter_a.platform, conditions=(), raw=SLOW)
    world.say([*ours.lines(), *theirs.lines()])
    monkeypatch.setattr(turns, "RAW_SECONDS", 0.1)
    with hesitating(world) as url:
        settings.PROMETHEUS_URL = url
        tick = slots.next()
    assert (ours.why, theirs.why, tick.blind) == (None, None, "")
    assert Clock.objects.get(criterion=slow.criterion).why == "too_slow"


@pytest.mark.django_db
def test_what_several_ask_comes_first_and_promql_last_each_in_a_time_of_its_own() -> None:
    status = metric_of_status()
    both, alone = Asked(OFFLINE, status), Asked(PAUSED, status)
    raw = [Asked(OFFLINE, status, Expression(f"up == {number}"), number) for number in (1, 2)]
    platforms: dict[object, set[int]] = {
        both.key: {1, 2},
        alone.key: {1},
        raw[0].key: {1},
        raw[1].key: {2},
    }
    moment = Moment(0.0, 21.0)
    asked: dict[object, Asked] = {each.key: each for each in (raw[0], alone, raw[1], both)}
    order = list(Turns(moment, asked, platforms).all(1.0))
    assert [each for _moment, each in order] == [both, raw[1], alone, raw[0]]
    assert order[0][0] is moment
    assert [round(each.left) for each, _asked in order[1:]] == [10, 20, 20]


@pytest.mark.django_db
def test_of_very_many_platforms_each_has_time_for_an_answer_while_there_is_any(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("jobs.moments.time", SimpleNamespace(monotonic=lambda: 77.0))
    status = metric_of_status()
    raw = [Asked(OFFLINE, status, Expression(f"up == {each}"), each) for each in range(1000)]
    asked: dict[object, Asked] = {each.key: each for each in raw}
    platforms: dict[object, set[int]] = {each.key: {each.platform_id or 0} for each in raw}
    for seconds, least in ((10.0, turns.LEAST), (1.1, 0.1), (0.5, -0.5)):
        share, _asked = next(Turns(Moment(0.0, seconds), asked, platforms).all(1.0))
        assert share.left == pytest.approx(least)


def test_where_every_question_is_too_slow_the_engine_is_blind_and_says_so(
    world: World, exporter_a: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine of one platform all questions are its own."""
    fleet, slots = Fleet(exporter_a, 3), Slots()
    world.say(fleet.lines())
    monkeypatch.setattr("jobs.looking.longest", lambda _asked: 0.0)
    assert (slots.next().blind, fleet.why) == ("too_slow", "too_slow")


@pytest.mark.django_db
def test_of_equals_each_is_first_in_some_slot() -> None:
    status = metric_of_status()
    asked: dict[object, Asked] = {}
    platforms: dict[object, set[int]] = {}
    for number in range(3):
        each = Asked(replace(OFFLINE, threshold=number), status)
        asked[each.key], platforms[each.key] = each, {number + 7}
    firsts = set()
    for slot in range(3):
        _moment, first = next(iter(Turns(Moment(slot * 30.0, 21.0), asked, platforms).all(1.0)))
        firsts.add(first.key)
    assert firsts == set(asked)
