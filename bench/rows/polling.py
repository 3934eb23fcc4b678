"""10,000 players at 50 ms: our engine with all its checks against bare libcurl."""

import statistics
from collections.abc import Iterator

from bench.measuring import Result, Scale
from bench.processes import child, far_side

TITLE = "10,000 players polled at 50 ms vendor latency"
PLAYERS, LATENCY, CHANGE_EVERY = 10_000, 0.05, 120.0
CONCURRENCY = 500
ROUNDS = 3  # of each process, which take turns: the machine's other work hits both
GOAL = 0.9


def run(scale: Scale) -> Iterator[Result]:
    """Poll as quickly as the machine lets both, in turns."""
    players = scale.of(PLAYERS)
    seconds: dict[str, list[float]] = {"bench.bare_curl": [], "bench.our_polls": []}
    cpu: dict[str, list[float]] = {module: [] for module in seconds}
    with far_side(players, LATENCY, CHANGE_EVERY) as side:
        for _turn in range(scale.repeats):
            for module, found in seconds.items():
                *rounds, spent = child(
                    module,
                    *("--vendor", side.vendor, "--players", players),
                    *("--concurrency", CONCURRENCY, "--rounds", ROUNDS),
                )
                found.extend(rounds)
                cpu[module].append(spent / ROUNDS / players * 1000)
    bare, ours = (players / statistics.median(found) for found in seconds.values())
    told = f"{ours / bare:.0%}: {ours:,.0f}/s, bare {bare:,.0f}/s"
    yield Result("our rate to that of bare libcurl", told, f">= {GOAL:.0%}", ours / bare >= GOAL)
    bare, ours = (statistics.median(found) for found in cpu.values())
    told = f"{ours:.3g} ours, {bare:.3g} bare ({bare / ours:.0%})"
    yield Result("CPU s a 1,000 requests, all at once", told)
