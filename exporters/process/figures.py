"""What is told of a source as a whole: is it up, since when, its errors, its devices by state."""

import time
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum

from exporters import metrics
from exporters.kinds.shape import Reason

# These reasons belong to a device or to time, not to an answer that went wrong.
_NO_ERRORS = (Reason.NOT_FOUND, Reason.STALE)


class State(StrEnum):
    """In which of these is each device of a source, exactly one."""

    ONLINE = "online"
    OFFLINE = "offline"
    UNKNOWN = "unknown"
    NOT_FOUND = "not_found"
    STALE = "stale"


class Figures:
    """The numbers of one source; None until the first poll tells them."""

    def __init__(self, exporter_id: int, platform_id: int) -> None:
        self._labels = {"exporter_id": str(exporter_id), "platform_id": str(platform_id)}
        self.platform_id = platform_id
        self._up: bool | None = None
        self.since: float | None = None  # Unix time at which `up` became what it is
        self.last_success: float | None = None  # Unix time
        self.duration: float | None = None  # seconds
        self.truncated = False
        self.dropped = self.missing = 0  # devices
        self.errors = Counter({reason.value: 0 for reason in Reason if reason not in _NO_ERRORS})
        self.devices = Counter({state.value: 0 for state in State})
        self._written: dict[str, tuple[object, bytes]] = {}  # from which numbers, by family

    @property
    def up(self) -> bool | None:
        """Tell whether the last poll was good."""
        return self._up

    @up.setter
    def up(self, value: bool | None) -> None:
        if value is not self._up:
            self._up, self.since = value, None if value is None else time.time()

    def lines(self, family: str) -> bytes:
        """Return the lines of one of the families of FAMILIES, written anew when they changed."""
        numbers = self._numbers(family)
        written = self._written.get(family)
        if written is None or written[0] != numbers:
            written = self._written[family] = (numbers, b"".join(self._lines(family)))
        return written[1]

    def _numbers(self, family: str) -> object:
        if family == metrics.SOURCE_ERRORS.name:
            return tuple(self.errors.values())
        if family == metrics.SOURCE_DEVICES.name:
            return tuple(self.devices.values())
        return self._value(family)

    def _lines(self, family: str) -> Iterator[bytes]:
        if family == metrics.SOURCE_ERRORS.name:
            for reason, count in sorted(self.errors.items()):
                yield metrics.SOURCE_ERRORS.line({**self._labels, "reason": reason}, count)
        elif family == metrics.SOURCE_DEVICES.name:
            for state, count in self.devices.items():
                yield metrics.SOURCE_DEVICES.line({**self._labels, "state": state}, count)
        else:
            value = self._value(family)
            if value is not None:
                yield _METRICS[family].line(self._labels, value)

    def _value(self, family: str) -> float | None:
        value: float | None = getattr(self, _ATTRIBUTES[family])
        return value


_ATTRIBUTES = {
    metrics.SOURCE_UP.name: "up",
    metrics.SOURCE_LAST_SUCCESS.name: "last_success",
    metrics.SOURCE_POLL_DURATION.name: "duration",
    metrics.SOURCE_TRUNCATED.name: "truncated",
    metrics.SOURCE_DROPPED.name: "dropped",
    metrics.SOURCE_MISSING.name: "missing",
}
FAMILIES = (
    metrics.SOURCE_UP,
    metrics.SOURCE_LAST_SUCCESS,
    metrics.SOURCE_POLL_DURATION,
    metrics.SOURCE_ERRORS,
    metrics.SOURCE_DEVICES,
    metrics.SOURCE_TRUNCATED,
    metrics.SOURCE_DROPPED,
    metrics.SOURCE_MISSING,
)
_METRICS = {metric.name: metric for metric in FAMILIES}
