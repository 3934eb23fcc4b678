"""A lab in a process of its own, as a test calls it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Ended(NamedTuple):
    """How a lab ended, what it reports, and all that it said."""

    code: int
    report: dict[str, Any]
    said: str


def run(lab: str, database: str, *options: str) -> Ended:
    """Run a lab over a database until it ends."""
    done = subprocess.run(
        [sys.executable, "-m", lab, *options],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.stdout, done.stderr
    said = done.stdout + done.stderr
    return Ended(done.returncode, json.loads(done.stdout.splitlines()[-1]), said)
