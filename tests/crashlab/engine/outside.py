"""What is around Remosa, in a process that nobody kills: Prometheus, players, sockets, SMS.

The gateway of the workers writes what it takes into a file; the sockets read it there. It knows no
database.
"""

import json
import math
import os
import random
import time
import traceback
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.sharedctypes import RawArray
from pathlib import Path
from typing import Any

from tests.exporters.watched_world import serving
from tests.outage_lab.front import Front, Prometheus
from tests.outage_lab.pages import Pages, Process
from tests.outage_lab.schedule import Schedule
from tests.outage_lab.scrapes import Scrapes

from .clock import SharedClock
from .truth import NEVER, Truth
from .world import World, most_bad

SCRAPED_EVERY = 15  # seconds of the lab
BACK = 900  # seconds for which a player that was restarted counts as bad for a brake
REPAIRED = 2700  # seconds after which somebody comes, once nobody begins to hang any more
STUBBORN = 2700.0  # seconds for which a player hangs that no restart helps
CROWD = 1 / 240  # chance, at each scrape, that many players of a source hang at once


class _FrontOfNow(Front):
    """Answers about the lab's now, whatever that is when it is asked."""

    def __init__(self, prometheus: Prometheus, clock: SharedClock) -> None:
        super().__init__(prometheus, 0)
        self._clock = clock

    def answer(self, path: str, form: str) -> tuple[int, bytes] | None:
        """Answer a question of this moment."""
        self.now = self._clock().timestamp()
        return super().answer(path, form)


class _Inbox(BaseHTTPRequestHandler):
    """What sockets answered of late: the list of a gateway that keeps some messages."""

    server: Any

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
        """Write no line for each request."""

    def do_GET(self) -> None:
        body = json.dumps({"sms_messages": list(self.server.answers)[-40:]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@dataclass
class Outside:
    """The process: begun by the lab, ended by it."""

    folder: Path
    clock: SharedClock
    world: World
    seed: int
    pid: int = 0
    addresses: tuple[str, str] = ("", "")
    #: When the last scrape was; whether players still begin to hang; whether it is over.
    _shared: Any = field(default_factory=lambda: RawArray("d", (-1.0, 1.0, 0.0)))

    @property
    def log(self) -> Path:
        """Return the file into which the gateway writes what it takes."""
        return self.folder / "gateway.log"

    def begin(self) -> None:
        """Start the process; return when its servers answer."""
        reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            # Workers die in the middle of their questions: no word of it.
            ThreadingHTTPServer.handle_error = lambda *_told: None  # type: ignore[method-assign]
            os.setsid()  # who ends the lab early ends its storm, and not what is around
            try:
                _Running(self, writing).go()
            except BaseException:  # noqa: BLE001
                # Whoever runs the lab has to know why there is nothing around any more.
                traceback.print_exc()
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            prometheus, inbox = json.loads(pipe.read())
        self.addresses = (prometheus, inbox)

    def calm_down(self) -> None:
        """Let nobody hang any more who does not already."""
        self._shared[1] = 0.0

    def wait(self) -> None:
        """Wait until Prometheus has been told of the clock's last turn."""
        deadline = time.monotonic() + 30
        while self._shared[0] < self.clock.seconds - SCRAPED_EVERY:
            if time.monotonic() > deadline:
                raise RuntimeError("the world around is not there any more")
            time.sleep(0.002)

    def end(self) -> Truth:
        """End the process; return how the players really were."""
        self._shared[2] = 1.0
        os.waitpid(self.pid, 0)
        told = json.loads((self.folder / "truth.json").read_text())
        return Truth.read(told)


class _Running:
    """The process from within."""

    def __init__(self, outside: Outside, pipe: int) -> None:
        self.outside, self.pipe = outside, pipe
        self.clock, self.world = outside.clock, outside.world
        self.shared = outside._shared
        self.chance = random.Random(outside.seed)
        self.truth, self.answers = Truth(), list[dict[str, str]]()
        self.read, self.parent = 0, os.getppid()
        self.first = self.clock.first.timestamp()

    def go(self) -> None:
        """Run until told to end."""
        prometheus = Prometheus(self.outside.folder)
        process = self.world.process()
        sources = {each.name: each for each in self.world.sources}
        # Its vendors know the truth, and say it.
        pages = Pages(Schedule(0, 0), self.truth, sources, self.first)  # type: ignore[arg-type]
        scrapes = Scrapes(prometheus)
        try:
            prometheus.start()
            with _FrontOfNow(prometheus, self.clock) as front, serving(_Inbox) as inbox:
                inbox.answers = self.answers  # type: ignore[attr-defined]
                told = json.dumps((front.url, f"http://127.0.0.1:{inbox.server_address[1]}"))
                os.write(self.pipe, told.encode())
                os.close(self.pipe)
                while not self.shared[2] and os.getppid() == self.parent:
                    self._turn(process, pages, scrapes)
                    time.sleep(0.003)
        finally:
            prometheus.kill()
        (self.outside.folder / "truth.json").write_text(json.dumps(self.truth.told()))

    def _turn(self, process: Process, pages: Pages, scrapes: Scrapes) -> None:
        now = self.clock.seconds
        self._obey()
        due = now // SCRAPED_EVERY * SCRAPED_EVERY
        if due > self.shared[0]:
            if self.shared[1]:
                self._hang(now)
            else:
                self.truth.mend(now - REPAIRED, now)
            page = pages.of(process, now)
            scrapes.of(process, page, self.first + now)
            self.shared[0] = due

    def _obey(self) -> None:
        """Let the sockets do what they were told since the last time."""
        if not self.outside.log.exists():
            return
        with self.outside.log.open("rb") as log:
            log.seek(self.read)
            whole, newline, _rest = log.read().rpartition(b"\n")
        self.read += len(whole) + len(newline)
        for line in map(json.loads, whole.splitlines()):
            at = self.clock.seconds
            answer = self.truth.obey(self.world.by_phone[line["phone"]], line["text"], at)
            if self.chance.random() < 0.8:
                moment = self.clock().isoformat()
                told = {"from": line["phone"], "message": answer, "timestamp": moment}
                self.answers.append(told)

    def _hang(self, now: float) -> None:
        """Let some players hang: mostly so few that no brake engages, now and then a crowd."""
        for source in self.world.sources[:-1]:
            busy = [e for e in source.players if self.truth.is_busy(e.number, now, BACK)]
            free = [each.number for each in source.players if each not in busy]
            if now < 150:
                continue
            if now > 1200 and self.chance.random() < CROWD:
                for player in self.chance.sample(free, min(len(free), len(source.players) // 2)):
                    self.truth.hang(player, now, NEVER, self.chance.uniform(240.0, 480.0))
            elif len(busy) < most_bad(len(source.players)) and self.chance.random() < 0.25:
                self._hang_one(self.chance.choice(free), now)

    def _hang_one(self, player: int, now: float) -> None:
        """Let a player hang until it is restarted once or twice, or by itself, or for long."""
        turn = self.chance.random()
        needs = 1 if turn < 0.6 else 2 if turn < 0.75 else NEVER
        by_itself = self.chance.random() < 0.25
        lasts = STUBBORN if needs == NEVER else 180.0 if by_itself else math.inf
        self.truth.hang(player, now, needs, lasts)
