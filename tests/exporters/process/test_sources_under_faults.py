"""Both sorts of source under a vendor's faults: a reason is told, nobody turns offline, it passes.

The whole process under the faults of CubicMedia is in test_faults.py.
"""

import contextlib
import gzip
import os
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import NamedTuple

import pytest

from exporters.kinds import KINDS
from exporters.kinds.shape import Each, Listing, Page, Reading
from exporters.process import listing_source
from exporters.process.polling import Poller
from exporters.process.schedule import Settings
from tests.exporters.process import web
from tests.exporters.process.addreality_web import TOKEN, AddReality, devices, page
from tests.exporters.process.one_source import OneSource, polling, until
from tests.exporters.process.test_faults import FAULTS
from tests.exporters.process.web import Behaviour, Handler, Vendor, Web, mac
from tests.ports import free_port

DEVICES = 10
MACS = [mac(number) for number in range(1, DEVICES + 1)]
INTERVAL = 0.3


class Side(NamedTuple):
    """A vendor and how a source is made for it."""

    web: Web
    usual: Behaviour
    make: Callable[..., OneSource]

    def start(self, **settings: float) -> OneSource:
        """Begin a source of ten devices."""
        source = self.make()
        source.start(MACS, **settings)
        return source


NewSide = Callable[[], Side]


@pytest.fixture
def poller() -> Iterator[Poller]:
    """A running poller."""
    with polling() as running:
        yield running


@pytest.fixture(params=["cubic", "addreality"])
def new_side(request: pytest.FixtureRequest, poller: Poller) -> Iterator[NewSide]:
    """Make vendors of both sorts, one sort after the other."""
    kind = KINDS[request.param]
    with contextlib.ExitStack() as stack:

        def side() -> Side:
            addreality = AddReality()
            addreality.accounts[TOKEN] = devices(DEVICES)
            usual: Behaviour = addreality if kind.name == "addreality" else Vendor()
            server = stack.enter_context(web.serving(usual))
            path = "status?mac=" if kind.name == "cubic" else "list"

            def make(address: str = f"{server.url}/{path}", seed: int = 1) -> OneSource:
                source = OneSource(kind, address, {"api_token": TOKEN}, poller, seed=seed)
                source.settings = Settings(INTERVAL, 0.6, 10, 60)
                return source

            return Side(server, usual, make)

        yield side


@pytest.fixture
def side(new_side: NewSide) -> Side:
    """One vendor."""
    return new_side()


@pytest.fixture(autouse=True)
def _second_questions_come_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing_source, "TRY_AGAIN_AFTER", (0.01, 0.03))


def html(handler: Handler) -> None:
    handler.send(200, b"<html>offline</html>", Content_Type="text/html")


BOMB = gzip.compress(b"[" + b" " * 20_000_000 + b"]")  # 20 kB


def gzip_bomb(handler: Handler) -> None:
    """Send gzip that nobody has asked for, so that nobody unpacks it."""
    handler.send(200, BOMB, Content_Encoding="gzip")


def deep(handler: Handler) -> None:
    handler.send(200, b"[" * 200_000)


def twice(handler: Handler) -> None:
    handler.send(200, b'{"data": [], "data": [], "status": "offline", "status": "offline"}')


def not_a_number(handler: Handler) -> None:
    handler.send(200, b'{"data": [{"id": NaN, "connection_state": "offline"}]}')


