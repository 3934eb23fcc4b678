"""What a person types about one address, from a paste or a CSV file. Pure."""

from typing import NamedTuple

DETAILS = ("name", "ip", "outip")


class Entry(NamedTuple):
    """An address as it was typed; the line is for the report, None means not known."""

    line: int
    mac: str
    name: str = ""
    ip: str | None = None
    outip: str | None = None
