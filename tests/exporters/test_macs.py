"""MAC addresses as people paste them."""

import string
import time
import unicodedata

import pytest
from django.utils.functional import Promise
from hypothesis import given, strategies as st

from exporters.macs import (
    NAME_LIMIT,
    SHOWN_LIMIT,
    Changed,
    Good,
    MacError,
    Reason,
    Rejected,
    Repeated,
    clean_name,
    normalise,
    parse,
)

MAC = "06:42:40:92:60:B4"
OTHER = "06:42:40:92:60:B5"
THIRD = "06:42:40:92:60:B6"

MANY_RECEIVERS = 1 << 40  # the lowest bit of the first pair
digits = (
    st.integers(min_value=1, max_value=2**48 - 2)
    .map(lambda number: number & ~MANY_RECEIVERS or 1)
    .map(lambda number: f"{number:012x}")
    .flatmap(lambda text: st.sampled_from([text, text.upper()]))
)


def pairs(text: str, mark: str) -> str:
    return mark.join(text[at : at + 2] for at in range(0, 12, 2))


def spellings(text: str) -> list[str]:
    dotted = ".".join((text[0:4], text[4:8], text[8:12]))
    return [text, dotted, *(pairs(text, mark) for mark in ":- ")]


@given(digits)
def test_every_spelling_has_one_normal_form(text: str) -> None:
    assert {normalise(spelling) for spelling in spellings(text)} == {pairs(text.upper(), ":")}


@given(digits)
def test_the_normal_form_is_its_own_normal_form(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.text())
def test_any_text_is_either_a_normal_form_or_a_mac_error(text: str) -> None:
    try:
        mac = normalise(text)
    except MacError:
        return
    assert len(mac) == 17
    assert set(mac) <= set(string.digits + "ABCDEF:")


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.value)
def test_every_reason_can_be_translated(reason: Reason) -> None:
    assert isinstance(reason.label, Promise)


@given(digits, st.integers(0, 11), st.characters().filter(lambda c: c not in string.hexdigits))
def test_one_wrong_character_is_enough_to_refuse(text: str, place: int, mark: str) -> None:
    with pytest.raises(MacError):
        normalise(text[:place] + mark + text[place + 1 :])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.EMPTY),
        ("  \n", Reason.EMPTY),
        ("1", Reason.NOT_A_MAC),
        ("06:42:40:92:60", Reason.NOT_A_MAC),
        ("06:42:40:92:60:B4:11", Reason.NOT_A_MAC),
        ("06:42-40:92-60:B4", Reason.NOT_A_MAC),
        ("06:42:40:92:60:G4", Reason.NOT_A_MAC),
        ("6:42:40:92:60:B4", Reason.NOT_A_MAC),
        ("0x0642409260B4", Reason.NOT_A_MAC),
        ("06.42.40.92.60.B4", Reason.NOT_A_MAC),
        ("064240.9260B4", Reason.NOT_A_MAC),
        ("06:42:40:92:60:B4\n06", Reason.NOT_A_MAC),
        ("Зал", Reason.NOT_A_MAC),
        ("06:42:40:92:60:\u04124", Reason.LOOK_ALIKE),  # a Cyrillic letter
        ("\u0660\u0666:42:40:92:60:B4", Reason.LOOK_ALIKE),  # Arabic digits
        ("\uff10\uff16:42:40:92:60:B4", Reason.LOOK_ALIKE),  # full-width digits
        ("00:00:00:00:00:00", Reason.ZERO),
        ("ffff.ffff.ffff", Reason.BROADCAST),
        ("01:00:5E:00:00:01", Reason.MULTICAST),
        ("33-33-00-00-00-01", Reason.MULTICAST),
        ("ffffffffffFE", Reason.MULTICAST),
    ],
)
def test_it_refuses_with_a_reason(text: str, reason: Reason) -> None:
    with pytest.raises(MacError) as caught:
        normalise(text)
    assert caught.value.reason is reason


