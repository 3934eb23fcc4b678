"""Pauses of jobs: who stops which, and that it is recorded."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from devices import pauses
from devices.models import Pause
from devices.pauses import PauseRefused
from devices.senders import Sender
from jobs import job_pauses
from jobs.models import Job, JobPause
from platforms.audit import Action, Actor
from platforms.models import AuditEntry, Platform, User
from platforms.wall_time import LAST

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def by(user: User) -> Sender:
    return Sender(Actor(str(user), "test", user.pk), user)


@pytest.fixture
def jobs(platform_a: Platform) -> list[Job]:
    return [
        Job.objects.create(platform=platform_a, name=f"Job {number}", whole_platform=True)
        for number in range(2)
    ]


def refusal(deed: Any, *args: Any) -> str:
    with pytest.raises(PauseRefused) as refused:
        deed(*args)
    return refused.value.code


def test_jobs_are_paused_together_and_each_is_recorded(jobs: list[Job], mona: User) -> None:
    paused = job_pauses.begin(by(mona), jobs, "Trade fair", NOW + HOUR, NOW)
    assert [each.job for each in paused] == jobs
    assert JobPause.objects.at(NOW).count() == 2
    assert JobPause.objects.at(NOW + HOUR).count() == 0
    job_pauses.lift(paused[0], by(mona), NOW)
    assert refusal(job_pauses.lift, paused[0], by(mona), NOW) == "over"
    assert refusal(job_pauses.lift, paused[1], by(mona), NOW + HOUR) == "over"
    assert JobPause.objects.at(NOW).get().job == jobs[1]
    lines = AuditEntry.objects.filter(target_type="jobs.jobpause").order_by("pk")
    assert [each.action for each in lines] == [Action.CREATED, Action.CREATED, Action.CANCELLED]


def test_who_may_not_stops_nothing_and_lifts_nothing(
    jobs: list[Job], mona: User, ursula: User, bob: User, charlie: User
) -> None:
    for user in (ursula, bob, charlie):
        assert refusal(job_pauses.begin, by(user), jobs, "No", None, NOW) == "role"
    assert refusal(job_pauses.begin, Sender.job("Job"), jobs, "No", None, NOW) == "role"
    paused = job_pauses.begin(by(mona), jobs, "Trade fair", None, NOW)
    assert refusal(job_pauses.lift, paused[0], by(charlie), NOW) == "role"


def test_a_pause_says_why_and_ends_later_and_is_of_a_job_in_use(
    jobs: list[Job], mona: User
) -> None:
    assert refusal(job_pauses.begin, by(mona), jobs, "  ", None, NOW) == "reason"
    assert refusal(job_pauses.begin, by(mona), jobs, "Fair", NOW, NOW) == "expired"
    jobs[1].removed_at = NOW
    assert refusal(job_pauses.begin, by(mona), jobs, "Fair", None, NOW) == "job"
    assert not JobPause.objects.exists()


@pytest.mark.parametrize(
    "end",
    [
        LAST + timedelta(seconds=1),
        datetime(9999, 12, 31, 23, 59, tzinfo=ZoneInfo("America/New_York")),
        datetime.max.replace(tzinfo=UTC),
    ],
)
def test_an_end_that_no_clock_could_show_stops_neither_a_job_nor_a_socket(
    jobs: list[Job], mona: User, platform_a: Platform, end: datetime
) -> None:
    assert refusal(job_pauses.begin, by(mona), jobs, "Fair", end, NOW) == "far"
    with pytest.raises(PauseRefused, match="too far off") as refused:
        pauses.begin(by(mona), "Fair", end, NOW, platform=platform_a)
    assert refused.value.code == "far"
    assert list(JobPause.objects.all()) == []
    assert list(Pause.objects.all()) == []


def test_the_last_moment_may_end_a_pause(jobs: list[Job], mona: User, platform_a: Platform) -> None:
    (first, _second) = job_pauses.begin(by(mona), jobs, "Fair", LAST, NOW)
    pauses.begin(by(mona), "Fair", LAST, NOW, platform=platform_a)
    assert JobPause.objects.get(pk=first.pk).expires_at == Pause.objects.get().expires_at == LAST
