"""Typing players in and taking them out, on a real database, by many at once."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exporters import enrolment, macs
from exporters.enrolment_plan import Enrolment, ListChanged, plan
from exporters.entries import Entry
from exporters.models import Exporter, ExporterMac, Player
from platforms.audit import SYSTEM, Action
from platforms.models import AuditEntry, Platform
from tests import factories

pytestmark = pytest.mark.both_databases


def entries(*numbers: int, name: str = "") -> list[Entry]:
    return [
        Entry(line, factories.mac_of(number), name and f"{name} {number}")
        for line, number in enumerate(numbers, start=1)
    ]


def run(steps: enrolment.Steps[Any]) -> Any:
    return enrolment._finish(steps, lambda done, total: None)


def macs_of(exporter: Exporter) -> set[str]:
    return set(exporter.macs.values_list("mac", flat=True))


def version_of(exporter: Exporter) -> int:
    """Count from 1: a version starts ahead of the clock, so that each write adds exactly 1."""
    version = Exporter.objects.values_list("list_version", flat=True).get(pk=exporter.pk)
    return version - factories.FIRST_VERSION + 1


def audit_of(exporter: Exporter) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(platform_id=exporter.platform_id).order_by("pk"))


# -- adding -------------------------------------------------------------------------------------


def test_it_adds_what_is_new_with_a_player_each(exporter_a: Exporter) -> None:
    outcome = enrolment.enrol(exporter_a, macs.parse("0642409260B4 Зал\n0642409260B5").good, SYSTEM)

    assert [entry.mac for entry in outcome.added] == ["06:42:40:92:60:B4", "06:42:40:92:60:B5"]
    row = exporter_a.macs.select_related("player").get(mac="06:42:40:92:60:B4")
    assert (row.name, row.ip, row.outip, row.platform_id) == (
        "Зал",
        None,
        None,
        exporter_a.platform_id,
    )
    assert (row.player.identity, row.player.name) == (row.mac, "Зал")
    assert row.player.retired_at is None
    assert row.player.source == "typed"
    assert abs((timezone.now() - row.created_at).total_seconds()) < 60


def test_it_keeps_addresses_that_are_there_as_they_are(exporter_a: Exporter) -> None:
    enrolment.enrol(exporter_a, entries(1, name="Hall"), SYSTEM)
    outcome = enrolment.enrol(exporter_a, [Entry(7, factories.mac_of(1), "Door")], SYSTEM)

    assert [entry.line for entry in outcome.already] == [7]
    assert outcome.kept[0].before.name == "Hall 1"
    assert exporter_a.macs.get().name == "Hall 1"


def test_it_counts_a_repeated_address_once(exporter_a: Exporter) -> None:
    outcome = enrolment.enrol(exporter_a, entries(1, 2, 1, 1), SYSTEM)
    assert len(outcome.added) == 2
    assert exporter_a.macs.count() == 2


def test_it_renames_those_that_are_there_when_asked(exporter_a: Exporter) -> None:
    enrolment.enrol(exporter_a, [Entry(1, factories.mac_of(1), "Hall", "10.0.0.1", None)], SYSTEM)
    steps = enrolment.enrolling(exporter_a, entries(1, name="Door"), SYSTEM, rewritten=("name",))
    outcome: Enrolment = run(steps)

    row = exporter_a.macs.select_related("player").get()
    assert len(outcome.changed) == 1
    assert (row.name, row.ip, row.player.name) == ("Door 1", "10.0.0.1", "Door 1")


@pytest.mark.parametrize(
    ("clear", "after"), [(False, ("Hall 1", "10.0.0.9")), (True, ("", "10.0.0.9"))]
)
def test_an_empty_value_clears_only_when_asked(
    exporter_a: Exporter, clear: bool, after: tuple[str, str]
) -> None:
    enrolment.enrol(exporter_a, entries(1, name="Hall"), SYSTEM)
    typed = [Entry(1, factories.mac_of(1), "", "10.0.0.9")]
    run(enrolment.enrolling(exporter_a, typed, SYSTEM, rewritten=("name", "ip"), clear=clear))

    row = exporter_a.macs.select_related("player").get()
    assert (row.name, row.ip) == after
    assert row.player.name == after[0]


def test_every_write_bumps_the_version_once_and_leaves_an_audit_line(exporter_a: Exporter) -> None:
    enrolment.enrol(exporter_a, entries(1, 2), SYSTEM)
    assert version_of(exporter_a) == 2
    enrolment.enrol(exporter_a, entries(1, 2), SYSTEM)
    assert version_of(exporter_a) == 2, "nothing was written"
    row = exporter_a.macs.get(mac=factories.mac_of(1))
    enrolment.change(row, {"name": "Hall", "ip": "10.0.0.1"}, SYSTEM)
    assert version_of(exporter_a) == 3
    enrolment.change(row, {"name": "Hall"}, SYSTEM)
    assert version_of(exporter_a) == 3, "nothing was changed"
    enrolment.withdraw(exporter_a, [factories.mac_of(2), factories.mac_of(3)], SYSTEM)
    assert version_of(exporter_a) == 4

    added, changed, removed = audit_of(exporter_a)
    assert (added.action, added.after["count"]) == (Action.ADDED_MANY, 2)
    assert changed.before == {"name": "", "ip": None}
    assert changed.after == {"name": "Hall", "ip": "10.0.0.1"}
    assert removed.before == {"count": 1, "macs": [factories.mac_of(2)]}


def test_a_failure_in_the_middle_leaves_nothing_behind(
    exporter_a: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrolment, "BATCH", 1)
    steps = enrolment.enrolling(exporter_a, entries(1, 2, 3), SYSTEM)
    assert next(steps) == (1, 3)
    steps.close()  # the person hung up

    assert not exporter_a.macs.exists()
    assert not Player.objects.exists()
    assert version_of(exporter_a) == 1


def test_it_tells_the_progress_in_rows(
    exporter_a: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrolment, "BATCH", 2)
    told: list[tuple[int, int]] = []
    enrolment.enrol(exporter_a, entries(1, 2, 3), SYSTEM, lambda *step: told.append(step))
    assert told == [(2, 3), (3, 3)]


def test_names_survive_with_every_letter(exporter_a: Exporter) -> None:
    odd = ['"quoted"', "100 %s {x} \\ '", "ММ Зауролоф LED", "😀 سلام", "a, b; c"]
    typed = [Entry(at, factories.mac_of(at), name) for at, name in enumerate(odd)]
    enrolment.enrol(exporter_a, typed, SYSTEM)
    assert list(exporter_a.macs.order_by("mac").values_list("name", flat=True)) == odd


def test_a_deleted_exporter_takes_nothing(exporter_a: Exporter) -> None:
    stale = Exporter.objects.get(pk=exporter_a.pk)
    enrolment.discard(exporter_a, SYSTEM)
    with pytest.raises(Exporter.DoesNotExist):
        enrolment.enrol(stale, entries(1), SYSTEM)


# -- the limit ----------------------------------------------------------------------------------


def test_it_adds_the_first_ones_up_to_the_limit(platform_a: Platform, exporter_a: Exporter) -> None:
    Platform.objects.filter(pk=platform_a.pk).update(players_limit=3)
    other = factories.make_exporter(platform_a)
    enrolment.enrol(other, entries(9), SYSTEM)
    outcome = enrolment.enrol(exporter_a, entries(1, 2, 3, 4), SYSTEM)

    assert [entry.line for entry in outcome.added] == [1, 2]
    assert [entry.line for entry in outcome.over_limit] == [3, 4]
    assert outcome.limit == 3


def test_one_address_over_the_limit_is_refused_in_words(
    platform_a: Platform, exporter_a: Exporter
) -> None:
    Platform.objects.filter(pk=platform_a.pk).update(players_limit=0)
    with pytest.raises(enrolment.LimitReached, match="may have 0 players"):
        enrolment.enrol_one(exporter_a, factories.mac_of(1), "", None, None, SYSTEM)
    assert not Player.objects.exists()


def test_one_address_that_is_there_is_refused(exporter_a: Exporter) -> None:
    mac = factories.mac_of(1)
    enrolment.enrol_one(exporter_a, mac, "Hall", "10.0.0.1", "1.2.3.4", SYSTEM)
    with pytest.raises(enrolment.AlreadyThere):
        enrolment.enrol_one(exporter_a, mac, "Door", None, None, SYSTEM)
    row = exporter_a.macs.get()
    assert (row.name, row.ip, row.outip) == ("Hall", "10.0.0.1", "1.2.3.4")


def test_a_withdrawn_player_makes_room(platform_a: Platform, exporter_a: Exporter) -> None:
    Platform.objects.filter(pk=platform_a.pk).update(players_limit=1)
    enrolment.enrol(exporter_a, entries(1), SYSTEM)
    enrolment.withdraw(exporter_a, [factories.mac_of(1)], SYSTEM)
    assert len(enrolment.enrol(exporter_a, entries(2), SYSTEM).added) == 1


def at_once(deeds: list[Callable[[], Any]]) -> list[Any]:
    """Do all of them in threads that start together; return what they returned or raised."""
    gate = threading.Barrier(len(deeds))
    results: list[Any] = [None] * len(deeds)

    def work(at: int) -> None:
        try:
            gate.wait(timeout=30)
            results[at] = deeds[at]()
        except Exception as error:  # noqa: BLE001 (the test looks at whatever it was)
            results[at] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(at,)) for at in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


@pytest.mark.django_db(transaction=True)
def test_sixteen_pastes_at_once_fill_the_limit_exactly(
    platform_a: Platform, exporter_a: Exporter
) -> None:
    Platform.objects.filter(pk=platform_a.pk).update(players_limit=100)
    exporters = [exporter_a, factories.make_exporter(platform_a)]

    def paste(worker: int) -> Enrolment:
        # Each pastes 20 of its own and 5 that all of them paste.
        numbers = [*range(1000 * worker, 1000 * worker + 20), *range(90_000, 90_005)]
        return enrolment.enrol(exporters[worker % 2], entries(*numbers), SYSTEM)

    results = at_once([lambda worker=worker: paste(worker) for worker in range(16)])  # type: ignore[misc]

    assert [result for result in results if not isinstance(result, Enrolment)] == []
    assert sum(len(result.added) for result in results) == 100
    assert Player.objects.enrolled().filter(platform=platform_a).count() == 100
    assert ExporterMac.objects.filter(platform=platform_a).count() == 100
    writers = sum(1 for result in results if result.added)
    assert sum(version_of(exporter) - 1 for exporter in exporters) == writers


@pytest.mark.django_db(transaction=True)
def test_adding_and_removing_at_once_keeps_players_and_addresses_in_step(
    exporter_a: Exporter,
) -> None:
    chosen = [factories.mac_of(number) for number in range(50)]

    def add() -> None:
        enrolment.enrol(exporter_a, entries(*range(50)), SYSTEM)

    def remove() -> None:
        enrolment.withdraw(exporter_a, chosen, SYSTEM)

    results = at_once([add, remove] * 6)
    assert [result for result in results if result is not None] == []
    watched = Player.objects.enrolled().filter(exporter=exporter_a)
    assert set(watched.values_list("identity", flat=True)) == macs_of(exporter_a)


# -- removing -----------------------------------------------------------------------------------


def test_it_retires_players_and_says_what_was_not_there(exporter_a: Exporter) -> None:
    enrolment.enrol(exporter_a, entries(1, 2), SYSTEM)
    chosen = [factories.mac_of(number) for number in (1, 3, 1)]
    outcome = enrolment.withdraw(exporter_a, chosen, SYSTEM)

    assert (outcome.removed, outcome.absent) == ([chosen[0]], [chosen[1]])
    assert macs_of(exporter_a) == {factories.mac_of(2)}
    assert Player.objects.get(identity=chosen[0]).retired_at is not None


def test_a_revived_player_is_the_same_one_with_its_history(
    platform_a: Platform, exporter_a: Exporter
) -> None:
    enrolment.enrol(exporter_a, entries(1, name="Hall"), SYSTEM)
    seen, site = timezone.now(), factories.make_site(platform_a)
    Player.objects.update(first_seen=seen, site=site)
    player = Player.objects.get()
    enrolment.withdraw(exporter_a, [player.identity], SYSTEM)
    enrolment.enrol(exporter_a, [Entry(1, player.identity)], SYSTEM)

    revived = Player.objects.get()
    assert (revived.pk, revived.first_seen, revived.site) == (player.pk, seen, site)
    assert revived.retired_at is None
    assert revived.name == exporter_a.macs.get().name == "Hall 1", (
        "typed without a name: its old one"
    )


def test_a_revived_player_takes_the_name_it_is_typed_with(exporter_a: Exporter) -> None:
    enrolment.enrol(exporter_a, entries(1, name="Hall"), SYSTEM)
    enrolment.withdraw(exporter_a, [factories.mac_of(1)], SYSTEM)
    enrolment.enrol(exporter_a, entries(1, name="Door"), SYSTEM)
    assert Player.objects.get().name == exporter_a.macs.get().name == "Door 1"


def test_it_touches_the_addresses_of_its_own_exporter_alone(
    platform_a: Platform, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    sister = factories.make_exporter(platform_a)
    for exporter in (exporter_a, sister, exporter_b):
        enrolment.enrol(exporter, entries(1, 2, name="Hall"), SYSTEM)
    run(enrolment.enrolling(exporter_a, entries(1, name="X"), SYSTEM, rewritten=("name",)))
    enrolment.withdraw(exporter_a, [factories.mac_of(2)], SYSTEM)
    enrolment.discard(exporter_a, SYSTEM)

    for exporter in (sister, exporter_b):
        assert set(exporter.macs.values_list("name", flat=True)) == {"Hall 1", "Hall 2"}
        assert (
            Player.objects.enrolled().filter(exporter=exporter, name__startswith="Hall").count()
            == 2
        )


# -- moving and deleting ------------------------------------------------------------------------


def test_a_moved_address_takes_its_player_along(platform_a: Platform, exporter_a: Exporter) -> None:
    target = factories.make_exporter(platform_a)
    row = enrolment.enrol_one(exporter_a, factories.mac_of(1), "Hall", "10.0.0.1", None, SYSTEM)
    enrolment.move(row, target, SYSTEM)

    moved = target.macs.select_related("player").get()
    assert (moved.pk, moved.player_id, moved.name, moved.ip) == (
        row.pk,
        row.player_id,
        "Hall",
        "10.0.0.1",
    )
    assert moved.player.exporter_id == target.pk
    assert macs_of(exporter_a) == set()
    assert (version_of(exporter_a), version_of(target)) == (3, 2)
    assert audit_of(exporter_a)[-1].after == {"exporter_id": target.pk}


def test_an_address_that_comes_back_finds_its_earlier_player(
    platform_a: Platform, exporter_a: Exporter
) -> None:
    mac, target = factories.mac_of(1), factories.make_exporter(platform_a)
    earlier = enrolment.enrol_one(target, mac, "Hall", None, None, SYSTEM).player
    enrolment.withdraw(target, [mac], SYSTEM)
    row = enrolment.enrol_one(exporter_a, mac, "Door", None, None, SYSTEM)
    enrolment.move(row, target, SYSTEM)

    moved = target.macs.select_related("player").get()
    assert (moved.player_id, moved.player.name) == (earlier.pk, "Door")
    assert Player.objects.enrolled().filter(platform=platform_a).count() == 1
    assert Player.objects.get(pk=row.player_id).retired_at is not None


def test_an_address_does_not_move_to_where_it_is_already(
    platform_a: Platform, exporter_a: Exporter
) -> None:
    target = factories.make_exporter(platform_a)
    enrolment.enrol(target, entries(1), SYSTEM)
    row = enrolment.enrol_one(exporter_a, factories.mac_of(1), "", None, None, SYSTEM)
    with pytest.raises(enrolment.AlreadyThere):
        enrolment.move(row, target, SYSTEM)
    assert macs_of(exporter_a) == {row.mac}


def test_an_address_never_leaves_its_platform(exporter_a: Exporter, exporter_b: Exporter) -> None:
    row = enrolment.enrol_one(exporter_a, factories.mac_of(1), "", None, None, SYSTEM)
    with pytest.raises(ValueError, match="platform"):
        enrolment.move(row, exporter_b, SYSTEM)


def test_a_discarded_exporter_leaves_an_audit_line_and_no_rows(exporter_a: Exporter) -> None:
    enrolment.enrol(exporter_a, entries(1, 2, 3), SYSTEM)
    enrolment.withdraw(exporter_a, [factories.mac_of(1)], SYSTEM)
    pk = exporter_a.pk
    enrolment.discard(exporter_a, SYSTEM)

    assert not Player.objects.filter(exporter_id=pk).exists()
    assert not ExporterMac.objects.filter(exporter_id=pk).exists()
    line = AuditEntry.objects.get(action=Action.DELETED)
    assert (line.target_id, line.before["macs"]) == (str(pk), 2)


# -- a plan that was agreed ---------------------------------------------------------------------


def test_it_does_exactly_what_was_agreed(exporter_a: Exporter) -> None:
    agreed = plan(exporter_a, entries(1, 2)).digest()
    run(enrolment.enrolling(exporter_a, entries(1, 2), SYSTEM, agreed=agreed))
    assert exporter_a.macs.count() == 2


def test_it_does_nothing_when_the_plan_would_be_another_one(
    platform_a: Platform, exporter_a: Exporter
) -> None:
    agreed = plan(exporter_a, entries(1, 2)).digest()
    Platform.objects.filter(pk=platform_a.pk).update(players_limit=1)
    with pytest.raises(ListChanged) as refused:
        run(enrolment.enrolling(exporter_a, entries(1, 2), SYSTEM, agreed=agreed))
    assert len(refused.value.now.over_limit) == 1
    assert not exporter_a.macs.exists()


# -- a hundred thousand -------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_hundred_thousand_take_seconds(exporter_a: Exporter) -> None:
    """Measured alone: 5 s on PostgreSQL, 2 s on SQLite; removal 3 s and 1 s."""
    typed = entries(*range(100_000), name="Зал")
    started = time.monotonic()
    assert len(enrolment.enrol(exporter_a, typed, SYSTEM).added) == 100_000
    added = time.monotonic()
    chosen = [entry.mac for entry in typed]
    assert len(enrolment.withdraw(exporter_a, chosen, SYSTEM).removed) == 100_000
    removed = time.monotonic()
    enrolment.discard(exporter_a, SYSTEM)
    deleted = time.monotonic()

    assert added - started < 40
    assert removed - added < 30
    assert deleted - removed < 20


@pytest.mark.parametrize(("number", "looks"), [(999, 0), (1000, 1)])
def test_postgresql_looks_at_its_tables_after_many_new_rows(
    exporter_a: Exporter,
    django_capture_on_commit_callbacks: Callable[..., Any],
    number: int,
    looks: int,
) -> None:
    """Else it plans for empty tables until its own vacuum comes by, a minute later or never."""
    with (
        CaptureQueriesContext(connection) as captured,
        django_capture_on_commit_callbacks(execute=True),
    ):
        enrolment.enrol(exporter_a, entries(*range(number)), SYSTEM)
    asked = [each["sql"] for each in captured.captured_queries]
    known = "ANALYZE exporters_player, exporters_exportermac"
    assert asked.count(known) == (looks if connection.vendor == "postgresql" else 0)


def test_a_restored_backup_never_gives_a_version_out_again(exporter_a: Exporter) -> None:
    """Else an exporter process would be told 304 for a list that it does not have."""
    Exporter.objects.update(list_version=1)
    enrolment.enrol(exporter_a, entries(1), SYSTEM)
    given_out = Exporter.objects.get().list_version
    Exporter.objects.update(list_version=1)
    enrolment.enrol(exporter_a, entries(2), SYSTEM)
    assert Exporter.objects.get().list_version > given_out > 10**12
