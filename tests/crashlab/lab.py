"""The lab: a generator of wishes, workers that are killed, and a report of what was left.

Workers are forked, so that a thousand of them cost seconds; SIGKILL is as real as to any process.
"""

import os
import random
import signal
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connection

from devices import commands
from devices.models import CommandTemplate, Device, DeviceModel
from devices.own_templates import checked
from devices.senders import Sender
from platforms.models import Platform
from tests.devices import world

from . import checker, worker
from .failpoints import NAMES

FIRST = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
Wishes = tuple[tuple[str, dict[str, str]], ...]
WISHES: Wishes = (("power_cycle", {"minutes": "1"}), ("status", {}))
BETWEEN = ("in_wire", "after_wire", "before_record", "moved_not_committed", "after_record")
# Of the platform's own: between `off` and `on` goes a message that can be refused or lost alone.
LONG = "own_cycle"
PAIR_WISHES: Wishes = (
    ("power_cycle_line", {"line": "1"}),
    ("power_cycle_line", {"line": "2"}),
    (LONG, {"line": "1"}),
    (LONG, {"line": "2"}),
)


def own_cycle(platform: Platform) -> CommandTemplate:
    """Write a template of the platform's own: off, a question, on."""
    words = {"en": "Restart and ask", "ru": "Restart and ask"}
    line = {"name": "line", "kind": "integer", "label": words, "help": words, "min": 1, "max": 2}
    definition = {
        "key": LONG,
        "name": words,
        "help": words,
        "danger": "power",
        "lines": "line",
        "parameters": [line],
        "sequence": [
            {"code": "#02#{line}#", "effect": "off"},
            {"code": "#07#", "effect": "query", "after": 10},
            {"code": "#01#{line}#", "effect": "on", "after": 20},
        ],
    }
    model = DeviceModel.objects.get(key="simpal_d410")
    checked(model.shape, definition)
    row: CommandTemplate = CommandTemplate.objects.create(
        platform=platform, model=model, key=LONG, definition=definition, for_jobs=True
    )
    return row


@dataclass
class Storm:
    """How much is to be endured."""

    kills: int = 60
    workers: int = 4
    sockets: int = 60
    speed: float = 60.0
    seed: int = 1
    named: int = 70  # per cent of workers that die at a named place
    doubts: int = 8  # per cent of messages that the gateway takes without an answer
    lost_ons: int = 0  # per cent of `on`s after an `off` of which the first try never arrives
    refused_middles: int = 30  # per cent of messages between `off` and `on` that are never taken
    stops: int = 3  # SIGSTOP longer than a lease
    server_crashes: int = 0
    sequences: bool = False  # D410s alone; workers die after an `off` and before its `on`


@dataclass
class Lab:
    """One run."""

    folder: Path
    storm: Storm
    crash_server: Any = None  # stops the database at once and starts it again
    chance: random.Random = field(init=False)
    running: dict[int, str] = field(default_factory=dict)
    deaths: dict[str, int] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    begun: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.storm.seed)
        self.clock = worker.FastClock(time.monotonic(), FIRST, self.storm.speed)
        self.log = self.folder / "gateway.log"

    def run(self) -> dict[str, Any]:
        """Build the world, let the storm pass, wait until all is quiet, and check."""
        platform = Platform.objects.create(name="Crashlab")
        every = ("simpal_d210", "simpal_d410")
        models = every[1:] if self.storm.sequences else every
        sockets = [
            world.make_socket(platform, models[number % len(models)])
            for number in range(self.storm.sockets)
        ]
        self.long = own_cycle(platform)
        started = time.monotonic()
        stops, crashes = self.storm.stops, self.storm.server_crashes
        try:
            while sum(self.deaths.values()) < self.storm.kills:
                self._bury()
                while len(self.running) < self.storm.workers:
                    self._hatch()
                if self.chance.random() < 0.4:
                    self._wish(self.chance.choice(sockets))
                if self.chance.random() < 0.04:
                    self._kill(signal.SIGKILL)
                if stops and self.chance.random() < 0.01:
                    stops -= 1
                    self._kill(signal.SIGSTOP)
                if crashes and sum(self.deaths.values()) * (crashes + 1) > self.storm.kills:
                    crashes -= 1
                    self.crash_server()
                time.sleep(0.01)
        finally:
            self._end_all()
        connection.close()
        worker.drain(self.log, self.clock, self.storm.seed, self._lies())
        seconds = round(time.monotonic() - started, 1)
        return {
            "kills": sum(self.deaths.values()),
            "pg_crashes": self.storm.server_crashes - crashes,
            "stops": self.storm.stops - stops,
            **checker.check(self.log, self.given),
            "deaths": dict(sorted(self.deaths.items())),
            "seconds": seconds,
        }

    def _wish(self, device: Device) -> None:
        """Give a command; one that the database did not answer is asked for again, same key."""
        wishes = PAIR_WISHES if device.model.key == "simpal_d410" else WISHES
        name, values = self.chance.choice(wishes)
        key = UUID(int=self.chance.getrandbits(128), version=4)
        while True:
            try:
                template = self.long if name == LONG else world.template(device, name)
                job = Sender.job("crashlab")
                commands.queue(template, device, dict(values), job, key, self.clock())
                self.given.add(str(key))
                return
            except commands.CommandRefused:
                return
            except (DatabaseError, InterfaceError):
                connection.close()
                time.sleep(0.05)

    def _hatch(self) -> None:
        self.begun += 1
        named = self.chance.randrange(100) < self.storm.named
        places = BETWEEN if self.storm.sequences else NAMES
        place = min(places, key=self._deaths_at) if named else ""
        passes, seed = self.chance.randint(1, 3), self.storm.seed * 100_000 + self.begun
        connection.close()  # not to be shared with the child
        pid = os.fork()
        if pid == 0:
            try:
                worker.work(self.log, self.clock, seed, place, passes, self._lies())
            finally:
                os._exit(1)  # a fault of the worker itself: the report shows it
        self.running[pid] = place or "anywhere"

    def _lies(self) -> worker.Lies:
        storm = self.storm
        return worker.Lies(storm.doubts / 100, storm.lost_ons / 100, storm.refused_middles / 100)

    def _deaths_at(self, place: str) -> int:
        """Count those who died at a named place, and those who are to die there."""
        return self.deaths.get(place, 0) + list(self.running.values()).count(place)

    def _bury(self) -> None:
        for pid, place in list(self.running.items()):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                del self.running[pid]
                killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
                cause = place if killed else "fault"
                self.deaths[cause] = self.deaths.get(cause, 0) + 1

    def _kill(self, with_what: signal.Signals) -> None:
        pid = self.chance.choice(list(self.running))
        os.kill(pid, with_what)
        if with_what is signal.SIGSTOP:
            time.sleep(70 / self.storm.speed)  # its lease is over, others go on
            os.kill(pid, signal.SIGCONT)
        else:
            self.running[pid] = "anywhere"

    def _end_all(self) -> None:
        for pid in self.running:
            os.kill(pid, signal.SIGKILL)
        for pid in self.running:
            os.waitpid(pid, 0)
