"""Metrics as rows: the catalogue's after each release, others as they are found in Prometheus."""

import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from pytest_django import Settings

from jobs import catalogue, metric_discovery, synchronisation
from jobs.models import MonitoringMetric
from platforms.models import Platform
from tests import factories
from tests.prometheus_server import PrometheusServer, running_prometheus, tool

AT = int(time.time()) - 60
NOW = datetime.fromtimestamp(AT + 30, UTC)

pytestmark = pytest.mark.django_db


ONE = 900_001  # no other test has a platform of this number


@pytest.fixture
def platform(db: None) -> Platform:
    return factories.make_platform("One", pk=ONE)


def rows() -> dict[str, tuple[str, str, bool]]:
    """Return kind, label and whether it is offered, of metrics that were found."""
    found = MonitoringMetric.objects.filter(in_catalogue=False)
    return {each.name: (each.kind, each.identity, each.withdrawn_at is None) for each in found}


def test_the_rows_follow_the_catalogue_and_nothing_is_deleted() -> None:
    MonitoringMetric.objects.all().delete()
    call_command("sync_metrics", verbosity=0)
    every = MonitoringMetric.objects.all()
    assert set(every.values_list("name", flat=True)) == catalogue.metrics().keys()
    assert not every.filter(found_at=None).exists()
    assert synchronisation.synchronise() == 0
    old = MonitoringMetric.objects.create(name="of_an_older_release", kind="cubic", identity="mac")
    every.filter(name="device_status").update(kind="odd", withdrawn_at=NOW)
    assert synchronisation.synchronise() == 2
    assert old not in MonitoringMetric.objects.offered()
    assert MonitoringMetric.objects.offered().get(name="device_status").kind == ""


def test_a_found_metric_that_comes_into_the_catalogue_is_one_row() -> None:
    synchronisation.synchronise()
    row = MonitoringMetric.objects.get(name="device_status")
    MonitoringMetric.objects.filter(pk=row.pk).update(in_catalogue=False, kind="x")
    assert synchronisation.synchronise() == 1
    row.refresh_from_db()
    assert (row.in_catalogue, row.kind) == (True, "")


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    folder = tmp_path_factory.mktemp("found")
    of_one = f'platform_id="{ONE}",exporter_id="10"'
    series = [
        ("player_heat", f'{of_one},mac="A"'),
        ("player_volume", f'{of_one},device_id="5",kind="addreality"'),
        ("remosa_exporter_cubic_device_status", f'{of_one},mac="A",kind="cubic"'),
        ("remosa_exporter_cubic_device_info", f'{of_one},mac="A",kind="cubic"'),
        ("json_exporter_device_status", f'{of_one},mac="A",kind="cubic"'),
        ("device_status", f'{of_one},mac="A"'),
        ("secret_of_another", f'{of_one},mac="A",token_platform="{ONE}"'),
        ("of_nobody_here", f'platform_id="{ONE + 1}",exporter_id="10",mac="A"'),
        ("without_a_player", of_one),
    ]
    lines = [f"# TYPE {name} gauge\n{name}{{{labels}}} 1 {AT}\n" for name, labels in series]
    source = folder / "metrics.txt"
    source.write_text("".join(lines) + "# EOF\n", encoding="utf-8")
    create = [tool("promtool"), "tsdb", "create-blocks-from", "openmetrics"]
    subprocess.run([*create, str(source), str(folder / "data")], check=True, timeout=60)
    with running_prometheus(folder, "global: {scrape_interval: 1h}\n") as server:
        yield server


def test_metrics_of_players_are_found_and_those_of_one_platform_stay_its_own(
    prometheus: PrometheusServer, platform: Platform, settings: Settings
) -> None:
    settings.PROMETHEUS_URL = prometheus.url
    found = metric_discovery.discover(NOW)
    assert (found.found, found.added, found.fault) == (2, 2, "")
    assert rows() == {
        "player_heat": ("", "mac", True),
        "player_volume": ("addreality", "device_id", True),
    }
    assert metric_discovery.discover(NOW + timedelta(minutes=10)).added == 0
    heat = MonitoringMetric.objects.get(name="player_heat")
    assert heat.found_at == NOW, "since when it is known does not move"


def test_what_is_gone_is_withdrawn_and_comes_back_but_not_because_nobody_answers(
    prometheus: PrometheusServer, platform: Platform, settings: Settings
) -> None:
    MonitoringMetric.objects.create(name="player_gone", kind="", identity="mac", in_catalogue=False)
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"
    assert metric_discovery.discover(NOW).fault
    assert rows()["player_gone"][2]
    settings.PROMETHEUS_URL = prometheus.url
    assert metric_discovery.discover(NOW).withdrawn == 1
    assert not rows()["player_gone"][2]
    assert metric_discovery.discover(NOW + timedelta(days=1)).withdrawn == 2
    assert not rows()["player_heat"][2]
    metric_discovery.discover(NOW)
    assert rows()["player_heat"][2]