@given(digits)
def test_it_refuses_every_address_of_many_receivers(text: str) -> None:
    with pytest.raises(MacError) as caught:
        normalise(f"{int(text, 16) | MANY_RECEIVERS:012x}")
    assert caught.value.reason in {Reason.MULTICAST, Reason.BROADCAST}


@pytest.mark.parametrize("mac", ["02:00:00:00:00:00", MAC, "FE:FF:FF:FF:FF:FF"])
def test_it_keeps_addresses_that_were_given_out_locally(mac: str) -> None:
    assert normalise(mac) == mac


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (f"{MAC}", ""),
        (f"{MAC} Hall LED", "Hall LED"),
        (f"{MAC};Hall, LED", "Hall, LED"),
        (f"{MAC},Hall", "Hall"),
        (f"{MAC}\tHall\tLED", "Hall LED"),
        (f"{MAC} | Hall", "Hall"),
        (f"{MAC} - Hall", "Hall"),
        (f"{MAC}: Hall", "Hall"),
        (f"{MAC} = Hall", "Hall"),
        (f'"{MAC}","Cinema ""World"""', 'Cinema "World"'),
        (f'{MAC} Cinema "World"', 'Cinema "World"'),
        (f'{MAC} "One" and "Two"', '"One" and "Two"'),
        (f"({MAC}) Hall", "Hall"),
        (f"{MAC} ММ Зауролоф LED", "ММ Зауролоф LED"),
        (f"{MAC} serial 123456789012", "serial 123456789012"),
        (f"{MAC} -- ", ""),
        (f"{MAC} ★", "★"),
        (f"{MAC} -5 floor", "-5 floor"),
    ],
)
def test_a_name_may_follow_the_address(line: str, name: str) -> None:
    assert parse(line) == ([Good(1, MAC, name)], [], [], [])


@pytest.mark.parametrize(
    "text",
    [
        f"{MAC}\n{OTHER}\n{THIRD}",
        f"{MAC}\r\n{OTHER}\r{THIRD}\n",
        f"{MAC},{OTHER};{THIRD}",
        f"{MAC} {OTHER}\t{THIRD}",
        "0642409260b4 0642409260b5 0642409260b6",
        "06 42 40 92 60 B4 06 42 40 92 60 B5 06-42-40-92-60-b6",
        f'["{MAC}", "{OTHER}", "{THIRD}"]',
        f"['0642409260b4','0642409260b5','{THIRD}']",
        f"\ufeff{MAC},\n\n,{OTHER} ; | {THIRD},",
    ],
)
def test_any_separator_will_do(text: str) -> None:
    parsed = parse(text)
    assert [good.mac for good in parsed.good] == [MAC, OTHER, THIRD]
    assert {good.name for good in parsed.good} == {""}
    assert not parsed.rejected


def test_several_addresses_of_one_line_have_a_name_each() -> None:
    assert parse(f"{MAC} one, {OTHER} two; {THIRD}").good == [
        Good(1, MAC, "one"),
        Good(1, OTHER, "two"),
        Good(1, THIRD, ""),
    ]


def test_a_bad_line_costs_no_good_one() -> None:
    parsed = parse(f"hello\n{MAC} a\n06:42:40:92:60:ZZ b {OTHER} c\n\nffffffffffff d\n1. {THIRD}")
    assert parsed.good == [Good(2, MAC, "a"), Good(3, OTHER, "c"), Good(6, THIRD, "")]
    assert parsed.rejected == [
        Rejected(1, "hello", Reason.NOT_A_MAC),
        Rejected(3, "06:42:40:92:60:ZZ b", Reason.NOT_A_MAC),
        Rejected(5, "ffffffffffff d", Reason.BROADCAST),
        Rejected(6, "1.", Reason.NOT_A_MAC),
    ]


