"""How far a job may go: in the shadow, with a person's word, and until somebody takes over."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from devices.models import Assignment, Binding, Command, CommandTemplate
from jobs import acting, approvals
from jobs.approvals import NotDecided
from jobs.models import Episode, Job, JobExecution, JobPause, Mode, Outcome, Standing
from platforms.models import AuditEntry, Notice, Platform, User
from tests.devices.world import make_socket, sender
from tests.jobs.acting_world import NOON, Fleet, finish, make_fleet, make_job, why

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

Said = Callable[..., None]


@pytest.fixture
def shadow(platform_a: Platform) -> Fleet:
    """A job that only records what it would do."""
    return make_fleet(platform_a, 30, 2, mode=Mode.SHADOW)


@pytest.fixture
def asking(platform_a: Platform) -> Fleet:
    """A job that asks before it acts, for an hour."""
    return make_fleet(platform_a, 30, 2, mode=Mode.APPROVE)


def proposal() -> JobExecution:
    return JobExecution.objects.get(standing=Standing.PROPOSED)


# -- the shadow -----------------------------------------------------------------------------------


def test_a_job_in_the_shadow_records_what_it_would_have_done_and_spends_nothing(
    shadow: Fleet, platform_a: Platform
) -> None:
    (episode,) = shadow.fire(shadow.players[0])
    assert shadow.act() == 1
    row = JobExecution.objects.get()
    assert (row.standing, row.mode, row.attempt, row.rung) == (Standing.SHADOW, Mode.SHADOW, 1, 0)
    assert (row.sent, row.segments, row.command) == ("#12#0#1#1#", 1, None)
    assert row.device == shadow.sockets[shadow.players[0].pk]
    assert all(each["open"] for each in row.gates)
    assert not Command.objects.exists()
    assert not Notice.objects.exists()
    assert shadow.act(1) == 0
    assert why(episode) == ("", "")


def test_a_shadow_takes_no_place_of_those_that_act(shadow: Fleet) -> None:
    live = make_job(shadow.platform, shadow.job.criterion)
    shadow.fire(*shadow.players[:2])
    assert shadow.act() == 2
    shadow.fire(*shadow.players[:2], job=live)
    assert shadow.act(1) == 2
    assert Command.objects.count() == 2


def test_what_is_left_over_comes_with_the_next_look(
    shadow: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acting, "MOST", 1)
    shadow.fire(*shadow.players[:2])
    assert shadow.act() == 1
    assert shadow.act() == 1
    assert JobExecution.objects.count() == 2


def test_a_job_that_goes_live_begins_with_its_first_rung(shadow: Fleet) -> None:
    shadow.fire(shadow.players[0])
    shadow.act()
    Job.objects.update(mode=Mode.LIVE)
    assert shadow.act(1) == 1
    row = JobExecution.objects.get(standing=Standing.COMMANDED)
    assert (row.attempt, row.rung) == (2, 0)


def test_nonsense_in_the_shadow_stops_itself_and_nobody_else(platform_a: Platform) -> None:
    fleet = make_fleet(platform_a, 12, 1)
    nonsense = make_fleet(platform_a, 12, 1, mode=Mode.SHADOW)
    (held,) = nonsense.fire(nonsense.players[0])
    nonsense.fire(*nonsense.players[1:8])
    (episode,) = fleet.fire(fleet.players[0])
    assert acting.act(NOON) == 1
    assert JobExecution.objects.get().episode == episode
    assert why(held) == ("brake", "too_many")


# -- a person's word ------------------------------------------------------------------------------


def test_a_proposal_waits_for_a_person_and_is_done_after_that(asking: Fleet, mona: User) -> None:
    (episode,) = asking.fire(asking.players[0])
    assert asking.act() == 0
    row = proposal()
    assert (row.sent, row.expires_at) == ("#12#0#1#1#", NOON + timedelta(hours=1))
    assert Notice.objects.get().kind == "approval"
    assert asking.act(1) == 0
    assert why(episode) == ("approval", "waiting")
    approvals.approve(row, sender(mona), asking.now, "go")
    assert not Command.objects.exists()
    assert asking.act(1) == 1
    row.refresh_from_db()
    assert (row.standing, row.command) == (Standing.COMMANDED, Command.objects.get())
    assert (row.decided_name, row.comment, row.attempt) == (mona.email, "go", 1)
    assert (row.created_at, row.commanded_at) == (NOON, asking.now)
    assert row.gates[-1]["detail"]["by"] == mona.email
    assert AuditEntry.objects.get(actor=mona.email).after == {"approved": True, "comment": "go"}
    assert Command.objects.get().by_job


def test_an_approved_action_still_passes_every_gate_and_lapses_with_its_time(
    asking: Fleet, mona: User
) -> None:
    (episode,) = asking.fire(asking.players[0])
    asking.act()
    approvals.approve(proposal(), sender(mona), asking.now)
    pause = JobPause.objects.create(
        platform=asking.platform, job=asking.job, reason="new panels", author_name="Mona"
    )
    assert asking.act(1) == 0
    assert why(episode) == ("pause", "job")
    assert asking.act(59) == 0
    assert JobExecution.objects.get().standing == Standing.LAPSED
    pause.delete()
    assert asking.act(29) == 0  # it is not asked again at once
    assert asking.act(1) == 0
    assert proposal().attempt == 2


def test_what_was_declined_is_not_asked_again_before_the_cooldown_is_over(
    asking: Fleet, mona: User
) -> None:
    asking.fire(asking.players[0])
    asking.act()
    approvals.decline(proposal(), sender(mona), asking.now, "cleaners are in")
    declined = JobExecution.objects.get()
    assert (declined.standing, declined.comment) == (Standing.DECLINED, "cleaners are in")
    asking.act(29)
    assert JobExecution.objects.count() == 1
    asking.act(1)
    assert proposal().rung == 0


def test_a_command_that_nobody_approved_is_not_sent_in_the_place_of_another(
    asking: Fleet, mona: User
) -> None:
    (episode,) = asking.fire(asking.players[0])
    asking.act()
    approvals.approve(proposal(), sender(mona), asking.now)
    model = asking.sockets[asking.players[0].pk].model
    template = CommandTemplate.objects.get(model=model, key="power_on")
    asking.job.rungs.update(action="template", template=template)
    assert asking.act(1) == 0
    assert why(episode) == ("approval", "changed")
    _is_asked_anew(asking, mona)


def _is_asked_anew(asking: Fleet, mona: User) -> None:
    """What was approved is over, never sent; what would be sent now is proposed a minute later."""
    approved = JobExecution.objects.get()
    assert (approved.standing, approved.outcome) == (Standing.OVER, Outcome.CANCELLED)
    with pytest.raises(NotDecided):
        approvals.decline(approved, sender(mona), asking.now)
    assert asking.act(1) == 0
    again = proposal()
    assert (again.attempt, again.rung, again.decided_at) == (2, 0, None)
    assert (again.sent, again.device_id) != (approved.sent, approved.device_id)
    approvals.approve(again, sender(mona), asking.now)
    assert asking.act(1) == 1
    given = Command.objects.get()
    assert (given.text, given.device_id) == (again.sent, again.device_id)


def test_what_was_approved_for_one_socket_is_not_sent_to_another(asking: Fleet, mona: User) -> None:
    (episode,) = asking.fire(asking.players[0])
    asking.act()
    approvals.approve(proposal(), sender(mona), asking.now)
    Binding.objects.filter(player=asking.players[0]).update(ended_at=asking.now)
    asking.hang(asking.players[0], make_socket(asking.platform))
    assert asking.act(1) == 0
    assert why(episode) == ("approval", "changed")
    _is_asked_anew(asking, mona)


def test_a_proposal_ends_with_its_episode(asking: Fleet) -> None:
    asking.fire(asking.players[0])
    asking.act()
    Episode.objects.update(closed=True, closed_at=asking.now, ending="recovered")
    asking.act(1)
    assert JobExecution.objects.get().standing == Standing.LAPSED


@pytest.mark.parametrize("say", [approvals.approve, approvals.decline])
def test_people_decide_once_and_in_time(asking: Fleet, mona: User, say: Said) -> None:
    asking.fire(asking.players[0])
    asking.act()
    row = proposal()
    approvals.decline(row, sender(mona), asking.now)
    with pytest.raises(NotDecided) as refused:
        say(row, sender(mona), asking.now)
    assert refused.value.code == "over"


def test_nobody_approves_what_has_lapsed(asking: Fleet, mona: User) -> None:
    asking.fire(asking.players[0])
    asking.act()
    with pytest.raises(NotDecided):
        approvals.approve(proposal(), sender(mona), NOON + timedelta(hours=1))


def test_who_decides(asking: Fleet, alice: User, ursula: User, bob: User, charlie: User) -> None:
    asking.fire(*asking.players[:2])
    asking.act()
    row = JobExecution.objects.earliest("pk")
    episode = row.episode
    for nobody in (bob, charlie, ursula):
        for say in (approvals.approve, approvals.decline):
            with pytest.raises(NotDecided) as refused:
                say(row, sender(nobody), asking.now)
            assert refused.value.code == "role"
        with pytest.raises(NotDecided):
            approvals.acknowledge(episode, sender(nobody), asking.now)
    assert row.device is not None
    Assignment.objects.create(platform=asking.platform, user=ursula, device=row.device)
    approvals.approve(row, sender(ursula), asking.now)
    approvals.approve(JobExecution.objects.latest("pk"), sender(alice), asking.now)


# -- somebody takes over --------------------------------------------------------------------------


def test_an_acknowledged_episode_is_left_alone(platform_a: Platform, mona: User) -> None:
    fleet = make_fleet(platform_a, 30, 1)
    (episode,) = fleet.fire(fleet.players[0])
    fleet.act()
    finish(JobExecution.objects.get(), Outcome.INEFFECTIVE, fleet.now)
    approvals.acknowledge(episode, sender(mona), fleet.now, "a technician is on the way")
    assert fleet.act(31) == 0
    episode.refresh_from_db()
    assert episode.acknowledged_name == mona.email
    assert episode.comment == "a technician is on the way"
    assert AuditEntry.objects.get(actor=mona.email).after["acknowledged"] is True
    with pytest.raises(NotDecided):
        approvals.acknowledge(episode, sender(mona), fleet.now)


def test_a_proposal_of_an_acknowledged_episode_is_declined(asking: Fleet, mona: User) -> None:
    (episode,) = asking.fire(asking.players[0])
    asking.act()
    approvals.acknowledge(episode, sender(mona), asking.now)
    assert JobExecution.objects.get().standing == Standing.DECLINED
