"""Asking a vendor once for a person: what is shown, and what never is."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from pytest_django import Settings

from exporters import inquiry, metrics
from exporters.inquiry import Asked, Inquiry
from exporters.kinds import KINDS, echoes
from exporters.kinds.shape import Account, Each, Reason
from exporters.process.fleet import Fleet
from exporters.sample_lines import lines
from exporters.verdicts import Why
from tests.far_side import Talk, answer, saying, talking

TOKEN = "canary-t0ken/+"
MAC = "06:42:40:92:60:B4"
LIST = {
    "data": [
        {"id": 51234, "name": "Mall 3, entrance", "connection_state": "online",
         "player_status": "playback", "last_online": "2025-07-07T10:15:00Z"},
        {"id": 51235, "connection_state": "sleeping"},
        {"id": 51236, "connection_state": "offline"},
        {"id": 51236, "connection_state": "online"},
    ]
}  # fmt: skip

Serve = Callable[[str, Talk], AbstractContextManager[None]]


@pytest.fixture
def vendor(settings: Settings) -> Serve:
    """Have a kind's vendor answer so within a block."""

    @contextmanager
    def serve(kind: str, talk: Talk) -> Iterator[None]:
        with talking(talk) as url:
            ends = {"cubic": "/status?mac=", "addreality": "/list"}
            settings.VENDOR_ADDRESSES = {kind: url + ends[kind]}
            yield

    return serve


def addreality() -> Asked:
    return Asked("addreality", 7, 2, {"limit": 4}, {"api_token": TOKEN})


def cubic() -> Asked:
    return Asked("cubic", 4, 1, {}, {})


def body(found: object) -> bytes:
    return answer(json.dumps(found).encode())


def test_it_shows_what_was_read_and_the_samples_that_would_be_served(vendor: Serve) -> None:
    with vendor("cubic", saying(body([{"status": "offline", "ip": "10.0.0.7"}]))):
        found = inquiry.ask_about(cubic(), MAC, "Hall")
    assert (found.problem, found.status) == ("", 200)
    assert found.heard[0].samples == (
        f'remosa_exporter_cubic_device_status{{exporter_id="4",mac="{MAC}",platform_id="1"}} 0.0\n'
        f'remosa_exporter_cubic_device_info{{exporter_id="4",ip="10.0.0.7",mac="{MAC}",'
        'name="Hall",outip="",platform_id="1"} 1.0\n'
    )
    assert json.loads(found.raw) == [{"status": "offline", "ip": "10.0.0.7"}]


def test_a_list_shows_unknown_devices_first_among_them_those_with_one_id(vendor: Serve) -> None:
    with vendor("addreality", saying(body(LIST))):
        found = inquiry.ask_for_a_list(addreality())
    assert (found.devices, found.may_be_more, found.rejected) == (4, True, 0)
    assert found.states == {"online": 1, "unknown": 3}
    assert [each.reading.reason for each in found.heard] == [
        Reason.ODD_STATUS, Reason.DUPLICATE, Reason.DUPLICATE, "",
    ]  # fmt: skip


def test_one_player_is_looked_for_in_the_list(vendor: Serve) -> None:
    with vendor("addreality", saying(body(LIST))):
        found = inquiry.ask_about(addreality(), "51234")
        missing = inquiry.ask_about(addreality(), "99")
    assert [each.identity for each in found.heard] == ["51234"]
    assert "addreality_last_online_timestamp_seconds" in found.heard[0].samples
    assert missing.heard == ()
    assert "The part of the vendor's list that was read" in str(missing.problem)


def paged(pages: dict[str, list[dict[str, str]]], heads: list[str]) -> Talk:
    """Answer with the page that the address asks for, an unknown one with the first."""

    def talk(connection: socket.socket, head: bytes) -> None:
        heads.append(head.decode().split(" ")[1])
        wanted = heads[-1].rpartition("=")[2]
        connection.sendall(body(pages.get(wanted, pages["0"])))

    return talk


def by_settings(url: str) -> Asked:
    told = {
        "url": f"{url}/list?at={{offset}}", "limit": 2, "id_path": "$.id", "status_path": "$.is",
        "online_values": ["up"], "offline_values": ["down"],
    }  # fmt: skip
    return Asked("json", 3, 1, told, {})


def test_one_player_is_looked_for_on_the_later_pages_too() -> None:
    heads: list[str] = []
    pages = {
        "0": [{"id": "a", "is": "up"}, {"id": "b", "is": "up"}],
        "2": [{"id": "c", "is": "down"}, {"id": "d", "is": "odd"}],
        "4": [],
    }
    with talking(paged(pages, heads)) as url:
        found = inquiry.ask_about(by_settings(url), "d")
        nobody = inquiry.ask_about(by_settings(url), "z")
    assert [(each.identity, each.reading.said) for each in found.heard] == [("d", "odd")]
    assert found.heard[0].verdict.why is Why.ODD_ANSWER
    assert str(nobody.problem) == "The vendor's list tells nothing of this player."
    assert heads[:2] == ["/list?at=0", "/list?at=2"]


