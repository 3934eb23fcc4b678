"""100,000 players in one exporter process on one core: CPU and time of a poll, memory, scrape."""

import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from bench.measuring import Result, Scale, at_most, cpu_seconds, resident, timed
from bench.processes import exporter, far_side, get, until

TITLE = "100,000 players in one process on one core, 50 ms vendor latency"
PLAYERS, LATENCY, CHANGE_EVERY = 100_000, 0.05, 120.0
INTERVAL, CONCURRENCY = 30.0, 500
POLLS = 2
MEMORY_GOAL = 250.0  # MB
DURATION = "remosa_exporter_source_poll_duration_seconds"


def run(scale: Scale) -> Iterator[Result]:
    """Let the process poll at its usual pace."""
    players = scale.of(PLAYERS)
    interval = INTERVAL if scale.share == 1 else 2.0
    with far_side(players, LATENCY, CHANGE_EVERY) as side:
        settings = {
            **side.settings,
            "POLL_INTERVAL": str(interval),
            "MAX_CONCURRENCY": str(CONCURRENCY),
        }
        with exporter("cubic", **settings) as ours:
            _on_one_core(ours.pid)
            # The figure is read when it is near: to make 30 MB of text plain is work, too.
            until(lambda: side.asked() >= players, ours.process, 120)
            until(lambda: ours.value(DURATION) is not None, ours.process)
            first = ours.value(DURATION) or 0.0
            time.sleep(interval / 2)
            costs, durations = [], []
            for _poll in range(POLLS):
                before, asked = cpu_seconds(ours.pid), side.asked()
                time.sleep(interval)
                spent = cpu_seconds(ours.pid) - before
                costs.append(spent / max(1, side.asked() - asked) * players)
                durations.append(ours.value(DURATION) or interval)
            scrapes = [timed(lambda: get(ours.metrics, gzip=True)) for _ in range(scale.repeats)]
            now, most = resident(ours.pid)
    cost = statistics.median(costs)
    told = f"{cost / interval:.0%} of a core, {cost / players * 1000:.3g} s a 1,000 players"
    yield at_most("CPU of a poll", cost, interval, "s", told)
    yield at_most("a poll takes", max(durations), interval, "s", f"the first {first:.3g} s")
    yield at_most("memory of the process", most, MEMORY_GOAL, "MB", f"{now:.0f} MB at the end")
    yield Result("scrape, gzip", f"{statistics.median(scrapes) * 1000:.3g} ms")


def _on_one_core(pid: int) -> None:
    """Pin all threads of a process; those that it starts later follow."""
    core = {max(os.sched_getaffinity(0))}
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), core)
