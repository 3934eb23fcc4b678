"""Run the lab by itself: `python -m tests.crashlab --kills 2000`; prints its report as JSON.

DATABASE_URL names an empty database; without it, a PostgreSQL of its own is started, and can be
stopped at once in the middle (`--server-crashes`). TMPDIR says where: processes die here and not
the machine, so that a folder in memory proves as much, ten times as fast.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from .running import Crash, Plants, run

MUST_BE_ZERO = (
    "duplicates", "unasked", "silently_lost", "silently_sent", "stuck", "too_soon", "left_off",
    "unpaid",
)  # fmt: skip


def _lab(folder: Path, options: dict[str, Any], crash: Crash | None) -> dict[str, Any]:
    from .lab import Lab, Storm

    return Lab(folder, Storm(**options), crash).run()


def _plants() -> Plants:
    from .plants import PLANTS

    return PLANTS


def main() -> int:
    """Read the arguments, run, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("kills", 60), ("workers", 4), ("sockets", 60), ("seed", 1),
                          ("named", 70), ("doubts", 8), ("lost-ons", 0), ("refused-middles", 30),
                          ("stops", 3), ("server-crashes", 0)):  # fmt: skip
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--speed", type=float, default=60.0)
    parser.add_argument(
        "--sequences", action="store_true", help="only off-and-on, killed between the two"
    )
    return run(parser, "remosa-lab-", _lab, _plants, MUST_BE_ZERO)


if __name__ == "__main__":
    sys.exit(main())
