"""One run: the world is built, the storm passes over it, time passes until all is quiet."""

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, InterfaceError, connection

from tests.crashlab import lab as road

from . import checker, clockwork, history, worker
from .clock import SharedClock
from .failpoints import NAMES
from .outside import Outside
from .worker import Desk
from .world import World

OLDEST = 12.0  # seconds of the wall after which a worker dies that did not come to its place


@dataclass
class EngineStorm(road.Storm):
    """How much is to be endured; the rest is that of the road."""

    platforms: int = 4
    players: int = 20  # of each
    place: str = ""  # the only one at which workers die
    minutes: int = 180  # of the lab's time, to become quiet afterwards
    beats_and_workers: int = 0  # seconds of the wall for which Celery does the work
    of_those: int = 0  # kills among its processes


@dataclass
class EngineLab(road.Lab):
    """The road's lab, with the whole engine in its workers."""

    storm: EngineStorm = field(default_factory=EngineStorm)
    enough: bool = False
    born: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.clock: SharedClock = SharedClock(self.storm.speed)
        self.world = World(self.storm.players)
        self.outside = Outside(self.folder, self.clock, self.world, self.storm.seed)

    def run(self) -> dict[str, Any]:
        """Let it all happen; return what was found."""
        signal.signal(signal.SIGTERM, self._end_early)
        self.world.build(self.storm.platforms, self.clock())
        history.install()
        history.note_runs(self.folder / "ticks.log")
        connection.close()
        self.outside.begin()
        self.world.reach(*self.outside.addresses)
        self.desk = Desk(self.folder, self.clock, self._lies(), self.world.person)
        started = time.monotonic()
        crashes = self._storm()
        with_celery: dict[str, Any] = {}
        if self.storm.beats_and_workers and not self.enough:
            with_celery = clockwork.run(
                self.desk, self.storm.beats_and_workers, self.storm.of_those, self.chance
            )
        self.outside.calm_down()
        stormed = time.monotonic()
        sys.stderr.write(f"storm: {stormed - started:.0f} s {self.deaths}\n")
        minutes = worker.drain(
            self.desk, self.storm.seed, self.outside.wait, checker.unrest, self.storm.minutes
        )
        truth = self.outside.end()
        return {
            "kills": sum(self.deaths.values()) + with_celery.get("celery_kills", 0),
            "pg_crashes": crashes,
            "stops": self.stopped,
            **checker.Checker(self.folder, self.clock, self.world, truth).report(),
            **history.ticks(self.folder / "ticks.log"),
            **with_celery,
            "deaths": dict(sorted(self.deaths.items())),
            "never_reached": sorted(set(NAMES) - set(self.deaths)),
            "faults": history.faults(self.folder / "faults.log"),
            "hours_of_the_lab": round(self.clock.seconds / 3600, 1),
            "minutes_until_quiet": minutes,
            "seconds": round(stormed - started, 1),
        }

    def _end_early(self, *_told: object) -> None:
        self.enough = True

    def _storm(self) -> int:
        """Kill, stop and crash until it is enough; return how often the server was stopped."""
        stops, crashes, self.stopped = self.storm.stops, 0, 0
        try:
            while sum(self.deaths.values()) < self.storm.kills and not self.enough:
                self._bury()
                while len(self.running) < self.storm.workers:
                    self._hatch()
                done = sum(self.deaths.values()) / self.storm.kills
                if self.chance.random() < 0.004 and self.storm.named < 100:
                    self._kill(signal.SIGKILL)
                self._end_the_old()
                if self.stopped < stops * done:
                    self.stopped += 1
                    self._kill(signal.SIGSTOP)
                if crashes < int((self.storm.server_crashes + 0.5) * done):
                    crashes += 1
                    self._crash()
                time.sleep(0.01)
        finally:
            self._end_all()
            self.running.clear()
        return crashes

    def _crash(self) -> None:
        """Stop the server at once, and start it again."""
        if self.crash_server is None:
            return
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
        place = self._place()
        passes, seed = self.chance.randint(1, 2), self.storm.seed * 100_000 + self.begun
        connection.close()  # not to be shared with the child
        pid = os.fork()
        if pid == 0:
            _alone(lambda: worker.work(self.desk, seed, place, passes), self.folder)
        self.running[pid] = place or "anywhere"
        self.born[pid] = time.monotonic()

    def _place(self) -> str:
        """Return where the next worker dies: places at which few did come first, mostly."""
        if self.chance.randrange(100) >= self.storm.named:
            return ""
        if self.storm.place:
            return self.storm.place
        some = self.chance.sample(NAMES, 4)
        return min(some, key=self._deaths_at)

    def _end_the_old(self) -> None:
        oldest = 5 * OLDEST if self.storm.place else OLDEST
        for pid in [pid for pid in self.running if time.monotonic() - self.born[pid] > oldest]:
            os.kill(pid, signal.SIGKILL)
            self.running[pid] = "anywhere"


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
