"""Doubts end by what witnesses say; that nothing was sent is believed of a gateway alone."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from pytest_django import Settings

from devices import outbox, reaper, reconciliation, sockets
from devices.gateways.shape import Fate, Report
from devices.models import (
    Binding,
    BudgetPeriod,
    Command,
    CommandLine,
    CommandStep,
    Device,
    SmsGateway,
)
from devices.pace import LIMITS
from exporters.models import Exporter, Player
from platforms.audit import SYSTEM
from platforms.models import Platform
from tests import factories
from tests.devices import world
from tests.devices.listening import Far, far_side, hear, make_listening, make_old_socket
from tests.devices.samples import Sampled, minutes, sampled_prometheus
from tests.devices.world import ACCEPTED, NOON, UNKNOWN, Clock, Gateway, together

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.django_db,
    pytest.mark.usefixtures("road"),
]
SENT = {"state": "Sent", "states": {"Pending": "-", "Processed": "-", "Sent": "-"}}
WAITING = {"state": "Pending", "states": {"Pending": "-"}}
GIVEN_UP = {"state": "Failed", "states": {"Pending": "-", "Failed": "-"}}
FAILED_LATE = {"state": "Failed", "states": {"Pending": "-", "Processed": "-", "Failed": "-"}}


@pytest.fixture
def far() -> Iterator[Far]:
    """The gateway's own side."""
    with far_side() as side:
        yield side


@pytest.fixture
def socket(far: Far, platform_a: Platform) -> Device:
    """A socket whose gateway can be asked what became of a message."""
    make_listening(far, "sms_gate")
    return make_old_socket(platform_a)


def doubt(device: Device, key: str = "power_cycle") -> Command:
    """Give a command at noon, to whose request no clear answer came."""
    command = world.give(device, key)
    assert outbox.turn(Gateway(UNKNOWN), Clock())
    command.refresh_from_db()
    assert (command.state, command.wire_at) == ("unknown", NOON)
    return command


def reconcile(after: float) -> int:
    cache.clear()
    return reconciliation.reconcile(NOON + timedelta(seconds=after))


def state(command: Command) -> tuple[str, bool]:
    command.refresh_from_db()
    return command.state, command.closed


# -- the gateway, asked -------------------------------------------------------------------------


@pytest.mark.parametrize("said", [SENT, WAITING], ids=["sent", "waiting"])
def test_what_the_gateway_has_was_sent(far: Far, socket: Device, said: dict[str, object]) -> None:
    command = doubt(socket)
    far.states[str(command.key)] = said
    assert reconcile(20) == 1
    assert state(command) == ("accepted", False)
    [asked] = far.log.requests
    assert (asked.method, asked.path) == ("GET", f"/messages/{command.key}")


def test_what_the_gateway_gave_up_before_sending_was_not_sent(far: Far, socket: Device) -> None:
    command = doubt(socket)
    far.states[str(command.key)] = GIVEN_UP
    assert [reconcile(20), reconcile(74)] == [0, 0]
    assert reconcile(75) == 1
    assert state(command) == ("not_sent", True)
    # The line may be switched again, after its pause; the SMS is not given back for a doubt.
    assert not CommandLine.objects.filter(closed=False).exists()
    assert BudgetPeriod.objects.get(span="day").used == 1


def test_what_the_gateway_does_not_know_was_not_sent_when_it_says_so_late_and_twice(
    far: Far, socket: Device
) -> None:
    command = doubt(socket)
    times = (1, 30, 60, 74, 80, 90, 99)
    assert [reconcile(after) for after in times] == [0] * len(times)
    assert state(command) == ("unknown", False)
    assert reconcile(100) == 1
    assert state(command) == ("not_sent", True)


def test_a_request_that_the_gateway_gets_late_is_not_denied(far: Far, socket: Device) -> None:
    command = doubt(socket)
    assert reconcile(76) == 0  # not there yet
    far.states[str(command.key)] = WAITING
    assert reconcile(97) == 1
    assert state(command) == ("accepted", False)


def test_an_absence_between_two_other_answers_begins_anew(far: Far, socket: Device) -> None:
    command = doubt(socket)
    assert reconcile(76) == 0
    far.states[str(command.key)] = FAILED_LATE
    assert reconcile(90) == 0
    del far.states[str(command.key)]
    assert [reconcile(100), reconcile(119)] == [0, 0]
    assert reconcile(120) == 1


