"""The pages of background work and its timetable: superadmins alone, and only how often."""

from collections.abc import Callable
from html import escape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from platforms import ticks
from platforms.models import AuditEntry, Tick, User
from remosa import timetable

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]
LIST = "/admin/django_celery_beat/periodictask/"


@pytest.fixture
def plan() -> PeriodicTask:
    timetable.synchronise()
    return PeriodicTask.objects.get(name="remosa.sightings")


def test_a_superadmin_reads_what_is_done_how_often(
    root: User, client_of: ClientOf, plan: PeriodicTask
) -> None:
    text = client_of(root).get(LIST).content.decode()
    for tick in timetable.TIMETABLE:
        assert escape(tick.title) in text


def test_the_list_costs_the_same_however_long_it_is(
    root: User, client_of: ClientOf, plan: PeriodicTask
) -> None:
    client = client_of(root)

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(LIST).status_code == 200
        return len(found)

    queries()
    before = queries()
    for number in range(30):
        PeriodicTask.objects.create(name=f"more {number}", task="x", interval=plan.interval)
    assert queries() == before


def test_an_interval_and_the_switch_are_changed_and_audited_and_nothing_else_is(
    root: User, client_of: ClientOf, plan: PeriodicTask
) -> None:
    minutes = IntervalSchedule.objects.create(every=5, period=IntervalSchedule.MINUTES)
    values = {"interval": minutes.pk, "task": "os.system", "name": "mine", "kwargs": '{"a": 1}'}
    answer = client_of(root).post(f"{LIST}{plan.pk}/change/", values)
    assert answer.status_code == 302
    plan.refresh_from_db()
    assert (plan.interval, plan.enabled) == (minutes, False)
    assert (plan.task, plan.name) == ("exporters.record_sightings", "remosa.sightings")
    assert plan.kwargs == "{}"
    entry = AuditEntry.objects.get(target_type="django_celery_beat.periodictask")
    assert entry.after["enabled"] is False


def test_an_interval_is_demanded(root: User, client_of: ClientOf, plan: PeriodicTask) -> None:
    answer = client_of(root).post(f"{LIST}{plan.pk}/change/", {"enabled": "on", "interval": ""})
    assert answer.status_code == 200
    plan.refresh_from_db()
    assert plan.interval is not None


def test_no_task_is_added_or_deleted_by_hand(
    root: User, client_of: ClientOf, plan: PeriodicTask
) -> None:
    client = client_of(root)
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(f"{LIST}{plan.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_span_can_be_added_and_not_changed(root: User, client_of: ClientOf) -> None:
    client, spans = client_of(root), "/admin/django_celery_beat/intervalschedule/"
    assert client.post(f"{spans}add/", {"every": 7, "period": "seconds"}).status_code == 302
    span = IntervalSchedule.objects.get(every=7)
    client.post(f"{spans}{span.pk}/change/", {"every": 8, "period": "seconds"})
    span.refresh_from_db()
    assert span.every == 7


@pytest.mark.parametrize("page", ["crontabschedule", "solarschedule", "clockedschedule"])
def test_other_schedules_have_no_pages(root: User, client_of: ClientOf, page: str) -> None:
    assert client_of(root).get(f"/admin/django_celery_beat/{page}/").status_code == 404


def test_background_work_is_shown_with_what_went_wrong(root: User, client_of: ClientOf) -> None:
    ticks.note("devices.dispatch", timezone.now(), "PostgreSQL runs with fsync=off")
    ticks.note("beat", timezone.now())
    text = client_of(root).get("/admin/platforms/tick/").content.decode()
    assert "PostgreSQL runs with fsync=off" in text
    assert "beat" in text
    row = Tick.objects.get(name="beat")
    assert client_of(root).get(f"/admin/platforms/tick/{row.pk}/change/").status_code == 200


@pytest.mark.parametrize(
    "page", ["platforms/tick/", "django_celery_beat/periodictask/"], ids=["work", "timetable"]
)
def test_nobody_else_comes_in(
    alice: User, bob: User, root: User, client_of: ClientOf, page: str
) -> None:
    for person in (alice, bob):
        assert client_of(person).get(f"/admin/{page}").status_code == 403
        assert f"/admin/{page}" not in client_of(person).get("/admin/").content.decode()
    assert f"/admin/{page}" in client_of(root).get("/admin/").content.decode()
