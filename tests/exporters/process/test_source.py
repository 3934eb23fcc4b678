"""The rounds of one source against a real vendor: gentle with one that fails, quick to return."""

import random
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from exporters.kinds import KINDS
from exporters.kinds.shape import Account
from exporters.process.each_source import EachSource
from exporters.process.fleet import Fleet
from exporters.process.polling import Poller
from exporters.process.publishing import Publisher
from exporters.process.schedule import Settings
from exporters.process.sharding import WHOLE
from exporters.process.snapshot import Exposition
from exporters.process.source import Surroundings, Way
from tests.exporters.process.web import Handler, Vendor, Web, mac

CUBIC = KINDS["cubic"]
INTERVAL = 1.0
BOOTED_BEFORE = 86400  # seconds of sleep, in which the clock of timers stood still


class World:
    """A source with its poller on a thread."""

    def __init__(self, vendor_url: str) -> None:
        self.learned: list[str] = []
        self.poller = Poller()
        exposition = Exposition([], lambda: time.monotonic() + BOOTED_BEFORE)
        around = Surroundings(
            CUBIC,
            f"{vendor_url}/status?mac=",
            self.poller,
            exposition,
            learned=lambda _exporter_id, identity, _info: self.learned.append(identity),
            publisher=Publisher(exposition, self.poller),
            chance=random.Random(1),
            most_devices=100_000,
            shard=WHOLE,
        )
        self.way = Way(CUBIC.open(Account(around.address)))
        self.settings = Settings(INTERVAL, 1, 10, 60)
        self.fleet = Fleet(CUBIC, 4, 1, 60)
        exposition.fleets.append(self.fleet)
        self.source = EachSource(around, self.fleet, 4, self.settings)
        self.thread = threading.Thread(target=self.poller.run)
        self.thread.start()

    def poll(self, devices: int) -> None:
        """Give the source devices and have it begin."""
        names = dict.fromkeys(map(mac, range(1, devices + 1)), "")

        def begin() -> None:
            self.source.change("", self.settings, self.way, names, {})
            self.source.start()

        self.poller.post(begin)

    def until(self, condition: Callable[[], bool], seconds: float = 10) -> None:
        """Wait for a condition."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.fixture
def world(vendor_web: Web) -> Iterator[World]:
    """A source that is not begun yet."""
    world = World(vendor_web.url)
    yield world
    world.poller.stop()
    world.thread.join()


def failing(handler: Handler) -> None:
    handler.send(503, b"")


def test_a_vendor_that_only_fails_is_not_asked_for_every_device(
    world: World, vendor_web: Web
) -> None:
    vendor_web.behaviour = failing
    world.poll(500)
    world.until(lambda: world.fleet.figures.up is False)
    assert vendor_web.asked <= 30


def test_after_a_failure_a_few_devices_are_asked_about_first_and_then_all(
    world: World, vendor: Vendor, vendor_web: Web
) -> None:
    vendor_web.behaviour = failing
    world.poll(500)
    world.until(lambda: world.fleet.figures.up is False)
    failed = vendor_web.asked
    world.until(lambda: vendor_web.asked == failed + 5)
    time.sleep(INTERVAL / 2)
    assert vendor_web.asked == failed + 5
    vendor_web.behaviour = vendor
    world.until(lambda: world.fleet.figures.up is True)
    assert world.fleet.figures.devices["online"] == 500


@pytest.mark.parametrize(("failures", "up"), [(150, True), (151, False)])
def test_devices_that_fail_for_themselves_do_not_stop_the_others(
    world: World, vendor: Vendor, vendor_web: Web, failures: int, up: bool
) -> None:
    broken = {mac(number) for number in range(1, failures + 1)}  # the first of the list

    def half(handler: Handler) -> None:
        if handler.query["mac"] in broken:
            failing(handler)
        else:
            vendor(handler)

    vendor_web.behaviour = half
    world.poll(300)
    world.until(lambda: world.fleet.figures.up is not None)
    assert world.fleet.figures.devices["online"] == 300 - failures
    assert world.fleet.figures.errors["http_5xx"] == failures
    assert world.fleet.figures.up is up


def test_the_first_poll_hurries_and_the_later_ones_are_spread(world: World, vendor: Vendor) -> None:
    world.settings = Settings(4, 1, 10, 60)
    world.poll(100)
    world.until(lambda: world.fleet.figures.duration is not None)
    assert (world.fleet.figures.duration or 9) < 1
    world.until(lambda: max(vendor.asked.values()) == 2)
    started = time.monotonic()
    world.until(lambda: sum(vendor.asked.values()) == 200)
    assert 1 <= time.monotonic() - started <= 3


def test_every_device_is_asked_once_a_poll(world: World, vendor: Vendor) -> None:
    world.poll(50)
    world.until(lambda: min(vendor.asked.values(), default=0) >= 3 and len(vendor.asked) == 50)
    assert max(vendor.asked.values()) - min(vendor.asked.values()) <= 1


def test_only_what_is_new_in_an_info_is_told_to_the_cache(world: World, vendor: Vendor) -> None:
    world.poll(2)
    world.until(lambda: vendor.asked[mac(1)] >= 2)
    vendor.bodies[mac(1)] = b'[{"status": "online", "name": "Other"}]'
    world.until(lambda: len(world.learned) == 3)
    assert sorted(world.learned[:2]) == [mac(1), mac(2)]
    assert world.learned[2] == mac(1)


def test_a_removed_source_asks_nothing_more(world: World, vendor: Vendor) -> None:
    vendor.delay = 0.2
    world.poll(100)
    world.until(lambda: bool(vendor.asked))
    world.poller.post(world.source.remove)
    time.sleep(0.5)
    asked = sum(vendor.asked.values())
    time.sleep(1.5 * INTERVAL)
    assert sum(vendor.asked.values()) == asked <= 30


def test_answers_are_dated_by_the_clock_that_ages_are_counted_by(
    world: World, vendor: Vendor
) -> None:
    before = time.monotonic() + BOOTED_BEFORE
    world.poll(1)
    world.until(lambda: world.fleet.figures.devices["online"] == 1)
    assert before <= world.fleet.devices[mac(1)].answered_at <= time.monotonic() + BOOTED_BEFORE


def test_an_exporter_that_gets_its_first_devices_does_not_wait_an_interval(
    world: World, vendor: Vendor
) -> None:
    world.settings = Settings(3600, 1, 10, 60)
    world.poll(0)
    time.sleep(0.3)
    world.poller.post(lambda: world.source.change("", world.settings, world.way, {mac(1): ""}, {}))
    world.until(lambda: world.fleet.figures.devices["online"] == 1, seconds=5)
