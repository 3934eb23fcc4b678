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

from devices import ledger, totals
from devices.models import BudgetPeriod, Command, CommandTotal, Span
from devices.states import State
from jobs import figures, retention
from jobs.figures import EngineCollector
from jobs.models import Brake, Engine, Job
from platforms import deliveries, delivery_totals
from platforms.channel_wire import Outcome, Told
from platforms.models import (
    ChannelKind,
    Delivery,
    DeliveryState,
    NotificationChannel,
    Platform,
)
from tests.devices.world import give, make_socket
from tests.factories import make_exporter
from tests.jobs.world import make_job
from tests.platforms.notice_world import NOW, make_channel

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


def deliver_to(channel: NotificationChannel, state: DeliveryState, family: str = "any") -> Delivery:
    """Write a message to a channel that stands so since noon."""
    delivery: Delivery = Delivery.objects.create(
        platform=channel.platform, channel=channel, family=family, state=state, created_at=MIDDAY,
        next_try=MIDDAY, first_try_at=MIDDAY, tries=1,
        lease_until=MIDDAY if state is DeliveryState.SENDING else None,
    )  # fmt: skip
    return delivery


def end(delivery: Delivery, outcome: Outcome) -> bool:
    told = Told(outcome, "" if outcome is Outcome.SENT else "status:410")
    return deliveries.record(deliveries.Claim(delivery, delivery.fence), told, MIDDAY)


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
def test_a_platform_whose_clock_is_not_known_any_more_hides_no_other(
    platform_a: Platform, platform_b: Platform
) -> None:
    for platform in (platform_a, platform_b):
        limit(platform, day=10)
    Platform.objects.filter(pk=platform_a.pk).update(time_zone="Nowhere/At_All")
    assert shares(MIDDAY) == {str(platform_b.pk): 0.0}


@pytest.mark.django_db
def test_a_platform_that_is_shut_or_may_send_nothing_has_no_share(
    platform_a: Platform, platform_b: Platform
) -> None:
    limit(platform_a, day=0, month=0)
    limit(platform_b, day=5)
    Platform.objects.filter(pk=platform_b.pk).update(active=False)
    assert shares(MIDDAY) == {}


def counter(name: str) -> dict[str, float]:
    """Return a counter by its last label."""
    return {
        list(each.labels.values())[-1]: each.value
        for family in figures.families(timezone.now())
        for each in family.samples
        if each.name == name and each.labels.get("channel_kind", "mail") == "mail"
    }


@pytest.mark.both_databases
@pytest.mark.django_db
def test_only_what_is_over_counts_as_an_outcome(platform_a: Platform) -> None:
    give(make_socket(platform_a), "power_cycle")
    deliver_to(make_channel(platform_a), DeliveryState.RETRYING)
    outcomes = counter("remosa_commands_total")
    assert set(outcomes) == {
        "accepted", "verified", "ineffective", "unresolved", "not_sent", "failed", "cancelled",
        "expired",
    }  # fmt: skip
    assert set(outcomes.values()) == {0.0}
    assert counter("remosa_notifications_total") == {"sent": 0.0, "given_up": 0.0, "dropped": 0.0}
    assert counter("remosa_notifications") == {"collecting": 0, "sending": 0, "retrying": 1}