@pytest.mark.parametrize("said", [FAILED_LATE, {"state": "?"}, "no gateway", "error", "another's"])
def test_what_proves_nothing_ends_nothing_until_the_window_is_over(
    far: Far, socket: Device, said: Any
) -> None:
    command = doubt(socket)
    match said:
        case "no gateway":
            SmsGateway.objects.update(address="http://127.0.0.1:9")
        case "error":
            far.status, far.states = 502, {str(command.key): SENT}
        case "another's":
            far.states = {str(command.key): {"id": "another", **SENT}}
        case _:
            far.states = {str(command.key): said}
    assert [reconcile(after) for after in (20, 76, 100, 130)] == [0, 0, 0, 0]
    assert state(command) == ("unknown", False)
    reaper.reap(NOON + LIMITS.window)
    assert state(command) == ("unresolved", True)


def test_nobody_is_asked_about_a_command_that_a_worker_may_be_sending(
    far: Far, socket: Device
) -> None:
    command = world.give(socket, "power_cycle")
    claimed = outbox.claim(NOON)
    assert claimed is not None
    assert outbox.intend(claimed, NOON) is not None
    assert [reconcile(after) for after in (1, 30, 59, 200)] == [0] * 4
    assert far.log.requests == []
    assert state(command) == ("sending", False)


def test_an_owed_on_is_never_found_not_sent(far: Far, platform_a: Platform) -> None:
    make_listening(far, "sms_gate")
    double = make_old_socket(platform_a, "simpal_d410")
    world.give(double, "power_cycle_line", {"line": "1"})
    clock = Clock()
    world.drive(Gateway(ACCEPTED), clock)
    clock.turn(seconds=30)
    assert outbox.turn(Gateway(UNKNOWN), clock)
    on = Command.objects.get(head__isnull=False)
    assert (on.state, on.owed) == ("unknown", True)
    far.states[str(on.key)] = GIVEN_UP
    assert [reconcile(after) for after in (120, 160)] == [0, 0]
    reaper.reap(NOON + timedelta(seconds=160))
    assert state(on) == ("queued", False)


@pytest.mark.parametrize("word", ["an answer of the socket", "a report of the gateway"])
def test_an_owed_on_that_arrived_is_not_sent_again_and_again(
    far: Far, platform_a: Platform, word: str
) -> None:
    """The gateway sends each and tells of none; every one costs an SMS, beyond all limits."""
    gateway = make_listening(far, "sms_gate")
    double = make_old_socket(platform_a, "simpal_d410")
    off, clock = world.give(double, "power_cycle_line", {"line": "1"}), Clock()
    world.drive(Gateway(ACCEPTED), clock)
    doubtful = Gateway(UNKNOWN)
    for _minute in range(30):
        clock.turn(minutes=1)
        reaper.reap(clock())
        world.drive(doubtful, clock)
        on = Command.objects.get(previous=off)
        if word == "an answer of the socket":
            hear(gateway, double, "Socket 1 ON", clock(), clock())
        else:
            reconciliation.report(gateway, [Report(str(on.key), Fate.SENT)], clock())
    assert len(doubtful.log) == 1
    assert state(on) == ("accepted", True)


