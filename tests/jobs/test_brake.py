"""The brake, by tables, and against what the protocol says of any course of counts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from jobs import brake
from jobs.brake import HOLD, LONGEST_GAP, Brake, Count, Shut

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SLOT = timedelta(seconds=30)
WELL, OUTAGE = Count(100, 3), Count(100, 80)


def course(*counts: Count | None, every: timedelta = SLOT) -> Brake:
    """Return the brake after these counts, one a slot from noon on."""
    standing = Brake()
    for number, count in enumerate(counts):
        standing = brake.advance(standing, count, NOON + number * every)
    return standing


@pytest.mark.parametrize(
    ("enrolled", "bad", "engages"),
    [
        (1, 1, False),
        (2, 2, False),
        (3, 2, False),
        (3, 3, True),
        (10, 2, False),
        (10, 3, True),
        (14, 2, False),
        (14, 3, True),  # 20 % of 14 is 2.8: three are more than that
        (15, 3, False),
        (15, 4, True),
        (1000, 200, False),
        (1000, 201, True),
    ],
)
def test_it_engages_over_two_and_over_a_fifth(enrolled: int, bad: int, engages: bool) -> None:
    standing = course(Count(enrolled, bad))
    assert standing.engaged is engages
    assert (brake.shut(standing, NOON) is not None) is engages


def test_it_lets_go_after_ten_minutes_below_without_interruption() -> None:
    standing = course(OUTAGE, *[WELL] * 20)
    last = NOON + 20 * SLOT  # below since the first slot after noon: 9:30
    assert brake.shut(standing, last) == (Shut.HOLDING, 3, 20, NOON + SLOT + HOLD)
    released = brake.advance(standing, WELL, last + SLOT)
    assert not released.engaged
    assert released.since == last + SLOT
    assert brake.shut(released, last + SLOT) is None


@pytest.mark.parametrize("between", [OUTAGE, None, Count(0, 0)])
def test_ten_minutes_begin_anew_after_anything_but_a_count_below(between: Count | None) -> None:
    standing = course(OUTAGE, *[WELL] * 15, between, *[WELL] * 20)
    assert standing.engaged
    assert standing.below_since == NOON + 17 * SLOT
    assert not brake.advance(standing, WELL, NOON + 37 * SLOT).engaged


def test_a_gap_in_the_evaluation_is_not_time_below() -> None:
    standing = course(OUTAGE, WELL)
    late = NOON + timedelta(minutes=20)
    again = brake.advance(standing, WELL, late)
    assert again.engaged
    assert again.below_since == late


def test_nothing_known_neither_engages_nor_lets_go_and_shuts_once_the_count_is_old() -> None:
    released = course(WELL, None, None, None)
    assert not released.engaged
    assert brake.shut(released, NOON + LONGEST_GAP) is None
    shut = brake.shut(released, NOON + LONGEST_GAP + SLOT)
    assert shut is not None
    assert shut.why is Shut.NOT_KNOWN
    assert course(OUTAGE, *[None] * 100).engaged


@pytest.mark.parametrize("never", [None, Brake(), course(None), course(Count(0, 0))])
def test_a_brake_that_was_never_counted_is_shut(never: Brake | None) -> None:
    assert brake.shut(never, NOON) == (Shut.NOT_KNOWN, 0, 0, None)


def test_a_count_that_comes_late_or_twice_changes_nothing() -> None:
    standing = course(WELL, WELL)
    for at in (NOON, NOON + SLOT):
        assert brake.advance(standing, OUTAGE, at) is standing


def test_it_keeps_the_moment_at_which_it_engaged() -> None:
    assert course(WELL, OUTAGE, WELL, OUTAGE, OUTAGE).since == NOON + SLOT


@pytest.mark.parametrize(("enrolled", "bad"), [(3, 4), (3, -1)])
def test_a_count_that_counts_a_player_twice_is_refused(enrolled: int, bad: int) -> None:
    with pytest.raises(ValueError, match="counts once"):
        Count(enrolled, bad)


COUNTS = st.one_of(
    st.none(),
    st.integers(0, 60).flatmap(
        lambda enrolled: st.builds(Count, st.just(enrolled), st.integers(0, enrolled))
    ),
)
STEPS = st.sampled_from([SLOT, SLOT, SLOT, 2 * SLOT, LONGEST_GAP, timedelta(minutes=3), HOLD])


@given(st.lists(st.tuples(st.one_of(COUNTS, st.just(WELL)), STEPS), max_size=60))
def test_whatever_comes_it_is_open_only_on_a_fresh_count_after_ten_minutes_below(
    counts: list[tuple[Count | None, timedelta]],
) -> None:
    """Look back over all counts, instead of keeping a state as the brake does."""
    standing, now = Brake(), NOON
    seen: list[tuple[datetime, Count | None]] = []
    for count, step in counts:
        now += step
        standing = brake.advance(standing, count, now)
        seen.append((now, count if count and count.enrolled else None))
        assert (brake.shut(standing, now) is None) is _open(seen, now)


def _open(seen: list[tuple[datetime, Count | None]], now: datetime) -> bool:
    known = [(at, count) for at, count in seen if count is not None]
    if not known or now - known[-1][0] > LONGEST_GAP:
        return False
    engaged = False
    for number, (at, count) in enumerate(seen):
        if count is None:
            continue
        if _over(count):
            engaged = True
        elif engaged and _below_all_along(seen[: number + 1], at - HOLD):
            engaged = False
    return not engaged


def _over(count: Count) -> bool:
    return count.bad > 2 and count.bad > count.enrolled / 5


def _below_all_along(seen: list[tuple[datetime, Count | None]], begin: datetime) -> bool:
    """Tell whether every count from one at `begin` or before it is below, with no gap between."""
    later = None
    for at, count in reversed(seen):
        gap = later is not None and later - at > LONGEST_GAP
        if gap or count is None or _over(count):
            return False
        if at <= begin:
            return True
        later = at
    return False
