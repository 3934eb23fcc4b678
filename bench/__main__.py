"""Measures what this project promises, against others on the same machine in the same run.

`make bench`, or `make bench ROWS="polling whole"` for some rows.
"""

import argparse
import sys
import time
from types import ModuleType

from bench.measuring import Scale, report
from bench.rows import evaluation, exposition, loop, offline_to_sms, polling, refresh, whole

ROWS: dict[str, ModuleType] = {
    "refresh": refresh,
    "polling": polling,
    "exposition": exposition,
    "whole": whole,
    "evaluation": evaluation,
    "offline_to_sms": offline_to_sms,
    "loop": loop,
}


def main() -> None:
    """Run the rows that are named, or all; exit code 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}")
    parser.add_argument("--share", type=float, default=1.0, help="of the players of a row")
    parser.add_argument("--repeats", type=int, default=5)
    told = parser.parse_args()
    if unknown := set(told.rows) - set(ROWS):
        parser.error(f"no such row: {', '.join(unknown)}; there are {', '.join(ROWS)}")
    scale = Scale(told.share, told.repeats)
    verdicts = [measure(name, scale) for name in told.rows or ROWS]
    sys.exit(not all(verdicts))


def measure(name: str, scale: Scale) -> bool:
    """Run one row and print it; return whether its goals are met."""
    row = ROWS[name]
    started = time.monotonic()
    print(f"{name}: {row.TITLE}", flush=True)
    good = report(row.run(scale))
    print(f"  took {time.monotonic() - started:.0f} s", flush=True)
    return good


if __name__ == "__main__":
    main()
