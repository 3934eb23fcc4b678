"""What is known of a line's power, from what went out, what came back and what a person did."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices import line_power, outages
from devices.line_power import LinePower
from devices.models import Command, Device, DeviceLine, PowerOutage
from devices.states import State
from platforms.audit import SYSTEM
from platforms.models import Platform
from tests.devices import world
from tests.devices.world import NOON, REJECTED, Clock, Gateway

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("road")]
NOTHING = LinePower()


@pytest.fixture
def socket(platform_a: Platform) -> Device:
    return world.make_socket(platform_a)


def line(device: Device, number: int = 1) -> DeviceLine:
    found: DeviceLine = DeviceLine.objects.get(device=device, number=number)
    return found


def known(device: Device, number: int = 1) -> LinePower:
    row = line(device, number)
    return line_power.of([row])[row.pk]


def by_hand(device: Device, key: str, values: dict[str, str] | None = None) -> Command:
    return world.give(device, key, values, sender=world.sender_of_nobody())


def test_nothing_is_known_of_a_line_that_nobody_switched(socket: Device) -> None:
    world.give(socket, "status")
    world.drive(Gateway(), Clock())
    assert known(socket) == NOTHING
    assert line_power.of([]) == {}


def test_what_waits_to_go_out_has_switched_nothing(socket: Device) -> None:
    by_hand(socket, "power_off")
    assert known(socket) == NOTHING


def test_a_person_switches_a_line_off_and_on_again(socket: Device) -> None:
    gateway, clock = Gateway(), Clock()
    command = by_hand(socket, "power_off")
    world.drive(gateway, clock)
    assert known(socket) == LinePower(None, NOON, command.author_name)
    clock.turn(hours=2)
    world.give(socket, "power_on", sender=world.sender_of_nobody(), now=clock())
    world.drive(gateway, clock)
    assert known(socket) == LinePower(NOON + timedelta(hours=2))


def test_a_line_that_a_person_lets_go_off_later_counts_as_switched_off(socket: Device) -> None:
    by_hand(socket, "power_on_for", {"minutes": "30"})
    world.drive(Gateway(), Clock())
    assert known(socket).off_at == NOON


@pytest.mark.parametrize(
    ("is_on", "minutes", "is_off"), [(True, 5, False), (True, -5, True), (False, 5, True)]
)
def test_a_line_that_tells_later_that_it_is_on_was_switched_on_at_the_socket(
    socket: Device, is_on: bool, minutes: int, is_off: bool
) -> None:
    by_hand(socket, "power_off")
    world.drive(Gateway(), Clock())
    told = NOON + timedelta(minutes=minutes)
    DeviceLine.objects.filter(device=socket).update(is_on=is_on, told_at=told)
    assert (known(socket).off_at is not None) is is_off


def test_what_a_job_switched_off_is_nobodys_wish(socket: Device) -> None:
    world.give(socket, "power_off")
    world.drive(Gateway(), Clock())
    assert known(socket) == NOTHING


def test_what_provably_never_went_out_has_switched_nothing(socket: Device) -> None:
    by_hand(socket, "power_off")
    world.drive(Gateway(says=REJECTED), Clock())
    Command.objects.update(state=State.FAILED.value, closed=True, wire_at=NOON)
    assert known(socket) == NOTHING


def test_what_may_have_gone_out_counts_as_sent(socket: Device) -> None:
    by_hand(socket, "power_off")
    world.drive(Gateway(says=world.UNKNOWN), Clock())
    assert known(socket).off_at == NOON


def test_a_restart_is_over_when_the_socket_has_switched_the_line_on_again(socket: Device) -> None:
    by_hand(socket, "power_cycle", {"minutes": "7"})
    world.drive(Gateway(), Clock())
    assert known(socket) == LinePower(NOON + timedelta(minutes=7))


def test_a_restart_in_two_messages_is_over_with_the_second_and_switches_its_line_alone(
    platform_a: Platform,
) -> None:
    pair, gateway, clock = world.make_socket(platform_a, "simpal_d410"), Gateway(), Clock()
    by_hand(pair, "power_cycle_line", {"line": "2"})
    world.drive(gateway, clock)
    assert known(pair, 2).back_at is None, "the second message is still to come"
    clock.turn(minutes=1)
    world.drive(gateway, clock)
    assert known(pair, 2) == LinePower(clock())
    assert known(pair, 1) == NOTHING


def test_a_restart_that_broke_off_in_the_dark_is_nobodys_wish(platform_a: Platform) -> None:
    pair = world.make_socket(platform_a, "simpal_d410")
    by_hand(pair, "power_cycle_line", {"line": "2"})
    world.drive(Gateway(), Clock())
    Command.objects.filter(previous__isnull=False).update(state=State.FAILED.value, closed=True)
    assert known(pair, 2) == NOTHING


def test_mains_that_came_back_count_from_then_whatever_was_sent_before(socket: Device) -> None:
    by_hand(socket, "power_cycle")
    world.drive(Gateway(), Clock())
    began = NOON + timedelta(minutes=20)
    outage = PowerOutage.objects.create(platform=socket.platform, device=socket, began=began)
    assert known(socket).back_at == NOON + timedelta(minutes=1), "it lasts"
    assert outages.close(outage, "the guard called", SYSTEM, began + timedelta(minutes=9))
    assert known(socket) == LinePower(began + timedelta(minutes=9))


def test_many_lines_cost_as_many_questions_as_one(platform_a: Platform) -> None:
    """Of restarts that are over, whose templates tell how long the socket keeps a line dark."""
    pairs = [world.make_socket(platform_a, "simpal_d410") for _number in range(5)]
    singles = [world.make_socket(platform_a) for _number in range(5)]
    for pair, single in zip(pairs, singles, strict=True):
        by_hand(pair, "power_cycle_line", {"line": "1"})
        by_hand(single, "power_cycle")
    gateway, clock = Gateway(), Clock()
    world.drive(gateway, clock, turns=40)
    clock.turn(minutes=1)
    world.drive(gateway, clock, turns=40)
    few = [*pairs[0].lines.all(), *singles[0].lines.all()]
    many = list(DeviceLine.objects.all())
    with CaptureQueriesContext(connection) as asked_of_few:
        line_power.of(few)
    with CaptureQueriesContext(connection) as asked_of_many:
        found = line_power.of(many)
    assert len(asked_of_few) == len(asked_of_many) == 4
    assert len(found) == 15
    assert sum(each.back_at is not None for each in found.values()) == 10
