"""The HTTP server: honest peers are served, the others cannot hold it up."""

import asyncio
import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given, strategies as st

from exporters.process.exchange import Asked, Page
from exporters.process.server import PIECE, ListenError, Server, pieces
from tests import far_side

T = TypeVar("T")
BIG = b"x" * 20_000_000


def answer(asked: Asked) -> Page:
    """Serve a page for each path of these tests."""
    pages = {"/": (b"hello", b" ", b"world"), "/big": (BIG,)}
    if asked.path in pages:
        said = pages[asked.path]
        return Page(200, "text/plain", said, "gzip" if asked.accepts_gzip else "")
    if asked.path[1:].isdigit():
        return Page(200, "text/plain", (BIG[: int(asked.path[1:])],))
    return Page(404, "text/plain", (b"nothing",))


class Running:
    """A server on a thread of its own."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.port = self._do(server.start("127.0.0.1", 0))

    def _do(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(10)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def client(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def end_all(self) -> None:
        self._do(self.server.stop())

    def stop(self) -> None:
        self.end_all()

        async def rest() -> None:
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

        self._do(rest())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


Start = Callable[..., Running]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start servers with settings of one's own."""
    started: list[Running] = []

    def make(**settings: float) -> Running:
        started.append(Running(Server(answer, **settings)))  # type: ignore[arg-type]
        return started[-1]

    yield make
    for running in started:
        running.stop()


