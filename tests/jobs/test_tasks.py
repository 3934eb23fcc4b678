"""What the workers are asked for fits the time that evaluation counts, and who waits for whom."""

from pathlib import Path

import pytest

from exporters.models import Exporter
from jobs import evaluation, tasks
from jobs.models import Episode
from jobs.tracks import LONGEST_GAP, SLOT
from remosa.timetable import TIMETABLE
from tests.devices.test_hints import messages, use_broker
from tests.exporters.watched_world import World
from tests.jobs.evaluated_world import Fleet, Slots


def test_a_worker_that_dies_while_it_evaluates_costs_no_player_what_was_counted() -> None:
    (asked_every,) = (tick.seconds for tick in TIMETABLE if tick.task == "jobs.evaluate")
    # It died right after it took its slot, which began so long ago; the clocks stand one before.
    began = asked_every
    free_again = began + tasks.evaluate.time_limit + asked_every
    assert 1 + free_again // SLOT <= LONGEST_GAP


@pytest.mark.django_db
def test_acting_is_asked_for_as_soon_as_an_episode_opened_and_not_in_every_slot(
    world: World, exporter_a: Exporter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_broker(f"filesystem://{tmp_path}", monkeypatch)
    fleet, slots, asked = Fleet(exporter_a, 12), Slots(), tmp_path / "messages"
    monkeypatch.setattr(evaluation, "evaluate", lambda _now: slots.next())  # its clock is turned
    fleet.say(world)
    tasks.evaluate()
    fleet.say(world, p2=0)
    tasks.evaluate()
    assert not messages(asked)
    tasks.evaluate()
    (message,) = messages(asked)
    assert f'"task": "{tasks.ACT}"' in message.read_text()
    tasks.evaluate()
    assert (len(messages(asked)), Episode.objects.open().count()) == (1, 1)
