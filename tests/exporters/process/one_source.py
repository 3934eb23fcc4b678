"""One source of any kind with its poller on a thread, against a test's web server."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from exporters.kinds.shape import Account, Kind
from exporters.process.each_source import EachSource
from exporters.process.fleet import Fleet
from exporters.process.listing_source import ListingSource
from exporters.process.polling import Poller
from exporters.process.publishing import Publisher
from exporters.process.schedule import Settings
from exporters.process.sharding import WHOLE
from exporters.process.snapshot import Exposition
from exporters.process.source import Source, Surroundings, Way

INTERVAL = 1.0
BOOTED_BEFORE = 86400  # seconds of sleep, in which the clock of timers stood still


class OneSource:
    """A source that is not begun yet; its attributes may be changed until then."""

    def __init__(
        self,
        kind: Kind,
        address: str,
        told: Mapping[str, object],
        poller: Poller,
        most_devices: int = 100_000,
        seed: int = 1,
    ) -> None:
        self.learned: list[str] = []
        self.forgotten: list[str] = []
        self.kind, self.told, self.poller = kind, told, poller
        exposition = Exposition([], lambda: time.monotonic() + BOOTED_BEFORE)
        self.around = Surroundings(
            kind,
            address,
            poller,
            exposition,
            learned=self._note,
            publisher=Publisher(exposition, poller),
            chance=random.Random(seed),
            most_devices=most_devices,
            shard=WHOLE,
        )
        self.settings = Settings(INTERVAL, 1, 10, 60)
        self.fleet = Fleet(kind, 4, 1, 60)
        exposition.fleets.append(self.fleet)
        make = ListingSource if kind.discovers(told) else EachSource
        self.source: Source = make(self.around, self.fleet, 4, self.settings)

    @property
    def online(self) -> int:
        """Return how many devices are online."""
        return self.fleet.figures.devices["online"]

    def way(self) -> Way:
        """Return how the vendor is asked with what the source is told."""
        account = Account(self.around.address, self.told)
        return Way(self.kind.open(account), "", account)

    def change(self, identities: list[str], **settings: float) -> None:
        """Give the source devices and settings."""
        self.settings = replace(self.settings, **settings)  # type: ignore[arg-type]
        names = dict.fromkeys(identities, "")
        self.poller.post(lambda: self.source.change("", self.settings, self.way(), names, {}))

    def start(self, identities: list[str] | None = None, **settings: float) -> None:
        """Have it begin."""
        self.change(identities or [], **settings)
        self.poller.post(self.source.start)

    def _note(self, _exporter_id: int, identity: str, info: Mapping[str, str] | None) -> None:
        (self.learned if info is not None else self.forgotten).append(identity)


def until(condition: Callable[[], bool], seconds: float = 10, about: str = "") -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, about
        time.sleep(0.01)


@contextmanager
def polling() -> Iterator[Poller]:
    """Run a poller until the block ends."""
    poller = Poller()
    thread = threading.Thread(target=poller.run)
    thread.start()
    try:
        yield poller
    finally:
        poller.stop()
        thread.join()
