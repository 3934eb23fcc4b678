"""Transfers on one thread, against a real server that behaves in every way."""

import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporters.kinds.shape import Request
from exporters.process.polling import Poller
from exporters.process.transfers import Answer, http_failure
from tests import far_side
from tests.exporters.process import web
from tests.exporters.process.web import Handler, serving


class Asker:
    """A poller on a thread of its own, to be asked from a test."""

    def __init__(self, in_flight_limit: int = 100) -> None:
        self.poller = Poller(in_flight_limit)
        self.thread = threading.Thread(target=self.poller.run)
        self.thread.start()
        self.answers: queue.Queue[Answer] = queue.Queue()

    def ask(self, request: Request, timeout: float = 5, limit: int = 1000) -> None:
        """Send without waiting."""
        self.poller.post(
            lambda: self.poller.ask(
                request, timeout, self.answers.put, limit=limit, keep_headers=True
            )
        )

    def get(self, url: str, timeout: float = 5, limit: int = 1000) -> Answer:
        """Send and wait for the end."""
        self.ask(Request(url), timeout, limit)
        return self.answers.get(timeout=20)

    def stop(self) -> None:
        self.poller.stop()
        self.thread.join(10)
        assert not self.thread.is_alive()


@pytest.fixture
def asker() -> Iterator[Asker]:
    """A running poller."""
    asker = Asker()
    yield asker
    asker.stop()


def test_it_brings_an_answer_whole_with_its_headers(asker: Asker) -> None:
    with serving(lambda handler: handler.send(200, b"hello", ETag='"7"')) as server:
        answer = asker.get(server.url)
    assert (answer.code, answer.body, answer.failure) == (200, b"hello", "")
    assert answer.headers["etag"] == '"7"'


def test_one_handle_serves_different_requests_one_after_the_other(asker: Asker) -> None:
    def echo(handler: Handler) -> None:
        body = handler.body.decode()
        handler.send(200, f"{handler.command} {handler.headers.get('X-Key')} {body}".encode())

    with serving(echo) as server:
        for request, said in (
            (Request(server.url, headers=("X-Key: 1",)), b"GET 1 "),
            (Request(server.url, "POST", ("X-Key: 2",), b"body"), b"POST 2 body"),
            (Request(server.url), b"GET None "),
        ):
            asker.ask(request)
            assert asker.answers.get(timeout=10).body == said


def test_a_byte_over_the_limit_is_too_large_and_the_limit_itself_is_not(asker: Asker) -> None:
    with serving(lambda handler: handler.send(200, b"x" * int(handler.path[1:]))) as server:
        assert asker.get(f"{server.url}/1000").failure == ""
        assert asker.get(f"{server.url}/1001").failure == "too_large"


def test_endless_chunks_and_endless_headers_are_too_large(asker: Asker) -> None:
    def chunks(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        while True:
            handler.wfile.write(b"400\r\n" + b"x" * 1024 + b"\r\n")

    def headers(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            handler.wfile.write(b"X-More: " + b"x" * 1000 + b"\r\n")

    for behaviour in (chunks, headers):
        with serving(behaviour) as server:
            assert asker.get(server.url).failure == "too_large"


def test_a_gzip_bomb_is_not_unpacked(asker: Asker) -> None:
    bomb = b"\x1f\x8b\x08" + b"\0" * 500
    with serving(lambda handler: handler.send(200, bomb, Content_Encoding="gzip")) as server:
        assert asker.get(server.url).body == bomb


def test_the_deadline_is_for_the_whole_answer(asker: Asker) -> None:
    def drip(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _number in range(50):
            handler.wfile.write(b"x")
            time.sleep(0.1)

    with serving(drip) as server:
        started = time.monotonic()
        assert asker.get(server.url, timeout=0.5).failure == "timeout"
        assert time.monotonic() - started < 2


def test_a_redirect_is_an_answer_and_is_not_followed(asker: Asker) -> None:
    with serving(lambda handler: handler.send(301, b"", Location="/elsewhere")) as server:
        answer = asker.get(server.url)
        assert (answer.code, server.asked) == (301, 1)
    assert http_failure(answer.code) == "redirect"


def test_nobody_listening_is_a_failed_connection(asker: Asker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert asker.get(f"http://127.0.0.1:{port}/").failure == "connect"


def test_a_peer_that_accepts_and_says_nothing_times_out(asker: Asker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert asker.get(url, timeout=0.3).failure == "timeout"


@pytest.mark.parametrize(
    ("bytes_sent", "failure"),
    [
        (b"", "disconnected"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "disconnected"),
        (b"just a text without any headers", "malformed"),
        (b"HTTP/1.1 banana\r\n\r\n", "malformed"),
    ],
)
def test_what_is_no_whole_http_answer_is_a_failure(
    bytes_sent: bytes, failure: str, asker: Asker
) -> None:
    with far_side.talking(far_side.saying(bytes_sent)) as url:
        assert asker.get(url).failure == failure


def test_a_certificate_nobody_vouches_for_is_refused(asker: Asker, tmp_path: Path) -> None:
    context, _pem = far_side.self_signed(tmp_path)
    assert isinstance(context, ssl.SSLContext)
    with far_side.talking(far_side.saying(far_side.answer(b"[]")), context) as url:
        answer = asker.get(url)
    assert answer.failure == "tls"
    assert answer.body == b""


@pytest.mark.parametrize(
    "url", ["file:///etc/hostname", "gopher://127.0.0.1:1/", "dict://127.0.0.1/"]
)
def test_only_http_is_spoken(url: str, asker: Asker) -> None:
    answer = asker.get(url)
    assert answer.failure != ""
    assert answer.body == b""


def test_no_more_requests_are_under_way_than_the_limit() -> None:
    def slow(handler: Handler) -> None:
        time.sleep(0.05)
        handler.send(200, b"")

    asker = Asker(in_flight_limit=3)
    with serving(slow) as server:
        for _number in range(12):
            asker.ask(Request(server.url))
        answers = [asker.answers.get(timeout=10) for _number in range(12)]
        assert server.most_at_once == 3
    asker.stop()
    assert {answer.failure for answer in answers} == {""}


def test_it_ends_at_once_while_requests_hang(asker: Asker) -> None:
    with serving(web.hang) as server:
        for _number in range(20):
            asker.ask(Request(server.url), timeout=60)
        while server.at_once < 20:
            time.sleep(0.01)
        started = time.monotonic()
        asker.stop()
        assert time.monotonic() - started < 1


def test_a_fault_of_ours_in_one_call_does_not_end_the_others(
    asker: Asker, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError("a mistake")

    asker.poller.post(fail)
    with serving(lambda handler: handler.send(200, b"on")) as server:
        assert asker.get(server.url).body == b"on"
    assert "the loop goes on" in caplog.text


def test_timers_are_kept_in_order_and_can_be_cancelled(asker: Asker) -> None:
    called: queue.Queue[str] = queue.Queue()
    now = time.monotonic()

    def plan() -> None:
        asker.poller.at(now + 0.2, lambda: called.put("late"))
        asker.poller.at(now + 0.15, lambda: called.put("never")).cancel()
        asker.poller.at(now + 0.1, lambda: called.put("early"))

    asker.poller.post(plan)
    assert [called.get(timeout=5), called.get(timeout=5)] == ["early", "late"]
