"""A real Prometheus that scrapes a page which tests write; and a scripted one that counts."""

import contextlib
import json
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from exporters.models import Exporter, Player
from tests.prometheus_server import PrometheusServer, running_prometheus

STATUS = "remosa_exporter_cubic_device_status"
INFO = "remosa_exporter_cubic_device_info"
UNKNOWN = "remosa_exporter_cubic_device_unknown"
CONFIGURATION = """
global: {{scrape_interval: 250ms, scrape_timeout: 250ms}}
scrape_configs:
- job_name: remosa_exporters
  static_configs:
  - targets: ["{target}"]
    labels: {{kind: cubic, instance: cubic-1}}
"""


class World:
    """What the exporter process serves, and the Prometheus that reads it."""

    def __init__(
        self, target: ThreadingHTTPServer, server: PrometheusServer, which: str = ""
    ) -> None:
        self.target = target
        self.url = server.url
        self.which = which  # matchers that tell this page's series from another's
        self.turn = 0

    def say(self, lines: Iterable[str]) -> None:
        """Serve these samples, and return when Prometheus has read them."""
        self.turn += 1
        marker = f"remosa_test_turn {self.turn}"
        self.target.text = "\n".join([*sorted(lines), marker, ""])  # type: ignore[attr-defined]
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            if self.value(f"remosa_test_turn{self.which}") == self.turn:
                return
            time.sleep(0.05)
        raise AssertionError("Prometheus did not read the page within 15 s")

    def value(self, expression: str) -> float | None:
        """Return the value of the only sample of an expression."""
        query = urllib.parse.urlencode({"query": expression})
        address = f"{self.url}/api/v1/query?{query}"
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 (our own server)
            result = json.load(answer)["data"]["result"]
        return float(result[0]["value"][1]) if result else None


def sample(metric: str, player: Player, value: object, /, **labels: str) -> str:
    """Write one line about a player."""
    own = {
        "exporter_id": str(player.exporter_id),
        "mac": player.identity,
        "platform_id": str(player.platform_id),
    }
    pairs = ",".join(
        f"{key}={json.dumps(text, ensure_ascii=False)}"
        for key, text in sorted((own | labels).items())
    )
    return f"{metric}{{{pairs}}} {value}"


def source(exporter: Exporter, up: int = 1) -> str:
    """Write the line that says whether an exporter's vendor answers."""
    labels = f'exporter_id="{exporter.pk}",platform_id="{exporter.platform_id}"'
    return f"remosa_exporter_source_up{{{labels}}} {up}"


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[ThreadingHTTPServer]:
    """Serve requests on a free port until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def scraped_page() -> Iterator[ThreadingHTTPServer]:
    """Serve the page that stands for the exporter process until the block ends."""
    with serving(_Page) as target:
        target.text = ""  # type: ignore[attr-defined]
        yield target


@contextmanager
def watching(target: ThreadingHTTPServer, folder: Path) -> Iterator[World]:
    """Run a Prometheus that reads the page until the block ends."""
    address = f"127.0.0.1:{target.server_address[1]}"
    with running_prometheus(folder, CONFIGURATION.format(target=address)) as server:
        yield World(target, server)


@contextmanager
def watched_world(folder: Path) -> Iterator[World]:
    """Run the page and its Prometheus until the block ends."""
    with scraped_page() as target, watching(target, folder) as world:
        yield world


class Scripted:
    """Answers as Prometheus does with what a test wrote; keeps the questions."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        server.script = self  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        self.questions: list[dict[str, str]] = []
        self.vector: list[tuple[dict[str, str], object]] = []
        self.lines: list[tuple[dict[str, str], list[tuple[float, object]]]] = []
        self.more: dict[str, Any] = {}

    def answer(self, path: str, asked: dict[str, str]) -> dict[str, Any]:
        """Return the body of one answer."""
        self.questions.append({"path": path, **asked})
        result: list[dict[str, Any]]
        if path.endswith("query_range"):
            kind, result = (
                "matrix",
                [
                    {"metric": labels, "values": [[at, str(value)] for at, value in points]}
                    for labels, points in self.lines
                ],
            )
        else:
            kind, result = (
                "vector",
                [
                    {"metric": labels, "value": [time.time(), str(value)]}
                    for labels, value in self.vector
                ],
            )
        data = {"resultType": kind, "result": result}
        return {"status": "success", "data": data, **self.more}


@contextmanager
def scripted_prometheus() -> Iterator[Scripted]:
    """Run a scripted Prometheus until the block ends."""
    with serving(_Api) as server:
        yield Scripted(server)


class Silent(BaseHTTPRequestHandler):
    """Answers requests without a line for each."""

    server: Any

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
        """Write no line for each request."""

    def send(self, content_type: str, body: bytes) -> None:
        """Send a whole answer."""
        # Who asks may be ended in the middle. A traceback of that, printed by this thread, would
        # make CPython 3.11 stumble over whatever the test parses at the same moment.
        with contextlib.suppress(ConnectionError):
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)


class _Page(Silent):
    def do_GET(self) -> None:
        self.send("text/plain; version=0.0.4; charset=utf-8", self.server.text.encode())


class _Api(Silent):
    def do_GET(self) -> None:
        path, _mark, query = self.path.partition("?")
        self._answer(path, query)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self._answer(self.path, self.rfile.read(length).decode())

    def _answer(self, path: str, query: str) -> None:
        asked = dict(urllib.parse.parse_qsl(query))
        self.send("application/json", json.dumps(self.server.script.answer(path, asked)).encode())
