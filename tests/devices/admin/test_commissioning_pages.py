"""Putting a socket into service and replacing it, on its pages."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from devices import sockets
from devices.models import Binding, Command, CommissioningTrial, Device, DeviceModel
from exporters.models import Exporter
from platforms.audit import SYSTEM
from platforms.models import Platform, User
from tests import factories
from tests.conftest import ClientOf
from tests.devices import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def socket(platform_a: Platform) -> Device:
    world.make_gateway(phone="+79990000001")
    return world.make_socket(platform_a, name="Hall")


def address(device: Device, rest: str = "commission/") -> str:
    return f"/admin/devices/device/{device.pk}/{rest}"


def text_of(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", unescape(answer.content.decode())).split())


def test_the_checklist_shows_the_steps_their_texts_and_the_gateways_number(
    client_of: ClientOf, alice: User, socket: Device
) -> None:
    shown = text_of(client_of(alice).get(address(socket)))
    for text in ("Not in service yet", "#00#", "#07#", "+79990000001", "reset button for 10"):
        assert text in shown


def test_a_step_is_asked_about_then_sent_once(
    client_of: ClientOf, alice: User, socket: Device
) -> None:
    client = client_of(alice)
    page = address(socket, "commission/query/begin/")
    assert "To be sent: #07# (1 SMS)." in text_of(client.get(page))
    assert not Command.objects.exists()
    done = client.post(page, follow=True)
    assert "The message is on its way" in text_of(done)
    assert "The message waits to be sent." in text_of(done)
    again = client.post(page, follow=True)
    assert "This is being tried already." in text_of(again)
    assert Command.objects.get().text == "#07#"
    live = client.get(address(socket, "commission/live/"))
    assert live.headers["X-Remosa-Live"] == "1"
    assert "The message waits to be sent." in text_of(live)


def test_the_power_is_tested_with_a_confirmation_alone(
    client_of: ClientOf, alice: User, socket: Device
) -> None:
    client, page = client_of(alice), address(socket, "commission/power/begin/")
    refused = client.post(page, {"line": "1", "minutes": "2"})
    assert "Confirm that it may go dark now." in text_of(refused)
    assert not Command.objects.exists()
    client.post(page, {"line": "1", "minutes": "3", "agreed": "on"})
    assert Command.objects.get().text == "#12#0#3#1#"


def test_a_persons_word_is_kept_with_the_name(
    client_of: ClientOf, alice: User, socket: Device
) -> None:
    client = client_of(alice)
    shown = client.post(address(socket, "commission/register/vouch/"), follow=True)
    assert "A person confirmed it. alice@example.test" in text_of(shown)
    assert CommissioningTrial.objects.get().author == alice


def test_viewers_look_and_touch_nothing(
    client_of: ClientOf, bob: User, ursula: User, charlie: User, socket: Device
) -> None:
    shown = client_of(bob).get(address(socket))
    assert "Not in service yet" in text_of(shown)
    assert "+79990000001" not in text_of(shown)
    assert b"/begin/" not in shown.content
    for rest in ("commission/query/begin/", "commission/query/vouch/", "replace/", "replace-sim/"):
        for who in (bob, ursula):
            assert client_of(who).post(address(socket, rest)).status_code == 403
        assert client_of(charlie).post(address(socket, rest)).status_code == 404
    assert client_of(charlie).get(address(socket)).status_code == 404
    assert not Command.objects.exists()
    assert not CommissioningTrial.objects.exists()


def test_a_step_that_there_is_not_is_not_found(
    client_of: ClientOf, alice: User, socket: Device
) -> None:
    for rest in ("commission/reply/begin/", "commission/nothing/vouch/"):
        assert client_of(alice).get(address(socket, rest)).status_code == 404


def test_the_list_tells_which_sockets_are_not_commissioned(
    client_of: ClientOf, alice: User, socket: Device, platform_a: Platform
) -> None:
    ready = world.make_socket(platform_a, name="Bar")
    Device.objects.filter(pk=ready.pk).update(commissioned_at=world.NOON)
    client = client_of(alice)
    listed = text_of(client.get("/admin/devices/device/?commissioned=no"))
    assert "Hall" in listed
    assert "Bar" not in listed
    assert "not commissioned" in listed


def form(client: Client, device: Device, rest: str, **values: Any) -> Any:
    return client.post(address(device, rest), values, follow=True)


def test_other_hardware_takes_over_on_its_page(
    client_of: ClientOf, alice: User, socket: Device
) -> None:
    client = client_of(alice)
    world.give(socket, "status")
    told = text_of(client.get(address(socket, "replace/")))
    assert "1 command that waits is taken back." in told
    model = DeviceModel.objects.get(key="simpal_d410")
    wrong = form(client, socket, "replace/", model=model.pk, phone="+7912")
    assert "This is no phone number" in text_of(wrong)
    done = form(client, socket, "replace/", model=model.pk, phone="+79005550001")
    assert "The new socket took over." in text_of(done)
    old = Device.objects.get(pk=socket.pk)
    assert old.successor is not None
    page = text_of(client.get(address(old, "change/")))
    assert "The socket that took its place" in page
    assert client.get(address(old, "replace/")).status_code == 403


def test_a_new_sim_is_written_down_on_its_page(
    client_of: ClientOf, alice: User, socket: Device, platform_b: Platform
) -> None:
    theirs = world.make_socket(platform_b)
    client = client_of(alice)
    taken = form(client, socket, "replace-sim/", phone=theirs.phone)
    assert "This phone number cannot be used." in text_of(taken)
    form(client, socket, "replace-sim/", phone="+79005550001")
    assert Device.objects.get(pk=socket.pk).phone == "+79005550001"


def test_a_players_place_is_given_to_another_of_the_platform_alone(
    client_of: ClientOf,
    alice: User,
    socket: Device,
    exporter_a: Exporter,
    exporter_b: Exporter,
) -> None:
    old = factories.make_mac(exporter_a, name="Left").player
    new = factories.make_mac(exporter_a, "02:00:00:00:00:AA", "Left, new").player
    factories.make_mac(exporter_b, "02:00:00:00:00:BB", "Theirs")
    sockets.bind(old, socket.lines.get(), SYSTEM)
    client = client_of(alice)
    for wrong in ("Theirs", "02:00:00:00:00:BB", "Nobody"):
        answer = form(client, socket, "replace-player/", old=old.pk, new=wrong)
        assert "There is no such player on this platform." in text_of(answer)
    same = form(client, socket, "replace-player/", old=old.pk, new="Left")
    assert "That is the player that hangs there now." in text_of(same)
    form(client, socket, "replace-player/", old=old.pk, new="02-00-00-00-00-aa")
    assert Binding.objects.get(ended_at=None).player == new
    assert Binding.objects.filter(player=old).exclude(ended_at=None).count() == 1
