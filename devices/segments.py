"""How many SMS a text costs: GSM-7 with its extension table, or UCS-2.

Pure. Source: 3GPP TS 23.038 (alphabets), TS 23.040 (a part of a long message gives six octets away
to the header that joins them). National shift tables are not counted on: few
gateways use them.
"""

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")  # an escape before each: two units that stay together


class Encoding(Enum):
    GSM7 = "gsm-7"
    UCS2 = "ucs-2"


# Units of a message by itself, and of each part of a longer one.
ROOM = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}


class Cost(NamedTuple):
    encoding: Encoding
    units: int  # septets, or UTF-16 code units
    segments: int


def cost(text: str) -> Cost:
    """Count a message. An empty one costs one segment too, whoever sends it."""
    gsm = all(mark in BASIC or mark in EXTENSION for mark in text)
    encoding = Encoding.GSM7 if gsm else Encoding.UCS2
    widths = list(_widths(text, encoding))
    units = sum(widths)
    alone, part = ROOM[encoding]
    return Cost(encoding, units, 1 if units <= alone else _parts(widths, part))


def _widths(text: str, encoding: Encoding) -> Iterator[int]:
    """Yield the units of each character, none of which may be cut in two by the end of a part."""
    for mark in text:
        if encoding is Encoding.GSM7:
            yield 2 if mark in EXTENSION else 1
        else:
            yield 2 if ord(mark) > 0xFFFF else 1  # a pair of surrogates


def _parts(widths: list[int], room: int) -> int:
    parts, used = 1, 0
    for width in widths:
        used += width
        if used > room:
            parts, used = parts + 1, width
    return parts
