"""What is told of gateways, sockets and dark lines, and taken back."""

from datetime import timedelta
from typing import Any

import pytest

from devices import alarms, capacity, outbox, reaper
from devices.models import Command, Device, GatewayHealth, GatewayInbox, SmsGateway
from devices.states import State
from platforms import notice_texts
from platforms.models import Notice, Platform
from platforms.notice_kinds import Severity
from tests.devices.world import (
    ACCEPTED,
    NOON,
    UNKNOWN,
    Clock,
    Gateway,
    drive,
    give,
    make_gateway,
    make_socket,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def told() -> list[str]:
    """Return the kinds of all notices."""
    return list(Notice.objects.order_by("pk").values_list("kind", flat=True))


def fail(gateway: SmsGateway, times: int, clock: Clock) -> None:
    """Let sends end without an answer."""
    for _ in range(times):
        capacity.note(gateway, UNKNOWN, clock())


# -- gateways -----------------------------------------------------------------------------------


def test_a_gateway_is_down_after_three_failures_in_a_row_and_back_with_the_first_success(
    db: None, clock: Clock
) -> None:
    gateway = make_gateway(name="Main")
    fail(gateway, 2, clock)
    assert alarms.watch(clock()) == 0
    fail(gateway, 1, clock)
    assert alarms.watch(clock.turn(minutes=1)) == 1
    assert alarms.watch(clock.turn(minutes=1)) == 0
    capacity.note(gateway, ACCEPTED, clock())
    assert alarms.watch(clock.turn(minutes=1)) == 1
    assert alarms.watch(clock.turn(minutes=1)) == 0
    assert told() == ["gateway_down", "gateway_back"]
    down = Notice.objects.get(kind="gateway_down")
    assert down.platform is None
    assert down.severity == Severity.CRITICAL
    assert notice_texts.sentence(down) == (
        "The gateway Main takes no messages since 2026-11-22 15:00 (Europe/Moscow): "
        "The gateway did not answer in time."
    )


def test_a_gateway_of_a_platform_is_that_platforms_business(
    platform_a: Platform, clock: Clock
) -> None:
    fail(make_gateway(platform_a), 3, clock)
    alarms.watch(clock())
    assert Notice.objects.get().platform == platform_a


def test_an_inbox_that_cannot_be_polled_is_told_after_three_minutes(db: None, clock: Clock) -> None:
    gateway = make_gateway(name="Main")
    inbox = GatewayInbox.objects.of(gateway)
    GatewayInbox.objects.filter(pk=inbox.pk).update(failing_since=NOON, fault="timeout")
    assert alarms.watch(clock.turn(minutes=2)) == 0
    assert alarms.watch(clock.turn(minutes=1)) == 1
    assert "tells no incoming messages since" in notice_texts.sentence(Notice.objects.get())
    GatewayInbox.objects.filter(pk=inbox.pk).update(failing_since=None, fault="")
    assert alarms.watch(clock()) == 1


def test_a_gateway_that_is_switched_off_is_neither_down_nor_back(db: None, clock: Clock) -> None:
    gateway = make_gateway()
    fail(gateway, 3, clock)
    alarms.watch(clock())
    SmsGateway.objects.update(enabled=False)
    assert alarms.watch(clock()) == 0
    assert Notice.objects.get().ended_at is not None
    SmsGateway.objects.update(enabled=True)
    assert alarms.watch(clock()) == 1
    GatewayHealth.objects.all().delete()


# -- sockets ------------------------------------------------------------------------------------


def silent_socket(platform: Platform, *, asked: bool = True, **columns: Any) -> Device:
    """Make a socket that was heard of at noon and asked an hour later."""
    device = make_socket(platform)
    Device.objects.filter(pk=device.pk).update(**{"heard_at": NOON, **columns})
    if asked:
        command = give(device, "status")
        Command.objects.filter(pk=command.pk).update(
            wire_at=NOON + timedelta(hours=1), state=State.ACCEPTED.value
        )
    device.refresh_from_db()
    return device


def test_a_socket_that_was_asked_is_silent_after_a_week_and_back_when_it_speaks(
    platform_a: Platform,
) -> None:
    device = silent_socket(platform_a, name="Lobby")
    assert alarms.watch(NOON + 6 * DAY) == 0
    assert alarms.watch(NOON + 7 * DAY) == 1
    assert alarms.watch(NOON + 8 * DAY) == 0
    Device.objects.update(heard_at=NOON + 8 * DAY)
    assert alarms.watch(NOON + 8 * DAY) == 1
    assert told() == ["socket_silent", "socket_back"]
    assert notice_texts.sentence(Notice.objects.get(kind="socket_silent")) == (
        "The socket Lobby was asked and has not answered for 7 days. "
        "Its last message came 2026-11-22 15:00 (Europe/Moscow)."
    )
    assert device.phone not in str(list(Notice.objects.values()))


@pytest.mark.parametrize(
    ("asked", "columns"),
    [
        (False, {}),
        (True, {"heard_at": None}),
        (True, {"enabled": False}),
        (True, {"retired_at": NOON}),
    ],
)
def test_other_sockets_are_not_told_of(
    asked: bool, columns: dict[str, Any], platform_a: Platform
) -> None:
    silent_socket(platform_a, asked=asked, **columns)
    assert alarms.watch(NOON + 30 * DAY) == 0


def test_a_socket_that_is_taken_out_is_silent_no_more(platform_a: Platform) -> None:
    silent_socket(platform_a)
    alarms.watch(NOON + 7 * DAY)
    Device.objects.update(retired_at=NOON + 8 * DAY)
    assert alarms.watch(NOON + 9 * DAY) == 0
    assert Notice.objects.get().ended_at is not None


def test_the_days_are_a_setting(platform_a: Platform, settings: Any) -> None:
    settings.SOCKET_SILENT_DAYS = 2
    silent_socket(platform_a)
    assert alarms.watch(NOON + 2 * DAY) == 1


# -- dark lines ---------------------------------------------------------------------------------


def test_an_on_that_is_owed_and_cannot_be_delivered_is_critical_until_it_is_out(
    platform_a: Platform, road: None, gateway: Gateway, clock: Clock
) -> None:
    device = make_socket(platform_a, "simpal_d410", name="Screen wall")
    give(device, "power_cycle_line", {"line": "1"})
    drive(gateway, clock)
    clock.turn(seconds=31)
    gateway.says = UNKNOWN
    for _minute in range(3):
        outbox.turn(gateway, clock)
        reaper.reap(clock())
        clock.turn(minutes=1)
    assert alarms.watch(clock()) == 1
    assert alarms.watch(clock()) == 0
    notice = Notice.objects.get()
    assert (notice.kind, notice.platform, notice.severity) == (
        "line_dark",
        platform_a,
        Severity.CRITICAL,
    )
    assert "Screen wall was switched off 2026-11-22 15:00" in notice_texts.sentence(notice)
    gateway.says = ACCEPTED
    clock.turn(minutes=15)
    outbox.turn(gateway, clock)
    assert alarms.watch(clock()) == 1
    assert told() == ["line_dark", "line_lit"]


def test_an_on_that_goes_out_in_time_is_no_news(
    platform_a: Platform, road: None, gateway: Gateway, clock: Clock
) -> None:
    device = make_socket(platform_a, "simpal_d410")
    give(device, "power_cycle_line", {"line": "1"})
    for _turn in range(4):
        drive(gateway, clock)
        assert alarms.watch(clock.turn(seconds=15)) == 0
    assert len(gateway.log) == 2


# -- cost ---------------------------------------------------------------------------------------


def test_looking_costs_the_same_however_much_there_is(
    platform_a: Platform, django_assert_num_queries: Any
) -> None:
    for _ in range(3):
        silent_socket(platform_a)
    alarms.watch(NOON + 7 * DAY)
    with django_assert_num_queries(9):
        alarms.watch(NOON + 7 * DAY)
    for _ in range(5):
        silent_socket(platform_a)
    alarms.watch(NOON + 7 * DAY)
    with django_assert_num_queries(9):
        alarms.watch(NOON + 7 * DAY)
