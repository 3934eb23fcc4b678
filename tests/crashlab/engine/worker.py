"""One worker of the lab: every stage of the engine and of the road, until it is killed."""

import os
import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connection

from devices import dispatching, inbox, outbox, reaper, reconciliation, verification as of_devices
from devices.models import SmsGateway
from devices.senders import Sender
from exporters import sightings
from jobs import acting, approvals, evaluation, naming, retention, schedules, verification, watchdog
from tests.crashlab.worker import Lies, LoggingGateway

from . import history
from .clock import SharedClock
from .failpoints import Deaths, arm
from .person import Person

Stage = Callable[[datetime], object]


class Desk(NamedTuple):
    """What every worker of a lab is given."""

    folder: Path
    clock: SharedClock
    lies: Lies
    sender: Sender  # whoever decides


def stages(desk: Desk, person: Person, calm: bool) -> Mapping[str, tuple[float, Stage]]:
    """Return what workers are asked for, each with its seconds: the tasks of the product.

    And what people do meanwhile; where it is calm they approve, and let the rest be.
    """

    def act(now: datetime) -> None:
        approvals.lapse(now)
        acting.act(now)

    def ask_for_messages(_now: datetime) -> None:
        for gateway in SmsGateway.objects.filter(enabled=True):
            inbox.poll(gateway, desk.clock)

    return {
        "evaluate": (10, evaluation.evaluate),
        "act": (30, act),
        "verify": (30, verification.verify),
        "schedules": (30, schedules.keep),
        "sweep": (10, reaper.reap),
        "doubts": (30, reconciliation.reconcile),
        "verdicts": (30, of_devices.verify),
        "inbox": (20, ask_for_messages),
        "decide": (20, person.approve if calm else person.decide),
        "stir": (20, (lambda _now: None) if calm else person.stir),
        "watch": (30, watchdog.watch),
        "sightings": (60, sightings.record),
        "names": (600, lambda _now: naming.keep_in_step()),
        "prune": (1800, lambda now: list(retention.prune(now, seconds=5))),
    }


class Worker:
    """The stages in turn, as often as they are due for this process."""

    def __init__(self, desk: Desk, chance: random.Random, pass_by: Callable[[], None],
                 calm: bool = False) -> None:  # fmt: skip
        self._desk, self._chance = desk, chance
        clock, log = desk.clock, desk.folder / "gateway.log"
        self._gateway = LoggingGateway(log, clock, self._chance, pass_by, desk.lies)
        self._stages = {
            **stages(desk, Person(desk.sender, chance), calm),
            "send": (2, self._send),
        }
        self._calm = calm
        self._due = {
            name: clock.seconds + self._chance.uniform(0, seconds)
            for name, (seconds, _stage) in self._stages.items()
        }
        self._threads = 2 if self._chance.random() < 1 / 3 else 1

    def turn(self) -> None:
        """Do what is due, and send what waits."""
        for name, (seconds, stage) in self._stages.items():
            if self._desk.clock.seconds < self._due[name]:
                continue
            # Where time passes by half minutes, it is enough for all but the slots to take turns.
            rest = 60 if self._calm and name not in ("evaluate", "send") else seconds
            self._due[name] = self._desk.clock.seconds + max(rest, seconds)
            cache.clear()  # what is remembered for some seconds of the wall is old by now
            self._guarded(stage)

    def _send(self, _now: datetime) -> None:
        if self._threads > 1:
            dispatching.dispatch(self._gateway, self._desk.clock, self._threads)
        else:
            while outbox.turn(self._gateway, self._desk.clock):
                pass

    def _guarded(self, stage: Stage) -> None:
        """Do it; a database that is away is waited for, and what else is raised is written down."""
        try:
            stage(self._desk.clock())
        except (DatabaseError, InterfaceError) as error:
            history.note_fault(self._desk.folder / "faults.log", error)
            connection.close()
            time.sleep(0.02)


def work(desk: Desk, seed: int, deaths: Deaths) -> None:
    """Work until killed, and no longer than the lab is there."""
    lab, chance = os.getppid(), random.Random(seed)
    worker = Worker(desk, chance, arm(deaths, chance))
    while os.getppid() == lab:
        worker.turn()
        time.sleep(0.01)


def let_pass(desk: Desk, seed: int, outside_follows: Callable[[], None],
             is_over: Callable[[int], object], minutes: int) -> int:  # fmt: skip
    """Let time pass by half minutes, with one worker that nobody kills; return how many minutes."""
    few = desk._replace(lies=desk.lies._replace(doubts=0.05))
    worker = Worker(few, random.Random(seed), lambda: None, calm=True)
    desk.clock.stand_still()
    for step in range(minutes * 2):
        desk.clock.turn(30)
        outside_follows()
        worker.turn()
        if is_over(step):
            return step // 2
    return minutes
