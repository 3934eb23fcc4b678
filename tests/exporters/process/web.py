"""A programmable web server on loopback: plays the vendor and Remosa for the exporter process."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ONLINE = b'[{"status": "online", "name": "Hall LED", "ip": "10.0.0.1", "outIp": "94.72.61.150"}]'
OFFLINE = b'[{"status": "offline", "name": "Hall LED", "ip": "10.0.0.1", "outIp": "94.72.61.150"}]'

Behaviour = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """One request; a behaviour answers it."""

    protocol_version = "HTTP/1.1"
    server: "Web"
    body = b""

    def log_message(self, *_arguments: Any) -> None:
        """Stay silent."""

    def send(self, code: int, body: bytes, **headers: str) -> None:
        """Send a whole answer."""
        self.send_response(code)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @property
    def query(self) -> dict[str, str]:
        """Return the last value of each parameter."""
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()}

    def do_GET(self) -> None:
        """Answer and count."""
        # A body that nobody reads would be taken for the connection's next request.
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.counting():
            self.server.behaviour(self)

    do_POST = do_GET  # noqa: N815 (the name that the base class looks for)


class Web(ThreadingHTTPServer):
    """The server; `behaviour` can be changed at any time."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, behaviour: Behaviour, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.behaviour = behaviour
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked = 0
        self.at_once = 0
        self.most_at_once = 0
        self.connections = 0
        self._lock = threading.Lock()

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count a request while it is being answered."""
        with self._lock:
            self.asked += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            yield
        finally:
            with self._lock:
                self.at_once -= 1

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count a connection."""
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """A peer that hangs up is what many tests are about."""


@contextmanager
def serving(behaviour: Behaviour, port: int = 0) -> Iterator[Web]:
    """Run a server until the block ends."""
    web = Web(behaviour, port)
    thread = threading.Thread(target=web.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield web
    finally:
        web.shutdown()
        web.server_close()
        thread.join()


class Vendor:
    """CubicMedia: what it says of each MAC can be set; `asked` counts by MAC."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.body = ONLINE
        self.delay = 0.0
        self.asked: Counter[str] = Counter()

    def __call__(self, handler: Handler) -> None:
        """Answer for one MAC."""
        mac = handler.query["mac"]
        self.asked[mac] += 1
        if self.delay:
            time.sleep(self.delay)
        handler.send(200, self.bodies.get(mac, self.body))


class Remosa:
    """The part of Remosa's API that exporter processes use."""

    def __init__(self, token: str = "") -> None:
        self.token = token or "token-of-a-test"
        self.entries: list[dict[str, Any]] = []
        self.rows: list[dict[str, Any]] = []
        self.version = 1
        self.announced: list[dict[str, Any]] = []
        self.seen: list[tuple[str, str]] = []  # path, If-None-Match
        self.code = 200

    def set(self, macs: dict[int, list[str]], **configuration: Any) -> None:
        """Have these exporters (of platform 1) with these MACs."""
        self.entries = [
            {
                "platform_id": 1,
                "exporter_id": exporter_id,
                "name": f"Exporter {exporter_id}",
                "exporter_type": "cubic",
                "enabled": True,
                "configuration": configuration,
            }
            for exporter_id in macs
        ]
        self.rows = [
            {"platform_id": 1, "exporter_id": exporter_id, "mac": mac, "name": "", "ip": ""}
            for exporter_id, listed in macs.items()
            for mac in listed
        ]
        self.version += 1

    def set_accounts(self, accounts: dict[int, dict[str, Any]]) -> None:
        """Have these AddReality exporters, each of the platform of its own number, so configured.

        Their devices stand in no list of Remosa's.
        """
        self.entries = [
            {
                "platform_id": exporter_id,
                "exporter_id": exporter_id,
                "name": f"Exporter {exporter_id}",
                "exporter_type": "addreality",
                "enabled": True,
                "configuration": configuration,
            }
            for exporter_id, configuration in accounts.items()
        ]
        self.rows = []
        self.version += 1

    def __call__(self, handler: Handler) -> None:
        """Answer one request as Remosa does."""
        path = urlsplit(handler.path).path
        self.seen.append((handler.path, handler.headers.get("If-None-Match", "")))
        if handler.headers.get("Authorization") != f"Bearer {self.token}":
            error = {"error": {"code": "denied", "message": "Who are you?", "fields": None}}
            handler.send(401, json.dumps(error).encode())
        elif self.code != 200:
            handler.send(self.code, b'{"error": {"code": "x", "message": "Not now."}}')
        elif path == "/api/v1/exporter-processes/announce":
            self.announced.append(json.loads(handler.body))
            handler.send(200, b'{"instance": "cubic-1", "address": "127.0.0.1:1"}')
        else:
            self._send_list(handler, path)

    def _send_list(self, handler: Handler, path: str) -> None:
        lists = {"/api/v1/platform-exporters": self.entries, "/api/v1/exporter-macs": self.rows}
        etag = f'"{self.version}"'
        if path not in lists:
            handler.send(404, b"{}")
        elif handler.headers.get("If-None-Match") == etag:
            handler.send_response(304)
            handler.send_header("ETag", etag)
            handler.end_headers()
        else:
            handler.send(200, json.dumps(lists[path]).encode(), ETag=etag)


def hang(handler: Handler) -> None:
    """Accept the request and never say a word."""
    with suppress(OSError):
        handler.rfile.read(1)


def mac(number: int) -> str:
    """Return a MAC for a small number."""
    digits = f"{number:012X}"
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))
