import pytest

from jobs.verdicts import Verdict, all_of, any_of

T, F, U = Verdict.TRUE, Verdict.FALSE, Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("one", "other", "both", "either"),
    [
        (T, T, T, T), (T, F, F, T), (T, U, U, T),
        (F, T, F, T), (F, F, F, F), (F, U, F, U),
        (U, T, U, T), (U, F, F, U), (U, U, U, U),
    ],
)  # fmt: skip
def test_conditions_are_joined_by_three_valued_logic(
    one: Verdict, other: Verdict, both: Verdict, either: Verdict
) -> None:
    assert all_of([one, other]) is both
    assert any_of([one, other]) is either


@pytest.mark.parametrize("verdict", list(Verdict))
def test_one_condition_is_what_it_is(verdict: Verdict) -> None:
    assert all_of([verdict]) is any_of([verdict]) is verdict


def test_no_condition_at_all_makes_nobody_bad_and_nobody_well() -> None:
    assert all_of([]) is any_of([]) is U
