"""Silence is told: to superadmins, on the overview, and outside by a heartbeat that stays away."""

import logging
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from jobs import evaluation, watchdog
from jobs.models import Engine
from platforms.models import Notice, Platform
from platforms.roles import Role
from tests.factories import make_member, make_platform, make_user
from tests.far_side import answer, talking
from tests.jobs.world import make_job

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECRET = "ping/7c1f-secret"


def engine(**fields: object) -> None:
    Engine.objects.update_or_create(
        pk=1, defaults={"ticked_at": NOW, "blind": "", "blind_since": None, **fields}
    )


def told() -> list[str]:
    return list(Notice.objects.order_by("pk").values_list("kind", flat=True))


@pytest.fixture
def outside(settings: Settings) -> Iterator[list[bytes]]:
    heard: list[bytes] = []

    def talk(connection: socket.socket, head: bytes) -> None:
        heard.append(head.split(b"\r\n")[0])
        connection.sendall(answer(b"OK"))

    with talking(talk) as url:
        settings.ENGINE_HEARTBEAT_URL = f"{url}/{SECRET}"
        yield heard


@pytest.mark.django_db
def test_while_jobs_are_judged_somebody_outside_hears_of_it(outside: list[bytes]) -> None:
    engine()
    assert watchdog.watch(NOW + MINUTE)
    assert outside == [f"GET /{SECRET} HTTP/1.1".encode()]
    assert told() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {"ticked_at": NOW - 3 * MINUTE},
        {"blind": "prometheus_away", "blind_since": NOW - 3 * MINUTE},
        {"ticked_at": NOW + 180 * MINUTE},
    ],
    ids=["no tick", "blind", "the clock was put back"],
)
def test_when_nothing_is_judged_the_heartbeat_stays_away_and_superadmins_are_told_once(
    outside: list[bytes], fields: dict[str, object]
) -> None:
    engine(**fields)
    assert not watchdog.watch(NOW)
    assert not watchdog.watch(NOW + MINUTE)
    assert outside == []
    assert told() == ["engine_blind"]
    assert Notice.objects.get().platform_id is None

    engine(ticked_at=NOW + 2 * MINUTE)
    assert watchdog.watch(NOW + 2 * MINUTE)
    assert told() == ["engine_blind", "engine_sees"]
    assert not Notice.objects.lasting().exists()


@pytest.mark.django_db
def test_ticks_that_fail_are_silence(outside: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """From the very first on: slots are taken, and nothing is judged."""

    def fail(_self: object) -> None:
        raise RuntimeError("a row that nobody foresaw")

    monkeypatch.setattr(evaluation._Evaluation, "run", fail)
    for slot in range(6):
        with pytest.raises(RuntimeError):
            evaluation.evaluate(NOW + slot * MINUTE / 2)
    outside.clear()
    assert not watchdog.watch(NOW + 3 * MINUTE)
    assert (outside, told()) == ([], ["engine_blind"])


@pytest.mark.django_db
def test_a_short_silence_is_nobodys_business(outside: list[bytes]) -> None:
    engine(blind="prometheus_away", blind_since=NOW - MINUTE)
    watchdog.watch(NOW)
    assert told() == []


@pytest.mark.django_db
def test_a_heartbeat_that_nobody_takes_is_logged_without_its_address(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    engine()
    with talking(lambda connection, _head: connection.sendall(answer(b"", "404 Not Found"))) as url:
        settings.ENGINE_HEARTBEAT_URL = f"{url}/{SECRET}"
        with caplog.at_level(logging.WARNING):
            assert not watchdog.watch(NOW)
    assert "not taken" in caplog.text
    assert SECRET not in caplog.text


def test_the_overview_says_it_to_whoever_has_jobs(platform_a: Platform) -> None:
    viewer, stranger = (
        make_member(platform_a, Role.VIEWER),
        make_member(make_platform(), Role.ADMIN),
    )
    owner = make_user(is_superuser=True)
    assert watchdog.troubles(viewer, NOW) == []  # no job yet

    make_job(platform_a)
    (never,) = watchdog.troubles(viewer, NOW)
    assert (never.what, never.advice) == ("Jobs have never been judged yet.", "")
    assert watchdog.troubles(stranger, NOW) == []

    engine(ticked_at=NOW - 5 * MINUTE)
    (silent,) = watchdog.troubles(owner, NOW)
    assert "for 5 minutes" in silent.what
    assert "celery beat" in silent.advice

    engine(blind="prometheus_away", blind_since=NOW)
    (blind,) = watchdog.troubles(viewer, NOW)
    assert "Prometheus" in blind.what

    engine()
    assert watchdog.troubles(viewer, NOW) == []
