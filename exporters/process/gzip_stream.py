"""One gzip stream joined from parts that were packed apart. Pure.

Not a gzip member for each part: curl and browsers unpack the first member and stop there. The
parts are deflate blocks that end on a byte, so they can stand one behind the other; only the
checksum of the whole has to be worked out, from those of the parts.
"""

import struct
import zlib
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

LEVEL = 1  # lines look alike: more effort takes 4 times the time for few bytes less
HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # no name, no time, unknown system
LAST_BLOCK = b"\x03\x00"

_POLYNOMIAL = 0xEDB88320  # of CRC-32, reflected


class Ready(NamedTuple):
    """The same bytes twice: as they are, and deflated; with the checksum of the former."""

    plain: bytes
    deflated: bytes
    checksum: int

    @classmethod
    def of(cls, plain: bytes) -> "Ready":
        """Pack the bytes."""
        packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        deflated = packer.compress(plain) + packer.flush(zlib.Z_SYNC_FLUSH)
        return cls(plain, deflated, zlib.crc32(plain))


class Sum(NamedTuple):
    """Checksum and length of the plain bytes of some parts."""

    checksum: int = 0
    length: int = 0

    def plus(self, parts: Iterable[Ready]) -> "Sum":
        """Return the sum with further parts behind."""
        checksum, length = self
        for part in parts:
            checksum = _multiply(_shift(len(part.plain)), checksum) ^ part.checksum
            length += len(part.plain)
        return Sum(checksum, length)


def stream(parts: Iterable[Ready], total: Sum) -> list[bytes]:
    """Return the pieces of the stream; `total` is the sum of the parts."""
    end = LAST_BLOCK + struct.pack("<LL", total.checksum, total.length & 0xFFFFFFFF)
    return [HEADER, *(part.deflated for part in parts), end]


def _multiply(one: int, other: int) -> int:
    """Multiply two polynomials over GF(2) modulo that of CRC-32, bits reflected.

    Source: zlib 1.3, crc32.c, multmodp.
    """
    product = 0
    for bit in range(31, -1, -1):
        if one >> bit & 1:
            product ^= other
        other = other >> 1 ^ _POLYNOMIAL if other & 1 else other >> 1
    return product


@lru_cache(maxsize=4096)
def _shift(length: int) -> int:
    """Return x to the power of 8 times `length`: what that many bytes behind do to a checksum."""
    power, result = 1 << 23, 1 << 31  # x to the 8th, x to the 0th
    while length:
        if length & 1:
            result = _multiply(power, result)
        power = _multiply(power, power)
        length >>= 1
    return result
