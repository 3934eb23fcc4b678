"""What a row of the bench says, and what is read of a process while it works."""

import os
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of a row is done: a share of its players, and how often each thing is measured."""

    share: float = 1.0
    repeats: int = 5

    def of(self, players: int) -> int:
        """Return the players of a row that has so many at full size."""
        return max(10, int(players * self.share))


class Result(NamedTuple):
    """One line of the report. `goal` is None where a figure is told and nothing asked of it."""

    what: str
    told: str  # the figures, as a person reads them
    goal: str | None = None
    holds: bool = True


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds a call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def cpu_seconds(pid: int | None = None) -> float:
    """Return the CPU time of a process, to the nanosecond: of threads that ended as well.

    OSError where there is no such process. Linux numbers the clock of a process so
    (clock_getcpuclockid); /proc/<pid>/stat counts in hundredths.
    """
    return time.clock_gettime((~(pid or os.getpid()) << 3) | 2)


def cpu_of_all(pid: int) -> float:
    """Return the CPU time of a process and of all that it started, in seconds.

    Of those that ended only in hundredths, and once it has waited for them.
    """
    ended = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[13:15]
    started = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    gone = sum(map(int, ended)) / os.sysconf("SC_CLK_TCK")
    return cpu_seconds(pid) + gone + sum(cpu_of_all(int(child)) for child in started)


def resident(pid: int | None = None) -> tuple[float, float]:
    """Return the resident size of a process now, and the largest so far, in MB of 10^6 bytes."""
    status = Path(f"/proc/{pid or os.getpid()}/status").read_text()
    sizes = [re.search(rf"{name}:\s+(\d+) kB", status) for name in ("VmRSS", "VmHWM")]
    now, most = (int(found[1]) * 1024 / 1e6 if found else 0.0 for found in sizes)
    return now, most


def at_most(what: str, value: float, limit: float, unit: str, told: str = "") -> Result:
    """Return a line that holds while a value is no larger than its limit."""
    text = f"{value:.3g} {unit}{', ' + told if told else ''}"
    return Result(what, text, f"<= {limit:g} {unit}", value <= limit)


def at_least(what: str, ratio: float, limit: float, told: str) -> Result:
    """Return a line that holds while a ratio is no smaller than its limit."""
    return Result(what, f"{ratio:.3g} times: {told}", f">= {limit:g} times", ratio >= limit)


def report(results: Iterable[Result]) -> bool:
    """Print lines as they come; return whether all of them hold."""
    good = True
    for result in results:
        verdict = "    " if result.goal is None else ("ok  " if result.holds else "MISS")
        goal = f"   [{result.goal}]" if result.goal else ""
        print(f"  {verdict} {result.what}: {result.told}{goal}", flush=True)
        good = good and result.holds
    return good
