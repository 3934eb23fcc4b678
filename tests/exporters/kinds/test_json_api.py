"""The kind that settings alone describe: what it asks, what it makes of an answer."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from exporters.kinds import KINDS
from exporters.kinds.shape import (
    Account,
    Each,
    Listing,
    Page,
    Reading,
    Reason,
    SettingsError,
    Status,
)
from exporters.kinds.strict_json import MalformedError

KIND = KINDS["json"]
MAC = "06:42:40:92:60:B4"
MAPPING = {
    "items_path": "$.result.screens[*]",
    "id_path": "$.uid",
    "name_path": "$.title",
    "status_path": "$.state.code",
    "ip_path": "$.net.lan",
    "online_values": ["UP"],
    "offline_values": ["DOWN", "OFF"],
}
LISTED = {
    **MAPPING,
    "url": "http://vendor/screens?offset={offset}&limit={limit}",
    "limit": 2,
    "headers": ["Authorization: Bearer {secret}"],
    "secret": "s3cret",
}
ONE_BY_ONE = {
    **MAPPING, "mode": "each", "url": "http://vendor/by-mac/{mac}", "items_path": "$",
    "id_path": None,
}  # fmt: skip


def opened(settings: dict[str, Any]) -> Each | Listing:
    return KIND.open(Account("", settings))


def listing(**changed: Any) -> Listing:
    way = opened({**LISTED, **changed})
    assert isinstance(way, Listing)
    return way


def each(**changed: Any) -> Each:
    way = opened({**ONE_BY_ONE, **changed})
    assert isinstance(way, Each)
    return way


def screen(uid: object = "LM-1", code: object = "UP") -> dict[str, Any]:
    return {"uid": uid, "title": "Hall", "state": {"code": code}, "net": {"lan": "10.0.0.7"}}


def page(*screens: object, **changed: Any) -> Page:
    return listing(**changed).read(json.dumps({"result": {"screens": screens}}).encode())


def test_it_reads_a_list_that_no_vendor_of_ours_would_send() -> None:
    info = {"ip": "10.0.0.7", "name": "Hall"}
    assert page(screen("LM-1", "UP"), screen(7, "OFF")) == Page(
        [
            ("LM-1", Reading(Status.ONLINE, "", info)),
            ("7", Reading(Status.OFFLINE, "", info)),
        ],
        is_full=True,
    )


@pytest.mark.parametrize(
    "code", ["REBOOTING", "down", "DOWN ", "", None, False, 0, ["DOWN"], {"a": "DOWN"}, 1.5]
)
def test_a_status_that_the_mapping_does_not_name_is_unknown(code: object) -> None:
    ((_uid, reading),) = page(screen(code=code)).readings
    assert (reading.status, reading.reason) == (Status.UNKNOWN, Reason.ODD_STATUS)


@pytest.mark.parametrize(
    ("value", "status"),
    [(True, Status.ONLINE), ("true", Status.ONLINE), (False, Status.OFFLINE), (0, Status.OFFLINE)],
)
def test_numbers_and_truth_values_are_named_as_json_writes_them(
    value: object, status: Status
) -> None:
    named = {"online_values": ["true"], "offline_values": ["false", "0"]}
    ((_uid, reading),) = page(screen(code=value), **named).readings
    assert reading.status is status


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b'{"error": "quota"}',
        b'{"result": {"screens": null}}',
        b'{"result": {"items": []}}',
        b'{"result": {"screens": [{"title": "no id"}]}}',
        b'{"result": {"screens": [{"uid": "a", "uid": "b"}]}}',
        b'{"result": {"screens": [NaN]}}',
        b"[" * 100_000,
    ],
)
def test_a_page_that_is_not_understood_is_malformed_and_no_empty_list(answer: bytes) -> None:
    with pytest.raises(MalformedError):
        listing().read(answer)


def test_an_empty_list_is_an_empty_list() -> None:
    assert page() == Page([], is_full=False)


def test_entries_without_an_id_are_counted() -> None:
    found = page(screen(), {"title": "no id"}, screen("with space"), screen(True))
    assert ([uid for uid, _reading in found.readings], found.rejected) == (["LM-1"], 3)


@pytest.mark.parametrize(
    ("offset", "url"),
    [
        (0, "http://vendor/screens?offset=0&limit=2"),
        (4, "http://vendor/screens?offset=4&limit=2"),
    ],
)
def test_it_asks_for_the_pages_of_a_list(offset: int, url: str) -> None:
    request = listing().ask(offset, offset // 2)
    assert (request.url, request.method) == (url, "GET")
    assert "Authorization: Bearer s3cret" in request.headers


def test_pages_may_be_counted_from_0_or_1_and_stand_in_a_body() -> None:
    settings = {
        "url": "http://vendor/list/{page}",
        "method": "POST",
        "body": '{"page": {page0}, "size": {limit}, "key": "{secret}", "more": {}}',
        "secret": 'quote " and \\',
    }
    request = listing(**settings, headers=[]).ask(4, 2)
    assert request.url == "http://vendor/list/3"
    assert json.loads(request.body) == {
        "page": 2, "size": 2, "key": 'quote " and \\', "more": {},
    }  # fmt: skip
    assert "Content-Type: application/json" in request.headers


def test_an_answer_that_holds_all_devices_has_no_further_page() -> None:
    found = page(*(screen(number) for number in range(50)), url="http://vendor/all", limit=None)
    assert (len(found.readings), found.is_full) == (50, False)


@pytest.mark.parametrize(
    ("placeholder", "written"),
    [
        ("{mac}", "06:42:40:92:60:B4"),
        ("{mac_lower}", "06:42:40:92:60:b4"),
        ("{mac_dashes}", "06-42-40-92-60-B4"),
        ("{mac_plain}", "0642409260B4"),
    ],
)
def test_each_device_can_have_an_address_of_its_own(placeholder: str, written: str) -> None:
    asking = each(url=f"http://vendor/{placeholder}")
    assert asking.ask(MAC).url == f"http://vendor/{written}"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (screen(), (Status.ONLINE, "")),
        ([screen()], (Status.ONLINE, "")),
        ([], (Status.UNKNOWN, Reason.NOT_FOUND)),
        ([screen(), screen()], (Status.UNKNOWN, Reason.DUPLICATE)),
        ("DOWN", (Status.UNKNOWN, Reason.MALFORMED)),
        (["DOWN"], (Status.UNKNOWN, Reason.MALFORMED)),
        (None, (Status.UNKNOWN, Reason.MALFORMED)),
        ({}, (Status.UNKNOWN, Reason.ODD_STATUS)),
    ],
)
def test_it_reads_the_answer_about_one_device(answer: object, expected: tuple[str, str]) -> None:
    reading = each().read(MAC, json.dumps(answer).encode())
    assert (reading.status, reading.reason) == expected


@pytest.mark.parametrize("told", ["06:42:40:92:60:B4", "06-42-40-92-60-b4", "0642409260b4"])
def test_an_answer_that_names_the_device_asked_for_is_believed(told: str) -> None:
    answer = json.dumps(screen(uid=told)).encode()
    assert each(id_path="$.uid").read(MAC, answer).status is Status.ONLINE


@pytest.mark.parametrize("told", ["06:42:40:92:60:B5", "LM-1", "", None, 7])
def test_an_answer_about_another_device_is_not_believed(told: object) -> None:
    answer = json.dumps(screen(uid=told, code="DOWN")).encode()
    assert each(id_path="$.uid").read(MAC, answer).reason == Reason.MALFORMED


def test_a_page_is_numbered_by_those_before_it_however_short_they_were() -> None:
    assert listing(url="http://vendor/{page}", limit=300).ask(100, 1).url == "http://vendor/2"


def test_a_renamed_field_on_the_way_to_one_device_is_malformed() -> None:
    reading = each(items_path="$.devices[*]").read(MAC, b'{"renamed": []}')
    assert reading.reason == Reason.MALFORMED


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"url": None}, "url"),
        ({"url": "ftp://vendor/"}, "url"),
        ({"url": "http://user:pass@vendor/"}, "url"),
        ({"url": "http://{secret}/"}, "url"),
        ({"url": "http://vendor/{what}"}, "url"),
        ({"url": "http://vendor/{mac}"}, "url"),
        ({"mode": "each"}, "url"),
        ({"mode": "each", "url": "http://vendor/{mac}/{page}"}, "url"),
        ({"id_path": None}, "id_path"),
        ({"limit": None}, "limit"),
        ({"online_values": []}, "online_values"),
        ({"offline_values": None}, "online_values"),
        ({"offline_values": ["DOWN", "UP"]}, "offline_values"),
        ({"headers": ["no colon"]}, "headers"),
        ({"headers": ["Host: elsewhere"]}, "headers"),
        ({"headers": ["Content-Length: 9"]}, "headers"),
        ({"headers": ["X-Key: {secret}"], "secret": "a\r\nX-Other: b"}, "secret"),
    ],
)
def test_settings_that_cannot_be_used_say_which_and_why(
    changed: dict[str, Any], named: str
) -> None:
    with pytest.raises(SettingsError) as refusal:
        opened({**LISTED, **changed})
    assert str(refusal.value).split(" ")[0] == named


def test_a_secret_in_an_address_can_add_no_parameter() -> None:
    request = listing(url="http://vendor/{page}?key={secret}", secret="a&b=c#d").ask(0, 0)
    assert request.url == "http://vendor/1?key=a%26b%3Dc%23d"
    assert "a%26b" not in repr(request)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["result", "screens", "uid", "state", "code"]), inner)
    ),
    max_leaves=12,
)


@given(json_values)
def test_no_json_raises_anything_but_malformed_or_is_offline_by_chance(value: object) -> None:
    body = json.dumps(value).encode()
    try:
        readings = [reading for _uid, reading in listing().read(body).readings]
    except MalformedError:
        readings = []
    readings.append(each().read(MAC, body))
    offline = any(reading.status is Status.OFFLINE for reading in readings)
    assert not offline or b'"DOWN"' in body or b'"OFF"' in body


@pytest.mark.parametrize("items", ["$..screens[*]", "$..screens", "$..[?@.uid]"])
def test_an_answer_that_is_nested_too_deep_is_no_empty_list(items: str) -> None:
    deep: Any = {"screens": [screen()]}
    for _number in range(150):
        deep = {"screens": deep}
    body = json.dumps(deep).encode()
    with pytest.raises(MalformedError):
        listing(items_path=items).read(body)
    assert each(items_path=items).read(MAC, body) == Reading(Status.UNKNOWN, Reason.MALFORMED)


@pytest.mark.parametrize("path", ["name_path", "id_path", "status_path", "ip_path"])
def test_devices_within_devices_are_gone_through_once(path: str) -> None:
    with pytest.raises(SettingsError, match="items_path"):
        listing(items_path="$..*", **{path: "$..uid"})


def test_a_secret_that_the_vendor_sends_back_is_served_in_no_label() -> None:
    way = listing(items_path="$.rows[*]", status_path="$.code", secret="canary/t0ken")
    rows = [
        {"uid": 1, "title": "https://vendor/?key=canary%2Ft0ken&page=2", "code": "UP"},
        {"uid": "canary/t0ken", "title": "Hall", "code": "UP"},
        {"uid": 2, "title": "Hall", "code": "canary/t0ken", "net": {"lan": "canary/t0ken"}},
    ]
    page = way.read(json.dumps({"rows": rows}).encode())
    assert [identity for identity, _reading in page.readings] == ["1", "2"]
    assert page.rejected == 1
    assert page.readings[0][1].info == {"ip": "", "name": "https://vendor/?key=••••••&page=2"}
    assert "canary" not in repr(page)


@pytest.mark.parametrize(
    "shown",
    [
        {"headers": ["Authorization: Bearer t0ken"]},
        {"headers": ["X-API-Token: t0ken"]},
        {"headers": ["Ocp-Apim-Subscription-Key: t0ken"]},
        {"headers": ["Cookie: session=t0ken"]},
        {"url": "http://vendor/screens?access_token=t0ken"},
        {"url": "http://vendor/screens?key=t0ken&offset={offset}"},
    ],
)
def test_a_secret_is_not_written_where_everybody_reads_it(shown: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=f"^{next(iter(shown))} .* to everybody"):
        listing(**shown)


def test_what_only_resembles_a_secret_is_taken() -> None:
    listing(headers=["X-Author: me", "X-Keyboard: 1"], url="http://vendor/1?author=7&keyword=hall")
