"""Sequences of more than two messages: what was switched off is switched on, come what may."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from devices import commands, outbox, reaper, story
from devices.gateways.shape import Outgoing, Sent
from devices.models import (
    Command,
    CommandLine,
    CommandTemplate,
    Device,
    GatewayHealth,
    Pause,
    SmsGateway,
)
from devices.pace import LIMITS
from devices.senders import Sender
from platforms.models import AuditEntry, Platform
from tests import factories
from tests.devices import world
from tests.devices.world import NOON, Clock, Gateway

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("road")]
WORDS = {"en": "Own", "ru": "Own"}


@pytest.fixture
def pair(platform_a: Platform) -> Device:
    """A socket with two lines."""
    return world.make_socket(platform_a, "simpal_d410")


def give(device: Device, *steps: tuple[str, str]) -> Command:
    """Give a command of the platform's own: texts with their effects, ten seconds apart."""
    sequence: list[dict[str, Any]] = [
        {"code": code, "effect": effect, "after": 10 * bool(number)}
        for number, (code, effect) in enumerate(steps)
    ]
    definition = {"key": "own", "name": WORDS, "help": WORDS, "danger": "power", "lines": [1, 2],
                  "sequence": sequence}  # fmt: skip
    row = CommandTemplate.objects.create(
        platform=device.platform,
        model=device.model,
        key="own",
        definition=definition,
        for_jobs=True,
    )
    return commands.queue(row, device, {}, Sender.job("test"), uuid4(), NOON)


def pass_time(gateway: Gateway, clock: Clock, minutes: int) -> None:
    for _turn in range(minutes * 6):
        clock.turn(seconds=10)
        reaper.reap(clock())
        world.drive(gateway, clock)


OFF_1, OFF_2, ON_1, ON_2 = ("#02#1#", "off"), ("#02#2#", "off"), ("#01#1#", "on"), ("#01#2#", "on")
STATUS = ("#07#", "query")


def test_the_on_follows_though_what_comes_between_is_refused(
    pair: Device, gateway: Gateway, clock: Clock
) -> None:
    give(pair, OFF_1, OFF_2, ON_1, ON_2)
    world.drive(gateway, clock)
    Pause.objects.create(platform=None, reason="stop everything", author_name="root")
    pass_time(gateway, clock, 2)
    assert gateway.texts == ["#02#1#", "#01#1#", "#01#2#"]


def test_the_on_follows_though_what_comes_between_is_never_taken(
    pair: Device, gateway: Gateway, clock: Clock
) -> None:
    give(pair, OFF_1, STATUS, ON_1)
    world.drive(gateway, clock)
    gateway.says = world.REJECTED
    pass_time(gateway, clock, 5)
    gateway.says = world.ACCEPTED
    pass_time(gateway, clock, 10)
    assert gateway.texts[-1] == "#01#1#"
    assert gateway.texts.count("#07#") == LIMITS.tries
    pass_time(gateway, clock, 11)
    assert not Command.objects.open().exists()
    assert not CommandLine.objects.filter(closed=False).exists()


def test_the_on_does_not_wait_for_ever_for_what_comes_between(
    pair: Device, gateway: Gateway, clock: Clock
) -> None:
    give(pair, OFF_1, STATUS, ON_1)
    world.drive(gateway, clock)
    # It rests for a day: only what is owed goes out.
    held = {"held_until": NOON + timedelta(days=1)}
    GatewayHealth.objects.update_or_create(gateway=SmsGateway.objects.get(), defaults=held)
    pass_time(gateway, clock, 17)
    assert gateway.texts == ["#02#1#", "#01#1#"]


def test_the_on_goes_by_another_gateway_where_its_own_was_disabled_and_does_not_take_it(
    pair: Device, gateway: Gateway, clock: Clock
) -> None:
    own = SmsGateway.objects.get()
    SmsGateway.objects.update(phone="+79000000001")
    others = [world.make_gateway(), world.make_gateway(pair.platform)]
    SmsGateway.objects.filter(name=others[0].name).update(phone="+79000000001")
    world.make_gateway(factories.make_platform("Foreign"), phone="+79000000001")
    device = Device.objects.get()
    command = world.give(device, "power_cycle_line", {"line": "1"})
    Command.objects.update(gateway=own)  # given before the platform got one of its own
    world.drive(gateway, clock)
    SmsGateway.objects.filter(pk=own.pk).update(enabled=False)
    asked: list[tuple[str, int]] = []

    def answer(by: SmsGateway, outgoing: Outgoing) -> Sent:
        asked.append((outgoing.text, by.pk))
        return world.REJECTED if by == own else world.ACCEPTED

    for _turn in range(6):
        clock.turn(seconds=30)
        reaper.reap(clock())
        while outbox.turn(answer, clock):
            pass
    # By its own first, whose number the socket knows; then by the one with the same number.
    assert asked == [("#01#1#", own.pk), ("#01#1#", others[0].pk)]
    on = Command.objects.get(head=command)
    assert (on.gateway, on.state, on.text, on.phone) == (
        others[0],
        "accepted",
        "#01#1#",
        pair.phone,
    )
    told = on.steps.filter(event="claim").latest("pk")
    assert story.words_of(told.reason) == "Its gateway is disabled: it goes by another one."
    entry = AuditEntry.objects.filter(action="changed", target_type="devices.command").get()
    assert entry.after == {"gateway": others[0].name, "reason": "disabled"}


def test_the_on_waits_while_the_only_other_gateway_is_busy(
    pair: Device, gateway: Gateway, clock: Clock
) -> None:
    world.give(pair, "power_cycle_line", {"line": "1"})
    world.drive(gateway, clock)
    SmsGateway.objects.update(enabled=False)
    Command.objects.filter(previous__isnull=False).update(tries=1)
    other = world.make_gateway(at_once=1)
    busy = world.give(world.make_socket(pair.platform), "status")
    assert busy.gateway == other
    held = outbox.claim(clock())
    assert held is not None
    clock.turn(seconds=30)
    assert outbox.claim(clock()) is None
    assert outbox.intend(held, clock()) is not None
    outbox.record(held, world.ACCEPTED, clock())
    world.drive(gateway, clock)
    assert gateway.texts == ["#02#1#", "#01#1#"]


def test_an_on_after_nothing_that_went_off_is_dropped_with_the_off(
    pair: Device, gateway: Gateway, clock: Clock
) -> None:
    give(pair, STATUS, OFF_1, ON_1)
    world.drive(gateway, clock)
    Pause.objects.create(platform=None, reason="stop everything", author_name="root")
    pass_time(gateway, clock, 2)
    assert gateway.texts == ["#07#"]
    assert list(Command.objects.order_by("pk").values_list("state", flat=True)) == [
        "accepted", "cancelled", "cancelled",
    ]  # fmt: skip
