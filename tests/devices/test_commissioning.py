"""Putting a socket into service: every step from the wish to what was found, and what stays."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devices import commissioning, sockets
from devices.commands import CommandRefused
from devices.commissioning import Unavailable, begin, settle, template_of, values_of, vouch
from devices.findings import Finding, Kind
from devices.models import Command, CommissioningTrial, Device, SmsGateway
from devices.trials import stands
from exporters.models import Exporter
from platforms.audit import SYSTEM
from platforms.models import AuditEntry, Platform, User
from tests import factories
from tests.devices import world
from tests.devices.listening import hear, make_old_socket
from tests.devices.world import NOON, REJECTED, Clock, Gateway, sender
from tests.exporters.watched_world import STATUS, World, sample, source

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.django_db,
    pytest.mark.usefixtures("road"),
]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def shared(db: None) -> SmsGateway:
    return world.make_gateway(phone="+79990000001")


@pytest.fixture
def socket(shared: SmsGateway, platform_a: Platform) -> Device:
    return make_old_socket(platform_a)


def tried(
    device: Device,
    kind: Kind,
    who: User,
    clock: Clock,
    gateway: Gateway | None = None,
    line: int = 1,
) -> CommissioningTrial:
    """Begin a step as the page does, and let its message go out."""
    template = template_of(device, kind)
    assert template is not None
    values = values_of(template, device, line, 2, None)
    trial = begin(device, kind, sender(who), clock.now, values, line)
    world.drive(gateway or Gateway(), clock)
    return trial


def finding(device: Device, kind: Kind, now: datetime) -> Finding:
    return stands(device, now)[kind].verdict.finding


def test_a_socket_that_answers_every_step_is_in_service(
    socket: Device, shared: SmsGateway, alice: User, clock: Clock
) -> None:
    gateway = Gateway()
    tried(socket, Kind.REGISTER, alice, clock, gateway)
    assert finding(socket, Kind.REGISTER, clock.now) is Finding.SENT
    hear(shared, socket, "Welcome to use SimPal", clock.turn(seconds=20), clock.now)
    assert finding(socket, Kind.REGISTER, clock.now) is Finding.REGISTERED
    tried(socket, Kind.QUERY, alice, clock, gateway)
    hear(shared, socket, "Socket output: ON", clock.turn(seconds=20), clock.now)
    assert finding(socket, Kind.QUERY, clock.now) is Finding.ANSWERED
    assert settle(clock.now) == 2
    socket.refresh_from_db()
    assert socket.commissioned_at is None, "the power was not tried yet"
    tried(socket, Kind.POWER, alice, clock, gateway)
    assert gateway.texts == ["#00#", "#07#", "#12#0#2#1#"]
    assert finding(socket, Kind.POWER, clock.now) is Finding.LOOK
    vouch(socket, Kind.POWER, sender(alice), clock.turn(minutes=3))
    socket.refresh_from_db()
    assert socket.commissioned_at == clock.now
    assert finding(socket, Kind.POWER, clock.now) is Finding.VOUCHED
    entry = AuditEntry.objects.get(action="changed", target_type="devices.device")
    assert entry.after == {"commissioning": "power", "finding": "vouched"}
    assert settle(clock.now) == 0


def test_silence_ends_the_try_after_the_window_and_says_what_to_look_at(
    socket: Device, alice: User, clock: Clock
) -> None:
    tried(socket, Kind.QUERY, alice, clock)
    clock.turn(minutes=9)
    assert (settle(clock.now), finding(socket, Kind.QUERY, clock.now)) == (0, Finding.SENT)
    clock.turn(minutes=1)
    assert finding(socket, Kind.QUERY, clock.now) is Finding.SILENT, "a page needs no tick for it"
    assert settle(clock.now) == 1
    trial = CommissioningTrial.objects.get()
    assert (trial.passed, trial.finding, trial.ended_at) == (False, "silent", clock.now)
    assert "SIM card has credit" in str(Finding.SILENT.remedy)


def test_a_step_can_be_tried_again_and_the_earlier_try_stays(
    socket: Device, shared: SmsGateway, alice: User, clock: Clock
) -> None:
    tried(socket, Kind.QUERY, alice, clock)
    with pytest.raises(Unavailable, match="being tried already"):
        tried(socket, Kind.QUERY, alice, clock)
    assert Command.objects.count() == 1
    clock.turn(minutes=11)
    Command.objects.update(closed=True)  # as the reaper does then
    tried(socket, Kind.QUERY, alice, clock)
    hear(shared, socket, "Socket output: ON", clock.turn(seconds=20), clock.now)
    settle(clock.now)
    found = CommissioningTrial.objects.order_by("pk").values_list("finding", "passed")
    assert list(found) == [("silent", False), ("answered", True)]


def test_a_page_sent_twice_is_one_try(socket: Device, alice: User, clock: Clock) -> None:
    first = tried(socket, Kind.QUERY, alice, clock)
    CommissioningTrial.objects.all().delete()  # the worker died between the command and the try
    again = tried(socket, Kind.QUERY, alice, clock)
    assert (again.command, Command.objects.count()) == (first.command, 1)


def test_another_administrator_is_told_with_what_to_do_on_site(
    socket: Device, shared: SmsGateway, alice: User, clock: Clock
) -> None:
    tried(socket, Kind.REGISTER, alice, clock)
    hear(shared, socket, "The master user already exists.", clock.turn(seconds=20), clock.now)
    assert finding(socket, Kind.REGISTER, clock.now) is Finding.NUMBER_TAKEN
    assert "reset button" in str(Finding.NUMBER_TAKEN.remedy)


def test_a_message_that_the_gateway_never_took_failed_the_step(
    socket: Device, alice: User, clock: Clock
) -> None:
    refusing = Gateway(says=REJECTED._replace(permanent=True))
    tried(socket, Kind.QUERY, alice, clock, refusing)
    assert finding(socket, Kind.QUERY, clock.now) is Finding.UNSENT
    assert not stands(socket, clock.now)[Kind.QUERY].went_out


def test_the_road_decides_who_may_try(
    socket: Device, mona: User, ursula: User, bob: User, charlie: User, clock: Clock
) -> None:
    for who in (ursula, bob, charlie):
        with pytest.raises(CommandRefused, match="role"):
            tried(socket, Kind.REGISTER, who, clock)
    assert not CommissioningTrial.objects.exists()
    tried(socket, Kind.REGISTER, mona, clock)


def test_a_model_without_commands_is_vouched_for_by_hand(
    shared: SmsGateway, platform_a: Platform, alice: User, clock: Clock
) -> None:
    generic = make_old_socket(platform_a, "generic")
    with pytest.raises(Unavailable, match="no command"):
        begin(generic, Kind.POWER, sender(alice), clock.now, {})
    vouch(generic, Kind.POWER, sender(alice), clock.now)
    generic.refresh_from_db()
    assert generic.commissioned_at == clock.now


def test_a_new_sim_begins_anew(socket: Device, alice: User, clock: Clock) -> None:
    for kind in Kind:
        vouch(socket, kind, sender(alice), clock.now)
    assert Device.objects.filter(pk=socket.pk, commissioned_at=clock.now).exists()
    socket.refresh_from_db()
    socket.phone = "+79001239999"
    sockets.change(socket, SYSTEM)
    assert Device.objects.filter(pk=socket.pk, commissioned_at=None).exists()
    socket.refresh_from_db()
    assert stands(socket, clock.now) == {}
    vouch(socket, Kind.POWER, sender(alice), clock.now)
    fresh = Device.objects.get(pk=socket.pk)
    assert fresh.commissioned_at is None, "what the old SIM showed does not count"
    assert CommissioningTrial.objects.count() == 4


def test_each_model_is_tried_with_its_own_commands(
    shared: SmsGateway, platform_a: Platform, alice: User, clock: Clock
) -> None:
    double = make_old_socket(platform_a, "simpal_d410")
    gateway = Gateway()
    trial = tried(double, Kind.POWER, alice, clock, gateway, line=2)
    clock.turn(seconds=31)
    world.drive(gateway, clock)
    assert gateway.texts == ["#02#2#", "#01#2#"]
    assert trial.line is not None
    assert trial.line.number == 2


def test_players_that_go_dark_and_come_back_prove_the_power_and_the_number(
    watched: World, socket: Device, alice: User, exporter_a: Exporter
) -> None:
    players = [factories.make_mac(exporter_a, name=name).player for name in ("Left", "Right")]
    for player in players:
        sockets.bind(player, socket.lines.get(), SYSTEM)

    def say(*values: int) -> None:
        told = zip(players, values, strict=True)
        watched.say([source(exporter_a), *(sample(STATUS, player, on) for player, on in told)])

    say(1, 1)
    clock = Clock(timezone.now())
    tried(socket, Kind.POWER, alice, clock)
    assert finding(socket, Kind.POWER, timezone.now()) is Finding.GOING
    say(0, 0)
    assert finding(socket, Kind.POWER, timezone.now()) is Finding.GOING
    say(1, 0)
    assert finding(socket, Kind.POWER, timezone.now()) is Finding.GOING, "one is still dark"
    say(1, 1)
    assert settle(timezone.now()) == 1
    vouch(socket, Kind.QUERY, sender(alice), timezone.now())
    trial = CommissioningTrial.objects.get(trial="power")
    assert (trial.passed, trial.finding) == (True, "came_back")
    socket.refresh_from_db()
    assert socket.commissioned_at is not None, "who obeys knows the gateway's number"


def test_players_that_cannot_be_seen_prove_nothing(
    settings: pytest.FixtureRequest, socket: Device, alice: User, exporter_a: Exporter, clock: Clock
) -> None:
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"  # type: ignore[attr-defined]
    sockets.bind(factories.make_mac(exporter_a).player, socket.lines.get(), SYSTEM)
    clock.now = timezone.now()
    tried(socket, Kind.POWER, alice, clock)
    assert finding(socket, Kind.POWER, clock.now) is Finding.BLIND
    clock.turn(hours=1)
    assert settle(clock.now) == 1
    assert CommissioningTrial.objects.get().passed is False


def test_the_queries_of_a_tick_do_not_grow_with_the_sockets(
    shared: SmsGateway, platform_a: Platform, alice: User, clock: Clock
) -> None:
    counts = []
    for count in (2, 8):
        for _number in range(count):
            tried(make_old_socket(platform_a), Kind.QUERY, alice, clock)
        with CaptureQueriesContext(connection) as queries:
            assert commissioning.settle(clock.now) == 0
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert clock.now == NOON
