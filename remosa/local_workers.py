"""The workers of an installation on this machine, as processes for the supervisor; no Celery here.

What sends commands does nothing else: no slow question or notification can hold a command up.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from remosa.place import Place
from remosa.supervisor import Process

ROOT = Path(__file__).resolve().parent.parent
COMMANDS, REST = "remosa.commands", "remosa.rest"  # the queues of remosa/celery.py


def workers(place: Place, settings: Mapping[str, str]) -> list[Process]:
    """Return what sends, what does everything else, and the clock that asks both.

    They start side by side: the last one is ready when all are.
    """
    folder = place.folder.resolve() / "heartbeats"
    folder.mkdir(exist_ok=True)
    files = [folder / name for name in ("sender", "worker", "beat")]
    for file in files:
        file.unlink(missing_ok=True)
    sender, worker, beat = files
    return [
        _worker(sender, COMMANDS, settings, _one_writer(settings)),
        _worker(worker, REST, settings, []),
        _process(beat, ["beat", "--pidfile="], settings, lambda: all(map(Path.exists, files))),
    ]


def _worker(
    heartbeat: Path, queue: str, settings: Mapping[str, str], options: Sequence[str]
) -> Process:
    words = ["worker", f"--queues={queue}", f"--hostname={heartbeat.name}@%h", *options]
    words += ["--without-gossip", "--without-mingle"]
    return _process(heartbeat, words, settings, ready=lambda: True)


def _one_writer(settings: Mapping[str, str]) -> list[str]:
    """SQLite takes one writer at a time: a second sender would only wait for the first."""
    return ["--concurrency=1"] if settings["DATABASE_URL"].startswith("sqlite") else []


def _process(
    heartbeat: Path, words: Sequence[str], settings: Mapping[str, str], ready: Callable[[], bool]
) -> Process:
    command = [sys.executable, "-m", "celery", "--quiet", f"--workdir={ROOT}"]
    command += ["--app=remosa.celery", *words]
    own = {**settings, "REMOSA_HEARTBEAT_FILE": str(heartbeat)}
    return Process(heartbeat.name, command, own, ready)
