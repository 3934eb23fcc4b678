"""A small storm on the database of this run: workers die, nothing is lost, doubled or stuck."""

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection

from tests import databases, environment
from tests.crashlab.__main__ import MUST_BE_ZERO
from tests.crashlab.failpoints import NAMES

ROOT = Path(__file__).resolve().parents[2]
SHORT = ("--kills", "8", "--workers", "1", "--sockets", "20", "--seed", "4")
IN_DOUBT = ("--doubts", "50")
# No chance: every `on` whose `off` arrived is lost once, and nothing but a debt sends it again.
LOST_ONS = ("--sequences", "--lost-ons", "100")
# Of off, question, on the question is never taken: the `on` follows what went out before.
REFUSED_MIDDLES = ("--sequences", "--refused-middles", "100")


@pytest.fixture
def database_of_its_own(db: None, tmp_path: Path) -> str:
    """The address of a database with tables and without rows: the lab's processes commit."""
    if connection.vendor == "sqlite":
        file = str(tmp_path / "lab.db")
        databases.copy_of_the_migrated(file)
        return f"sqlite:///{file}"
    name = f"crashlab_{uuid4().hex}"
    databases.copy_of_the_migrated(name)
    databases.make_durable(name)
    return f"postgres://postgres@/{name}?host={environment.POSTGRES}"


def run(database: str, *options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tests.crashlab", *options],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@pytest.mark.both_databases
def test_a_storm_loses_nothing_sends_nothing_twice_and_leaves_nothing_stuck(
    database_of_its_own: str,
) -> None:
    workers = "1" if connection.vendor == "sqlite" else "3"
    done = run(database_of_its_own, "--kills", "30", "--workers", workers, "--sockets", "20")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert {name: report[name] for name in MUST_BE_ZERO} == dict.fromkeys(MUST_BE_ZERO, 0)
    assert report["kills"] >= 30
    assert report["sends"] > 0
    assert set(report["deaths"]) <= {*NAMES, "anywhere"}


@pytest.mark.parametrize(
    ("plant", "found", "lies"),
    [
        ("resend_unknown", "duplicates", IN_DOUBT),
        ("forget_the_on", "left_off", LOST_ONS),
        ("cancel_all_that_follows", "left_off", REFUSED_MIDDLES),
    ],
)
def test_a_bug_that_is_planted_is_found_by_the_checker(
    plant: str, found: str, lies: tuple[str, ...], database_of_its_own: str
) -> None:
    done = run(database_of_its_own, *SHORT, *lies, "--plant", plant)
    assert done.returncode == 1, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1])[found] > 0


@pytest.mark.parametrize("lies", [IN_DOUBT, LOST_ONS, REFUSED_MIDDLES])
def test_nothing_is_found_by_the_checker_where_no_bug_is_planted(
    lies: tuple[str, ...], database_of_its_own: str
) -> None:
    done = run(database_of_its_own, *SHORT, *lies)
    assert done.returncode == 0, done.stdout + done.stderr
