"""Maintenance windows, pauses of jobs and brakes as pages."""

from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from jobs import acting
from jobs.models import Brake, JobPause, MaintenanceWindow
from platforms.models import AuditEntry, Platform, User
from tests import factories
from tests.conftest import ClientOf
from tests.jobs.acting_world import Fleet, make_fleet, make_job

pytestmark = pytest.mark.django_db
WINDOWS = reverse("admin:jobs_maintenancewindow_changelist")
PAUSES = reverse("admin:jobs_jobpause_changelist")
BRAKES = reverse("admin:jobs_brake_changelist")


@pytest.fixture
def fleet(platform_a: Platform) -> Fleet:
    """Twelve players of this moment."""
    fleet = make_fleet(platform_a, 12, 1)
    fleet.tick(timezone.now())
    return fleet


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return unescape(str(answer.content.decode()))


def window(word: str, row: MaintenanceWindow) -> str:
    return reverse(f"admin:jobs_maintenancewindow_{word}", args=[row.pk])


def typed(**fields: Any) -> dict[str, Any]:
    times = {"starts_at_0": "2031-03-04", "starts_at_1": "22:00"}
    return {"name": "Night work", **times, "ends_at_0": "2031-03-04", "ends_at_1": "23:30",
            **fields}  # fmt: skip


def plan(client: Any, address: str, **fields: Any) -> Any:
    """Look at what it covers, then plan it."""
    looked = client.post(address, typed(**fields))
    assert looked.status_code == 200
    seen = {"seen": looked.context["seen"], "plan": "1"}
    return client.post(address, typed(**fields, **seen)) if seen["seen"] else looked


# -- maintenance --------------------------------------------------------------------------------


def test_a_window_is_planned_after_a_look_at_what_it_covers(
    fleet: Fleet, mona: User, client_of: ClientOf
) -> None:
    fleet.fire(fleet.players[0])
    client, add = client_of(mona), f"{WINDOWS}add/"
    assert "Show what it covers" in text(client.get(add))
    looked = client.post(add, typed(exporter=fleet.exporter.pk))
    found = looked.context["covers"]["preview"]
    assert (found.players, found.jobs, found.bad) == (12, 1, 1)
    (period,) = looked.context["covers"]["periods"]
    assert period in text(looked)
    assert period.endswith("22:00 – 23:30")
    assert not MaintenanceWindow.objects.exists()
    seen = {"seen": looked.context["seen"], "plan": "1"}
    other = client.post(add, typed(**seen))  # of the whole platform, which nobody looked at
    assert "What it covers" in text(other)
    assert not MaintenanceWindow.objects.exists()
    done = client.post(add, typed(exporter=fleet.exporter.pk, **seen))
    row = MaintenanceWindow.objects.get()
    assert done.headers["Location"] == window("change", row)
    assert (row.platform, row.exporter, row.author) == (fleet.platform, fleet.exporter, mona)
    moscow = ZoneInfo(fleet.platform.time_zone)
    assert row.starts_at == datetime(2031, 3, 4, 22, tzinfo=moscow)
    assert AuditEntry.objects.latest("pk").target_id == str(row.pk)
    assert "Night work" in text(client.get(window("change", row)))
    assert "the whole platform" not in text(client.get(WINDOWS))


def test_times_are_those_of_the_clock_at_the_place(
    fleet: Fleet, mona: User, client_of: ClientOf
) -> None:
    site = factories.make_site(fleet.platform, time_zone="Asia/Vladivostok")
    fleet.players[0].site = site
    fleet.players[0].save()
    client = client_of(mona)
    plan(client, f"{WINDOWS}add/", who=fleet.players[0].identity, weekly="on")
    row = MaintenanceWindow.objects.get()
    assert (row.player, row.weekly, row.time_zone) == (fleet.players[0], True, "Asia/Vladivostok")
    assert row.starts_at == datetime(2031, 3, 4, 12, tzinfo=UTC)
    opened = client.get(window("edit", row)).context
    form, revision = opened["form"], opened["revision"]
    assert form["who"].value() == fleet.players[0].identity
    assert form["starts_at"].value().isoformat() == "2031-03-04T22:00:00"
    changed = {"site": site.pk, "name": "Later", "starts_at_1": "22:30"}
    plan(client, window("edit", row), revision=revision, **changed)
    row.refresh_from_db()
    assert (row.name, row.player, row.site, row.weekly) == ("Later", None, site, False)
    assert row.starts_at == datetime(2031, 3, 4, 12, 30, tzinfo=UTC)


