"""What the database holds of jobs, whoever writes: one tenant, one episode, one attempt."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from exporters.models import Player
from jobs.models import (
    Clock,
    Condition,
    Ending,
    Episode,
    Floor,
    Job,
    JobExecution,
    JobPause,
    JobTarget,
    MaintenanceWindow,
    Rung,
    Standing,
    Track,
)
from platforms import guards, integrity
from platforms.models import Platform
from tests import factories
from tests.jobs.acting_world import Fleet, make_fleet

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

TENANTS = {
    *("Brake", "Clock", "Condition", "Criterion", "Episode", "Floor", "GateVerdict", "Job"),
    *("JobExecution", "JobPause", "JobTarget", "MaintenanceWindow", "OperatingHours", "Rung"),
    "Track",
}


@pytest.fixture
def fleet(platform_a: Platform) -> Fleet:
    fleet = make_fleet(platform_a, 2)
    fleet.fire(fleet.players[0])
    assert fleet.act() == 1
    return fleet


@pytest.fixture
def theirs(platform_b: Platform) -> Fleet:
    return make_fleet(platform_b, 1)


def refused(rows: "models.QuerySet[Any]", match: str | None = None, **values: Any) -> None:
    """Update by a query, past every form; the database has to refuse it."""
    with pytest.raises(IntegrityError, match=match), transaction.atomic():
        assert rows.update(**values)
        connection.check_constraints()


def test_every_row_of_jobs_belongs_to_a_platform() -> None:
    models_of_jobs = {
        model.__name__ for model in guards.tenant_models() if model._meta.app_label == "jobs"
    }
    assert models_of_jobs == TENANTS
    assert integrity.missing(connection) == []


def test_nothing_of_a_job_can_be_linked_to_another_platform(fleet: Fleet, theirs: Fleet) -> None:
    mine, job, player = fleet.platform, fleet.job, theirs.players[0]
    JobTarget.objects.create(platform=mine, job=job, player=fleet.players[0])
    JobPause.objects.create(platform=mine, job=job, reason="Works")
    now = timezone.now()
    MaintenanceWindow.objects.create(
        platform=mine, name="Night", starts_at=now, ends_at=now + timedelta(hours=1)
    )
    clock = Clock.objects.get(platform=mine)
    Floor.objects.create(platform=mine, job=job, clock=clock, observed=1.0)
    of_mine = {
        model: model.objects.filter(platform=mine)
        for model in (Clock, Episode, Floor, Job, JobExecution, JobPause, JobTarget, Rung, Track)
    }
    refused(of_mine[Job], criterion=theirs.job.criterion_id)
    refused(of_mine[Rung], job=theirs.job)
    refused(of_mine[JobTarget], player=player)
    refused(of_mine[JobPause], job=theirs.job)
    refused(of_mine[Clock], exporter=theirs.exporter)
    refused(of_mine[Track].filter(player=fleet.players[0]), player=player)
    refused(of_mine[Floor], clock=Clock.objects.get(platform=theirs.platform))
    refused(of_mine[Episode], player=player)
    refused(of_mine[Episode], job=theirs.job)
    refused(of_mine[JobExecution], player=player)
    refused(MaintenanceWindow.objects.all(), site=factories.make_site(theirs.platform))
    assert {link.name for link in guards.links() if link.model is Condition} == {"job"}


def test_a_player_has_one_open_episode_under_a_job(fleet: Fleet) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        fleet.fire(fleet.players[0])


def test_an_episode_has_one_attempt_at_a_time_and_each_number_once(fleet: Fleet) -> None:
    first = JobExecution.objects.get()
    values: dict[str, Any] = {
        "platform": fleet.platform,
        "episode": first.episode,
        "job": fleet.job,
    }
    values |= {"player": first.player, "rung": 0, "mode": "live", "created_at": fleet.now}
    for attempt, standing in ((2, Standing.PROPOSED), (1, Standing.SHADOW)):
        with pytest.raises(IntegrityError), transaction.atomic():
            JobExecution.objects.create(attempt=attempt, standing=standing, **values)


def test_what_is_over_stays_over(fleet: Fleet) -> None:
    JobExecution.objects.update(standing=Standing.OVER)
    refused(JobExecution.objects.all(), "stays over", standing=Standing.COMMANDED)
    Episode.objects.update(closed=True, closed_at=fleet.now, ending=Ending.RECOVERED)
    refused(Episode.objects.all(), "stays over", closed=False, closed_at=None, ending="")


def test_an_episode_is_closed_with_its_end_alone(fleet: Fleet) -> None:
    refused(Episode.objects.all(), closed=True)
    assert Player.objects.filter(episodes__closed=False).count() == 1