def is_closed(connection: socket.socket) -> bool:
    """Wait until the server closes the connection; False if it does not."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def test_it_serves_many_requests_over_one_connection(start: Start) -> None:
    client = start().client()
    for _turn in range(3):
        client.request("GET", "/?a=b")
        found = client.getresponse()
        assert (found.status, found.read()) == (200, b"hello world")
    client.request("HEAD", "/")
    found = client.getresponse()
    assert (found.headers["Content-Length"], found.read()) == ("11", b"")
    client.request("GET", "/")
    assert client.getresponse().read() == b"hello world"
    client.close()


def test_two_requests_sent_at_once_are_both_answered(start: Start) -> None:
    connection = start().connect()
    connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
    got = b""
    while got.count(b"hello world") < 2:
        got += connection.recv(4096)
    connection.close()


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        (None, False),
        ("gzip", True),
        ("deflate, gzip;q=0.5", True),
        ("GZIP", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("identity", False),
        ("xgzip", False),
    ],
)
def test_gzip_goes_to_whoever_accepts_it(start: Start, accepted: str | None, packed: bool) -> None:
    client = start().client()
    client.request("GET", "/", headers={"Accept-Encoding": accepted} if accepted else {})
    found = client.getresponse()
    found.read()
    client.close()
    assert (found.headers["Content-Encoding"] == "gzip") is packed
    assert found.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_only_get_and_head_are_answered(start: Start, method: str) -> None:
    client = start().client()
    client.request(method, "/", body=b"something" if method == "POST" else None)
    found = client.getresponse()
    found.read()
    client.close()
    assert (found.status, found.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "request_bytes",
    [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00" * 40 + b"\r\n\r\n",
     b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20_000],
)  # fmt: skip
def test_what_is_no_request_gets_an_error_and_is_hung_up_on(
    start: Start, request_bytes: bytes
) -> None:
    connection = start().connect()
    connection.sendall(request_bytes)
    got = b""
    while chunk := connection.recv(4096):
        got += chunk
    connection.close()
    assert got.startswith(b"HTTP/1.1 4")


def test_a_request_that_does_not_come_whole_in_time_is_dropped(start: Start) -> None:
    running = start(headers_within=0.5)
    silent, dripping = running.connect(), running.connect()
    started = time.monotonic()
    for _turn in range(12):
        with contextlib.suppress(OSError):
            dripping.sendall(b"G")
        time.sleep(0.1)
    assert is_closed(silent)
    assert is_closed(dripping)
    assert time.monotonic() - started < 3
    silent.close()
    dripping.close()


def test_an_idle_connection_is_closed_after_a_while_and_not_before(start: Start) -> None:
    running = start(headers_within=0.3, idle_for=1.0)
    connection = running.connect()
    for _turn in range(2):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(4096).endswith(b"hello world")
        time.sleep(0.6)  # longer than a request may take, shorter than idleness
    assert is_closed(connection)
    connection.close()


def test_beyond_the_limit_the_longest_idle_connection_makes_room(start: Start) -> None:
    running = start(connections=10, headers_within=60)
    idle = [running.connect() for _number in range(10)]
    time.sleep(0.2)
    client = running.client()
    client.request("GET", "/")
    assert client.getresponse().read() == b"hello world"
    assert is_closed(idle[0])
    idle[1].settimeout(0.2)
    assert not is_closed(idle[1])
    for connection in idle:
        connection.close()
    client.close()


def test_an_answer_comes_whole_to_who_reads_late_and_wants_the_connection_closed(
    start: Start,
) -> None:
    """Of one of these answers the system takes all but a last piece, whatever it holds."""
    running = start()
    sizes = range(PIECE, 5_000_000, PIECE)
    with contextlib.ExitStack() as stack:
        peers = []
        for size in sizes:
            peers.append(stack.enter_context(running.connect()))
            ask = f"GET /{size} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            peers[-1].sendall(ask.encode())
        time.sleep(0.5)
        assert [len(_rest(peer).partition(b"\r\n\r\n")[2]) for peer in peers] == list(sizes)


def _rest(peer: socket.socket) -> bytes:
    got = bytearray()
    with contextlib.suppress(ConnectionError):
        while data := peer.recv(PIECE):
            got += data
    return bytes(got)


def test_whoever_does_not_read_the_answer_holds_up_nobody(start: Start) -> None:
    running = start()
    lazy = [running.connect() for _number in range(20)]
    for connection in lazy:
        connection.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
    started = time.monotonic()
    client = running.client()
    client.request("GET", "/big")
    assert client.getresponse().read() == BIG
    assert time.monotonic() - started < 2
    client.close()
    for connection in lazy:
        connection.close()


@given(st.lists(st.sampled_from([0, 1, 1000, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])))
def test_parts_are_sent_in_pieces_of_a_bounded_size(sizes: list[int]) -> None:
    parts = [bytes([65 + number % 26]) * size for number, size in enumerate(sizes)]
    sent = [bytes(piece) for piece in pieces(parts)]
    assert b"".join(sent) == b"".join(parts)
    assert all(len(piece) <= PIECE for piece in sent)


def test_a_taken_address_is_told_in_one_line(start: Start) -> None:
    running = start()
    with pytest.raises(ListenError) as raised:
        asyncio.run(Server(answer).start("127.0.0.1", running.port))
    assert str(raised.value) == (
        f"cannot listen at 127.0.0.1:{running.port}: Address already in use"
    )
    with pytest.raises(ListenError):
        asyncio.run(Server(answer).start("192.0.2.1", 0))


def test_connections_that_are_ended_leave_no_traceback(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    running = start(connections=5, headers_within=60)
    idle = [running.connect() for _number in range(20)]
    time.sleep(0.2)
    assert all(is_closed(connection) for connection in idle[:15])
    running.end_all()
    assert all(is_closed(connection) for connection in idle)
    for connection in idle:
        connection.close()
    assert caplog.text == ""


def renewed(running: Running, tls: ssl.SSLContext | None) -> None:
    """Renew as a reload does, on the server's own loop."""
    done = threading.Event()
    running.loop.call_soon_threadsafe(running.server.renew, tls)
    running.loop.call_soon_threadsafe(done.set)
    assert done.wait(10)


def test_a_renewal_takes_no_answer_from_who_has_just_connected(
    start: Start, tmp_path: Path
) -> None:
    running = start()
    with running.connect() as fresh, running.connect() as halfway:
        halfway.sendall(b"GET / HT")
        time.sleep(0.2)
        renewed(running, far_side.self_signed(tmp_path)[0])
        fresh.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        halfway.sendall(b"TP/1.1\r\nHost: x\r\n\r\n")
        for connection in (fresh, halfway):
            assert connection.makefile("rb").read().startswith(b"HTTP/1.1 200")  # then it ends


def test_a_renewal_ends_what_was_answered_before(start: Start, tmp_path: Path) -> None:
    running = start()
    client = running.client()
    client.request("GET", "/")
    client.getresponse().read()
    time.sleep(0.2)
    assert client.sock is not None
    renewed(running, far_side.self_signed(tmp_path)[0])
    assert is_closed(client.sock)
    client.close()


def test_a_renewal_without_tls_ends_nothing(start: Start) -> None:
    running = start()
    client = running.client()
    for _turn in range(3):
        client.request("GET", "/")
        assert client.getresponse().read()
        sock = client.sock
        renewed(running, None)
        assert client.sock is sock
    client.close()
