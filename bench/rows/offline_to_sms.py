"""1,000 jobs: from the moment a player goes offline to its SMS on the wire, in real time.

Real are Prometheus, PostgreSQL, beat and the workers, on a broker of files, with the timetable as
it is. Simulated are the page of the exporter process and the gateway.
"""

import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from bench import installation, sms_gateway
from bench.databases import postgres, prometheus
from bench.fleet_page import FleetPage, serving
from bench.installation import Told
from bench.live_fleet import HOLD, phone
from bench.measuring import Result, Scale, at_most, cpu_of_all

TITLE = "offline player to SMS on the wire: 1,000 jobs (50 platforms x 20), 5,000 players"
PLAYERS, PLATFORMS, JOBS = 5_000, 50, 20
FAILING = 40  # players, of a platform each
WITHIN = 60.0  # seconds in which they go offline
SCRAPE, TICK = 15, 30  # seconds
FLOOR = SCRAPE + TICK  # beyond `for`
GOAL = FLOOR + 5.0
STEADY = 2  # slots in which everybody was seen online, before the first goes offline
BEGIN_WITHIN = 100.0
GIVEN_UP = HOLD + FLOOR + 30.0  # seconds after the last went offline: the row ends in any case


class Way(NamedTuple):
    """The moments of one player, in Unix time."""

    offline: float
    seen: float  # Prometheus read the page
    opened: float  # the slot was taken in which its episode opened
    acting: float  # acting began that gave the command
    given: float  # it was written
    sent: float  # the gateway had the message

    @property
    def delay(self) -> float:
        """Return what it took beyond `for`."""
        return self.sent - self.offline - HOLD


def run(scale: Scale) -> Iterator[Result]:
    """Let players go offline at random moments, and wait for their messages."""
    platforms = max(2, int(PLATFORMS * scale.share))
    players = scale.of(PLAYERS)
    page = FleetPage(platforms, players, offline=0)
    with ExitStack() as stack:
        port = stack.enter_context(serving(page))
        server = stack.enter_context(prometheus(port, SCRAPE))
        taken = stack.enter_context(sms_gateway.serving())
        database = stack.enter_context(postgres())
        settings = installation.settings(database, server.url)
        installation.make(settings, players, platforms, JOBS, gateway=taken.address)
        ask = stack.enter_context(installation.teller(settings))
        pids = stack.enter_context(installation.workers(settings))
        _begin(page, ask)
        began, spent = time.monotonic(), [cpu_of_all(pid) for pid in pids]
        failing = min(FAILING, platforms)
        numbers = [each * (players // platforms) + random.randrange(players // platforms)
                   for each in range(failing)]  # fmt: skip
        offline = _fail(page, numbers, taken)
        told, seconds = ask(), time.monotonic() - began
        spent = [cpu_of_all(pid) - was for pid, was in zip(pids, spent, strict=True)]
    yield from judged(_ways(offline, page.read, told["went"], taken.first), failing)
    extra = taken.messages - len(taken.first)
    yield at_most("messages beyond one for each player", extra, 0, "messages")
    per_message = spent[0] / max(1, taken.messages)
    yield Result(
        "CPU seconds",
        f"{per_message:.2f} of the sender for a message; the worker {spent[1]:.0f}, beat "
        f"{spent[2]:.1f}, in {seconds:.0f} s",
    )
    yield Result("the last tick of evaluation", f"{told['took']:.2f} s; waiting: {told['held']}")


def judged(ways: Sequence[Way], failing: int) -> Iterator[Result]:
    """Say how long it took, stage by stage, against the floor."""
    lost = failing - len(ways)
    yield at_most("players without a message", lost, 0, "players", f"of {failing}")
    if not ways:
        return
    yield at_most(
        "beyond `for`, p99", _p99([each.delay for each in ways]), GOAL, "s",
        f"p50 {statistics.median(each.delay for each in ways):.1f} s; the floor, a scrape and a "
        f"tick, is {FLOOR} s; over the goal {sum(each.delay > GOAL for each in ways)}",
    )  # fmt: skip
    stages: dict[str, Callable[[Way], float]] = {
        "offline to scraped": lambda way: way.seen - way.offline,
        "scraped to the slot taken, without `for`": lambda way: way.opened - way.seen - HOLD,
        "slot taken to acting": lambda way: way.acting - way.opened,
        "acting to the command": lambda way: way.given - way.acting,
        "command to the gateway": lambda way: way.sent - way.given,
    }
    for name, of in stages.items():
        values = [of(each) for each in ways]
        yield Result(name, f"p50 {statistics.median(values):.1f} s, p99 {_p99(values):.1f} s")


def _p99(values: Sequence[float]) -> float:
    """Return the value that 99 of 100 do not exceed: the largest of less than 100."""
    return sorted(values)[max(0, -(-len(values) * 99 // 100) - 1)]


def _begin(page: FleetPage, ask: Callable[[], Told]) -> None:
    """Wait until everybody was seen online for some slots."""
    deadline = time.monotonic() + BEGIN_WITHIN
    while ask()["slots"] < STEADY:
        if time.monotonic() > deadline:
            raise RuntimeError("the workers judge nothing")
        page.turn()
        time.sleep(1)


def _fail(page: FleetPage, numbers: Sequence[int], taken: sms_gateway.Taken) -> dict[int, float]:
    """Let the players go offline at random; return when each did, once all were told or late."""
    began = time.time()
    due = sorted((began + random.uniform(0, WITHIN), number) for number in numbers)
    offline: dict[int, float] = {}
    wanted = {phone(number) for number in numbers}
    end = began + WITHIN + GIVEN_UP
    told_at = 0.0
    while time.time() < end and not wanted <= taken.first.keys():
        now = time.time()
        turned = [number for at, number in due if at <= now and number not in offline]
        if turned or now - told_at >= 1:  # as a process says that it asks its vendor
            page.turn(turned)
            told_at = now
            offline |= dict.fromkeys(turned, time.time())
        time.sleep(0.05)
    return offline


def _ways(
    offline: Mapping[int, float],
    read: Sequence[float],
    went: Mapping[str, Sequence[float]],
    first: Mapping[str, float],
) -> list[Way]:
    """Return the ways of the players that were told of."""
    found = []
    for number, at in offline.items():
        key = phone(number)
        if key in first and key in went:
            seen = min((each for each in read if each > at), default=at)
            opened, acting, given = went[key]
            found.append(Way(at, seen, opened, acting, given, first[key]))
    return found
