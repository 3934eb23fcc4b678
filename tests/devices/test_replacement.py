"""Replacing sockets and players: what goes to the new one, what stays, what never reaches it."""

from datetime import timedelta

import pytest

from devices import outbox, replacement, sockets
from devices.models import Assignment, Binding, Command, Device, DeviceModel, Pause
from devices.phones import PhoneError
from devices.replacement import UnderWay, consequences, new_sim, succeed, swap_players
from devices.sockets import PhoneTaken, Refused
from devices.states import State
from exporters.models import Exporter, Player
from platforms.audit import SYSTEM
from platforms.models import AuditEntry, Platform, User
from tests import factories
from tests.devices import world
from tests.devices.world import NOON, Clock, Gateway, drive, give, sender

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.django_db,
    pytest.mark.usefixtures("road"),
]


@pytest.fixture
def socket(platform_a: Platform) -> Device:
    site = factories.make_site(platform_a, "Mall")
    return world.make_socket(platform_a, name="Hall", site=site, notes="by the stairs")


@pytest.fixture
def player(socket: Device, exporter_a: Exporter) -> Player:
    player = factories.make_mac(exporter_a, name="Left LED").player
    sockets.bind(player, socket.lines.get(), SYSTEM)
    return player


def model(key: str) -> DeviceModel:
    found: DeviceModel = DeviceModel.objects.get(key=key)
    return found


def test_other_hardware_takes_over_and_the_old_one_keeps_its_history(
    socket: Device, player: Player, alice: User, ursula: User
) -> None:
    sockets.assign(ursula, socket, SYSTEM)
    sockets.rename(socket.lines.get(), "LED wall", SYSTEM)
    Pause.objects.create(platform_id=socket.platform_id, device=socket, reason="works")
    command = give(socket, "status")
    drive(Gateway(), Clock())
    new = succeed(socket, model("simpal_d410"), "+79005550001", sender(alice))
    socket.refresh_from_db()
    assert (socket.successor, socket.retired_at is None) == (new, False)
    assert (new.name, new.site, new.notes) == ("Hall", socket.site, "by the stairs")
    assert (new.commissioned_at, new.model.key) == (None, "simpal_d410")
    assert list(new.lines.values_list("number", "name")) == [(1, "LED wall"), (2, "")]
    history = Binding.objects.filter(player=player).order_by("pk")
    assert [(each.line.device, each.ended_at is None) for each in history] == [
        (socket, False),
        (new, True),
    ]
    assert Assignment.objects.filter(device=new, user=ursula).exists()
    assert Pause.objects.get(device=new).reason == "works"
    command.refresh_from_db()
    assert command.device == socket
    entry = AuditEntry.objects.get(target_id=socket.pk, after__has_key="successor_id")
    assert entry.after == {"successor_id": new.pk}


def test_the_sim_may_move_into_the_new_hardware(socket: Device, alice: User) -> None:
    new = succeed(socket, socket.model, socket.phone, sender(alice))
    assert new.phone == socket.phone
    assert Device.objects.in_use().get(phone=socket.phone) == new


def test_a_full_platform_can_still_replace(socket: Device, alice: User) -> None:
    socket.platform.sockets_limit = 1
    socket.platform.save()
    succeed(socket, socket.model, "+79005550001", sender(alice))
    assert Device.objects.in_use().count() == 1


def test_a_smaller_model_leaves_players_over_and_says_so(
    platform_a: Platform, exporter_a: Exporter, alice: User
) -> None:
    double = world.make_socket(platform_a, "simpal_d410")
    right = factories.make_mac(exporter_a, name="Right").player
    sockets.bind(right, double.lines.get(number=2), SYSTEM)
    told = consequences(double, model("simpal_d210"))
    assert [binding.player for binding in told.left_over] == [right]
    succeed(double, model("simpal_d210"), "+79005550001", sender(alice))
    assert not Binding.objects.filter(player=right, ended_at=None).exists()


@pytest.mark.parametrize("same_number", [True, False])
def test_what_waits_for_the_old_socket_is_taken_back_and_never_sent(
    same_number: bool, socket: Device, alice: User, clock: Clock
) -> None:
    command = give(socket, "power_cycle", sender=sender(alice))
    assert list(consequences(socket, socket.model).taken_back) == [command]
    succeed(socket, socket.model, socket.phone if same_number else "+79005550001", sender(alice))
    command.refresh_from_db()
    assert command.state == State.CANCELLED.value
    gateway = Gateway()
    drive(gateway, clock)
    assert gateway.log == []


def test_what_a_worker_holds_is_in_the_way(socket: Device, alice: User, clock: Clock) -> None:
    give(socket, "power_cycle", sender=sender(alice))
    claimed = outbox.claim(clock.now)
    assert claimed is not None
    with pytest.raises(UnderWay, match="on its way"):
        succeed(socket, socket.model, socket.phone, sender(alice))
    with pytest.raises(UnderWay):
        new_sim(socket, "+79005550001", sender(alice))
    assert outbox.intend(claimed, clock.now) is not None, "nothing happened to the old one"


