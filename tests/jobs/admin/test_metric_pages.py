"""The catalogue of metrics in the admin: words for members, counts of one's own jobs alone."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from jobs import synchronisation
from jobs.models import Condition, Job, MonitoringMetric
from platforms.models import Platform, User
from tests.conftest import ClientOf
from tests.factories import make_user

pytestmark = pytest.mark.django_db
LIST = reverse("admin:jobs_monitoringmetric_changelist")


@pytest.fixture(autouse=True)
def catalogue_rows(db: None) -> None:
    """Have the catalogue, and one metric that was found and is gone."""
    synchronisation.synchronise()
    MonitoringMetric.objects.create(
        name="acme_temperature_celsius", kind="", identity="mac", in_catalogue=False,
        found_at=timezone.now() - timedelta(days=9), withdrawn_at=timezone.now(),
    )  # fmt: skip


def named(name: str) -> MonitoringMetric:
    row: MonitoringMetric = MonitoringMetric.objects.get(name=name)
    return row


def asks(platform: Platform, metric: str, **fields: Any) -> Job:
    """Make a job with two conditions about one metric."""
    job: Job = Job.objects.create(platform=platform, **fields)
    for position in range(2):
        Condition.objects.create(
            platform=platform, job=job, position=position, metric=named(metric), operator="==",
            threshold=0,
        )  # fmt: skip
    return job


def page(client: Any, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return unescape(str(answer.content.decode()))


def names(client: Any, query: str) -> set[str]:
    return {row.name for row in client.get(f"{LIST}?{query}").context["cl"].result_list}


def used(client: Any) -> dict[str, int]:
    rows = client.get(LIST).context["cl"].result_list
    return {row.name: row.jobs_asking for row in rows if row.jobs_asking}


def one(row: MonitoringMetric) -> str:
    return reverse("admin:jobs_monitoringmetric_change", args=[row.pk])


def test_a_viewer_reads_what_each_metric_is(bob: User, client_of: ClientOf) -> None:
    client = client_of(bob)
    shown = page(client, LIST)
    assert "device_status" in shown
    assert "Availability" in shown
    assert "0 – 1" in shown
    shown = page(client, one(named("device_status")))
    for said in (
        "Whether the vendor says that the player is online.", "0: Offline, 1: Online",
        "every kind", "served",
    ):  # fmt: skip
        assert said in shown
    assert "('served'" not in shown
    shown = page(client, one(named("acme_temperature_celsius")))
    assert "Found in Prometheus" in shown
    assert "served no more" in shown


def test_a_russian_reads_it_in_russian(bob: User, client_of: ClientOf) -> None:
    client = client_of(bob)
    client.cookies["django_language"] = "ru"
    assert "по словам вендора" in page(client, one(named("device_status")))
    shown = page(client, one(named("remosa_exporter_addreality_last_online_timestamp_seconds")))
    assert re.search(r">\s*с\s*<", shown), "the unit too"


def test_it_is_found_by_its_title_in_both_languages_and_by_its_technical_name(
    bob: User, client_of: ClientOf
) -> None:
    client = client_of(bob)
    assert "device_status" in names(client, "q=STATUS")
    assert "device_status" in names(client, "q=статус")
    assert names(client, "q=temperature_cel") == {"acme_temperature_celsius"}
    assert names(client, "q=nothing-like-it") == set()


def test_filters_narrow_by_category_kind_and_state(bob: User, client_of: ClientOf) -> None:
    client = client_of(bob)
    gone = {"acme_temperature_celsius"}
    assert names(client, "category=found") == gone
    assert names(client, "of_state=withdrawn") == gone
    assert gone.isdisjoint(names(client, "of_state=served"))
    assert "device_status" in names(client, "category=availability&of_kind=every")
    of_cubic = names(client, "of_kind=cubic")
    assert of_cubic
    assert {named(each).kind for each in of_cubic} == {"cubic"}
    assert names(client, "category=odd") == names(client, "")


def test_only_ones_own_jobs_are_counted_and_named(
    bob: User, charlie: User, root: User, platform_a: Platform, platform_b: Platform,
    client_of: ClientOf,
) -> None:  # fmt: skip
    own = asks(platform_a, "device_status", name="Own job")
    asks(platform_b, "device_status", name="Job of Beta")
    asks(platform_b, "acme_temperature_celsius", name="Other job of Beta")
    asks(platform_a, "device_status", name="Removed", removed_at=timezone.now())
    assert used(client_of(bob)) == {"device_status": 1}
    assert used(client_of(charlie)) == {"device_status": 1, "acme_temperature_celsius": 1}
    assert used(client_of(root)) == {"device_status": 2, "acme_temperature_celsius": 1}
    shown = page(client_of(bob), one(named("device_status")))
    assert reverse("admin:jobs_job_change", args=[own.pk]) in shown
    assert "Own job" in shown
    assert "Beta" not in shown
    assert "Removed" not in shown
    assert "Beta" not in page(client_of(bob), one(named("acme_temperature_celsius")))
    assert "Job of Beta" in page(client_of(root), one(named("device_status")))


def test_nobody_changes_it_here_and_who_belongs_nowhere_sees_nothing(
    alice: User, root: User, client_of: ClientOf
) -> None:
    row = named("device_status")
    for person in (alice, root):
        client = client_of(person)
        assert client.get(f"{LIST}add/").status_code == 403
        assert client.post(one(row), {"name": "other"}).status_code == 403
        assert client.post(f"{one(row)[:-7]}delete/", {"post": "yes"}).status_code == 403
    assert client_of(make_user()).get(LIST).status_code == 302
    assert named("device_status").pk == row.pk


def test_the_list_costs_the_same_however_many_there_are(
    bob: User, platform_a: Platform, client_of: ClientOf
) -> None:
    client = client_of(bob)

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            page(client, LIST)
        return len(asked)

    first = cost()
    for number in range(30):
        MonitoringMetric.objects.create(name=f"found_{number}", identity="mac", in_catalogue=False)
        asks(platform_a, f"found_{number}", name=f"Job {number}")
    assert cost() == first <= 6
    rows = client.get(f"{LIST}?o=-8").context["cl"].result_list
    assert next(iter(rows)).jobs_asking == 1


def test_the_menu_leads_to_it(bob: User, client_of: ClientOf) -> None:
    assert f'href="{LIST}"' in page(client_of(bob), "/admin/jobs/job/")
