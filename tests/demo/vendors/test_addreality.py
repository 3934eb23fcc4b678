"""The simulated AddReality as a process: its list as the real one's, its paging, its faults."""

import http.client
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from demo.faults import Fault
from demo.world import COMPANIES, Character, devices, of_platform
from tests.demo.vendor_process import Vendor, running_vendor

AURORA, HARBOUR = (company.name for company in COMPANIES)
TOKEN = COMPANIES[0].token("addreality")
FLEET = of_platform(devices(), AURORA)
STEADY = next(device for device in FLEET if device.character is Character.STEADY)
ALL: dict[str, Any] = {"id": [], "limit": 1000}


def names(listed: list[dict[str, Any]]) -> list[str]:
    return [device["name"] for device in listed]


def test_a_device_has_the_fields_of_the_real_one(vendor: Vendor) -> None:
    first = vendor.devices(**ALL)[0]
    assert list(first) == [
        *("id", "name", "connection_state", "player_status", "last_online"),
        *("player_version", "time_zone", "activation_state"),
    ]
    assert (first["id"], first["name"]) == (51234, "Mall 3, entrance")
    assert (first["connection_state"], first["player_status"]) == ("online", "playback")
    assert isinstance(first["activation_state"], bool)


def test_a_token_shows_its_platforms_devices_alone(vendor: Vendor) -> None:
    for company, size in ((0, 273), (1, 54)):
        listed = vendor.devices(company, **ALL)
        expected = of_platform(devices(), COMPANIES[company].name)
        assert [str(device["id"]) for device in listed] == [each.identity for each in expected]
        assert names(listed) == [each.name for each in expected]
        assert len(listed) == size


@pytest.mark.parametrize("token", ["", "wrong", COMPANIES[0].token("lumen")])
def test_a_wrong_token_is_401_and_json(vendor: Vendor, token: str) -> None:
    answer, body = vendor.ask_addreality(token, ALL)
    assert answer.status == 401
    assert json.loads(body)["error"]["code"] == 401


@pytest.mark.parametrize("told", [b"", b"{", b"[]", {"id": 1}, {"limit": -1}, {"offset": True}])
def test_what_it_cannot_read_is_400(vendor: Vendor, told: object) -> None:
    assert vendor.ask_addreality(TOKEN, told)[0].status == 400


def test_only_post_is_answered(vendor: Vendor) -> None:
    headers = {"X-API-Token": TOKEN}
    answer, _ = vendor.request("GET", "/public/v1/device/list", headers=headers)
    assert answer.status == 405


def test_devices_are_of_every_state_and_last_online_is_iso_utc_or_empty(vendor: Vendor) -> None:
    listed = vendor.devices(**ALL)
    assert {device["connection_state"] for device in listed} == {"online", "offline"}
    assert {device["player_status"] for device in listed} == {"playback", "pause"}
    assert {device["activation_state"] for device in listed} == {True, False}
    now = datetime.now(UTC)
    for device in listed:
        if not device["last_online"]:
            assert device["connection_state"] == "offline"
            continue
        seen = datetime.strptime(device["last_online"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        age = now - seen
        assert timedelta(seconds=-5) < age < timedelta(days=40)
        assert device["connection_state"] == "offline" or age < timedelta(seconds=30)


def test_it_gives_the_page_that_was_asked_for(vendor: Vendor) -> None:
    everybody = [device["id"] for device in vendor.devices(**ALL)]
    pages = [
        [device["id"] for device in vendor.devices(id=[], limit=100, offset=offset)]
        for offset in (0, 100, 200, 300)
    ]
    assert [len(page) for page in pages] == [100, 100, 73, 0]
    assert [number for page in pages for number in page] == everybody
    assert len(vendor.devices()) == 100  # without a limit


def test_it_gives_devices_by_their_numbers(vendor: Vendor) -> None:
    wanted = [int(device.identity) for device in FLEET[5:7]]
    assert [device["id"] for device in vendor.devices(id=wanted, limit=300)] == wanted


def test_it_can_ignore_the_offset_or_the_limit(vendor: Vendor) -> None:
    vendor.tell("paging", of="addreality", mode="ignores_offset")
    first = vendor.devices(limit=100, offset=0)
    second = vendor.devices(limit=100, offset=100)
    assert names(first) == names(second)
    assert len(first) == 100
    vendor.tell("paging", of="addreality", mode="ignores_limit")
    assert len(vendor.devices(limit=100, offset=0)) == 273
    assert len(vendor.devices(limit=100, offset=200)) == 73
    vendor.tell("start", of="addreality")
    assert len(vendor.devices(limit=100, offset=200)) == 73
    assert len(vendor.devices(limit=100)) == 100


def test_its_list_can_shrink_and_grow_again(vendor: Vendor) -> None:
    vendor.tell("shrink", of="addreality", to=10)
    assert names(vendor.devices(**ALL)) == [device.name for device in FLEET[:10]]
    vendor.tell("shrink", of="addreality", to=None)
    assert len(vendor.devices(**ALL)) == 273


@pytest.fixture
def changed() -> Iterator[Vendor]:
    """Vendors of the test's own, for what cannot be taken back."""
    with running_vendor("--latency=0", "--errors=0", "--devices=5") as vendor:
        yield vendor


def test_devices_are_renamed_removed_and_installed(changed: Vendor) -> None:
    first, second, *rest = changed.devices(**ALL)
    changed.tell("rename", of="addreality", id=first["id"], name="Вход №1")
    changed.tell("remove", of="addreality", ids=[second["id"]])
    changed.tell("add", of="addreality", platform=AURORA, count=2)
    listed = changed.devices(**ALL)
    assert names(listed)[0] == "Вход №1"
    assert [device["id"] for device in listed] == [
        first["id"],
        *(device["id"] for device in rest),
        900001,
        900002,
    ]
    assert len(changed.devices(1, **ALL)) == 1
    assert changed.refusal("remove", b'{"ids": [1]}', of="addreality")[0] == 404
    assert changed.refusal("add", b'{"platform": "Nobody"}', of="addreality")[0] == 400


def test_a_device_set_offline_by_hand_was_last_online_then(changed: Vendor) -> None:
    number = changed.devices(**ALL)[0]["id"]
    changed.tell("player", of="addreality", id=number, status="offline")
    before = changed.devices(id=[number])[0]
    time.sleep(1.1)
    after = changed.devices(id=[number])[0]
    assert after["connection_state"] == "offline"
    assert after["last_online"] == before["last_online"]


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        (Fault.HTTP_500, 500, b"boom"),
        (Fault.BAD_TOKEN, 401, b"bad token"),
        (Fault.HTML, 200, b"<!DOCTYPE html>"),
        (Fault.GARBAGE, 200, bytes(range(256))),
        (Fault.EMPTY, 200, b'{"data": []}'),
        (Fault.NO_BODY, 200, b""),
        (Fault.ODD_STATUS, 200, b'"connection_state": "rebooting"'),
        (Fault.SURROGATE, 200, rb"\ud83d "),
        (Fault.REDIRECT, 302, b""),
    ],
)
def test_it_fails_as_it_is_told(vendor: Vendor, fault: Fault, status: int, body: bytes) -> None:
    vendor.tell("fault", of="addreality", fault=fault)
    answer, received = vendor.ask_addreality(TOKEN, ALL)
    assert answer.status == status
    assert body in received


