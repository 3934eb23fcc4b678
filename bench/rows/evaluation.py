"""1,000 jobs over 100,000 players: one tick, beside one bare query, and Prometheus' own rules."""

import json
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bench.databases import Prometheus, postgres, prometheus
from bench.fleet_page import ROUND, STATUS, FleetPage, serving
from bench.measuring import Result, Scale, at_least, at_most, cpu_seconds, resident
from bench.processes import running, until
from bench.ticks import SETTLE

TITLE = "1,000 jobs (50 platforms x 20 durations) over 100,000 players, PostgreSQL, Prometheus"
PLAYERS, PLATFORMS, JOBS = 100_000, 50, 20
CHANGING = 0.01
SLOT = 30
GOAL, RULES_GOAL, MEMORY_GOAL = 1.5, 20.0, 500.0
#: Prometheus answers about moments to come with what it read last; 150 seconds are believed.
FURTHEST_AHEAD = 90.0
RULES_WITHIN = 240.0  # seconds
BARE = f"{STATUS.name} == 0"
Told = Mapping[str, Any]


def run(scale: Scale) -> Iterator[Result]:
    """Tick and ask in turns: a quiet slot, and one after 1 % of all states changed, both ways."""
    platforms = max(2, int(PLATFORMS * scale.share))
    players = scale.of(PLAYERS)
    interval = 15 if players > 10_000 else 1
    page = FleetPage(platforms, players)
    with serving(page) as port, prometheus(port, interval) as server, postgres() as database:
        turns = _Turns(page, server)
        with running(
            "-m", "bench.ticks", f"--players={players}", f"--platforms={platforms}",
            f"--jobs={JOBS}", DATABASE_URL=database,
        ) as made:  # fmt: skip
            if made.wait(600):
                raise RuntimeError("the rows were not made")
        with _worker(database, server) as (tick, settle):
            first = turns.next(tick, changing=False)
            turns.next(tick, changing=True)  # plans and caches are warm
            settle()
            found: dict[bool, list[Told]] = {True: [], False: []}
            for _turn in range(scale.repeats):
                for changing, ticks in found.items():
                    ticks.append(turns.next(tick, changing))
        yield Result("first look at everybody", _told(first))
        bare = statistics.median(turns.bare)
        cpu = statistics.median(turns.bare_cpu)
        yield Result(f"one bare `{BARE}`", f"{bare:.3g} s, {cpu:.3g} CPU s, {turns.size:.2g} MB")
        for changing, name in ((False, "a quiet tick"), (True, "a tick after 1 % changed")):
            yield from _compared(name, found[changing], bare, cpu)
        quiet = [each["rows"].get("jobs_track", 0) for each in found[False]]
        yield at_most("rows of players that a quiet tick writes", max(quiet), 0, "rows")
        most = found[True][-1]["most"]
        yield at_most("memory of the worker at most", most, MEMORY_GOAL, "MB")
        tick_seconds = statistics.median(each["seconds"] for each in found[True])
        yield from _rules(server, platforms, tick_seconds)


class _Turns:
    """Slots that follow each other in the time that they take, each beside one bare query."""

    def __init__(self, page: FleetPage, server: Prometheus) -> None:
        self.bare: list[float] = []
        self.bare_cpu: list[float] = []
        self.size = 0.0  # MB of an answer
        self._page, self._server = page, server
        self._at = time.time()

    def next(self, tick: Callable[[float], Told], changing: bool) -> Told:
        """Evaluate the next slot."""
        self._at = max(self._at + SLOT, time.time())
        time.sleep(max(0.0, self._at - time.time() - FURTHEST_AHEAD))
        self._page.ahead = self._at - time.time()
        # Read anew in any case: no scrape falls into what is measured then.
        self._page.change(CHANGING if changing else 0.0)
        wanted = self._page.round
        until(lambda: self._server.value(ROUND) == wanted, self._server.process)
        before, began = cpu_seconds(self._server.pid), time.perf_counter()
        answer = self._server.ask(BARE, self._at)
        self.bare.append(time.perf_counter() - began)
        middle = cpu_seconds(self._server.pid)
        self.bare_cpu.append(middle - before)
        self.size = len(answer) / 1e6
        told = tick(self._at)
        if told["known"] != told["clocks"] or told["lost"]:
            # Prometheus answered too late: a tick that judged nothing would be a cheap one.
            raise RuntimeError(f"not everything was evaluated: {told}")
        return {**told, "prometheus": cpu_seconds(self._server.pid) - middle}


