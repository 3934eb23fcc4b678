"""One run over the queue: gateways side by side, and one that hangs delays nobody."""

import threading
from datetime import datetime

import pytest
from django.db import connection

from devices import dispatching
from devices.durability import UnsafeDatabase
from devices.gateways.shape import Outgoing, Sent
from devices.models import Command, GatewayHealth, SmsGateway
from platforms.models import Platform
from tests.devices import world
from tests.devices.world import ACCEPTED, NOON, UNKNOWN

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("road"),
]


def noon() -> datetime:
    return NOON


def give(platform: Platform, gateway: SmsGateway, number: int = 1) -> list[Command]:
    return [
        world.give(world.make_socket(platform, gateway=gateway), "status") for _ in range(number)
    ]


def test_a_gateway_that_hangs_delays_nobody_elses_commands(platform_a: Platform) -> None:
    hanging, quick = world.make_gateway(at_once=1), world.make_gateway(at_once=1)
    first, second = give(platform_a, hanging, 2)
    others = give(platform_a, quick, 5)
    others_are_out = threading.Event()
    sent: list[str] = []

    def send(gateway: SmsGateway, outgoing: Outgoing) -> Sent:
        if gateway.pk == hanging.pk:
            assert others_are_out.wait(20), "the others waited for the one that hangs"
            return UNKNOWN
        sent.append(outgoing.key)
        if len(sent) == len(others):
            others_are_out.set()
        return ACCEPTED

    assert dispatching.dispatch(send, noon) == 6
    states = dict(Command.objects.values_list("pk", "state"))
    assert states[first.pk] == "unknown"
    assert states[second.pk] == "queued", "the gateway rests before it is asked again"
    assert {states[command.pk] for command in others} == {"accepted"}
    assert GatewayHealth.objects.get(gateway=hanging).failing_since == NOON


def test_each_command_is_sent_once_however_many_look_for_it(platform_a: Platform) -> None:
    commands = give(platform_a, world.make_gateway(), 12)
    lock, sent = threading.Lock(), []

    def send(gateway: SmsGateway, outgoing: Outgoing) -> Sent:
        with lock:
            sent.append(outgoing.key)
        threading.Event().wait(0.01)
        return ACCEPTED

    world.together(lambda _worker: dispatching.dispatch(send, noon), 3)
    assert sorted(sent) == sorted(str(command.key) for command in commands)


def test_a_run_begins_nothing_after_its_time(platform_a: Platform) -> None:
    give(platform_a, world.make_gateway(), 3)
    moments = iter([NOON, *[NOON] * 4])

    def clock() -> datetime:
        return next(moments, NOON + dispatching.LASTS)

    assert dispatching.dispatch(lambda _gateway, _outgoing: ACCEPTED, clock, threads=1) <= 1
    assert Command.objects.filter(state="queued").count() >= 2


def test_a_database_that_could_forget_is_told_of_and_nothing_is_sent(
    platform_a: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(platform_a, world.make_gateway())
    with connection.cursor() as cursor:
        cursor.execute(
            "SET synchronous_commit = off"
            if connection.vendor == "postgresql"
            else "PRAGMA synchronous = OFF"
        )
    try:
        with pytest.raises(UnsafeDatabase, match="synchronous"):
            dispatching.dispatch(lambda _gateway, _outgoing: pytest.fail("sent"), noon)
    finally:
        if connection.vendor == "sqlite":
            connection.close()
    assert Command.objects.get().state == "queued"


def test_what_a_thread_raises_is_raised_by_the_run(platform_a: Platform) -> None:
    give(platform_a, world.make_gateway(), 4)
    calls = iter(range(10))

    def send(gateway: SmsGateway, outgoing: Outgoing) -> Sent:
        if next(calls) == 1:
            raise ZeroDivisionError
        threading.Event().wait(0.1)
        return ACCEPTED

    with pytest.raises(ZeroDivisionError):
        dispatching.dispatch(send, noon)
