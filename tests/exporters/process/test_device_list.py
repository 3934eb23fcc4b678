"""The device list as Remosa tells it, and what is not believed."""

import json
from typing import Any

import pytest

from exporters.kinds import KINDS
from exporters.process.device_list import (
    Api,
    Entry,
    ListError,
    check,
    read_devices,
    read_exporters,
    told_problems,
)
from exporters.process.transfers import Answer
from tests.exporters.process.web import mac

CUBIC = KINDS["cubic"]
ROW = {"platform_id": 1, "exporter_id": 4, "mac": mac(1), "name": "Hall", "ip": "", "outip": ""}
ENTRY = {"platform_id": 1, "exporter_id": 4, "name": "A", "exporter_type": "cubic", "enabled": True,
         "configuration": {"poll_interval": 30, "timeout": None}}  # fmt: skip


def encode(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_requests_carry_the_token_the_kind_the_platform_and_the_etag() -> None:
    api = Api("http://h/api/v1", "secret-token", CUBIC, 7)
    request = api.devices('"v1"')
    assert request.url == "http://h/api/v1/exporter-macs?exporter_type=cubic&platform_id=7"
    assert "Authorization: Bearer secret-token" in request.headers
    assert 'If-None-Match: "v1"' in request.headers
    assert not any("If-None-Match" in header for header in api.exporters("").headers)
    assert "secret-token" not in repr(request)


def test_it_reads_devices_by_exporter() -> None:
    rows = [ROW, {**ROW, "mac": mac(2), "name": None}, {**ROW, "exporter_id": 5}]
    devices = read_devices(encode(rows), CUBIC)
    assert devices.by_exporter == {(4, 1): {mac(1): "Hall", mac(2): ""}, (5, 1): {mac(1): "Hall"}}
    assert devices.count == 3
    assert list(told_problems(devices)) == []


def test_an_empty_list_is_a_list() -> None:
    assert read_devices(b"[]", CUBIC).by_exporter == {}


def test_bad_entries_are_left_out_and_told_and_cost_no_good_one() -> None:
    rows = [ROW, ROW, {**ROW, "mac": "nonsense"}, {"mac": mac(3)}, {**ROW, "exporter_id": "4"}]
    devices = read_devices(encode(rows), CUBIC)
    assert devices.by_exporter == {(4, 1): {mac(1): "Hall"}}
    assert list(told_problems(devices)) == [
        f"1 in the device list twice in one exporter, polled once: {mac(1)} of exporter 4",
        (
            "3 in the device list left out, not an address of a device:"
            " 'nonsense' of exporter 4, an entry without ids, an entry without ids"
        ),
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        encode([ROW, ROW])[:-1],
        encode([ROW])[:20],
        b"<html>",
        b'{"error": 1}',
        b"[1]",
        b"[null]",
        encode([{"mac": "nonsense"}]),
        b"[" * 100_000,
        b'[{"platform_id": 1, "platform_id": 2}]',
    ],
)
def test_a_list_that_is_cut_or_none_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(ListError):
        read_devices(body, CUBIC)


def test_it_reads_the_exporters_and_their_settings() -> None:
    assert read_exporters(encode([ENTRY, {**ENTRY, "exporter_id": 5, "enabled": False}])) == [
        Entry(4, 1, "A", True, {"poll_interval": 30, "timeout": None}),
        Entry(5, 1, "A", False, {"poll_interval": 30, "timeout": None}),
    ]


def test_an_exporter_without_ids_is_refused_and_one_without_settings_has_none() -> None:
    with pytest.raises(ListError):
        read_exporters(encode([ENTRY, {"platform_id": 1}]))
    (entry,) = read_exporters(encode([{"exporter_id": 4, "platform_id": 1, "configuration": []}]))
    assert entry == Entry(4, 1, "", True, {})


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(0, b"", "dns", 0, "Could not resolve host"), "did not answer: dns"),
        (Answer(401, b"", "", 0), "check REMOSA_API_TOKEN"),
        (
            Answer(403, encode({"error": {"message": "Wrong kind"}}), "", 0),
            "(HTTP 403: Wrong kind)",
        ),
        (Answer(302, b"", "", 0), "check REMOSA_API_URL"),
        (Answer(404, b"<html>", "", 0), "no Remosa at REMOSA_API_URL"),
        (Answer(500, b"[]", "", 0), "HTTP 500"),
        (Answer(429, encode({"error": "busy"}), "", 0), "HTTP 429"),
    ],
)
def test_what_remosa_refuses_is_said_in_words_with_the_remedy(answer: Answer, told: str) -> None:
    with pytest.raises(ListError) as raised:
        check(answer)
    assert told in str(raised.value)


@pytest.mark.parametrize("code", [200, 304])
def test_an_answer_and_an_unchanged_one_pass(code: int) -> None:
    check(Answer(code, b"", "", 0))
