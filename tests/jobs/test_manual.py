"""A job on one player by hand: a look that changes nothing; for real, through every gate."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from devices.models import Assignment, Command
from jobs import acting, manual
from jobs.manual import NotRun, Report
from jobs.models import Episode, GateVerdict, Job, JobExecution, JobPause, Mode, Standing, Trigger
from jobs.verdicts import Verdict
from platforms.models import AuditEntry, Notice, Platform, User
from platforms.notice_kinds import Severity
from tests.devices.world import sender
from tests.exporters.watched_world import World
from tests.jobs.acting_world import Fleet, make_fleet, make_job
from tests.jobs.evaluated_world import source_lines, status_lines

pytestmark = pytest.mark.django_db


@pytest.fixture
def fleet(platform_a: Platform) -> Fleet:
    """Twelve players of this moment, the first of which has been bad for a while."""
    fleet = make_fleet(platform_a, 12, 2)
    fleet.tick(timezone.now())
    fleet.see(fleet.players[0], bad=True)
    return fleet


@pytest.fixture
def offline(world: World, fleet: Fleet) -> None:
    """The exporter says so as well."""
    told = [(each, 1) for each in fleet.players[1:]]
    world.say([*source_lines(fleet.exporter), *status_lines([*told, (fleet.players[0], 0)])])


def run(fleet: Fleet, who: User, number: int = 0, *, dry: bool = False) -> Report:
    player = fleet.players[number]
    return manual.run_now(fleet.job, player, sender(who), timezone.now(), dry=dry)


def refused(fleet: Fleet, who: User, number: int = 0) -> str:
    with pytest.raises(NotRun) as error:
        run(fleet, who, number)
    return error.value.code


@pytest.mark.usefixtures("offline")
def test_a_dry_run_says_what_every_gate_says_and_what_would_go_out_and_writes_nothing(
    fleet: Fleet, mona: User
) -> None:
    audited = AuditEntry.objects.count()
    report = run(fleet, mona, dry=True)
    assert [each.gate.value for each in report.verdicts][:3] == ["evidence", "job", "late"]
    assert [each.gate.value for each in report.verdicts][-2:] == ["rate", "approval"]
    assert report.against is None
    assert [each.shown for each in report.messages] == ["#12#0#1#1#"]
    assert report.order is not None
    assert report.order.wish.segments == 1
    assert report.proof is not None
    assert report.proof.verdict is Verdict.TRUE
    for model in (Episode, JobExecution, Command, GateVerdict):
        assert not model.objects.exists()
    assert AuditEntry.objects.count() == audited


@pytest.mark.usefixtures("offline")
def test_for_real_it_opens_one_episode_on_which_the_job_acts(fleet: Fleet, mona: User) -> None:
    opened = run(fleet, mona).episode
    assert opened is not None
    assert (opened.trigger, opened.player) == (Trigger.RULE, fleet.players[0])
    entry = AuditEntry.objects.latest("pk")
    assert (entry.actor, entry.after["by_hand"]) == (mona.email, True)
    assert run(fleet, mona).episode == opened
    assert not Command.objects.exists()
    assert acting.act(timezone.now()) == 1
    assert Command.objects.get().by_job
    assert JobExecution.objects.get().episode == opened
    assert refused(fleet, mona) == "shut"


@pytest.mark.usefixtures("offline")
def test_people_hear_of_it_as_gravely_as_of_the_job_and_since_when_the_player_was_bad(
    fleet: Fleet, mona: User
) -> None:
    Job.objects.update(severity=Severity.CRITICAL)
    fleet.job.refresh_from_db()
    run(fleet, mona)
    notice = Notice.objects.get(kind="opened")
    assert notice.severity == Severity.CRITICAL
    since = datetime.fromisoformat(notice.facts["since"])
    assert abs(fleet.now - since - timedelta(hours=1)) < timedelta(seconds=1)


@pytest.mark.usefixtures("offline")
def test_a_job_that_asks_proposes_it(fleet: Fleet, mona: User) -> None:
    Job.objects.update(mode=Mode.APPROVE)
    fleet.job.refresh_from_db()
    run(fleet, mona)
    acting.act(timezone.now())
    assert JobExecution.objects.get().standing == Standing.PROPOSED


@pytest.mark.usefixtures("offline")
def test_who_may(fleet: Fleet, alice: User, ursula: User, bob: User, charlie: User) -> None:
    for nobody in (bob, charlie, ursula):
        assert refused(fleet, nobody) == "role"
    device = fleet.sockets[fleet.players[0].pk]
    Assignment.objects.create(platform=fleet.platform, user=ursula, device=device)
    assert run(fleet, ursula).episode is not None
    assert run(fleet, alice).episode == Episode.objects.get()


@pytest.mark.usefixtures("offline")
def test_a_gate_that_is_shut_begins_nothing(fleet: Fleet, mona: User) -> None:
    pause = JobPause.objects.create(
        platform=fleet.platform, job=fleet.job, reason="new panels", author_name="Mona"
    )
    assert refused(fleet, mona) == "shut"
    against = run(fleet, mona, dry=True).against
    assert against is not None
    assert against.detail["reason"] == "new panels"
    pause.delete()
    Job.objects.update(mode=Mode.SHADOW)
    fleet.job.refresh_from_db()
    assert refused(fleet, mona) == "shadow"
    assert not Episode.objects.exists()


@pytest.mark.usefixtures("scripted")
def test_what_prometheus_does_not_prove_now_is_not_begun(fleet: Fleet, mona: User) -> None:
    assert refused(fleet, mona) == "unproven"
    assert not Episode.objects.exists()


def test_a_healthy_player_is_commanded_by_a_person_alone_who_says_so(
    fleet: Fleet, mona: User, ursula: User, world: World
) -> None:
    world.say([*source_lines(fleet.exporter), *status_lines([(e, 1) for e in fleet.players])])
    assert refused(fleet, mona, 1) == "shut"
    player, key, now = fleet.players[1], uuid4(), timezone.now()
    device = fleet.sockets[player.pk]
    Assignment.objects.create(platform=fleet.platform, user=ursula, device=device)
    with pytest.raises(NotRun) as error:
        manual.run_now(fleet.job, player, sender(ursula), now, dry=False, confirmed=key)
    assert error.value.code == "role"
    done = manual.run_now(fleet.job, player, sender(mona), now, dry=False, confirmed=key)
    again = manual.run_now(fleet.job, player, sender(mona), now, dry=False, confirmed=key)
    command = Command.objects.get()
    assert done.command == again.command == command
    assert (command.by_job, command.author, command.device) == (False, mona, device)
    assert not Episode.objects.exists()
    with pytest.raises(NotRun) as error:
        manual.run_now(fleet.job, player, sender(mona), now, dry=False, confirmed=uuid4())
    assert error.value.code == "in_flight"


def test_a_schedule_is_run_for_one_player(fleet: Fleet, mona: User) -> None:
    nightly, now = make_job(fleet.platform, None), timezone.now()
    report = manual.run_now(nightly, fleet.players[1], sender(mona), now, dry=False)
    assert report.episode is not None
    assert (report.episode.trigger, report.episode.due_at) == (Trigger.SCHEDULE, now)
    assert acting.act(now) == 1
    assert JobExecution.objects.get().player == fleet.players[1]


def test_a_job_that_was_changed_since_it_was_judged_is_not_run(fleet: Fleet, mona: User) -> None:
    nightly, now = make_job(fleet.platform, None), timezone.now()
    report = manual.run_now(nightly, fleet.players[1], sender(mona), now)
    Job.objects.filter(pk=nightly.pk).update(version=2)
    with pytest.raises(NotRun) as error:
        manual._open(report, sender(mona), now)
    assert error.value.code == "changed"
    assert not Episode.objects.exists()
