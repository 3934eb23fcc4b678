"""Messages from outside: whatever they are, they are read as they are, and keep no other away."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, strategies as st

from devices.gateways import DRIVERS, incoming, signatures
from devices.gateways.incoming import LONGEST_TEXT, MOST, cleaned, moment
from devices.gateways.shape import Account, Fate, GatewayError, Heard, Reason, Received

from .accounts import KEY, SECRET
from .far_gateway import (
    Behaviour,
    close_after_reading,
    endless,
    gateway,
    reset_unread,
    status,
)

NOW = datetime(2025, 7, 7, 12, 0, tzinfo=UTC)
SIGNING_KEY = "canary-77-signing"
AT = "2025-07-07T10:15:00Z"
MOMENT = datetime(2025, 7, 7, 10, 15, tzinfo=UTC)


def inbox(address: str) -> tuple[Received, ...]:
    ask = DRIVERS["http"].inbox
    assert ask is not None
    return ask(Account(address, SECRET))


def read(body: bytes, code: int = 200) -> tuple[Received, ...]:
    with gateway(status(code, body)) as log:
        found = inbox(log.address)
    [asked] = log.requests
    assert (asked.method, asked.path, asked.headers["authorization"]) == ("GET", "/sms", SECRET)
    return found


def written(*messages: Mapping[str, Any]) -> bytes:
    return json.dumps({"status": "ok", "sms_messages": messages}).encode()


def message(text: str, at: str | None = AT, sender: str = "+79001234567") -> dict[str, Any]:
    return {"from": sender, "message": text, **({"timestamp": at} if at else {})}


# -- the inbox ----------------------------------------------------------------------------------


def test_messages_have_sender_text_and_moment() -> None:
    assert read(written(message("Socket ON"))) == (Received("+79001234567", "Socket ON", MOMENT),)


@pytest.mark.parametrize(
    "body",
    [
        b'{"status": "no new sms"}',
        b'{"status": "No new SMS", "sms_messages": []}',
        b'{"status": "no new sms", "sms_messages": null}',
        b'{"status": "ok", "sms_messages": []}',
    ],
)
def test_an_empty_inbox_is_empty(body: bytes) -> None:
    assert read(body) == ()


def test_the_order_of_the_gateway_makes_no_difference() -> None:
    messages = (message("one"), message("two", "2025-07-07T10:14:00Z"), message("no time", None))
    found = {read(written(*order)) for order in permutations(messages)}
    assert len(found) == 1
    assert [each.text for each in found.pop()] == ["two", "one", "no time"]


@pytest.mark.parametrize(
    ("code", "body", "reason"),
    [
        (401, b"", Reason.CREDENTIALS),
        (404, b"", Reason.NOT_FOUND),
        (500, b"", Reason.SERVER_ERROR),
        (204, b"", Reason.ODD_STATUS),
        (200, b"", Reason.ODD_ANSWER),
        (200, b"<html>log in</html>", Reason.ODD_ANSWER),
        (200, b'{"status": "error"}', Reason.ODD_ANSWER),
        (200, b'{"status": "ok", "sms_messages": {}}', Reason.ODD_ANSWER),
        (200, b"[]", Reason.ODD_ANSWER),
        (200, b"[" * 100_000, Reason.ODD_ANSWER),
        (200, b'{"sms_messages": [' + b"9" * 5000 + b"]}", Reason.ODD_ANSWER),
        (200, written(message("x"))[:-5], Reason.ODD_ANSWER),
    ],
)
def test_a_poll_that_failed_is_no_empty_inbox(code: int, body: bytes, reason: Reason) -> None:
    with pytest.raises(GatewayError) as caught:
        read(body, code)
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (reset_unread, Reason.BROKEN),
        (close_after_reading, Reason.BROKEN),
        (endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536), Reason.TOO_LARGE),
        (status(302, b"", "Location: /"), Reason.REDIRECT),
    ],
)
def test_an_inbox_that_misbehaves_says_why(behaviour: Behaviour, reason: Reason) -> None:
    with gateway(behaviour) as log, pytest.raises(GatewayError) as caught:
        inbox(log.address)
    assert caught.value.reason is reason
    assert SECRET not in f"{caught.value!r} {caught.value}"


def test_an_inbox_without_settings_asks_nobody() -> None:
    ask = DRIVERS["http"].inbox
    assert ask is not None
    for account in (Account("", SECRET), Account("http://127.0.0.1:9", "")):
        with pytest.raises(GatewayError) as caught:
            ask(account)
        assert caught.value.reason is Reason.SETTINGS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x" * 5000, "x" * 5000),
        ("x" * 50_000, "x" * LONGEST_TEXT),
        ("שלום \u202eevil\u202c", "שלום \u202eevil\u202c"),
        ("on\x00off", "on\ufffdoff"),
        ("half \ud83d", "half \ufffd"),
        ("\udfff\ud800", "\ufffd\ufffd"),
        ("whole \ud83d\ude00", "whole 😀"),
        ("\ufeffmark", "\ufeffmark"),
        ("two\r\nlines", "two\r\nlines"),
        ("", ""),
    ],
)
def test_a_hostile_text_is_kept_as_far_as_a_database_can(text: str, expected: str) -> None:
    [found] = read(written(message(text)))
    assert found.text == expected
    assert found.text.encode().decode() == expected


def test_one_odd_message_keeps_no_other_away() -> None:
    odd: list[object] = [
        "text",
        None,
        7,
        [],
        {},
        {"from": None},
        {"from": 79001234567, "message": True},
    ]
    body = json.dumps({"sms_messages": [*odd, message("fine")]}).encode()
    assert [each.text for each in read(body)] == ["fine", ""]
    careless = (
        b'{"sms_messages": [{"from": "\xff\xfe", "message": "raw \n\x01"}, {"message": "b"}]}'
    )
    assert [each.text for each in read(careless)] == ["b", "raw \n\x01"]


def test_of_an_endless_inbox_the_newest_are_read() -> None:
    times = [(MOMENT + timedelta(minutes=number)).isoformat() for number in range(MOST + 5)]
    found = read(written(*(message("x", at) for at in times)))
    assert len(found) == MOST
    assert found[-1].at == MOMENT + timedelta(minutes=MOST + 4)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (AT, MOMENT),
        ("2025-07-07T13:15:00+03:00", MOMENT),
        ("2025-07-07 10:15:00", MOMENT),
        ("2025-07-07T10:15:00.000+00:00", MOMENT),
        (1751883300, MOMENT),
        (1751883300.0, MOMENT),
        (1751883300000, MOMENT),
        ("1751883300", MOMENT),
        ("1751883300000", MOMENT),
    ],
)
def test_a_moment_is_read_in_every_way_or_not_at_all(
    value: object, expected: datetime | None
) -> None:
    assert moment(value) == expected


@pytest.mark.parametrize("value", [None, "", "yesterday", "07.07.2025", True, [], {}, -1, 0, 1e300])
def test_what_is_no_moment_is_left_out(value: object) -> None:
    assert moment(value) is None


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), "9" * 40, "٩" * 10, "0001-01-01T00+05:00"]
)
def test_a_moment_beyond_the_calendar_is_left_out(value: object) -> None:
    assert moment(value) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda each: (
        st.lists(each, max_size=4) | st.dictionaries(st.text(max_size=9), each, max_size=4)
    ),
)


@given(json_values)
def test_whatever_a_field_holds_it_can_be_stored(value: object) -> None:
    for text in (
        cleaned(value, 50),
        *(each.text for each in [incoming.received("a", value, value)] if each),
    ):
        assert len(text) <= LONGEST_TEXT
        assert "\x00" not in text
        text.encode()


# -- webhooks -----------------------------------------------------------------------------------


def heard(
    driver: str, value: object, *, key: str = SIGNING_KEY, late: int = 0, **headers: str
) -> Heard:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    timestamp = str(int(NOW.timestamp()) - late)
    signature = signatures.signed(body, timestamp, SIGNING_KEY)
    given = {"X-Signature": signature, "X-Timestamp": timestamp, **headers}
    hook = DRIVERS[driver].webhook
    assert hook is not None
    return hook(Account("", SECRET, {"signing_key": key}), body, given, NOW)


def test_a_signature_is_that_of_sms_gate() -> None:
    """As `printf '{"a":1}1751889600' | openssl dgst -sha256 -hmac key` says."""
    expected = "d6df0edbaa78041d91fbac988377ff1cab4be40b2bed42ca6fcda81aa079a3f0"
    assert signatures.signed(b'{"a":1}', "1751889600", "key") == expected


@pytest.mark.parametrize("driver", ["http", "sms_gate", "described"])
@pytest.mark.parametrize(
    "forgery",
    [
        {"key": "another"},
        {"key": ""},
        {"late": 301},
        {"late": -301},
        {"X-Signature": ""},
        {"X-Signature": "0" * 64},
        {"X-Signature": "\udfff"},
        {"X-Timestamp": ""},
        {"X-Timestamp": "1751889601"},
        {"X-Timestamp": "٩" * 10},
        {"X-Timestamp": "9" * 5000},
        {"X-Timestamp": "-1"},
    ],
)
def test_a_webhook_that_is_not_signed_is_not_believed(driver: str, forgery: dict[str, Any]) -> None:
    with pytest.raises(GatewayError) as caught:
        heard(driver, {"sms_messages": [message("on")]}, **forgery)
    assert caught.value.reason is Reason.SIGNATURE


def test_a_webhook_without_headers_or_key_is_not_believed() -> None:
    for driver in DRIVERS.values():
        if driver.webhook is not None:
            for account in (Account(""), Account("", SECRET, {"signing_key": SIGNING_KEY})):
                with pytest.raises(GatewayError):
                    driver.webhook(account, b"{}", {}, NOW)


def test_nobody_signs_with_the_key_that_is_not_there() -> None:
    timestamp = str(int(NOW.timestamp()))
    signature = signatures.signed(b"{}", timestamp, "")
    hook, forged = DRIVERS["http"].webhook, {"X-Signature": signature, "X-Timestamp": timestamp}
    assert hook is not None
    for settings in ({}, {"signing_key": ""}):
        with pytest.raises(GatewayError):
            hook(Account("", SECRET, settings), b"{}", forged, NOW)


def test_a_large_webhook_is_not_looked_at() -> None:
    with pytest.raises(GatewayError) as caught:
        heard("http", b"x" * (signatures.LARGEST + 1))
    assert caught.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize("driver", ["http", "described"])
def test_forwarded_messages_are_those_of_the_inbox(driver: str) -> None:
    expected = (Received("+79001234567", "Socket ON", MOMENT),)
    assert heard(driver, {"sms_messages": [message("Socket ON")]}) == Heard(expected)
    assert heard(driver, message("Socket ON"), late=300) == Heard(expected)
    assert heard(driver, {"sms_messages": []}) == Heard()
    with pytest.raises(GatewayError):
        heard(driver, [message("Socket ON")])


def event(name: object, **payload: object) -> dict[str, Any]:
    return {"deviceId": "d", "event": name, "id": "Ey6ECgOkVVFjz3CL48B8C", "payload": payload}


@pytest.mark.parametrize("name", ["sender", "phoneNumber"])
def test_sms_gate_tells_what_it_received(name: str) -> None:
    told = event(
        "sms:received",
        messageId="abc123",
        message="Socket ON",
        receivedAt="2025-07-07T13:15:00.000+03:00",
        **{name: "+79001234567"},
    )
    assert heard("sms_gate", told) == Heard((Received("+79001234567", "Socket ON", MOMENT),))


def test_sms_gate_tells_what_became_of_our_messages() -> None:
    for name, field, fate in (
        ("sms:sent", "sentAt", Fate.SENT),
        ("sms:delivered", "deliveredAt", Fate.SENT),
        ("sms:failed", "failedAt", Fate.UNKNOWN),
    ):
        [report] = heard("sms_gate", event(name, messageId=KEY, **{field: AT})).reports
        assert report == (KEY, fate, MOMENT)


@pytest.mark.parametrize(
    "value",
    [
        event("system:ping", health={}),
        event("mms:received", message="x"),
        event("sms:sent", messageId=["x"]),
        event("sms:sent", messageId="../x"),
        event(["sms:sent"], messageId=KEY),
        event("sms:received"),
    ],
)
def test_sms_gate_may_tell_what_is_of_no_use(value: object) -> None:
    assert heard("sms_gate", value) == Heard()


@pytest.mark.parametrize("value", [b"", b"[]", b"{}", b'{"payload": 1}', b"\xff", b"[" * 9999])
def test_sms_gate_may_not_tell_nonsense(value: bytes) -> None:
    with pytest.raises(GatewayError) as caught:
        heard("sms_gate", value)
    assert caught.value.reason is Reason.ODD_ANSWER
