"""A real Prometheus process on loopback for tests, from the tools that the set-up unpacks."""

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ports import free_port

TOOLS = Path(__file__).parent.parent / ".tools" / "prometheus" / "usr" / "bin"
START_SECONDS = 30


@dataclass(frozen=True)
class PrometheusServer:
    url: str
    process: subprocess.Popen[bytes]


def tool(name: str) -> str:
    """Return the path of `prometheus` or `promtool`; a missing one fails the test."""
    variable = {"prometheus": "PROMETHEUS_BIN", "promtool": "PROMTOOL"}[name]
    path = os.environ.get(variable) or str(TOOLS / name)
    if not os.access(path, os.X_OK):
        pytest.fail(f"{name} is not at {path}: run `make test` once, or set {variable}")
    return path


@contextmanager
def running_prometheus(folder: Path, configuration: str) -> Iterator[PrometheusServer]:
    """Run Prometheus over `folder/data` until the block ends."""
    config_file = folder / "prometheus.yml"
    config_file.write_text(configuration, encoding="utf-8")
    url = f"http://127.0.0.1:{free_port()}"
    arguments = [
        tool("prometheus"),
        f"--config.file={config_file}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={url.removeprefix('http://')}",
        "--log.level=warn",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(arguments, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_until_ready(url, process, folder / "prometheus.log")
        yield PrometheusServer(url, process)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"Prometheus ended at its start:\n{log.read_text(errors='replace')}")
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=2):  # noqa: S310 - ours
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"Prometheus is not ready after {START_SECONDS} s: {log.read_text()[-2000:]}")
