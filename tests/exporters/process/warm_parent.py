"""Starts and ends exporter processes by the hundred: forks them from one that has imported all.

Run as a program with the rounds' description as JSON; prints what became of them as JSON.
"""

import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "remosa.exporter_settings")

from exporters.kinds import KINDS
from exporters.process import configuration, following, keeper
from exporters.process.cache import Cache
from exporters.process.runner import ExporterProcess

# Scaled, so that a process of a quarter of a second writes its cache again and again.
keeper.WRITE_EVERY = 0.01
following.LIST_EVERY = 0.05
LIFE = 0.3  # seconds, at most


def live(kind: str, told: dict[str, str]) -> None:
    """Be an exporter process until a signal."""

    def read() -> configuration.Configuration:
        return configuration.read(KINDS[kind], told, {})

    asyncio.run(ExporterProcess(read(), read).run())


def end_one(kind: str, told: dict[str, str], number: signal.Signals, wait: float) -> int:
    """Fork a process, signal it after a while, return its exit code (negative: the signal)."""
    child = os.fork()
    if child == 0:
        with open(told["LOG"], "ab", buffering=0) as log:
            os.dup2(log.fileno(), 2)
        code = 1
        try:
            live(kind, told)
            code = 0
        finally:
            os._exit(code)
    time.sleep(wait)
    os.kill(child, number)
    _pid, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def look(path: Path, origin: str) -> tuple[dict[str, int], str]:
    """Return how much a cache holds, and what was told; raise where it is not sound."""
    database = sqlite3.connect(path)
    (verdict,) = database.execute("PRAGMA integrity_check").fetchone()
    database.close()
    if verdict != "ok":
        raise AssertionError(verdict)
    cache = Cache(path, origin)
    kept = cache.load()
    cache.close()
    if cache.put_aside is not None:
        raise AssertionError(f"put aside as {cache.put_aside}")
    holds = {
        "entries": len(kept.entries),
        "devices": kept.devices.count if kept.devices else 0,
        "info": len(kept.info),
    }
    return holds, repr(sorted(kept.info.items()))


def main(asked: dict[str, Any]) -> dict[str, Any]:
    """Run the rounds."""
    chance = random.Random(asked["seed"])
    path = Path(asked["told"]["CACHE_DB_FILE"])
    origin = f"{asked['kind']} {asked['told']['REMOSA_API_URL']}/api/v1 None"
    codes: Counter[int] = Counter()
    holds: dict[str, int] = {}
    changed, slowest, told = 0, 0.0, ""
    for _round in range(asked["rounds"]):
        wait = chance.uniform(0, LIFE)
        started = time.monotonic()
        number = signal.Signals(asked["signal"])
        codes[end_one(asked["kind"], asked["told"], number, wait)] += 1
        slowest = max(slowest, time.monotonic() - started - wait)
        if path.exists():
            before, (holds, tells) = holds, look(path, origin)
            changed, told = changed + (tells != told), tells
            lost = [what for what, count in before.items() if count and not holds[what]]
            if lost:
                raise AssertionError(f"{lost} were lost")
    return {"codes": dict(codes), "holds": holds, "changed": changed, "slowest": slowest}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))))
