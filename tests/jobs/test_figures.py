"""What Remosa tells Prometheus of its engine: right names, right counts, never an exception."""

import subprocess
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from pytest_django import DjangoAssertNumQueries

from devices import ledger
from devices.models import BudgetPeriod, Span
from jobs import figures
from jobs.figures import EngineCollector
from jobs.models import Brake, Engine, Job
from platforms.models import Platform
from tests.devices.world import give, make_socket
from tests.factories import make_exporter
from tests.jobs.world import make_job

MIDDAY = datetime(2026, 11, 10, 12, tzinfo=UTC)


def page() -> str:
    registry = CollectorRegistry()
    registry.register(EngineCollector())
    return generate_latest(registry).decode()


def lines(name: str) -> list[str]:
    return [line for line in page().splitlines() if line.startswith(name)]


def limit(platform: Platform, *, day: int | None = None, month: int | None = None) -> None:
    platform.sms_limit_day, platform.sms_limit_month = day, month
    platform.save(update_fields=["sms_limit_day", "sms_limit_month"])


def send(platform: Platform, sms: int, at: datetime) -> None:
    ledger.reserve(platform, at, used=sms, kept=0, by_job=False)


def shares(at: datetime) -> dict[str, float]:
    (family,) = (
        each for each in figures.families(at) if each.name == "remosa_sms_budget_used_ratio"
    )
    return {each.labels["platform_id"]: each.value for each in family.samples}


@pytest.fixture
def busy(platform_a: Platform) -> None:
    ticked = timezone.now() - timedelta(seconds=12)
    Engine.objects.update_or_create(
        pk=1, defaults={"ticks": 40, "missed": 2, "took": 0.25, "ticked_at": ticked}
    )
    first, second = make_job(platform_a), make_job(platform_a, hold=600)
    Job.objects.filter(pk=first.pk).update(figures={"ok": 7, "firing": 1})
    Job.objects.filter(pk=second.pk).update(figures={"ok": 8, "unknown": 3})
    give(make_socket(platform_a), "power_cycle")
    Brake.objects.create(platform=platform_a, exporter=make_exporter(platform_a), engaged=True)
    BudgetPeriod.objects.filter(platform=platform_a).delete()
    limit(platform_a, day=100, month=100)
    today = ledger.day_of(platform_a, timezone.now())
    for span, starts, used in ((Span.DAY, today, 5), (Span.MONTH, today.replace(day=1), 90)):
        BudgetPeriod.objects.create(
            platform=platform_a, span=span, starts=starts, limit=100, used=used
        )


@pytest.mark.usefixtures("busy")
def test_figures_are_those_of_the_rows(platform_a: Platform) -> None:
    assert lines("remosa_engine_ticks_total") == ["remosa_engine_ticks_total 40.0"]
    assert lines("remosa_engine_missed_ticks_total") == ["remosa_engine_missed_ticks_total 2.0"]
    assert 'remosa_job_devices{state="ok"} 15.0' in lines("remosa_job_devices")
    assert 'remosa_job_devices{state="unknown"} 3.0' in lines("remosa_job_devices")
    assert 'remosa_commands{state="queued"} 1.0' in lines("remosa_commands{")
    assert 'remosa_commands_total{outcome="verified"} 0.0' in lines("remosa_commands_total")
    (budget,) = lines("remosa_sms_budget_used_ratio")
    assert budget == f'remosa_sms_budget_used_ratio{{platform_id="{platform_a.pk}"}} 0.9'
    (brake,) = lines("remosa_brake_engaged")
    assert brake.endswith("1.0")


@pytest.mark.django_db
def test_the_sms_of_a_day_that_is_over_fill_no_limit(platform_a: Platform) -> None:
    limit(platform_a, day=10, month=1000)
    send(platform_a, 10, MIDDAY)
    assert shares(MIDDAY) == {str(platform_a.pk): 1.0}
    assert shares(MIDDAY + timedelta(days=1)) == {str(platform_a.pk): 0.01}  # of the month
    assert shares(MIDDAY + timedelta(days=30)) == {str(platform_a.pk): 0.0}


@pytest.mark.django_db
def test_the_limit_of_now_counts_not_the_one_under_which_was_sent(platform_a: Platform) -> None:
    limit(platform_a, day=10)
    send(platform_a, 10, MIDDAY)
    limit(platform_a, day=40)
    assert shares(MIDDAY) == {str(platform_a.pk): 0.25}
    limit(platform_a, day=4)
    assert shares(MIDDAY) == {str(platform_a.pk): 1.0}
    limit(platform_a)
    assert shares(MIDDAY) == {}


@pytest.mark.django_db
def test_a_platform_west_of_utc_has_its_own_month_and_day(platform_a: Platform) -> None:
    Platform.objects.filter(pk=platform_a.pk).update(time_zone="America/Los_Angeles")
    platform_a.refresh_from_db()
    limit(platform_a, month=10)
    still_october = datetime(2026, 11, 1, 2, tzinfo=UTC)
    send(platform_a, 5, still_october)
    assert shares(still_october) == {str(platform_a.pk): 0.5}
    assert shares(still_october + timedelta(hours=6)) == {str(platform_a.pk): 0.0}


@pytest.mark.django_db
def test_a_platform_that_is_shut_or_may_send_nothing_has_no_share(
    platform_a: Platform, platform_b: Platform
) -> None:
    limit(platform_a, day=0, month=0)
    limit(platform_b, day=5)
    Platform.objects.filter(pk=platform_b.pk).update(active=False)
    assert shares(MIDDAY) == {}


@pytest.mark.usefixtures("busy")
def test_promtool_finds_nothing(promtool: str) -> None:
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=page(), capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


@pytest.mark.usefixtures("busy")
def test_the_page_costs_the_same_whatever_there_is(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(9):
        list(figures.families(timezone.now()))


@pytest.mark.usefixtures("busy")
def test_a_page_that_is_asked_again_at_once_counts_nothing(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    collector = EngineCollector()
    first = list(collector.collect())
    with django_assert_num_queries(0):
        assert list(collector.collect()) == first


@pytest.mark.django_db
def test_without_its_database_the_page_tells_the_rest() -> None:
    with patch.object(figures, "families", side_effect=OperationalError):
        assert list(EngineCollector().collect()) == []


@pytest.mark.usefixtures("busy")
def test_remosa_serves_them_on_its_own_page(settings: object, client: Client) -> None:
    settings.METRICS_TOKEN = "the-token"  # type: ignore[attr-defined]
    answer = client.get("/metrics", headers={"Authorization": "Bearer the-token"})
    assert answer.status_code == 200
    assert b"remosa_engine_missed_ticks_total" in answer.content
