"""The simulated CubicMedia as a process: honest answers, each fault on the wire, its control."""

import http.client
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from demo.faults import BIG_BYTES, Fault
from demo.world import EXAMPLE, Character, fleet
from exporters.kinds import cubic
from exporters.kinds.shape import Account, Each, Status
from tests.demo.vendor_process import Vendor, running_vendor

STEADY = next(player for player in fleet() if player.character is Character.STEADY)


def test_it_answers_as_the_vendor_is_known_to(vendor: Vendor) -> None:
    mac, name, ip, outip = EXAMPLE
    connection = vendor.connect()
    connection.request("GET", f"{urlsplit(vendor.base).path}?mac={mac}")
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    expected = [{"status": "offline", "name": name, "ip": ip, "outIp": outip}]
    assert json.loads(answer.read()) == expected
    connection.close()


def test_our_own_reader_understands_it(vendor: Vendor) -> None:
    for player in (STEADY, fleet()[0]):
        source = cubic.KIND.open(Account(vendor.base))
        assert isinstance(source, Each)
        reading = source.read(player.identity, vendor.ask(player.identity)[1])
        assert reading.status is (Status.ONLINE if player is STEADY else Status.OFFLINE)
        assert reading.info == {"name": player.name, "ip": player.ip, "outip": player.outip}


def test_it_answers_an_empty_list_for_a_mac_it_does_not_know(vendor: Vendor) -> None:
    assert vendor.ask("06:42:40:00:00:00") == (200, b"[]")
    assert vendor.ask("no mac at all") == (200, b"[]")


def test_it_answers_many_requests_on_one_connection(vendor: Vendor) -> None:
    connection = vendor.connect()
    for player in fleet()[:50]:
        connection.request("GET", f"{urlsplit(vendor.base).path}?mac={player.identity}")
        assert connection.getresponse().read().startswith(b"[")
    connection.close()


def test_requests_sent_ahead_are_answered_in_their_order(vendor: Vendor) -> None:
    address = urlsplit(vendor.base)
    wire = b"".join(
        f"GET {address.path}?mac={player.identity} HTTP/1.1\r\nHost: vendor\r\n\r\n".encode()
        for player in (fleet()[0], STEADY)
    )
    with socket.create_connection((address.hostname or "", address.port or 0), 5) as client:
        client.sendall(wire)
        received = b""
        while received.count(b"}]") < 2:
            received += client.recv(65536)
    assert received.index(b"offline") < received.index(b"online")


def test_it_takes_its_time(vendor: Vendor) -> None:
    vendor.tell("latency", low=0.2, high=0.25)
    try:
        started = time.monotonic()
        vendor.ask(STEADY.identity)
        assert 0.19 < time.monotonic() - started < 2
    finally:
        vendor.tell("latency", low=0, high=0)


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        (Fault.HTTP_500, 500, b"boom"),
        (Fault.HTML, 200, b"<!DOCTYPE html>"),
        (Fault.WRONG_JSON, 200, b'[{"status": "online", "name": "'),
        (Fault.GARBAGE, 200, bytes(range(256))),
        (Fault.BAD_TOKEN, 401, b"bad token"),
        (Fault.TOO_MANY, 429, b"too many"),
        (Fault.EMPTY, 200, b"[]"),
        (Fault.NO_BODY, 200, b""),
        (Fault.ODD_STATUS, 200, b'"rebooting"'),
        (Fault.ALL_OFFLINE, 200, b'"offline"'),
        (Fault.DUPLICATE, 200, b"}, {"),
        (Fault.SURROGATE, 200, rb"\ud83d"),
        (Fault.REDIRECT, 302, b""),
    ],
)
def test_it_fails_as_it_is_told(vendor: Vendor, fault: Fault, status: int, body: bytes) -> None:
    vendor.tell("fault", fault=fault)
    answered, received = vendor.ask(STEADY.identity)
    assert answered == status
    assert body in received
    vendor.tell("start")
    assert vendor.player(STEADY.identity)["status"] == "online"


def test_it_can_send_ten_megabytes(vendor: Vendor) -> None:
    vendor.tell("fault", fault="big")
    status, body = vendor.ask(STEADY.identity)
    assert status == 200
    assert len(body) > BIG_BYTES
    assert len(json.loads(body)) == 1


def test_it_can_cut_the_connection(vendor: Vendor) -> None:
    vendor.tell("fault", fault="reset")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        vendor.ask(STEADY.identity)


def test_it_can_hang_while_its_control_door_answers(vendor: Vendor) -> None:
    vendor.tell("fault", fault="hang")
    with pytest.raises(TimeoutError):
        vendor.ask(STEADY.identity, timeout=0.3)
    assert vendor.tell("latency", low=0, high=0)["fault"] == "hang"


def test_it_can_stop_in_the_middle_of_an_answer(vendor: Vendor) -> None:
    vendor.tell("fault", fault="half_open")
    connection = vendor.connect(timeout=0.3)
    connection.request("GET", f"{urlsplit(vendor.base).path}?mac={STEADY.identity}")
    answer = connection.getresponse()
    assert answer.status == 200
    with pytest.raises(TimeoutError):
        answer.read()
    connection.close()


