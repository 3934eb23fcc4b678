"""What holds on every route of the API: who may enter, one shape of errors, bounded bodies."""

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from exporters.models import Exporter
from platforms import tokens
from platforms.models import ApiToken, Platform, TokenKind, User
from tests import factories
from tests.conftest import ApiOf

pytestmark = pytest.mark.django_db
EXPORTERS = "/api/v1/exporters"
ROUTES = (
    ("get", "/api/v1/approvals"),
    ("post", "/api/v1/approvals/1/approve"),
    ("post", "/api/v1/approvals/1/decline"),
    ("post", "/api/v1/approvals/decide"),
    ("get", "/api/v1/assignments"),
    ("post", "/api/v1/assignments"),
    ("get", "/api/v1/assignments/1"),
    ("delete", "/api/v1/assignments/1"),
    ("get", "/api/v1/bindings"),
    ("post", "/api/v1/bindings"),
    ("get", "/api/v1/bindings/1"),
    ("delete", "/api/v1/bindings/1"),
    ("get", "/api/v1/brakes"),
    ("get", "/api/v1/brakes/1"),
    ("get", "/api/v1/command-templates"),
    ("post", "/api/v1/command-templates"),
    ("get", "/api/v1/command-templates/1"),
    ("patch", "/api/v1/command-templates/1"),
    ("get", "/api/v1/commands"),
    ("post", "/api/v1/commands"),
    ("get", "/api/v1/commands/1"),
    ("post", "/api/v1/commands/1/cancel"),
    ("post", "/api/v1/commands/1/give-up"),
    ("post", "/api/v1/commands/bulk"),
    ("post", "/api/v1/commands/preview"),
    ("get", "/api/v1/device-models"),
    ("get", "/api/v1/device-models/1"),
    ("get", "/api/v1/devices"),
    ("post", "/api/v1/devices"),
    ("get", "/api/v1/devices/1"),
    ("patch", "/api/v1/devices/1"),
    ("delete", "/api/v1/devices/1"),
    ("get", "/api/v1/episodes"),
    ("get", "/api/v1/episodes/1"),
    ("post", "/api/v1/episodes/1/acknowledge"),
    ("get", "/api/v1/exporter-macs"),
    ("post", "/api/v1/exporter-macs"),
    ("get", "/api/v1/exporter-macs/1"),
    ("patch", "/api/v1/exporter-macs/1"),
    ("delete", "/api/v1/exporter-macs/1"),
    ("post", "/api/v1/exporter-macs/bulk"),
    ("delete", "/api/v1/exporter-macs/bulk"),
    ("post", "/api/v1/exporter-processes/announce"),
    ("get", "/api/v1/exporters"),
    ("post", "/api/v1/exporters"),
    ("get", "/api/v1/exporters/1"),
    ("patch", "/api/v1/exporters/1"),
    ("delete", "/api/v1/exporters/1"),
    ("get", "/api/v1/incoming-messages"),
    ("get", "/api/v1/incoming-messages/1"),
    ("get", "/api/v1/job-executions"),
    ("get", "/api/v1/job-executions/1"),
    ("get", "/api/v1/job-pauses"),
    ("post", "/api/v1/job-pauses"),
    ("get", "/api/v1/job-pauses/1"),
    ("post", "/api/v1/job-pauses/1/lift"),
    ("get", "/api/v1/jobs"),
    ("post", "/api/v1/jobs"),
    ("get", "/api/v1/jobs/1"),
    ("patch", "/api/v1/jobs/1"),
    ("delete", "/api/v1/jobs/1"),
    ("post", "/api/v1/jobs/1/clone"),
    ("post", "/api/v1/jobs/1/disable"),
    ("post", "/api/v1/jobs/1/enable"),
    ("post", "/api/v1/jobs/1/mode"),
    ("get", "/api/v1/jobs/1/preview"),
    ("post", "/api/v1/jobs/apply"),
    ("get", "/api/v1/jobs/export"),
    ("post", "/api/v1/jobs/plan"),
    ("post", "/api/v1/jobs/preview"),
    ("get", "/api/v1/maintenance-windows"),
    ("post", "/api/v1/maintenance-windows"),
    ("get", "/api/v1/maintenance-windows/1"),
    ("patch", "/api/v1/maintenance-windows/1"),
    ("post", "/api/v1/maintenance-windows/1/cancel"),
    ("get", "/api/v1/maintenance-windows/1/preview"),
    ("post", "/api/v1/maintenance-windows/preview"),
    ("get", "/api/v1/metrics"),
    ("get", "/api/v1/metrics/1"),
    ("get", "/api/v1/monitored-devices"),
    ("get", "/api/v1/notices"),
    ("get", "/api/v1/notices/1"),
    ("post", "/api/v1/notices/read"),
    ("get", "/api/v1/notification-channels"),
    ("post", "/api/v1/notification-channels"),
    ("get", "/api/v1/notification-channels/1"),
    ("patch", "/api/v1/notification-channels/1"),
    ("delete", "/api/v1/notification-channels/1"),
    ("post", "/api/v1/notification-channels/1/test"),
    ("get", "/api/v1/pauses"),
    ("post", "/api/v1/pauses"),
    ("get", "/api/v1/pauses/1"),
    ("post", "/api/v1/pauses/1/lift"),
    ("get", "/api/v1/platform-exporters"),
    ("get", "/api/v1/platforms"),
    ("get", "/api/v1/platforms/1"),
    ("get", "/api/v1/power-outages"),
    ("get", "/api/v1/power-outages/1"),
    ("post", "/api/v1/power-outages/1/close"),
    ("get", "/api/v1/prometheus/targets"),
    ("get", "/api/v1/sites"),
    ("get", "/api/v1/sites/1"),
    ("get", "/api/v1/sms-gateways"),
    ("get", "/api/v1/sms-gateways/1"),
    ("get", "/api/v1/sms-usage"),
    ("get", "/api/schema"),
)
# Gateways call it; a signature is their credential, which tests/devices/api looks after.
SIGNED = {("post", "/api/v1/sms-gateways/{key}/webhook")}
OPEN_TO = {
    TokenKind.EXPORTER: {
        ("get", "/api/v1/exporter-macs"),
        ("get", "/api/v1/platform-exporters"),
        ("post", "/api/v1/exporter-processes/announce"),
    },
    TokenKind.DISCOVERY: {("get", "/api/v1/prometheus/targets")},
}


