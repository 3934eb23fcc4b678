"""What is known of a line's power, from what went out, what came back and what a person did."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices import commands, line_power, outages
from devices.line_power import LinePower
from devices.models import (
    Command,
    CommandLine,
    CommandTemplate,
    Device,
    DeviceLine,
    IncomingSms,
    Pause,
    PowerOutage,
    SmsGateway,
)
from devices.replies import Meaning
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


def test_a_line_that_a_person_lets_go_off_later_is_off_from_then_on(socket: Device) -> None:
    command = by_hand(socket, "power_on_for", {"minutes": "120"})
    world.drive(Gateway(), Clock())
    off = LinePower(None, NOON + timedelta(minutes=120), command.author_name)
    assert known(socket) == off
    # What the socket tells while the timer runs says nothing of what comes after it.
    DeviceLine.objects.filter(device=socket).update(is_on=True, told_at=NOON + timedelta(hours=1))
    assert known(socket) == off


def test_a_line_that_a_person_lets_go_on_later_is_back_then(platform_a: Platform) -> None:
    pair = world.make_socket(platform_a, "simpal_d410")
    by_hand(pair, "on_after", {"line": "2", "minutes": "90"})
    world.drive(Gateway(), Clock())
    assert known(pair, 2) == LinePower(NOON + timedelta(minutes=90))


def own(device: Device, now: datetime, *steps: tuple[str, str], apart: int = 0) -> Command:
    """Give a command of the platform's own as a person: messages that go one after the other.

    `apart`: seconds between two of them.
    """
    key = f"own_{CommandTemplate.objects.count()}"
    words = {"en": key, "ru": key}
    definition = {"key": key, "name": words, "help": words, "danger": "power", "lines": [1]} | {
        "sequence": [
            {"code": code, "effect": effect, "after": apart if number else 0}
            for number, (code, effect) in enumerate(steps)
        ]
    }
    row = CommandTemplate.objects.create(
        platform=device.platform, model=device.model, key=key, definition=definition
    )
    return commands.queue(row, device, {}, world.sender_of_nobody(), uuid4(), now)


@pytest.fixture
def generic(platform_a: Platform) -> Device:
    return world.make_socket(platform_a, "generic")


@pytest.mark.parametrize(
    "steps",
    [
        [("OFF", "off"), ("STATE", "query")],
        [("OFF1", "off"), ("OFF2", "off")],
        [("LOGIN", "config"), ("OFF", "off")],
    ],
)
def test_what_is_off_at_the_end_of_messages_is_off(
    generic: Device, steps: list[tuple[str, str]]
) -> None:
    command = own(generic, NOON, *steps)
    world.drive(Gateway(), Clock())
    assert known(generic) == LinePower(None, NOON, command.author_name)


def test_two_messages_that_switch_off_are_one_wish_though_the_second_was_held_back(
    generic: Device,
) -> None:
    gateway, clock = Gateway(), Clock()
    command = own(generic, NOON, ("OFF1", "off"), ("OFF2", "off"), apart=60)
    world.drive(gateway, clock)
    Pause.objects.create(reason="Stocktaking", author_name="Alice")
    clock.turn(seconds=61)
    world.drive(gateway, clock)
    assert gateway.texts == ["OFF1"]
    assert known(generic) == LinePower(None, NOON, command.author_name)


def test_the_message_that_went_out_last_counts_whichever_command_began_first(
    generic: Device,
) -> None:
    gateway, clock = Gateway(), Clock()
    command = own(generic, clock(), ("LOGIN", "config"), ("OFF", "off"), apart=60)
    world.drive(gateway, clock)
    clock.turn(seconds=20)
    own(generic, clock(), ("ON", "on"), ("STATE", "query"))
    world.drive(gateway, clock)
    clock.turn(seconds=60)
    world.drive(gateway, clock)
    assert gateway.texts == ["LOGIN", "ON", "STATE", "OFF"]
    assert known(generic) == LinePower(None, clock(), command.author_name)


@pytest.mark.parametrize(
    "steps",
    [
        [("OFF", "off"), ("ON", "on"), ("STATE", "query")],
        [("LOGIN", "config"), ("RESTART", "cycle")],
    ],
)
def test_what_is_on_at_the_end_of_messages_is_back(
    generic: Device, steps: list[tuple[str, str]]
) -> None:
    own(generic, NOON, *steps)
    world.drive(Gateway(), Clock())
    assert known(generic) == LinePower(NOON)


def test_what_only_asks_after_an_off_leaves_it_as_it_is(generic: Device) -> None:
    gateway, clock = Gateway(), Clock()
    own(generic, clock(), ("LOGIN", "config"), ("OFF", "off"))
    world.drive(gateway, clock)
    Command.objects.update(closed=True)
    CommandLine.objects.update(closed=True)
    clock.turn(minutes=20)
    own(generic, clock(), ("LOGIN", "config"), ("STATE", "query"))
    world.drive(gateway, clock)
    assert known(generic).off_at == NOON


@pytest.mark.parametrize(
    ("is_on", "minutes", "is_off"),
    # Within the hour that a message may take it is perhaps an answer from before.
    [(True, 65, False), (True, 5, True), (True, -5, True), (False, 65, True)],
)
def test_a_line_that_tells_later_that_it_is_on_was_switched_on_at_the_socket(
    socket: Device, is_on: bool, minutes: int, is_off: bool
) -> None:
    by_hand(socket, "power_off")
    world.drive(Gateway(), Clock())
    told = NOON + timedelta(minutes=minutes)
    DeviceLine.objects.filter(device=socket).update(is_on=is_on, told_at=told)
    assert (known(socket).off_at is not None) is is_off


def test_of_what_a_job_switched_off_the_command_is_told(socket: Device) -> None:
    """Whether it was meant to stay off, jobs know."""
    command = world.give(socket, "power_off")
    world.drive(Gateway(), Clock())
    assert known(socket) == LinePower(None, NOON, "test", command.pk)


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


def test_mains_are_back_though_nobody_told_that_they_were_lost(socket: Device) -> None:
    """The message of the begin was lost: the cell had no power either."""
    back = NOON - timedelta(minutes=1)
    IncomingSms.objects.create(
        platform=socket.platform, device=socket, gateway=SmsGateway.objects.get(), identity="1",
        sender=socket.phone, text="Power is back", kind=Meaning.MAINS_BACK.value, moment=back,
    )  # fmt: skip
    assert known(socket) == LinePower(back)


def test_what_turns_out_not_to_have_gone_out_while_it_is_read_is_no_fault(
    socket: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_hand(socket, "power_off")
    world.drive(Gateway(says=world.UNKNOWN), Clock())
    read = line_power._last_commands

    def late(lines: Collection[DeviceLine]) -> dict[int, Command]:
        found = read(lines)
        for command in found.values():
            command.state = State.NOT_SENT.value
        return found

    monkeypatch.setattr(line_power, "_last_commands", late)
    assert known(socket) == NOTHING


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
    assert len(asked_of_few) == len(asked_of_many) == 5
    assert len(found) == 15
    assert sum(each.back_at is not None for each in found.values()) == 10
