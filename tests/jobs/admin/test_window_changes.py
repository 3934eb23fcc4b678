"""The form of a window that is there: nobody's change is taken back unseen, no moment slips."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from jobs import maintenance, window_words
from jobs.models import MaintenanceWindow
from platforms.models import AuditEntry, Platform, User
from tests.conftest import ClientOf
from tests.jobs.admin.test_standstill_pages import plan, text, typed, window

pytestmark = pytest.mark.django_db
BEGINS = datetime(2031, 3, 4, 22, tzinfo=UTC)
LONGER = BEGINS + timedelta(hours=5)


@pytest.fixture
def row(platform_a: Platform) -> MaintenanceWindow:
    """What `typed` types, by a clock in Greenwich."""
    Platform.objects.filter(pk=platform_a.pk).update(time_zone="UTC")
    made: MaintenanceWindow = MaintenanceWindow.objects.create(
        platform=platform_a,
        name="Night work",
        starts_at=BEGINS,
        ends_at=BEGINS + timedelta(minutes=90),
    )
    return made


def make_longer(row: MaintenanceWindow) -> None:
    MaintenanceWindow.objects.filter(pk=row.pk).update(ends_at=LONGER)


def change(client: Any, row: MaintenanceWindow, **fields: Any) -> Any:
    """Open the form of a window, look at what it covers, then change it."""
    address = window("edit", row)
    return plan(client, address, revision=client.get(address).context["revision"], **fields)


def stored(row: MaintenanceWindow) -> tuple[str, datetime]:
    found = MaintenanceWindow.objects.get(pk=row.pk)
    return found.name, found.ends_at


def when(row: MaintenanceWindow) -> str:
    """Return when the stored window lasts, as pages say it."""
    return window_words.times(MaintenanceWindow.objects.get(pk=row.pk).times, UTC)


def carried(answer: Any) -> dict[str, str]:
    """Return what a form carries along, as the page has it."""
    page = text(answer)
    values = {name: answer.context[name] for name in ("seen", "revision")}
    assert all(f'name="{name}" value="{value}"' in page for name, value in values.items())
    return values


def test_a_form_opened_before_a_colleagues_change_does_not_take_it_back(
    row: MaintenanceWindow, mona: User, alice: User, client_of: ClientOf
) -> None:
    client, address = client_of(mona), window("edit", row)
    opened = carried(client.get(address))
    change(client_of(alice), row, ends_at_0="2031-03-05", ends_at_1="03:00")
    assert stored(row) == ("Night work", LONGER)
    looked = client.post(address, typed(name="Roof work", **opened))
    assert looked.context["outdated"]
    late = client.post(address, typed(name="Roof work", **{**carried(looked), **opened}, plan="1"))
    assert stored(row) == ("Night work", LONGER)
    assert late.status_code == 200
    assert AuditEntry.objects.filter(target_type="jobs.maintenancewindow").count() == 1


def test_a_change_between_look_and_plan_is_told_with_what_is_stored_and_what_was_typed(
    row: MaintenanceWindow, mona: User, client_of: ClientOf
) -> None:
    client, address = client_of(mona), window("edit", row)
    looked = client.post(address, typed(name="Roof work", **carried(client.get(address))))
    assert not looked.context["outdated"]
    make_longer(row)
    refused = client.post(address, typed(name="Roof work", **carried(looked), plan="1"))
    page = text(refused)
    assert "Somebody changed this window in the meantime" in page
    assert when(row) in page
    assert 'value="Roof work"' in page
    assert 'value="23:30:00"' in page or 'value="23:30"' in page
    assert stored(row) == ("Night work", LONGER)
    again = client.post(address, typed(name="Roof work", **carried(refused), plan="1"))
    assert again.status_code == 302
    assert stored(row) == ("Roof work", BEGINS + timedelta(minutes=90))


def test_a_change_in_the_very_moment_of_storing_is_told_as_well(
    row: MaintenanceWindow, mona: User, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = maintenance.change

    def late(*args: Any) -> Any:
        make_longer(row)
        return real(*args)

    monkeypatch.setattr(maintenance, "change", late)
    refused = change(client_of(mona), row, name="Roof work")
    assert "Somebody changed this window in the meantime" in text(refused)
    assert when(row) in text(refused)
    assert stored(row) == ("Night work", LONGER)
    assert carried(refused)["revision"] == maintenance.stamp(MaintenanceWindow.objects.get())


@pytest.mark.parametrize("revision", [{}, {"revision": ""}, {"revision": "rubbish\0"}])
def test_a_form_that_does_not_tell_what_it_showed_changes_nothing(
    row: MaintenanceWindow, mona: User, client_of: ClientOf, revision: dict[str, str]
) -> None:
    client, address = client_of(mona), window("edit", row)
    looked = client.post(address, typed(name="Roof work", **revision))
    seen = {"seen": looked.context["seen"], **revision}
    refused = client.post(address, typed(name="Roof work", **seen, plan="1"))
    assert "Nothing was stored." in text(refused)
    assert stored(row) == ("Night work", BEGINS + timedelta(minutes=90))


def test_a_new_window_needs_no_state_of_an_older_one(
    platform_a: Platform, mona: User, client_of: ClientOf
) -> None:
    client = client_of(mona)
    add = reverse("admin:jobs_maintenancewindow_add")
    assert 'name="revision"' not in text(client.get(add))
    looked = client.post(add, typed())
    assert client.post(add, typed(seen=looked.context["seen"], plan="1")).status_code == 302


@pytest.mark.parametrize("weekly", [False, True])
@pytest.mark.parametrize("showing", [0, 1])
def test_a_window_around_clocks_that_are_put_back_stays_where_it_is_when_only_renamed(
    platform_a: Platform, mona: User, client_of: ClientOf, showing: int, weekly: bool
) -> None:
    """Berlin shows 2:00 to 3:00 twice on 26 October 2031; the API tells the two apart."""
    Platform.objects.filter(pk=platform_a.pk).update(time_zone="Europe/Berlin")
    begins = datetime(2031, 10, 26, showing, 10, 5, 123, tzinfo=UTC)
    ends = begins + timedelta(minutes=30)
    row = MaintenanceWindow.objects.create(
        platform=platform_a,
        name="Night work",
        starts_at=begins,
        ends_at=ends,
        time_zone="Europe/Berlin",
        weekly=weekly,
    )
    client = client_of(mona)
    form = client.get(window("edit", row)).context["form"]
    times = {
        f"{name}_{number}": part
        for name in ("starts_at", "ends_at")
        for number, part in enumerate(f"{form[name].value()}".split(" "))
    }
    assert times["starts_at_1"] == "02:10:05"
    more = {"weekly": "on"} if weekly else {}
    assert change(client, row, name="Renamed", **times, **more).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.starts_at, row.ends_at) == ("Renamed", begins, ends)
    (line,) = AuditEntry.objects.filter(target_type="jobs.maintenancewindow")
    assert set(line.after) == {"name"}
    change(client, row, **{**times, "ends_at_1": "02:50"}, **more)
    row.refresh_from_db()
    assert row.ends_at == datetime(2031, 10, 26, 1, 50, tzinfo=UTC), "what is typed ends for good"
