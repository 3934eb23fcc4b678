"""What is answered where no view could answer."""

import json
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.test import Client

from platforms.models import User

pytestmark = pytest.mark.django_db

ADDRESSES = ("/api/", "/api/v1/exporter-macs", "/api/v1/nowhere", "/api/schema", "/api/docs")
HOSTS = ("evil.example", "a b<script>", "localhost:99999x", "")


def error_of(answer: Any) -> dict[str, Any]:
    """Return the inside of an error, having checked that nothing stands beside it."""
    assert answer["Content-Type"] == "application/json"
    body: dict[str, dict[str, Any]] = json.loads(answer.content)
    assert list(body) == ["error"]
    assert list(body["error"]) == ["code", "message", "fields"]
    return body["error"]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_strange_host_is_told_in_the_shape_of_the_api(address: str, host: str) -> None:
    answer = Client().get(address, headers={"host": host})
    assert answer.status_code == 400
    assert error_of(answer)["code"] == "invalid_host"
    assert "evil" not in answer.content.decode()


def test_a_strange_host_of_a_write_is_told_so_too() -> None:
    answer = Client().post(
        "/api/v1/exporters", b"{}", "application/json", headers={"host": "evil.example"}
    )
    assert error_of(answer)["code"] == "invalid_host"


def test_a_person_with_a_strange_host_reads_a_page() -> None:
    answer = Client().get("/admin/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert answer["Content-Type"].startswith("text/html")


def test_a_failure_before_the_view_is_told_in_the_shape_of_the_api(
    alice: User, client_of: Any
) -> None:
    browser: Client = client_of(alice)
    browser.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {SessionStore().model._meta.db_table} RENAME TO lost_sessions")
    answer = browser.get("/api/v1/exporters")
    assert answer.status_code == 500
    assert error_of(answer)["code"] == "failure"
