"""The rounds of one source against a real vendor: gentle with one that fails, quick to return."""

import time
from collections.abc import Iterator

import pytest

from exporters.kinds import KINDS
from tests.exporters.process.one_source import (
    BOOTED_BEFORE,
    INTERVAL,
    OneSource,
    polling,
    until,
)
from tests.exporters.process.web import Handler, Vendor, Web, mac


class World(OneSource):
    """A source of CubicMedia's."""

    def poll(self, devices: int, **settings: float) -> None:
        """Give the source devices and have it begin."""
        self.start([mac(number) for number in range(1, devices + 1)], **settings)


@pytest.fixture
def world(vendor_web: Web) -> Iterator[World]:
    """A source that is not begun yet."""
    with polling() as poller:
        yield World(KINDS["cubic"], f"{vendor_web.url}/status?mac=", {}, poller)


def failing(handler: Handler) -> None:
    handler.send(503, b"")


def test_a_vendor_that_only_fails_is_not_asked_for_every_device(
    world: World, vendor_web: Web
) -> None:
    vendor_web.behaviour = failing
    world.poll(500)
    until(lambda: world.fleet.figures.up is False)
    assert vendor_web.asked <= 30


def test_after_a_failure_a_few_devices_are_asked_about_first_and_then_all(
    world: World, vendor: Vendor, vendor_web: Web
) -> None:
    vendor_web.behaviour = failing
    world.poll(500, interval=0.3)
    until(lambda: world.fleet.figures.up is False)
    failed = vendor_web.asked
    until(lambda: vendor_web.asked == failed + 5)
    time.sleep(0.15)
    assert vendor_web.asked == failed + 5
    vendor_web.behaviour = vendor
    until(lambda: world.fleet.figures.up is True)
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
    until(lambda: world.fleet.figures.up is not None)
    assert world.fleet.figures.devices["online"] == 300 - failures
    assert world.fleet.figures.errors["http_5xx"] == failures
    assert world.fleet.figures.up is up


def test_the_first_poll_hurries_and_the_later_ones_are_spread(world: World, vendor: Vendor) -> None:
    world.poll(100, interval=6)
    until(lambda: world.fleet.figures.duration is not None)
    assert (world.fleet.figures.duration or 9) < 1
    until(lambda: max(vendor.asked.values()) == 2)
    started = time.monotonic()
    until(lambda: sum(vendor.asked.values()) == 200)
    assert 1 <= time.monotonic() - started <= 3


def test_every_device_is_asked_once_a_poll(world: World, vendor: Vendor) -> None:
    world.poll(50)
    until(lambda: min(vendor.asked.values(), default=0) >= 3 and len(vendor.asked) == 50)
    assert max(vendor.asked.values()) - min(vendor.asked.values()) <= 1


def test_only_what_is_new_in_an_info_is_told_to_the_cache(world: World, vendor: Vendor) -> None:
    world.poll(2)
    until(lambda: vendor.asked[mac(1)] >= 2)
    vendor.bodies[mac(1)] = b'[{"status": "online", "name": "Other"}]'
    until(lambda: len(world.learned) == 3)
    assert sorted(world.learned[:2]) == [mac(1), mac(2)]
    assert world.learned[2] == mac(1)


def test_a_removed_source_asks_nothing_more(world: World, vendor: Vendor) -> None:
    vendor.delay = 0.2
    world.poll(100)
    until(lambda: bool(vendor.asked))
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
    until(lambda: world.fleet.figures.devices["online"] == 1)
    assert before <= world.fleet.devices[mac(1)].answered_at <= time.monotonic() + BOOTED_BEFORE


def test_an_exporter_that_gets_its_first_devices_does_not_wait_an_interval(
    world: World, vendor: Vendor
) -> None:
    world.poll(0, interval=3600)
    time.sleep(0.3)
    world.change([mac(1)])
    until(lambda: world.fleet.figures.devices["online"] == 1, seconds=5)
