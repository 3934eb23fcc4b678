"""One run after the other: time passes event by event, and the product's own stages do the rest.

Real are Prometheus, the database, every stage and the road of commands; simulated are the clock,
the vendors, and the gateway that writes down what it is given.
"""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.core.cache import cache

from devices import outbox, reaper
from devices.gateways.shape import Outcome, Outgoing, Reason, Sent
from devices.models import Command, SmsGateway
from devices.senders import Sender
from exporters import sightings
from jobs import acting, approvals, evaluation, verification
from jobs.models import Episode, JobExecution, Trigger
from jobs.tracks import SLOT
from platforms.audit import Actor
from platforms.models import User
from tests import factories

from .checker import Record, Telling
from .fleet import Fleet
from .front import Front, Prometheus
from .pages import Pages, Process, processes
from .schedule import Outage, Schedule
from .scrapes import Scrapes
from .truth import Truth

AGO = 3 * 3600  # seconds: nothing that the lab writes may lie ahead of the wall's clock
_OF_FRONT = tuple(f"prometheus_{each}" for each in (
    "hangs", "slow", "cut", "errors", "garbage", "partial", "lossy"))  # fmt: skip
Event = tuple[float, int, Callable[[], None]]


class Laboratory:
    """The fleet and the servers, for as many runs as are wanted."""

    def __init__(self, folder: Path, players: int) -> None:
        self.prometheus = Prometheus(folder)
        self.front = Front(self.prometheus, 0)
        self.fleet = Fleet(players)
        self.person: User | None = None

    def __enter__(self) -> "Laboratory":
        self.front.__enter__()
        self.fleet.build(self.front.url)
        self.person = factories.make_user("lab@example.test", is_superuser=True)
        return self

    def __exit__(self, *error: object) -> None:
        self.front.__exit__()
        self.prometheus.kill()

    def run(self, schedule: Schedule, until: str = "") -> Record:
        """Let one schedule happen; return what was done and how everything really was.

        `until`: a rule of the checker; it is enough when that was violated.
        """
        self.prometheus.kill()
        self.prometheus.wipe()
        self.prometheus.start()
        origin = (int(time.time()) - AGO) // SLOT * SLOT
        self.fleet.begin(schedule, datetime.fromtimestamp(origin, UTC))
        return _Run(self, schedule, float(origin)).go(until)