def test_it_can_list_every_device_twice(vendor: Vendor) -> None:
    vendor.tell("fault", of="addreality", fault="duplicate")
    numbers = [device["id"] for device in vendor.devices(**ALL)]
    assert len(numbers) == 2 * len(set(numbers)) == 2 * 273


def test_its_list_can_end_in_the_middle(vendor: Vendor) -> None:
    vendor.tell("fault", of="addreality", fault="wrong_json")
    answer, body = vendor.ask_addreality(TOKEN, ALL)
    assert answer.status == 200
    assert body.startswith(b'{"data": [{"id"')
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


def test_it_can_say_when_to_come_again_in_seconds_or_by_a_date(vendor: Vendor) -> None:
    vendor.tell("fault", of="addreality", fault="too_many", seconds=7)
    answer, _ = vendor.ask_addreality(TOKEN, ALL)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    vendor.tell("fault", of="addreality", fault="too_many_until", seconds=600)
    answer, _ = vendor.ask_addreality(TOKEN, ALL)
    until = parsedate_to_datetime(answer.headers["Retry-After"]) - datetime.now(UTC)
    assert timedelta(seconds=590) < until <= timedelta(seconds=600)


def test_it_can_drip_an_answer_byte_by_byte(vendor: Vendor) -> None:
    vendor.tell("fault", of="addreality", fault="drip", seconds=0.001)
    told = {"id": [51234], "limit": 1}
    started = time.monotonic()
    _, body = vendor.ask_addreality(TOKEN, told)
    assert len(json.loads(body)["data"]) == 1
    assert time.monotonic() - started > 0.001 * len(body)
    vendor.tell("fault", of="addreality", fault="drip", seconds=5)
    with pytest.raises(TimeoutError):
        vendor.ask_addreality(TOKEN, told, timeout=0.3)


@pytest.mark.parametrize("fault", ["hang", "half_open"])
def test_it_can_fall_silent(vendor: Vendor, fault: str) -> None:
    vendor.tell("fault", of="addreality", fault=fault)
    with pytest.raises(TimeoutError):
        vendor.ask_addreality(TOKEN, ALL, timeout=0.3)


@pytest.mark.parametrize("deed", ["fault", "stop"])
def test_it_can_cut_the_connection(vendor: Vendor, deed: str) -> None:
    vendor.tell(deed, of="addreality", fault="reset")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        vendor.ask_addreality(TOKEN, ALL)


def test_one_platforms_fault_is_not_anothers_nor_another_vendors(vendor: Vendor) -> None:
    vendor.tell("fault", of="addreality", fault="bad_token", platforms=[AURORA])
    assert vendor.ask_addreality(TOKEN, ALL)[0].status == 401
    assert len(vendor.devices(1, **ALL)) == 54
    assert vendor.ask(STEADY.identity) == (200, b"[]")


def test_ten_thousand_devices_in_one_list_take_less_than_two_seconds() -> None:
    with running_vendor("--latency=0", "--errors=0", "--devices=10000") as vendor:
        started = time.monotonic()
        assert len(vendor.devices(id=[], limit=10_000)) == 10_000
        assert time.monotonic() - started < 2
