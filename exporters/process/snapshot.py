"""Ready bytes: lines in chunks, plain and gzip, so that a refresh costs what changed.

A scrape gets one immutable Snapshot.
"""

import math
import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from exporters.process.gzip_stream import Ready, Sum

CHUNK_LINES = 1000


class Snapshot(NamedTuple):
    """What a scrape is sent, and when a part of it becomes too old to be sent."""

    parts: tuple[Ready, ...]
    total: Sum
    next_expiry: float  # a time of the process' clock


class Section:
    """The lines of one metric family of one source: one line, or none, a slot."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._ready: list[Ready] = []
        self._changed: set[int] = set()

    def put(self, slot: int, line: bytes) -> None:
        """Set the line of a slot; `b""` takes it away."""
        while slot >= len(self._lines):
            self._lines.append(b"")
        if self._lines[slot] != line:
            self._lines[slot] = line
            self._changed.add(slot // CHUNK_LINES)

    def ready(self) -> list[Ready]:
        """Return the chunks, those that changed made anew."""
        for number in self._changed:
            while number >= len(self._ready):
                self._ready.append(Ready.of(b""))
            start = number * CHUNK_LINES
            self._ready[number] = Ready.of(b"".join(self._lines[start : start + CHUNK_LINES]))
        self._changed.clear()
        return self._ready


class Fleet(Protocol):
    """What the exposition asks of the devices of one source."""

    def expire(self, now: float) -> float:
        """Drop what is too old; return when the next status becomes so."""
        ...

    def chunks(self, family: str) -> Iterable[Ready]:
        """Return the chunks of one of its metric families."""
        ...


class Exposition:
    """The current snapshot. Whoever changes a fleet holds `lock` meanwhile."""

    def __init__(self, headers: Iterable[tuple[str, bytes]], clock: Callable[[], float]) -> None:
        self.lock = threading.Lock()
        self.fleets: list[Fleet] = []
        self._headers = [(family, Ready.of(header)) for family, header in headers]
        self.clock = clock  # of the ages of statuses; every fleet's answers are dated by it
        self._snapshot = Snapshot((), Sum(), -math.inf)

    def current(self) -> Snapshot:
        """Return the snapshot; where something in it became too old, a new one without it."""
        snapshot = self._snapshot
        if self.clock() < snapshot.next_expiry:
            return snapshot
        return self.publish()

    def publish(self) -> Snapshot:
        """Make a snapshot of what the fleets know now, and put it in the place of the last."""
        with self.lock:
            now = self.clock()
            next_expiry = min((fleet.expire(now) for fleet in self.fleets), default=math.inf)
            parts: list[Ready] = []
            for family, header in self._headers:
                parts.append(header)
                for fleet in self.fleets:
                    parts.extend(ready for ready in fleet.chunks(family) if ready.plain)
            self._snapshot = Snapshot(tuple(parts), Sum().plus(parts), next_expiry)
            return self._snapshot
