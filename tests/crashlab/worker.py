"""One worker of the lab: the product's own road, over a gateway that writes a log and lies."""

import json
import os
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from django.db import DatabaseError, InterfaceError, connection

from devices import dispatching, outbox, reaper
from devices.gateways.shape import Outcome, Outgoing, Reason, Sent
from devices.models import Command, SmsGateway
from devices.states import Effect

from .failpoints import arm


class FastClock:
    """A clock that runs faster than the wall's, the same in all processes of a lab."""

    def __init__(self, begun: float, first: datetime, speed: float) -> None:
        self.begun, self.first, self.speed = begun, first, speed
        self.ahead = timedelta()

    def stand_still(self) -> None:
        """Stop running: from now on time passes by `ahead` alone."""
        self.first, self.speed = self(), 0.0
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        seconds = (time.monotonic() - self.begun) * self.speed
        return self.first + timedelta(seconds=seconds) + self.ahead


class Lies(NamedTuple):
    """How often the gateway does what gateways should not, as parts of one."""

    doubts: float
    lost_ons: float
    refused_middles: float


class LoggingGateway:
    """What it takes, it writes down: one line, in one write, that outlives whoever made it."""

    def __init__(
        self,
        log: Path,
        clock: Callable[[], datetime],
        chance: random.Random,
        pass_by: Callable[[], None],
        lies: Lies,
    ) -> None:
        self.log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self.clock, self.chance, self.pass_by = clock, chance, pass_by
        self.lies = lies

    def __call__(self, gateway: SmsGateway, outgoing: Outgoing) -> Sent:
        turn = self.chance.random()
        if turn < 0.08:
            return Sent(Outcome.REJECTED, Reason.REFUSED)
        if turn < 0.14 or self._loses(outgoing):
            return Sent(Outcome.UNKNOWN, Reason.TIMEOUT)
        if self._never_takes(outgoing):
            return Sent(Outcome.REJECTED, Reason.DECLINED, permanent=True)
        line = {
            "key": outgoing.key,
            "phone": outgoing.phone,
            "text": outgoing.text,
            "at": self.clock().isoformat(),
        }
        os.write(self.log, json.dumps(line).encode() + b"\n")
        self.pass_by()
        if turn < 0.14 + self.lies.doubts:
            return Sent(Outcome.UNKNOWN, Reason.TIMEOUT)
        return Sent(Outcome.ACCEPTED, Reason.ACCEPTED)

    def _loses(self, outgoing: Outgoing) -> bool:
        """Tell whether this is the first try of an `on` that never arrives."""
        if not self.lies.lost_ons or self.chance.random() >= self.lies.lost_ons:
            return False
        first = Command.objects.filter(key=outgoing.key, tries=1)
        return first.filter(previous__isnull=False, effect=Effect.ON).exists()

    def _never_takes(self, outgoing: Outgoing) -> bool:
        """Tell whether this stands between an `off` and its `on`, and is refused for good."""
        if self.chance.random() >= self.lies.refused_middles:
            return False
        middle = Command.objects.filter(key=outgoing.key, previous__isnull=False)
        return middle.exclude(effect=Effect.ON).exists()


def work(
    log: Path,
    clock: FastClock,
    seed: int,
    failpoint: str,
    passes: int,
    lies: Lies,
) -> None:
    """Take commands and reap until killed; a database that is away is waited for.

    Every third worker has the threads that the product's own have.
    """
    chance = random.Random(seed)
    gateway = LoggingGateway(log, clock, chance, arm(failpoint, passes), lies)
    threads = 2 if chance.random() < 1 / 3 else 1
    while True:
        try:
            if threads > 1:
                found = bool(dispatching.dispatch(gateway, clock, threads))
            else:
                found = outbox.turn(gateway, clock)
            if not found or chance.random() < 0.1:
                reaper.reap(clock())
                time.sleep(0.01)
        except (DatabaseError, InterfaceError):
            connection.close()
            time.sleep(0.05)


def drain(log: Path, clock: FastClock, seed: int, lies: Lies, minutes: int = 240) -> None:
    """After the storm: let time pass, minute by minute, until all is over or stays as it is."""
    few = lies._replace(doubts=0.08)
    gateway = LoggingGateway(log, clock, random.Random(seed), lambda: None, few)
    clock.stand_still()
    for _minute in range(minutes):
        if not Command.objects.open().exists():
            return
        clock.ahead += timedelta(minutes=1)
        reaper.reap(clock())
        while outbox.turn(gateway, clock):
            pass
