"""Reading messages: whose, of which command, and what is known of the socket afterwards."""

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from devices import inbox, sockets
from devices.gateways.shape import Received
from devices.models import Command, Device, DeviceLine, IncomingSms, PowerOutage, SmsGateway
from devices.pace import CLOCKS, LIMITS
from platforms.audit import SYSTEM
from platforms.models import Platform, User
from tests.devices import world
from tests.devices.listening import hear, make_old_socket
from tests.devices.world import NOON, Clock, Gateway

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.django_db,
    pytest.mark.usefixtures("road"),
]
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def shared(db: None) -> SmsGateway:
    """A gateway of all platforms."""
    return world.make_gateway()


@pytest.fixture
def socket(shared: SmsGateway, platform_a: Platform) -> Device:
    """A socket with one outlet."""
    return make_old_socket(platform_a)


@pytest.fixture
def double(shared: SmsGateway, platform_a: Platform) -> Device:
    """A socket with two lines."""
    return make_old_socket(platform_a, "simpal_d410")


def sent(device: Device, key: str, at: datetime = NOON, **values: str) -> Command:
    """Give a command and let it go out at that time."""
    command = world.give(device, key, values or None, now=at)
    world.drive(Gateway(), Clock(at))
    command.refresh_from_db()
    assert command.wire_at == at
    return command


# -- whose --------------------------------------------------------------------------------------


def test_a_message_belongs_to_the_platform_of_the_socket_in_use_with_its_number(
    shared: SmsGateway, socket: Device, platform_a: Platform
) -> None:
    message = hear(shared, socket, "Socket ON", NOON, NOON)
    assert (message.device, message.platform) == (socket, platform_a)


@pytest.mark.parametrize("written", ["89005550001", "79005550001", "+7 (900) 555-00-01"])
def test_a_number_is_read_as_the_gateways_country_writes_it(
    platform_a: Platform, written: str
) -> None:
    gateway = world.make_gateway(region="RU")
    socket = make_old_socket(platform_a, phone="+79005550001")
    inbox.receive(gateway, [Received(written, "Socket ON", NOON)], lambda: NOON)
    message = IncomingSms.objects.get()
    assert (message.device, message.sender) == (socket, "+79005550001")


def test_a_platforms_own_gateway_speaks_for_no_socket_of_another(
    socket: Device, platform_b: Platform
) -> None:
    own = world.make_gateway(platform_b)
    message = hear(own, socket, "Power failure", NOON, NOON)
    assert (message.device, message.platform, message.kind) == (None, None, "unknown")
    socket.refresh_from_db()
    assert (socket.heard_at, socket.mains_lost_at) == (None, None)
    assert not PowerOutage.objects.exists()


def test_nobodys_messages_are_for_superadmins_alone(
    shared: SmsGateway, socket: Device, alice: User, root: User
) -> None:
    inbox.receive(shared, [Received("+79998887766", "hello", NOON)], lambda: NOON)
    assert not IncomingSms.objects.for_user(alice).exists()
    assert IncomingSms.objects.for_user(root).count() == 1


def test_a_message_from_before_a_socket_was_registered_stays_nobodys(
    shared: SmsGateway, platform_a: Platform, platform_b: Platform
) -> None:
    old = make_old_socket(platform_a, phone="+79001110000")
    sockets.retire(old, SYSTEM)
    early = hear(shared, old, "Socket ON", NOON, NOON)
    new = world.make_socket(platform_b, phone="+79001110000")
    Device.objects.filter(pk=new.pk).update(created_at=NOON + MINUTE)
    listed = (early.sender, early.text, early.sent_at)
    # The gateway lists it still, now that the number is in use again; and one more, told late.
    late = Received(new.phone, "Socket OFF", NOON - MINUTE)
    fresh = Received(new.phone, "Socket ON", NOON + 2 * MINUTE)
    inbox.receive(shared, [Received(*listed), late, fresh], lambda: NOON + 3 * MINUTE)
    owners = dict(IncomingSms.objects.values_list("moment", "device"))
    assert owners == {
        NOON: None,
        NOON - MINUTE: None,
        NOON + 2 * MINUTE: new.pk,
    }


def test_a_socket_that_was_taken_out_is_not_heard(shared: SmsGateway, socket: Device) -> None:
    sockets.retire(socket, SYSTEM)
    assert hear(shared, socket, "Socket ON", NOON, NOON).device is None


# -- states -------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_newest_state_stays_whatever_comes_last(
    shared: SmsGateway, socket: Device, order: tuple[int, ...]
) -> None:
    told = ["Socket ON, signal 10", "Socket OFF, signal 20", "Socket ON, signal 30"]
    for index in order:
        hear(shared, socket, told[index], NOON + index * MINUTE, NOON + 10 * MINUTE)
    line = DeviceLine.objects.get(device=socket)
    assert (line.is_on, line.told_at) == (True, NOON + 2 * MINUTE)
    socket.refresh_from_db()
    assert (socket.gsm_level, socket.gsm_level_at) == (30, NOON + 2 * MINUTE)
    assert socket.heard_at == NOON + 2 * MINUTE


