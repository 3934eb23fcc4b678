"""The pages of sockets: the list, the form with its lines, and who gets to see a phone number."""

import csv
import io
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from devices import sockets
from devices.models import Assignment, Binding, Command, Device, DeviceLine, DeviceModel
from exporters.models import Exporter, Player
from platforms.audit import SYSTEM, Action
from platforms.models import AuditEntry, Platform, User
from platforms.roles import Role
from tests import factories
from tests.conftest import ClientOf
from tests.devices.world import give, make_gateway, make_socket

LIST = "admin:devices_device_changelist"
ADD = "admin:devices_device_add"


def page(name: str, device: Device) -> str:
    return reverse(f"admin:devices_device_{name}", args=[device.pk])


def typed(device: Device, **fields: Any) -> dict[str, Any]:
    """Return what the browser posts for a socket, with some of it changed."""
    values = {
        "model": device.model_id,
        "name": device.name,
        "phone": device.phone,
        "site": device.site_id or "",
        "enabled": "on" if device.enabled else "",
        "reset_only": "on" if device.reset_only else "",
        "notes": device.notes,
    }
    for line in device.lines.all():
        values[f"line_{line.number}_name"] = line.name
        hung = Player.objects.filter(bindings__line=line, bindings__ended_at=None)
        values[f"line_{line.number}_players"] = list(hung.values_list("pk", flat=True))
    values["people"] = list(device.assignments.values_list("user_id", flat=True))
    return {**values, **fields}


def errors(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, "nothing was refused"
    found: dict[str, Any] = answer.context["adminform"].form.errors
    return dict(found)


@pytest.fixture
def socket(platform_a: Platform) -> Device:
    """A socket with one line, of platform A."""
    return make_socket(platform_a, name="Till", phone="+79001112233")


# -- the list -----------------------------------------------------------------------------------


def test_the_list_says_what_the_sockets_told(
    client_of: ClientOf, alice: User, socket: Device, exporter_a: Exporter
) -> None:
    now = timezone.now()
    socket.lines.update(is_on=False, told_at=now)
    Device.objects.filter(pk=socket.pk).update(mains_lost_at=now, reset_only=True)
    sockets.bind(factories.make_player(exporter_a), socket.lines.get(), SYSTEM)
    text = client_of(alice).get(reverse(LIST)).content.decode()
    for told in ("Till", "+79001112233", ">off<", "mains lost", "reset only", "SimPal D210"):
        assert told in text, told


def test_the_list_takes_as_many_queries_for_many_sockets_and_commands_as_for_few(
    client_of: ClientOf, alice: User, platform_a: Platform, exporter_a: Exporter
) -> None:
    client, counted = client_of(alice), []
    for wanted in (2, 40):
        for _number in range(wanted - Device.objects.count()):
            device = make_socket(platform_a, model="simpal_d410")
            sockets.bind(factories.make_player(exporter_a), device.lines.all()[0], SYSTEM)
            give(device, "status")
        client.get(reverse(LIST))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse(LIST))
        counted.append(len(queries))
    assert counted[0] == counted[1]
    assert Command.objects.count() == 40
