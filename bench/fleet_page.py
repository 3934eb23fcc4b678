"""The page of an exporter process with whole fleets on it, served to a real Prometheus.

Every platform has one exporter, 2,000 players of CubicMedia at full size, one in twenty offline
unless a row says otherwise.
"""

import gzip
import random
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bench.far_side import mac
from exporters import metrics

STATUS = metrics.device_status("cubic", "mac")
ROUND = "remosa_bench_round"
OFFLINE = 20  # every so-manieth player, from the beginning on


class FleetPage:
    """What is told of `players` on `platforms`; those have the ids from 1, exporters as well."""

    def __init__(self, platforms: int, players: int, offline: int = OFFLINE) -> None:
        self.round = 0
        self.read: list[float] = []  # when Prometheus did, in Unix time
        self.ahead = 0.0  # seconds by which the moments that are asked about are ahead of time
        self._each = players // platforms
        self._labels = [
            {"exporter_id": str(number), "platform_id": str(number)}
            for number in range(1, platforms + 1)
        ]
        everybody = range(self._each * platforms)
        self._online = [not offline or number % offline != 0 for number in everybody]
        self._lines = [
            STATUS.line({**self._labels[number // self._each], "mac": mac(number)}, is_online)
            for number, is_online in enumerate(self._online)
        ]
        self.body = b""
        self._write()

    def change(self, share: float) -> int:
        """Let this share of all players become what they are not, half of it each way, by chance.

        So the number of those that are offline stays; that of each platform does not. Returns how
        many changed.
        """
        chance, half = random.Random(self.round), round(len(self._online) * share / 2)
        changed: list[int] = []
        for online in (True, False):
            there = [each for each, is_online in enumerate(self._online) if is_online is online]
            changed += chance.sample(there, min(half, len(there)))
        self.turn(changed)
        return len(changed)

    def turn(self, numbers: Iterable[int] = ()) -> None:
        """Let these players become what they are not; what is told is of this moment."""
        for number in numbers:
            self._online[number] = not self._online[number]
            labels = {**self._labels[number // self._each], "mac": mac(number)}
            self._lines[number] = STATUS.line(labels, self._online[number])
        self._write()

    def _write(self) -> None:
        self.round += 1
        lines = [*self._lines, f"{ROUND} {self.round}\n".encode()]
        for number, labels in enumerate(self._labels):
            mine = self._online[number * self._each : (number + 1) * self._each]
            lines.append(metrics.SOURCE_UP.line(labels, 1))
            lines.append(metrics.SOURCE_LAST_SUCCESS.line(labels, time.time() + self.ahead))
            for state, known in (("online", True), ("offline", False)):
                told = {**labels, "state": state}
                lines.append(metrics.SOURCE_DEVICES.line(told, mine.count(known)))
        self.body = gzip.compress(b"".join(lines), 1)


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def log_message(self, *_arguments: Any) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        """Send the page, packed, as exporters do."""
        page = self.server.page
        body = page.body
        page.read.append(time.time())
        self.send_response(200)
        self.send_header("Content-Type", metrics.CONTENT_TYPE)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, page: FleetPage) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.page = page


@contextmanager
def serving(page: FleetPage) -> Iterator[int]:
    """Serve the page until the block ends; gives the port."""
    server = _Server(page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
