"""What is only read over the API: messages that came in, usage, gateways."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from devices.models import (
    BudgetPeriod,
    Device,
    GatewayHealth,
    GatewayInbox,
    IncomingSms,
    SmsGateway,
)
from platforms.models import Platform, User
from tests import factories
from tests.conftest import ApiOf
from tests.devices import world

pytestmark = pytest.mark.django_db
MESSAGES, USAGE, GATEWAYS = (
    f"/api/v1/{name}" for name in ("incoming-messages", "sms-usage", "sms-gateways")
)


@pytest.fixture
def socket(platform_a: Platform) -> Device:
    return world.make_socket(platform_a)


def heard(identity: str, device: Device | None = None, **fields: Any) -> IncomingSms:
    """Store a message."""
    new: dict[str, Any] = {
        "sender": "+79123456789",
        "text": "Status: ON",
        "gateway": SmsGateway.objects.first(),
    }
    if device is not None:
        new |= {"device": device, "platform": device.platform, "sender": device.phone}
    message: IncomingSms = IncomingSms.objects.create(identity=identity, **new | fields)
    return message


def test_messages_are_read_by_socket_and_meaning(
    api_of: ApiOf, alice: User, bob: User, charlie: User, socket: Device
) -> None:
    other = world.make_socket(socket.platform)
    first = heard("1", socket, kind="on", meaning={"lines": {"1": True}})
    second = heard("2", other, kind="gsm_level", text="call +79990000009")
    stranger = heard("3")
    IncomingSms.objects.filter(pk=first.pk).update(received_at=timezone.now() - timedelta(days=1))
    client = api_of(alice)
    moment = (timezone.now() - timedelta(hours=1)).isoformat().replace("+", "%2B")
    for query, expected in (
        ("", [second, first]),
        (f"device_id={socket.pk}", [first]),
        ("meaning=gsm_level", [second]),
        (f"since={moment}", [second]),
        ("unmatched=true", []),
        ("unmatched=false", [second, first]),
        ("command_id=987654321", []),
        (f"platform_id={socket.platform_id}", [second, first]),
    ):
        told = client.get(f"{MESSAGES}?{query}").json()["results"]
        assert [each["id"] for each in told] == [row.pk for row in expected], query
    assert client.get(f"{MESSAGES}?since=0001-01-01T00:00:00").status_code == 400
    one = client.get(f"{MESSAGES}/{first.pk}").json()
    assert (one["meaning"], one["details"]) == ("on", {"lines": {"1": True}})
    assert one["sender"] == socket.phone
    bobs = api_of(bob).get(MESSAGES).content.decode()
    assert not [each for each in (socket.phone, other.phone, "9990000009") if each in bobs]
    assert api_of(charlie).get(MESSAGES).json()["count"] == 0
    for pk in (first.pk, stranger.pk):
        assert api_of(charlie).get(f"{MESSAGES}/{pk}").status_code == 404


def test_messages_of_nobody_are_for_superadmins(
    api_of: ApiOf, root: User, alice: User, socket: Device
) -> None:
    message = heard("1")
    told = api_of(root).get(f"{MESSAGES}?unmatched=true").json()["results"]
    assert [(each["id"], each["sender"]) for each in told] == [(message.pk, message.sender)]
    token = api_of(factories.make_token(owner=root, platform=socket.platform, read_only=False)[1])
    for client in (api_of(alice), token):
        assert client.get(MESSAGES).json()["count"] == 0
        assert client.get(f"{MESSAGES}/{message.pk}").status_code == 404


def test_usage_is_told_by_span(
    api_of: ApiOf, bob: User, charlie: User, platform_a: Platform
) -> None:
    for span, starts, used in (
        ("day", date(2026, 11, 21), 3),
        ("day", date(2026, 11, 22), 5),
        ("month", date(2026, 11, 1), 8),
    ):
        BudgetPeriod.objects.create(
            platform=platform_a, span=span, starts=starts, limit=100, used=used, by_jobs=1
        )
    client = api_of(bob)
    for query, expected in (
        ("", [5, 3, 8]),
        ("span=day", [5, 3]),
        ("since=2026-11-22", [5]),
        ("until=2026-11-21", [8]),
        (f"platform_id={platform_a.pk}&span=month", [8]),
    ):
        told = client.get(f"{USAGE}?{query}").json()["results"]
        assert [each["used"] for each in told] == expected, query
    assert told[0] | {"limit": 100, "by_jobs": 1, "beyond": 0, "starts": "2026-11-01"} == told[0]
    assert api_of(charlie).get(USAGE).json()["count"] == 0
    assert client.get(f"{USAGE}?since=today").status_code == 400


def test_gateways_are_for_superadmins_and_their_secrets_for_nobody(
    api_of: ApiOf,
    root: User,
    alice: User,
    platform_a: Platform,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    gateway = world.make_gateway(
        platform_a,
        driver="http_gateway",
        address="https://user:hidden-name@sms.example.test:8443/hidden-path",
        secret="hidden-secret",
        secrets='{"token": "hidden-token"}',
        settings={"token": "hidden-setting"},
    )
    now = timezone.now()
    GatewayHealth.objects.create(gateway=gateway, failing_since=now, failures=3)
    inbox = GatewayInbox.objects.of(gateway)
    client = api_of(root)
    answer = client.get(f"{GATEWAYS}/{gateway.pk}")
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert told["server"] == "https://sms.example.test:8443"
    assert (told["health"]["failures"], told["inbox"]["fault"]) == (3, "")
    text = answer.content.decode()
    assert "hidden" not in text
    assert inbox.key not in text
    world.make_gateway()
    with django_assert_num_queries(4):  # session, account, count, rows
        rows = client.get(GATEWAYS).json()["results"]
    assert [row["health"] is None for row in rows] == [False, True]
    platform_token = factories.make_token(owner=root, platform=platform_a)[1]
    for refused in (api_of(alice), api_of(platform_token)):
        assert refused.get(GATEWAYS).status_code == 403
        assert refused.get(f"{GATEWAYS}/{gateway.pk}").status_code == 403
