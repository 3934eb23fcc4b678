"""What AddReality lists, and what is made of it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from exporters.kinds import KINDS, strict_json
from exporters.kinds.shape import Account, Listing, Page, Reading, Reason, SettingsError, Status
from tests.exporters.process.addreality_web import device, page

ADDREALITY = KINDS["addreality"]
ADDRESS = "http://vendor/public/v1/device/list"
INFO = {
    "name": "Mall 1, entrance",
    "player_version": "5.3.1",
    "time_zone": "Europe/Moscow",
    "activation_state": "true",
}
VALUES = {"player_status": 1.0, "last_online_timestamp_seconds": 1751883300.0}


def asking(**told: object) -> Listing:
    way = ADDREALITY.open(Account(ADDRESS, {"api_token": "secret", **told}))
    assert isinstance(way, Listing)
    return way


def read(body: bytes) -> Page:
    return asking().read(body)


def read_one(**changed: Any) -> Reading:
    ((_identity, reading),) = read(page([device(1, **changed)])).readings
    return reading


# -- asking -------------------------------------------------------------------------------------


def test_it_asks_as_documented_with_the_platforms_token() -> None:
    request = asking().ask(0, 0)
    assert (request.method, request.url) == ("POST", ADDRESS)
    assert json.loads(request.body) == {"id": [], "limit": 300}
    assert "X-API-Token: secret" in request.headers
    assert "Content-Type: application/json" in request.headers


def test_a_further_page_is_asked_for_by_its_offset() -> None:
    assert json.loads(asking(limit=50).ask(100, 1).body) == {"id": [], "limit": 50, "offset": 100}


def test_nothing_shows_the_token() -> None:
    account = Account(ADDRESS, {"api_token": "secret"})
    assert "secret" not in repr(account) + repr(asking().ask(300, 1)) + str(asking().ask(0, 0))


@pytest.mark.parametrize("limit", [None, "", 0])
def test_a_limit_that_is_not_set_is_300(limit: object) -> None:
    assert json.loads(asking(limit=limit).ask(0, 0).body)["limit"] == 300


UNFIT = [
    ({}, "api_token is not set"),
    ({"api_token": ""}, "api_token is not set"),
    ({"api_token": None}, "api_token is not set"),
    ({"api_token": 7}, "api_token is not set"),
    ({"api_token": "two\r\nX-Other: lines"}, "api_token holds"),
    ({"api_token": "two words"}, "api_token holds"),
    ({"api_token": "токен"}, "api_token holds"),
    ({"api_token": "token\n"}, "api_token holds"),
    ({"api_token": "token", "limit": -1}, "limit"),
    ({"api_token": "token", "limit": "300"}, "limit"),
    ({"api_token": "token", "limit": True}, "limit"),
    ({"api_token": "token", "limit": 2.5}, "limit"),
]


@pytest.mark.parametrize(("told", "said"), UNFIT, ids=[repr(told) for told, _said in UNFIT])
def test_settings_with_which_nothing_can_be_asked_are_told_without_the_token(
    told: dict[str, object], said: str
) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        ADDREALITY.open(Account(ADDRESS, told))
    assert not told.get("api_token") or str(told["api_token"]) not in str(caught.value)


# -- reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["online", "offline"])
def test_it_reads_the_documented_answer(status: str) -> None:
    found = read(page([device(1, connection_state=status)]))
    assert found == Page([("51001", Reading(Status(status), "", INFO, VALUES))], False, 0)


def test_a_page_as_long_as_its_limit_may_not_be_the_last() -> None:
    three = page([device(number) for number in range(3)])
    assert asking(limit=3).read(three).is_full
    assert asking(limit=2).read(three).is_full  # a vendor that ignores the limit, too
    assert not asking(limit=4).read(three).is_full


def test_an_account_may_have_no_devices() -> None:
    assert read(b'{"data": []}') == Page([], False, 0)


def test_an_id_that_stands_twice_comes_twice() -> None:
    found = read(page([device(1), device(1, id="51001")]))
    assert [identity for identity, _reading in found.readings] == ["51001", "51001"]


IDS: list[tuple[object, str]] = [
    (51234, "51234"),
    (0, "0"),
    ("51234", "51234"),
    ("a1-B2.c:3", "a1-B2.c:3"),
    (-1, ""),
    (10**18, ""),
    (1.0, ""),
    (True, ""),
    (None, ""),
    ("", ""),
    (" 7", ""),
    ("7\n", ""),
    ("\u0000", ""),
    ("\u202e7", ""),
    ("x" * 129, ""),
    ([7], ""),
    ({"id": 7}, ""),
]


@pytest.mark.parametrize(("told", "identity"), IDS, ids=[repr(told)[:20] for told, _ in IDS])
def test_an_entry_without_an_id_that_could_be_a_label_is_left_out_and_counted(
    told: object, identity: str
) -> None:
    found = read(page([device(1, id=told), device(2)]))
    identities = [each for each, _reading in found.readings]
    assert identities == ([identity, "51002"] if identity else ["51002"])
    assert found.rejected == (0 if identity else 1)


def test_an_entry_that_is_no_object_is_left_out_and_counted() -> None:
    found = read(json.dumps({"data": [7, None, "offline", [], device(1)]}).encode())
    assert (len(found.readings), found.rejected) == (1, 4)


ODD = [
    {"connection_state": None},
    {"connection_state": False},
    {"connection_state": "false"},
    {"connection_state": 0},
    {"connection_state": "OFFLINE"},
    {"connection_state": "offline "},
    {"connection_state": "offline\ud800"},
    {"connection_state": ["offline"]},
    {"connection_state": {"state": "offline"}},
]


@pytest.mark.parametrize("changed", ODD, ids=repr)
def test_a_status_that_is_not_understood_is_unknown_and_the_rest_is_read(
    changed: dict[str, object],
) -> None:
    expected = Reading(Status.UNKNOWN, Reason.ODD_STATUS.value, INFO, VALUES)
    assert read_one(**changed) == expected


def test_a_renamed_field_is_unknown_and_not_offline() -> None:
    renamed = {**device(1), "connectionState": "offline"}
    del renamed["connection_state"]
    ((_identity, reading),) = read(page([renamed])).readings
    assert (reading.status, reading.reason) == (Status.UNKNOWN, Reason.ODD_STATUS)


@pytest.mark.parametrize(
    ("told", "value"),
    [("playback", 1.0), ("pause", 0.0), ("stop", None), ("", None), (None, None), (True, None)],
)
def test_what_the_player_does_is_told_when_it_is_understood(
    told: object, value: float | None
) -> None:
    reading = read_one(player_status=told)
    assert reading.values.get("player_status") == value
    assert reading.status is Status.ONLINE


MOMENTS: list[tuple[object, float | None]] = [
    ("2025-07-07T10:15:00Z", 1751883300.0),
    ("2025-07-07T10:15:00.25Z", 1751883300.25),
    ("2025-07-07T13:15:00+03:00", 1751883300.0),
    ("2025-07-07T10:15:00", 1751883300.0),  # without a zone: UTC, wherever this runs
    ("2025-07-07 10:15:00", 1751883300.0),
    ("", None),
    (None, None),
    (1751883300, None),
    ("yesterday", None),
    ("2025-02-30T00:00:00Z", None),
    ("0001-01-01T00:00:00Z", None),
    ("0001-01-01T00:00:00+23:59", None),
    ("9999-12-31T23:59:59-23:59", None),
    ("٢٠٢٥-07-07T10:15:00Z", None),
]


@pytest.mark.parametrize(("told", "seconds"), MOMENTS, ids=[repr(told) for told, _ in MOMENTS])
def test_when_it_was_last_online_is_told_when_it_is_understood(
    told: object, seconds: float | None
) -> None:
    reading = read_one(last_online=told)
    assert reading.values.get("last_online_timestamp_seconds") == seconds
    assert reading.status is Status.ONLINE


def test_missing_null_or_odd_texts_are_empty_labels() -> None:
    empty = dict.fromkeys(INFO, "")
    nulls: dict[str, object] = {
        "name": None,
        "player_version": 5.3,
        "time_zone": [],
        "activation_state": "true",
    }
    assert read_one(**nulls).info == empty
    body = b'{"data": [{"id": 1, "connection_state": "online"}]}'
    assert read(body).readings == [("1", Reading(Status.ONLINE, "", empty))]


NOT_UNDERSTOOD = [
    b"",
    b"<!doctype html><html>502 Bad Gateway</html>",
    b"null",
    b"[]",
    b"{}",
    b'{"data": null}',
    b'{"data": {}}',
    b'{"Data": []}',
    b'{"data": "offline"}',
    b'{"data": [7]}',
    b'{"data": [{"connection_state": "offline"}]}',  # nobody has an id: the field was renamed
    b'{"data": [], "data": []}',
    b'{"data": [{"id": 1, "connection_state": "online", "connection_state": "offline"}]}',
    b'{"data": [{"id": 1, "id": 2, "connection_state": "offline"}]}',
    b'{"data": [{"id": 1, "load": NaN}]}',
    b'{"data": [{"id": 1, "load": -Infinity}]}',
    b'{"data": [{"id": 1' + b"0" * 5000 + b"}]}",
    b'{"data": [{"id": 1, "name": "\xff"}]}',
    b'{"data": [{"id": 1, "connection_state": "offline"}',
    b'{"data": []} trailing',
    b'{"data": ' + b"[" * 100_000,
    b'{"data": [{"id": 1, "a": ' + b'{"a":' * 50_000,
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
]


@pytest.mark.parametrize("body", NOT_UNDERSTOOD, ids=[repr(each[:40]) for each in NOT_UNDERSTOOD])
def test_a_page_that_is_not_understood_is_no_page(body: bytes) -> None:
    with pytest.raises(strict_json.MalformedError):
        read(body)


def test_a_byte_order_mark_does_no_harm() -> None:
    assert len(read(b"\xef\xbb\xbf" + page([device(1)])).readings) == 1


KEYS = st.sampled_from(["id", "connection_state", "player_status", "last_online", "name"])
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers()
    | st.text()
    | st.sampled_from(["online", "offline", "pause", "2025-07-07T10:15:00Z"]),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
    max_leaves=12,
)


@settings(max_examples=200)
@given(st.lists(st.dictionaries(KEYS, json_values) | json_values))
def test_no_json_becomes_offline_unless_it_says_exactly_that(items: list[Any]) -> None:
    try:
        found = read(json.dumps({"data": items}).encode())
    except strict_json.MalformedError:
        return
    said = [each for each in items if isinstance(each, dict) and each.get("connection_state")]
    offline = [each for each in said if each["connection_state"] == "offline"]
    read_offline = [each for _id, each in found.readings if each.status is Status.OFFLINE]
    assert len(read_offline) <= len(offline)
    assert len(found.readings) + found.rejected == len(items)


def test_its_devices_come_from_the_vendor_whatever_is_set() -> None:
    assert ADDREALITY.discovers({})
