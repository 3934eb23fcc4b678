"""What each process of a test run gets next: some wait while others compute, the longest first."""

from pathlib import Path

import pytest

from tests.sharing_out import LONGEST, ONE_BY_ONE, WAITING, next_of

ROOT = Path(__file__).parents[1]
QUICK, LONG, LONGER = "tests/platforms/test_a.py", LONGEST[1], LONGEST[0]
WAITS, WAITS_LONGER = f"{WAITING[1]}test_b.py", f"{WAITING[0]}test_c.py"


@pytest.mark.parametrize("name", [*ONE_BY_ONE, *WAITING, *LONGEST])
def test_what_is_named_is_there(name: str) -> None:
    path, _mark, test = name.partition("::")
    assert (ROOT / path).exists()
    assert not test or f"def {test}" in (ROOT / path).read_text()


@pytest.mark.parametrize(
    ("left", "to_one_that_waits", "to_one_that_computes"),
    [
        ([QUICK, LONG, LONGER, WAITS, WAITS_LONGER], WAITS_LONGER, LONGER),
        ([QUICK, LONG, WAITS], WAITS, LONG),
        ([WAITS, QUICK], WAITS, QUICK),
        ([QUICK, LONG], LONG, LONG),
        ([WAITS, WAITS_LONGER], WAITS_LONGER, WAITS),
        ([QUICK], QUICK, QUICK),
    ],
)
def test_every_other_process_begins_with_what_waits(
    left: list[str], to_one_that_waits: str, to_one_that_computes: str
) -> None:
    assert next_of(left, begins_with_waiting=True) == to_one_that_waits
    assert next_of(left, begins_with_waiting=False) == to_one_that_computes
