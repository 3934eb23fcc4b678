"""Runs the exporter as what it is: a process of its own."""

import gzip
import http.client
import os
import re
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from exporters.kinds import KINDS

PROJECT = Path(__file__).parents[3]
START_SECONDS = 30.0

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Exporter:
    """A running `manage.py run_<kind>_exporter`."""

    def __init__(
        self, folder: Path, environment: dict[str, str], *options: str, kind: str = "cubic"
    ) -> None:
        self.kind, self.identity = kind, KINDS[kind].identity
        self.folder = folder
        number = len(list(folder.glob("exporter-*.log")))
        self.log_file = folder / f"exporter-{number}.log"
        self.said_file = self.log_file.with_suffix(".txt")
        with self.log_file.open("wb") as log, self.said_file.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, str(PROJECT / "manage.py"), f"run_{kind}_exporter", *options],
                cwd=folder,
                env={**bare_environment(), **environment},
                stdout=said,
                stderr=log,
            )
        self.url = ""
        self.headers: dict[str, str] = {}  # of every request of a test
        self.trust: ssl.SSLContext | None = None  # for HTTPS

    @property
    def log(self) -> str:
        """Return what the process has written so far."""
        return self.log_file.read_text(encoding="utf-8")

    @property
    def said(self) -> str:
        """Return what the process has printed so far."""
        return self.said_file.read_text(encoding="utf-8")

    def wait_for_address(self) -> None:
        """Wait until it serves."""
        self.until(lambda: "Serving at" in self.log, START_SECONDS)
        found = re.search(r"Serving at (https?://[\d.:]+)", self.log)
        assert found is not None
        self.url = found[1]

    def until(self, condition: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait for a condition; fail with the log when it does not come true."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, f"the exporter ended:\n{self.log}"
            assert time.monotonic() < deadline, f"not within {seconds} s; its log:\n{self.log}"
            time.sleep(0.05)

    def get(self, path: str) -> tuple[int, str]:
        """Return code and text of a page."""
        try:
            with self._open(path) as answer:
                return answer.status, answer.read().decode("utf-8")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode("utf-8")

    def text(self) -> str:
        """Return /metrics, read as gzip."""
        with self._open("/metrics", {"Accept-Encoding": "gzip"}) as answer:
            return gzip.decompress(answer.read()).decode("utf-8")

    def _open(self, path: str, headers: dict[str, str] | None = None) -> http.client.HTTPResponse:
        request = urllib.request.Request(  # noqa: S310 (always http or https)
            self.url + path, headers={**self.headers, **(headers or {})}
        )
        answer: http.client.HTTPResponse = urllib.request.urlopen(  # noqa: S310
            request, timeout=5, context=self.trust
        )
        return answer

    def samples(self, family: str) -> Samples:
        """Return the samples whose name starts with `family`, read by Prometheus' own rules."""
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for metric in text_string_to_metric_families(self.text())
            for sample in metric.samples
            if sample.name.startswith(family)
        }

    def statuses(self) -> dict[str, float]:
        """Return the served status by MAC or id."""
        found = self.samples(f"remosa_exporter_{self.kind}_device_status")
        return {dict(labels)[self.identity]: value for (_name, labels), value in found.items()}

    def reasons(self) -> dict[str, str]:
        """Return by MAC or id why a device is unknown."""
        found = self.samples(f"remosa_exporter_{self.kind}_device_unknown")
        return {dict(labels)[self.identity]: dict(labels)["reason"] for _name, labels in found}

    def value(self, name: str, **labels: str) -> float | None:
        """Return one sample; None when it is not served."""
        for (_name, found), value in self.samples(name).items():
            if labels.items() <= dict(found).items():
                return value
        return None

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Signal the process; return its exit code and how long it took to end."""
        started = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        return code, time.monotonic() - started

    def resident(self) -> int:
        """Return the largest resident size so far, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024


def bare_environment() -> dict[str, str]:
    """Return an environment without any setting of Remosa, web or exporter."""
    kept = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "PYTHONDONTWRITEBYTECODE")
    return {name: os.environ[name] for name in kept if name in os.environ}


@contextmanager
def running(
    folder: Path, environment: dict[str, str], *options: str, kind: str = "cubic"
) -> Iterator[Exporter]:
    """Run an exporter until the block ends."""
    exporter = Exporter(folder, environment, *options, kind=kind)
    try:
        exporter.wait_for_address()
        yield exporter
    finally:
        if exporter.process.poll() is None:
            exporter.process.kill()
        exporter.process.wait()
