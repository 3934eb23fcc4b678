"""Runs exporter processes for long against vendors that live and fail faster than real ones.

Half an hour of the world passes in a minute: polls every second, troubles every 20. Samples
memory, open files and threads; ends with a verdict: they do not grow, no scrape failed, no
fault of ours was logged, and after the last trouble all is well again.
"""

import argparse
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.measuring import Result, at_most, report, resident
from bench.processes import Exporter, exporter, get, simulated_vendors
from bench.remosa import Remosa, serving
from bench.troubles import Troubles
from demo import world

REAL_INTERVAL = 30.0  # seconds of the world between two polls
CALM = 0.07  # of the time at the end nothing happens: a source may be left alone for a minute
CALM_SECONDS = 12.0  # at least
WARM_UP = 0.2  # of the time, in which everything that can happen has happened about once
GROWTH = 12.0  # MB that may come on top of what it was after the warm-up: fragments, caches
MORE_FILES = 200  # connections of a poll and of scrapes that nobody reads
BAD_WORDS = ("Traceback", "fault of ours", "the loop goes on")


@dataclass
class Watched:
    """One exporter process and what was seen of it: (seconds, MB, files, threads)."""

    kind: str
    process: Exporter
    samples: list[tuple[float, float, int, int]] = field(default_factory=list)
    scrapes: int = 0
    bad_scrapes: list[str] = field(default_factory=list)

    def sample(self, seconds: float) -> str:
        """Look at the process; return it as text."""
        folder = Path(f"/proc/{self.process.pid}")
        files, threads = (len(list((folder / name).iterdir())) for name in ("fd", "task"))
        self.samples.append((seconds, resident(self.process.pid)[0], files, threads))
        return f"{self.kind} {self.samples[-1][1]:.1f} MB {files} files {threads} threads"

    def scrape(self) -> None:
        """Read the metrics, plain and packed in turn, and look whether they are sound."""
        self.scrapes += 1
        try:
            body = get(self.process.metrics, gzip=self.scrapes % 2 == 0)
        except OSError as error:
            self.bad_scrapes.append(str(error))
            return
        if self.scrapes % 2 == 0:
            return
        series = [line.rpartition(b" ")[0] for line in body.splitlines() if line[:1] != b"#"]
        if len(series) != len(set(series)) or not body.endswith(b"\n"):
            self.bad_scrapes.append("a series twice, or a line cut off")


def main() -> None:
    """Soak for as long as is asked for; exit code 1 where the verdict is bad."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--speed", type=float, default=30)
    parser.add_argument("--players", type=int, default=1000)
    parser.add_argument("--devices", type=int, default=500)
    parser.add_argument("--every", type=float, default=20, help="seconds between two troubles")
    told = parser.parse_args()
    sys.exit(not soak(told.minutes * 60, told.speed, told.players, told.devices, told.every))


def soak(seconds: float, speed: float, players: int, devices: int, every: float) -> bool:
    """Run it all; return whether the verdict is good."""
    fleet = [player.identity for player in world.fleet(world.SEED, players)]
    token = world.COMPANIES[0].token("addreality")
    remosa = Remosa({"cubic": fleet}, {"cubic": {}, "addreality": {"api_token": token}})
    interval = max(1.0, REAL_INTERVAL / speed)
    with ExitStack() as stack:
        options = ("--players", players, "--devices", devices, "--speed", speed)
        vendors = stack.enter_context(simulated_vendors(*options, "--latency", "0.01-0.05"))
        settings = {
            "REMOSA_API_URL": stack.enter_context(serving(remosa)),
            "EXTERNAL_API_BASE_URL": f"{vendors}/api/v0.1/players/status-check?mac=",
            "ADDREALITY_API_URL": f"{vendors}/public/v1/device/list",
            "POLL_INTERVAL": str(interval),
            "TIMEOUT": "1",
        }
        watched = [
            Watched(kind, stack.enter_context(exporter(kind, **settings)))
            for kind in ("cubic", "addreality")
        ]
        _live(watched, Troubles(vendors, remosa), seconds, every)
        return report(line for each in watched for line in _verdict(each))


def _live(watched: list[Watched], troubles: Troubles, seconds: float, every: float) -> None:
    """Let things happen and look, until all but the calm end is over, then through that."""
    started = time.monotonic()
    over = threading.Event()
    scraping = threading.Thread(target=_scrape, args=(watched, over), daemon=True)
    scraping.start()
    calm = max(CALM_SECONDS, CALM * seconds)
    next_trouble, happening = 0.0, "nothing yet"
    while (passed := time.monotonic() - started) < seconds:
        if passed >= seconds - calm:
            if happening != "calm":
                troubles.end()
                happening = "calm"
        elif passed >= next_trouble:
            happening = troubles.step()
            next_trouble += every
        seen = "; ".join(each.sample(passed) for each in watched)
        print(f"{passed:7.0f} s  {seen}  ({happening})", flush=True)
        time.sleep(min(5.0, seconds / 10))
    over.set()
    scraping.join(60)


def _scrape(watched: list[Watched], over: threading.Event) -> None:
    while not over.wait(1.0):
        for each in watched:
            each.scrape()


def _verdict(each: Watched) -> list[Result]:
    warm = [sample for sample in each.samples if sample[0] >= WARM_UP * each.samples[-1][0]]
    told = f"{each.samples[0][1]:.0f} at first, {warm[0][1]:.0f} warm, {warm[-1][1]:.0f} at the end"
    most = max(sample[1] for sample in each.samples)
    growth = warm[-1][1] - warm[0][1]
    files, threads = ([sample[place] for sample in each.samples] for place in (2, 3))
    words = [word for word in BAD_WORDS if word in each.process.log]
    up = each.process.value("remosa_exporter_source_up")
    wrong = each.process.value(r"remosa_exporter_source_errors_total{[^}]*internal[^}]*}")
    about = f"{each.kind}:"
    return [
        at_most(f"{about} memory grows by", growth, GROWTH, "MB", f"{told}, {most:.0f} at most"),
        at_most(
            f"{about} open files at the end", files[-1], warm[0][2] + MORE_FILES, "files",
            f"{files[0]} at first, {max(files)} at most",
        ),
        at_most(f"{about} threads at the end", threads[-1], max(threads[0], 8), "threads"),
        at_most(
            f"{about} bad scrapes", len(each.bad_scrapes), 0, f"of {each.scrapes}",
            each.bad_scrapes[0] if each.bad_scrapes else "",
        ),
        Result(f"{about} words in the log", ", ".join(words) or "none bad", "none", not words),
        Result(f"{about} faults of ours", str(wrong or 0), "0", not wrong),
        Result(f"{about} the source at the end", f"up {up}", "up", up == 1),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
