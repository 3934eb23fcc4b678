"""Maintenance windows: who plans them, what they cover, when they come, and what is recorded."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.senders import Sender
from exporters.models import Exporter
from jobs import maintenance, windows, zones
from jobs.maintenance import Plan, WindowRefused
from jobs.models import Episode, Job, JobTarget, MaintenanceWindow
from platforms.audit import Action, Actor
from platforms.models import AuditEntry, Platform, User
from tests.factories import make_exporter, make_player, make_site

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def by(user: User) -> Sender:
    return Sender(Actor(str(user), "test", user.pk), user)


@pytest.fixture
def lobby(platform_a: Platform) -> Exporter:
    platform_a.time_zone = "Europe/Moscow"
    platform_a.save(update_fields=["time_zone"])
    return make_exporter(platform_a, "Lobby")


def wish(platform: Platform, **values: Any) -> Plan:
    return Plan(platform, "New cables", NOW + HOUR, NOW + 3 * HOUR, **values)


def make_job(exporter: Exporter, **fields: Any) -> Job:
    name = f"Job {Job.objects.count()}"
    job: Job = Job.objects.create(platform_id=exporter.platform_id, name=name, **fields)
    if not job.whole_platform:
        JobTarget.objects.create(platform_id=exporter.platform_id, job=job, exporter=exporter)
    return job


def refusal(deed: Any, *args: Any) -> str:
    with pytest.raises(WindowRefused) as refused:
        deed(*args)
    return refused.value.code


def test_planning_changing_and_cancelling_are_recorded(lobby: Exporter, mona: User) -> None:
    wanted = wish(lobby.platform, exporter=lobby)
    row = maintenance.plan(wanted, by(mona), NOW)
    assert (row.author, row.time_zone) == (mona, "Europe/Moscow")
    assert Plan.of(MaintenanceWindow.objects.get(pk=row.pk)) == wanted
    longer = replace(wanted, ends_at=NOW + 5 * HOUR)
    maintenance.change(row, vars(longer), by(mona), NOW)
    maintenance.change(row, vars(longer), by(mona), NOW)  # nothing changes: nothing is recorded
    maintenance.cancel(row, by(mona), NOW)
    assert refusal(maintenance.cancel, row, by(mona), NOW) == "over"
    assert refusal(maintenance.change, row, vars(longer), by(mona), NOW) == "over"
    lines = AuditEntry.objects.filter(target_type="jobs.maintenancewindow").order_by("pk")
    assert [each.action for each in lines] == [Action.CREATED, Action.CHANGED, Action.CANCELLED]
    assert set(lines[1].after) == {"ends_at"}


def test_users_and_viewers_and_other_platforms_plan_nothing(
    lobby: Exporter, ursula: User, bob: User, charlie: User, mona: User
) -> None:
    for user in (ursula, bob, charlie):
        assert refusal(maintenance.plan, wish(lobby.platform), by(user), NOW) == "role"
    row = maintenance.plan(wish(lobby.platform), by(mona), NOW)
    for user in (ursula, charlie):
        assert refusal(maintenance.cancel, row, by(user), NOW) == "role"
    job = Sender.job("Some job")
    assert refusal(maintenance.plan, wish(lobby.platform), job, NOW) == "role"


def test_a_window_names_things_of_its_own_platform_alone(
    lobby: Exporter, exporter_b: Exporter, root: User
) -> None:
    wanted = wish(lobby.platform, exporter=exporter_b)
    assert refusal(maintenance.plan, wanted, by(root), NOW) == "platform"
    row = maintenance.plan(wish(lobby.platform), by(root), NOW)
    moved = wish(exporter_b.platform)
    assert refusal(maintenance.change, row, vars(moved), by(root), NOW) == "platform"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"name": " "}, "name"),
        ({"name": "n" * 121}, "name"),
        ({"ends_at": NOW + HOUR}, "order"),
        ({"starts_at": NOW - 2 * HOUR, "ends_at": NOW}, "over"),
        ({"until": date(2027, 1, 1)}, "until"),
        ({"weekly": True, "until": date(2026, 11, 22)}, "until"),
        ({"weekly": True, "ends_at": NOW + 8 * DAY}, "long"),
        (
            {
                "weekly": True,
                "starts_at": NOW - 30 * DAY,
                "ends_at": NOW - 29 * DAY,
                "until": date(2026, 11, 1),
            },
            "over",
        ),
    ],
)
def test_a_window_that_never_comes_is_refused(
    lobby: Exporter, mona: User, values: dict[str, Any], code: str
) -> None:
    wanted = replace(wish(lobby.platform), **values)
    assert refusal(maintenance.plan, wanted, by(mona), NOW) == code
    assert not MaintenanceWindow.objects.exists()


def test_the_preview_tells_players_jobs_and_times_in_as_many_queries_however_many_there_are(
    lobby: Exporter,
) -> None:
    site = make_site(lobby.platform, time_zone="Europe/Berlin")
    hall = make_exporter(lobby.platform, "Hall")
    inside = make_player(lobby, name="Inside", site=site)
    make_player(lobby, name="Elsewhere")
    make_player(lobby, name="Retired", site=site, retired_at=NOW)
    make_player(hall, name="Of another exporter", site=site)
    about = [make_job(lobby), make_job(hall, whole_platform=True)]
    make_job(hall)
    make_job(lobby, removed_at=NOW)
    Episode.objects.create(
        platform=lobby.platform, job=about[0], job_version=1, player=inside, opened_at=NOW
    )
    wanted = wish(lobby.platform, exporter=lobby, site=site, weekly=True)
    with CaptureQueriesContext(connection) as asked:
        found = maintenance.preview(wanted, NOW)
    assert (found.players, found.some_players, found.bad) == (1, [inside], 1)
    assert (found.jobs, found.some_jobs) == (2, about)
    assert found.zone == "Europe/Berlin"
    assert found.periods[0] == (NOW + HOUR, NOW + 3 * HOUR)
    assert len(found.periods) == 10
    # The clock is put forward on the last Sunday of March: the same hour is an earlier moment.
    year = list(
        windows.periods(wanted.row().times, zones.of_window(wanted.row()), NOW, NOW + 150 * DAY)
    )
    assert year[-1].begins.hour == 12
    for number in range(20):
        make_player(lobby, name=f"{number}", site=site)
        make_job(lobby)
    with CaptureQueriesContext(connection) as again:
        assert maintenance.preview(wanted, NOW).players == 21
    assert len(again) == len(asked) == 5


def test_a_window_over_nobody_holds_back_no_job(lobby: Exporter) -> None:
    make_job(lobby, whole_platform=True)
    empty = make_site(lobby.platform)
    found = maintenance.preview(wish(lobby.platform, site=empty), NOW)
    assert (found.players, found.jobs) == (0, 0)


def test_a_weekly_window_keeps_its_hours_when_its_platform_moves(
    lobby: Exporter, mona: User
) -> None:
    row = maintenance.plan(wish(lobby.platform, weekly=True), by(mona), NOW)
    Platform.objects.filter(pk=lobby.platform_id).update(time_zone="Asia/Yekaterinburg")
    row = MaintenanceWindow.objects.get(pk=row.pk)
    period = windows.coming(row.times, zones.of_window(row), NOW + DAY)
    assert period is not None
    assert (
        period.begins == NOW + HOUR + 7 * DAY - 2 * HOUR
    )  # 16:00 as before, two zones to the east
    maintenance.change(row, {"name": "Renamed"}, by(mona), NOW)
    row.refresh_from_db()
    assert windows.coming(row.times, zones.of_window(row), NOW + DAY) == period


def test_a_change_leaves_what_it_does_not_name_as_it_is_by_then(
    lobby: Exporter, mona: User
) -> None:
    row = maintenance.plan(wish(lobby.platform), by(mona), NOW)
    MaintenanceWindow.objects.update(exporter=lobby, ends_at=NOW + 9 * HOUR)
    changed = maintenance.change(row, {"name": "Roof"}, by(mona), NOW)
    stored = MaintenanceWindow.objects.get()
    assert (stored.name, stored.exporter, stored.ends_at) == ("Roof", lobby, NOW + 9 * HOUR)
    assert Plan.of(stored) == Plan.of(changed)
    late = {"starts_at": NOW + 9 * HOUR}
    assert refusal(maintenance.change, row, late, by(mona), NOW) == "order", "of what is there now"


@pytest.mark.parametrize(
    "meanwhile",
    [
        {"name": "Roof"},
        {"starts_at": NOW},
        {"ends_at": NOW + 9 * HOUR},
        {"weekly": True},
        {"until": date(2027, 1, 1)},
        {"time_zone": "Asia/Yekaterinburg"},
    ],
)
def test_a_change_for_a_window_that_is_another_by_now_is_outdated_and_writes_nothing(
    lobby: Exporter, mona: User, meanwhile: dict[str, Any]
) -> None:
    row = maintenance.plan(wish(lobby.platform), by(mona), NOW)
    seen = maintenance.stamp(row)
    assert maintenance.stamp(MaintenanceWindow.objects.get()) == seen
    MaintenanceWindow.objects.update(**meanwhile)
    before = MaintenanceWindow.objects.values().get()
    mine = {"name": "Mine"}
    assert refusal(maintenance.change, row, mine, by(mona), NOW, seen) == "outdated"
    assert MaintenanceWindow.objects.values().get() == before
    assert AuditEntry.objects.filter(target_type="jobs.maintenancewindow").count() == 1


@pytest.mark.parametrize("name", ["exporter", "site", "player", "job"])
def test_a_window_over_something_else_has_another_stamp(lobby: Exporter, name: str) -> None:
    things: dict[str, Any] = {
        "exporter": lobby,
        "site": make_site(lobby.platform),
        "player": make_player(lobby),
        "job": make_job(lobby),
    }
    wanted = wish(lobby.platform)
    other = replace(wanted, **{name: things[name]})
    assert maintenance.stamp(other.row()) != maintenance.stamp(wanted.row())


def test_taking_a_window_back_writes_back_nothing_older(lobby: Exporter, mona: User) -> None:
    row = maintenance.plan(wish(lobby.platform), by(mona), NOW)
    MaintenanceWindow.objects.update(ends_at=NOW + 9 * HOUR, name="Roof")
    maintenance.cancel(row, by(mona), NOW)
    stored = MaintenanceWindow.objects.get()
    assert (stored.name, stored.ends_at, stored.cancelled_at) == ("Roof", NOW + 9 * HOUR, NOW)
    assert AuditEntry.objects.latest("pk").after["name"] == "Roof"
