"""The table of ticks and the rows of the clock."""

import json

import pytest
from celery import current_app
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from remosa import celery, timetable
from remosa.timetable import PREFIX, TIMETABLE, Tick

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

TICK = Tick("of-a-test", "devices.sweep", 5, 5, "Look after commands")


def row() -> PeriodicTask:
    return PeriodicTask.objects.get(name=f"{PREFIX}of-a-test")


def test_every_tick_names_a_task_and_is_late_after_at_most_its_interval() -> None:
    current_app.loader.import_default_modules()
    for tick in TIMETABLE:
        assert tick.task in celery.app.tasks
        assert tick.expires <= tick.seconds
    assert len({tick.name for tick in TIMETABLE}) == len(TIMETABLE)


def test_every_task_stands_in_the_table_or_is_hinted_at() -> None:
    current_app.loader.import_default_modules()
    ours = {name for name in celery.app.tasks if not name.startswith("celery.")}
    assert ours == {tick.task for tick in TIMETABLE} | {"devices.dispatch", "exporters.take_census"}


def test_nothing_is_retried_and_no_task_runs_without_end() -> None:
    current_app.loader.import_default_modules()
    for tick in TIMETABLE:
        task = celery.app.tasks[tick.task]
        assert 0 < task.soft_time_limit < task.time_limit <= 300
        assert not task.acks_late


def test_a_second_time_changes_nothing() -> None:
    assert timetable.synchronise() == len(TIMETABLE)
    assert timetable.synchronise() == 0


def test_rows_are_made_from_the_table() -> None:
    timetable.synchronise([TICK])
    made = row()
    assert (made.task, made.enabled, made.expire_seconds) == ("devices.sweep", True, 5)
    assert (made.interval.every, made.interval.period) == (5, "seconds")


def test_what_a_person_chose_survives_a_release() -> None:
    timetable.synchronise([TICK])
    minute = IntervalSchedule.objects.create(every=1, period=IntervalSchedule.MINUTES)
    PeriodicTask.objects.update(interval=minute, enabled=False)
    timetable.synchronise([TICK._replace(seconds=7, task="devices.verify")])
    kept = row()
    assert (kept.interval, kept.enabled) == (minute, False)
    assert kept.task == "devices.verify", "which task it is, is not theirs to choose"


def test_a_new_interval_reaches_who_never_chose_one() -> None:
    timetable.synchronise([TICK])
    timetable.synchronise([TICK._replace(seconds=7)])
    assert row().interval.every == 7


def test_a_tick_that_is_gone_goes_and_peoples_own_stay() -> None:
    timetable.synchronise([TICK])
    own = PeriodicTask.objects.create(name="mine", task="devices.sweep", interval=row().interval)
    assert timetable.synchronise([]) == 1
    assert PeriodicTask.objects.get() == own


def test_a_message_says_nothing_but_the_task() -> None:
    timetable.synchronise()
    for each in PeriodicTask.objects.filter(name__startswith=PREFIX):
        assert (json.loads(each.args), json.loads(each.kwargs)) == ([], {})


def test_the_demo_is_quicker_where_it_says_so_and_nowhere_else() -> None:
    changed = set(timetable.faster({"sightings": 10})) - set(TIMETABLE)
    assert {(tick.name, tick.seconds) for tick in changed} == {("sightings", 10)}
