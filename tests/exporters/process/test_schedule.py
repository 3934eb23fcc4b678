"""When a source is polled, and how gently."""

import random

import pytest
from hypothesis import given, strategies as st

from exporters.process import schedule
from exporters.process.schedule import Settings

SETTINGS = Settings(interval=30, timeout=10, concurrency=50, max_age=90)
seeds = st.integers().map(random.Random)


@given(seeds)
def test_processes_that_start_together_do_not_poll_together(chance: random.Random) -> None:
    assert 100 <= schedule.first_start(100, SETTINGS, chance) <= 103


def test_a_poll_keeps_step_with_the_last_and_never_overlaps_it() -> None:
    assert schedule.next_start(due=100, now=104, settings=SETTINGS) == 130
    assert schedule.next_start(due=100, now=150, settings=SETTINGS) == 150


@given(seeds, st.floats(1, 3600))
def test_a_failing_source_is_left_alone_longer_but_never_for_ever(
    chance: random.Random, interval: float
) -> None:
    settings = Settings(interval, 10, 50, 3 * interval)
    wait = 0.0
    for _turn in range(20):
        wait = schedule.back_off(wait, settings, chance)
        assert interval <= wait <= max(60, 1.5 * interval)


def test_two_sources_that_fail_together_do_not_come_back_together() -> None:
    waits = {schedule.back_off(0, SETTINGS, random.Random(seed)) for seed in range(50)}
    assert len(waits) > 40 or max(waits) == 60
    assert max(waits) - min(waits) > 10


@given(st.integers(1, 100_000), st.floats(1, 3600))
def test_a_spread_poll_sends_everything_within_half_its_interval(
    devices: int, interval: float
) -> None:
    bursts = -(-devices // schedule.burst(devices, Settings(interval, 10, 50, 90)))
    assert (bursts - 1) * schedule.PACE <= interval * schedule.SPREAD


def test_a_poll_is_given_up_only_when_nothing_at_all_came_back() -> None:
    assert not schedule.is_hopeless(0, 49, SETTINGS)
    assert schedule.is_hopeless(0, 50, SETTINGS)
    assert not schedule.is_hopeless(1, 1000, SETTINGS)
    small = Settings(30, 10, 1, 90)
    assert not schedule.is_hopeless(0, 19, small)


# -- no herd ------------------------------------------------------------------------------------


def most_together(moments: list[float], window: float) -> int:
    """Return how many fall into the fullest window."""
    return max(sum(at <= each < at + window for each in moments) for at in moments)


@pytest.mark.parametrize("interval", [1.0, 10.0, 30.0, 60.0, 300.0, 3600.0])
def test_twenty_processes_neither_start_nor_come_back_together(interval: float) -> None:
    settings = Settings(interval, 10, 50, 3 * interval)
    chances = [random.Random(seed) for seed in range(20)]
    firsts = [schedule.first_start(0, settings, chance) for chance in chances]
    width = min(schedule.FIRST_POLL_WITHIN, interval / 10)
    assert most_together(firsts, width / 10) <= 6
    waits = [0.0] * len(chances)
    moments = list(firsts)
    for _failure in range(6):
        waits = [
            schedule.back_off(wait, settings, chance)
            for wait, chance in zip(waits, chances, strict=True)
        ]
        assert most_together(waits, interval / 20) <= 7
        moments = [moment + wait for moment, wait in zip(moments, waits, strict=True)]
        assert most_together(moments, interval / 20) <= 7


def test_those_that_were_told_the_same_time_to_wait_do_not_come_back_together() -> None:
    chances = [random.Random(seed) for seed in range(20)]
    waits = [schedule.hold(60, 0, SETTINGS, chance) for chance in chances]
    assert min(waits) >= 60
    assert max(waits) <= 66
    assert most_together(waits, 0.6) <= 6


def test_a_vendor_is_not_left_alone_for_a_day_because_it_says_so() -> None:
    assert schedule.hold(86400, 0, SETTINGS, random.Random(1)) <= 1.1 * schedule.LONGEST_HOLD


@pytest.mark.parametrize("asked", [0, 1, 9, 10, 100, 100_000])
def test_a_poll_may_repeat_a_tenth_of_its_questions_and_one(asked: int) -> None:
    assert schedule.retries(asked) == 1 + asked // 10


def test_the_budget_of_small_polls_is_a_tenth_and_one() -> None:
    budget, spent = schedule.Budget(), 0
    for _question in range(1000):
        budget.earn()
        spent += budget.spend()
    assert 95 <= spent <= 101


def test_a_budget_does_not_grow_while_all_is_well() -> None:
    budget = schedule.Budget()
    for _question in range(1000):
        budget.earn()
    assert budget.spend()
    assert not budget.spend()
