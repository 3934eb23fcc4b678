"""Settings that change while each device is asked about by itself: none is read by old ones."""

import time
from collections.abc import Iterator

import pytest

from exporters.kinds import KINDS
from tests.exporters.process.one_source import OneSource, polling, until
from tests.exporters.process.web import Handler, Web, mac

UP, DOWN = ["1"], ["0"]


def told(url: str, online: list[str], offline: list[str]) -> dict[str, object]:
    """What a manager typed for a vendor that is asked about each device."""
    return {
        "mode": "each",
        "url": f"{url}/player?mac={{mac}}",
        "status_path": "$.code",
        "online_values": online,
        "offline_values": offline,
    }


@pytest.fixture
def world(vendor_web: Web) -> Iterator[OneSource]:
    """A source whose vendor says 1 of every device; its values are mixed up."""
    vendor_web.behaviour = lambda handler: handler.send(200, b'{"code": 1}')
    with polling() as poller:
        yield OneSource(KINDS["json"], "", told(vendor_web.url, DOWN, UP), poller)


def offline(world: OneSource) -> int:
    """Count the devices that are told to be offline."""
    return world.fleet.figures.devices["offline"]


def test_a_corrected_mapping_holds_though_the_vendor_sends_the_same_bytes(
    world: OneSource, vendor_web: Web
) -> None:
    identities = [mac(number) for number in range(1, 6)]
    world.start(identities)
    until(lambda: offline(world) == 5 and vendor_web.asked >= 10)
    world.told = told(vendor_web.url, UP, DOWN)
    world.change(identities)
    until(lambda: world.online == 5, seconds=5)


def test_an_answer_to_a_question_of_old_settings_is_asked_for_again(
    world: OneSource, vendor_web: Web
) -> None:
    asked_late: list[str] = []

    def slow_at_first(handler: Handler) -> None:
        if not asked_late:
            asked_late.append(handler.query["mac"])
            time.sleep(0.4)
            handler.send(200, b'{"code": 0}')  # of the vendor that was asked before
        else:
            handler.send(200, b'{"code": 1}')

    vendor_web.behaviour = slow_at_first
    world.told = told(vendor_web.url, DOWN, UP)
    world.start([mac(1)], interval=30)
    until(lambda: bool(asked_late))
    world.told = told(vendor_web.url, UP, DOWN)
    world.change([mac(1)], interval=30)
    until(lambda: world.online + offline(world) == 1, seconds=5)
    assert world.online == 1
    assert world.fleet.figures.up is True
