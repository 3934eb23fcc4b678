"""A small storm over the engine: nothing is lost, doubled or stuck; planted bugs are found."""

import pytest

from tests.crashlab.processes import run

from .failpoints import NAMES
from .rules import MUST_BE_ZERO

LAB = "tests.crashlab.engine"
SMALL = ("--platforms", "2", "--players", "15", "--speed", "20", "--workers", "3")
#: As it is when the storm is over: the plants show themselves before anything comes to rest.
AT_ONCE = (*SMALL, "--stops", "0", "--minutes", "0", "--kills", "0")


def test_a_storm_over_the_engine_loses_nothing_doubles_nothing_and_leaves_nothing_stuck(
    database_of_its_own: str,
) -> None:
    storm = ("--seconds", "120", "--deaths", "14", "--each", "1", "--kills", "2", "--stops", "1")
    code, report, said = run(LAB, database_of_its_own, *SMALL, *storm)
    assert {name: report[name] for name in MUST_BE_ZERO} == dict.fromkeys(MUST_BE_ZERO, 0), said
    assert code == 0, said
    assert report["sends"] > 0
    assert report["kills"] >= 15
    assert set(report["deaths"]) <= {*NAMES, "anywhere"}


@pytest.mark.parametrize(
    ("plant", "found", "deaths"),
    [
        (
            "commit_the_command_apart",
            "torn",
            ("--place", "command_without_attempt", "--each", "1", "--speed", "40"),
        ),
        (
            "evaluate_unclaimed",
            "double_ticks",
            ("--place", "part_written", "--each", "2", "--seconds", "4"),
        ),
    ],
)
def test_a_bug_that_is_planted_in_the_engine_is_found(
    plant: str, found: str, deaths: tuple[str, ...], database_of_its_own: str
) -> None:
    code, report, said = run(LAB, database_of_its_own, *AT_ONCE, *deaths, "--plant", plant)
    assert code == 1, said
    assert report[found] > 0, said
