"""prometheus_client with many devices and three gauges each: what one `generate_latest` costs.

Prints the CPU seconds of each.
"""

import argparse
import sys
import time

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from bench.far_side import EXPORTER, PLATFORM, mac
from bench.ready_bytes import reading


def registry(players: int) -> CollectorRegistry:
    """Return the gauges, all set."""
    found = CollectorRegistry()
    labels = ("exporter_id", "mac", "platform_id")
    status = Gauge("device_status", "1 online", labels, registry=found)
    playing = Gauge("player_status", "1 plays", labels, registry=found)
    info = Gauge("device_info", "1", (*labels, "ip", "name", "outip"), registry=found)
    for number in range(players):
        place = {"exporter_id": EXPORTER, "mac": mac(number), "platform_id": PLATFORM}
        status.labels(**place).set(1)
        playing.labels(**place).set(1)
        info.labels(**place, **(reading(number, True).info or {})).set(1)
    return found


def main() -> None:
    """Make the text so often as is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--players", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    told = parser.parse_args()
    found = registry(told.players)
    for _round in range(told.rounds):
        started = time.process_time()
        generate_latest(found)
        sys.stdout.write(f"{time.process_time() - started}\n")


if __name__ == "__main__":
    main()
