"""Ready bytes: lines in chunks, plain and gzip, so that a refresh costs what changed.

A scrape gets one immutable Snapshot.
"""

import math
import threading
from array import array
from collections.abc import Callable, Iterable
from itertools import accumulate, pairwise
from typing import NamedTuple, Protocol

from exporters.process.gzip_stream import Ready, Sum

CHUNK_LINES = 1000


class Snapshot(NamedTuple):
    """What a scrape is sent, and when a part of it becomes too old to be sent."""

    parts: tuple[Ready, ...]
    total: Sum
    next_expiry: float  # a time of the process' clock


class Chunk:
    """Up to CHUNK_LINES lines. They are kept once, joined: `ends` tells where each one ends."""

    __slots__ = ("changed", "ends", "ready")

    def __init__(self) -> None:
        self.ready = Ready.of(b"")
        self.ends = array("I")
        self.changed: dict[int, bytes] = {}  # lines that `ready` does not have yet, by place

    def line(self, place: int) -> bytes:
        """Return the line of a place, b"" for none."""
        if place in self.changed:
            return self.changed[place]
        if place >= len(self.ends):
            return b""
        return self.ready.plain[self.ends[place - 1] if place else 0 : self.ends[place]]

    def renew(self) -> None:
        """Make the bytes anew, if a line changed."""
        if not self.changed:
            return
        plain = self.ready.plain
        lines = [plain[start:end] for start, end in pairwise((0, *self.ends))]
        lines += [b""] * (max(self.changed) + 1 - len(lines))
        for place, line in self.changed.items():
            lines[place] = line
        self.changed = {}
        self.ends = array("I", accumulate(map(len, lines)))
        self.ready = Ready.of(b"".join(lines))


class Section:
    """The lines of one metric family of one source: one line, or none, a slot."""

    def __init__(self) -> None:
        self._chunks: list[Chunk] = []

    def put(self, slot: int, line: bytes) -> bool:
        """Set the line of a slot, `b""` takes it away; return whether that is a change."""
        number, place = divmod(slot, CHUNK_LINES)
        while number >= len(self._chunks):
            self._chunks.append(Chunk())
        chunk = self._chunks[number]
        if chunk.line(place) == line:
            return False
        chunk.changed[place] = line
        return True

    def ready(self) -> list[Ready]:
        """Return the chunks, those that changed made anew."""
        for chunk in self._chunks:
            chunk.renew()
        return [chunk.ready for chunk in self._chunks]


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