def test_a_vendor_that_ignores_the_offset_is_not_asked_for_ever() -> None:
    heads: list[str] = []
    pages = {"0": [{"id": "a", "is": "up"}, {"id": "b", "is": "up"}]}
    with talking(paged(pages, heads)) as url:
        nobody = inquiry.ask_about(by_settings(url), "z")
    assert "The part of the vendor's list" in str(nobody.problem)
    assert len(heads) == 2


@pytest.mark.parametrize("form", [TOKEN, "canary-t0ken/%2B", "Y2FuYXJ5LXQwa2VuLys="])
def test_a_vendor_that_echoes_the_token_does_not_show_it(vendor: Serve, form: str) -> None:
    echo = {"data": [], "you_sent": form}
    with vendor("addreality", saying(body(echo))):
        found = inquiry.ask_for_a_list(addreality())
    assert form not in found.raw
    assert echoes.MASK in found.raw
    assert TOKEN not in repr(found)


def test_the_token_follows_no_redirect(vendor: Serve) -> None:
    seen: list[bytes] = []
    with talking(lambda _connection, head: seen.append(head)) as elsewhere:
        moved = answer(b"", "302 Found", f"Location: {elsewhere}/list")
        with vendor("addreality", saying(moved)):
            found = inquiry.ask_for_a_list(addreality())
    assert found.problem
    assert seen == []


PROBLEMS: list[tuple[str, bytes]] = [
    ("HTTP 401", answer(b'{"error": "token"}', "401 Unauthorized")),
    ("HTTP 503", answer(b"<html>", "503 Service Unavailable")),
    ("cannot be read", answer(b"<html>")),
    ("cannot be read", body({"data": "none"})),
]


@pytest.mark.parametrize(("told", "said"), PROBLEMS, ids=[told for told, _said in PROBLEMS])
def test_an_answer_of_no_use_is_told_in_plain_words_and_shown(
    vendor: Serve, told: str, said: bytes
) -> None:
    with vendor("addreality", saying(said)):
        found = inquiry.ask_for_a_list(addreality())
    assert told in str(found.problem)
    assert found.heard == ()
    assert found.raw


def test_a_vendor_that_hangs_up_or_sends_too_much_is_told(vendor: Serve) -> None:
    with vendor("addreality", saying(b"")):
        silent = inquiry.ask_for_a_list(addreality())
    with vendor("addreality", saying(answer(b"[" * (inquiry.LARGEST_LIST + 1)))):
        loud = inquiry.ask_for_a_list(addreality())
    assert silent.problem
    assert loud.problem
    assert (silent.raw, loud.raw) == ("", "")


def test_settings_that_lack_something_say_so_without_a_request() -> None:
    found = inquiry.ask_for_a_list(Asked("addreality", 7, 2, {}, {}))
    assert found == Inquiry(problem=found.problem)
    assert "api_token" in str(found.problem)


def test_a_long_answer_is_cut_and_its_control_characters_are_shown_as_none(
    vendor: Serve,
) -> None:
    name = "\u202e\x9f" + "x" * inquiry.SHOWN
    with vendor(
        "addreality",
        saying(answer(json.dumps({"data": [], "n": name}, ensure_ascii=False).encode())),
    ):
        found = inquiry.ask_for_a_list(addreality())
    assert found.is_cut
    assert len(found.raw) == inquiry.SHOWN
    assert not {"\u202e", "\x9f"} & set(found.raw)


@pytest.mark.parametrize(
    "said",
    [
        b'[{"status": "online", "name": "A \\"B\\"", "ip": "1.2.3.4"}]',
        b'[{"status": "offline"}]',
        b'[{"status": "rebooting", "name": "Hall"}]',
        b"[]",
    ],
)
def test_the_lines_shown_are_those_that_the_process_serves(said: bytes) -> None:
    cubic_kind = KINDS["cubic"]
    way = cubic_kind.open(Account("http://vendor/?mac="))
    assert isinstance(way, Each)
    fleet = Fleet(cubic_kind, 4, 1, max_age=90)
    fleet.set_devices({MAC: "Name in Remosa"}, {})
    fleet.figures.up = True
    reading = way.read(MAC, said)
    fleet.learn(MAC, reading, 1000.0)
    families = (
        metrics.device_status("cubic", "mac"),
        metrics.device_unknown("cubic", "mac"),
        metrics.device_info("cubic", "mac", cubic_kind.info_labels),
    )
    served = b"".join(part.plain for each in families for part in fleet.chunks(each.name))
    assert lines(cubic_kind, 4, 1, MAC, reading, "Name in Remosa") == served.decode()