def big_headers(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for _number in range(10_000):
        handler.wfile.write(b"X-A: " + b"a" * 1000 + b"\r\n")


def unauthorised(handler: Handler) -> None:
    handler.send(401, b'{"message": "offline"}')


def no_content(handler: Handler) -> None:
    handler.send_response(204)
    handler.end_headers()


MORE_FAULTS: dict[str, tuple[Behaviour, str]] = {
    "HTML": (html, "malformed"),
    "gzip bomb": (gzip_bomb, "malformed"),
    "deep nesting": (deep, "malformed"),
    "a key twice": (twice, "malformed"),
    "NaN": (not_a_number, "malformed"),
    "endless headers": (big_headers, "too_large"),
    "401": (unauthorised, "http_4xx"),
    "204": (no_content, "http_2xx"),
}
ALL_FAULTS = {**FAULTS, **MORE_FAULTS}


def test_no_fault_says_offline_or_removes_a_device_and_a_status_grows_old(
    new_side: NewSide,
) -> None:
    sides = {fault: new_side() for fault in ALL_FAULTS}  # each has a vendor of its own
    # All of them at once on a machine that is busy: slower, and more patient, than one alone.
    sources = {fault: side.start(interval=0.5, timeout=2) for fault, side in sides.items()}

    def wait(condition: Callable[[OneSource], bool]) -> None:
        for fault, source in sources.items():
            until(lambda source=source: condition(source), 40, fault)  # type: ignore[misc]

    wait(lambda source: source.online == DEVICES)
    before = {fault: Counter(source.fleet.figures.errors) for fault, source in sources.items()}
    for fault, (behaviour, _reason) in ALL_FAULTS.items():
        sides[fault].web.behaviour = behaviour
    wait(lambda source: source.fleet.figures.up is False)
    for fault, source in sources.items():
        errors = set(Counter(source.fleet.figures.errors) - before[fault])
        assert ALL_FAULTS[fault][1] in errors, fault
        # What was under way when the fault began may have ended otherwise.
        assert errors <= {ALL_FAULTS[fault][1], "disconnected"}, (fault, errors)
        assert source.online == DEVICES, fault  # what was said lately still holds
        source.change(MACS, max_age=0.1)
    wait(lambda source: source.fleet.figures.devices["stale"] == DEVICES)
    for fault, source in sources.items():
        assert source.fleet.figures.devices["offline"] == 0, fault
        assert source.forgotten == [], fault
        assert all(source.fleet.info_of(each) for each in source.fleet.devices), fault
        sides[fault].web.behaviour = sides[fault].usual
        source.change(MACS, max_age=60)
    wait(lambda source: source.online == DEVICES)


def test_one_byte_now_and_then_does_not_outlast_the_total_deadline(side: Side) -> None:
    gaps = 0.2

    def dribble(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _number in range(20):
            handler.wfile.write(b" ")
            time.sleep(gaps)

    side.web.behaviour = dribble
    started = time.monotonic()
    source = side.start(timeout=3 * gaps, interval=60)
    until(lambda: source.fleet.figures.up is False)
    assert time.monotonic() - started < 3 * gaps + 6 + 1  # the first poll begins within 3 s
    assert (source.fleet.figures.duration or 9) < 3 * gaps + 1
    assert source.fleet.figures.errors["timeout"] >= 1


# -- connections --------------------------------------------------------------------------------


@contextlib.contextmanager
def answering_once(body: bytes) -> Iterator[tuple[str, list[socket.socket]]]:
    """Serve one answer for each connection, then leave it open and deaf: the peer is gone."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    taken: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection.recv(65536)
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = listener.accept()
                taken.append(connection)
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/", taken
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for connection in taken:
            connection.close()


def test_half_open_connections_cost_a_timeout_and_are_not_used_again(side: Side) -> None:
    body = page(devices(DEVICES)) if side.make().kind.name == "addreality" else web.ONLINE
    with answering_once(body) as (address, taken):
        source = side.make(address)
        source.start(MACS, timeout=0.3)
        until(lambda: source.online == DEVICES)
        used = len(taken)
        until(lambda: source.fleet.figures.errors["timeout"] >= 1)
        until(lambda: len(taken) > used and source.fleet.figures.up is True)
    assert source.fleet.figures.devices["offline"] == 0


def test_a_port_where_nobody_listens_is_told_as_connect(side: Side) -> None:
    source = side.make(f"http://127.0.0.1:{free_port()}/")
    source.start(MACS)
    until(lambda: source.fleet.figures.up is False)
    assert source.fleet.figures.errors["connect"] >= 1


def test_a_name_that_does_not_resolve_is_told_as_dns(side: Side) -> None:
    # A label of 64 letters: the resolver refuses it without asking anybody.
    source = side.make(f"http://{'a' * 64}.test/")
    source.start(MACS)
    until(lambda: source.fleet.figures.up is False)
    assert source.fleet.figures.errors["dns"] >= 1


def test_a_name_look_up_that_hangs_is_a_timeout_and_holds_up_no_other_source(
    side: Side, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The resolver looks for a name without a dot in the file of HOSTALIASES first, before it asks
    # anybody; a pipe into which nobody writes keeps it there.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    monkeypatch.setenv("HOSTALIASES", str(pipe))
    source, well = side.make("http://hanging/"), side.make()
    try:
        source.start(MACS[:1], timeout=0.5)
        until(lambda: source.fleet.figures.up is False)
        assert source.fleet.figures.errors["timeout"] >= 1
        assert "Resolving timed out" in source.source.last_error
        well.start(MACS)
        until(lambda: well.online == DEVICES)
    finally:
        source.poller.post(source.source.remove)
        # Lets those that hang go on, to a name that is refused without asking anybody. They read
        # 4096 bytes at a time, hence the length of a line.
        end = os.open(pipe, os.O_RDWR)
        line = f"hanging {'a' * 64}.test".ljust(127) + "\n"
        os.write(end, line.encode() * 512)
        time.sleep(0.3)
        os.close(end)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_the_token_goes_nowhere(code: int, side: Side) -> None:
    with web.serving(side.usual) as elsewhere:
        side.web.behaviour = lambda handler: handler.send(
            code, b"", Location=f"{elsewhere.url}{handler.path}"
        )
        source = side.start()
        until(lambda: source.fleet.figures.up is False)
        assert source.fleet.figures.errors["redirect"] >= 1
        assert (elsewhere.asked, elsewhere.connections) == (0, 0)


# -- patience -----------------------------------------------------------------------------------

HOLDS: dict[str, tuple[int, Callable[[], str] | None, float]] = {
    "429, seconds": (429, lambda: "2", 2.0),
    "429, date": (429, lambda: formatdate(time.time() + 3, usegmt=True), 1.9),
    "503, seconds": (503, lambda: "2", 2.0),
    "503, date": (503, lambda: formatdate(time.time() + 3, usegmt=True), 1.9),
    "429, unsaid": (429, None, INTERVAL),
    "429, nonsense": (429, lambda: "soon", INTERVAL),
    "429, past": (429, lambda: formatdate(time.time() - 3600, usegmt=True), INTERVAL),
}


class Later:
    """Asks for patience and notes when it was asked."""

    def __init__(self, code: int, said: Callable[[], str] | None) -> None:
        self.asked_at: list[float] = []
        self._code, self._said = code, said

    def __call__(self, handler: Handler) -> None:
        """Answer with an error that says "offline"."""
        self.asked_at.append(time.monotonic())
        headers = {"Retry_After": self._said()} if self._said else {}
        handler.send(self._code, b'[{"status": "offline"}]', **headers)


def test_a_vendor_that_wants_to_be_left_alone_is(new_side: NewSide) -> None:
    sides = {case: new_side() for case in HOLDS}
    sources = {case: side.start() for case, side in sides.items()}
    for case, source in sources.items():
        until(lambda source=source: source.online == DEVICES, 10, case)  # type: ignore[misc]
    laters = {case: Later(code, said) for case, (code, said, _least) in HOLDS.items()}
    for case, side in sides.items():
        side.web.behaviour = laters[case]
    for case, source in sources.items():
        figures, asked_at = source.fleet.figures, laters[case].asked_at
        until(lambda figures=figures: figures.up is False, 10, case)  # type: ignore[misc]
        first = asked_at[0]
        until(lambda asked_at=asked_at, first=first: asked_at[-1] > first + 0.25, 15, case)  # type: ignore[misc]
        burst = [at for at in asked_at if at <= first + 0.25]
        assert len(burst) <= 10, case  # those that were under way; none is asked once more
        assert asked_at[len(burst)] - first >= HOLDS[case][2], case
        reason = "rate_limited" if HOLDS[case][0] == 429 else "http_5xx"
        assert figures.errors[reason] >= len(burst), case
        assert source.online == DEVICES, case
        sides[case].web.behaviour = sides[case].usual
    for case, source in sources.items():
        figures = source.fleet.figures
        until(lambda figures=figures: figures.up is True, 15, case)  # type: ignore[misc]


def test_a_changed_setting_does_not_cut_short_what_the_vendor_asked_for(side: Side) -> None:
    later = Later(429, lambda: "1")
    side.web.behaviour, asked_at = later, later.asked_at
    source = side.start()
    until(lambda: source.fleet.figures.up is False)
    burst = len(asked_at)
    source.told = {"api_token": TOKEN, "limit": 20}
    source.change(MACS, interval=0.2)
    until(lambda: len(asked_at) > burst)
    assert asked_at[burst] - asked_at[0] >= 1


def test_a_flaky_vendor_gets_a_tenth_and_one_more_requests_at_most(side: Side) -> None:
    chance = random.Random(1)

    def flaky(handler: Handler) -> None:
        if chance.random() < 0.3:
            handler.send(500, b"")
        else:
            side.usual(handler)

    side.web.behaviour = flaky
    source = side.make()
    if source.kind.name == "cubic":  # a budget for each poll
        source.start([mac(number) for number in range(1, 301)], interval=60)
        until(lambda: source.fleet.figures.up is not None)
        ended = 300
        assert source.fleet.figures.errors["http_5xx"] < 0.3 * 300
    else:  # of one page each, so a budget for all of them
        source.told = {"api_token": TOKEN, "limit": 1}
        source.start(interval=0.05)
        until(lambda: side.web.asked >= 100, seconds=60)
        source.poller.post(source.source.remove)
        usual = side.usual
        assert isinstance(usual, AddReality)
        ended = usual.asked.total() + source.fleet.figures.errors["http_5xx"]
    assert ended <= side.web.asked <= 1.1 * ended + 2  # one may be under way


def test_a_vendor_that_is_down_is_asked_nothing_twice(side: Side) -> None:
    side.web.behaviour = FAULTS["500"][0]
    source = side.start(interval=0.1)
    figures = source.fleet.figures
    polls = 3 if source.kind.name == "addreality" else 13  # the devices once, and some again
    until(lambda: figures.up is False)
    until(lambda: figures.errors["http_5xx"] >= polls)
    source.poller.post(source.source.remove)
    time.sleep(0.1)
    assert side.web.asked - figures.errors["http_5xx"] <= 5  # no more than were under way


def test_sources_that_fail_together_come_back_one_by_one(side: Side) -> None:
    asked_at: list[float] = []

    def down(handler: Handler) -> None:
        asked_at.append(time.monotonic())
        handler.send(500, b"")

    side.web.behaviour = down
    sources = [side.make(seed=seed) for seed in range(20)]
    for source in sources:
        source.start(MACS[:1], interval=1.0)
    until(lambda: all(source.fleet.figures.up is False for source in sources))
    first = len(asked_at)
    assert first >= 20
    until(lambda: len(asked_at) >= first + 20)
    back = sorted(asked_at[first : first + 20])
    assert back[-1] - back[0] >= 0.7
    in_a_moment = max(sum(at <= each < at + 0.1 for each in back) for at in back)
    assert in_a_moment <= 8


# -- faults of ours -----------------------------------------------------------------------------


def broken(source: OneSource) -> None:
    """Have the source's kind read its answers with a fault of ours."""
    way = source.way().ask

    def read_one(_identity: str, _body: bytes) -> Reading:
        raise ZeroDivisionError

    def read_page(_body: bytes) -> Page:
        raise ZeroDivisionError

    fault: Each | Listing
    if isinstance(way, Each):
        fault = way._replace(read=read_one)
    else:
        assert way is not None
        fault = way._replace(read=read_page)
    source.kind = replace(source.kind, open=lambda _account: fault)


def test_a_fault_of_ours_costs_one_source_its_polls_and_no_other(
    side: Side, caplog: pytest.LogCaptureFixture
) -> None:
    ill, well = side.make(), side.make()
    broken(ill)
    ill.start(MACS)
    well.start(MACS)
    errors = ill.fleet.figures.errors
    until(lambda: errors["internal"] >= 3)
    assert ill.fleet.figures.up is False
    assert ill.source.next_poll is not None
    until(lambda: well.online == DEVICES)
    assert well.fleet.figures.errors["internal"] == 0
    assert "ZeroDivisionError" in caplog.text
    ill.kind = KINDS[ill.kind.name]
    ill.change(MACS)
    until(lambda: ill.online == DEVICES and ill.fleet.figures.up is True)


def test_a_question_that_cannot_be_written_uses_up_no_place(side: Side) -> None:
    source = side.make()
    way = source.way().ask
    assert way is not None

    def ask(_identity: object) -> None:
        raise ZeroDivisionError

    kind = source.kind
    source.kind = replace(kind, open=lambda _account: way._replace(ask=ask))  # type: ignore[arg-type]
    source.start(MACS, concurrency=2)
    until(lambda: source.fleet.figures.errors["internal"] >= 4)
    source.kind = kind
    source.change(MACS)
    until(lambda: source.online == DEVICES)


def test_an_address_that_libcurl_refuses_is_an_error_and_no_end(side: Side) -> None:
    source = side.make("http://127.0.0.1:1/\ud800")
    source.start(MACS)
    until(lambda: source.fleet.figures.up is False)
    assert source.fleet.figures.errors["error"] >= 1
    assert "cannot be written" in source.source.last_error
