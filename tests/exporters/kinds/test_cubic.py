"""What CubicMedia says, and what is made of it."""

import json

import pytest
from hypothesis import given, settings, strategies as st

from exporters.kinds import KINDS
from exporters.kinds.shape import Account, Each, Reading, Reason, Status

CUBIC = KINDS["cubic"]
MAC = "06:42:40:92:60:B4"
INFO = {"ip": "192.168.111.27", "name": "Hall LED", "outip": "94.72.61.150"}
PLAYER = {"status": "offline", "name": "Hall LED", "ip": "192.168.111.27", "outIp": "94.72.61.150"}


def asking(address: str) -> Each:
    way = CUBIC.open(Account(address))
    assert isinstance(way, Each)
    return way


def read(body: bytes) -> Reading:
    return asking("http://vendor/").read(MAC, body)


@pytest.mark.parametrize("status", ["online", "offline"])
def test_it_reads_the_documented_answer(status: str) -> None:
    body = json.dumps([{**PLAYER, "status": status}]).encode()
    assert read(body) == Reading(Status(status), "", INFO)


@pytest.mark.parametrize(
    "player", [{"status": "online"}, {"status": "online", "name": None, "ip": 7, "outIp": []}]
)
def test_missing_null_or_odd_fields_are_empty_labels(player: dict[str, object]) -> None:
    empty = {"ip": "", "name": "", "outip": ""}
    assert read(json.dumps([player]).encode()) == Reading(Status.ONLINE, "", empty)


def test_a_byte_order_mark_does_no_harm() -> None:
    assert read(b'\xef\xbb\xbf[{"status": "online"}]').status is Status.ONLINE


def test_a_name_with_a_lone_surrogate_does_not_hide_a_certain_status() -> None:
    reading = read(rb'[{"status": "online", "name": "Hall \ud800"}]')
    assert reading.status is Status.ONLINE
    assert reading.info is not None
    assert reading.info["name"] == "Hall \ud800"


NOT_UNDERSTOOD = [
    (b"", Reason.MALFORMED),
    (b"<!doctype html><html>502 Bad Gateway</html>", Reason.MALFORMED),
    (b"null", Reason.MALFORMED),
    (b'"offline"', Reason.MALFORMED),
    (b'{"status": "offline"}', Reason.MALFORMED),
    (b'["offline"]', Reason.MALFORMED),
    (b"[null]", Reason.MALFORMED),
    (b'[{"status": "offline"}', Reason.MALFORMED),
    (b'[{"status": "offline"}] trailing', Reason.MALFORMED),
    (b'[{"status": "online", "status": "offline"}]', Reason.MALFORMED),
    (b'[{"status": "offline", "load": NaN}]', Reason.MALFORMED),
    (b'[{"status": "offline", "load": -Infinity}]', Reason.MALFORMED),
    (b'[{"status": "offline", "size": 1' + b"0" * 5000 + b"}]", Reason.MALFORMED),
    (b'[{"status": "offline", "name": "\xff"}]', Reason.MALFORMED),
    (b'\xff\xfe[\x00{\x00"\x00', Reason.MALFORMED),
    (b"[" * 100_000, Reason.MALFORMED),
    (b'[{"status": "offline", "a": ' + b'{"a":' * 50_000, Reason.MALFORMED),
    (b"[]", Reason.NOT_FOUND),
    (b"[ ]", Reason.NOT_FOUND),
    (b'[{"status": "offline"}, {"status": "offline"}]', Reason.DUPLICATE),
    (b"[{}]", Reason.ODD_STATUS),
    (b'[{"Status": "offline"}]', Reason.ODD_STATUS),
    (b'[{"status": "OFFLINE"}]', Reason.ODD_STATUS),
    (b'[{"status": "offline "}]', Reason.ODD_STATUS),
    (rb'[{"status": "offline\ud800"}]', Reason.ODD_STATUS),
    (b'[{"status": "rebooting"}]', Reason.ODD_STATUS),
    (b'[{"status": "false"}]', Reason.ODD_STATUS),
    (b'[{"status": false}]', Reason.ODD_STATUS),
    (b'[{"status": 0}]', Reason.ODD_STATUS),
    (b'[{"status": null}]', Reason.ODD_STATUS),
    (b'[{"status": ["offline"]}]', Reason.ODD_STATUS),
]


@pytest.mark.parametrize(
    ("body", "reason"), NOT_UNDERSTOOD, ids=[repr(body[:40]) for body, _reason in NOT_UNDERSTOOD]
)
def test_what_is_not_understood_is_unknown_with_a_reason(body: bytes, reason: Reason) -> None:
    reading = read(body)
    assert (reading.status, reading.reason) == (Status.UNKNOWN, reason.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["status", "name", "ip"]), inner)
    ),
    max_leaves=8,
)


@given(json_values)
def test_no_json_becomes_offline_unless_it_says_exactly_that(value: object) -> None:
    reading = read(json.dumps(value).encode())
    said = (
        isinstance(value, list)
        and len(value) == 1
        and isinstance(value[0], dict)
        and value[0].get("status") == "offline"
        and "NaN" not in json.dumps(value)
        and "Infinity" not in json.dumps(value)
    )
    assert (reading.status is Status.OFFLINE) == said


@settings(max_examples=500)
@given(st.binary(max_size=4), st.integers(0, 200), st.integers(0, 200))
def test_no_damaged_answer_raises_or_becomes_offline(piece: bytes, start: int, end: int) -> None:
    body = json.dumps([{**PLAYER, "status": "online"}]).encode()
    damaged = body[:start] + piece + body[max(start, end) :]
    assert read(damaged).status is not Status.OFFLINE or b'"offline"' in damaged


@given(st.binary())
def test_no_bytes_raise(body: bytes) -> None:
    assert read(body).status is Status.UNKNOWN


def test_it_asks_for_each_mac_by_itself() -> None:
    request = asking("http://vendor/status?mac=").ask(MAC)
    assert request.url == f"http://vendor/status?mac={MAC}"
    assert request.method == "GET"


def test_nothing_in_an_identity_can_add_a_parameter() -> None:
    request = asking("http://vendor/?mac=").ask("a&b=c#d/../é")
    assert request.url == "http://vendor/?mac=a%26b%3Dc%23d%2F..%2F%C3%A9"


def test_a_request_does_not_show_its_secrets() -> None:
    asked = asking("http://vendor/?key=secret&mac=").ask(MAC)
    request = asked._replace(headers=("X-API-Token: secret",))
    assert "secret" not in repr(request)
