"""What a row runs of Remosa in real time: its workers and its clock, and who tells of them.

On a broker of files, with the timetable as it is.
"""

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from bench.processes import running
from bench.ticks import SECRETS
from remosa.local_workers import COMMANDS, REST

MADE_WITHIN = 600  # seconds
Told = Mapping[str, Any]


def settings(database: str, prometheus: str) -> dict[str, str]:
    """Return the settings of all parts."""
    where = {"DATABASE_URL": database, "PROMETHEUS_URL": prometheus}
    return {**SECRETS, **where, "LOG_LEVEL": "ERROR"}


def make(
    settings: Mapping[str, str], players: int, platforms: int, jobs: int, gateway: str = ""
) -> None:
    """Make platforms with so many rules each; they act where there is a gateway."""
    with running(
        "-m", "bench.live_fleet", f"--players={players}", f"--platforms={platforms}",
        f"--jobs={jobs}", f"--gateway={gateway}", **settings,
    ) as made:  # fmt: skip
        if made.wait(MADE_WITHIN):
            raise RuntimeError("the rows were not made")


@contextmanager
def teller(settings: Mapping[str, str]) -> Iterator[Callable[..., Told]]:
    """Run who tells what is done; gives how to ask, perhaps with a word: see bench/live_fleet."""
    with running("-m", "bench.live_fleet", **settings) as process:
        yield lambda word="": _answered(process, word)


def _answered(process: "subprocess.Popen[bytes]", word: str) -> Told:
    assert process.stdin is not None  # noqa: S101 (pipes, by `running`)
    assert process.stdout is not None  # noqa: S101
    process.stdin.write(f"{word}\n".encode())
    process.stdin.flush()
    told: Told = json.loads(process.stdout.readline() or "{}")
    if not told:
        raise RuntimeError("nobody tells what is done")
    return told


@contextmanager
def workers(settings: Mapping[str, str]) -> Iterator[list[int]]:
    """Run what sends, what does everything else, and the clock; gives their process ids."""
    with tempfile.TemporaryDirectory(prefix="remosa-bench-") as folder, ExitStack() as stack:
        # Celery warns of root, at length.
        own = {**settings, "PYTHONWARNINGS": "ignore"}
        own["CELERY_BROKER_URL"] = f"filesystem://{folder}/broker"
        parts: list[subprocess.Popen[bytes]] = []
        words = ("-m", "celery", "--quiet", "--app=remosa.celery")
        for queue in (COMMANDS, REST):
            name = f"--hostname={queue}@%h"
            options = ("worker", f"--queues={queue}", name, "--without-gossip", "--without-mingle")
            parts.append(stack.enter_context(running(*words, *options, **own)))
        parts.append(stack.enter_context(running(*words, "beat", "--pidfile=", **own)))
        yield [each.pid for each in parts]
