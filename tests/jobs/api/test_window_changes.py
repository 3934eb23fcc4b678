"""Changes of maintenance windows over the API, while others change them as well."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from jobs import maintenance
from jobs.models import MaintenanceWindow
from platforms.models import Platform, User
from tests.conftest import ApiOf
from tests.jobs.api.test_standing_still import API, window

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
WINDOWS = f"{API}/maintenance-windows"


def test_a_patch_changes_what_it_gives_and_nothing_that_others_changed_meanwhile(
    api_of: ApiOf, mona: User, platform_a: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = api_of(mona)
    told = client.post(WINDOWS, window(platform_a), "json").json()
    later, change = timezone.now() + timedelta(days=2), maintenance.change

    def late(*args: Any) -> Any:
        MaintenanceWindow.objects.update(ends_at=later)
        return change(*args)

    monkeypatch.setattr(maintenance, "change", late)
    answer = client.patch(f"{WINDOWS}/{told['id']}", {"name": "Roof work"}, "json")
    assert answer.status_code == 200, answer.content
    row = MaintenanceWindow.objects.get()
    assert (row.name, row.ends_at) == ("Roof work", later)
    assert parse_datetime(answer.json()["ends_at"]) == later


def test_a_patch_for_an_older_revision_is_refused_where_it_is_given(
    api_of: ApiOf, mona: User, alice: User, platform_a: Platform
) -> None:
    made = api_of(mona).post(WINDOWS, window(platform_a), "json").json()
    address, seen = f"{WINDOWS}/{made['id']}", made["revision"]
    assert api_of(mona).get(address).json()["revision"] == seen
    changed = api_of(alice).patch(address, {"weekly": True, "revision": seen}, "json").json()
    assert changed["revision"] != seen
    assert api_of(alice).get(address).json() == changed
    stale = {"name": "Roof work", "revision": seen}
    refused = api_of(mona).patch(address, stale, "json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "outdated")
    assert "Somebody changed this window" in refused.json()["error"]["message"]
    assert api_of(mona).get(address).json() == changed
    fresh = {**stale, "revision": changed["revision"]}
    assert api_of(mona).patch(address, fresh, "json").status_code == 200
    assert api_of(mona).patch(address, {"name": "Any"}, "json").status_code == 200


def test_a_new_window_has_no_revision_to_give(
    api_of: ApiOf, mona: User, platform_a: Platform
) -> None:
    refused = api_of(mona).post(WINDOWS, window(platform_a, revision="0"), "json")
    assert (refused.status_code, [*refused.json()["error"]["fields"]]) == (400, ["revision"])
