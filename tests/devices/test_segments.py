"""How many SMS a text costs, against a phone that packs it part by part."""

import pytest
from hypothesis import given, settings, strategies as st

from devices.segments import BASIC, EXTENSION, Cost, Encoding, cost

GSM = sorted(BASIC | EXTENSION)
ESCAPE = "\x1b"


def septets(text: str) -> list[str]:
    """Write a text as a phone does: an escape before each character of the extension table."""
    return [unit for mark in text for unit in ([ESCAPE, mark] if mark in EXTENSION else [mark])]


def code_units(text: str) -> list[str]:
    data = text.encode("utf-16-be", "surrogatepass")
    return [data[at : at + 2].hex() for at in range(0, len(data), 2)]


def packed(units: list[str], alone: int, room: int) -> list[list[str]]:
    """Cut units into parts, one unit back where the end would split a pair."""
    if len(units) <= alone:
        return [units]
    parts = []
    while units:
        end = min(room, len(units))
        if end < len(units) and (units[end - 1] == ESCAPE or "d8" <= units[end - 1][:2] <= "db"):
            end -= 1
        parts.append(units[:end])
        units = units[end:]
    return parts


def test_the_alphabet_has_127_characters_and_ten_reached_by_an_escape() -> None:
    assert len(BASIC) == 127  # and the escape
    assert len(EXTENSION) == 10
    assert not BASIC & EXTENSION


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", Encoding.GSM7, 0, 1),
        ("#12#0#5#1#", Encoding.GSM7, 10, 1),
        ("a" * 160, Encoding.GSM7, 160, 1),
        ("a" * 161, Encoding.GSM7, 161, 2),
        ("a" * 306, Encoding.GSM7, 306, 2),
        ("a" * 307, Encoding.GSM7, 307, 3),
        ("€" * 80, Encoding.GSM7, 160, 1),
        ("€" * 81, Encoding.GSM7, 162, 2),
        ("a" * 159 + "€", Encoding.GSM7, 161, 2),
        ("€" * 152, Encoding.GSM7, 304, 2),
        ("€" * 153, Encoding.GSM7, 306, 3),  # 76 in a part: 153 is odd and no escape is split
        ("a" + "€" * 152, Encoding.GSM7, 305, 2),
        ("я", Encoding.UCS2, 1, 1),
        ("`", Encoding.UCS2, 1, 1),  # in ASCII, but not in GSM-7
        ("я" * 70, Encoding.UCS2, 70, 1),
        ("я" * 71, Encoding.UCS2, 71, 2),
        ("я" * 134, Encoding.UCS2, 134, 2),
        ("я" * 135, Encoding.UCS2, 135, 3),
        ("€" * 69 + "я", Encoding.UCS2, 70, 1),  # no escapes in UCS-2
        ("😀" * 35, Encoding.UCS2, 70, 1),
        ("😀" * 36, Encoding.UCS2, 72, 2),
        ("😀" * 67, Encoding.UCS2, 134, 3),  # 33 in a part
        ("a" * 160 + "\u0000", Encoding.UCS2, 161, 3),
        ("\ud83d", Encoding.UCS2, 1, 1),
    ],
)
def test_it_counts(text: str, encoding: Encoding, units: int, segments: int) -> None:
    assert cost(text) == Cost(encoding, units, segments)


@settings(max_examples=300)
@given(st.text(st.sampled_from(GSM), max_size=700) | st.text(st.sampled_from("a€"), min_size=150))
def test_gsm_7_costs_what_a_phone_packs(text: str) -> None:
    units = septets(text)
    assert cost(text) == Cost(Encoding.GSM7, len(units), len(packed(units, 160, 153)))


@settings(max_examples=300)
@given(st.text(st.sampled_from("яa€😀𐍈"), max_size=300), st.sampled_from("я😀"))
def test_ucs_2_costs_what_a_phone_packs(text: str, mark: str) -> None:
    units = code_units(text + mark)
    assert cost(text + mark) == Cost(Encoding.UCS2, len(units), len(packed(units, 70, 67)))


@given(st.text())
def test_any_text_has_a_cost(text: str) -> None:
    assert cost(text).segments >= 1
    assert cost(text + "a").segments >= cost(text).segments
