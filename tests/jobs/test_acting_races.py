"""Workers that act at the same moment: threads with connections of their own, on both databases."""

import pytest

from devices.models import Command
from jobs import acting, approvals
from jobs.approvals import NotDecided
from jobs.models import Episode, GateVerdict, JobExecution, Mode, Standing
from platforms.models import Platform
from tests.devices.world import sender_of_nobody, together
from tests.jobs.acting_world import NOON, make_fleet, why

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]

WORKERS = 4


def test_many_workers_act_once_on_each_player_and_keep_the_rate(platform_a: Platform) -> None:
    fleet = make_fleet(platform_a, 40, 5)
    episodes = fleet.fire(*fleet.players[:3])
    late = fleet.fire(*fleet.players[3:5], minutes=1)
    # The first three have had their canary: five that fire together would wait for one.
    JobExecution.objects.create(
        platform=platform_a, episode=episodes[0], job=fleet.job, player=fleet.players[9],
        attempt=99, rung=0, mode=Mode.LIVE, standing=Standing.OVER, outcome="verified",
        created_at=NOON, commanded_at=NOON, finished_at=NOON,
    )  # fmt: skip
    Episode.objects.filter(pk=episodes[0].pk).update(closed=True, closed_at=NOON, ending="done")
    made = together(lambda at: acting.act(NOON), WORKERS)
    assert sum(made) == 3
    assert Command.objects.count() == 3
    begun = JobExecution.objects.filter(standing=Standing.COMMANDED)
    assert {each.episode for each in begun} == {episodes[1], episodes[2], late[0]}
    assert why(late[1]) == ("rate", "platform")
    assert GateVerdict.objects.filter(episode=late[1]).count() == 1


def test_of_many_workers_one_acts_where_a_single_player_is_due(platform_a: Platform) -> None:
    fleet = make_fleet(platform_a, 12, 1)
    (episode,) = fleet.fire(fleet.players[0])
    assert sum(together(lambda at: acting.act(NOON), WORKERS)) == 1
    assert (Command.objects.count(), episode.executions.count()) == (1, 1)


def test_one_of_many_workers_tries_the_canary(platform_a: Platform) -> None:
    fleet = make_fleet(platform_a, 40, 5)
    fleet.fire(*fleet.players[:5])
    assert sum(together(lambda at: acting.act(NOON), WORKERS)) == 1
    assert Command.objects.count() == 1


def test_those_who_decide_about_different_players_at_once_try_one_canary(
    platform_a: Platform,
) -> None:
    fleet = make_fleet(platform_a, 40, 5)
    episodes = fleet.fire(*fleet.players[:5])
    made = together(lambda at: acting._decide(platform_a.pk, episodes[at].pk, NOON), 5)
    assert sum(made) == 1
    assert Command.objects.count() == 1


def test_an_action_is_either_declined_or_done(platform_a: Platform) -> None:
    person = sender_of_nobody()
    fleet = make_fleet(platform_a, 40, 1, mode=Mode.APPROVE)
    fleet.fire(fleet.players[0])
    fleet.act()
    row = JobExecution.objects.get()
    approvals.approve(row, person, NOON)

    def work(at: int) -> str:
        if at:
            return "done" if acting.act(NOON) else ""
        try:
            approvals.decline(row, person, NOON)
        except NotDecided:
            return ""
        return "declined"

    said = [each for each in together(work, 2) if each]
    row.refresh_from_db()
    assert len(said) == 1
    assert row.standing == {"done": Standing.COMMANDED, "declined": Standing.DECLINED}[said[0]]
    assert Command.objects.count() == (said == ["done"])
