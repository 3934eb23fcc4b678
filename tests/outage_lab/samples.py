"""Samples with chosen times for a real Prometheus: its remote write protocol, by hand. Pure.

Protocol buffers of one message, in a snappy block that is not compressed; that is all it takes.
"""

import struct
from collections.abc import Iterable, Mapping

#: What a scrape writes of a series that its page does not have any more.
ENDED = struct.pack("<Q", 0x7FF0000000000002)
_CHUNK = 65536


class Series:
    """One series; its labels are written once."""

    def __init__(self, name: str, labels: Mapping[str, str]) -> None:
        pairs = sorted({"__name__": name, **labels}.items())
        self.name = name
        self.labels = b"".join(_field(1, _field(1, k.encode()) + _field(2, v.encode()))
                               for k, v in pairs)  # fmt: skip

    def at(self, sample: bytes) -> bytes:
        """Return the series with one sample."""
        return _field(1, self.labels + sample)


def value(number: float) -> bytes:
    """Return a value as samples have it."""
    return struct.pack("<d", number)


def sample(number: bytes, milliseconds: int) -> bytes:
    """Return one sample."""
    return _field(2, b"\x09" + number + b"\x10" + _varint(milliseconds))


def body(series: Iterable[bytes]) -> bytes:
    """Return the body of a request that writes these."""
    message = b"".join(series)
    parts = [_varint(len(message))]
    for at in range(0, len(message), _CHUNK):
        chunk = message[at : at + _CHUNK]
        parts += [b"\xf4", struct.pack("<H", len(chunk) - 1), chunk]
    return b"".join(parts)


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    parts = []
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])
