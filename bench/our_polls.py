"""Our side of polling: a source, its fleet and the exposition, as the exporter process has them.

Prints the seconds of each round and the CPU seconds of all.
"""

import argparse
import logging
import random
import sys
import threading
import time

from bench.far_side import EXPORTER, PLATFORM, mac
from bench.measuring import cpu_seconds
from exporters.kinds.cubic import KIND
from exporters.kinds.shape import Account
from exporters.process.each_source import EachSource
from exporters.process.fleet import Fleet
from exporters.process.polling import Poller
from exporters.process.publishing import Publisher
from exporters.process.schedule import Settings
from exporters.process.sharding import WHOLE
from exporters.process.snapshot import Exposition
from exporters.process.source import Surroundings, Way

INTERVAL = 1.0  # seconds: so short that a round is never held back to be spread


class Polls:
    """A source that is polled as quickly as it can be."""

    def __init__(self, vendor: str, concurrency: int) -> None:
        self.poller = Poller()
        exposition = Exposition([], time.monotonic)
        around = Surroundings(
            KIND,
            vendor,
            self.poller,
            exposition,
            learned=lambda _exporter_id, _identity, _info: None,
            publisher=Publisher(exposition, self.poller),
            chance=random.Random(1),
            most_devices=1_000_000,
            shard=WHOLE,
        )
        self._settings = Settings(INTERVAL, 10, concurrency, 90)
        self._way = Way(KIND.open(Account(vendor)))
        self._fleet = Fleet(KIND, EXPORTER, PLATFORM, 90)
        exposition.fleets.append(self._fleet)
        self._source = EachSource(around, self._fleet, EXPORTER, self._settings)

    def begin(self, players: int) -> None:
        """Have the first round begin."""
        names = {mac(number): f"Player {number}" for number in range(players)}
        self._source.change("", self._settings, self._way, names, {})
        self._source.start()

    def wait(self) -> float:
        """Return the duration of the next round that ends; RuntimeError if it failed."""
        figures = self._fleet.figures
        figures.duration = None
        duration = self._duration()
        while duration is None:
            time.sleep(0.005)
            duration = self._duration()
        if not figures.up or figures.errors.total():
            raise RuntimeError(f"the round failed: {figures.errors}")
        return duration

    def _duration(self) -> float | None:
        return self._fleet.figures.duration  # set by the poller's thread


def main() -> None:
    """Do so many rounds as are asked for, after one that opens the connections."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vendor", required=True)
    parser.add_argument("--players", type=int, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    told = parser.parse_args()
    # On a busy machine a round takes longer than its interval, which is no news here.
    logging.getLogger("exporters").setLevel(logging.ERROR)
    polls = Polls(told.vendor, told.concurrency)
    thread = threading.Thread(target=polls.poller.run)
    thread.start()
    try:
        polls.poller.post(lambda: polls.begin(told.players))
        polls.wait()
        before = cpu_seconds()
        seconds = [polls.wait() for _ in range(told.rounds)]
        sys.stdout.write(f"{' '.join(map(str, seconds))} {cpu_seconds() - before}\n")
    finally:
        polls.poller.stop()
        thread.join()


if __name__ == "__main__":
    main()
