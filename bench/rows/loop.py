"""The whole loop over 100,000 players in real time: what all parts of it take of the CPU together.

Real are the exporter process, Prometheus, PostgreSQL, beat and the workers, with the timetable as
it is. Simulated are the vendor and Remosa's API, whose CPU is not counted.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from urllib.parse import urlsplit

from bench import installation
from bench.databases import postgres, postmaster, prometheus
from bench.fleet_page import STATUS
from bench.installation import Told
from bench.measuring import Result, Scale, at_most, cpu_of_all, resident
from bench.processes import exporter, far_side, until
from bench.ticks import SETTLE

TITLE = "the whole loop: 100,000 players at 50 ms, 1 % change a minute, 1,000 jobs, every 30 s"
PLAYERS, PLATFORMS, JOBS = 100_000, 50, 20
LATENCY, CHANGE_EVERY = 0.05, 120.0
ROUND, SCRAPE = 30, 15  # seconds
ROUNDS = 4
STEADY = 2  # slots in which every source was known, before anything is measured
BEGIN_WITHIN = 300.0
GOAL = 20.0  # CPU seconds a round, of 60 that two cores have


def run(scale: Scale) -> Iterator[Result]:
    """Let everything run at its usual pace, and count."""
    platforms = max(2, int(PLATFORMS * scale.share))
    players = scale.of(PLAYERS) // platforms * platforms
    with ExitStack() as stack:
        side = stack.enter_context(far_side(players, LATENCY, CHANGE_EVERY, platforms))
        ours = stack.enter_context(exporter("cubic", **side.settings))
        port = urlsplit(ours.metrics).port or 0
        server = stack.enter_context(prometheus(port, SCRAPE))
        database = stack.enter_context(postgres())
        settings = installation.settings(database, server.url)
        installation.make(settings, players, platforms, JOBS)
        until(lambda: server.value(f"count({STATUS.name})") == players, ours.process, BEGIN_WITHIN)
        ask = stack.enter_context(installation.teller(settings))
        sender, worker, beat = stack.enter_context(installation.workers(settings))
        parts = {
            "exporter": ours.pid, "Prometheus": server.pid, "PostgreSQL": postmaster(database),
            "worker": worker, "sender": sender, "beat": beat,
        }  # fmt: skip
        _begin(ask, platforms)
        before, asked, spent = ask(SETTLE), side.asked(), _spent(parts)
        began = time.monotonic()
        time.sleep(ROUND * min(ROUNDS, scale.repeats))
        rounds = (time.monotonic() - began) / ROUND
        used = {name: (now - spent[name]) / rounds for name, now in _spent(parts).items()}
        polls, after = (side.asked() - asked) / players / rounds, ask()
        memory = {name: resident(parts[name])[1] for name in ("exporter", "Prometheus")}
    yield from judged(used, before, after, polls, rounds)
    told = ", ".join(f"{name} {size:.0f} MB" for name, size in memory.items())
    yield Result("memory at most", told)


def judged(
    used: Mapping[str, float], before: Told, after: Told, polls: float, rounds: float
) -> Iterator[Result]:
    """Say what a round took, and whether all of it was done."""
    told = ", ".join(f"{name} {seconds:.2g}" for name, seconds in used.items())
    yield at_most("CPU of a round", sum(used.values()), GOAL, "s", told)
    # One slot may begin just before or end just after what was measured.
    left_out = max(0, round(rounds) - 1 - (after["slots"] - before["slots"]))
    took = f"the last tick took {after['took']:.2g} s"
    yield at_most("slots that were not judged", left_out, 0, "slots", took)
    unknown = after["clocks"] - after["known"]
    yield at_most("sources that were not known", unknown, 0, "sources", f"of {after['clocks']}")
    late = max(0.0, 1 - polls)
    yield at_most("players not asked in a round", late * 100, 5, "%", f"{polls:.2f} polls a round")


def _begin(ask: Callable[..., Told], platforms: int) -> None:
    """Wait until every source was known, and for some slots more."""
    deadline, end = time.monotonic() + BEGIN_WITHIN, None
    while end is None or ask()["slots"] < end:
        if time.monotonic() > deadline:
            raise RuntimeError("the workers judge nothing")
        time.sleep(1)
        told = ask()
        if end is None and told["known"] >= platforms:
            end = told["slots"] + STEADY


def _spent(parts: Mapping[str, int]) -> dict[str, float]:
    return {name: cpu_of_all(pid) for name, pid in parts.items()}
