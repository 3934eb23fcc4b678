"""Names of jobs as they are stored: automatic in every language, kept in step, unique."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override

from exporters.models import Exporter, Player
from jobs import naming, saving
from jobs.conditions import Condition, Function, Operator
from jobs.definition import Definition, of
from jobs.models import Job, MonitoringMetric, Trigger
from jobs.selection import Selection
from platforms.audit import SYSTEM
from platforms.models import Platform
from tests.factories import make_exporter, make_player

OFFLINE = Condition("device_status", Function.LAST, 0, Operator.EQUAL, 0.0)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def metric() -> None:
    MonitoringMetric.objects.get_or_create(
        name=OFFLINE.metric, defaults={"kind": "", "identity": ""}
    )


@pytest.fixture
def lobby(platform_a: Platform) -> Exporter:
    return make_exporter(platform_a, "Lobby")


def rule(exporter: Exporter, **values: Any) -> Definition:
    chosen = Selection(exporter.platform_id, exporters=frozenset({exporter.pk}))
    return replace(Definition(exporter.platform, chosen, conditions=(OFFLINE,)), **values)


def name_of(job: Job, language: str = "en") -> str:
    with override(language):
        return str(Job.objects.get(pk=job.pk))


def test_a_name_follows_what_the_job_does(lobby: Exporter) -> None:
    job = saving.save(rule(lobby), SYSTEM)
    assert name_of(job) == "Monitoring Lobby → restart when Status is Offline"
    saving.save(rule(lobby, rungs=()), SYSTEM, job)
    assert name_of(job) == "Monitoring Lobby → tell people when Status is Offline"
    schedule = rule(lobby, conditions=(), trigger=Trigger.SCHEDULE, cron="0 3 * * *")
    saving.save(schedule, SYSTEM, job)
    assert name_of(job) == "Schedule for Lobby → restart every day at 03:00"


def test_a_name_that_a_person_gave_stays_until_it_is_taken_back(lobby: Exporter) -> None:
    job = saving.save(rule(lobby, own_name="Night watch"), SYSTEM)
    saving.save(rule(lobby, own_name="Night watch", rungs=()), SYSTEM, job)
    Exporter.objects.filter(pk=lobby.pk).update(name="Hall")
    assert naming.keep_in_step() == 0
    assert {name_of(job), name_of(job, "ru")} == {"Night watch"}
    saving.save(rule(lobby), SYSTEM, job)
    assert name_of(job).startswith("Monitoring Hall → restart")


def test_jobs_that_do_alike_get_numbers_and_keep_them(lobby: Exporter) -> None:
    first, second = (saving.save(rule(lobby), SYSTEM) for _number in range(2))
    other = saving.save(rule(lobby, own_name="Night"), SYSTEM)
    again = saving.save(rule(lobby, own_name="Night"), SYSTEM)
    assert name_of(second) == f"{name_of(first)} #2"
    assert (name_of(other), name_of(again)) == ("Night", "Night #2")
    saving.save(replace(of(second), hold=900), SYSTEM, second)
    assert name_of(second) == f"{name_of(first)} #2"
    assert naming.keep_in_step() == 0
    saving.remove(first, SYSTEM)
    third = saving.save(rule(lobby), SYSTEM)
    assert name_of(third) == name_of(first)


def test_what_is_renamed_renames_its_jobs_in_every_language(lobby: Exporter) -> None:
    job = saving.save(rule(lobby), SYSTEM)
    twin = saving.save(rule(lobby), SYSTEM)
    player: Player = make_player(lobby, name="Left screen")
    chosen = Selection(lobby.platform_id, players=frozenset({player.pk}))
    single = saving.save(replace(rule(lobby), selection=chosen), SYSTEM)
    Exporter.objects.filter(pk=lobby.pk).update(name="Hall")
    Player.objects.filter(pk=player.pk).update(name="Right screen")
    assert naming.keep_in_step() == 3
    assert name_of(job).startswith("Monitoring Hall → ")
    assert name_of(twin) == f"{name_of(job)} #2"
    assert "Right screen" in name_of(single)
    assert "Hall" in name_of(job, "ru")
    assert naming.keep_in_step() == 0


def test_keeping_names_in_step_asks_the_same_however_many_jobs_there_are(lobby: Exporter) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert naming.keep_in_step() == 0
        return len(asked)

    saving.save(rule(lobby), SYSTEM)
    alone = queries()
    for _number in range(3):
        saving.save(rule(lobby), SYSTEM)
    assert queries() == alone


def test_lists_sort_and_search_by_what_the_reader_sees(lobby: Exporter) -> None:
    job = saving.save(rule(lobby), SYSTEM)
    named = saving.save(rule(lobby, own_name="A night"), SYSTEM)
    Job.objects.filter(pk=job.pk).update(names={"en": "Zebra", "ru": "Альфа"})
    with override("ru"):
        rows = Job.objects.with_shown_name()
        assert list(rows.filter(shown_name__icontains="альфа")) == [job]
        assert [str(each) for each in rows.order_by("shown_name")] == ["A night", "Альфа"]
    with override("en"):
        rows = Job.objects.with_shown_name().order_by("shown_name")
        assert [each.pk for each in rows] == [named.pk, job.pk]
        assert list(rows.filter(shown_name="Zebra")) == [job]


def test_saving_a_schedule_as_it_is_keeps_the_run_that_is_due_now(lobby: Exporter) -> None:
    schedule = rule(lobby, conditions=(), trigger=Trigger.SCHEDULE, cron="0 3 * * *")
    job = saving.save(schedule, SYSTEM)
    due = timezone.now() - timedelta(seconds=20)
    Job.objects.filter(pk=job.pk).update(due_at=due)
    saving.save(replace(schedule, description="Nightly"), SYSTEM, job)
    job.refresh_from_db()
    assert (job.due_at, job.due_zone) == (due, lobby.platform.time_zone)
    saving.save(replace(schedule, cron="0 4 * * *"), SYSTEM, job)
    job.refresh_from_db()
    assert job.due_at is not None
    assert job.due_at > due


def test_a_copy_says_that_it_is_one_and_is_never_too_long() -> None:
    with override("en"):
        assert naming.copied("Night") == "Night (copy)"
        assert len(naming.copied("n" * 160)) == 160
