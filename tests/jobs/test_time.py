"""Schedules, operating hours and maintenance windows against a walk through the minutes."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from jobs.cron import due_times, last_due, next_due, next_due_after_move
from jobs.hours import Span, closes_at, is_open, open_periods, opens_at
from jobs.windows import Once, Weekly, coming, lasting, periods

from .naive_time import (
    EVERY_MINUTE,
    MINUTE,
    MOVED,
    PLACES,
    Place,
    covered_minutes,
    due_minutes,
    minutes,
    open_minutes,
    spans_of_time,
)

EXPRESSIONS = [
    "0 3 * * *",
    "30 2 * * *",
    "15 2 * * 0",
    "*/15 * * * *",
    "59 1 * * *",
    "0 */2 * * *",
    "5 0 1,29,31 * *",
    "10-50/20 1-3 * 3,4,10,11 *",
    "0 4 28-31 * 1-5",
    "0 3 * 1 *",
]
HOURS = [
    [Span(day, time(9), time(22)) for day in range(7)],
    [Span(day, time(22), time(6)) for day in (4, 5, 6)],
    [Span(6, time(2), time(3)), Span(6, time(2, 15), time(2, 45)), Span(0, time(0), time(0))],
    [Span(6, time(1, 30), time(2, 10)), Span(5, time(23), time(1, 30))],
]
# Sundays: all these zones change their clocks on one.
SUNDAY = datetime(2026, 1, 4)  # noqa: DTZ001  a reading
WINDOWS = [
    Weekly(SUNDAY + timedelta(hours=begin), SUNDAY + timedelta(hours=end), until)
    for begin, end, until in (
        (1, 2, None),
        (0.5, 1.5, None),
        (1.5, 2.5, date(2026, 10, 25)),
        (2.1, 2.4, None),
        (-4, 26, None),
    )
]

places = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.zone.key)


def ours(expression: str, place: Place, begins: datetime, ends: datetime) -> list[datetime]:
    """Ask for one due time after the other, as whoever keeps the schedule does."""
    due: list[datetime] = []
    after = begins - MINUTE
    if after < MOVED:
        for at in due_times(expression, place.zone, after):
            if at >= min(MOVED, ends):
                break
            due.append(at)
        if ends <= MOVED:
            return due
        first = next_due_after_move(expression, place.zone, place.moves_to, MOVED - MINUTE)
    else:
        first = next_due(expression, place.moves_to, after)
    if first is not None and first < ends:
        due.append(first)
        for at in due_times(expression, place.moves_to, first):
            if at >= ends:
                break
            due.append(at)
    return due


@places
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_schedule_is_due_in_the_minutes_that_a_walk_finds(expression: str, place: Place) -> None:
    for begins, ends in spans_of_time(place):
        naive = due_minutes(expression, place, begins, ends)
        assert ours(expression, place, begins, ends) == naive


@places
def test_the_last_due_time_is_the_one_before_the_next(place: Place) -> None:
    for expression in ("30 2 * * *", "10-50/20 1-3 * 3,4,10,11 *"):
        for begins, ends in spans_of_time(place):
            due = [at for at in due_minutes(expression, place, begins, ends) if at < MOVED]
            for before, at in pairwise(due):
                for moment in (before, before + (at - before) / 2, at - MINUTE):
                    assert last_due(expression, place.zone, moment) == before


@places
@pytest.mark.parametrize("spans", HOURS, ids=range(len(HOURS)))
def test_a_place_is_open_in_the_minutes_that_a_walk_finds(spans: list[Span], place: Place) -> None:
    for begins, ends in spans_of_time(place):
        naive = open_minutes(spans, place, begins, ends)
        step = 1 if EVERY_MINUTE else 5
        walk = list(minutes(begins, ends))[::step]
        assert [is_open(spans, place.at(at), at) for at in walk] == naive[::step]
        flags = [False] * len(naive)
        halves = [(begins, min(ends, MOVED)), (max(begins, MOVED), ends)]
        for begin, end in (half for half in halves if half[0] < half[1]):
            for period in open_periods(spans, place.at(begin), begin, end):
                first, last = (period.begins - begins) // MINUTE, (period.ends - begins) // MINUTE
                assert not any(flags[first:last])
                flags[first:last] = [True] * (last - first)
        assert flags == naive


@places
@pytest.mark.parametrize("window", WINDOWS, ids=range(len(WINDOWS)))
def test_a_window_covers_the_minutes_that_a_walk_finds(window: Weekly, place: Place) -> None:
    for stays in (Place(place.zone, place.zone),):
        for begins, ends in spans_of_time(place):
            naive = covered_minutes((window.begins, window.ends), window.until, stays, begins, ends)
            flags = [False] * len(naive)
            for period in periods(window, stays.zone, begins, ends):
                first = max((period.begins - begins) // MINUTE, 0)
                last = max((period.ends - begins) // MINUTE, 0)
                flags[first:last] = [True] * (min(last, len(flags)) - first)
            assert flags == naive


BERLIN = ZoneInfo("Europe/Berlin")


def test_a_nightly_run_in_the_skipped_hour_comes_right_after_it() -> None:
    due = due_times("30 2 * * *", BERLIN, datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert next(due) == datetime(2026, 3, 29, 1, tzinfo=UTC)  # 03:00, where 02:00 would have been
    assert next(due) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)


def test_a_nightly_run_in_the_repeated_hour_comes_once() -> None:
    due = due_times("30 2 * * *", BERLIN, datetime(2026, 10, 24, 12, tzinfo=UTC))
    assert next(due) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert next(due) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_a_move_to_the_west_does_not_bring_the_same_night_again() -> None:
    moscow, berlin = ZoneInfo("Europe/Moscow"), BERLIN
    moved = datetime(2026, 7, 1, 0, 20, tzinfo=UTC)  # 03:20 in Moscow, 02:20 in Berlin
    assert next_due("0 3 * * *", berlin, moved) == datetime(2026, 7, 1, 1, tzinfo=UTC)
    assert next_due_after_move("0 3 * * *", moscow, berlin, moved) == datetime(
        2026, 7, 2, 1, tzinfo=UTC
    )


def test_a_window_that_the_clock_leaves_out_does_not_come() -> None:
    window = Weekly(SUNDAY + timedelta(hours=2), SUNDAY + timedelta(hours=3))
    saturday = datetime(2026, 3, 28, 12, tzinfo=UTC)
    week = list(periods(window, BERLIN, saturday, saturday + timedelta(days=14)))
    assert [period.begins for period in week] == [datetime(2026, 4, 5, 0, tzinfo=UTC)]
    coming_one = coming(window, BERLIN, saturday)
    assert coming_one == week[0]
    assert lasting(window, BERLIN, coming_one.ends) is None
    assert lasting(window, BERLIN, coming_one.begins) == coming_one


def test_a_window_of_one_time_comes_once_however_far_it_is() -> None:
    begins = datetime(2027, 5, 1, tzinfo=UTC)
    window = Once(begins, begins + timedelta(hours=2))
    assert coming(window, BERLIN, begins - timedelta(days=300)) == (window.begins, window.ends)
    assert coming(window, BERLIN, window.ends) is None
    assert lasting(window, BERLIN, begins) == (window.begins, window.ends)


def test_a_closed_place_says_when_it_opens_and_an_open_one_when_it_closes() -> None:
    nights = [Span(5, time(22), time(2, 30))]
    saturday = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert opens_at(nights, BERLIN, saturday) == datetime(2026, 3, 28, 21, tzinfo=UTC)
    evening = datetime(2026, 3, 28, 21, 30, tzinfo=UTC)
    assert opens_at(nights, BERLIN, evening) == evening
    assert closes_at(nights, BERLIN, evening) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert closes_at(nights, BERLIN, saturday) is None
    assert closes_at([Span(day, time(0), time(0)) for day in range(7)], BERLIN, evening) is None
