"""Storing jobs: what is refused and why, versions, what a change forgets, what is recorded."""

from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

import pytest
from pytest_django import Settings

from devices import synchronisation
from devices.models import CommandTemplate
from devices.senders import Sender
from jobs import attempts, definition, saving
from jobs.conditions import Condition, Function, Operator
from jobs.definition import Step
from jobs.hours import Span
from jobs.models import Action, Clock, Ending, Episode, Floor, Job, Joined, Mode, Rung, Trigger
from jobs.orders import NoOrder, Orders
from jobs.saving import DefinitionRefused
from jobs.selection import Selection
from platforms.announcements import announce
from platforms.audit import SYSTEM
from platforms.models import AuditEntry, Notice, Platform
from tests.devices import world
from tests.factories import make_exporter, make_platform, make_player, make_site
from tests.jobs.world import OFFLINE, STATUS, defined, make_job, make_metric, secretive

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PAUSED = Condition(STATUS, Function.AVG, 600, Operator.LESS, 0.5)


@pytest.fixture(autouse=True)
def metric(db: None) -> None:
    make_metric()


def template(key: str, **fields: Any) -> CommandTemplate:
    synchronisation.synchronise()
    rows = CommandTemplate.objects.filter(model__key="simpal_d210", key=key)
    rows.update(**fields)
    found: CommandTemplate = rows.get()
    return found


def opened(job: Job) -> Episode:
    player = make_player(make_exporter(job.platform))
    episode: Episode = Episode.objects.create(
        platform=job.platform, job=job, job_version=job.version, player=player, opened_at=NOON
    )
    return episode


