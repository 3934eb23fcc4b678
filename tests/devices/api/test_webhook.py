"""The door of gateways: signed calls come in, all others get one answer that tells nothing."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from devices import outbox
from devices.api import webhook
from devices.gateways.signatures import LARGEST, signed
from devices.models import Device, GatewayInbox, IncomingSms, SmsGateway
from platforms.models import Platform
from tests.devices import world
from tests.devices.listening import SIGNING_KEY, Far, make_listening, make_old_socket
from tests.devices.world import UNKNOWN, Clock, Gateway

pytestmark = pytest.mark.django_db
AT = timezone.now() - timedelta(minutes=1)


@pytest.fixture
def listening(db: None) -> SmsGateway:
    """A shared gateway that forwards what comes in."""
    return make_listening(Far("http://127.0.0.1:9"))


@pytest.fixture
def socket(listening: SmsGateway, platform_a: Platform) -> Device:
    """A socket of platform A."""
    device = make_old_socket(platform_a)
    Device.objects.filter(pk=device.pk).update(created_at=AT - timedelta(days=1))
    return device


def path(gateway: SmsGateway) -> str:
    return GatewayInbox.objects.of(gateway).webhook_path


def call(
    address: str,
    body: bytes,
    key: str = SIGNING_KEY,
    at: datetime | None = None,
    **headers: Any,
) -> Any:
    stamp = str(int((at or timezone.now()).timestamp()))
    told = {"X-Timestamp": stamp, "X-Signature": signed(body, stamp, key)} | headers
    return Client().post(address, body, content_type="application/json", headers=told)


def written(*texts: str, sender: str = "+79001112233") -> bytes:
    messages = [{"from": sender, "message": text, "timestamp": AT.isoformat()} for text in texts]
    return json.dumps({"sms_messages": messages}).encode()


def test_a_signed_call_is_stored_and_read_and_repeating_it_changes_nothing(
    listening: SmsGateway, socket: Device, platform_a: Platform
) -> None:
    body = written("Socket ON", "Socket OFF", sender=socket.phone)
    for _time in range(3):
        answer = call(path(listening), body)
        assert (answer.status_code, answer.json()) == (200, {"messages": 2, "reports": 0})
    assert IncomingSms.objects.filter(platform=platform_a, device=socket).count() == 2
    assert GatewayInbox.objects.get(gateway=listening).called_at is not None


def test_an_address_with_a_slash_at_its_end_is_the_same(listening: SmsGateway) -> None:
    assert call(path(listening) + "/", written("a")).status_code == 200


@pytest.mark.usefixtures("road")
def test_a_delivery_report_reaches_its_command(platform_a: Platform) -> None:
    gateway = make_listening(Far("http://127.0.0.1:9"), "sms_gate")
    command = world.give(make_old_socket(platform_a), "power_cycle")
    outbox.turn(Gateway(UNKNOWN), Clock())
    payload = {"messageId": str(command.key), "sentAt": AT.isoformat()}
    body = json.dumps({"event": "sms:sent", "payload": payload}).encode()
    assert call(path(gateway), body).json() == {"messages": 0, "reports": 1}
    command.refresh_from_db()
    assert (command.fate, command.state) == ("sent", "unknown")


REFUSED = ["key", "body", "none", "old", "ahead", "nobody", "disabled", "no webhook", "no key"]


@pytest.mark.parametrize("fault", REFUSED)
def test_whatever_is_wrong_with_a_call_it_gets_the_same_answer(
    listening: SmsGateway, platform_b: Platform, fault: str
) -> None:
    address, body, key, at = path(listening), written("Socket ON"), SIGNING_KEY, timezone.now()
    headers: dict[str, str] = {}
    match fault:
        case "key":
            key = "another"
        case "body":
            headers = {"X-Signature": signed(b"another", str(int(at.timestamp())), key)}
        case "none":
            headers = {"X-Signature": "", "X-Timestamp": ""}
        case "old":
            at -= timedelta(seconds=310)
        case "ahead":
            at += timedelta(seconds=310)
        case "nobody":
            address = f"/api/v1/sms-gateways/{uuid4().hex}/webhook"
        case "disabled":
            SmsGateway.objects.update(enabled=False)
        case "no webhook":
            SmsGateway.objects.update(driver="kannel", platform=None)
        case "no key":
            listening.secrets = ""
            listening.save()
            key = ""
    answer = call(address, body, key, at, **headers)
    assert answer.status_code == 403
    assert answer.json() == {
        "error": {
            "code": "refused",
            "message": "This call is not signed by a gateway of this address, or too old.",
            "fields": None,
        }
    }
    assert not IncomingSms.objects.exists()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"sms_messages": 5}', b"\xff\xfe"])
def test_a_signed_call_that_says_nothing_is_a_400(listening: SmsGateway, body: bytes) -> None:
    answer = call(path(listening), body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "parse_error")


def test_a_body_that_is_too_long_is_not_read(listening: SmsGateway) -> None:
    answer = call(path(listening), b" " * (LARGEST + 1))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "options", "head"])
def test_only_calls_are_taken(listening: SmsGateway, method: str) -> None:
    assert getattr(Client(), method)(path(listening)).status_code == 405


@pytest.mark.parametrize(
    "headers", [{"Accept": "text/html"}, {"Content-Type": "text/plain"}, {"Authorization": "x y"}]
)
def test_odd_headers_cost_no_message(listening: SmsGateway, headers: dict[str, str]) -> None:
    kind = headers.pop("Content-Type", "application/json")
    body, stamp = written("hello"), str(int(timezone.now().timestamp()))
    told = {"X-Timestamp": stamp, "X-Signature": signed(body, stamp, SIGNING_KEY)} | headers
    assert Client().post(path(listening), body, content_type=kind, headers=told).status_code == 200
    assert IncomingSms.objects.count() == 1


def test_strangers_are_slowed_and_gateways_are_not_by_them(
    listening: SmsGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook._Calls, "rate", "3/min")
    address = f"/api/v1/sms-gateways/{uuid4().hex}/webhook"
    statuses = [call(address, b"x").status_code for _time in range(5)]
    assert statuses == [403, 403, 403, 429, 429]
    other = f"/api/v1/sms-gateways/{uuid4().hex}/webhook"
    assert call(other, b"x").status_code == 429
    assert [call(path(listening), written("a")).status_code for _time in range(4)] == [
        200,
        200,
        200,
        429,
    ]


def test_two_gateways_have_addresses_that_nobody_guesses(listening: SmsGateway) -> None:
    other = make_listening(Far("http://127.0.0.1:9"))
    addresses = {path(listening), path(other), path(listening)}
    assert len(addresses) == 2
    keys = [address.split("/")[4] for address in addresses]
    assert all(len(key) == 32 for key in keys)


def test_the_log_holds_neither_text_nor_key(
    listening: SmsGateway, caplog: pytest.LogCaptureFixture
) -> None:
    call(path(listening), written("canary-text"), "wrong")
    call(path(listening), b"canary-text")
    assert "canary" not in caplog.text