def test_what_makes_no_sense_is_said_at_its_field(
    fleet: Fleet, platform_b: Platform, mona: User, client_of: ClientOf
) -> None:
    foreign = make_fleet(platform_b, 1)
    client = client_of(mona)
    for fields, name in (
        ({"name": ""}, "name"),
        ({"ends_at_1": "21:00"}, "ends_at"),
        ({"starts_at_0": "2020-01-01", "ends_at_0": "2020-01-02"}, "ends_at"),
        ({"until": "2031-05-05"}, "until"),
        ({"exporter": foreign.exporter.pk}, "exporter"),
        ({"job": foreign.job.pk}, "job"),
        ({"who": foreign.players[0].identity}, "who"),
        ({"starts_at_0": "rubbish"}, "starts_at"),
    ):
        answer = plan(client, f"{WINDOWS}add/", **fields)
        assert list(answer.context["form"].errors) == [name], fields
    assert not MaintenanceWindow.objects.exists()
    answer = client.post(f"{WINDOWS}add/", typed(platform=platform_b.pk))
    assert answer.context["form"].errors


def test_a_window_is_cancelled_after_a_question_by_whoever_may(
    fleet: Fleet, mona: User, ursula: User, bob: User, charlie: User, client_of: ClientOf
) -> None:
    plan(client_of(mona), f"{WINDOWS}add/")
    row = MaintenanceWindow.objects.get()
    for reader in (bob, ursula):
        client = client_of(reader)
        page = text(client.get(window("change", row)))
        assert window("cancel", row) not in page
        assert client.get(f"{WINDOWS}add/").status_code == 403
        for word in ("edit", "cancel"):
            assert client.post(window(word, row), typed()).status_code == 403
    for word in ("change", "edit", "cancel"):
        assert client_of(charlie).get(window(word, row)).status_code == 404
        assert client_of(charlie).post(window(word, row)).status_code in (403, 404)
    client = client_of(mona)
    assert "jobs act again" in text(client.get(window("cancel", row)))
    row.refresh_from_db()
    assert row.cancelled_at is None
    client.post(window("cancel", row))
    assert "cancelled" in text(client.get(WINDOWS))
    assert list(client.get(f"{WINDOWS}?of_state=to_come").context["cl"].result_list) == []
    assert window("cancel", row) not in text(client.get(window("change", row)))
    assert "This window is over." in text(client.post(window("cancel", row), follow=True))


# -- pauses of jobs -----------------------------------------------------------------------------


def test_a_job_is_paused_from_its_page_and_let_go_again(
    fleet: Fleet, mona: User, client_of: ClientOf
) -> None:
    client = client_of(mona)
    form = client.get(f"{PAUSES}add/?job={fleet.job.pk}").context["adminform"].form
    assert form.initial["job"] == fleet.job.pk
    past = {"expires_at_0": "2020-01-01", "expires_at_1": "10:00"}
    values = {"job": fleet.job.pk, "reason": "new panels"}
    refused = client.post(f"{PAUSES}add/", {**values, **past})
    assert list(refused.context["adminform"].form.errors) == ["expires_at"]
    none = {"expires_at_0": "", "expires_at_1": ""}
    assert client.post(f"{PAUSES}add/", {**values, **none}).status_code == 302
    pause = JobPause.objects.get()
    assert (pause.platform, pause.job, pause.author) == (fleet.platform, fleet.job, mona)
    assert "lasts" in text(client.get(PAUSES))
    lift = reverse("admin:jobs_jobpause_lift", args=[pause.pk])
    assert "acts again" in text(client.get(lift))
    assert JobPause.objects.get().lifted_at is None
    client.post(lift)
    assert JobPause.objects.get().lifted_at is not None
    assert client.post(lift).status_code == 403
    assert list(client.get(f"{PAUSES}?state=lasts").context["cl"].result_list) == []


