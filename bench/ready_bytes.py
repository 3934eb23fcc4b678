"""Our exposition of many devices with three series each, and the server that sends it.

Prints the seconds of the first exposition and of each refresh after 1 % changed, then its port;
serves until its input ends.
"""

import argparse
import asyncio
import math
import sys
import time
from dataclasses import replace

from bench.far_side import EXPORTER, PLATFORM, mac
from exporters import metrics
from exporters.kinds.cubic import KIND
from exporters.kinds.shape import Reading, Status, Value
from exporters.process.exchange import Asked, Page
from exporters.process.fleet import Fleet
from exporters.process.gzip_stream import stream
from exporters.process.server import Server
from exporters.process.snapshot import Exposition

PLAYING = Value("player_status", "Whether the player plays (1) or pauses (0).")
THREE = replace(KIND, values=(PLAYING,))
SHARE = 0.01


def reading(number: int, online: bool) -> Reading:
    """Return what a vendor says of a device."""
    info = {
        "ip": f"10.0.{number // 250 % 250}.{number % 250}",
        "name": f"Shop {number % 997}, screen {number}",
        "outip": f"94.72.61.{number % 250}",
    }
    status = Status.ONLINE if online else Status.OFFLINE
    return Reading(status, "", info, {PLAYING.name: 1.0})


class Bytes:
    """The exposition, and how often it was refreshed."""

    def __init__(self, players: int) -> None:
        self._macs = [mac(number) for number in range(players)]
        families = (
            metrics.device_status(THREE.name, THREE.identity),
            metrics.device_info(THREE.name, THREE.identity, THREE.info_labels),
            metrics.device_value(THREE.name, THREE.identity, PLAYING.name, PLAYING.help),
        )
        self.exposition = Exposition(
            [(family.name, family.header()) for family in families], time.monotonic
        )
        self._fleet = Fleet(THREE, EXPORTER, PLATFORM, math.inf)
        self._fleet.set_devices(dict.fromkeys(self._macs, ""), {})
        self._fleet.figures.up = True
        self.exposition.fleets.append(self._fleet)
        self._times = 0

    def first(self) -> None:
        """Learn of every device and make the first exposition."""
        self._learn(range(len(self._macs)), True)

    def refresh(self) -> None:
        """Turn every hundredth device over, which touches every chunk, and publish."""
        self._times += 1
        self._learn(range(0, len(self._macs), int(1 / SHARE)), self._times % 2 == 0)

    def _learn(self, numbers: range, online: bool) -> None:
        now = time.monotonic()
        for number in numbers:
            self._fleet.learn(self._macs[number], reading(number, online), now)
        self.exposition.publish()

    def page(self, asked: Asked) -> Page:
        """Return the metrics."""
        snapshot = self.exposition.current()
        if asked.accepts_gzip:
            packed = stream(snapshot.parts, snapshot.total)
            return Page(200, metrics.CONTENT_TYPE, packed, "gzip")
        return Page(200, metrics.CONTENT_TYPE, [part.plain for part in snapshot.parts])


async def _serve(ours: Bytes) -> None:
    server = Server(ours.page)
    sys.stdout.write(f"{await server.start('127.0.0.1', 0)}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await server.stop()


def main() -> None:
    """Measure, then serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--players", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    told = parser.parse_args()
    ours = Bytes(told.players)
    for work in (ours.first, *(ours.refresh,) * told.rounds):
        started = time.process_time()
        work()
        sys.stdout.write(f"{time.process_time() - started} ")
    sys.stdout.write("\n")
    asyncio.run(_serve(ours))


if __name__ == "__main__":
    main()
