"""How an exporter process comes into service discovery, and stays there."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from exporters.models import ExporterProcess
from platforms import tokens
from platforms.models import ApiToken, AuditEntry, Platform, TokenKind, User
from tests import factories
from tests.conftest import ApiOf

pytestmark = pytest.mark.django_db
ANNOUNCE = "/api/v1/exporter-processes/announce"
TARGETS = "/api/v1/prometheus/targets"


@pytest.fixture
def token(db: None) -> tuple[ApiToken, str]:
    """An exporter token and its secret."""
    return factories.make_token(TokenKind.EXPORTER)


@pytest.fixture
def discovery(db: None) -> str:
    """The secret of a discovery token."""
    return factories.make_token(TokenKind.DISCOVERY)[1]


def body(**fields: Any) -> dict[str, Any]:
    """Return an announcement."""
    return {"kind": "cubic", "instance": "cubic-1", "port": 19101, "version": "0.1.0"} | fields


@pytest.mark.both_databases
def test_an_announced_process_becomes_a_target(
    api_of: ApiOf, token: tuple[ApiToken, str], discovery: str
) -> None:
    answer = api_of(token[1]).post(ANNOUNCE, body(), "json")
    assert (answer.status_code, answer.json()) == (
        200,
        {"instance": "cubic-1", "address": "127.0.0.1:19101"},
    )
    listed = api_of(discovery).get(TARGETS)
    assert listed["Content-Type"] == "application/json"
    assert json.loads(listed.content) == [
        {
            "targets": ["127.0.0.1:19101"],
            "labels": {"job": "remosa_exporters", "instance": "cubic-1", "kind": "cubic"},
        }
    ]


def test_no_process_is_an_empty_list(api_of: ApiOf, discovery: str) -> None:
    answer = api_of(discovery).get(TARGETS)
    assert (answer.status_code, answer.content) == (200, b"[]")


def test_a_new_address_replaces_the_old_one(
    api_of: ApiOf, token: tuple[ApiToken, str], discovery: str
) -> None:
    client = api_of(token[1])
    client.post(ANNOUNCE, body(), "json")
    client.post(ANNOUNCE, body(port=19102, host="127.0.0.9"), "json")
    (group,) = api_of(discovery).get(TARGETS).json()
    assert group["targets"] == ["127.0.0.9:19102"]


def test_a_pinned_address_stays(api_of: ApiOf, token: tuple[ApiToken, str]) -> None:
    ExporterProcess.objects.create(
        kind="cubic", instance="cubic-1", address="exporter.lan:19101", pinned=True
    )
    answer = api_of(token[1]).post(ANNOUNCE, body(host="203.0.113.1"), "json")
    assert answer.json() == {"instance": "cubic-1", "address": "exporter.lan:19101"}


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.9", "127.0.0.9:19101"),
        ("::1", "[::1]:19101"),
        ("[::1]", "[::1]:19101"),
        ("::ffff:127.0.0.1", "127.0.0.1:19101"),
        ("Exporter.Lan", "exporter.lan:19101"),
        ("10.9.8.7", "10.9.8.7:19101"),
        ("", "127.0.0.1:19101"),
    ],
)
def test_an_allowed_host_is_taken(
    api_of: ApiOf,
    token: tuple[ApiToken, str],
    settings: Settings,
    host: str,
    address: str,
) -> None:
    settings.EXPORTER_ADDRESSES = ["127.0.0.0/8", "::1/128", "exporter.lan", "10.9.8.7"]
    assert api_of(token[1]).post(ANNOUNCE, body(host=host), "json").json()["address"] == address


@pytest.mark.parametrize(
    "host",
    [
        "203.0.113.1",
        "localhost",  # resolves to an allowed address, but is not on the list
        "127.0.0.1.nip.io",
        "0.0.0.0",
        "::",
        "::1%lo",
        "fe80::1%eth0",
        "2130706433",
        "127.0.0.1:80",
        "127.0.0.1/x",
        "user@127.0.0.1",
        "224.0.0.1",
    ],
)
def test_another_host_is_refused_and_nothing_is_written(
    api_of: ApiOf, token: tuple[ApiToken, str], host: str
) -> None:
    answer = api_of(token[1]).post(ANNOUNCE, body(host=host), "json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "address_refused")
    assert "REMOSA_EXPORTER_ADDRESSES" in answer.json()["error"]["message"]
    assert not ExporterProcess.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("instance", ""),
        ("instance", "x" * 64),
        ("instance", "a b"),
        ("instance", "кубик"),
        ("instance", "-a"),
        ("instance", "a\nb"),
        ("instance", 'a"}'),
        ("instance", None),
        ("port", 0),
        ("port", 65536),
        ("port", "x"),
        ("version", "x" * 33),
        ("host", "x" * 254),
        ("kind", "nothing"),
        ("address", "127.0.0.1:1"),
    ],
)
def test_a_malformed_announcement_is_told(
    api_of: ApiOf, token: tuple[ApiToken, str], field: str, value: Any
) -> None:
    answer = api_of(token[1]).post(ANNOUNCE, body(**{field: value}), "json")
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, [field])


def test_a_token_of_another_kind_is_refused(api_of: ApiOf) -> None:
    secret = factories.make_token(TokenKind.EXPORTER, exporter_kind="addreality")[1]
    answer = api_of(secret).post(ANNOUNCE, body(), "json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "kind_refused")


def test_an_instance_belongs_to_the_token_that_announced_it(
    api_of: ApiOf, token: tuple[ApiToken, str]
) -> None:
    api_of(token[1]).post(ANNOUNCE, body(), "json")
    other = factories.make_token(TokenKind.EXPORTER)[1]
    answer = api_of(other).post(ANNOUNCE, body(port=19102), "json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    assert "EXPORTER_INSTANCE" in answer.json()["error"]["message"]
    assert ExporterProcess.objects.get().address == "127.0.0.1:19101"


@pytest.mark.parametrize("end", ["revoked", "expired", "deleted"])
def test_an_instance_of_a_token_that_is_over_can_be_taken(
    api_of: ApiOf, token: tuple[ApiToken, str], end: str
) -> None:
    api_of(token[1]).post(ANNOUNCE, body(), "json")
    if end == "revoked":
        tokens.revoke(token[0])
    elif end == "expired":
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        token[0].delete()
    other = factories.make_token(TokenKind.EXPORTER)[1]
    assert api_of(other).post(ANNOUNCE, body(port=19102), "json").status_code == 200
    assert ExporterProcess.objects.get().address == "127.0.0.1:19102"


def test_an_address_is_of_one_instance_alone(api_of: ApiOf, token: tuple[ApiToken, str]) -> None:
    api_of(token[1]).post(ANNOUNCE, body(), "json")
    answer = api_of(token[1]).post(ANNOUNCE, body(instance="cubic-2"), "json")
    assert answer.status_code == 409
    assert "cubic/cubic-1" in answer.json()["error"]["message"]
    assert ExporterProcess.objects.count() == 1


def test_only_a_change_is_audited(api_of: ApiOf, token: tuple[ApiToken, str]) -> None:
    client = api_of(token[1])
    for _ in range(3):
        client.post(ANNOUNCE, body(), "json")
    first = AuditEntry.objects.get()
    assert (first.action, first.via, first.address) == ("announced", "token", "127.0.0.1")
    assert first.after["address"] == "127.0.0.1:19101"
    client.post(ANNOUNCE, body(port=19102), "json")
    second = AuditEntry.objects.exclude(pk=first.pk).get()
    assert second.before == {"address": "127.0.0.1:19101"}
    assert second.after == {"address": "127.0.0.1:19102"}


@pytest.mark.both_databases
def test_a_process_with_tls_is_asked_by_https_until_it_announces_otherwise(
    api_of: ApiOf, token: tuple[ApiToken, str], discovery: str
) -> None:
    def labels() -> dict[str, str]:
        found: dict[str, str] = json.loads(api_of(discovery).get(TARGETS).content)[0]["labels"]
        return found

    client = api_of(token[1])
    client.post(ANNOUNCE, body(scheme="https"), "json")
    assert labels()["__scheme__"] == "https"
    client.post(ANNOUNCE, body(), "json")
    assert "__scheme__" not in labels()
    last = AuditEntry.objects.order_by("pk").last()
    assert last is not None
    assert (last.before, last.after) == ({"scheme": "https"}, {"scheme": "http"})
    answer = client.post(ANNOUNCE, body(scheme="ftp"), "json")
    assert (answer.status_code, set(answer.json()["error"]["fields"])) == (400, {"scheme"})


def test_an_announcement_leaves_the_scheme_of_a_pinned_process(
    api_of: ApiOf, token: tuple[ApiToken, str]
) -> None:
    client = api_of(token[1])
    client.post(ANNOUNCE, body(), "json")
    ExporterProcess.objects.update(pinned=True, scheme="https")
    client.post(ANNOUNCE, body(), "json")
    assert ExporterProcess.objects.get().scheme == "https"


def test_the_time_of_the_last_announcement_is_kept(
    api_of: ApiOf, token: tuple[ApiToken, str]
) -> None:
    api_of(token[1]).post(ANNOUNCE, body(), "json")
    ExporterProcess.objects.update(announced_at=None)
    api_of(token[1]).post(ANNOUNCE, body(), "json")
    assert ExporterProcess.objects.get().announced_at is not None


def test_behind_a_proxy_the_callers_own_address_is_taken(
    api_of: ApiOf, token: tuple[ApiToken, str], settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = 1
    client = api_of(token[1])
    headers = {"X-Forwarded-For": "127.0.0.5, 127.0.0.7"}
    answer = client.post(ANNOUNCE, body(), "json", headers=headers)
    assert answer.json()["address"] == "127.0.0.7:19101"
    settings.TRUSTED_PROXIES = 0
    answer = client.post(ANNOUNCE, body(), "json", headers=headers)
    assert answer.json()["address"] == "127.0.0.1:19101"


def test_people_announce_nothing(api_of: ApiOf, root: User) -> None:
    assert api_of(root).post(ANNOUNCE, body(), "json").status_code == 403


def test_the_targets_are_for_prometheus_and_superadmins(
    api_of: ApiOf, root: User, alice: User, platform_a: Platform, token: tuple[ApiToken, str]
) -> None:
    assert api_of(root).get(TARGETS).status_code == 200
    assert api_of(alice).get(TARGETS).status_code == 403
    assert api_of(token[1]).get(TARGETS).status_code == 403
    assert api_of(None).get(TARGETS).status_code == 401