def error_of(answer: Any, status: int) -> dict[str, Any]:
    """Return the inside of an error after looking at its shape."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    body = json.loads(answer.content)
    assert list(body) == ["error"]
    error: dict[str, Any] = body["error"]
    assert list(error) == ["code", "message", "fields"]
    assert error["code"]
    assert error["message"]
    return error


def test_the_routes_of_this_test_are_all_there_are(api_of: ApiOf, root: User) -> None:
    """A new route without a line above fails here."""
    schema = api_of(root).get("/api/schema", headers={"Accept": "application/json"}).json()
    listed = {
        (method, path.replace("{id}", "1"))
        for path, methods in schema["paths"].items()
        for method in methods
    }
    assert listed - SIGNED == set(ROUTES) - {("get", "/api/schema")}


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_enters_without_a_credential(api_of: ApiOf, method: str, path: str) -> None:
    answer = getattr(api_of(None), method)(path)
    assert error_of(answer, 401)["code"] == "not_authenticated"
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("kind", list(OPEN_TO))
def test_a_machine_enters_where_its_kind_is_named_alone(
    api_of: ApiOf, method: str, path: str, kind: TokenKind
) -> None:
    secret = factories.make_token(kind)[1]
    answer = getattr(api_of(secret), method)(path)
    if (method, path) in OPEN_TO[kind]:
        assert answer.status_code in (200, 400)
    else:
        assert error_of(answer, 403)["code"] == "permission_denied"


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_a_machine_is_refused_every_other_method_of_its_routes(api_of: ApiOf, method: str) -> None:
    secret = factories.make_token(TokenKind.EXPORTER)[1]
    for _, path in OPEN_TO[TokenKind.EXPORTER]:
        error_of(getattr(api_of(secret), method)(path), 403)


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer a b",
        "Bearer rmu_unknown_secret",
        "Bearer \x00",
        "Bearer \xe9\xff",
        "Bearer " + "x" * 5000,
        "bearer _",
    ],
)
def test_a_token_that_is_none_is_a_401(header: str, db: None) -> None:
    answer = Client().get(EXPORTERS, headers={"Authorization": header})
    assert error_of(answer, 401)["code"] == "authentication_failed"


@pytest.mark.parametrize("end", ["revoked", "expired", "owner switched off", "wrong secret"])
def test_a_token_that_is_over_is_a_401_that_says_so(api_of: ApiOf, alice: User, end: str) -> None:
    token, secret = factories.make_token(owner=alice)
    assert api_of(secret).get(EXPORTERS).status_code == 200
    if end == "revoked":
        tokens.revoke(token)
    elif end == "expired":
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif end == "wrong secret":
        secret = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    else:
        User.objects.filter(pk=alice.pk).update(is_active=False)
    assert "expired or revoked" in error_of(api_of(secret).get(EXPORTERS), 401)["message"]


def test_a_token_can_be_less_than_its_owner(
    api_of: ApiOf, root: User, platform_a: Platform, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    body = {"platform_id": exporter_b.platform_id, "exporter_type": "cubic", "name": "x"}
    reading = api_of(factories.make_token(owner=root)[1])
    error_of(reading.post(EXPORTERS, body, "json"), 403)
    narrow = api_of(factories.make_token(owner=root, platform=platform_a, read_only=False)[1])
    assert [row["id"] for row in narrow.get(EXPORTERS).json()["results"]] == [exporter_a.pk]
    error_of(narrow.get(f"{EXPORTERS}/{exporter_b.pk}"), 404)
    assert "platform_id" in error_of(narrow.post(EXPORTERS, body, "json"), 400)["fields"]
    body["platform_id"] = platform_a.pk
    assert narrow.post(EXPORTERS, body, "json").status_code == 201


def test_a_token_never_outlives_its_owners_rights(
    api_of: ApiOf, alice: User, exporter_a: Exporter
) -> None:
    client = api_of(factories.make_token(owner=alice, read_only=False)[1])
    assert client.patch(f"{EXPORTERS}/{exporter_a.pk}", {"name": "x"}, "json").status_code == 200
    alice.memberships.all().delete()
    error_of(client.get(EXPORTERS), 403)


def test_a_session_writes_with_a_csrf_token_alone(alice: User, platform_a: Platform) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    body = {"platform_id": platform_a.pk, "exporter_type": "cubic", "name": "x"}
    for path in (EXPORTERS, f"{EXPORTERS}/"):
        refused = client.post(path, body, content_type="application/json")
        assert "CSRF" in error_of(refused, 403)["message"]
    secret = factories.make_token(owner=alice, read_only=False)[1]
    accepted = Client(enforce_csrf_checks=True).post(
        EXPORTERS,
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert accepted.status_code == 201


@pytest.mark.parametrize(
    "path",
    [
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v2/exporters",
        "/api/docsx",
    ],
)
def test_an_unknown_route_answers_in_the_one_shape(client: Client, path: str) -> None:
    for act in (client.get, client.post, client.delete, client.head):
        answer = act(path)
        if act == client.head:
            assert answer.status_code == 404
        else:
            assert error_of(answer, 404)["code"] == "not_found"


@pytest.mark.parametrize("address", ["/api/%00", f"{EXPORTERS}?search=%00", f"{EXPORTERS}?a%00=1"])
def test_a_nul_in_an_address_answers_in_the_one_shape(
    api_of: ApiOf, alice: User, address: str
) -> None:
    assert error_of(api_of(alice).get(address), 400)["code"] == "invalid"


@pytest.mark.parametrize("path", [path for method, path in ROUTES if method == "get"])
def test_a_slash_at_the_end_is_accepted(api_of: ApiOf, root: User, path: str) -> None:
    client = api_of(root)
    assert client.get(f"{path}/").status_code == client.get(path).status_code


def test_wrong_methods_and_media_types_answer_in_the_one_shape(api_of: ApiOf, alice: User) -> None:
    client = api_of(alice)
    answer = client.put(EXPORTERS, {}, "json")
    assert error_of(answer, 405)["code"] == "method_not_allowed"
    assert answer["Allow"] == "GET, HEAD, POST"
    error_of(client.options(EXPORTERS), 405)
    assert error_of(client.get(EXPORTERS, headers={"Accept": "text/html"}), 406)["code"]
    answer = client.post(EXPORTERS, "a=b", content_type="application/x-www-form-urlencoded")
    assert error_of(answer, 415)["code"] == "unsupported_media_type"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"name": NaN}',
        b'{"name": ' + b"1" * 10_000 + b"}",
        b"{'name': 1}",
        rb'{"name": "\ud800"}',
        rb'{"\udfff": 1}',
        rb'{"name": "a\u0000b"}',
        rb'{"name": ["a", {"b": "\u0000"}]}',
    ],
)
def test_malformed_json_is_a_400(api_of: ApiOf, alice: User, body: bytes) -> None:
    answer = api_of(alice).post(EXPORTERS, body, content_type="application/json")
    assert error_of(answer, 400)["code"] == "parse_error"


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"x"', b"true", b""])
def test_json_of_another_shape_is_a_400(api_of: ApiOf, alice: User, body: bytes) -> None:
    answer = api_of(alice).post(EXPORTERS, body, content_type="application/json")
    assert error_of(answer, 400)["code"] == "invalid"


def test_paired_surrogates_and_written_backslashes_are_texts(
    api_of: ApiOf, alice: User, platform_a: Platform
) -> None:
    body = rb'{"platform_id": %d, "exporter_type": "cubic", "name": "\ud83d\ude00 \\u0000"}'
    answer = api_of(alice).post(EXPORTERS, body % platform_a.pk, content_type="application/json")
    assert answer.json()["name"] == "😀 \\u0000"


@pytest.mark.parametrize("charset", ["zlib", "hex", "utf-16", "undefined", "rot13", "nothing"])
def test_a_strange_charset_changes_nothing(
    api_of: ApiOf, alice: User, platform_a: Platform, charset: str
) -> None:
    answer = api_of(alice).post(
        EXPORTERS,
        json.dumps({"platform_id": platform_a.pk, "exporter_type": "cubic", "name": "x"}).encode(),
        content_type=f"application/json; charset={charset}",
    )
    assert answer.status_code in (201, 400, 415)


def test_a_body_that_is_too_long_is_not_read(
    api_of: ApiOf, alice: User, settings: Settings
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    for path in (EXPORTERS, "/api/v1/exporter-macs/bulk"):
        answer = api_of(alice).post(path, b"[" + b" " * 100, content_type="application/json")
        assert error_of(answer, 413)["code"] == "too_large"
    answer = api_of(alice).post(EXPORTERS, b"[" + b" " * 98 + b"]", content_type="application/json")
    error_of(answer, 400)


def test_a_thousand_unknown_fields_make_a_short_answer(api_of: ApiOf, alice: User) -> None:
    body = {"x" * 5000 + str(number): 1 for number in range(1000)}
    answer = api_of(alice).post(EXPORTERS, body, "json")
    error_of(answer, 400)
    assert len(answer.content) < 5000


def test_what_the_database_refuses_is_a_conflict(
    api_of: ApiOf, alice: User, platform_a: Platform, exporter_a: Exporter
) -> None:
    """A constraint stands for the race that the form check cannot see."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE exporters_exporter ADD CONSTRAINT racing CHECK (name <> 'taken')"
        )
    answer = api_of(alice).post(
        EXPORTERS,
        {"platform_id": platform_a.pk, "exporter_type": "cubic", "name": "taken"},
        "json",
    )
    assert error_of(answer, 409)["code"] == "conflict"
    assert "racing" not in answer.content.decode()


def test_a_fault_of_ours_is_logged_and_not_shown(
    api_of: ApiOf, alice: User, exporter_a: Exporter, caplog: pytest.LogCaptureFixture
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE exporters_exporter RENAME COLUMN timeout TO secret_column")
    with caplog.at_level(logging.ERROR):
        answer = api_of(alice).get(f"{EXPORTERS}/{exporter_a.pk}")
    assert error_of(answer, 500)["code"] == "failure"
    assert b"timeout" not in answer.content
    assert "timeout" in caplog.text
    assert f"GET {EXPORTERS}/{exporter_a.pk} failed" in caplog.text


def test_what_is_wrong_in_a_list_of_objects_is_named_by_its_number(
    api_of: ApiOf, alice: User, platform_a: Platform
) -> None:
    body = {
        "platform_id": platform_a.pk,
        "selection": {"whole": True},
        "conditions": [],
        "rungs": [{"action": "restart"}, {"action": "dance", "wait": -1}, 7],
    }
    fields = error_of(api_of(alice).post("/api/v1/jobs", body, "json"), 400)["fields"]
    assert list(fields) == ["rungs.1.action", "rungs.1.wait", "rungs.2.non_field_errors"]
