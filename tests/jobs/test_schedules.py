"""Schedules that are due: once for each player and due time, never replayed, by the right clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db.models import F
from django.utils import translation

from exporters.models import Exporter
from jobs import schedules
from jobs.gate_names import Gate
from jobs.models import Ending, Episode, Job, JobExecution, JobTarget, Mode, Standing, Trigger
from jobs.notice_kinds import MISSED
from jobs.schedule_times import QUEUES, Turn, turn
from platforms.models import Notice, Platform
from platforms.notice_kinds import Told
from tests.devices.world import together
from tests.factories import make_exporter, make_platform, make_player

MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")
NIGHT = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)  # 03:00 in Moscow
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("late", "due", "missed"),
    [
        (timedelta(0), NIGHT, 0),
        (15 * MINUTE, NIGHT, 0),
        (16 * MINUTE, None, 1),
        (DAY - MINUTE, None, 1),
        (DAY + 5 * MINUTE, NIGHT + DAY, 1),
        (7 * DAY + 60 * MINUTE, None, 8),
    ],
)
def test_a_run_is_made_up_for_within_a_quarter_of_an_hour_and_then_missed(
    late: timedelta, due: datetime | None, missed: int
) -> None:
    now = NIGHT + late
    found = turn("0 3 * * *", MOSCOW, MOSCOW, NIGHT, now)
    assert found == Turn(due, missed, NIGHT + (late // DAY + 1) * DAY)


def test_of_runs_that_come_often_the_last_one_alone_is_made_up_for() -> None:
    now = NIGHT + timedelta(hours=2, minutes=2)
    assert turn("*/5 * * * *", MOSCOW, MOSCOW, NIGHT, now) == Turn(
        NIGHT + timedelta(hours=2), 24, NIGHT + timedelta(hours=2, minutes=5)
    )


def test_what_was_due_by_the_old_clock_is_run_and_the_next_comes_by_the_new_one() -> None:
    now = NIGHT + MINUTE  # 02:01 at most in the new zone: the night comes again there
    assert turn("0 3 * * *", MOSCOW, BERLIN, NIGHT, now) == Turn(
        NIGHT, 0, NIGHT + DAY + timedelta(hours=2)
    )


def test_the_gates_at_which_players_wait_their_turn_are_there() -> None:
    assert {gate.value for gate in Gate} >= QUEUES


@pytest.fixture
def exporter(platform_a: Platform) -> Exporter:
    Platform.objects.filter(pk=platform_a.pk).update(time_zone="Europe/Moscow")
    exporter = make_exporter(platform_a)
    for _number in range(3):
        make_player(exporter)
    return exporter


def make_schedule(exporter: Exporter, cron: str = "0 3 * * *", **fields: Any) -> Job:
    """Store an enabled job that is due at 03:00 over the players of an exporter."""
    values = {"trigger": Trigger.SCHEDULE, "cron": cron, "due_at": NIGHT, **fields}
    name = f"Schedule {Job.objects.count()}"
    job: Job = Job.objects.create(platform_id=exporter.platform_id, name=name, **values)
    JobTarget.objects.create(platform_id=exporter.platform_id, job=job, exporter=exporter)
    return job


@pytest.mark.django_db
def test_a_due_time_opens_an_episode_for_each_enrolled_player(exporter: Exporter) -> None:
    make_player(exporter, retired_at=NIGHT)
    make_player(make_exporter(exporter.platform))
    job = make_schedule(exporter)
    assert schedules.open_due(NIGHT - MINUTE) == 0
    assert schedules.open_due(NIGHT + MINUTE) == 3
    assert schedules.open_due(NIGHT + 2 * MINUTE) == 0
    found = set(Episode.objects.values_list("trigger", "due_at", "opened_at", "job_version"))
    assert found == {(Trigger.SCHEDULE, NIGHT, NIGHT + MINUTE, 1)}
    assert set(Episode.objects.values_list("player__exporter", flat=True)) == {exporter.pk}
    job.refresh_from_db()
    assert (job.due_at, job.due_zone, job.missed_runs) == (NIGHT + DAY, "Europe/Moscow", 0)


@pytest.mark.django_db
def test_a_long_stop_is_counted_and_nothing_is_replayed(exporter: Exporter) -> None:
    job = make_schedule(exporter)
    later = NIGHT + 3 * DAY + timedelta(hours=1)
    assert schedules.open_due(later) == 0
    assert Episode.objects.count() == 0
    job.refresh_from_db()
    assert (job.missed_runs, job.missed_at, job.due_at) == (4, later, NIGHT + 4 * DAY)


@pytest.mark.django_db
def test_people_hear_once_of_runs_that_were_missed(exporter: Exporter) -> None:
    job = make_schedule(exporter, mode=Mode.LIVE)
    for quiet in ({"notify": False, "mode": Mode.LIVE}, {"mode": Mode.SHADOW}):
        make_schedule(exporter, **quiet)
    later = NIGHT + 3 * DAY + timedelta(hours=1)
    assert schedules.open_due(later) == schedules.open_due(later + MINUTE) == 0
    notice = Notice.objects.get()
    assert (notice.kind, notice.about_id, notice.ended_at) == (MISSED.name, str(job.pk), later)
    assert notice.facts["missed"] == 4
    with translation.override("en"):
        text = MISSED.sentence(Told(job.name, notice.facts, lambda moment: moment[:16]))
    assert text.startswith(f"“{job.name}” missed 4 runs, the first of 2026-11-22T00:00")
    assert text.endswith("the next one is at 2026-11-26T00:00.")


@pytest.mark.django_db
def test_a_player_that_is_still_busy_is_left_out_and_comes_again_the_next_time(
    exporter: Exporter,
) -> None:
    make_schedule(exporter)
    assert schedules.open_due(NIGHT) == 3
    first, *_others = Episode.objects.order_by("pk")
    Episode.objects.filter(pk=first.pk).update(
        closed=True, closed_at=NIGHT + MINUTE, ending=Ending.DONE
    )
    assert schedules.open_due(NIGHT + DAY) == 1
    assert Episode.objects.open().get(due_at=NIGHT + DAY).player_id == first.player_id


@pytest.mark.django_db
def test_a_platform_that_moves_takes_its_schedules_along(exporter: Exporter) -> None:
    job = make_schedule(exporter, due_at=None)
    schedules.open_due(NIGHT - DAY / 2)
    job.refresh_from_db()
    assert job.due_at == NIGHT
    Platform.objects.filter(pk=job.platform_id).update(time_zone="Europe/Berlin")
    assert schedules.open_due(NIGHT - DAY / 2 + MINUTE) == 0
    job.refresh_from_db()
    assert (job.due_at, job.due_zone) == (NIGHT + timedelta(hours=2), "Europe/Berlin")
    own = make_schedule(exporter, due_at=None, time_zone="Europe/Moscow")
    schedules.open_due(NIGHT - MINUTE)
    own.refresh_from_db()
    assert own.due_at == NIGHT


@pytest.mark.django_db
def test_what_is_off_runs_nothing_and_one_bad_schedule_holds_up_no_other(
    exporter: Exporter,
) -> None:
    make_schedule(exporter, enabled=False)
    make_schedule(exporter, removed_at=NIGHT)
    shut = make_exporter(make_platform(active=False))
    make_player(shut)
    make_schedule(shut)
    make_schedule(exporter, time_zone="Nowhere/Land")
    make_schedule(exporter, cron="61 3 * * *")
    good = make_schedule(exporter)
    assert schedules.open_due(NIGHT) == 3
    assert set(Episode.objects.values_list("job_id", flat=True)) == {good.pk}


def give(episode: Episode, standing: Standing, outcome: str = "") -> JobExecution:
    execution: JobExecution = JobExecution.objects.create(
        platform_id=episode.platform_id,
        episode=episode,
        job_id=episode.job_id,
        player_id=episode.player_id,
        attempt=1,
        rung=0,
        mode=Mode.LIVE,
        standing=standing,
        outcome=outcome,
        created_at=NIGHT,
    )
    return execution


@pytest.mark.django_db
def test_what_could_not_be_done_in_time_is_left_out_and_frees_the_next_night(
    exporter: Exporter,
) -> None:
    make_schedule(exporter)
    schedules.open_due(NIGHT)
    held, queued, begun = Episode.objects.order_by("pk")
    Episode.objects.filter(pk=queued.pk).update(suppressed=Gate.RATE.value)
    give(begun, Standing.COMMANDED)
    assert schedules.close_over(NIGHT + 15 * MINUTE) == 0
    assert schedules.close_over(NIGHT + 16 * MINUTE) == 1
    held.refresh_from_db()
    assert (held.ending, held.closed_at) == (Ending.LATE, NIGHT + 16 * MINUTE)
    assert schedules.close_over(NIGHT + timedelta(hours=4)) == 0
    assert schedules.close_over(NIGHT + timedelta(hours=5)) == 1
    assert Episode.objects.open().get() == begun
    assert schedules.keep(NIGHT + DAY) == 2


@pytest.mark.django_db
@pytest.mark.parametrize("standing", [Standing.OVER, Standing.DECLINED, Standing.LAPSED])
def test_an_episode_ends_with_its_attempt(exporter: Exporter, standing: Standing) -> None:
    make_schedule(exporter)
    schedules.open_due(NIGHT)
    first, second, _third = Episode.objects.order_by("pk")
    give(first, standing)
    give(second, Standing.PROPOSED)
    assert schedules.close_over(NIGHT + MINUTE) == 1
    first.refresh_from_db()
    assert first.ending == Ending.DONE
    schedules.close_over(NIGHT + DAY)
    assert Episode.objects.open().get() == second


@pytest.mark.django_db
def test_nothing_is_closed_for_which_an_attempt_began_meanwhile(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_schedule(exporter)
    schedules.open_due(NIGHT)
    close = schedules._close

    def slow(pks: list[int], rev: int, ending: Ending, now: datetime) -> int:
        Episode.objects.filter(pk=pks[0]).update(rev=F("rev") + 1)  # as an attempt does
        return close(pks, rev, ending, now)

    monkeypatch.setattr(schedules, "_close", slow)
    assert schedules.close_over(NIGHT + DAY) == 2
    assert Episode.objects.open().count() == 1


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_workers_that_come_at_once_open_each_due_time_once(exporter: Exporter) -> None:
    jobs = [make_schedule(exporter, "*/5 * * * *") for _number in range(4)]
    times = [NIGHT + number * 5 * MINUTE for number in range(6)]

    def worker(now: datetime) -> Callable[[int], int]:
        return lambda at: schedules.open_due(now)

    for now in times:
        # Between the runs their players are done with; else the next time leaves them out.
        assert sum(together(worker(now), 6)) == 12
        Episode.objects.open().update(closed=True, closed_at=now, ending=Ending.DONE)
    runs = list(Episode.objects.values_list("job_id", "player_id", "due_at"))
    assert len(runs) == len(set(runs)) == len(jobs) * 3 * len(times)
    assert sum(Job.objects.values_list("missed_runs", flat=True)) == 0