@pytest.mark.both_databases
@pytest.mark.django_db
def test_counts_of_messages_never_fall_whatever_is_deleted(platform_a: Platform) -> None:
    """Neither by pruning, nor with a channel or a platform; nor does a channel of another kind."""
    channel = make_channel(platform_a)
    for number in range(3):
        end(deliver_to(channel, DeliveryState.SENDING, f"f{number}"), Outcome.SENT)
    end(deliver_to(channel, DeliveryState.SENDING), Outcome.PERMANENT)
    deliver_to(channel, DeliveryState.RETRYING)  # is dropped: the channel is switched off by now
    deliveries.tidy(MIDDAY)
    told = {"sent": 3.0, "given_up": 1.0, "dropped": 1.0}
    assert counter("remosa_notifications_total") == told

    for _pruned in retention.prune(MIDDAY + timedelta(days=400), 60):
        pass
    assert not Delivery.objects.exists()
    assert counter("remosa_notifications_total") == told

    deliver_to(channel, DeliveryState.SENT)
    deliveries.tidy(MIDDAY + timedelta(days=400))
    NotificationChannel.objects.update(kind=ChannelKind.SERVICE)
    assert counter("remosa_notifications_total") == told
    channel.delete()
    assert counter("remosa_notifications_total") == told
    end(deliver_to(make_channel(platform_a), DeliveryState.SENDING), Outcome.SENT)
    Platform.objects.filter(pk=platform_a.pk).delete()
    assert counter("remosa_notifications_total") == {**told, "sent": 4.0}


@pytest.mark.both_databases
@pytest.mark.django_db
def test_a_message_counts_once_with_its_end_or_not_at_all(platform_a: Platform) -> None:
    claimed = deliver_to(make_channel(platform_a), DeliveryState.SENDING)
    with (
        patch.object(delivery_totals, "count", side_effect=OperationalError),
        pytest.raises(OperationalError),
    ):
        end(claimed, Outcome.SENT)
    assert counter("remosa_notifications") == {"collecting": 0, "sending": 1, "retrying": 0}
    assert counter("remosa_notifications_total")["sent"] == 0
    assert end(claimed, Outcome.SENT)
    assert not end(claimed, Outcome.SENT), "a worker that comes late"
    assert counter("remosa_notifications_total")["sent"] == 1


@pytest.mark.both_databases
@pytest.mark.django_db
def test_commands_that_are_long_over_are_counted_once_and_read_no_more(
    platform_a: Platform,
) -> None:
    """Up to the first that is open or of today: what is behind it may still change or come."""
    old, today = MIDDAY - timedelta(days=2), MIDDAY - timedelta(hours=1)
    commands = [give(make_socket(platform_a), "power_cycle") for _number in range(5)]
    for command, state, at in zip(
        commands,
        (State.VERIFIED, State.FAILED, State.QUEUED, State.VERIFIED, State.EXPIRED),
        (old, old, old, old, today),
        strict=True,
    ):
        closed = state is not State.QUEUED
        rows = Command.objects.filter(pk=command.pk)
        rows.update(state=state.value, closed=closed, created_at=at)
    told = {**counter("remosa_commands_total"), "verified": 2.0, "failed": 1.0, "expired": 1.0}
    assert counter("remosa_commands_total") == told
    assert counter("remosa_commands")["queued"] == 1

    assert totals.settle(MIDDAY) == 2
    assert totals.settle(MIDDAY) == 0
    assert counter("remosa_commands_total") == told
    assert counter("remosa_commands")["queued"] == 1
    Command.objects.filter(pk=commands[2].pk).update(state=State.FAILED.value, closed=True)
    assert totals.settle(MIDDAY) == 2, "all but that of today"
    assert totals.settle(MIDDAY + timedelta(days=1)) == 1
    assert counter("remosa_commands_total") == {**told, "failed": 2.0}
    assert counter("remosa_commands")["queued"] == 0
    assert Command.objects.filter(pk__gt=CommandTotal.objects.get(outcome="").commands).count() == 0


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


def test_a_message_that_waits_for_the_end_of_quiet_hours_fails_nobody(platform_a: Platform) -> None:
    channel = make_channel(platform_a)
    row = {"platform": platform_a, "channel": channel, "next_try": NOW, "created_at": NOW}
    retrying = {**row, "state": DeliveryState.RETRYING}
    Delivery.objects.create(family="a", **retrying)
    Delivery.objects.create(family="b", quiet_since=NOW, **retrying)
    Delivery.objects.create(family="c", **row)
    assert counter("remosa_notifications") == {"collecting": 2, "sending": 0, "retrying": 1}
