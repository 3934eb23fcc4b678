"""1,000 players kept fresh once: vendor requests, exposition and scrape, in CPU seconds."""

import statistics
import time
from collections.abc import Iterator

from bench.measuring import Result, Scale, at_least, at_most, cpu_seconds
from bench.processes import child, exporter, far_side, get, until

TITLE = "1,000 players kept fresh once, CPU seconds (user and system) of the whole process"
PLAYERS, LATENCY, CHANGE_EVERY = 1000, 0.05, 120.0  # 1 % of the players change a minute
INTERVAL = 30.0  # seconds, the default; a toy size takes a second
POLLS = 3  # each takes an interval
GOAL, GOAL_RATIO = 0.05, 25.0


def run(scale: Scale) -> Iterator[Result]:
    """Poll with the exporter process at its usual pace, and with the predecessor's shape."""
    players = scale.of(PLAYERS)
    interval = INTERVAL if scale.share == 1 else 1.0
    with far_side(players, LATENCY, CHANGE_EVERY) as side:
        settings = {**side.settings, "POLL_INTERVAL": str(interval)}
        with exporter("cubic", **settings) as ours:
            until(lambda: side.asked() >= players, ours.process)
            time.sleep(interval / 3)  # the first poll's info goes into the cache
            costs = []
            for _poll in range(min(POLLS, scale.repeats)):
                before, asked = cpu_seconds(ours.pid), side.asked()
                time.sleep(interval)
                get(ours.metrics, gzip=True)
                answered = max(1, side.asked() - asked)
                costs.append((cpu_seconds(ours.pid) - before) / answered * PLAYERS)
        theirs = statistics.median(
            child(
                "bench.predecessor",
                *("--vendor", side.vendor, "--players", players, "--rounds", scale.repeats),
            )
        )
    theirs *= PLAYERS / players
    cost = statistics.median(costs)
    yield at_most(f"ours, a poll every {interval:g} s", cost, GOAL, "CPU s a 1,000 players")
    yield at_least(
        "requests and prometheus_client, 10 threads", theirs / cost, GOAL_RATIO,
        f"{theirs:.3g} CPU s a 1,000 players",
    )  # fmt: skip
