"""Run the lab by itself: `python -m tests.outage_lab --schedules 200`; prints its report as JSON.

A PostgreSQL of its own is started, unless DATABASE_URL names an empty one; TMPDIR says where.
A violation names its seed: `--only SEED` lets that schedule happen once more.
"""

import argparse
import json
import logging
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from tests.crashlab.running import database


def main() -> int:
    """Read the arguments, run, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("schedules", 20), ("players", 1000), ("seed", 1), ("minutes", 40)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--only", type=int, default=0, help="the seed of one schedule")
    parser.add_argument("--scene", default="", help="one of scenes.py")
    parser.add_argument("--plant", default="", help="a bug, by its name in plants.py")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell had the first ignored
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="remosa-outages-") as folder:
        report = _over_its_own(Path(folder), options)
    sys.stdout.write(json.dumps(report) + "\n")
    from .checker import MUST_BE_ZERO

    return 1 if any(report[name] for name in MUST_BE_ZERO) else 0


def _over_its_own(folder: Path, options: argparse.Namespace) -> dict[str, object]:
    """Run over a database of its own, unless one is named."""
    with database(folder):
        logging.disable(logging.CRITICAL)  # outages are what it is about
        return _run(folder, options)


def _run(folder: Path, options: argparse.Namespace) -> dict[str, object]:
    from .checker import report
    from .lab import Laboratory
    from .plants import PLANTS
    from .scenes import SCENES
    from .schedule import Drawing

    if options.plant:
        PLANTS[options.plant].sow(setattr)
    drawing = Drawing(options.players, options.minutes * 60)
    seeds = range(options.seed, options.seed + options.schedules)
    schedules = [drawing.draw(seed) for seed in ([options.only] if options.only else seeds)]
    if options.scene:
        schedules = [SCENES[options.scene]]
    began, records = time.monotonic(), []
    with Laboratory(folder, options.players) as laboratory, suppress(KeyboardInterrupt):
        # Whoever has seen enough interrupts it, and gets the report so far.
        for schedule in schedules:
            records.append(laboratory.run(schedule))
            seconds = time.monotonic() - began
            sys.stderr.write(f"{schedule.seed}: {seconds:.0f} s {records[-1].violations}\n")
    return {**report(records), "seconds": round(time.monotonic() - began, 1)}


if __name__ == "__main__":
    sys.exit(main())
