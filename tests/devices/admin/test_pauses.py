"""Pauses: who may stop what, that it shows, and that lifting asks first."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from devices import sockets
from devices.models import Device, Pause
from platforms.audit import SYSTEM, Action
from platforms.models import AuditEntry, Platform, User
from tests.conftest import ClientOf
from tests.devices.world import make_socket

ADD = "admin:devices_pause_add"


def page(pause: Pause, name: str = "change") -> str:
    return reverse(f"admin:devices_pause_{name}", args=[pause.pk])


def begin(client: Client, **fields: Any) -> Any:
    typed = {"reason": "Electricians", "expires_at_0": "", "expires_at_1": ""}
    return client.post(reverse(ADD), {**typed, **fields})


def pause_of(device: Device | None = None, platform: Platform | None = None) -> Pause:
    pause: Pause = Pause.objects.create(
        device=device,
        platform=device.platform if device else platform,
        reason="Electricians",
        author_name="somebody",
    )
    return pause


@pytest.fixture
def socket(platform_a: Platform) -> Device:
    return make_socket(platform_a, name="Till")


def test_a_manager_stops_a_socket_and_the_socket_says_so(
    client_of: ClientOf, mona: User, socket: Device
) -> None:
    client = client_of(mona)
    assert begin(client, device=socket.pk).status_code == 302
    pause = Pause.objects.get()
    assert (pause.platform, pause.device, pause.author) == (socket.platform, socket, mona)
    assert AuditEntry.objects.latest("pk").action == Action.CREATED
    assert "aused" in client.get(reverse("admin:devices_device_changelist")).content.decode()
    listed = client.get(reverse("admin:devices_pause_changelist")).content.decode()
    assert "Electricians" in listed
    assert "lasts" in listed
    text = client.get(reverse("admin:devices_device_change", args=[socket.pk])).content.decode()
    assert "Electricians" in text


def test_a_manager_stops_the_own_platform_and_never_everything(
    client_of: ClientOf, mona: User, platform_a: Platform, platform_b: Platform
) -> None:
    client = client_of(mona)
    begin(client, platform=platform_b.pk)
    assert not Pause.objects.filter(platform=platform_b).exists()
    begin(client)
    assert [pause.platform for pause in Pause.objects.all()] == [platform_a]


def test_a_superadmin_stops_everything(
    client_of: ClientOf, root: User, alice: User, socket: Device
) -> None:
    assert begin(client_of(root)).status_code == 302
    pause = Pause.objects.get()
    assert (pause.platform, pause.device) == (None, None)
    text = client_of(alice).get(page(pause)).content.decode()
    assert "everything" in text
    assert client_of(alice).post(page(pause, "lift")).status_code == 403
    assert client_of(root).post(page(pause, "lift")).status_code == 302
    pause.refresh_from_db()
    assert pause.lifted_at is not None


def test_a_user_stops_assigned_sockets_alone(
    client_of: ClientOf, ursula: User, socket: Device, platform_a: Platform
) -> None:
    other = make_socket(platform_a)
    sockets.assign(ursula, socket, SYSTEM)
    client = client_of(ursula)
    assert begin(client, device=socket.pk).status_code == 302
    assert list(begin(client, device=other.pk).context["adminform"].form.errors) == ["device"]
    assert list(begin(client).context["adminform"].form.errors) == ["device"]
    mine, theirs = Pause.objects.get(), pause_of(other)
    assert client.post(page(theirs, "lift")).status_code == 403
    assert client.post(page(mine, "lift")).status_code == 302


def test_a_viewer_reads_alone(client_of: ClientOf, bob: User, socket: Device) -> None:
    client, pause = client_of(bob), pause_of(socket)
    assert client.get(page(pause)).status_code == 200
    assert client.get(reverse(ADD)).status_code == 403
    assert begin(client, device=socket.pk).status_code == 403
    assert client.post(page(pause, "lift")).status_code == 403


def test_a_foreign_socket_can_neither_be_stopped_nor_let_go(
    client_of: ClientOf, alice: User, platform_a: Platform, platform_b: Platform
) -> None:
    foreign = make_socket(platform_b, name="Foreign")
    client = client_of(alice)
    assert list(begin(client, device=foreign.pk).context["adminform"].form.errors) == ["device"]
    pause = pause_of(foreign)
    assert client.get(page(pause)).status_code == 404
    assert client.post(page(pause, "lift")).status_code == 404
    asked = client.get(reverse(ADD), {"device": foreign.pk})
    assert "Foreign" not in asked.content.decode()


def test_a_pause_ends_in_the_future_and_shows_which_last(
    client_of: ClientOf, mona: User, socket: Device
) -> None:
    client, now = client_of(mona), timezone.localtime()
    past = now - timedelta(hours=1)
    typed = {"expires_at_0": f"{past:%Y-%m-%d}", "expires_at_1": f"{past:%H:%M}"}
    refused = begin(client, device=socket.pk, **typed)
    assert list(refused.context["adminform"].form.errors) == ["expires_at"]
    over = pause_of(socket)
    Pause.objects.filter(pk=over.pk).update(expires_at=past)
    lasting = pause_of(socket)
    address = reverse("admin:devices_pause_changelist")
    for state, wanted in (("lasts", [lasting]), ("over", [over]), ("", [lasting, over])):
        found = client.get(address, {"state": state} if state else {}).context["cl"].result_list
        assert list(found) == wanted, state
    assert client.post(page(over, "lift")).status_code == 403


@pytest.mark.parametrize("zone", ["America/New_York", "UTC", "Europe/Moscow"])
def test_a_pause_until_the_end_of_time_is_refused_at_its_field(
    client_of: ClientOf, mona: User, socket: Device, settings: Settings, zone: str
) -> None:
    settings.TIME_ZONE = zone
    client = client_of(mona)
    typed = {"expires_at_0": "9999-12-31", "expires_at_1": "23:59"}
    for over in ({"device": socket.pk}, {}):
        refused = begin(client, **over, **typed)
        errors = refused.context["adminform"].form.errors
        assert list(errors) == ["expires_at"]
        assert "too far off" in str(errors["expires_at"])
    assert list(Pause.objects.all()) == []
    assert client.get(reverse("admin:devices_pause_changelist")).status_code == 200


def test_lifting_asks_first(client_of: ClientOf, mona: User, socket: Device) -> None:
    pause = pause_of(socket)
    client = client_of(mona)
    assert client.get(page(pause, "lift")).status_code == 200
    pause.refresh_from_db()
    assert pause.lifted_at is None
    client.post(page(pause, "lift"))
    assert AuditEntry.objects.latest("pk").action == Action.CANCELLED