@pytest.mark.both_databases
def test_what_is_stored_is_read_as_it_was(platform_a: Platform) -> None:
    exporter = make_exporter(platform_a)
    wanted = defined(
        platform_a,
        own_name="Night watch",
        mode=Mode.APPROVE,
        conditions=(OFFLINE, PAUSED),
        joined=Joined.ANY,
        selection=Selection(
            platform_a.pk,
            exporters=frozenset({exporter.pk}),
            sites=frozenset({make_site(platform_a).pk}),
            players=frozenset({make_player(exporter).pk}),
        ),
        rungs=(
            Step(wait=300),
            Step(Action.TEMPLATE, template("power_cycle", for_jobs=True).pk, {"minutes": "2"}),
        ),
        hours=(Span(0, time(9), time(18)), Span(5, time(22), time(2))),
    )
    assert definition.of(saving.save(wanted, SYSTEM)) == wanted


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"conditions": ()}, "conditions"),
        ({"conditions": (Condition("up", Function.LAST, 0, Operator.EQUAL, 0.0),)}, "conditions"),
        (
            {"conditions": (Condition(STATUS, Function.LAST, 0, Operator.GREATER, 7.0),)},
            "conditions",
        ),
        ({"hold": 30}, "hold"),
        ({"attempts": 0}, "attempts"),
        ({"cooldown": 60}, "cooldown"),
        ({"time_zone": "Moon/Crater"}, "time_zone"),
        ({"own_name": "x" * 161}, "own_name"),
        ({"description": "x" * 10_001}, "description"),
        ({"rungs": (Step(wait=10),)}, "rungs.0"),
        ({"rungs": (Step(Action.TEMPLATE, 999_999),)}, "rungs.0"),
        ({"rungs": (Step(),) * 6}, "rungs"),
        ({"rungs": (Step(Action.RESTART, 1),)}, "rungs.0"),
        ({"cron": "0 3 * * *"}, "cron"),
        ({"trigger": Trigger.SCHEDULE, "conditions": (), "cron": "at night"}, "cron"),
        ({"trigger": Trigger.SCHEDULE, "cron": "0 3 * * *"}, "conditions"),
        (
            {"trigger": Trigger.SCHEDULE, "conditions": (), "cron": "0 3 * * *", "rungs": ()},
            "rungs",
        ),
    ],
)
def test_what_cannot_work_is_refused_at_its_field(
    platform_a: Platform, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(DefinitionRefused) as refused:
        saving.save(defined(platform_a, **values), SYSTEM)

    assert list(refused.value.errors) == [field]
    assert all(refused.value.errors[field])
    assert not Job.objects.exists()


def test_a_job_that_names_nothing_is_refused(platform_a: Platform) -> None:
    with pytest.raises(DefinitionRefused) as refused:
        saving.save(defined(platform_a, selection=Selection(platform_a.pk)), SYSTEM)

    assert list(refused.value.errors) == ["selection"]


def test_what_is_of_another_platform_is_not_there(platform_a: Platform) -> None:
    theirs = make_exporter(make_platform())
    chosen = Selection(platform_a.pk, exporters=frozenset({theirs.pk}))

    with pytest.raises(DefinitionRefused) as refused:
        saving.save(defined(platform_a, selection=chosen), SYSTEM)

    assert list(refused.value.errors) == ["selection"]


@pytest.mark.parametrize(("key", "for_jobs"), [("power_cycle", False), ("factory_reset", True)])
def test_jobs_send_what_was_allowed_for_them_and_never_what_destroys(
    platform_a: Platform, key: str, for_jobs: bool
) -> None:
    row = template(key, for_jobs=for_jobs)
    step = Step(Action.TEMPLATE, row.pk, {"minutes": "1"} if key == "power_cycle" else {})

    with pytest.raises(DefinitionRefused) as refused:
        saving.save(defined(platform_a, rungs=(step,)), SYSTEM)

    assert refused.value.errors == {"rungs.0": ["Jobs may not send this command."]}


def test_parameters_of_a_rung_are_checked_as_those_of_a_person(platform_a: Platform) -> None:
    step = Step(Action.TEMPLATE, template("power_cycle", for_jobs=True).pk, {"minutes": "0"})

    with pytest.raises(DefinitionRefused) as refused:
        saving.save(defined(platform_a, rungs=(step,)), SYSTEM)

    (told,) = refused.value.errors["rungs.0"]
    assert "1 or more" in told


def test_jobs_that_ask_the_same_share_what_was_seen(platform_a: Platform) -> None:
    quick = make_job(platform_a, hold=60)
    slow = make_job(platform_a, hold=900, conditions=(OFFLINE, OFFLINE))
    other = make_job(platform_a, conditions=(PAUSED,))

    assert quick.criterion_id == slow.criterion_id != other.criterion_id


def test_a_change_of_what_it_decides_on_begins_a_new_version(platform_a: Platform) -> None:
    job = make_job(platform_a)
    clock = Clock.objects.create(
        platform=platform_a,
        criterion_id=job.criterion_id or 0,
        exporter=make_exporter(platform_a),
        at=NOON,
        observed=4000.0,
        known=True,
    )
    episode = opened(job)

    changed = saving.save(defined(platform_a, hold=600), SYSTEM, job)

    assert changed.version == 2
    assert Floor.objects.get(job=job, clock=clock).observed == 4000.0
    episode.refresh_from_db()
    assert (episode.closed, episode.ending) == (True, Ending.JOB)


def test_a_job_that_begins_counts_nothing_that_others_saw_before(platform_a: Platform) -> None:
    first = make_job(platform_a)
    clock = Clock.objects.create(
        platform=platform_a,
        criterion_id=first.criterion_id or 0,
        exporter=make_exporter(platform_a),
        at=NOON,
        observed=4000.0,
        known=True,
    )
    new = make_job(platform_a)
    assert Floor.objects.get(job=new, clock=clock).observed == 4000.0
    assert not Floor.objects.filter(job=first).exists()

    saving.change([first], SYSTEM, enabled=False)
    Clock.objects.update(observed=9000.0)
    saving.change([first], SYSTEM, enabled=True)
    assert Floor.objects.get(job=first).observed == 9000.0
    assert Floor.objects.get(job=new).observed == 4000.0


def test_a_change_of_other_things_forgets_nothing(platform_a: Platform) -> None:
    job = make_job(platform_a)
    episode = opened(job)

    changed = saving.save(defined(platform_a, cooldown=7200, description="Slowly"), SYSTEM, job)

    assert changed.version == 1
    episode.refresh_from_db()
    assert not episode.closed


@pytest.mark.both_databases
def test_a_change_of_one_value_does_not_write_back_an_older_reach(platform_a: Platform) -> None:
    player = make_player(make_exporter(platform_a))
    job = make_job(platform_a)
    read = Job.objects.get()  # whole platform: as many are read before the first is changed
    narrow = Selection(platform_a.pk, players=frozenset({player.pk}))
    saving.save(replace(definition.of(job), selection=narrow), SYSTEM, job)
    saving.change([read], SYSTEM, mode=Mode.LIVE)
    assert definition.of(Job.objects.get()).selection == narrow
    assert Job.objects.get().mode == Mode.LIVE


def test_a_removed_job_ends_its_episodes_and_keeps_its_history(platform_a: Platform) -> None:
    job = make_job(platform_a)
    episode = opened(job)

    saving.remove(job, SYSTEM)
    saving.remove(job, SYSTEM)

    episode.refresh_from_db()
    assert episode.ending == Ending.JOB
    assert not Job.objects.working().filter(pk=job.pk).exists()
    assert make_job(platform_a).name == job.name  # the name is free again


def test_nobody_is_told_for_ever_of_a_job_that_was_removed(platform_a: Platform) -> None:
    job = make_job(platform_a)
    first, second = opened(job), opened(job)
    for each in (first, second):
        key = f"{job.pk}:{each.player_id}"
        announce("opened", platform=platform_a, about=each.player, facts={}, key=key)
    Episode.objects.filter(pk=first.pk).update(closed=True, closed_at=NOON, ending="player")
    attempts.end_notices(NOON)
    assert [each.about_id for each in Notice.objects.lasting()] == [str(second.player_id)]
    saving.remove(job, SYSTEM)
    attempts.end_notices(NOON)
    assert not Notice.objects.lasting().exists()


def test_a_copy_begins_in_the_shadow_under_a_name_of_its_own(platform_a: Platform) -> None:
    job = make_job(platform_a, mode=Mode.LIVE, own_name="Watch")

    other = saving.copy(job, SYSTEM)

    assert (other.mode, other.name) == (Mode.SHADOW, "Watch (copy)")
    assert other.criterion_id == job.criterion_id


def test_the_record_tells_what_changed_and_nothing_else(platform_a: Platform) -> None:
    jobs = [make_job(platform_a), make_job(platform_a)]

    assert saving.change(jobs, SYSTEM, mode=Mode.LIVE) == 2
    assert saving.change(jobs, SYSTEM, mode=Mode.LIVE) == 0

    entry = AuditEntry.objects.filter(target_id=str(jobs[0].pk), action="changed").get()
    assert (entry.before, entry.after) == ({"mode": "shadow"}, {"mode": "live"})


def test_the_record_tells_seconds_of_hours(platform_a: Platform) -> None:
    job = make_job(platform_a, hours=(Span(0, time(8), time(8, 0, 50)),))
    saving.change([job], SYSTEM, hours=(Span(0, time(8), time(8)),))
    entry = AuditEntry.objects.latest("pk")
    assert entry.before == {"hours": ["0 08:00-08:00:50"]}
    assert entry.after == {"hours": ["0 08:00-08:00"]}


def test_a_description_that_is_too_long_already_stays_and_is_copied(platform_a: Platform) -> None:
    job = make_job(platform_a)
    Job.objects.update(description="x" * 15_000)
    saving.change([job], SYSTEM, attempts=4)
    assert len(saving.copy(job, SYSTEM).description) == 15_000
    with pytest.raises(DefinitionRefused):
        saving.change([job], SYSTEM, description="y" * 15_000)


def test_a_schedule_is_stored_in_its_normal_form_however_it_was_written(
    platform_a: Platform,
) -> None:
    cron = " 0   3 * *\tmon "
    job = make_job(platform_a, trigger=Trigger.SCHEDULE, conditions=(), cron=cron)
    assert (job.cron, job.name) == (
        "0 3 * * MON",
        "Schedule for all players → restart Mon at 03:00",
    )
    lines = AuditEntry.objects.count()
    assert saving.change([job], SYSTEM, cron="0 3 * *  Mon") == 0
    assert AuditEntry.objects.count() == lines


def test_the_record_tells_that_a_secret_of_a_rung_changed_and_never_the_secret(
    platform_a: Platform,
) -> None:
    row = secretive(platform_a)
    old, new = (Step(Action.TEMPLATE, row.pk, {"minutes": each}) for each in "78")
    job = make_job(platform_a, rungs=(old,))
    saving.change([job], SYSTEM, rungs=(new,))
    saving.remove(job, SYSTEM)
    created, changed, removed = AuditEntry.objects.filter(target_id=str(job.pk)).order_by("pk")
    assert [*changed.after] == ["rungs"]
    for told in (created.after, changed.before, changed.after, removed.before):
        assert told["rungs"][0]["parameters"] == {"minutes": "set"}


def test_a_secret_of_a_rung_is_kept_sealed_and_outlives_a_lost_key(
    platform_a: Platform, settings: Settings
) -> None:
    row = secretive(platform_a)
    job = make_job(platform_a, rungs=(Step(Action.TEMPLATE, row.pk, {"minutes": "9753"}),))
    (stored,) = Rung.objects.filter(job=job)
    assert (stored.parameters, stored.values) == ({}, {"minutes": "9753"})
    (columns,) = Rung.objects.filter(pk=stored.pk).values()
    assert (
        "9753" not in f"{columns['parameters']}{columns['secrets'].sealed()}{definition.of(job)!r}"
    )

    keys, settings.REMOSA_SECRET_KEYS = (
        settings.REMOSA_SECRET_KEYS,
        ["another key that is long enough to be one"],
    )
    assert definition.of(job).rungs[0].parameters == {}
    saving.change([job], SYSTEM, enabled=False)
    device = world.make_socket(platform_a)
    orders = Orders(NOON).of(stored, device.lines.get(number=1), Sender.job("x"))
    assert orders == NoOrder("parameters")
    settings.REMOSA_SECRET_KEYS = keys
    assert definition.of(job).rungs[0].parameters == {"minutes": "9753"}


def test_jobs_of_a_platform_ask_so_many_questions_and_equal_ones_once(
    platform_a: Platform, platform_b: Platform, settings: Settings
) -> None:
    settings.JOBS_QUESTIONS = 2
    first = make_job(platform_a, conditions=(OFFLINE, PAUSED))
    make_job(platform_a, conditions=(PAUSED,), hold=900)
    third = Condition(STATUS, Function.AVG, 900, Operator.LESS, 0.5)
    with pytest.raises(DefinitionRefused) as refused:
        make_job(platform_a, conditions=(third,))
    assert "3 different questions; it may ask 2" in refused.value.errors["conditions"][0]
    make_job(platform_b, conditions=(third,))
    later = make_job(platform_a, conditions=(third,), enabled=False)
    with pytest.raises(DefinitionRefused):
        saving.change([later], SYSTEM, enabled=True)
    settings.JOBS_QUESTIONS = 1
    assert saving.change([first], SYSTEM, attempts=2) == 1


def test_a_job_whose_command_is_gone_can_still_be_stopped(platform_a: Platform) -> None:
    row = template("power_cycle", for_jobs=True)
    rung = Step(Action.TEMPLATE, row.pk, {"minutes": "2"})
    job = make_job(platform_a, mode=Mode.LIVE, rungs=(rung,))
    CommandTemplate.objects.filter(pk=row.pk).update(withdrawn_at=NOON)

    assert saving.change([job], SYSTEM, mode=Mode.SHADOW) == 1
    assert saving.change([job], SYSTEM, enabled=False) == 1
    stopped = definition.of(job)
    assert (stopped.mode, stopped.enabled, stopped.rungs) == (Mode.SHADOW, False, (rung,))
    for values in ({"mode": Mode.LIVE}, {"enabled": True}, {"hold": 600}):
        with pytest.raises(DefinitionRefused):
            saving.change([job], SYSTEM, **values)
    assert definition.of(job) == stopped
