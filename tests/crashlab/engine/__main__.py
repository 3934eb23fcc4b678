"""Run the lab by itself: `python -m tests.crashlab.engine`; prints its report as JSON.

DATABASE_URL names an empty database; without it a PostgreSQL of its own is started, which can be
stopped at once in the middle (`--server-crashes`). TMPDIR says where: a folder in memory proves as
much, faster. SIGTERM ends the storm; the report comes all the same.
"""

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import Any

from tests.crashlab.running import Crash, Plants, run

NUMBERS = {
    "seconds": (60, "how long the storm lasts at the most"),
    "each": (2, "workers that are to die at each named place"),
    "deaths": (0, "at all named places together that suffice"),
    "kills": (6, "workers that are killed anywhere"),
    "stops": (1, "workers that are stopped until their leases are over"),
    "server-crashes": (0, "times that the database is stopped at once"),
    "workers": (4, "at a time"),
    "platforms": (4, "with a rule"),
    "players": (40, "of each of them"),
    "doubts": (8, "of 100 messages that are sent, and nobody knows"),
    "minutes": (180, "of the lab's time, to become quiet afterwards"),
    "beats-and-workers": (0, "seconds for which Celery does the work afterwards"),
    "of-those": (0, "of its processes that are killed"),
    "seed": (1, "of all that happens by chance"),
}


def _lab(folder: Path, options: dict[str, Any], crash: Crash | None) -> dict[str, Any]:
    logging.disable(logging.CRITICAL)  # what dies is what it is about
    from .lab import EngineLab, EngineStorm

    return EngineLab(folder, EngineStorm(**options), crash).run()


def _plants() -> Plants:
    from .plants import PLANTS

    return PLANTS


def main() -> int:
    """Read the arguments, run, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, (default, words) in NUMBERS.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=words)
    parser.add_argument("--speed", type=float, default=15.0, help="of the lab's time")
    parser.add_argument("--place", default="", help="the only one at which workers die")
    os.environ["REMOSA_JOBS_AN_HOUR"] = "60"
    from .rules import MUST_BE_ZERO

    return run(parser, "remosa-engine-lab-", _lab, _plants, MUST_BE_ZERO)


if __name__ == "__main__":
    sys.exit(main())
