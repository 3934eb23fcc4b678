"""The one door to foreign addresses, against servers that misbehave."""

import gzip
import socket
import struct
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from django.utils.functional import Promise
from hypothesis import given, strategies as st

from platforms.outbound import Answer, OutboundError, Tls, allowed, fetch
from tests.far_side import answer, saying, self_signed, talking
from tests.ports import free_port

SECRET = "canary-4d1c-secret"


def ask(url: str, **options: Any) -> Answer:
    return fetch(url, **{"bases": [url], "deadline": 5.0, "limit": 1_000_000, **options})


def failure(url: str, **options: Any) -> OutboundError:
    with pytest.raises(OutboundError) as caught:
        ask(url, **options)
    error = caught.value
    assert isinstance(error.message, Promise), "the message can be translated"
    assert SECRET not in f"{error} {error!r}"
    return error


# -- which addresses ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "base", "expected"),
    [
        ("http://a/", "http://a", True),
        ("http://a", "http://a/", True),
        ("http://A:80/x?y=1", "http://a", True),
        ("https://a/api/v1/query", "https://a/api", True),
        ("https://a/api", "https://a/api/", True),
        ("https://a:443/api/", "https://a/api", True),
        ("http://[::1]:9090/x", "http://[::1]:9090", True),
        ("http://a/s?mac=06%3A42", "http://a/s?mac=", True),
        ("http://a/s?other=1", "http://a/s?mac=", False),
        ("http://a/s/t?mac=1", "http://a/s?mac=", False),
        ("https://a/apix", "https://a/api", False),
        ("http://a/api", "https://a/api", False),
        ("http://a:81/", "http://a", False),
        ("http://a.b/", "http://a", False),
        ("http://b/", "http://a", False),
        ("http://a/api/../secret", "http://a/api", False),
        ("http://a/api/..", "http://a/api", False),
        ("http://a/api/%2e%2E/secret", "http://a/api", False),
        ("http://a/api/..%2fsecret", "http://a/api", False),
        ("http://a@b/", "http://a", False),
        ("http://b@a/", "http://a", False),
        ("http://a\\@b/", "http://a", False),
        ("http://a%2eb/", "http://a", False),
        ("http://a/\t", "http://a", False),
        ("http://a/\r\nHost: b", "http://a", False),
        (" http://a/", "http://a", False),
        ("http://a/#x", "http://a", False),
        ("http://\u0430/", "http://\u0430", False),
        ("file:///etc/passwd", "file:///etc", False),
        ("ftp://a/", "ftp://a", False),
        ("http:///x", "http://", False),
        ("http://a:0/", "http://a:0", False),
        ("http://a:b/", "http://a", False),
        ("http://a:99999/", "http://a", False),
        ("http://[::1/", "http://[::1", False),
        ("", "", False),
        ("http://127.1/", "http://127.0.0.1", False),
        ("http://a/" + "x" * 9000, "http://a", False),
    ],
)
def test_an_address_is_allowed_under_its_base_alone(url: str, base: str, expected: bool) -> None:
    assert allowed(url, [base]) is expected
    assert allowed(url, ["http://elsewhere", base]) is expected
    assert allowed(url, []) is False


@given(st.text(max_size=50))
def test_any_text_is_an_address_or_is_not(text: str) -> None:
    assert allowed("http://a" + text, ["http://a/base"]) in (True, False)
    assert not allowed(text, ["http://a/base"]) or text.lower().startswith("http://a")


def test_it_asks_nobody_outside_the_allowed_bases() -> None:
    error = failure(f"http://127.0.0.1:9/x?token={SECRET}", bases=["http://127.0.0.1:9/y"])
    assert (error.code, error.permanent) == ("not_allowed", True)
    assert "http://127.0.0.1:9" in str(error)


@pytest.mark.parametrize(
    "url", [f"http://u:{SECRET}@127.0.0.1/", "gopher://127.0.0.1/", "nonsense"]
)
def test_it_refuses_what_is_no_clear_address(url: str) -> None:
    assert failure(url).code == "bad_url"


@pytest.mark.parametrize("value", ["a\r\nX: 1", "a\nb", "\u0444", "\x00"])
def test_it_sends_no_header_that_could_become_two(value: str) -> None:
    assert failure("http://127.0.0.1:9/", headers={"Authorization": value}).code == "bad_header"


# -- what comes back ----------------------------------------------------------------------------


def test_an_answer_has_status_headers_body_and_seconds() -> None:
    with talking(saying(answer(b"hello", "200 OK", "X-Kind: test"))) as url:
        got = ask(f"{url}/path")
    assert (got.status, got.body, got.headers["x-kind"]) == (200, b"hello", "test")
    assert 0 < got.seconds < 5
    assert got.checked() is got


def test_an_answer_may_have_hints_before_it_and_trailers_behind() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n"
    chunks = b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n"
    with talking(saying(hints + chunks)) as url:
        got = ask(url)
    assert (got.status, got.body) == (200, b"hello")


