"""What history is deleted once it is old, and above all what is not."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from devices.models import Command, CommandStep
from devices.states import State
from jobs import before_the_wire, retention
from jobs.models import (
    Clock,
    Ending,
    Episode,
    GateVerdict,
    Job,
    JobExecution,
    JobPause,
    MaintenanceWindow,
    Outcome,
    Standing,
    Track,
)
from platforms import integrity
from platforms.audit import SYSTEM, Action, record
from platforms.models import AuditEntry, Delivery, DeliveryState, Notice, Platform
from tests import factories
from tests.devices import world
from tests.jobs.acting_world import Fleet, make_fleet, make_job
from tests.platforms.notice_world import make_channel

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

DAY = timedelta(days=1)
NOW = timezone.now()
OLD = NOW - 400 * DAY


@pytest.fixture
def fleet(platform_a: Platform) -> Fleet:
    """Players on sockets of their own."""
    return make_fleet(platform_a, 4, 4)


def past(
    fleet: Fleet,
    number: int,
    at: datetime = OLD,
    standing: Standing = Standing.OVER,
    *,
    closed: bool = True,
    with_command: bool = False,
) -> Episode:
    """Store an episode from long ago with one attempt and one verdict."""
    player = fleet.players[number]
    ended: dict[str, Any] = {"closed": True, "closed_at": at, "ending": Ending.RECOVERED}
    common: dict[str, Any] = {"platform": fleet.platform, "player": player, "job": fleet.job}
    episode: Episode = Episode.objects.create(
        **common, job_version=1, opened_at=at, **(ended if closed else {})
    )
    command = world.give(fleet.sockets[player.pk], "power_cycle") if with_command else None
    JobExecution.objects.create(
        **common, episode=episode, attempt=1, rung=0, mode="live", standing=standing,
        outcome=Outcome.VERIFIED if standing == Standing.OVER else "", created_at=at,
        finished_at=at if standing == Standing.OVER else None, command=command,
    )  # fmt: skip
    GateVerdict.objects.create(platform=fleet.platform, episode=episode, at=at, gate="brake")
    if command is not None:
        CommandStep.objects.filter(command=command).update(at=at)
    return episode


def close(episode: Episode) -> Command:
    """End the command of an episode's attempt."""
    command = Command.objects.get(execution__episode=episode)
    Command.objects.filter(pk=command.pk).update(closed=True, state=State.VERIFIED.value)
    return command


def run() -> dict[str, dict[str, int]]:
    return {each.table.name: each.rows for each in retention.prune(NOW, 60)}


def test_what_is_old_and_over_goes_and_a_dry_run_says_it_before(fleet: Fleet) -> None:
    close(past(fleet, 0, with_command=True))
    past(fleet, 1, NOW - 300 * DAY)
    past(fleet, 2, NOW - 10 * DAY)
    told = {each.table.name: each.rows for each in retention.count(NOW)}
    assert told["verdicts"] == {"verdicts": 2}
    assert told["episodes"] == {"episodes": 1, "executions": 1, "verdicts": 1}
    assert told["steps"] == {"steps": 1}
    assert Episode.objects.count() == 3
    found = run()
    # The verdicts were gone before their episodes were.
    assert found["episodes"] == {"episodes": 1, "executions": 1, "verdicts": 0}
    assert {**found, "episodes": told["episodes"]} == told
    assert Episode.objects.count() == JobExecution.objects.count() == 2
    assert GateVerdict.objects.count() == 1
    # By its key a repeated wish is known, however old it is.
    assert Command.objects.count() == 1
    assert run()["episodes"]["episodes"] == 0


def test_nothing_open_is_lost_nor_what_something_open_still_needs(fleet: Fleet) -> None:
    past(fleet, 0, closed=False)  # an open episode, its verdict and its attempt
    waiting = past(fleet, 1, with_command=True)  # closed, and its command is still to go out
    past(fleet, 2, standing=Standing.PROPOSED)  # somebody is still asked
    past(fleet, 3, standing=Standing.SHADOW)  # what became of it is still to be told
    GateVerdict.objects.exclude(episode__player=fleet.players[0]).delete()
    before = [each.objects.count() for each in (Episode, JobExecution, GateVerdict, CommandStep)]
    assert sum(sum(rows.values()) for rows in run().values()) == 0
    after = [each.objects.count() for each in (Episode, JobExecution, GateVerdict, CommandStep)]
    assert after == before
    # Without its attempt it would pass the guard before the wire as nobody's.
    assert before_the_wire.shut(Command.objects.get(), NOW) != ""
    close(waiting)
    assert run()["episodes"]["episodes"] == 1


def gone(rows: dict[str, dict[str, int]], names: Iterable[str]) -> dict[str, dict[str, int]]:
    return {name: rows[name] for name in names}