@pytest.mark.parametrize(
    "bad", ["Hall", "zz:42:40:92:60:B4", "0:0:0:0:0:0", "\u0444:42:40:92:60:B4"]
)
@pytest.mark.parametrize("good", ["0642409260b4", "0642.4092.60b4", "06 42 40 92 60 b4"])
def test_a_good_address_after_a_bad_word_is_found(bad: str, good: str) -> None:
    parsed = parse(f"{bad} {good}")
    assert [row.mac for row in parsed.good] == [MAC]
    assert [row.text for row in parsed.rejected] == [bad]


def test_a_repeated_address_is_reported_and_the_first_kept() -> None:
    parsed = parse(f"{MAC} first\n{OTHER}\n0642409260b4 second, {OTHER}")
    assert parsed.good == [Good(1, MAC, "first"), Good(2, OTHER, "")]
    assert parsed.repeated == [Repeated(3, MAC, 1), Repeated(3, OTHER, 2)]


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        ("plain", "plain", None),
        ("  two   words ", "two words", None),
        ("a\x00b", "ab", Reason.NAME_CLEANED),
        ("a\ud800b", "ab", Reason.NAME_CLEANED),
        ("a\u202eb\u200b", "ab", Reason.NAME_CLEANED),
        ("می\u200cخواهم", "می\u200cخواهم", None),
        ("и\u0306", "й", None),
        ("x" * 255, "x" * 255, None),
        ("x" * 254 + " yz", "x" * 254, Reason.NAME_CUT),
    ],
)
def test_a_name_is_cleaned_with_a_reason(text: str, name: str, reason: Reason | None) -> None:
    assert clean_name(text) == (name, reason)


@given(st.text(st.characters(), max_size=600))
def test_a_clean_name_can_be_stored_shown_and_cleaned_again(text: str) -> None:
    name, _reason = clean_name(text)
    name.encode("utf-8")  # a lone surrogate would raise
    assert len(name) <= NAME_LIMIT
    assert not {unicodedata.category(mark) for mark in name} & {"Cc", "Cs"}
    assert clean_name(name) == (name, None)


def test_a_changed_name_keeps_its_address() -> None:
    parsed = parse(f"{MAC} a\x00b")
    assert parsed.good == [Good(1, MAC, "ab")]
    assert parsed.changed == [Changed(1, MAC, Reason.NAME_CLEANED)]


def test_a_rejected_text_is_shown_short_and_printable() -> None:
    (row,) = parse("bad\x00" + "x" * 1000).rejected
    assert len(row.text) == SHOWN_LIMIT + 1
    assert row.text.isprintable()


lines = st.lists(
    st.one_of(digits.flatmap(lambda text: st.sampled_from(spellings(text))), st.text(max_size=30)),
    max_size=20,
)


@given(lines, st.sampled_from(["\n", "\r\n", ",", ";", "\t", " ; "]))
def test_no_paste_loses_an_address_that_stands_alone(items: list[str], mark: str) -> None:
    expected = set()
    for item in items:
        try:
            expected.add(normalise(item))
        except MacError:
            continue
    found = {good.mac for good in parse(mark.join(items)).good}
    assert expected <= found
    assert all(normalise(mac) == mac for mac in found)


@given(st.text(st.characters(), max_size=300))
def test_no_text_breaks_it_and_every_line_number_exists(text: str) -> None:
    parsed = parse(text)
    count = text.count("\n") + text.count("\r") + 1
    for rows in parsed:
        assert all(1 <= row.line <= count for row in rows)


@pytest.mark.parametrize("template", ["{0};Зал {0}\n", "{0}, ", "{0} x\x00\n", "z{0}\n", "n {0} "])
def test_100_000_addresses_take_under_two_seconds(template: str) -> None:
    text = "".join(template.format(f"{number:012x}") for number in range(1, 100_001))
    started = time.process_time()
    parse(text)
    assert time.process_time() - started < 2


@pytest.mark.parametrize("text", ["a" * 1_000_000, "aa:" * 333_333, " " * 1_000_000 + "x"])
def test_a_hostile_line_takes_linear_time(text: str) -> None:
    started = time.process_time()
    parse(text)
    assert time.process_time() - started < 2
