"""What a person is told before sending: texts, cost, players, and what stands against it."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices import outbox, sockets
from devices.checks import CommandRefused
from devices.commands import queue
from devices.composition import ParametersRefused
from devices.models import (
    BudgetPeriod,
    Command,
    CommandStep,
    Device,
    Pause,
    SmsGateway,
)
from devices.pace import COOLDOWN
from devices.preview import Preview, preview
from devices.segments import Encoding
from devices.senders import Sender
from devices.templates import Danger
from exporters.models import Exporter, Player
from platforms.audit import SYSTEM
from platforms.models import AuditEntry, Platform, User
from tests import factories
from tests.devices import world
from tests.devices.world import NOON, Clock, Gateway, give, sender
from tests.exporters.watched_world import STATUS, World, sample, source

pytestmark = pytest.mark.django_db


@pytest.fixture
def socket(platform_a: Platform) -> Device:
    return world.make_socket(platform_a)


def seen(
    device: Device, who: User, key: str = "power_cycle", values: dict[str, str] | None = None
) -> Preview:
    template = world.template(device, key)
    return preview(template, device, values or world.VALUES.get(key, {}), sender(who), NOON)


def codes(shown: Preview) -> list[str]:
    return [refusal.code for refusal in shown.refusals]


def fed(exporter: Exporter, device: Device, number: int, name: str) -> Player:
    player = factories.make_mac(exporter, name=name).player
    sockets.bind(player, device.lines.get(number=number), SYSTEM)
    return player


def test_the_texts_are_those_that_go_out_and_secrets_are_hidden(
    socket: Device, alice: User, platform_a: Platform
) -> None:
    shown = seen(socket, alice)
    assert [(text.shown, text.segments, text.encoding) for text in shown.texts] == [
        ("#12#0#1#1#", 1, Encoding.GSM7)
    ]
    pair = world.make_socket(platform_a, "simpal_d410")
    both = seen(pair, alice, "power_cycle_line", {"line": "2"})
    assert [(text.shown, text.after) for text in both.texts] == [("#02#2#", 0), ("#01#2#", 30)]
    assert (both.segments, both.allowed, both.danger) == (2, True, Danger.POWER)
    reset = seen(socket, alice, "factory_reset", {"password": "4711"})
    assert [text.shown for text in reset.texts] == ["#08#••••#"]
    assert "4711" not in repr(reset)
    assert reset.needs_confirmation


def test_a_preview_writes_nothing(socket: Device, alice: User) -> None:
    records = AuditEntry.objects.count()
    with CaptureQueriesContext(connection) as queries:
        seen(socket, alice)
    assert {query["sql"].split()[0] for query in queries} == {"SELECT"}
    assert not Command.objects.exists()
    assert AuditEntry.objects.count() == records


def test_the_players_of_the_line_are_named_with_their_states_and_who_goes_dark(
    watched: World, platform_a: Platform, alice: User, exporter_a: Exporter
) -> None:
    pair = world.make_socket(platform_a, "simpal_d410")
    lit = fed(exporter_a, pair, 1, "Hall")
    hung = fed(exporter_a, pair, 1, "Foyer")
    fed(exporter_a, pair, 1, "Silent")
    other = fed(exporter_a, pair, 2, "Other line")
    watched.say([
        source(exporter_a),
        sample(STATUS, lit, 1),
        sample(STATUS, hung, 0),
        sample(STATUS, other, 1),
    ])  # fmt: skip
    shown = seen(pair, alice, "power_cycle_line", {"line": "1"})
    first, second = shown.lines
    assert (first.switched, second.switched) == (True, False)
    assert [(each.player.title, each.state.value, each.goes_dark) for each in first.players] == [
        ("Foyer", "offline", False),
        ("Hall", "online", True),
        ("Silent", "unknown", False),
    ]
    assert [each.player.title for each in shown.dark] == ["Hall"]
    assert [each.player.title for each in shown.uncertain] == ["Silent"]
    asks = seen(pair, alice, "status")
    assert not asks.dark
    assert not asks.uncertain


def test_the_number_of_queries_does_not_grow_with_the_players(
    watched: World, socket: Device, alice: User, exporter_a: Exporter
) -> None:
    counts = []
    for number in range(2):
        for extra in range(1 + 10 * number):
            fed(exporter_a, socket, 1, f"{number}-{extra}")
        with CaptureQueriesContext(connection) as queries:
            shown = seen(socket, alice)
        counts.append(len(queries))
    assert len(shown.lines[0].players) == 12
    assert counts[0] == counts[1]


def test_the_cost_is_set_against_what_is_left_of_day_and_month(
    socket: Device, alice: User, platform_a: Platform, gateway: Gateway, clock: Clock, road: None
) -> None:
    Platform.objects.update(sms_limit_day=10, sms_limit_month=None)
    give(socket, "status")
    world.drive(gateway, clock)
    socket.refresh_from_db()
    day, month = seen(Device.objects.get(), alice).rooms
    assert (day.span.value, day.limit, day.taken, day.left) == ("day", 10, 1, 9)
    assert (month.span.value, month.limit, month.taken, month.left) == ("month", None, 1, None)


def in_flight(device: Device) -> None:
    give(device, "power_cycle")


def cooling(device: Device) -> None:
    give(device, "power_cycle")
    gateway = Gateway()
    world.drive(gateway, Clock())
    Command.objects.update(closed=True, state="accepted")
    device.lines.get().commands.update(closed=True)


def paused(device: Device) -> None:
    Pause.objects.create(reason="works", author_name="root", expires_at=NOON + timedelta(hours=1))


def spent(device: Device) -> None:
    Platform.objects.update(sms_limit_day=0)


AGAINST: dict[str, tuple[Callable[[Device], object], str, timedelta | None]] = {
    "role": (lambda _d: None, "Your role", None),
    "device": (lambda d: Device.objects.update(enabled=False), "disabled", None),
    "gateway": (lambda d: SmsGateway.objects.update(enabled=False), "no SMS gateway", None),
    "pause": (paused, "root: works", timedelta(hours=1)),
    "in_flight": (in_flight, "under way", None),
    "cooldown": (cooling, "a short time ago", COOLDOWN),
    "budget": (spent, "used up: the limit is 0", None),
}


@pytest.mark.parametrize("code", AGAINST)
def test_what_stands_against_it_is_told_before_and_is_what_refuses_it(
    code: str, socket: Device, alice: User, bob: User, road: None
) -> None:
    happen, words, end = AGAINST[code]
    happen(socket)
    device = Device.objects.select_related("platform", "model").get()
    who = bob if code == "role" else alice
    shown = seen(device, who)
    assert codes(shown) == [code]
    (refusal,) = shown.refusals
    assert words in refusal.why
    assert refusal.until == (None if end is None else NOON + end)
    given = Command.objects.count()
    with pytest.raises(CommandRefused, match=words) as refused:
        queue(
            world.template(device, "power_cycle"), device, {"minutes": "1"}, sender(who),
            uuid4(), NOON,
        )  # fmt: skip
    assert (refused.value.code, refused.value.until) == (code, refusal.until)
    assert Command.objects.count() == given
    assert AuditEntry.objects.filter(action="refused").count() == 1


def test_a_socket_for_resets_is_told_from_one_that_may_be_switched_off(
    platform_a: Platform, alice: User
) -> None:
    socket = world.make_socket(platform_a, reset_only=True)
    assert codes(seen(socket, alice, "power_off")) == ["reset_only"]
    assert codes(seen(socket, alice)) == []


def test_several_things_that_stand_against_it_are_all_told(socket: Device, bob: User) -> None:
    Device.objects.update(enabled=False)
    SmsGateway.objects.update(enabled=False)
    Platform.objects.update(sms_limit_month=0)
    found = codes(seen(Device.objects.select_related("platform", "model").get(), bob))
    assert found == ["role", "device", "gateway", "budget"]


def test_jobs_are_refused_where_only_the_part_of_people_is_left(
    socket: Device, platform_a: Platform
) -> None:
    Platform.objects.update(sms_limit_day=10)
    BudgetPeriod.objects.create(
        platform=platform_a, span="day", starts=NOON.date(), limit=10, used=8
    )
    device = Device.objects.select_related("platform", "model").get()
    for by, refused in ((Sender.job("j"), True), (world.sender_of_nobody(), False)):
        shown = preview(world.template(device, "status"), device, {}, by, NOON)
        assert codes(shown) == (["budget"] if refused else [])


def test_wrong_values_and_strange_templates_are_raised(
    socket: Device, platform_a: Platform, alice: User
) -> None:
    with pytest.raises(ParametersRefused):
        seen(socket, alice, values={"minutes": "١"})
    other = world.make_socket(platform_a, "simpal_d410")
    with pytest.raises(CommandRefused, match="no such command"):
        preview(world.template(other, "status"), socket, {}, sender(alice), NOON)


def test_a_line_that_is_free_again_can_be_commanded(
    socket: Device, alice: User, gateway: Gateway, clock: Clock, road: None
) -> None:
    give(socket, "power_cycle")
    world.drive(gateway, clock)
    assert outbox.claim(clock()) is None
    assert codes(seen(socket, alice)) == ["in_flight", "cooldown"]
    assert codes(seen(socket, alice, "power_on")) == []
    assert CommandStep.objects.filter(state="accepted").exists()
