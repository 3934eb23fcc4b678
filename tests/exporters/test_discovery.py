"""Players of a vendor's list: they come, are renamed and go, and only on proof that they went."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exporters import discovery, enrolment
from exporters.discovery import discover
from exporters.models import Exporter, Player
from exporters.verdicts import Why
from platforms.audit import SYSTEM
from platforms.models import AuditEntry, Platform
from tests import factories
from tests.exporters.watched_world import Scripted, World

pytestmark = pytest.mark.django_db
INFO = "remosa_exporter_addreality_device_info"
SOURCE = "remosa_exporter_source_"


@pytest.fixture
def exporter(platform_a: Platform) -> Exporter:
    """An exporter whose vendor lists its devices."""
    return factories.make_exporter(platform_a, "AddReality", kind="addreality")


def labels(exporter: Exporter, **more: str) -> dict[str, str]:
    return {
        "exporter_id": str(exporter.pk),
        "platform_id": str(exporter.platform_id),
        **more,
    }


def listed(
    exporter: Exporter,
    *devices: str | tuple[str, str],
    success: datetime,
    up: int = 1,
    **source: float,
) -> list[tuple[dict[str, str], object]]:
    """Say what Prometheus answers: devices (with names), and how their source stands."""
    named = (each if isinstance(each, tuple) else (each, f"Hall {each}") for each in devices)
    figures = {
        "up": up, "last_success_timestamp_seconds": success.timestamp(), "truncated": 0, **source
    }  # fmt: skip
    return [
        *((labels(exporter, device_id=number, name=name), 1) for number, name in named),
        *((labels(exporter, __name__=SOURCE + name), value) for name, value in figures.items()),
    ]


def watched(exporter: Exporter) -> dict[str, str]:
    rows = Player.objects.enrolled().filter(exporter=exporter)
    return dict(rows.order_by("identity").values_list("identity", "name"))


def limit(platform: Platform, number: int | None) -> None:
    Platform.objects.filter(pk=platform.pk).update(players_limit=number)


def over(exporter: Exporter) -> tuple[int, datetime | None]:
    exporter.refresh_from_db()
    return exporter.over_limit, exporter.over_limit_since


@pytest.mark.both_databases
def test_devices_of_the_vendor_become_players_without_typing(
    world: World, exporter: Exporter, exporter_a: Exporter
) -> None:
    mac = factories.make_mac(exporter_a)
    own = f'exporter_id="{exporter.pk}",platform_id="{exporter.platform_id}"'
    theirs = f'exporter_id="{exporter.pk}",platform_id="{exporter.platform_id + 1}"'
    cubic = f'exporter_id="{exporter_a.pk}",platform_id="{exporter.platform_id}"'
    world.say(
        [
            f'{INFO}{{{own},device_id="51234",name="Mall 3, \\"entrance\\""}} 1',
            f'{INFO}{{{own},device_id="7",name=""}} 1',
            f'{INFO}{{{theirs},device_id="666",name="of another platform"}} 1',
            f'{INFO}{{{cubic},device_id="667",name="of an exporter that is told"}} 1',
            f'remosa_exporter_cubic_device_info{{{own},mac="{factories.mac_of(9)}"}} 1',
            f"{SOURCE}up{{{own}}} 1",
        ]
    )
    done = discover(timezone.now())
    assert (done.exporters, done.added, done.outage) == (1, 2, None)
    assert watched(exporter) == {"51234": 'Mall 3, "entrance"', "7": ""}
    assert watched(exporter_a) == {mac.mac: ""}
    assert set(Player.objects.filter(exporter=exporter).values_list("source", flat=True)) == {
        "discovered"
    }
    line = AuditEntry.objects.get()
    assert (line.actor, line.after) == ("Remosa", {"count": 2, "identities": ["7", "51234"]})
    assert discover(timezone.now()).added == 0
    assert AuditEntry.objects.count() == 1


def test_a_name_follows_the_vendor(exporter: Exporter, scripted: Scripted) -> None:
    now = timezone.now()
    long = "é\x00" * 400
    for name, kept in (("Hall", "Hall"), ("Foyer", "Foyer"), ("", "Foyer"), (long, "é" * 127)):
        scripted.vector = listed(exporter, ("1", name), success=now)
        discover(now)
        assert watched(exporter)["1"].startswith(kept)
    assert len(watched(exporter)["1"]) == 255
    assert discover(now).renamed == 0


def test_a_player_retires_an_hour_after_it_was_last_listed(
    exporter: Exporter, scripted: Scripted
) -> None:
    start = timezone.now()
    scripted.vector = listed(exporter, "1", "2", success=start)
    discover(start)
    Player.objects.filter(identity="2").update(last_seen=start)
    for minutes, retired in ((1, 0), (30, 0), (60, 0), (61, 1), (62, 0)):
        now = start + timedelta(minutes=minutes)
        scripted.vector = listed(exporter, "1", success=now - timedelta(seconds=30))
        assert discover(now).retired == retired
    assert list(watched(exporter)) == ["1"]
    assert AuditEntry.objects.latest("pk").before == {"count": 1, "identities": ["2"]}
    gone = Player.objects.get(identity="2")
    scripted.vector = listed(exporter, "1", ("2", "Again"), success=now)
    assert discover(now).added == 1
    again = Player.objects.get(identity="2")
    assert (again.pk, again.name, again.retired_at, again.unlisted_since, again.last_seen) == (
        gone.pk, "Again", None, None, start,
    )  # fmt: skip


def test_one_look_at_the_list_with_the_player_in_it_starts_the_hour_anew(
    exporter: Exporter, scripted: Scripted
) -> None:
    start = timezone.now()
    for minutes, there in ((0, True), (1, False), (50, True), (55, False), (100, False)):
        now = start + timedelta(minutes=minutes)
        scripted.vector = listed(exporter, "1", *(("2",) if there else ()), success=now)
        assert discover(now).retired == 0
    assert list(watched(exporter)) == ["1", "2"]


@pytest.mark.parametrize(
    "source",
    [
        {"up": 0},
        {"truncated": 1},
        {"dropped_devices": 5},
        {"success": timedelta(hours=-3)},  # before the player was seen
        {"last_success_timestamp_seconds": 0},
        {"gone": True},
    ],
)
def test_no_player_retires_while_its_absence_proves_nothing(
    exporter: Exporter, scripted: Scripted, source: dict[str, Any]
) -> None:
    start = timezone.now()
    scripted.vector = listed(exporter, "1", "2", success=start)
    discover(start)
    Player.objects.filter(identity="2").update(last_seen=start)
    told = dict(source)
    moved, silent = told.pop("success", timedelta()), told.pop("gone", False)
    for hours in range(1, 5):
        now = start + timedelta(hours=hours)
        success = start + moved if moved else now
        scripted.vector = [] if silent else listed(exporter, "1", success=success, **told)
        assert discover(now).retired == 0
    assert list(watched(exporter)) == ["1", "2"]


def test_nothing_changes_while_prometheus_is_away_or_answers_in_part(
    exporter: Exporter, scripted: Scripted, settings: Any
) -> None:
    start = timezone.now()
    scripted.vector = listed(exporter, "1", success=start)
    discover(start)
    scripted.vector = listed(exporter, "2", success=start + timedelta(hours=3))
    scripted.more = {"warnings": ["a store is away"]}
    done = discover(start + timedelta(hours=2))
    assert done.outage is not None
    assert done.outage.why is Why.PROMETHEUS_PARTIAL
    assert "a store is away" in str(done)
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"
    assert discover(start + timedelta(hours=3)).outage is not None
    assert watched(exporter) == {"1": "Hall 1"}


def test_a_disabled_exporter_and_an_inactive_platform_are_left_alone(
    exporter: Exporter, scripted: Scripted
) -> None:
    now = timezone.now()
    scripted.vector = listed(exporter, "1", success=now)
    Exporter.objects.update(enabled=False, over_limit=5, over_limit_since=now)
    assert discover(now).exporters == 0
    assert over(exporter) == (0, None)
    Exporter.objects.update(enabled=True)
    Platform.objects.update(active=False)
    assert discover(now).exporters == 0
    assert not scripted.questions


def test_devices_beyond_the_players_limit_are_counted_and_told_once(
    exporter: Exporter,
    exporter_a: Exporter,
    scripted: Scripted,
    caplog: pytest.LogCaptureFixture,
) -> None:
    limit(exporter.platform, 3)
    factories.make_mac(exporter_a)
    now = timezone.now()
    later = now + timedelta(minutes=5)
    scripted.vector = listed(exporter, "10", "9", "8", "100", success=now)
    with caplog.at_level(logging.INFO, "exporters.discovery"):
        for _round in range(3):
            done = discover(now)
        assert (list(watched(exporter)), over(exporter)) == (["8", "9"], (2, now))
        assert done.over_limit == 2
        limit(exporter.platform, 4)
        discover(later)
        assert (list(watched(exporter)), over(exporter)) == (["10", "8", "9"], (1, now))
        limit(exporter.platform, None)
        discover(later)
        assert over(exporter) == (0, None)
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING", "INFO"]


def test_an_identity_that_is_none_is_passed_over(exporter: Exporter, scripted: Scripted) -> None:
    now = timezone.now()
    scripted.vector = listed(exporter, "1", "x" * 129, "a b", "é", success=now)
    assert discover(now).added == 1
    assert list(watched(exporter)) == ["1"]


def test_a_round_writes_a_bounded_number(
    exporter: Exporter, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "MOST_WRITES", 3)
    monkeypatch.setattr(discovery, "BATCH", 2)
    now = timezone.now()
    scripted.vector = listed(exporter, *map(str, range(8)), success=now)
    assert [discover(now).added for _round in range(4)] == [3, 3, 2, 0]
    assert over(exporter) == (0, None)


def test_a_round_without_changes_costs_the_same_whatever_the_fleet(
    exporter: Exporter, scripted: Scripted
) -> None:
    now = timezone.now()
    costs = []
    for size in (5, 500):
        scripted.vector = listed(exporter, *map(str, range(size)), success=now)
        discover(now)
        scripted.questions.clear()
        with CaptureQueriesContext(connection) as captured:
            assert discover(now).writes == 0
        costs.append((len(captured), len(scripted.questions)))
    assert costs[0] == costs[1] == (4, 1)


def test_a_hundred_thousand_players_come_within_seconds(
    exporter: Exporter, scripted: Scripted
) -> None:
    now = timezone.now()
    scripted.vector = listed(exporter, *map(str, range(100_000)), success=now)
    began = time.process_time()
    assert discover(now).added == 100_000
    assert Player.objects.enrolled().count() == 100_000
    first = time.process_time() - began
    assert discover(now).writes == 0
    assert first < 30


def test_postgresql_looks_at_its_tables_when_many_came(
    exporter: Exporter,
    scripted: Scripted,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    now = timezone.now()
    for number, looks in ((999, 0), (2000, 1)):
        scripted.vector = listed(exporter, *map(str, range(number)), success=now)
        with (
            CaptureQueriesContext(connection) as captured,
            django_capture_on_commit_callbacks(execute=True),
        ):
            discover(now)
        asked = [each["sql"] for each in captured.captured_queries]
        assert sum(each.startswith("ANALYZE") for each in asked) == looks


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_the_limit_holds_while_others_type_and_discover_at_once(
    exporter: Exporter, exporter_a: Exporter, scripted: Scripted
) -> None:
    limit(exporter.platform, 60)
    now = timezone.now()
    scripted.vector = listed(exporter, *map(str, range(50)), success=now)
    faults: list[BaseException] = []

    def at_once(deed: Any) -> None:
        try:
            deed()
        except BaseException as fault:  # noqa: BLE001 - shown by the test itself
            faults.append(fault)
        finally:
            connections.close_all()

    def paste(start: int) -> Iterable[Any]:
        entries = [factories_entry(number) for number in range(start, start + 20)]
        return enrolment.enrol(exporter_a, entries, SYSTEM).added

    deeds = [lambda: discover(now), lambda: paste(0), lambda: discover(now), lambda: paste(20)]
    threads = [threading.Thread(target=at_once, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    discover(now)
    assert Player.objects.enrolled().count() == 60
    assert over(exporter)[0] == 50 - len(watched(exporter))


def factories_entry(number: int) -> Any:
    from exporters.entries import Entry

    return Entry(number, factories.mac_of(number))
