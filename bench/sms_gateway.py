"""A gateway of SMS on loopback that writes down when it was given the first message to a phone."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


class Taken:
    """What came: by phone the moment (Unix time) of the first message, and how many in all."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.first: dict[str, float] = {}
        self.messages = 0
        self._lock = threading.Lock()

    def take(self, phone: str) -> None:
        """Write a message down."""
        with self._lock:
            self.messages += 1
            self.first.setdefault(phone, time.time())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def log_message(self, *_arguments: Any) -> None:
        """Stay silent."""

    def do_POST(self) -> None:
        """Take a message."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        for phone in parse_qs(body).get("number", ()):
            self.server.taken.take(phone)
        self._answer(b'{"status": "ok"}')

    def do_GET(self) -> None:
        """Say that nothing came in."""
        self._answer(b'{"status": "no new sms"}')

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken = Taken(f"http://127.0.0.1:{self.server_port}")


@contextmanager
def serving() -> Iterator[Taken]:
    """Take messages until the block ends."""
    server = _Server()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.taken
    finally:
        server.shutdown()
        server.server_close()