def test_it_sends_method_headers_and_body() -> None:
    def echo(connection: socket.socket, head: bytes) -> None:
        connection.sendall(answer(head))

    with talking(echo) as url:
        body = ask(url, method="POST", body=b"query=up", headers={"X-A": "b"}).body
        assert body.startswith(b"POST / HTTP/1.1\r\n")
        assert b"\r\nX-A: b\r\n" in body
        assert body.endswith(b"query=up")
        assert b"Expect" not in body
        assert ask(url).body.startswith(b"GET ")
        assert ask(url, method="DELETE").body.startswith(b"DELETE ")


@pytest.mark.parametrize(
    ("status", "permanent"), [(400, True), (401, True), (404, True), (429, False), (503, False)]
)
def test_an_error_status_is_an_answer_until_it_is_checked(status: int, permanent: bool) -> None:
    with talking(saying(answer(b"why", f"{status} No"))) as url:
        got = ask(url)
    assert (got.status, got.body) == (status, b"why")
    with pytest.raises(OutboundError, match=str(status)) as caught:
        got.checked()
    assert (caught.value.code, caught.value.permanent) == ("http_status", permanent)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_it_follows_no_redirect_and_names_its_target(status: int) -> None:
    target = f"Location: http://user:{SECRET}@other.test/x?token={SECRET}"
    with talking(saying(answer(b"", f"{status} Moved", target))) as url:
        error = failure(url)
    assert (error.code, error.permanent) == ("redirect", True)
    assert "http:other.test/x" in str(error)


def test_it_uses_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with talking(saying(answer(b"direct"))) as url:
        assert ask(url).body == b"direct"


def test_it_needs_somebody_to_answer() -> None:
    error = failure(f"http://127.0.0.1:{free_port()}/")
    assert (error.code, error.permanent) == ("refused", False)


def test_it_says_when_a_name_is_unknown() -> None:
    error = failure("http://no-such-name.invalid/")
    assert (error.code, error.permanent) == ("dns", False)
    assert "no-such-name.invalid" in str(error)


# -- limits -------------------------------------------------------------------------------------


def silent(connection: socket.socket, head: bytes) -> None:
    time.sleep(20)


