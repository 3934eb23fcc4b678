"""A small storm on the database of this run: workers die, nothing is lost, doubled or stuck."""

import pytest
from django.db import connection

from tests.crashlab.__main__ import MUST_BE_ZERO
from tests.crashlab.failpoints import NAMES

from .processes import run

LAB = "tests.crashlab"
SHORT = ("--kills", "8", "--workers", "1", "--sockets", "20", "--seed", "4")
IN_DOUBT = ("--doubts", "50")
# No chance: every `on` whose `off` arrived is lost once, and nothing but a debt sends it again.
LOST_ONS = ("--sequences", "--lost-ons", "100")
# Of off, question, on the question is never taken: the `on` follows what went out before.
REFUSED_MIDDLES = ("--sequences", "--refused-middles", "100")


@pytest.mark.both_databases
def test_a_storm_loses_nothing_sends_nothing_twice_and_leaves_nothing_stuck(
    database_of_its_own: str,
) -> None:
    workers = "1" if connection.vendor == "sqlite" else "3"
    many = ("--kills", "30", "--workers", workers, "--sockets", "20")
    code, report, said = run(LAB, database_of_its_own, *many)
    assert code == 0, said
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
    code, report, said = run(LAB, database_of_its_own, *SHORT, *lies, "--plant", plant)
    assert code == 1, said
    assert report[found] > 0


@pytest.mark.parametrize("lies", [IN_DOUBT, LOST_ONS, REFUSED_MIDDLES])
def test_nothing_is_found_by_the_checker_where_no_bug_is_planted(
    lies: tuple[str, ...], database_of_its_own: str
) -> None:
    code, _report, said = run(LAB, database_of_its_own, *SHORT, *lies)
    assert code == 0, said
