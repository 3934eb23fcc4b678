"""Starts what a row measures, each thing as a process of its own on loopback, and ends it."""

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
START_WITHIN = 60.0  # seconds
PYTHON = (sys.executable, "-B")


class FarSide:
    """A running `bench.far_side`."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.vendor = f"{self.url}/status?mac="
        self.settings = {"REMOSA_API_URL": self.url, "EXTERNAL_API_BASE_URL": self.vendor}

    def asked(self) -> int:
        """Return how many questions about players have come in."""
        return int(get(f"{self.url}/asked"))


class Exporter:
    """A running exporter process."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process, self.pid = process, process.pid
        self._log = log
        until(lambda: "Serving at" in self.log, process)
        found = re.search(r"Serving at (\S+)", self.log)
        self.metrics = found[1] if found else ""

    @property
    def log(self) -> str:
        """Return what the process has written so far."""
        return self._log.read_text(encoding="utf-8")

    def value(self, name: str) -> float | None:
        """Return the first sample of a metric, None while there is none."""
        line = re.compile(rf"^{name}(?:{{[^}}]*}})? (\S+)$", re.MULTILINE)
        found = line.search(get(self.metrics).decode())
        return float(found[1]) if found else None


def get(url: str, gzip: bool = False) -> bytes:
    """Return the body of a page, packed if that is asked for."""
    headers = {"Accept-Encoding": "gzip"} if gzip else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 (loopback)
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        body: bytes = answer.read()
    return body


def until(
    condition: Callable[[], bool],
    process: "subprocess.Popen[bytes]",
    seconds: float = START_WITHIN,
) -> None:
    """Wait for a condition; RuntimeError where it does not come true or the process ends."""
    deadline = time.monotonic() + seconds
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} did not come to it within {seconds:.0f} s")
        time.sleep(0.05)


@contextmanager
def far_side(
    players: int, latency: float, change_every: float = 0.0, platforms: int = 1
) -> Iterator[FarSide]:
    """Run the vendor and Remosa's API until the block ends."""
    told = {
        "players": players, "latency": latency, "change-every": change_every,
        "platforms": platforms,
    }  # fmt: skip
    options = [f"--{name}={value}" for name, value in told.items()]
    with port_of("bench.far_side", *options) as port:
        yield FarSide(port)


@contextmanager
def exporter(kind: str, **settings: str) -> Iterator[Exporter]:
    """Run the exporter process of a kind until the block ends."""
    with tempfile.TemporaryDirectory(prefix="remosa-bench-") as folder:
        environment = {
            **_bare_environment(),
            "REMOSA_API_TOKEN": "bench",
            "WEB_LISTEN_ADDRESS": "127.0.0.1:0",
            "CACHE_DB_FILE": f"{folder}/cache.sqlite3",
            **settings,
        }
        log = Path(folder) / "log"
        with log.open("wb") as written:
            process = subprocess.Popen(
                [*PYTHON, str(PROJECT / "manage.py"), f"run_{kind}_exporter"],
                cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=written,
            )  # fmt: skip
        try:
            yield Exporter(process, log)
        finally:
            _end(process)


@contextmanager
def simulated_vendors(*options: object) -> Iterator[str]:
    """Run the simulated vendors of the demo until the block ends; gives their address."""
    command = (str(PROJECT / "manage.py"), "run_demo_vendor", "--port", "0", *map(str, options))
    with running(*command) as process:
        found = re.search(r"http://[\d.:]+", _line(process))
        if not found:
            raise RuntimeError("the simulated vendors told no address")
        yield found[0]


def child(module: str, *arguments: object) -> Sequence[float]:
    """Run a module in a process of its own; return the numbers that it prints."""
    with running("-m", module, *map(str, arguments)) as process:
        said, _nothing = process.communicate(timeout=600)
        if process.returncode:
            raise RuntimeError(f"{module} ended with {process.returncode}")
    return [float(number) for number in said.split()]


@contextmanager
def port_of(module: str, *arguments: object) -> Iterator[int]:
    """Run a server until the block ends; gives the port that it prints."""
    with running("-m", module, *map(str, arguments)) as process:
        yield int(_line(process))


@contextmanager
def serving(module: str, *arguments: object) -> Iterator[tuple[str, int]]:
    """Run what measures first and serves then; gives the line that it prints, and its port."""
    with running("-m", module, *map(str, arguments)) as process:
        yield _line(process), int(_line(process))


@contextmanager
def running(*arguments: str, **settings: str) -> "Iterator[subprocess.Popen[bytes]]":
    """Run Python with pipes, and nothing but these settings of Remosa, until the block ends."""
    process = subprocess.Popen(
        [*PYTHON, *arguments],
        cwd=PROJECT, env={**_bare_environment(), **settings},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        _end(process)
        for end in (process.stdin, process.stdout):
            if end:
                end.close()


def _line(process: "subprocess.Popen[bytes]") -> str:
    return process.stdout.readline().decode() if process.stdout else ""


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def _bare_environment() -> dict[str, str]:
    """Return an environment without any setting of Remosa."""
    kept = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ}
