"""What the web application tells of itself to those who watch over it."""

from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from platforms import integrity

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_it_is_healthy_and_ready() -> None:
    assert Client().get("/-/healthy").content == b"Healthy.\n"
    assert Client().get("/-/ready").content == b"Ready.\n"


def test_it_is_not_ready_without_the_guards_of_the_database() -> None:
    integrity.remove(connection)
    answer = Client().get("/-/ready")
    assert answer.status_code == 503
    assert b"manage.py migrate" in answer.content


def test_its_metrics_open_to_the_holder_of_the_token_alone() -> None:
    assert Client().get("/metrics").status_code == 401
    wrong = {"Authorization": "Bearer token-of-nobody"}
    assert Client().get("/metrics", headers=wrong).status_code == 401
    right = {"Authorization": "Bearer token-of-the-metrics-page"}
    assert Client().get("/metrics", headers=right).status_code == 200


def test_several_workers_tell_of_the_engine_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    right = {"Authorization": "Bearer token-of-the-metrics-page"}
    page = Client().get("/metrics", headers=right).content.decode()
    assert page.count("\nremosa_engine_last_tick_timestamp_seconds ") == 1