def test_a_stopped_vendor_answers_nobody_until_it_is_started(vendor: Vendor) -> None:
    assert vendor.tell("stop")["answering"] is False
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        vendor.ask(STEADY.identity)
    assert vendor.tell("start")["answering"] is True
    assert vendor.player(STEADY.identity)["status"] == "online"


def test_a_fault_can_hit_some_players_only(vendor: Vendor) -> None:
    vendor.tell("fault", fault="http_500", macs=[EXAMPLE[0]])
    assert vendor.ask(EXAMPLE[0])[0] == 500
    assert vendor.ask(STEADY.identity)[0] == 200


def test_a_fault_can_hit_a_share_of_the_requests(vendor: Vendor) -> None:
    vendor.tell("fault", fault="http_500", share=0.5)
    answers = {vendor.ask(STEADY.identity)[0] for _ in range(60)}
    assert answers == {200, 500}


def test_now_and_then_it_answers_an_honest_error(vendor: Vendor) -> None:
    vendor.tell("errors", share=1)
    try:
        assert vendor.ask(STEADY.identity)[0] == 503
    finally:
        vendor.tell("errors", share=0)


def test_one_player_can_be_set_by_hand(vendor: Vendor) -> None:
    vendor.tell(
        "player", mac=STEADY.identity, status="offline", ip="10.1.2.3", outip="198.51.100.7"
    )
    known = vendor.player(STEADY.identity)
    assert (known["status"], known["ip"], known["outIp"]) == (
        "offline",
        "10.1.2.3",
        "198.51.100.7",
    )
    vendor.tell("player", mac=STEADY.identity, status="unknown")
    assert vendor.ask(STEADY.identity) == (200, b"[]")
    vendor.tell("player", mac=STEADY.identity, status=None, ip=None, outip=None)
    assert vendor.player(STEADY.identity)["ip"] == STEADY.ip


def test_a_power_cycle_brings_a_hung_player_back() -> None:
    with running_vendor("--players=1", "--speed=200") as vendor:
        assert vendor.player(EXAMPLE[0])["status"] == "offline"
        vendor.tell("power-cycle", mac=EXAMPLE[0])
        deadline = time.monotonic() + 5
        while vendor.player(EXAMPLE[0])["status"] == "offline":
            assert time.monotonic() < deadline


@pytest.mark.parametrize(
    ("deed", "told", "status", "reason"),
    [
        ("dance", b"{}", 400, "no such deed"),
        ("shrink", b'{"to": 1}', 400, "CubicMedia has no list"),
        ("fault", b'{"fault": "drip", "seconds": -1}', 400, "0 <= seconds"),
        ("latency", b'{"low": 1}', 400, "high is missing"),
        ("latency", b'{"low": 2, "high": 1}', 400, "0 <= low <= high"),
        ("latency", b"[1]", 400, "a JSON object is expected"),
        ("latency", b"{", 400, ""),
        ("fault", b'{"fault": "fire"}', 400, "fire"),
        ("fault", b'{"fault": "html", "share": 2}', 400, "from 0 to 1"),
        ("player", b'{"mac": "06:42:40:92:60:B4", "status": "odd"}', 400, "a status is one of"),
        ("player", b'{"mac": "00:00:00:00:00:00"}', 404, "no player has the MAC"),
    ],
)
def test_it_says_why_it_refuses(
    vendor: Vendor, deed: str, told: bytes, status: int, reason: str
) -> None:
    answered, error = vendor.refusal(deed, told)
    assert answered == status
    assert reason in error


def test_it_counts_its_requests_and_players(vendor: Vendor) -> None:
    before = vendor.tell("start")["requests"]
    vendor.ask(STEADY.identity)
    state = vendor.tell("start")
    assert state["requests"] == before + 1
    assert sum(state["players"].values()) == len(fleet())


def test_nobody_but_its_vendors_can_be_told_or_asked(vendor: Vendor) -> None:
    assert vendor.refusal("stop", of="nobody") == (
        400,
        "no such vendor: 'nobody'; there are cubic, addreality, lumen",
    )
    answer, _ = vendor.request("GET", "/elsewhere")
    assert answer.status == 404
    assert vendor.ask("x&mac=y")[0] == 200
    answer, _ = vendor.request("POST", "/api/v0.1/players/status-check?mac=x")
    assert answer.status == 404


def test_it_serves_many_at_once(vendor: Vendor) -> None:
    vendor.tell("latency", low=0.3, high=0.3)
    try:
        started = time.monotonic()
        with ThreadPoolExecutor(40) as clients:
            answers = list(clients.map(vendor.ask, [player.identity for player in fleet()[:40]]))
        assert all(status == 200 for status, _ in answers)
        assert time.monotonic() - started < 3  # one after the other would take 12 s
    finally:
        vendor.tell("latency", low=0, high=0)


def test_it_ends_soon_when_asked_also_with_connections_open() -> None:
    with running_vendor("--players=5") as vendor:
        vendor.tell("fault", fault="hang")
        address = urlsplit(vendor.base)
        with socket.create_connection((address.hostname or "", address.port or 0), 5) as client:
            client.sendall(b"GET / HTTP/1.1\r\n")
            vendor.process.terminate()
            assert vendor.process.wait(3) == 0
