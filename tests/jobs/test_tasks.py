"""What the workers are asked for fits the time that evaluation counts, and who waits for whom."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django_celery_beat.models import PeriodicTask

from exporters.models import Exporter
from jobs import evaluation, tasks
from jobs.models import Engine, Episode
from jobs.tracks import LONGEST_GAP, SLOT
from remosa import timetable
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
    fleet, slots = Fleet(exporter_a, 12), Slots()
    monkeypatch.setattr(evaluation, "evaluate", lambda _now: slots.next())  # its clock is turned
    fleet.say(world)
    tasks.evaluate()
    fleet.say(world, p2=0)
    tasks.evaluate()
    assert not hints_for(tasks.ACT, tmp_path)
    tasks.evaluate()
    assert len(hints_for(tasks.ACT, tmp_path)) == 1
    tasks.evaluate()
    assert (len(hints_for(tasks.ACT, tmp_path)), Episode.objects.open().count()) == (1, 1)


@pytest.mark.django_db
def test_who_evaluated_a_slot_asks_for_the_next_at_its_begin_and_nobody_else_does(
    world: World, exporter_a: Exporter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_broker(f"filesystem://{tmp_path}", monkeypatch)
    timetable.synchronise()
    Fleet(exporter_a, 2).say(world)
    now = datetime.now(UTC)
    tasks.evaluate()
    tasks.evaluate()  # the slot is claimed
    (hint,) = hints_for(tasks.EVALUATE, tmp_path)
    begins = datetime.fromisoformat(hint["headers"]["eta"])
    assert begins.timestamp() % SLOT == 0
    assert 0 < (begins - now).total_seconds() <= SLOT


@pytest.mark.django_db
def test_nobody_asks_for_the_next_slot_once_evaluation_is_switched_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_broker(f"filesystem://{tmp_path}", monkeypatch)
    timetable.synchronise()
    PeriodicTask.objects.filter(task=tasks.EVALUATE).update(enabled=False)
    tasks.evaluate()
    assert Engine.objects.get().ticks == 1
    assert not hints_for(tasks.EVALUATE, tmp_path)


def hints_for(task: str, folder: Path) -> list[Any]:
    """The messages of a broker of files that ask for a task."""
    found = [json.loads(message.read_text()) for message in messages(folder / "messages")]
    return [each for each in found if each["headers"]["task"] == task]