def test_a_line_that_is_still_dark_comes_back_first(
    platform_a: Platform, alice: User, clock: Clock
) -> None:
    double = world.make_socket(platform_a, "simpal_d410")
    give(double, "power_cycle_line", {"line": "1"}, sender=sender(alice))
    gateway = Gateway()
    assert outbox.turn(gateway, clock)
    assert gateway.texts == ["#02#1#"]
    assert len(consequences(double, double.model).in_the_way) == 1
    with pytest.raises(UnderWay):
        succeed(double, double.model, double.phone, sender(alice))
    clock.turn(seconds=30)
    drive(gateway, clock)
    assert gateway.texts == ["#02#1#", "#01#1#"]
    succeed(double, double.model, double.phone, sender(alice))


def test_who_may_not_take_a_command_back_cannot_replace(
    socket: Device, mona: User, alice: User
) -> None:
    give(socket, "factory_reset", {"password": "1234"}, sender=sender(alice), confirmed=True)
    with pytest.raises(UnderWay, match="cannot be taken back"):
        succeed(socket, socket.model, socket.phone, sender(mona))
    assert Command.objects.get().state == State.QUEUED.value


def test_a_new_sim_keeps_the_socket_and_begins_its_commissioning_anew(
    socket: Device, player: Player, alice: User
) -> None:
    Device.objects.update(commissioned_at=NOON)
    waiting = give(socket, "status")
    changed = new_sim(socket, "8 900 555-00-01", sender(alice), "RU")
    changed.refresh_from_db()
    assert (changed.pk, changed.phone, changed.commissioned_at) == (socket.pk, "+79005550001", None)
    assert Binding.objects.get(player=player).ended_at is None
    waiting.refresh_from_db()
    assert waiting.state == State.CANCELLED.value


@pytest.mark.parametrize("theirs", [True, False])
def test_a_number_in_use_is_refused_in_the_same_words_and_nothing_is_done(
    theirs: bool, socket: Device, player: Player, platform_b: Platform, alice: User
) -> None:
    other = world.make_socket(platform_b if theirs else socket.platform)
    with pytest.raises(PhoneTaken, match=r"^This phone number cannot be used\.$"):
        succeed(socket, socket.model, other.phone, sender(alice))
    with pytest.raises(PhoneTaken, match=r"^This phone number cannot be used\.$"):
        new_sim(socket, other.phone, sender(alice))
    with pytest.raises(PhoneError):
        succeed(socket, socket.model, "12", sender(alice))
    socket.refresh_from_db()
    assert (socket.retired_at, socket.successor) == (None, None)
    assert Binding.objects.get(player=player).ended_at is None


def test_a_players_place_goes_to_another_and_both_keep_their_history(
    socket: Device, player: Player, exporter_a: Exporter, alice: User
) -> None:
    fresh = factories.make_mac(exporter_a, name="Left LED, new").player
    swap_players(player, fresh, sender(alice))
    assert Binding.objects.get(player=player).ended_at is not None
    assert Binding.objects.get(player=fresh, ended_at=None).line.device == socket
    with pytest.raises(Refused, match="no longer hangs"):
        swap_players(player, fresh, sender(alice))


def test_players_of_two_platforms_never_change_places(
    player: Player, exporter_b: Exporter, alice: User
) -> None:
    theirs = factories.make_mac(exporter_b).player
    with pytest.raises(ValueError, match="one platform"):
        swap_players(player, theirs, sender(alice))


def test_a_worker_that_is_about_to_send_finds_the_socket_changed(
    socket: Device, alice: User, clock: Clock
) -> None:
    command = give(socket, "status")
    replacement.succeed(socket, socket.model, socket.phone, sender(alice))
    # As if it had been given by somebody who read the old row a moment before.
    Command.objects.filter(pk=command.pk).delete()
    socket.retired_at = None
    late = give(socket, "status", now=clock.now + timedelta(seconds=1))
    gateway = Gateway()
    drive(gateway, Clock(clock.turn(seconds=2)))
    late.refresh_from_db()
    assert (gateway.log, late.state) == ([], State.CANCELLED.value)
    assert "taken out" in late.reason


def test_a_socket_is_replaced_once_however_many_press_the_button(
    socket: Device, alice: User
) -> None:
    seen_by_another = Device.objects.get(pk=socket.pk)
    new = succeed(socket, model("simpal_d210"), "+79005550001", sender(alice))
    with pytest.raises(Refused):
        succeed(seen_by_another, model("simpal_d210"), "+79005550002", sender(alice))
    with pytest.raises(Refused):
        new_sim(seen_by_another, "+79005550003", sender(alice))
    assert Device.objects.in_use().get() == new
    old = Device.objects.get(pk=socket.pk)
    assert (old.successor, old.phone) == (new, seen_by_another.phone)
