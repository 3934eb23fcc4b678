"""One device of a source and what its vendor said of it last, small: there may be 100,000.

Pure.
"""

import math
from collections.abc import Mapping, Sequence

from exporters.kinds.shape import NOTHING, Reading, Reason, Status
from exporters.metrics import safe_text
from exporters.process.figures import State

KNOWN = (State.ONLINE, State.OFFLINE)
_BETWEEN = "\0"  # no text that may be served holds it


class Device:
    """What is known of a device. Takes 0.5 kB with its texts, without its lines."""

    __slots__ = (
        "answered_at", "identity", "name", "reason", "slot", "state", "told", "values",
        "vendor_info",
    )  # fmt: skip

    def __init__(self, identity: str, name: str, slot: int) -> None:
        self.identity = identity
        self.name = name  # the one in Remosa
        self.slot = slot
        self.state = State.UNKNOWN
        self.reason = ""
        self.values: Mapping[str, float] = NOTHING
        self.answered_at = -math.inf
        # The hash of the bytes that all this was read from, while no failure came after them;
        # 64 bits that differ from process to process, so nobody can aim at a collision.
        self.told: int | None = None
        self.vendor_info: bytes | None = None  # see `pack`: a dict would take 5 times as much


def pack(info: Mapping[str, str], labels: Sequence[str]) -> bytes:
    """Return the texts of the labels as one; what may not be served in them is repaired."""
    return _BETWEEN.join([safe_text(info.get(label, "")) for label in labels]).encode()


def unpack(packed: bytes, labels: Sequence[str]) -> dict[str, str]:
    """Return what was packed with the same labels."""
    return dict(zip(labels, packed.decode().split(_BETWEEN), strict=False))


def state_of(reading: Reading) -> State:
    """Return the state that a reading of a device puts it into."""
    if reading.status is Status.ONLINE:
        return State.ONLINE
    if reading.status is Status.OFFLINE:
        return State.OFFLINE
    return State.NOT_FOUND if reading.reason == Reason.NOT_FOUND else State.UNKNOWN
