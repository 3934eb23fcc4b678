"""What goes wrong at the vendors and at Remosa during a soak, one thing after the other."""

import json
import random
import urllib.request
from itertools import cycle

from bench.remosa import Remosa
from demo.faults import Fault
from demo.world import COMPANIES

VENDORS = ("cubic", "addreality")
SHARES = (0.05, 0.5, 1.0)


class Troubles:
    """Changes how things stand, step by step, over and over."""

    def __init__(self, vendors: str, remosa: Remosa, seed: int = 1) -> None:
        self._vendors, self._remosa = vendors, remosa
        self._chance = random.Random(seed)
        self._faults = cycle([None, *Fault])

    def step(self) -> str:
        """Let the next thing happen; return what it is."""
        self.end()
        self._remosa.version += 1
        self._remosa.is_away = self._chance.random() < 0.2
        fault, share = next(self._faults), self._chance.choice(SHARES)
        for vendor in VENDORS:
            if fault is None and self._chance.random() < 0.5:
                self._tell(vendor, "stop")
            else:
                self._tell(vendor, "fault", fault=fault, share=share, seconds=1)
        if self._chance.random() < 0.3:
            self._tell("addreality", "shrink", to=self._chance.choice((0, 10, 100)))
        self._tell("addreality", "add", platform=COMPANIES[0].name, count=1)
        away = ", Remosa away" if self._remosa.is_away else ""
        return f"{fault or 'nothing'} for {share:.0%}{away}"

    def end(self) -> None:
        """Let all be well again."""
        self._remosa.is_away = False
        for vendor in VENDORS:
            self._tell(vendor, "start")

    def _tell(self, vendor: str, deed: str, **told: object) -> None:
        address = f"{self._vendors}/control/{vendor}/{deed}"
        request = urllib.request.Request(  # noqa: S310 (loopback)
            address, json.dumps(told).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            answer.read()
