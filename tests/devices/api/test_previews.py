"""Before sending: previews, and one command to many sockets as a dry run and for real."""

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from devices import sockets
from devices.models import Command, Device, Pause
from exporters.models import Exporter
from platforms.audit import SYSTEM
from platforms.models import AuditEntry, Platform, User
from tests import factories
from tests.conftest import ApiOf
from tests.devices import world

pytestmark = pytest.mark.django_db
PREVIEW, BULK = "/api/v1/commands/preview", "/api/v1/commands/bulk"


@pytest.fixture
def socket(platform_a: Platform) -> Device:
    return world.make_socket(platform_a)


def wish(device: Device, **fields: Any) -> dict[str, Any]:
    """Return what would be sent."""
    new = {"device_id": device.pk, "template": "power_cycle", "parameters": {"minutes": 1}}
    return new | fields


def many(*devices: Device, **fields: Any) -> dict[str, Any]:
    """Return one command for many sockets, as a dry run unless told otherwise."""
    new = {"template": "power_cycle", "parameters": {"minutes": 1}, "dry_run": True}
    return new | {"device_ids": [each.pk for each in devices]} | fields


def test_a_preview_tells_texts_cost_players_and_what_stands_against_it(
    api_of: ApiOf, alice: User, socket: Device, exporter_a: Exporter
) -> None:
    Platform.objects.filter(pk=socket.platform_id).update(sms_limit_day=10)
    sockets.bind(factories.make_player(exporter_a, name="Hall"), socket.lines.get(), SYSTEM)
    client = api_of(alice)
    answer = client.post(PREVIEW, wish(socket), "json")
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert (told["allowed"], told["refusals"], told["danger"]) == (True, [], "power")
    assert [each["segments"] for each in told["messages"]] == [1]
    assert told["messages"][0]["encoding"] == "gsm-7"
    assert told["budget"][0] == {"span": "day", "limit": 10, "taken": 0, "left": 10}
    assert [each["name"] for each in told["lines"][0]["players"]] == ["Hall"]
    assert (told["lines"][0]["switched"], told["uncertain"], told["goes_dark"]) == (True, 1, 0)
    Pause.objects.create(platform=None, reason="works", author_name="root")
    told = client.post(PREVIEW, wish(socket), "json").json()
    assert (told["allowed"], [each["code"] for each in told["refusals"]]) == (False, ["pause"])
    assert not Command.objects.exists()
    assert not AuditEntry.objects.filter(action="refused").exists()


def test_a_preview_refuses_wrong_values_as_sending_does(
    api_of: ApiOf, alice: User, bob: User, charlie: User, socket: Device
) -> None:
    refused = api_of(alice).post(PREVIEW, wish(socket, parameters={"minutes": "x"}), "json")
    assert list(refused.json()["error"]["fields"]) == ["parameters.minutes"]
    assert api_of(alice).post(PREVIEW, wish(socket, confirmed=True), "json").status_code == 400
    assert api_of(bob).post(PREVIEW, wish(socket), "json").status_code == 403
    foreign, nobody = (
        api_of(charlie).post(PREVIEW, wish(socket, device_id=pk), "json")
        for pk in (socket.pk, 987654321)
    )
    assert (foreign.status_code, foreign.content) == (400, nobody.content)


def test_the_password_of_a_socket_is_in_no_preview(
    api_of: ApiOf, alice: User, socket: Device
) -> None:
    body = wish(socket, template="factory_reset", parameters={"password": "7391"})
    answer = api_of(alice).post(PREVIEW, body, "json")
    assert answer.json()["needs_confirmation"] is True
    assert "7391" not in answer.content.decode()


@pytest.mark.both_databases
def test_many_sockets_get_a_command_after_a_dry_run_and_none_twice(
    api_of: ApiOf, alice: User, socket: Device
) -> None:
    disabled = world.make_socket(socket.platform, enabled=False)
    other_model = world.make_socket(socket.platform, "simpal_d410")
    client = api_of(alice)
    body = many(socket, disabled, other_model)
    planned = client.post(BULK, body, "json")
    assert planned.status_code == 200, planned.content
    told = planned.json()
    assert told["counts"] == {"passes": 1, "skipped": 2}
    assert [line["code"] for line in told["lines"]] == ["", "device", "template"]
    assert all(line["message"] for line in told["lines"][1:])
    assert not Command.objects.exists()
    headers = {"Idempotency-Key": uuid4().hex}
    body["dry_run"] = False
    without = client.post(BULK, body, "json")
    assert list(without.json()["error"]["fields"]) == ["Idempotency-Key"]
    sent = client.post(BULK, body, "json", headers=headers).json()
    assert sent["counts"] == {"given": 1, "skipped": 2}
    assert sent["lines"][0]["command_id"] == Command.objects.get().pk
    again = client.post(BULK, body, "json", headers=headers).json()
    assert again["lines"][0]["command_id"] == sent["lines"][0]["command_id"]
    other = client.post(BULK, body | {"parameters": {"minutes": 2}}, "json", headers=headers)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "key")
    assert Command.objects.count() == 1


def test_switching_many_needs_their_number(api_of: ApiOf, alice: User, socket: Device) -> None:
    devices = [socket, *(world.make_socket(socket.platform) for _each in range(5))]
    client = api_of(alice)
    assert client.post(BULK, many(*devices), "json").json()["needs_count"] is True
    headers = {"Idempotency-Key": "many"}
    for count, status in ((None, 409), (5, 409), (6, 200)):
        body = many(*devices, dry_run=False, count=count)
        answer = client.post(BULK, body, "json", headers=headers)
        assert answer.status_code == status
        assert Command.objects.count() == (6 if status == 200 else 0)


def test_sockets_that_are_not_the_caller_s_are_named_and_nothing_is_sent(
    api_of: ApiOf, alice: User, root: User, platform_b: Platform, socket: Device
) -> None:
    theirs = world.make_socket(platform_b)
    headers = {"Idempotency-Key": "bent"}
    for person, pks, named in (
        (alice, [socket.pk, theirs.pk], "device_ids.1"),
        (alice, [socket.pk, 987654321], "device_ids.1"),
        (root, [socket.pk, theirs.pk], "device_ids"),
        (alice, [], "device_ids"),
        (alice, list(range(1, 502)), "device_ids"),
        (alice, ["x"], "device_ids.0"),
    ):
        body = many(device_ids=pks, dry_run=False)
        refused = api_of(person).post(BULK, body, "json", headers=headers)
        assert refused.status_code == 400
        assert list(refused.json()["error"]["fields"]) == [named]
    body = many(socket, template="no_such")
    assert list(api_of(alice).post(BULK, body, "json").json()["error"]["fields"]) == ["template"]
    assert not Command.objects.exists()


def test_a_dry_run_tells_a_user_which_sockets_are_not_assigned(
    api_of: ApiOf, ursula: User, bob: User, socket: Device
) -> None:
    other = world.make_socket(socket.platform)
    sockets.assign(ursula, other, SYSTEM)
    told = api_of(ursula).post(BULK, many(socket, other), "json").json()
    assert [line["code"] for line in told["lines"]] == ["role", ""]
    assert api_of(bob).post(BULK, many(socket), "json").status_code == 403
    world.give(other, "power_cycle", now=timezone.now())
    told = api_of(ursula).post(BULK, many(other), "json").json()
    assert told["lines"][0]["code"] == "in_flight"