def drip_head(connection: socket.socket, head: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    with suppress(OSError):
        for _ in range(200):
            connection.sendall(b"x")
            time.sleep(0.1)


def drip_body(connection: socket.socket, head: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    with suppress(OSError):
        for _ in range(200):
            connection.sendall(b"x")
            time.sleep(0.1)


@pytest.mark.parametrize("talk", [silent, drip_head, drip_body])
def test_one_deadline_covers_a_far_side_that_hangs_or_drips(talk: Any) -> None:
    with talking(talk) as url:
        started = time.monotonic()
        error = failure(url, deadline=0.5)
    assert (error.code, error.permanent) == ("timeout", False)
    assert time.monotonic() - started < 1.5
    assert "0.5" in str(error)


def endless(prefix: bytes, chunk: bytes) -> Any:
    def talk(connection: socket.socket, head: bytes) -> None:
        with suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\n" + prefix)
            for _ in range(100_000):
                connection.sendall(chunk)

    return talk


@pytest.mark.parametrize(
    "talk",
    [
        endless(b"\r\n", b"x" * 65536),
        endless(b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
        endless(b"Content-Length: 5000000000\r\n\r\n", b"x" * 65536),
        endless(b"", b"X-Header: " + b"x" * 1000 + b"\r\n"),
        saying(answer(b"x" * 1001)),
    ],
)
def test_it_reads_no_more_than_its_limit(talk: Any) -> None:
    with talking(talk) as url:
        started = time.monotonic()
        error = failure(url, limit=1000)
    assert (error.code, error.permanent) == ("too_large", True)
    assert time.monotonic() - started < 2


def test_an_answer_as_large_as_the_limit_is_read() -> None:
    with talking(saying(answer(b"x" * 1000))) as url:
        assert len(ask(url, limit=1000).body) == 1000


def test_it_unpacks_nothing_by_itself() -> None:
    packed = gzip.compress(b"x" * 100_000)
    with talking(saying(answer(packed, "200 OK", "Content-Encoding: gzip"))) as url:
        assert ask(url, limit=1000).body == packed


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nX-Whole: line\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nX-A: b\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x00\x01\x02\x03" * 100,
        b"HTTP/1.1 banana\r\n\r\n",
    ],
)
def test_a_connection_broken_off_is_no_answer(text: bytes) -> None:
    with talking(saying(text)) as url:
        error = failure(url)
    assert (error.code, error.permanent) == ("broken", False)


# -- TLS ----------------------------------------------------------------------------------------


def test_it_trusts_its_own_authority_and_no_stranger(tmp_path: Path) -> None:
    context, authority = self_signed(tmp_path)
    with talking(saying(answer(b"safe")), context) as url:
        assert ask(url, tls=Tls(authorities=authority)).body == b"safe"
        assert ask(url, tls=Tls(verify=False)).body == b"safe"
        error = failure(url)
    assert (error.code, error.permanent) == ("tls", True)
    assert "not trusted" in str(error)


def test_it_refuses_a_certificate_for_another_address(tmp_path: Path) -> None:
    context, authority = self_signed(tmp_path, "127.0.0.2")
    with talking(saying(answer(b"")), context) as url:
        assert failure(url, tls=Tls(authorities=authority)).code == "tls"


def test_it_says_when_the_authority_is_no_certificate(tmp_path: Path) -> None:
    context, _authority = self_signed(tmp_path)
    with talking(saying(answer(b"")), context) as url:
        error = failure(url, tls=Tls(authorities="no PEM at all"))
    assert error.code == "tls"
    assert "PEM" in str(error)


def test_it_says_when_the_far_side_speaks_no_tls() -> None:
    with talking(saying(answer(b""))) as url:
        error = failure(url.replace("http://", "https://"))
    assert error.code == "tls"
    assert "TLS" in str(error)


# -- did anything go out ------------------------------------------------------------------------


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_nothing_went_out_where_there_was_no_connection(tmp_path: Path) -> None:
    context, _authority = self_signed(tmp_path)
    post: dict[str, Any] = {"method": "POST", "body": b"text=reboot"}
    assert failure(f"http://127.0.0.1:{free_port()}/", **post).unsent
    assert failure("http://no-such-name.invalid/", **post).unsent
    assert failure("http://127.0.0.1:9/x", bases=[], **post).unsent
    assert failure("http://127.0.0.1:9/", headers={"A": "\n"}, **post).unsent
    assert failure("nonsense", **post).unsent
    with talking(saying(answer(b"safe")), context) as url:
        assert failure(url, **post).unsent, "a certificate that is not trusted"
    with talking(saying(answer(b""))) as url:
        assert failure(url.replace("http:", "https:"), **post).unsent, "no TLS there"


def test_nothing_went_out_while_it_waited_for_a_connection() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as waiting:
        for _turn in range(3):
            each = waiting.enter_context(socket.socket())
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        error = failure(f"http://127.0.0.1:{full.getsockname()[1]}/", connect=0.3)
    assert (error.code, error.unsent, error.permanent) == ("timeout", True, False)
    assert "0.3" in str(error)


def test_nothing_went_out_while_it_waited_for_tls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        error = failure(f"https://127.0.0.1:{mute.getsockname()[1]}/", connect=0.3)
    assert (error.code, error.unsent) == ("timeout", True)


@pytest.mark.parametrize("talk", [silent, lambda connection, _head: reset(connection), saying(b"")])
def test_once_there_was_a_connection_the_request_may_have_been_read(talk: Any) -> None:
    with talking(talk) as url:
        assert not failure(url, deadline=0.5, connect=0.3, method="POST", body=b"x").unsent


def test_a_connection_reset_before_anything_was_read_proves_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            connection, _peer = listener.accept()
            connection.recv(1, socket.MSG_PEEK)  # the request is there, and nobody looks at it
            reset(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        error = failure(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        thread.join()
    assert (error.code, error.unsent) == ("broken", False)


def test_every_request_has_a_connection_of_its_own_and_says_http_1_1() -> None:
    heads: list[bytes] = []

    def keep_alive(connection: socket.socket, head: bytes) -> None:
        heads.append(head)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        assert connection.recv(1) == b"", "it hangs up after one request"
        heads.append(b"closed")

    with talking(keep_alive) as url:
        ask(url)
        ask(url)
        time.sleep(0.1)
    assert [head.partition(b"\r\n")[0] for head in heads].count(b"GET / HTTP/1.1") == 2
    assert heads.count(b"closed") == 2


# -- permits ------------------------------------------------------------------------------------


def test_a_connection_is_made_to_permitted_addresses_alone() -> None:
    heard: list[bytes] = []

    def talk(connection: socket.socket, head: bytes) -> None:
        heard.append(head)
        connection.sendall(answer(b"yes"))

    asked: list[str] = []

    def permits(address: str) -> bool:
        asked.append(address)
        return address == "127.0.0.1"

    with talking(talk) as url:
        assert ask(url, permits=permits).body == b"yes"
        by_name = url.replace("127.0.0.1", "localhost")
        assert ask(by_name, permits=permits).body == b"yes"
        error = failure(f"{url}/{SECRET}", permits=lambda _address: False)
        named = failure(by_name, permits=lambda _address: False)
    assert {each.code for each in (error, named)} == {"forbidden_host"}
    assert error.permanent
    assert error.unsent
    assert len(heard) == 2
    assert set(asked) <= {"127.0.0.1", "::1"}, "addresses and never a name"


def test_nobody_there_is_no_forbidden_address() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert failure(url, permits=lambda _address: True).code == "refused"
