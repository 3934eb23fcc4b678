"""Remosa's API as an exporter process sees it, with a list that changes all the time."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bench.far_side import EXPORTER, PLATFORM

LEFT_OUT = 20  # every so-manieth device is left out of the list, another one each time


class Remosa:
    """What is told: the devices of each kind, and the settings of its one exporter."""

    def __init__(
        self, devices: Mapping[str, list[str]], settings: Mapping[str, Mapping[str, object]]
    ) -> None:
        self.version = 0
        self.is_away = False
        self._devices, self._settings = devices, settings

    def page(self, path: str, kind: str) -> object:
        """Return what a path answers."""
        if path.endswith("/platform-exporters"):
            ids = {"platform_id": PLATFORM, "exporter_id": EXPORTER}
            told = {"enabled": True, "configuration": self._settings[kind]}
            return [{**ids, "name": "Soak", "exporter_type": kind, **told}]
        if path.endswith("/exporter-macs"):
            place = {"platform_id": PLATFORM, "exporter_id": EXPORTER, "ip": "", "outip": ""}
            return [
                {**place, "mac": mac, "name": f"Player {number}, {self.version}"}
                for number, mac in enumerate(self._devices.get(kind, ()))
                if number % LEFT_OUT != self.version % LEFT_OUT
            ]
        return {"instance": "soak", "address": "127.0.0.1:0"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def log_message(self, *_arguments: Any) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        """Answer a question, or a message."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        remosa, address = self.server.remosa, urlsplit(self.path)
        etag = f'"{remosa.version}"'
        code, body = 200, b""
        if remosa.is_away:
            code = 503
        elif self.headers.get("If-None-Match") == etag:
            code = 304
        else:
            kind = parse_qs(address.query).get("exporter_type", [""])[0]
            body = json.dumps(remosa.page(address.path, kind)).encode()
        self.send_response(code)
        self.send_header("ETag", etag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 (the name that the base class looks for)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, remosa: Remosa) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.remosa = remosa


@contextmanager
def serving(remosa: Remosa) -> Iterator[str]:
    """Serve until the block ends; gives the address."""
    server = _Server(remosa)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
