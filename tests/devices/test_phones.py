"""Phone numbers as people and gateways write them."""

import time

import pytest
from django.utils.functional import Promise
from hypothesis import given, strategies as st

from devices.phones import (
    SENDER_LIMIT,
    PhoneError,
    PhoneFormat,
    Reason,
    SenderKind,
    masked,
    masked_within,
    normalise,
    sender,
    written,
)

PHONE = "+79123456789"

russian = st.integers(9_000_000_000, 9_999_999_999).map(lambda number: f"+7{number}")


@pytest.mark.parametrize(
    "text",
    [
        "+79123456789",
        "+7 912 345-67-89",
        "+7 (912) 345-67-89",
        "+7.912.345.67.89",
        "89123456789",
        "8 (912) 345 67 89",
        "9123456789",
        "79123456789",
        "0079123456789",
        "  +79123456789 ",
    ],
)
def test_every_spelling_of_a_russian_number_has_one_normal_form(text: str) -> None:
    assert normalise(text, "RU") == PHONE


@pytest.mark.parametrize(
    ("text", "region", "phone"),
    [
        ("+447911123456", "RU", "+447911123456"),
        ("00447911123456", "RU", "+447911123456"),
        ("07911 123456", "GB", "+447911123456"),
        ("8 701 234 56 78", "KZ", "+77012345678"),
        ("0151 23456789", "DE", "+4915123456789"),
        (PHONE, None, PHONE),
    ],
)
def test_the_region_says_where_a_national_number_belongs(
    text: str, region: str | None, phone: str
) -> None:
    assert normalise(text, region) == phone


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.EMPTY),
        ("   ", Reason.EMPTY),
        ("+7001#08#1234", Reason.STRANGE),
        ("+79123456789\n", Reason.STRANGE),
        ("+79123456789\n+79123456780", Reason.STRANGE),
        ("+7912345\x006789", Reason.STRANGE),
        ("+٧٩١٢٣٤٥٦٧٨٩", Reason.STRANGE),  # Arabic digits
        ("＋７９１２３４５６７８９", Reason.STRANGE),  # full-width digits
        ("+7912345678९", Reason.STRANGE),  # one Devanagari digit
        ("+79123456789;ext=5", Reason.STRANGE),
        ("+79123456789 x5", Reason.STRANGE),
        ("tel:+79123456789", Reason.STRANGE),
        ("1-800-FLOWERS", Reason.STRANGE),
        ("+7912+3456789", Reason.STRANGE),
        ("+7 " * 40, Reason.STRANGE),
        ("+7001", Reason.WRONG_LENGTH),
        ("+791234567890", Reason.WRONG_LENGTH),
        ("112", Reason.WRONG_LENGTH),
        ("+", Reason.STRANGE),
        ("+9999123456789", Reason.NO_COUNTRY),
    ],
)
def test_it_refuses_with_a_reason(text: str, reason: Reason) -> None:
    with pytest.raises(PhoneError) as caught:
        normalise(text, "RU")
    assert caught.value.reason is reason
    assert str(caught.value)


def test_a_national_number_of_no_country_asks_for_the_country() -> None:
    with pytest.raises(PhoneError) as caught:
        normalise("9123456789")
    assert caught.value.reason is Reason.NO_COUNTRY


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.value)
def test_every_reason_can_be_translated(reason: Reason) -> None:
    assert isinstance(reason.label, Promise)


@given(russian)
def test_the_normal_form_is_its_own_normal_form(phone: str) -> None:
    assert {normalise(phone, region) for region in ("RU", "DE", None)} == {phone}
    assert normalise(f"8{phone[2:]}", "RU") == phone


@given(st.text() | st.text("+0123456789 ()-./#;ext", max_size=45))
def test_any_text_is_a_normal_form_or_a_phone_error(text: str) -> None:
    try:
        phone = normalise(text, "RU")
    except PhoneError:
        return
    assert phone[0] == "+"
    assert set(phone[1:]) <= set("0123456789")
    assert 8 <= len(phone) <= 16


@pytest.mark.parametrize(
    ("text", "kind", "kept"),
    [
        ("+79123456789", SenderKind.NUMBER, PHONE),
        ("79123456789", SenderKind.NUMBER, PHONE),
        ("89123456789", SenderKind.NUMBER, PHONE),
        (" +7 912 345-67-89\r\n", SenderKind.NUMBER, PHONE),
        ("447911123456", SenderKind.NUMBER, "+447911123456"),
        ("900", SenderKind.SHORT_CODE, "900"),
        ("111200", SenderKind.SHORT_CODE, "111200"),
        ("MTS", SenderKind.NAME, "MTS"),
        ("Gosuslugi 24", SenderKind.NAME, "Gosuslugi 24"),
        ("٧٩١٢٣٤٥٦٧٨٩", SenderKind.NAME, "٧٩١٢٣٤٥٦٧٨٩"),
        ("\x00\u202eevil", SenderKind.NAME, "evil"),
        ("", SenderKind.NONE, ""),
        (" \t\x00", SenderKind.NONE, ""),
    ],
)
def test_it_tells_who_a_message_says_it_is_from(text: str, kind: SenderKind, kept: str) -> None:
    assert sender(text, "RU") == (kind, kept)


def test_a_sender_without_its_plus_needs_no_region() -> None:
    assert sender("79123456789") == (SenderKind.NUMBER, PHONE)


@given(st.text() | st.text("0123456789 +a\x00\x1b\u202e\u2028", max_size=20))
def test_no_sender_is_too_strange(text: str) -> None:
    kind, kept = sender(text, "RU")
    assert kept.isprintable()
    assert len(kept) <= SENDER_LIMIT
    assert (kind is SenderKind.NONE) == (not kept)
    assert sender(kept, "RU") == (kind, kept)


def test_a_huge_sender_takes_no_time() -> None:
    began = time.perf_counter()
    for mark in "9+ (a\x00":
        sender(mark * 100_000, "RU")
    assert time.perf_counter() - began < 1


def test_viewers_see_the_last_two_digits_alone() -> None:
    assert masked(PHONE) == "••••••••••89"
    assert masked("89") == masked("12") == "••"
    assert masked("") == ""


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (f"#06#{PHONE}#", "#06#••••••••••89#"),
        ("Number 89123456789 added", "Number •••••••••89 added"),
        ("call +7 (912) 345-67-89 now", "call ••••••••••••••••89 now"),
        ("#12#0#5#1#", "#12#0#5#1#"),
        ("GSM 23, 25 C", "GSM 23, 25 C"),
    ],
)
def test_a_message_shown_to_viewers_has_no_number(text: str, seen: str) -> None:
    assert masked_within(text) == seen


@given(russian, st.text("ab #,"), st.text("ab #,"))
def test_no_number_shines_through_the_mask(phone: str, before: str, after: str) -> None:
    assert phone[1:-2] not in masked_within(before + phone + after)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (PhoneFormat.E164, "+79123456789"),
        (PhoneFormat.DIGITS, "79123456789"),
        (PhoneFormat.ZEROS, "0079123456789"),
    ],
)
def test_a_number_is_written_as_the_gateway_wants_it(form: PhoneFormat, expected: str) -> None:
    assert written(PHONE, form) == expected


@pytest.mark.parametrize(
    "text", ["", "79123456789", "+7912345678\n", "+7912345678٩", "+7 912", "+0"]
)
def test_nothing_but_a_whole_number_is_written_for_a_gateway(text: str) -> None:
    with pytest.raises(PhoneError):
        written(text, PhoneFormat.E164)