def test_a_clock_that_is_ahead_makes_no_message_the_newest_for_ever(
    shared: SmsGateway, socket: Device
) -> None:
    hear(shared, socket, "Socket ON", NOON + timedelta(hours=5), NOON)
    hear(shared, socket, "Socket OFF", NOON + MINUTE, NOON + MINUTE)
    line = DeviceLine.objects.get(device=socket)
    assert (line.is_on, line.told_at) == (False, NOON + MINUTE)


def test_an_outlet_without_a_number_is_no_line_of_a_socket_with_several(
    shared: SmsGateway, double: Device
) -> None:
    hear(shared, double, "Socket ON", NOON, NOON)
    assert set(double.lines.values_list("is_on", flat=True)) == {None}
    hear(shared, double, "Socket 1 ON, socket 2 OFF", NOON, NOON)
    assert list(double.lines.order_by("number").values_list("is_on", flat=True)) == [True, False]


def test_a_line_that_the_socket_has_not_changes_nothing(shared: SmsGateway, socket: Device) -> None:
    hear(shared, socket, "Socket 7 ON", NOON, NOON)
    assert set(socket.lines.values_list("is_on", flat=True)) == {None}


# -- which command ------------------------------------------------------------------------------


def test_an_answer_is_tied_to_its_command_and_says_when_it_came(
    shared: SmsGateway, socket: Device
) -> None:
    command = sent(socket, "power_on")
    message = hear(shared, socket, "Socket ON", NOON + 9 * SECOND, NOON + 12 * SECOND)
    command.refresh_from_db()
    assert (message.command, command.replied_at) == (command, NOON + 9 * SECOND)
    hear(shared, socket, "Socket ON", NOON + 30 * SECOND, NOON + 30 * SECOND)
    command.refresh_from_db()
    assert (command.state, command.replied_at) == ("accepted", NOON + 9 * SECOND)


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("Socket ON", "power_on"),
        ("Socket OFF", "power_off"),
        ("Signal level 17", None),
        ("Invalid format", "power_on"),  # the last of those it could be
        ("Спасибо за покупку", "power_on"),
        ("Power failure", None),
        ("Power is back", None),
    ],
)
def test_a_meaning_answers_what_can_be_answered_so(
    shared: SmsGateway, socket: Device, text: str, answers: str | None
) -> None:
    commands = {
        "power_off": sent(socket, "power_off"),
        "power_on": sent(socket, "power_on", NOON + SECOND),
    }
    message = hear(shared, socket, text, NOON + MINUTE, NOON + MINUTE)
    assert message.command == (commands[answers] if answers else None)


def test_both_messages_of_a_sequence_get_their_own_answers(
    shared: SmsGateway, double: Device
) -> None:
    clock, gateway = Clock(), Gateway()
    off = world.give(double, "power_cycle_line", {"line": "2"})
    world.drive(gateway, clock)
    clock.turn(seconds=30)
    world.drive(gateway, clock)
    assert gateway.texts == ["#02#2#", "#01#2#"]
    later = NOON + MINUTE
    assert hear(shared, double, "Socket 1 OFF", later, later).command is None
    assert hear(shared, double, "Socket 2 OFF", later, later).command == off
    on = hear(shared, double, "Socket 2 ON", later, later).command
    assert on is not None
    assert on.head == off


def test_the_state_that_an_off_tells_is_no_answer_to_the_on_that_follows_it(
    shared: SmsGateway, double: Device
) -> None:
    clock, gateway = Clock(), Gateway()
    off = world.give(double, "power_cycle_line", {"line": "2"})
    world.drive(gateway, clock)
    clock.turn(seconds=30)
    world.drive(gateway, clock)
    on = Command.objects.get(previous=off)
    assert on.wire_at == clock.now
    # The socket wrote it before the `on` went out; the inbox was read after.
    told = "Socket 1 ON, Socket 2 OFF"
    assert hear(shared, double, told, NOON + 15 * SECOND, clock.now + SECOND).command == off
    told = "Socket 1 ON, Socket 2 ON"
    assert hear(shared, double, told, NOON + 45 * SECOND, NOON + 45 * SECOND).command == on


def test_a_new_sim_answers_nothing_that_was_sent_to_the_old_one(
    shared: SmsGateway, socket: Device
) -> None:
    old = sent(socket, "status")
    Device.objects.filter(pk=socket.pk).update(phone="+79001119999")
    socket.refresh_from_db()
    message = hear(shared, socket, "Socket ON", NOON + MINUTE, NOON + MINUTE)
    assert (message.device, message.command) == (socket, None)
    old.refresh_from_db()
    assert old.replied_at is None


