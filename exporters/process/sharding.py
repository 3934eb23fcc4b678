"""Which part of the devices a process polls where several share a kind. Pure.

A device stays with its shard whatever else is added or removed, on every machine.
"""

import re
import zlib
from typing import NamedTuple

MOST_SHARDS = 1000


class Shard(NamedTuple):
    """The `number`th of `of` processes, from 1 on."""

    number: int = 1
    of: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def takes(self, identity: str) -> bool:
        """Tell whether a device, or a vendor account by its number, is this shard's."""
        return self.of == 1 or zlib.crc32(identity.encode()) % self.of == self.number - 1


WHOLE = Shard()


def read(text: str) -> Shard:
    """Read "2/8"; raise ValueError, which says what is accepted."""
    match = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", text)
    shard = Shard(int(match[1]), int(match[2])) if match else None
    if shard is None or not 1 <= shard.number <= shard.of <= MOST_SHARDS:
        raise ValueError(f"accepted: a shard and their number such as 2/8, {MOST_SHARDS} at most")
    return shard