@dataclass
class _Run:
    """One schedule."""

    lab: Laboratory
    schedule: Schedule
    origin: float
    at: float = 0.0

    def __post_init__(self) -> None:
        self.chance = random.Random(f"{self.schedule.seed}:run")
        self.truth = Truth(self.schedule)
        fleet = self.lab.fleet
        numbers = ([each.number for each in source.players] for source in fleet.sources.values())
        bounds = tuple(range(mine[0], mine[-1] + 1) for mine in numbers)
        self.record = Record(self.schedule, self.truth, self.origin, bounds=bounds)
        self.pages = Pages(self.schedule, self.truth, fleet.sources, self.origin)
        phases = [self.chance.uniform(0, SLOT) for _each in fleet.sources]
        own = fleet.platforms["b1"].pk
        self.processes = processes(fleet.sources, own, phases)
        self.scrapes = Scrapes(self.lab.prometheus)

    def go(self, until: str) -> Record:
        """Let time pass."""
        for moment, _order, happen in sorted(self._events(), key=lambda each: each[:2]):
            self.at = moment
            self.lab.front.now = self.origin + moment + self._skew("prometheus_clock")
            wrong = (each.kind for each in self.schedule.of(*_OF_FRONT) if each.at(moment))
            self.lab.front.fault = next(wrong, "")
            happen()
            if any(each["rule"] == until for each in self.record.violations):
                return self.record
        self.record.close(self.lab.fleet)
        return self.record

    @property
    def now(self) -> datetime:
        """Return the moment that Remosa believes it is."""
        return datetime.fromtimestamp(self.origin + self.at + self._skew("our_clock"), UTC)

    def _skew(self, kind: str) -> int:
        return sum(each.number for each in self.schedule.of(kind) if each.at(self.at))

    def _events(self) -> Iterator[Event]:
        """Yield everything that happens."""
        end = self.schedule.seconds
        for process in self.processes:
            phase = self.chance.uniform(0, SLOT)
            yield from ((at + phase, 1, self._scraping(process)) for at in range(-60, end, SLOT))
        for slot in range(0, end, SLOT):
            began = slot + self.chance.uniform(0, 6)
            yield began, 2, self._unless_killed("evaluate", self._evaluate)
            for later in (4, 19):  # it is asked for every 10 seconds in life: here it is later
                yield began + later, 3, self._unless_killed("act", self._act)
            yield began + 10, 4, self._unless_killed("act", self._verify)
            if slot % 300 == 0:
                yield began + 12, 5, self._unless_killed("evaluate", self._sight)
        for outage in self.schedule.outages:
            yield from self._of_outage(outage)
        if self.schedule.late_players:
            yield self.schedule.late_at, 0, lambda: self.lab.fleet.enrol_late(self.schedule)

    def _of_outage(self, outage: Outage) -> Iterator[Event]:
        prometheus, fleet = self.lab.prometheus, self.lab.fleet
        if outage.kind in ("prometheus_killed", "prometheus_wiped"):
            yield outage.start, 0, prometheus.kill
            yield outage.end, 0, lambda: self._revive(outage)
        elif outage.kind == "players_removed":
            share, late = outage.share, self.schedule.late_players
            yield outage.start, 0, lambda: fleet.remove(outage.where, share, self.now)
            yield outage.end, 0, lambda: fleet.take_back(outage.where, late)

    def _revive(self, outage: Outage) -> None:
        if outage.kind == "prometheus_wiped":
            self.lab.prometheus.kill()
            self.lab.prometheus.wipe()
        if not self.lab.prometheus.is_up:
            self.lab.prometheus.start()
        self.scrapes.forget()

    def _scraping(self, process: Process) -> Callable[[], None]:
        return lambda: self._scrape(process)

    def _scrape(self, process: Process) -> None:
        """Let Prometheus read a page, unless it is down."""
        if not self.lab.prometheus.is_up:
            return
        page = self.pages.of(process, self.at)
        self.scrapes.of(process, page, self.lab.front.now)
        self.record.scraped(process, page or {}, self.at)

    def _unless_killed(self, part: str, deed: Callable[[], None]) -> Callable[[], None]:
        def alive() -> None:
            killed = self.schedule.of("workers_killed")
            if not any(e.at(self.at) and e.where in ("all", part) for e in killed):
                deed()

        return alive

    def _evaluate(self) -> None:
        cache.clear()  # what is remembered for ten seconds is forgotten by the next slot
        tick = evaluation.evaluate(self.now)
        if tick is not None:
            self.record.ticks += 1
            self.record.blind += bool(tick.blind)
            self.record.opened += tick.opened

    def _act(self) -> None:
        acting.act(self.now)
        self._acknowledge()
        while Command.objects.open().exists() and outbox.turn(self._send, lambda: self.now):
            pass

    def _verify(self) -> None:
        if JobExecution.objects.under_way().exists():
            reaper.reap(self.now)
            verification.verify(self.now)
            self.record.verified(self.at, self.lab.fleet)

    def _sight(self) -> None:
        sightings.record(self.now)

    def _acknowledge(self) -> None:
        """Let a person take over what is open, from the moment on at which one does."""
        user = self.lab.person
        if self.at < self.schedule.acknowledged or user is None:
            return
        person = Sender(Actor(label="lab", via="admin", user_id=user.pk), user)
        numbers = {player.pk: number for number, player in enumerate(self.lab.fleet.players)}
        open_ones = Episode.objects.open().filter(trigger=Trigger.RULE, acknowledged_at=None)
        for episode in open_ones:
            approvals.acknowledge(episode, person, self.now, "on my way")
            self.record.taken_over[numbers[episode.player_id]] = self.at

    def _send(self, gateway: SmsGateway, outgoing: Outgoing) -> Sent:
        """Take a message, as a gateway does, and restart the player behind it."""
        if any(each.at(self.at) for each in self.schedule.of("gateway_cut")):
            return Sent(Outcome.REJECTED, Reason.REFUSED)
        player = self.lab.fleet.by_phone[outgoing.phone]
        self.record.told(Telling(player, self.at, outgoing.text))
        self.truth.restart(player, self.at)
        return Sent(Outcome.ACCEPTED, Reason.ACCEPTED)
