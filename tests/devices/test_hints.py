"""A hint after commit: lost, repeated or refused, it changes nothing."""

import time
from pathlib import Path

import pytest
from celery import Celery
from django.db import transaction
from django.utils import timezone

from devices import hints, tasks
from devices.models import Command, SmsGateway
from platforms.models import Platform
from remosa import celery
from tests.devices import world

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


def use_broker(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let hints of this test go to a broker of its own, of which nothing is known yet."""
    app = Celery("of-this-test", set_as_current=False)
    app.conf.update(celery.broker(address), broker_connection_timeout=1)
    app.conf.task_default_queue = celery.COMMANDS
    # Celery looks there first.
    monkeypatch.setenv("CELERY_BROKER_URL", address)
    monkeypatch.setattr(hints, "current_app", app)
    monkeypatch.setattr(hints, "_silent_until", 0.0)


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A broker of files; where its messages lie."""
    use_broker(f"filesystem://{tmp_path}", monkeypatch)
    return tmp_path / "messages"


def messages(broker: Path) -> list[Path]:
    return list(broker.iterdir()) if broker.exists() else []


def test_a_command_is_hinted_at_when_it_is_committed_and_not_before(
    platform_a: Platform, broker: Path
) -> None:
    socket = world.make_socket(platform_a)
    with transaction.atomic():
        world.give(socket, "status")
        assert not messages(broker)
    assert len(messages(broker)) == 1


def test_what_was_rolled_back_is_not_hinted_at(platform_a: Platform, broker: Path) -> None:
    socket = world.make_socket(platform_a)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        world.give(socket, "status")
        raise ZeroDivisionError
    assert not messages(broker)


def test_a_hint_holds_nothing_of_the_command(platform_a: Platform, broker: Path) -> None:
    socket = world.make_socket(platform_a)
    command = world.give(socket, "status")
    (message,) = messages(broker)
    text = message.read_text()
    assert "devices.dispatch" in text
    for word in (socket.phone, command.text, str(command.key)):
        assert word not in text


def test_a_broker_that_is_away_costs_the_request_a_moment_and_the_next_ones_nothing(
    platform_a: Platform, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    use_broker("redis://127.0.0.1:9/0", monkeypatch)
    sockets = [world.make_socket(platform_a) for _ in range(2)]
    began = time.monotonic()
    first = world.give(sockets[0], "status")
    assert time.monotonic() - began < 4
    began = time.monotonic()
    world.give(sockets[1], "status")
    assert time.monotonic() - began < 1
    assert Command.objects.filter(state="queued").count() == 2
    assert first.state == "queued"
    assert caplog.text.count("No worker could be told") == 1


def test_a_lost_hint_is_made_good_by_the_sweep(
    platform_a: Platform, broker: Path, durable_server: None
) -> None:
    SmsGateway.objects.all().delete()
    world.give(world.make_socket(platform_a), "status", now=timezone.now())
    for message in messages(broker):
        message.unlink()
    tasks.sweep()
    assert len(messages(broker)) == 1


def test_a_sweep_hints_at_nothing_where_nothing_waits(
    platform_a: Platform, broker: Path, durable_server: None
) -> None:
    tasks.sweep()
    assert not messages(broker)


def test_a_repeated_hint_sends_once(
    platform_a: Platform, broker: Path, durable_server: None, caplog: pytest.LogCaptureFixture
) -> None:
    # Given now: the task has no other clock than the wall's.
    command = world.give(world.make_socket(platform_a), "status", now=timezone.now())
    with caplog.at_level("INFO", logger="devices.gateways.console"):
        for _hint in range(3):
            tasks.dispatch()
    command.refresh_from_db()
    assert command.state == "accepted"
    assert caplog.text.count(str(command.key)) == 1