def test_what_was_seen_for_jobs_that_are_gone_goes_and_nothing_that_a_job_counts(
    fleet: Fleet, platform_b: Platform
) -> None:
    """A disabled job of the same conditions would still count what was seen for both."""
    others = make_fleet(platform_b, 3)
    seen = {"tracks": {"tracks": 0}, "clocks": {"clocks": 0}}
    Clock.objects.update(at=OLD)
    Job.objects.filter(pk=fleet.job.pk).update(enabled=False)
    removed = make_job(fleet.platform, fleet.job.criterion, removed_at=OLD, enabled=False)
    assert gone(run(), seen) == seen
    Job.objects.filter(pk=fleet.job.pk).update(removed_at=NOW, enabled=False)
    fleet.tick(NOW - 2 * DAY)
    assert gone(run(), seen) == seen, "it was asked two days ago"
    Clock.objects.update(at=OLD)
    seen = {"tracks": {"tracks": 4}, "clocks": {"clocks": 1}}
    told = {each.table.name: each.rows for each in retention.count(NOW)}
    assert gone(told, seen) == gone(run(), seen) == seen
    assert Track.objects.filter(criterion=others.job.criterion).count() == 3
    assert Job.objects.filter(pk=removed.pk).exists()


def test_a_clock_stays_as_long_as_what_was_seen_by_it(fleet: Fleet) -> None:
    """Begun anew, it would be behind its tracks: who is bad would fire days later, or at once."""
    gone_for_long = factories.make_exporter(fleet.platform)
    player = factories.make_player(gone_for_long)
    criterion = fleet.job.criterion
    assert criterion is not None
    Clock.objects.create(
        platform=fleet.platform, criterion=criterion, exporter=gone_for_long, at=OLD
    )
    fleet.see(player, bad=True)
    Job.objects.filter(pk=fleet.job.pk).update(removed_at=OLD, enabled=False)
    fleet.tick(NOW - 2 * DAY)
    assert run()["clocks"] == {"clocks": 0}
    Clock.objects.update(at=OLD)
    assert run()["clocks"] == {"clocks": 2}


def test_steps_by_which_an_open_episode_is_judged_stay(fleet: Fleet) -> None:
    episode = past(fleet, 0, with_command=True, closed=False)
    close(episode)
    assert run()["steps"] == {"steps": 0}
    Episode.objects.update(closed=True, closed_at=NOW, ending=Ending.RECOVERED)
    assert run()["steps"] == {"steps": 1}


def test_notices_and_messages_go_unless_they_last(fleet: Fleet) -> None:
    channel = make_channel(fleet.platform)
    for state in (DeliveryState.SENT, DeliveryState.RETRYING):
        Delivery.objects.create(
            platform=fleet.platform, channel=channel, family="brake", state=state,
            next_try=OLD, created_at=OLD,
        )  # fmt: skip
    for ended_at in (OLD, None):
        Notice.objects.create(
            platform=fleet.platform, kind="brake", severity=30, at=OLD, ended_at=ended_at,
            repeat_at=None if ended_at else NOW, key="" if ended_at else "1",
        )  # fmt: skip
    found = run()
    assert (found["deliveries"], found["notices"]) == ({"deliveries": 1}, {"notices": 1})
    assert Delivery.objects.get().state == DeliveryState.RETRYING
    assert Notice.objects.get().ended_at is None


def test_pauses_of_jobs_go_when_they_ended_long_ago_and_never_while_they_last(
    fleet: Fleet,
) -> None:
    recent, ahead = NOW - 100 * DAY, NOW + 100 * DAY
    pauses: dict[str, dict[str, Any]] = {
        "lifted long ago": {"lifted_at": OLD, "expires_at": ahead},
        "over for long": {"expires_at": OLD},
        "lasts without an end": {},
        "lasts": {"expires_at": ahead},
        "lifted of late": {"lifted_at": recent},
        "over of late": {"expires_at": recent},
    }
    for reason, columns in pauses.items():
        JobPause.objects.create(
            platform=fleet.platform, job=fleet.job, reason=reason, author_name="Mona", **columns
        )
    JobPause.objects.update(created_at=NOW - 900 * DAY)
    told = {each.table.name: each.rows for each in retention.count(NOW)}
    assert told["pauses"] == run()["pauses"] == {"pauses": 2}
    left = set(JobPause.objects.values_list("reason", flat=True))
    assert left == {"lasts without an end", "lasts", "lifted of late", "over of late"}


