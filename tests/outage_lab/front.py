"""A real Prometheus in a time of the lab's own: what stands before it, and how it is killed.

Whatever asks it without a moment is answered about the lab's now. The front lies, hangs, and cuts
the line, as outages want it; the server behind it is killed, started again and wiped for real.
"""

import http.client
import json
import random
import shutil
import subprocess
import time
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.exporters.watched_world import serving
from tests.ports import free_port
from tests.prometheus_server import START_SECONDS, tool

TIMEOUT = 1  # seconds; of Remosa's questions
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_GARBAGE = b"<html><body>502 Bad Gateway</body></html>"


class Prometheus:
    """The server behind the front: written to with chosen times, killed at any moment."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "prometheus.yml").write_text("global: {scrape_interval: 1h}\n")

    @property
    def is_up(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """Start it over what it has on its disk."""
        arguments = [
            tool("prometheus"),
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--web.enable-remote-write-receiver",
            "--log.level=error",
        ]
        with (self.folder / "prometheus.log").open("ab") as log:
            self._process = subprocess.Popen(arguments, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                if self.ask("GET", "/-/ready")[0] == 200:
                    return
            except OSError:
                time.sleep(0.03)
        raise AssertionError("Prometheus does not start")

    def kill(self) -> None:
        """Kill it as a machine does that loses its power."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def wipe(self) -> None:
        """Lose its disk; it has to be down."""
        shutil.rmtree(self.folder / "data", ignore_errors=True)

    def write(self, body: bytes) -> None:
        """Write samples; those that come before what it has are refused, as those of scrapes."""
        headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}
        headers["X-Prometheus-Remote-Write-Version"] = "0.1.0"
        status, answer = self.ask("POST", "/api/v1/write", body, headers)
        out_of_order = status == 400 and b"out of" in answer
        assert status in (200, 204) or out_of_order, (status, answer[:200])

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Ask one page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body or None, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


class Front:
    """What Remosa takes for Prometheus: `now` is its clock, `fault` what is wrong with it."""

    def __init__(self, prometheus: Prometheus, seed: int) -> None:
        self.prometheus, self.chance = prometheus, random.Random(seed)
        self.now, self.fault, self.url, self.asked = 0.0, "", "", 0
        self._stack = ExitStack()

    def __enter__(self) -> "Front":
        server: ThreadingHTTPServer = self._stack.enter_context(serving(_Handler))
        server.front = self  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def answer(self, path: str, form: str) -> tuple[int, bytes] | None:
        """Answer a question; None: hang up."""
        self.asked += 1
        if self.fault == "prometheus_cut" or not self.prometheus.is_up:
            return None
        if self.fault == "prometheus_hangs":
            time.sleep(TIMEOUT + 0.1)
            return None
        if self.fault == "prometheus_slow":
            time.sleep(0.1)
        if self.fault == "prometheus_errors":
            return self.chance.choice((500, 503, 422, 404)), b'{"status":"error"}'
        if self.fault == "prometheus_garbage":
            return 200, self.chance.choice((_GARBAGE, b"", b"{}", b'{"status":"success"'))
        asked = {"time": f"{self.now:.3f}", **dict(parse_qsl(form))}
        body = urlencode(asked).encode()
        status, said = self.prometheus.ask("POST", path, body, _FORM)
        if self.fault in ("prometheus_partial", "prometheus_lossy") and status == 200:
            said = self._torn(said, warned=self.fault == "prometheus_partial")
        return status, said

    def _torn(self, said: bytes, *, warned: bool) -> bytes:
        """Leave out half of an answer, and say so or not."""
        answer: dict[str, Any] = json.loads(said)
        result = answer["data"]["result"]
        answer["data"]["result"] = [each for each in result if self.chance.random() < 0.5]
        if warned:
            answer["warnings"] = ["a store did not answer"]
        return json.dumps(answer).encode()


class _Handler(BaseHTTPRequestHandler):
    server: Any
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet: two would wait for each other 40 ms

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
        """Write no line for each request."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self._send(self.server.front.answer(parts.path, parts.query))

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self._send(self.server.front.answer(self.path, form))

    def _send(self, answer: tuple[int, bytes] | None) -> None:
        if answer is None:
            self.close_connection = True
            return
        status, body = answer
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
