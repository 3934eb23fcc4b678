"""Typed parameters: what is sent, and what is refused with which message."""

import pytest
from django.utils import translation
from django.utils.functional import Promise
from hypothesis import given, strategies as st

from devices.parameters import (
    PATTERNS,
    UNITS,
    Choice,
    Kind,
    Parameter,
    Reason,
    ValueRefused,
    check,
    shown,
)
from devices.words import Words

TEXT = Words("Value", "Значение")


def parameter(kind: Kind, **columns: object) -> Parameter:
    return Parameter("value", kind, TEXT, TEXT, **columns)  # type: ignore[arg-type]


MINUTES = parameter(Kind.INTEGER, minimum=1, maximum=720, unit="min")
DEGREES = parameter(Kind.INTEGER, minimum=-30, maximum=100, unit="C")
LINE = parameter(Kind.INTEGER, choices=(Choice(1, TEXT), Choice(2, TEXT)))
FREE = parameter(Kind.INTEGER)
PHONE, TIME, WORD, PIN = map(parameter, (Kind.PHONE, Kind.HHMM, Kind.WORD, Kind.PIN))
EVERY = [MINUTES, DEGREES, LINE, FREE, PHONE, TIME, WORD, PIN]


@pytest.mark.parametrize(
    ("declared", "text", "value"),
    [
        (MINUTES, "5", "5"),
        (MINUTES, "005", "5"),
        (MINUTES, " 5 ", "5"),
        (MINUTES, "720", "720"),
        (DEGREES, "-30", "-30"),
        (DEGREES, "-0", "0"),
        (LINE, "2", "2"),
        (FREE, "9999", "9999"),
        (PHONE, "+7 912 345-67-89", "+79123456789"),
        (PHONE, "89123456789", "+79123456789"),
        (TIME, "08:30", "0830"),
        (TIME, "8:30", "0830"),
        (TIME, "23:59", "2359"),
        (WORD, "Door-1", "Door-1"),
        (PIN, "0000", "0000"),
    ],
)
def test_a_value_is_written_in_one_way(declared: Parameter, text: str, value: str) -> None:
    assert check(declared, text, "RU") == value


INJECTIONS = [
    ("", Reason.EMPTY),
    ("  ", Reason.EMPTY),
    ("+7001#08#1234", Reason.SEPARATOR),
    ("5#1#", Reason.SEPARATOR),
    ("#", Reason.SEPARATOR),
    ("5\n", Reason.INVISIBLE),  # `$` would let this one through
    ("\n", Reason.INVISIBLE),
    ("5\r\n#08#1234#", Reason.INVISIBLE),
    ("5\x00", Reason.INVISIBLE),
    ("\u202e5", Reason.INVISIBLE),
    ("5\u200b", Reason.INVISIBLE),
    ("5\xa0", Reason.INVISIBLE),
    ("٥", Reason.NOT_ASCII),  # Arabic: int() and \d take it
    ("５", Reason.NOT_ASCII),  # full width
    ("৫", Reason.NOT_ASCII),
    ("²", Reason.NOT_ASCII),
    ("＃", Reason.NOT_ASCII),
    ("слово", Reason.NOT_ASCII),
]


@pytest.mark.parametrize("declared", EVERY, ids=lambda each: each.kind.value)
@pytest.mark.parametrize(("text", "reason"), INJECTIONS)
def test_no_kind_lets_an_injection_through(declared: Parameter, text: str, reason: Reason) -> None:
    with pytest.raises(ValueRefused) as caught:
        check(declared, text, "RU")
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("declared", "text", "message"),
    [
        (MINUTES, "0", "Enter 1 or more."),
        (MINUTES, "721", "Enter 720 or less."),
        (MINUTES, "999999999", "Enter 720 or less."),
        (MINUTES, "9" * 5000, "Enter a whole number in digits."),
        (MINUTES, "1_0", "Enter a whole number in digits."),
        (MINUTES, "1e2", "Enter a whole number in digits."),
        (MINUTES, "5.0", "Enter a whole number in digits."),
        (MINUTES, "+5", "Enter a whole number in digits."),
        (MINUTES, "True", "Enter a whole number in digits."),
        (DEGREES, "-31", "Enter -30 or more."),
        (LINE, "0", "Choose one of these: 1, 2."),
        (FREE, "10000", "Enter 9999 or less."),
        (FREE, "-10000", "Enter -9999 or more."),
        (PHONE, "+7001", "This is no phone number: it has too few or too many digits."),
        (TIME, "24:00", "Enter a time as HH:MM, from 00:00 to 23:59."),
        (TIME, "0830", "Enter a time as HH:MM, from 00:00 to 23:59."),
        (TIME, "8:3", "Enter a time as HH:MM, from 00:00 to 23:59."),
        (WORD, "two words", "Enter one word: at most 16 letters, digits, - and _."),
        (WORD, "a" * 17, "Enter one word: at most 16 letters, digits, - and _."),
        (WORD, "{value}", "Enter one word: at most 16 letters, digits, - and _."),
        (PIN, "123", "Enter the password of four digits."),
        (PIN, "12345", "Enter the password of four digits."),
    ],
)
def test_a_field_says_what_it_wants(declared: Parameter, text: str, message: str) -> None:
    with translation.override("en"), pytest.raises(ValueRefused) as caught:
        check(declared, text, "RU")
    with translation.override("en"):
        assert str(caught.value) == message
    with translation.override("ru"):
        assert str(caught.value) != message


@given(st.sampled_from(EVERY), st.text() | st.text("0123456789+-:#aZ \n", max_size=20))
def test_whatever_passes_looks_as_its_kind_does(declared: Parameter, text: str) -> None:
    try:
        value = check(declared, text, "RU")
    except ValueRefused:
        return
    assert value.isascii()
    assert value.isprintable()
    assert "#" not in value
    assert set(value) <= set("0123456789") or declared.kind is not Kind.PIN
    if declared.kind is not Kind.HHMM:
        assert check(declared, value, "RU") == value


@pytest.mark.parametrize("reason", [each for each in Reason if each is not Reason.NOT_A_PHONE])
def test_every_reason_can_be_translated(reason: Reason) -> None:
    assert isinstance(reason.label, Promise)


def test_every_kind_has_its_pattern_and_every_unit_its_name() -> None:
    assert set(PATTERNS) == set(Kind)
    assert all(isinstance(name, Promise) for name in UNITS.values() if str(name) != "°C")


def test_a_secret_is_never_shown() -> None:
    assert shown(PIN, "4711") == "4711"
    assert shown(parameter(Kind.PIN, secret=True), "4711") == "••••"
