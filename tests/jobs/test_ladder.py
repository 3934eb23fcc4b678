"""Which attempt is next and when: a table, and what holds of any course of attempts."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from jobs import ladder
from jobs.ladder import COOLDOWN, Due, Exhausted, Fate, Ladder, Past, UnderWay

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TWO = Ladder(rungs=2, attempts=3)
UNDER_WAY = Past(None)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def sent(minutes: float) -> Past:
    return Past(at(minutes))


def vain(minutes: float) -> Past:
    return Past(at(minutes), Fate.NOT_SENT)


def declined(minutes: float) -> Past:
    return Past(at(minutes), Fate.TURNED_DOWN)


@pytest.mark.parametrize(
    ("of", "past", "comes"),
    [
        (TWO, [], Due(0, NOON)),
        (TWO, [UNDER_WAY], UnderWay()),
        (TWO, [sent(10)], Due(1, at(40))),
        (TWO, [sent(10), sent(50)], Due(1, at(80))),  # the last rung again
        (TWO, [sent(10), sent(50), sent(90)], Exhausted(3)),
        (TWO, [sent(10), sent(50), UNDER_WAY], UnderWay()),
        (Ladder(2, attempts=1), [sent(10)], Exhausted(1)),
        (Ladder(1, 2, cooldown=timedelta(0)), [sent(10)], Due(0, at(10))),
        # What provably never went out is tried again soon, on the same rung.
        (TWO, [vain(10)], Due(0, at(11))),
        (TWO, [vain(10), vain(12)], Due(0, at(14))),
        (TWO, [vain(0)] * 20, Due(0, at(30))),
        (TWO, [vain(10), sent(20)], Due(1, at(50))),
        # A vain one after one that was sent does not shorten its cooldown.
        (TWO, [sent(10), vain(12)], Due(1, at(40))),
        (TWO, [sent(10), vain(55)], Due(1, at(56))),
        # What people turned down is no attempt, and they are not asked again at once.
        (TWO, [declined(10)], Due(0, at(40))),
        (TWO, [declined(0), declined(40), declined(80)], Due(0, at(110))),
    ],
)
def test_what_comes_next(of: Ladder, past: list[Past], comes: ladder.Next) -> None:
    assert ladder.after(of, past, NOON) == comes


def test_a_new_episode_does_not_shorten_the_cooldown() -> None:
    assert ladder.after(TWO, [], NOON, at(-10)) == Due(0, at(20))
    assert ladder.after(TWO, [], NOON, at(-40)) == Due(0, NOON)


def test_an_attempt_under_way_behind_others_is_a_fault_of_the_caller() -> None:
    with pytest.raises(ValueError, match="under way"):
        ladder.after(TWO, [UNDER_WAY, sent(10)], NOON)


@pytest.mark.parametrize(("rungs", "attempts", "cooldown"), [(0, 1, 30), (1, 0, 30), (1, 1, -1)])
def test_a_ladder_that_leads_nowhere_cannot_be_made(
    rungs: int, attempts: int, cooldown: int
) -> None:
    with pytest.raises(ValueError, match="ladder"):
        Ladder(rungs, attempts, timedelta(minutes=cooldown))


@given(
    st.integers(1, 4),
    st.integers(1, 5),
    st.lists(st.tuples(st.sampled_from(Fate), st.integers(0, 90)), max_size=30),
)
def test_attempts_are_limited_climb_in_order_and_keep_the_cooldown(
    rungs: int, attempts: int, course: Sequence[tuple[Fate, int]]
) -> None:
    """Live through an episode: make each attempt when it is due; it ends so much later."""
    of, past = Ladder(rungs, attempts), list[Past]()
    for fate, minutes in course:
        spent = [each.ended_at or NOON for each in past if each.fate is Fate.SENT]
        comes = ladder.after(of, past, NOON)
        if isinstance(comes, Exhausted):
            assert len(spent) == attempts
            return
        assert isinstance(comes, Due)
        assert len(spent) < attempts
        assert comes.rung == min(len(spent), rungs - 1)
        assert all(comes.at >= end + COOLDOWN for end in spent)
        assert not past or comes.at > (past[-1].ended_at or NOON)
        assert ladder.after(of, [*past, Past(None, fate)], NOON) == UnderWay()
        past.append(Past(comes.at + timedelta(minutes=minutes), fate))