def test_who_pauses_a_job(
    fleet: Fleet, mona: User, ursula: User, bob: User, charlie: User, client_of: ClientOf
) -> None:
    pause = JobPause.objects.create(
        platform=fleet.platform, job=fleet.job, reason="new panels", author_name="Mona"
    )
    values = {"job": fleet.job.pk, "reason": "mine", "expires_at_0": "", "expires_at_1": ""}
    lift = reverse("admin:jobs_jobpause_lift", args=[pause.pk])
    for reader in (ursula, bob):
        assert "new panels" in text(client_of(reader).get(PAUSES))
        assert client_of(reader).post(f"{PAUSES}add/", values).status_code == 403
        assert client_of(reader).post(lift).status_code == 403
    foreign = client_of(charlie)
    assert "new panels" not in text(foreign.get(PAUSES))
    assert list(foreign.post(f"{PAUSES}add/", values).context["adminform"].form.errors) == ["job"]
    assert foreign.post(lift).status_code == 404
    assert (
        "job"
        not in foreign.get(f"{PAUSES}add/?job={fleet.job.pk}").context["adminform"].form.initial
    )
    assert JobPause.objects.count() == 1


@pytest.mark.parametrize("by", ["page", "list"])
def test_a_pause_until_the_end_of_time_is_refused_and_stops_no_other_job(
    fleet: Fleet, mona: User, client_of: ClientOf, settings: Settings, by: str
) -> None:
    """West of Greenwich the last evening of the calendar is of a year that no program reads."""
    settings.TIME_ZONE = "America/New_York"
    other, client = make_job(fleet.platform, fleet.job.criterion, name="Other"), client_of(mona)
    if by == "page":
        end = {"expires_at_0": "9999-12-31", "expires_at_1": "23:59"}
        refused = client.post(f"{PAUSES}add/", {"job": other.pk, "reason": "new panels", **end})
        errors = refused.context["adminform"].form.errors
    else:
        chosen = {"action": "pause", "_selected_action": [other.pk]}
        asked = client.post(reverse("admin:jobs_job_changelist"), chosen)
        shown = {
            field.html_name: field.value() for field in asked.context["form"] if field.is_hidden
        }
        typed = {"reason": "new panels", "expires_at": "9999-12-31T23:59"}
        refused = client.post(reverse("admin:jobs_job_changelist"), {**shown, **typed})
        errors = refused.context["form"].errors
    assert "too far off" in str(errors)
    assert not JobPause.objects.exists()
    assert client.get(PAUSES).status_code == 200
    fleet.fire(fleet.players[0])
    assert acting.act(fleet.now) == 1


# -- brakes -------------------------------------------------------------------------------------


def test_brakes_are_read_with_counts_limits_and_since_when(
    fleet: Fleet, platform_b: Platform, bob: User, charlie: User, client_of: ClientOf
) -> None:
    fleet.fire(*fleet.players[:4])
    fleet.act()
    row = Brake.objects.get(platform=fleet.platform, exporter=fleet.exporter)
    client = client_of(bob)
    listed = text(client.get(BRAKES))
    assert "4 of 12" in listed
    assert "engaged" in listed
    shown = client.get(reverse("admin:jobs_brake_change", args=[row.pk]))
    counts = [(each["count"].bad, each["count"].limit) for each in shown.context["domains"]]
    assert counts == [(4, 2)] * 2
    assert "Too many players are bad or unknown at once" in text(shown)
    whole = Brake.objects.get(platform=fleet.platform, exporter=None)
    assert list(client.get(f"{BRAKES}?of_state=released").context["cl"].result_list) == []
    assert set(client.get(BRAKES).context["cl"].result_list) == {row, whole}
    assert (
        client_of(charlie).get(reverse("admin:jobs_brake_change", args=[row.pk])).status_code == 404
    )
    assert client.post(f"{BRAKES}{row.pk}/delete/").status_code == 403
    assert client.get(f"{BRAKES}add/").status_code == 403


def test_lists_cost_the_same_however_many_rows_there_are(
    fleet: Fleet, bob: User, client_of: ClientOf
) -> None:
    client = client_of(bob)

    def asked() -> list[int]:
        found = []
        for page in (WINDOWS, PAUSES, BRAKES):
            with CaptureQueriesContext(connection) as queries:
                text(client.get(page))
            found.append(len(queries))
        return found

    def add(number: int) -> None:
        begins = timezone.now() + timedelta(hours=1)
        for each in range(number):
            exporter = factories.make_exporter(fleet.platform)
            MaintenanceWindow.objects.create(
                platform=fleet.platform, name=f"W {each}", starts_at=begins, exporter=exporter,
                ends_at=begins + timedelta(hours=1), player=fleet.players[each], job=fleet.job,
            )  # fmt: skip
            JobPause.objects.create(
                platform=fleet.platform, job=fleet.job, reason="x", author_name="Mona"
            )
            Brake.objects.create(platform=fleet.platform, exporter=exporter)

    add(1)
    before = asked()
    add(9)
    assert asked() == before
