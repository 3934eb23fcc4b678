"""A gateway on loopback that keeps its own log: every connection, every request it read."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Asked:
    """One request as it stood on the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> str:
        return urlsplit(self.target).query


@dataclass
class Log:
    """What the gateway saw. `ended` is set when the test is over: nobody waits any longer."""

    address: str = ""
    connections: int = 0
    requests: list[Asked] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


Behaviour = Callable[[socket.socket, Log], None]


@contextmanager
def gateway(behaviour: Behaviour, context: ssl.SSLContext | None = None) -> Iterator[Log]:
    """Let every connection be handled by a behaviour, which reads requests or does not."""
    log = Log()
    listener = socket.create_server(("127.0.0.1", 0))
    scheme = "http" if context is None else "https"
    log.address = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"

    def serve(connection: socket.socket) -> None:
        with suppress(OSError, ssl.SSLError):
            if context is not None:
                connection = context.wrap_socket(connection, server_side=True)
            connection.settimeout(20)
            behaviour(connection, log)
        connection.close()

    def accept() -> None:
        while not log.ended.is_set():
            with suppress(OSError):
                connection, _peer = listener.accept()
                log.connections += 1
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield log
    finally:
        log.ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join(timeout=5)


def read(connection: socket.socket, log: Log) -> Asked | None:
    """Read one whole request into the log; None when there is none."""
    received = b""
    while HEAD_END not in received:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        received += chunk
    head, _end, body = received.partition(HEAD_END)
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _colon, value in pairs}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    method, target, _version = first.split(" ")
    asked = Asked(method, target, headers, body)
    log.requests.append(asked)
    return asked


def answering(*parts: bytes) -> Behaviour:
    """Read a request and say these bytes; then look whether another one comes."""

    def talk(connection: socket.socket, log: Log) -> None:
        if read(connection, log) is not None:
            for part in parts:
                connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)
            read(connection, log)

    return talk


def status(code: int, body: bytes = b'{"message": "no"}', *headers: str) -> Behaviour:
    """Answer with a status and a body."""
    lines = [f"HTTP/1.1 {code} X", f"Content-Length: {len(body)}", *headers]
    return answering("\r\n".join(lines).encode("latin-1") + HEAD_END + body)


def reset(connection: socket.socket) -> None:
    """Break a connection off so that the other side gets an error."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def reset_at_once(connection: socket.socket, log: Log) -> None:
    reset(connection)


def reset_unread(connection: socket.socket, log: Log) -> None:
    """Break off when the request is there, without a look at it."""
    connection.recv(1, socket.MSG_PEEK)
    reset(connection)


def reset_after_reading(connection: socket.socket, log: Log) -> None:
    read(connection, log)
    reset(connection)


def reset_within_the_answer(connection: socket.socket, log: Log) -> None:
    read(connection, log)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    log.ended.wait(0.1)
    reset(connection)


def close_at_once(connection: socket.socket, log: Log) -> None:
    """Hang up without a look at the request."""


def close_after_reading(connection: socket.socket, log: Log) -> None:
    read(connection, log)


def never_read(connection: socket.socket, log: Log) -> None:
    log.ended.wait(20)


def never_answer(connection: socket.socket, log: Log) -> None:
    read(connection, log)
    log.ended.wait(20)


def speak_no_tls(connection: socket.socket, log: Log) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request" + HEAD_END)


def dripping(start: bytes) -> Behaviour:
    """Answer a byte at a time, without an end."""

    def talk(connection: socket.socket, log: Log) -> None:
        read(connection, log)
        connection.sendall(start)
        while not log.ended.wait(0.05):
            connection.sendall(b"x")

    return talk


def endless(start: bytes, chunk: bytes) -> Behaviour:
    """Answer with 500 MB and more."""

    def talk(connection: socket.socket, log: Log) -> None:
        read(connection, log)
        connection.sendall(start)
        while not log.ended.is_set():
            connection.sendall(chunk)

    return talk
