"""A small storm over the engine: nothing is lost, doubled or stuck; planted bugs are found."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests import databases, environment

from .checker import MUST_BE_ZERO
from .failpoints import NAMES

ROOT = Path(__file__).resolve().parents[3]
SMALL = ("--platforms", "2", "--players", "10", "--speed", "20")
#: As it is when the storm is over: the plants show themselves before anything comes to rest.
AT_ONCE = (*SMALL, "--stops", "0", "--minutes", "0", "--named", "100")


@pytest.fixture
def database(django_db_setup: None) -> str:
    """The address of a database with tables and without rows: the lab's processes commit."""
    name = f"enginelab_{uuid4().hex}"
    databases.copy_of_the_migrated(name)
    databases.make_durable(name)
    return f"postgres://postgres@/{name}?host={environment.POSTGRES}"


def run(database: str, *options: str) -> tuple[int, dict[str, Any]]:
    """Run the lab; return how it ended, and its report."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.crashlab.engine", *options],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def test_a_storm_over_the_engine_loses_nothing_doubles_nothing_and_leaves_nothing_stuck(
    database: str,
) -> None:
    code, report = run(database, *SMALL, "--kills", "10", "--workers", "3", "--stops", "1")
    assert {name: report[name] for name in MUST_BE_ZERO} == dict.fromkeys(MUST_BE_ZERO, 0), report
    assert code == 0, report
    assert report["sends"] > 0
    assert set(report["deaths"]) <= {*NAMES, "anywhere"}


@pytest.mark.parametrize(
    ("plant", "found", "deaths"),
    [
        (
            "commit_the_command_apart",
            "torn",
            ("--place", "command_without_attempt", "--kills", "1"),
        ),
        ("evaluate_unclaimed", "double_ticks", ("--place", "part_written", "--kills", "3")),
    ],
)
def test_a_bug_that_is_planted_in_the_engine_is_found(
    plant: str, found: str, deaths: tuple[str, ...], database: str
) -> None:
    code, report = run(database, *AT_ONCE, *deaths, "--plant", plant)
    assert code == 1, report
    assert report[found] > 0, report