def test_windows_go_when_they_are_over_for_long_and_never_while_they_may_come(
    fleet: Fleet, settings: Settings
) -> None:
    first = {"starts_at": NOW - 900 * DAY, "ends_at": NOW - 900 * DAY + 6 * DAY}
    ahead = {"starts_at": NOW + DAY, "ends_at": NOW + 2 * DAY}
    windows: dict[str, dict[str, Any]] = {
        "over for long": first,
        "taken back long ago": {**ahead, "cancelled_at": OLD},
        "weekly, taken back long ago": {**first, "weekly": True, "cancelled_at": OLD},
        "weekly, its last day was long ago": {**first, "weekly": True, "until": OLD.date()},
        "every week": {**first, "weekly": True},
        "every week until later": {**first, "weekly": True, "until": (NOW + DAY).date()},
        # The last time may have begun the day before, and lasted six days.
        "weekly, over since less": {
            **first,
            "weekly": True,
            "until": (NOW - 370 * DAY).date(),
        },
        "to come": ahead,
        "has lasted for years": {"starts_at": NOW - 900 * DAY, "ends_at": NOW + DAY},
        "over of late": {"starts_at": NOW - 900 * DAY, "ends_at": NOW - 360 * DAY},
        "taken back of late": {**first, "weekly": True, "cancelled_at": NOW - 100 * DAY},
    }
    for name, columns in windows.items():
        MaintenanceWindow.objects.create(
            platform=fleet.platform, name=name, author_name="Mona", **columns
        )  # fmt: skip
    told = {each.table.name: each.rows for each in retention.count(NOW)}
    assert told["windows"] == run()["windows"] == {"windows": 4}
    left = set(MaintenanceWindow.objects.values_list("name", flat=True))
    assert left == {
        "every week", "every week until later", "weekly, over since less", "to come",
        "has lasted for years", "over of late", "taken back of late",
    }  # fmt: skip
    settings.KEEP_DAYS = {**settings.KEEP_DAYS, "pauses": 0}
    assert run()["windows"] == {"windows": 0}


def test_each_table_is_kept_as_long_as_it_is_set_and_for_ever_with_0(
    fleet: Fleet, settings: Settings
) -> None:
    past(fleet, 0)
    past(fleet, 1, NOW - 40 * DAY)
    settings.KEEP_DAYS = {**settings.KEEP_DAYS, "episodes": 0, "verdicts": 3}
    found = run()
    assert found["episodes"] == {"episodes": 0}
    assert found["verdicts"] == {"verdicts": 2}
    past(fleet, 2, NOW - 20 * DAY)
    assert run()["verdicts"] == {"verdicts": 0}, "31 days at least: pages look so far back"


def test_the_audit_record_stays_unless_it_is_set_and_is_guarded_again_at_once(
    platform_a: Platform, settings: Settings
) -> None:
    for name in ("first", "second"):
        record(SYSTEM, Action.CHANGED, name, platform_id=platform_a.pk)
    later = timezone.now() + 500 * DAY
    assert dict(_rows(later))["audit"] == {"audit": 0}
    settings.KEEP_DAYS = {**settings.KEEP_DAYS, "audit": 400}
    count = AuditEntry.objects.count()
    assert dict(_rows(later))["audit"] == {"audit": count}
    (line,) = AuditEntry.objects.all()
    assert (line.action, line.platform_id, line.after["removed"]) == ("removed_many", None, count)
    assert not integrity.missing(connection)
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEntry.objects.all().delete()


def _rows(at: datetime) -> list[tuple[str, dict[str, int]]]:
    return [(each.table.name, each.rows) for each in retention.prune(at, 60)]


def test_a_long_table_goes_in_small_transactions_and_stops_when_its_time_is_over(
    fleet: Fleet,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    episode = past(fleet, 0, closed=False)
    Episode.objects.update(closed=True, closed_at=NOW, ending=Ending.RECOVERED)
    GateVerdict.objects.bulk_create(
        GateVerdict(platform=fleet.platform, episode=episode, at=OLD, gate="brake")
        for _number in range(999)
    )
    monkeypatch.setattr(retention, "BATCH", 300)
    moments = iter([0.0, 0.0, 0.0, *[100.0] * 20])
    with monkeypatch.context() as patched:
        patched.setattr("jobs.retention.time.monotonic", lambda: next(moments))
        first = next(iter(retention.prune(NOW, 50)))
    assert (first.rows, first.is_all) == ({"verdicts": 600}, False)
    with django_assert_max_num_queries(30):
        assert run()["verdicts"] == {"verdicts": 400}


def test_the_command_counts_first_and_deletes_when_it_is_told_to(fleet: Fleet) -> None:
    past(fleet, 0)

    def said(*words: str) -> str:
        out = StringIO()
        call_command("prune", *words, stdout=out)
        return out.getvalue()

    dry = said("--dry-run")
    assert "episodes: kept 365 days; to go: episodes 1, executions 1, verdicts 1" in dry
    assert "audit: kept for ever" in dry
    assert "Nothing was changed." in dry
    assert Episode.objects.count() == 1
    assert "episodes: kept 365 days; deleted: episodes 1, executions 1" in said()
    assert not Episode.objects.exists()
