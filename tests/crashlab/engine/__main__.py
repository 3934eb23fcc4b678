"""Run the lab by itself: `python -m tests.crashlab.engine --kills 2000`; prints its report as JSON.

DATABASE_URL names an empty database; without it a PostgreSQL of its own is started, which can be
stopped at once in the middle (`--server-crashes`). TMPDIR says where: a folder in memory proves as
much, faster. SIGTERM ends the storm; the report comes all the same.
"""

import argparse
import json
import logging
import os
import sys
import tempfile
from pathlib import Path

from tests.crashlab.__main__ import of_the_lab, start, stop_at_once


def main() -> int:
    """Read the arguments, run, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("kills", 60), ("workers", 4), ("seed", 1), ("named", 70),
                          ("doubts", 8), ("stops", 3), ("server-crashes", 0), ("platforms", 4),
                          ("players", 20), ("minutes", 180), ("beats-and-workers", 0),
                          ("of-those", 0)):  # fmt: skip
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--speed", type=float, default=30.0)
    parser.add_argument("--place", default="", help="the only one at which workers die")
    parser.add_argument("--plant", default="", help="a bug, by its name in plants.py")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="remosa-engine-lab-"))
    data = folder / "postgres"
    own = "DATABASE_URL" not in os.environ
    if own:
        start(data)
        os.environ["DATABASE_URL"] = f"postgres://postgres@/postgres?host={data}"
    os.environ["CELERY_BROKER_URL"] = f"filesystem://{folder / 'broker'}"
    os.environ["REMOSA_JOBS_AN_HOUR"] = "60"
    of_the_lab()
    logging.disable(logging.CRITICAL)  # what dies is what it is about
    from .checker import MUST_BE_ZERO
    from .lab import EngineLab, EngineStorm
    from .plants import PLANTS

    plant = vars(options).pop("plant")
    if plant:
        PLANTS[plant]()

    def crash() -> None:
        stop_at_once(data)
        start(data)

    try:
        report = EngineLab(folder, EngineStorm(**vars(options)), crash if own else None).run()
    finally:
        if own:
            stop_at_once(data)
    sys.stdout.write(json.dumps(report) + "\n")
    sound = not any(report[name] for name in MUST_BE_ZERO) and "fault" not in report["deaths"]
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
