"""The monitored devices over the API: rows and Prometheus united, a page at a time."""

from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from exporters import enrolment
from exporters.entries import Entry
from exporters.models import Exporter, ExporterProcess
from platforms.audit import SYSTEM
from platforms.models import Platform, User
from tests import factories
from tests.conftest import ApiOf

pytestmark = pytest.mark.django_db
LIST = "/api/v1/monitored-devices"


def test_without_prometheus_every_device_is_unknown_with_the_reason(
    api_of: ApiOf, bob: User, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    site = factories.make_site(exporter_a.platform, "Mall")
    row = factories.make_mac(exporter_a, "06:42:40:92:60:B4", "Холл", ip="192.168.1.7")
    row.player.site = site
    row.player.save()
    factories.make_mac(exporter_b)
    answer = api_of(bob).get(LIST)
    assert answer.status_code == 200
    told = answer.json()
    (device,) = told.pop("results")
    assert told.pop("at") <= timezone.now().isoformat()
    assert told == {"count": 1, "next": None, "previous": None, "outage": "prometheus_away"}
    assert "Prometheus" in device.pop("message")
    assert device == {
        "player_id": row.player_id,
        "platform_id": exporter_a.platform_id,
        "platform_name": "Alpha",
        "exporter_id": exporter_a.pk,
        "exporter_name": "Malls of Alpha",
        "exporter_type": "cubic",
        "site_id": site.pk,
        "site_name": "Mall",
        "identity": "06:42:40:92:60:B4",
        "name": "Холл",
        "ip": "192.168.1.7",
        "outip": "",
        "status": "unknown",
        "reason": "prometheus_away",
        "since": None,
        "since_at_least": False,
        "labels": {"name": "", "ip": "", "outip": ""},
    }


def test_filters_narrow_and_never_widen(
    api_of: ApiOf, alice: User, platform_a: Platform, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    first = factories.make_mac(exporter_a, "06:42:40:92:60:B4", "Холл")
    second = factories.make_mac(factories.make_exporter(platform_a), "06:42:40:92:60:B5", "Вход")
    foreign = factories.make_mac(exporter_b, "06:42:40:92:60:B4", "Холл")
    client = api_of(alice)
    queries: tuple[tuple[dict[str, Any], list[str]], ...] = (
        ({}, [second.mac, first.mac]),
        ({"order": "-name"}, [first.mac, second.mac]),
        ({"platform_id": platform_a.pk, "order": "identity"}, [first.mac, second.mac]),
        ({"exporter_id": exporter_a.pk}, [first.mac]),
        ({"search": "06-42-40-92-60-b5"}, [second.mac]),
        ({"search": "ХОЛЛ"}, [first.mac]),
        ({"status": "unknown", "search": "Вход"}, [second.mac]),
        ({"status": "online"}, []),
        ({"platform_id": foreign.platform_id}, []),
        ({"exporter_id": foreign.exporter_id}, []),
    )
    for query, macs in queries:
        told = client.get(LIST, query).json()
        assert [device["identity"] for device in told["results"]] == macs, query


@pytest.mark.parametrize(
    "query",
    [
        "status=up",
        "platform_id=x",
        "search=" + "x" * 201,
        "order=labels",
        "page=0",
        "page_size=0",
        "page_size=1001",
        "exporter=1",
    ],
)
def test_a_wrong_parameter_is_told(api_of: ApiOf, alice: User, query: str) -> None:
    answer = api_of(alice).get(f"{LIST}?{query}")
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [query.partition("=")[0]]


def test_devices_are_sorted_by_address(api_of: ApiOf, alice: User, exporter_a: Exporter) -> None:
    typed = ("10.0.0.10", None, "10.0.0.9")
    entries = [Entry(0, factories.mac_of(at), "", ip, None) for at, ip in enumerate(typed)]
    enrolment.enrol(exporter_a, entries, SYSTEM)
    client = api_of(alice)
    for order, first, second in (("ip", "10.0.0.9", "10.0.0.10"), ("-ip", "10.0.0.10", "10.0.0.9")):
        told = client.get(f"{LIST}?order={order}").json()
        assert [device["ip"] for device in told["results"]] == [first, second, ""]


def test_pages_follow_each_other(
    api_of: ApiOf,
    alice: User,
    exporter_a: Exporter,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(5):
        factories.make_mac(exporter_a)
    ExporterProcess.objects.create(kind="cubic", instance="cubic-1", address="127.0.0.1:19101")
    client = api_of(alice)
    seen, address = [], f"{LIST}?page_size=2"
    while address:
        told = client.get(address).json()
        assert told["count"] == 5
        seen += [device["identity"] for device in told["results"]]
        address = told["next"]
    assert len(set(seen)) == 5
    assert client.get(f"{LIST}?page=2").status_code == 404
    with django_assert_num_queries(8) as small:
        client.get(f"{LIST}?page_size=1")
    with django_assert_num_queries(len(small)):
        client.get(f"{LIST}?page_size=5")
