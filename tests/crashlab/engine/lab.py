"""One run: the world is built, the storm passes over it, time passes until all is quiet."""

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from jobs.models import Job, Track, Trigger
from tests.crashlab import lab as road

from . import checker, clockwork, history, worker
from .clock import SharedClock
from .failpoints import Deaths
from .outside import Outside
from .worker import Desk
from .world import World

BY_ITSELF = "by itself"  # a worker that is to die at a place


@dataclass
class EngineStorm(road.Storm):
    """How much is to be endured; the rest is that of the road."""

    platforms: int = 4
    players: int = 40  # of each
    seconds: int = 60  # of the wall, at the most
    each: int = 2  # deaths at each place; `kills` are those anywhere
    deaths: int = 0  # at all places together that suffice; 0: those at each
    place: str = ""  # the only one at which workers die
    minutes: int = 180  # of the lab's time, to become quiet afterwards
    beats_and_workers: int = 0  # seconds of the wall for which Celery does the work
    of_those: int = 0  # kills among its processes


@dataclass
class EngineLab(road.Lab):
    """The road's lab, with the whole engine in its workers."""

    storm: EngineStorm = field(default_factory=EngineStorm)
    enough: bool = False
    stopped: int = 0
    crashes: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.timepiece = SharedClock(self.folder / "clock", self.storm.speed)
        timezone.now = self.timepiece  # in all that is forked from here, too
        self.world = World(self.storm.players)
        self.outside = Outside(self.folder, self.timepiece, self.world, self.storm.seed)
        self.places = Deaths(self.storm.place, lambda: self.timepiece.seconds)

    def run(self) -> dict[str, Any]:
        """Let it all happen; return what was found."""
        signal.signal(signal.SIGTERM, self._end_early)
        self.world.build(self.storm.platforms, self.timepiece())
        history.install()
        history.note_runs(self.folder / "ticks.log", self.timepiece)
        connection.close()
        self.outside.begin()
        self.world.reach(*self.outside.addresses)
        self.desk = Desk(self.folder, self.timepiece, self._lies(), self.world.person)
        self._begin()
        started = time.monotonic()
        self._storm()
        with_celery: dict[str, Any] = {}
        if self.storm.beats_and_workers and not self.enough:
            with_celery = clockwork.run(
                self.desk, self.storm.beats_and_workers, self.storm.of_those, self.chance
            )
        self.outside.calm_down()
        stormed = time.monotonic()
        deaths = {**self.places.counts, **self.deaths}
        sys.stderr.write(f"storm: {stormed - started:.0f} s {deaths}\n")
        minutes = self._become_quiet()
        truth = self.outside.end()
        return {
            "kills": sum(deaths.values()) + with_celery.get("celery_kills", 0),
            "pg_crashes": self.crashes,
            "stops": self.stopped,
            **checker.Checker(self.folder, self.timepiece, self.world, truth).report(),
            **history.ticks(self.folder / "ticks.log"),
            **with_celery,
            "deaths": {name: number for name, number in sorted(deaths.items()) if number},
            "never_reached": sorted(name for name, number in deaths.items() if not number),
            "faults": history.faults(self.folder / "faults.log"),
            "hours_of_the_lab": round(self.timepiece.seconds / 3600, 1),
            "minutes_until_quiet": minutes,
            "seconds": round(stormed - started, 1),
        }

    def _begin(self) -> None:
        """Let time pass until somebody hangs: what comes before is worth no waiting."""
        self._let_pass(lambda _step: Track.objects.filter(bad=True).exists(), minutes=30)
        self.timepiece.run_on()

    def _become_quiet(self) -> int:
        """Let time pass until all is over; return how many minutes that took."""
        # Nothing more comes by the clock: else it would never be quiet.
        tomorrow = self.timepiece() + timedelta(days=1)
        Job.objects.filter(trigger=Trigger.SCHEDULE).update(due_at=tomorrow)
        return self._let_pass(
            lambda step: step > 20 and not checker.unrest(), minutes=self.storm.minutes
        )

    def _let_pass(self, is_over: Callable[[int], object], minutes: int) -> int:
        return worker.let_pass(self.desk, self.storm.seed, self.outside.wait, is_over, minutes)

    def _end_early(self, *_told: object) -> None:
        self.enough = True

    def _storm(self) -> None:
        """Let workers die, stop and lose their server until each place had its deaths."""
        storm, began = self.storm, time.monotonic()
        try:
            while (part := self._part(time.monotonic() - began)) < 1:
                self._bury()
                self.timepiece.keep_pace()
                if self.enough or self._is_endured():
                    break
                # Those at which many come by have no more than the others: the rest is for these.
                self.places.allow(min(storm.each, 1 + _due(storm.each, part)))
                while len(self.running) < storm.workers:
                    self._hatch()
                if self.deaths.get("anywhere", 0) < _due(storm.kills, part):
                    self._kill(signal.SIGKILL)
                if self.stopped < _due(storm.stops, part):
                    self.stopped += 1
                    self._kill(signal.SIGSTOP)
                if self.crashes < _due(storm.server_crashes, part):
                    self._crash()
                time.sleep(0.01)
        finally:
            self._end_all()
            self.running.clear()

    def _part(self, lasted: float) -> float:
        """Return how much of the storm is over: by the wall, or by those who died."""
        storm = self.storm
        died = sum(self.places.counts.values()) / storm.deaths if storm.deaths else 0.0
        return max(lasted / storm.seconds, died) if storm.seconds else 1.0

    def _is_endured(self) -> bool:
        storm = self.storm
        return (
            min(self.places.counts.values()) >= storm.each
            and self.deaths.get("anywhere", 0) >= storm.kills
            and self.stopped >= storm.stops
            and (self.crash_server is None or self.crashes >= storm.server_crashes)
        )

    def _crash(self) -> None:
        """Stop the server at once, and start it again."""
        if self.crash_server is None:
            return
        self.crashes += 1
        connection.close()
        self.crash_server()
        while True:
            try:
                connection.ensure_connection()
                return
            except (DatabaseError, InterfaceError):
                time.sleep(0.05)

    def _hatch(self) -> None:
        self.begun += 1
        seed = self.storm.seed * 100_000 + self.begun
        connection.close()  # not to be shared with the child
        pid = os.fork()
        if pid == 0:
            _alone(lambda: worker.work(self.desk, seed, self.places), self.folder)
        self.running[pid] = BY_ITSELF

    def _bury(self) -> None:
        super()._bury()
        self.deaths.pop(BY_ITSELF, None)  # the place has counted it


def _due(number: int, part: float) -> int:
    """Return how many of a number have to be by now; the last part is for what came too late."""
    return min(number, int(number * part * 1.25))


def _alone(deed: Callable[[], None], folder: Any) -> None:
    """Do it in a process that was just forked, and never come back."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        deed()
    except BaseException as error:  # noqa: BLE001
        # A fault of the product or the lab: the report shows it.
        history.note_fault(folder / "faults.log", error)
    finally:
        os._exit(1)
