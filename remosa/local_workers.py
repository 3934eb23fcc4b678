"""The workers of an installation on this machine, as processes for the supervisor; no Celery here.

What sends commands does nothing else: no slow question or notification can hold a command up.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from remosa.place import Place
from remosa.supervisor import Process

ROOT = Path(__file__).resolve().parent.parent
COMMANDS, REST = "remosa.commands", "remosa.rest"  # the queues of remosa/celery.py


def workers(place: Place, settings: Mapping[str, str]) -> list[Process]:
    """Return what sends, what does everything else, and the clock that asks both."""
    return [
        _worker("sender", COMMANDS, place, settings, _one_writer(settings)),
        _worker("worker", REST, place, settings, []),
        _process("beat", ["beat", "--pidfile="], place, settings),
    ]


def _worker(
    name: str, queue: str, place: Place, settings: Mapping[str, str], options: Sequence[str]
) -> Process:
    words = ["worker", f"--queues={queue}", f"--hostname={name}@%h", *options]
    return _process(name, [*words, "--without-gossip", "--without-mingle"], place, settings)


def _one_writer(settings: Mapping[str, str]) -> list[str]:
    """SQLite takes one writer at a time: a second sender would only wait for the first."""
    return ["--concurrency=1"] if settings["DATABASE_URL"].startswith("sqlite") else []


def _process(name: str, words: Sequence[str], place: Place, settings: Mapping[str, str]) -> Process:
    heartbeat = place.folder.resolve() / "heartbeats" / name
    heartbeat.parent.mkdir(exist_ok=True)
    heartbeat.unlink(missing_ok=True)
    own = {**settings, "REMOSA_HEARTBEAT_FILE": str(heartbeat)}
    command = [sys.executable, "-m", "celery", "--quiet", f"--workdir={ROOT}"]
    command += ["--app=remosa.celery", *words]
    return Process(name, command, own, ready=heartbeat.exists)
