"""One step of the set-up: stamp, log, progress and failure. Knows no package and no program."""

import hashlib
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".tools"
BIN = TOOLS / "bin"
HEARTBEAT_SECONDS = 10
SHOWN_LOG_LINES = 15


class StepFailed(Exception):
    """A step could not be done; `remedy` says what the person can do about it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class Log:
    """Run commands, keep everything they print in one file, and report while they are slow."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path = ROOT,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Run one command to its end; StepFailed when it cannot start or does not exit with 0."""
        with self.path.open("a") as output:
            print("$", *argv, file=output, flush=True)
            try:
                process = subprocess.Popen(
                    [str(word) for word in argv],
                    cwd=cwd,
                    env={**os.environ, **(environment or {})},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            except OSError as error:
                raise StepFailed(f"{argv[0]} cannot be started: {error}") from error
            self._wait(process)
        if process.returncode:
            raise StepFailed(f"{Path(argv[0]).name} ended with exit code {process.returncode}")

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        started = time.monotonic()
        while True:
            try:
                process.wait(HEARTBEAT_SECONDS)
                return
            except subprocess.TimeoutExpired:
                waited = round(time.monotonic() - started)
                say(f"      {waited} s: {' '.join(self.tail(1))[:90]}")
            except BaseException:
                process.terminate()
                process.wait()
                raise

    def tail(self, count: int) -> list[str]:
        """The last lines that the commands printed."""
        with self.path.open(errors="replace") as lines:
            filled = (line.rstrip() for line in lines if line.strip())
            return list(deque(filled, count))


@dataclass(frozen=True)
class Step:
    """Something to have: done when its products exist and were made from the same `key`."""

    name: str
    title: str
    takes: str
    key: str
    products: Sequence[Path]
    make: Callable[[Log], None]
    remedy: str
    stamps: Path = TOOLS / "stamps"

    @property
    def stamp(self) -> Path:
        return self.stamps / self.name

    def is_done(self) -> bool:
        if not self.stamp.is_file() or self.stamp.read_text() != self.key:
            return False
        return all(product.exists() for product in self.products)

    def run(self) -> None:
        """Make the products and stamp them; on failure show the end of the log and the remedy."""
        log = Log(TOOLS / "logs" / f"{self.name}.log")
        self.stamp.unlink(missing_ok=True)
        try:
            self.make(log)
            for product in self.products:
                if not product.exists():
                    raise StepFailed(f"{product.relative_to(ROOT)} is missing afterwards")
        except StepFailed as error:
            lines = "".join(f"      | {line}\n" for line in log.tail(SHOWN_LOG_LINES))
            raise StepFailed(
                f"Set-up failed at: {self.title}: {error}\n{lines}"
                f"      whole log: {log.path.relative_to(ROOT)}",
                error.remedy or self.remedy,
            ) from error
        self.stamp.parent.mkdir(parents=True, exist_ok=True)
        self.stamp.write_text(self.key)


def run_all(steps: Sequence[Step]) -> None:
    """Run the steps that are not done yet, in order, and say what is happening."""
    due = [step for step in steps if not step.is_done()]
    for number, step in enumerate(due, 1):
        say(f"  [{number}/{len(due)}] {step.title} ({step.takes}) ...")
        started = time.monotonic()
        step.run()
        say(f"      done in {time.monotonic() - started:.0f} s")


def hash_of(*parts: Path | str) -> str:
    """One key for texts and file contents together."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.read_bytes() if isinstance(part, Path) else part.encode())
        digest.update(b"\0")
    return digest.hexdigest()


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
