"""Work that a clock asks for: one run at a time, and a row that tells of it."""

from datetime import UTC, datetime, timedelta

import pytest

from platforms import ticks
from platforms.models import Tick
from platforms.ticks import Turn

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LASTS = timedelta(seconds=30)


def run(deed: ticks.Deed, seconds: int = 0) -> bool:
    return ticks.run("work", deed, LASTS, lambda: NOON + timedelta(seconds=seconds))


def test_a_run_leaves_when_it_was_and_its_number() -> None:
    turns: list[Turn] = []
    assert run(turns.append)
    assert run(turns.append, 5)
    assert turns == [Turn(NOON, 1), Turn(NOON + timedelta(seconds=5), 2)]
    row = Tick.objects.get()
    assert (row.started_at, row.finished_at) == (turns[1].now, turns[1].now)
    assert (row.error, row.busy_until) == ("", None)


def test_what_is_asked_for_twice_is_done_once() -> None:
    inner: list[bool] = []
    assert run(lambda _turn: inner.append(run(lambda _again: inner.append(True), 29)))
    assert inner == [False]


def test_a_run_whose_process_died_is_taken_over_when_its_time_is_up() -> None:
    Tick.objects.create(name="work", started_at=NOON, busy_until=NOON + LASTS, fence=7)
    turns: list[Turn] = []
    assert not run(turns.append, 29)
    assert run(turns.append, 30)
    assert [turn.number for turn in turns] == [8]


def test_a_run_that_was_given_up_does_not_end_the_one_after_it() -> None:
    def slow(_turn: Turn) -> None:
        Tick.objects.update(fence=2, busy_until=NOON + timedelta(minutes=5))  # taken over

    run(slow)
    assert Tick.objects.get().busy_until == NOON + timedelta(minutes=5)


def test_what_a_run_raises_goes_on_and_stays_to_be_read_without_its_text() -> None:
    def fails(_turn: Turn) -> None:
        raise ValueError("the-password")

    with pytest.raises(ValueError, match="the-password"):
        run(fails)
    row = Tick.objects.get()
    assert (row.error, row.failed_at, row.busy_until) == ("ValueError", NOON, None)
    run(lambda _turn: None, 5)
    row.refresh_from_db()
    assert (row.error, row.failed_at) == ("", NOON)


def test_a_note_is_written_once_a_second_and_at_once_when_it_says_something_else() -> None:
    def note(seconds: float, error: str = "") -> bool:
        return ticks.note("sending", NOON + timedelta(seconds=seconds), error)

    def written() -> float:
        started = Tick.objects.get().started_at
        assert started is not None
        return (started - NOON).total_seconds()

    assert [note(0), note(0.5)] == [False, False]
    assert written() == 0
    assert note(0.6, "fsync is off")
    assert not note(0.7, "fsync is off")
    assert written() == 0.6
    assert note(0.8)
    assert not note(2)
    assert written() == 2
