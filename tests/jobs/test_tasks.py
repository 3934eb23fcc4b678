"""What the workers are asked for fits the time that evaluation counts."""

from jobs import tasks
from jobs.tracks import LONGEST_GAP, SLOT
from remosa.timetable import TIMETABLE


def test_a_worker_that_dies_while_it_evaluates_costs_no_player_what_was_counted() -> None:
    (asked_every,) = (tick.seconds for tick in TIMETABLE if tick.task == "jobs.evaluate")
    # It died right after it took its slot, which began so long ago; the clocks stand one before.
    began = asked_every
    free_again = began + tasks.evaluate.time_limit + asked_every
    assert 1 + free_again // SLOT <= LONGEST_GAP