@contextmanager
def _worker(
    database: str, server: Prometheus
) -> Iterator[tuple[Callable[[float], Told], Callable[[], None]]]:
    settings = {"DATABASE_URL": database, "PROMETHEUS_URL": server.url, "LOG_LEVEL": "ERROR"}
    with running("-m", "bench.ticks", **settings) as process:

        def tick(at: float) -> Told:
            return _answered(process, at)

        yield tick, lambda: _say(process, SETTLE)


def _say(process: "subprocess.Popen[bytes]", line: str) -> None:
    assert process.stdin is not None  # noqa: S101 (pipes, by `running`)
    process.stdin.write(f"{line}\n".encode())
    process.stdin.flush()


def _answered(process: "subprocess.Popen[bytes]", at: float) -> Told:
    _say(process, str(at))
    assert process.stdout is not None  # noqa: S101 (pipes, by `running`)
    told: Told = json.loads(process.stdout.readline() or "{}")
    if not told:
        raise RuntimeError("the worker ended")
    return told


def _compared(name: str, ticks: list[Told], bare: float, cpu: float) -> Iterator[Result]:
    def median(key: str) -> float:
        return float(statistics.median(each[key] for each in ticks))

    seconds = median("seconds")
    parts = [median(key) for key in ("cpu", "database", "prometheus")]
    rows = {table.removeprefix("jobs_"): count for table, count in ticks[-1]["rows"].items()}
    yield at_most(f"{name} to a bare query", seconds / bare, GOAL, "times", f"{seconds:.3g} s")
    yield Result(
        f"{name}, CPU seconds",
        f"{sum(parts) / cpu:.3g} times: {parts[0]:.3g} worker, {parts[1]:.3g} PostgreSQL, "
        f"{parts[2]:.3g} Prometheus; rows {rows}",
    )


def _rules(server: Prometheus, platforms: int, tick: float) -> Iterator[Result]:
    """Let Prometheus evaluate one such rule over everything, and the same rules as the jobs."""
    one = [{"alert": "All", "expr": BARE, "for": "10m"}]
    seconds, cpu = _evaluated(server, "one", one)
    yield Result("Prometheus: one such rule over all", f"{seconds:.3g} s, {cpu:.3g} CPU s")
    every = [
        {
            "alert": f"Job{platform}_{count}",
            "expr": f'{STATUS.name}{{platform_id="{platform}"}} == 0',
            "for": f"{10 + count}m",
        }
        for platform in range(1, platforms + 1)
        for count in range(JOBS)
    ]
    seconds, cpu = _evaluated(server, "all", every)
    memory = resident(server.pid)[1]
    told = f"{seconds:.3g} s, {cpu:.3g} CPU s, {memory:.0f} MB at most"
    yield at_least(f"Prometheus: the same {len(every):,} rules", seconds / tick, RULES_GOAL, told)


def _evaluated(server: Prometheus, group: str, rules: list[Any]) -> tuple[float, float]:
    """Return the seconds and CPU seconds of the first evaluation, or of the time there is."""
    server.follow({"groups": [{"name": group, "rules": rules}]})
    before, began = cpu_seconds(server.pid), time.monotonic()
    while time.monotonic() - began < RULES_WITHIN:
        time.sleep(0.2)
        seconds = server.figure("prometheus_rule_group_last_duration_seconds", group)
        if seconds:
            return seconds, cpu_seconds(server.pid) - before
    return RULES_WITHIN, cpu_seconds(server.pid) - before


def _told(tick: Told) -> str:
    return f"{tick['seconds']:.3g} s, {tick['written']:,} players written, {tick['most']:.0f} MB"
