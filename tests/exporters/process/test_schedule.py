"""When a source is polled, and how gently."""

import random

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
        assert interval <= wait <= max(60, interval)


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