@pytest.mark.parametrize(
    ("after", "received", "tied"),
    [
        (-CLOCKS, SECOND, True),
        (-CLOCKS - SECOND, SECOND, False),  # sent before the command, and told late
        (-SECOND, -SECOND, False),  # it was here before the command went out
        (LIMITS.reply, LIMITS.reply, True),
        (LIMITS.reply + SECOND, LIMITS.reply + SECOND, False),
        (MINUTE, timedelta(hours=3), True),  # the gateway told of it hours later
    ],
)
def test_only_what_was_sent_in_the_time_for_an_answer_is_one(
    shared: SmsGateway, socket: Device, after: timedelta, received: timedelta, tied: bool
) -> None:
    command = sent(socket, "status")
    message = hear(shared, socket, "Socket ON", NOON + after, NOON + received)
    assert message.command == (command if tied else None)
    command.refresh_from_db()
    assert command.replied_at == (max(NOON, NOON + after) if tied else None)


def test_of_two_questions_the_one_without_an_answer_gets_the_next(
    shared: SmsGateway, socket: Device
) -> None:
    first, second = sent(socket, "status"), sent(socket, "status", NOON + SECOND)
    answers = [
        hear(shared, socket, "Socket ON", NOON + n * MINUTE, NOON + n * MINUTE).command
        for n in (1, 2, 3)
    ]
    assert answers == [second, first, second]


def test_the_socket_of_another_platform_answers_no_command(
    shared: SmsGateway, socket: Device, platform_b: Platform
) -> None:
    other = make_old_socket(platform_b)
    sent(socket, "status")
    message = hear(shared, other, "Socket ON", NOON + MINUTE, NOON + MINUTE)
    assert (message.platform, message.command) == (platform_b, None)


# -- power outages ------------------------------------------------------------------------------

TEXTS = {"L": "Power failure", "B": "Power is back"}


def outages(device: Device) -> list[tuple[int, int | None]]:
    """Return the outages of a socket, in minutes after noon."""
    return [
        (minutes(began), None if ended is None else minutes(ended))
        for began, ended in PowerOutage.objects.filter(device=device)
        .order_by("began", "pk")
        .values_list("began", "ended")
    ]


def minutes(at: datetime) -> int:
    return int((at - NOON) / MINUTE)


def intervals(story: str) -> list[tuple[int, int | None]]:
    """Return the outages that a story makes in its order, told apart from the code."""
    found: list[tuple[int, int | None]] = []
    begun: int | None = None
    for minute, letter in enumerate(story):
        if letter == "L" and begun is None:
            begun = minute
        if letter == "B" and begun is not None:
            found.append((begun, minute))
            begun = None
    return found if begun is None else [*found, (begun, None)]


def test_mains_lost_opens_an_outage_and_mains_back_closes_it(
    shared: SmsGateway, socket: Device, platform_a: Platform
) -> None:
    lost = hear(shared, socket, TEXTS["L"], NOON, NOON)
    socket.refresh_from_db()
    assert socket.mains_lost_at == NOON
    back = hear(shared, socket, TEXTS["B"], NOON + MINUTE, NOON + MINUTE)
    [outage] = PowerOutage.objects.all()
    assert (outage.platform, outage.told_by, outage.ended_by) == (platform_a, lost, back)
    assert outages(socket) == [(0, 1)]
    socket.refresh_from_db()
    assert socket.mains_lost_at is None


@pytest.mark.parametrize("story", ["LB", "BL", "LLB", "LBB", "LBL", "LBLB", "LLBB", "BLBL"])
def test_outages_are_the_same_in_whatever_order_messages_come(
    shared: SmsGateway, platform_a: Platform, story: str
) -> None:
    for number, order in enumerate(permutations(range(len(story)))):
        device = make_old_socket(platform_a, phone=f"+7922{number:07}")
        for minute in order:
            at = NOON + minute * MINUTE
            hear(shared, device, TEXTS[story[minute]], at, NOON + timedelta(hours=1))
        assert outages(device) == intervals(story), order
        device.refresh_from_db()
        still = outages(device)[-1:]
        lost = still and still[0][1] is None and NOON + still[0][0] * MINUTE
        assert (device.mains_lost_at or False) == (lost or False)


@settings(max_examples=15)
@given(
    st.text("LB", min_size=1, max_size=12).flatmap(
        lambda story: st.tuples(st.just(story), st.permutations(range(len(story))))
    )
)
def test_no_long_story_differs_from_its_naive_reading(
    shared: SmsGateway, platform_a: Platform, told: tuple[str, list[int]]
) -> None:
    story, order = told
    device = make_old_socket(platform_a)
    for minute in order:
        at = NOON + minute * MINUTE
        hear(shared, device, TEXTS[story[minute]], at, NOON + timedelta(hours=1))
    assert outages(device) == intervals(story)


def test_the_database_refuses_a_second_outage_that_lasts(socket: Device) -> None:
    from django.db import IntegrityError, transaction

    values: dict[str, Any] = {"platform": socket.platform, "device": socket}
    PowerOutage.objects.create(began=NOON, **values)
    with pytest.raises(IntegrityError), transaction.atomic():
        PowerOutage.objects.create(began=NOON + MINUTE, **values)