def test_a_gateway_that_hangs_holds_up_no_other(
    platform_a: Platform, platform_b: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        hanging, well = (stack.enter_context(far_side()) for _number in range(2))
        hanging.hangs = True
        doubts = []
        for far, platform in ((hanging, platform_a), (well, platform_b)):
            make_listening(far, "sms_gate", platform=platform)
            for _number in range(3):
                doubts += [doubt(make_old_socket(platform))]
        for command in doubts[3:]:
            well.states[str(command.key)] = SENT
        monkeypatch.setattr("devices.gateways.wire.TOTAL", 1.0)
        monkeypatch.setattr(reconciliation, "SECONDS", 0.5)
        began = time.monotonic()
        assert reconcile(20) == 3
        assert time.monotonic() - began < 5
        assert len(hanging.log.requests) == 1
    assert [state(each)[0] for each in doubts] == ["unknown"] * 3 + ["accepted"] * 3


def test_a_run_puts_a_bounded_number_of_questions(
    far: Far, platform_a: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciliation, "QUESTIONS", 3)
    make_listening(far, "sms_gate")
    for _number in range(5):
        doubt(make_old_socket(platform_a))
    reconcile(20)
    assert len(far.log.requests) == 3


# -- the gateway, by itself ---------------------------------------------------------------------


def test_a_delivery_report_ends_the_doubt_about_the_gateways_own_command_alone(
    far: Far, socket: Device
) -> None:
    command, stranger = doubt(socket), make_listening(far, "sms_gate")
    reports = [Report(str(command.key), Fate.SENT, NOON), Report("no key", Fate.SENT),
               Report(str(uuid4()), Fate.SENT)]  # fmt: skip
    now = NOON + minutes(1)
    assert reconciliation.report(stranger, reports, now) == 0
    assert reconciliation.report(command.gateway, [Report(str(command.key), Fate.FAILED)], now) == 0
    assert reconciliation.report(command.gateway, reports, now) == 1
    assert reconciliation.report(command.gateway, reports, now) == 0
    far.hangs = True
    assert reconcile(61) == 1
    assert far.log.requests == []
    assert state(command) == ("accepted", False)


def test_a_report_that_comes_before_the_answer_is_remembered(far: Far, socket: Device) -> None:
    command = world.give(socket, "power_cycle")
    claimed = outbox.claim(NOON)
    assert claimed is not None
    assert outbox.intend(claimed, NOON) is not None  # and the worker dies
    reconciliation.report(command.gateway, [Report(str(command.key), Fate.SENT)], NOON)
    assert state(command) == ("sending", False)
    reaper.reap(NOON + LIMITS.lease)
    assert reconcile(61) == 1
    assert state(command) == ("accepted", False)


# -- the socket, and the players ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [("Socket ON", True), ("Invalid format", True), ("Спасибо", False), ("Power failure", False)],
)
def test_an_answer_of_the_socket_that_is_understood_ends_the_doubt(
    far: Far, socket: Device, text: str, found: bool
) -> None:
    command = doubt(socket)
    far.status = 500
    hear(command.gateway, socket, text, NOON + minutes(0.5), NOON + minutes(0.5))
    assert reconcile(40) == found
    assert state(command)[0] == ("accepted" if found else "unknown")
    step = CommandStep.objects.filter(command=command).latest("pk")
    assert step.reason == ("The socket answered it." if found else "timeout")


@pytest.fixture
def sampled(clock: Clock, settings: Settings) -> Iterator[Sampled]:
    """The connected Prometheus."""
    with sampled_prometheus(clock) as server:
        settings.PROMETHEUS_URL = server.url
        yield server


@pytest.mark.parametrize(
    ("key", "spans", "found"),
    [
        ("power_cycle", [(1, -90, 0), (0, 30, 60), (1, 90, 120)], True),
        ("power_on", [(0, -90, 60), (1, 90, 120)], True),
        ("power_cycle", [(0, -90, -30), (1, 0, 120)], False),
        ("power_cycle", [(0, -90, 120)], False),
        ("power_cycle", [(1, -90, 120)], False),
        ("power_cycle", [], False),
        ("power_off", [(1, -90, 0), (0, 30, 60), (1, 90, 120)], False),
        ("status", [(1, -90, 0), (0, 30, 60), (1, 90, 120)], False),
    ],
)
def test_a_player_that_comes_back_after_a_doubtful_restart_ends_the_doubt(
    sampled: Sampled,
    clock: Clock,
    platform_a: Platform,
    exporter_a: Exporter,
    key: str,
    spans: list[tuple[int, int, int]],
    found: bool,
) -> None:
    socket = make_old_socket(platform_a)
    player: Player = factories.make_mac(exporter_a).player
    sockets.bind(player, socket.lines.get(), SYSTEM)
    Binding.objects.update(since=NOON - minutes(60))
    for value, begin, end in spans:
        sampled.say(player, value, begin, end)
    command = doubt(socket, key)
    clock.now = NOON + timedelta(seconds=120)
    assert reconcile(120) == found
    assert state(command)[0] == ("accepted" if found else "unknown")


# -- races --------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_doubt_ends_once_whoever_looks_at_once(far: Far, socket: Device) -> None:
    commands = [doubt(socket, "status") for _number in range(6)]
    for command in commands:
        far.states[str(command.key)] = SENT
    later = NOON + LIMITS.window

    def work(at: int) -> int:
        return reaper.reap(later) if at % 2 else reconciliation.reconcile(later)

    assert sum(together(work, 4)) == 6
    assert CommandStep.objects.filter(event__in=("found_sent", "window_over")).count() == 6
    assert threading.active_count() < 40
