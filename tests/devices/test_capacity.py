"""What a gateway takes: a minute's messages, requests at once, a rest after failures."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices import capacity, outbox
from devices.gateways.shape import Outcome, Reason, Sent
from devices.models import Command, Device, GatewayHealth, SmsGateway
from platforms.models import Platform
from tests.devices import world
from tests.devices.world import NOON, Clock, Gateway

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("road")]

FAILED = Sent(Outcome.UNKNOWN, Reason.TIMEOUT)


def sockets(platform: Platform, number: int, **gateway: Any) -> list[Device]:
    """Sockets behind one gateway."""
    made = world.make_gateway(**gateway)
    return [world.make_socket(platform, gateway=made) for _ in range(number)]


def seconds(moment: object) -> float:
    assert isinstance(moment, type(NOON))
    return (moment - NOON).total_seconds()


def test_what_is_more_than_a_minutes_messages_waits_and_says_why(
    platform_a: Platform, gateway: Gateway, clock: Clock
) -> None:
    given = [world.give(socket, "status") for socket in sockets(platform_a, 3, per_minute=2)]
    world.drive(gateway, clock)
    assert len(gateway.log) == 2
    waiting = Command.objects.get(pk=given[2].pk)
    assert waiting.state == "queued"
    wait = capacity.wait_of(waiting, clock())
    assert wait is not None
    assert wait.until == NOON + timedelta(minutes=1)
    assert "messages of this minute" in wait.why
    clock.turn(seconds=59)
    world.drive(gateway, clock)
    assert len(gateway.log) == 2
    clock.turn(seconds=2)
    world.drive(gateway, clock)
    assert len(gateway.log) == 3
    waiting.refresh_from_db()
    assert capacity.wait_of(waiting, clock()) is None


def test_what_is_not_sent_after_all_takes_nothing_of_a_minute(
    platform_a: Platform, gateway: Gateway, clock: Clock
) -> None:
    first, second = sockets(platform_a, 2, per_minute=1)
    for socket in (first, second):
        world.give(socket, "status")
    claimed = outbox.claim(clock())
    assert claimed is not None
    assert outbox.claim(clock()) is None
    Device.objects.filter(pk=first.pk).update(enabled=False)
    assert outbox.intend(claimed, clock()) is None
    clock.turn(seconds=5)
    world.drive(gateway, clock)
    assert [each.phone for each in gateway.log] == [second.phone]


def test_a_full_gateway_stops_nobody_elses_commands(
    platform_a: Platform, gateway: Gateway, clock: Clock
) -> None:
    full = sockets(platform_a, 2, per_minute=1)
    free = sockets(platform_a, 1)
    for socket in (*full, *free):
        world.give(socket, "status")
    world.drive(gateway, clock)
    assert sorted(each.phone for each in gateway.log) == sorted([full[0].phone, free[0].phone])


def test_a_gateway_is_asked_no_more_at_once_than_it_takes(
    platform_a: Platform, clock: Clock
) -> None:
    first, second = sockets(platform_a, 2, at_once=1)
    for socket in (first, second):
        world.give(socket, "status")
    claimed = outbox.claim(clock())
    assert claimed is not None
    assert outbox.claim(clock()) is None
    assert not outbox.has_waiting(clock()), "workers would look again and again"
    waiting = Command.objects.get(device=second)
    wait = capacity.wait_of(waiting, clock())
    assert wait is not None
    assert "busy" in wait.why
    read_before = Command.objects.get(device=first)
    read_before.state = "queued"
    assert capacity.wait_of(read_before, clock()) is None, "it is itself what the gateway has"
    # Who holds it died: its lease is what counts, not its state.
    assert outbox.has_waiting(clock.now + timedelta(seconds=61))
    assert outbox.claim(clock.turn(seconds=61)) is not None


def test_a_gateway_that_fails_rests_longer_each_time_and_the_first_success_ends_it(
    platform_a: Platform,
) -> None:
    gateway = world.make_gateway()
    rests = []
    for _failure in range(6):
        capacity.note(gateway, FAILED, NOON)
        rests.append(seconds(GatewayHealth.objects.get().held_until))
    assert rests == [5, 10, 20, 40, 60, 60]
    health = GatewayHealth.objects.get()
    assert (health.failures, health.failing_since) == (6, NOON)
    assert health.why_held == str(Reason.TIMEOUT)
    capacity.note(gateway, world.ACCEPTED, NOON)
    health.refresh_from_db()
    assert (health.held_until, health.failing_since, health.failures) == (None, None, 0)
    assert health.accepted_at == NOON


def test_what_is_said_of_one_message_says_nothing_of_the_gateway(platform_a: Platform) -> None:
    gateway = world.make_gateway()
    for reason in (Reason.PHONE, Reason.TEXT, Reason.TOO_LONG):
        capacity.note(gateway, Sent(Outcome.REJECTED, reason, permanent=True), NOON)
    assert not GatewayHealth.objects.exists()
    capacity.note(gateway, Sent(Outcome.REJECTED, Reason.DECLINED, permanent=True), NOON)
    assert GatewayHealth.objects.get().held_until is None


def test_nothing_is_sent_to_a_gateway_that_rests(
    platform_a: Platform, gateway: Gateway, clock: Clock
) -> None:
    (socket,) = sockets(platform_a, 1)
    command = world.give(socket, "status")
    capacity.note(SmsGateway.objects.get(), FAILED, clock())
    assert not outbox.has_waiting(clock())
    world.drive(gateway, clock)
    assert gateway.log == []
    command.refresh_from_db()
    wait = capacity.wait_of(command, clock())
    assert wait is not None
    assert str(Reason.TIMEOUT) in wait.why
    clock.turn(seconds=6)
    assert outbox.has_waiting(clock())
    world.drive(gateway, clock)
    assert len(gateway.log) == 1


def test_a_dark_line_waits_for_no_minute_and_no_rest(
    platform_a: Platform, gateway: Gateway, clock: Clock
) -> None:
    made = world.make_gateway(per_minute=1)
    pair = world.make_socket(platform_a, "simpal_d410", gateway=made)
    world.give(pair, "power_cycle_line", {"line": "1"})
    world.drive(gateway, clock)
    assert len(gateway.log) == 1
    capacity.note(made, FAILED, clock())
    clock.turn(seconds=40)
    capacity.note(made, FAILED, clock())
    world.drive(gateway, clock)
    assert len(gateway.log) == 2, "the line is on again"


@pytest.mark.django_db(transaction=True)
def test_two_workers_cannot_both_take_the_last_place(
    platform_a: Platform, clock: Clock, gateway: Gateway
) -> None:
    for socket in sockets(platform_a, 8, at_once=3):
        world.give(socket, "status")
    claims = world.together(lambda _worker: outbox.claim(clock()), 8)
    assert len([claimed for claimed in claims if claimed is not None]) == 3


@pytest.mark.django_db(transaction=True)
def test_two_workers_cannot_both_send_the_last_message_of_a_minute(
    platform_a: Platform, clock: Clock, gateway: Gateway
) -> None:
    for socket in sockets(platform_a, 12, per_minute=5):
        world.give(socket, "status")

    def work(_worker: int) -> None:
        while outbox.turn(gateway, clock):
            pass

    world.together(work, 6)
    assert len(gateway.log) == 5


@pytest.mark.django_db(transaction=True)
def test_workers_that_meet_at_two_gateways_do_not_wait_for_each_other_crosswise(
    platform_a: Platform, gateway: Gateway, clock: Clock
) -> None:
    first, second = (sockets(platform_a, 4, per_minute=1) for _gateway in range(2))
    given = [first[0], second[0], first[1], second[1], second[2], first[2], second[3], first[3]]
    for socket in given:
        world.give(socket, "status")
    for _minute in range(4):
        world.together(lambda _worker: outbox.turn(gateway, clock), 6)
        world.drive(gateway, clock)
        clock.turn(seconds=61)
    assert len(gateway.log) == len(given)


def test_the_limits_cost_a_claim_a_constant_number_of_queries(
    platform_a: Platform, gateway: Gateway, clock: Clock
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert outbox.claim(clock()) is not None
        return len(found)

    for socket in sockets(platform_a, 30, per_minute=100, at_once=50):
        world.give(socket, "status")
    first, second, third = queries(), queries(), queries()
    assert third == second < first, "the first one makes the gateway's row"
