"""Several workers at once, on a real database with transactions of their own."""

import threading
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from exporters.models import Exporter, Player
from jobs import saving
from jobs.definition import of
from jobs.evaluation import Tick, claim, judge
from jobs.models import Clock, Engine, Episode, Track
from jobs.tracks import SLOT
from platforms.audit import SYSTEM
from tests.exporters.watched_world import Silent, World, serving
from tests.jobs.evaluated_world import Fleet, Slots

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """Do things in threads that begin together; return what came of each."""
    together = threading.Barrier(len(deeds))

    def work(deed: Callable[[], Any]) -> Any:
        try:
            together.wait()
            return deed()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(work, deeds))


def test_of_three_workers_one_evaluates_a_slot(world: World, exporter_a: Exporter) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    fleet.say(world)
    slots.next()
    fleet.say(world, p0=0, p1=0)
    done: list[Tick] = []
    for number in range(1, 4):
        now = datetime.fromtimestamp(slots.first + 30 * number, UTC)
        ticks = [each for each in at_once(*[lambda now=now: judge(now, now)] * 3) if each]
        assert len(ticks) == 1
        done += ticks
    assert [each.opened for each in done] == [0, 2, 0]
    assert Episode.objects.count() == 2
    assert (Engine.objects.get().ticks, Engine.objects.get().missed) == (4, 0)


@pytest.mark.both_databases
def test_of_many_that_claim_a_slot_one_gets_it(db: None) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    slot = int(now.timestamp()) // SLOT
    assert sum(at_once(*[lambda: claim(slot, now)] * 6)) == 1
    assert not claim(slot - 1, now)
    assert claim(slot + 5, now + timedelta(seconds=150))
    assert (Engine.objects.get().ticks, Engine.objects.get().missed) == (2, 4)


class _Gate(Silent):
    """Prometheus behind a gate that holds up the first question."""

    def do_POST(self) -> None:  # noqa: N802 (the base's name)
        self._pass_on(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def do_GET(self) -> None:  # noqa: N802 (the base's name)
        self._pass_on(None)

    def _pass_on(self, body: bytes | None) -> None:
        if not self.server.reached.is_set():
            self.server.reached.set()
            assert self.server.open.wait(15)
        headers = {"Content-Type": self.headers.get("Content-Type", "")} if body else {}
        address = self.server.behind + self.path  # our own server
        asked = urllib.request.Request(address, body, headers)  # noqa: S310
        with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310
            self.send("application/json", answer.read())


@contextmanager
def gate_before(world: World) -> Iterator[Any]:
    with serving(_Gate) as server:
        gate: Any = server
        gate.behind, gate.reached, gate.open = world.url, threading.Event(), threading.Event()
        yield gate
        gate.open.set()


def test_a_worker_that_comes_too_late_writes_nothing(
    world: World, exporter_a: Exporter, settings: Settings
) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    fleet.say(world)
    slots.next()
    fleet.say(world, p0=0)
    slots.next()
    with gate_before(world) as gate:
        settings.PROMETHEUS_URL = f"http://127.0.0.1:{gate.server_address[1]}"
        slow_now = datetime.fromtimestamp(slots.first + 60, UTC)
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(_and_close, lambda: judge(slow_now, slow_now))
            assert gate.reached.wait(15)
            slots.number += 1
            assert slots.next().opened == 0  # the slot between was seen by nobody
            state = list(Clock.objects.values()), list(Track.objects.values())
            gate.open.set()
            tick = slow.result(15)
    assert (tick.lost, tick.written, tick.opened) == (1, 0, 0)
    assert state == (list(Clock.objects.values()), list(Track.objects.values()))
    settings.PROMETHEUS_URL = world.url
    assert slots.next().opened == 1


def test_a_job_that_is_changed_in_the_middle_opens_nothing_by_its_old_version(
    world: World, exporter_a: Exporter, settings: Settings
) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    fleet.say(world)
    slots.next()
    fleet.say(world, p0=0)
    slots.next()
    with gate_before(world) as gate:
        settings.PROMETHEUS_URL = f"http://127.0.0.1:{gate.server_address[1]}"
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(_and_close, slots.next)
            assert gate.reached.wait(15)
            changed = replace(of(fleet.job), hold=60, recover=60)
            saving.save(changed, SYSTEM, fleet.job)
            gate.open.set()
            assert (running.result(15).opened, fleet.open) == (0, [])
    settings.PROMETHEUS_URL = world.url
    assert slots.next().opened == 1  # after a minute that the new version saw


def test_a_player_that_is_deleted_in_the_middle_stops_nobody_else(
    world: World, exporter_a: Exporter, settings: Settings
) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    fleet.say(world)
    with gate_before(world) as gate:
        settings.PROMETHEUS_URL = f"http://127.0.0.1:{gate.server_address[1]}"
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(_and_close, slots.next)
            assert gate.reached.wait(15)
            Player.objects.filter(pk=fleet.players[0].pk).delete()
            gate.open.set()
            assert running.result(15).written == 4
    assert slots.next().written == 0


def _and_close(deed: Callable[[], Any]) -> Any:
    try:
        return deed()
    finally:
        connection.close()
