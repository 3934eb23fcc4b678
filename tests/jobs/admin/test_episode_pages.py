"""Episodes and executions as pages: what is said, who sees it, and taking one over."""

from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from devices.models import Assignment
from exporters.models import Player
from jobs import acting, approvals, beside_players
from jobs.models import Episode, Job, JobExecution, JobPause, Mode, Outcome, Standing
from platforms.models import Platform, User
from tests.conftest import ClientOf
from tests.devices.world import sender
from tests.jobs.acting_world import Fleet, finish, make_fleet

pytestmark = pytest.mark.django_db
LIST = "/admin/jobs/episode/"
EXECUTIONS = "/admin/jobs/jobexecution/"


@pytest.fixture
def fleet(platform_a: Platform) -> Fleet:
    """Players of this moment, one of them on a socket."""
    fleet = make_fleet(platform_a, 26, 1)
    fleet.tick(timezone.now())
    return fleet


@pytest.fixture
def held(fleet: Fleet) -> Episode:
    """A player that is bad, and a pause of its job."""
    JobPause.objects.create(
        platform=fleet.platform, job=fleet.job, reason="new panels", author_name="Mona"
    )
    (episode,) = fleet.fire(fleet.players[0])
    acting.act(fleet.now)
    return episode


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return unescape(str(answer.content.decode()))


def at(name: str, episode: Episode) -> str:
    return reverse(f"admin:jobs_episode_{name}", args=[episode.pk])


def listed(client: Any, query: str = "", page: str = LIST) -> list[int]:
    rows = client.get(f"{page}?{query}").context["cl"].result_list
    return [row.pk for row in rows]


def queries(client: Any, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        text(client.get(address))
    return len(asked)


# -- the list -----------------------------------------------------------------------------------


def test_members_see_what_is_open_first_and_nothing_of_others(
    fleet: Fleet, platform_b: Platform, bob: User, client_of: ClientOf
) -> None:
    first, second, third = fleet.fire(*fleet.players[:3])
    Episode.objects.filter(pk=third.pk).update(closed=True, closed_at=fleet.now, ending="recovered")
    foreign = make_fleet(platform_b, 2)
    (theirs,) = foreign.fire(foreign.players[0])
    client = client_of(bob)
    assert listed(client) == [second.pk, first.pk, third.pk]
    for name in ("change", "live", "acknowledge"):
        assert client.get(at(name, theirs)).status_code == 404
    assert client.get(f"{LIST}?of_player={foreign.players[0].pk}").context["cl"].result_count == 0
    assert client.post(f"{LIST}{first.pk}/delete/").status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403


def test_the_list_is_narrowed_down(fleet: Fleet, bob: User, client_of: ClientOf) -> None:
    bad, taken, tired, good, over = (each.pk for each in fleet.fire(*fleet.players[:5]))
    rows, now = Episode.objects, fleet.now
    rows.filter(pk=taken).update(acknowledged_at=now, acknowledged_name="Mona")
    rows.filter(pk=tired).update(exhausted_at=now, suppressed="attempts")
    rows.filter(pk=good).update(recovering_since=now)
    rows.filter(pk=over).update(closed=True, closed_at=now, ending="job")
    client, player = client_of(bob), fleet.players[0]
    for query, wanted in {
        "of_state=open": {bad, taken, tired, good},
        "of_state=over": {over},
        "of_state=held": {tired},
        "of_state=exhausted": {tired},
        "of_state=recovering": {good},
        "taken_over=yes": {taken},
        "ending=job": {over},
        "ending=rubbish": {bad, taken, tired, good, over},
        f"of_job={fleet.job.pk}": {bad, taken, tired, good, over},
        "of_job=999999": set(),
        f"of_player={player.pk}": {bad},
        f"q={player.identity}": {bad},
    }.items():
        assert set(listed(client, query)) == wanted, query


def test_lists_and_pages_cost_the_same_however_much_there_is(
    fleet: Fleet, bob: User, client_of: ClientOf
) -> None:
    client = client_of(bob)
    (episode,) = fleet.fire(fleet.players[0])
    acting.act(fleet.now)
    run = JobExecution.objects.get()
    addresses = [LIST, EXECUTIONS, at("change", episode), f"{EXECUTIONS}{run.pk}/change/"]
    before = [queries(client, address) for address in addresses]
    fleet.fire(*fleet.players[10:25])
    finish(run, Outcome.INEFFECTIVE, fleet.now)
    for number in range(2, 12):
        JobExecution.objects.create(
            platform=fleet.platform, episode=episode, job=fleet.job, player=fleet.players[0],
            attempt=number, rung=0, mode=Mode.LIVE, standing=Standing.OVER,
            outcome=Outcome.INEFFECTIVE, created_at=fleet.now, finished_at=fleet.now,
        )  # fmt: skip
    assert [queries(client, address) for address in addresses] == before
    assert max(before) < 40


# -- the page of one ----------------------------------------------------------------------------


def test_the_page_says_in_words_what_holds_it_back(
    held: Episode, bob: User, client_of: ClientOf
) -> None:
    client = client_of(bob)
    said = "The job is paused by Mona: new panels"
    answer = client.get(at("change", held))
    assert answer.context["story"].headline == said
    assert text(answer).count(said) == 2  # as the headline, and in what held it back
    assert "Status is Offline" in text(answer)
    live = client.get(at("live", held))
    assert live.headers["X-Remosa-Live"] == "1"
    assert said in text(live)
    assert "Take it over" not in text(live)


def test_the_story_follows_the_episode(fleet: Fleet, bob: User, client_of: ClientOf) -> None:
    (episode,) = fleet.fire(fleet.players[0])
    client = client_of(bob)

    def headline() -> str:
        return str(client.get(at("change", episode)).context["story"].headline)

    assert headline().startswith("The player is bad; the job is about to look")
    acting.act(fleet.now)
    assert headline() == "An action is under way."
    finish(JobExecution.objects.get(), Outcome.INEFFECTIVE, fleet.now)
    fleet.act(1)
    assert headline() == "It is too early after the last action of the job."
    Episode.objects.update(recovering_since=fleet.now)
    assert headline().startswith("The player is good again")
    Episode.objects.update(closed=True, closed_at=fleet.now, ending="recovered")
    answer = client.get(at("change", episode))
    assert answer.context["story"] == (
        "It is over: the player is well again.", "good", fleet.now, None)  # fmt: skip
    assert "It was sent and did not help." in text(answer)
    assert "data-live=" not in text(answer)


# -- taking it over -----------------------------------------------------------------------------


def test_a_manager_takes_it_over_and_the_page_says_who_and_why(
    held: Episode, mona: User, client_of: ClientOf
) -> None:
    client = client_of(mona)
    assert "Take it over" in text(client.get(at("change", held)))
    assert "sends nothing more" in text(client.get(at("acknowledge", held)))
    held.refresh_from_db()
    assert held.acknowledged_at is None
    client.post(at("acknowledge", held), {"comment": "a technician is on the way"})
    page = text(client.get(at("change", held)))
    assert f"{mona.email} took it over" in page
    assert "a technician is on the way" in page
    assert "Take it over" not in page
    again = client.post(at("acknowledge", held), {"comment": "me too"}, follow=True)
    assert "decided already" in text(again)
    held.refresh_from_db()
    assert held.comment == "a technician is on the way"


def test_a_user_takes_over_what_hangs_on_an_assigned_socket_alone(
    held: Episode, fleet: Fleet, ursula: User, bob: User, client_of: ClientOf
) -> None:
    for who in (ursula, bob):
        for method in ("get", "post"):
            assert getattr(client_of(who), method)(at("acknowledge", held)).status_code == 403
    device = fleet.sockets[held.player_id]
    Assignment.objects.create(platform=fleet.platform, user=ursula, device=device)
    assert "Take it over" in text(client_of(ursula).get(at("change", held)))
    assert client_of(ursula).post(at("acknowledge", held)).status_code == 302
    held.refresh_from_db()
    assert held.acknowledged_name == ursula.email


# -- executions ---------------------------------------------------------------------------------


def test_an_execution_shows_value_condition_gates_command_and_what_came_of_it(
    fleet: Fleet, alice: User, bob: User, client_of: ClientOf
) -> None:
    fleet.fire(fleet.players[0])
    acting.act(fleet.now)
    run = JobExecution.objects.get()
    finish(run, Outcome.VERIFIED, fleet.now)
    JobExecution.objects.update(output="Call +7 987 123 45 67: done", sent="#12#+79871234567#")
    address = f"{EXECUTIONS}{run.pk}/change/"
    page = text(client_of(bob).get(address))
    for part in (
        "It helped: the player is well again.", "Offline", "Status is Offline",
        "The player is bad now.", "The job may act at any time.", "It is its turn.",
        f"/admin/devices/command/{run.command_id}/change/", f"{LIST}{run.episode_id}/change/",
    ):  # fmt: skip
        assert part in page, part
    assert "Call" in page
    for shown in (page, text(client_of(bob).get(EXECUTIONS))):
        assert "79871234567" not in shown
        assert "987 123 45" not in shown
    assert "79871234567" in text(client_of(alice).get(address))


def test_nobody_reads_or_changes_the_executions_of_others(
    fleet: Fleet, charlie: User, root: User, client_of: ClientOf
) -> None:
    fleet.fire(fleet.players[0])
    acting.act(fleet.now)
    run = JobExecution.objects.get()
    client = client_of(charlie)
    assert listed(client, page=EXECUTIONS) == []
    for word in ("change", "approve", "decline"):
        assert client.get(f"{EXECUTIONS}{run.pk}/{word}/").status_code == 404
    assert listed(client_of(root), "of_standing=commanded", EXECUTIONS) == [run.pk]
    assert listed(client_of(root), "of_outcome=verified", EXECUTIONS) == []
    assert listed(client_of(root), "of_mode=live", EXECUTIONS) == [run.pk]
    assert client_of(root).post(f"{EXECUTIONS}{run.pk}/delete/").status_code == 403


# -- the page of a player -----------------------------------------------------------------------


def test_the_page_of_a_player_names_the_jobs_that_watch_it_and_its_state_under_each(
    held: Episode, fleet: Fleet, platform_b: Platform, bob: User, charlie: User
) -> None:
    other: Job = Job.objects.create(platform=fleet.platform, name="Of nobody", mode=Mode.LIVE)
    make_fleet(platform_b, 1)
    panel = str(beside_players.jobs_panel(bob, fleet.players[0]))
    assert str(fleet.job) in panel
    assert str(other) not in panel
    assert "firing" in panel
    assert "The job is paused by Mona: new panels" in panel
    assert at("change", held) in panel
    assert ">well<" in str(beside_players.jobs_panel(bob, fleet.players[1]))
    fleet.see(fleet.players[1], bad=False, frozen_from=1.0, why="no_sample")
    unknown = str(beside_players.jobs_panel(bob, fleet.players[1]))
    assert "not known" in unknown
    assert "Nothing is known of this player" in unknown
    nothing = str(beside_players.jobs_panel(charlie, Player.objects.get(pk=fleet.players[0].pk)))
    assert str(fleet.job) not in nothing
    assert "No job watches this player." in nothing


def test_the_panel_of_a_player_asks_the_same_however_many_jobs_watch_it(
    held: Episode, fleet: Fleet, bob: User
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            beside_players.jobs_panel(bob, fleet.players[0])
        return len(queries)

    before = asked()
    for number in range(12):
        Job.objects.create(
            platform=fleet.platform, name=f"More {number}", whole_platform=True,
            criterion=fleet.job.criterion,
        )  # fmt: skip
    assert asked() == before


def test_an_episode_that_somebody_took_over_has_no_proposal_to_decide(
    fleet: Fleet, mona: User, client_of: ClientOf
) -> None:
    Job.objects.update(mode=Mode.APPROVE)
    (episode,) = fleet.fire(fleet.players[0])
    acting.act(fleet.now)
    client = client_of(mona)
    page = text(client.get(at("change", episode)))
    run = JobExecution.objects.get()
    assert f"{EXECUTIONS}{run.pk}/approve/" in page
    assert "An action waits for somebody who approves it." in page
    approvals.acknowledge(episode, sender(mona), fleet.now)
    page = text(client.get(at("change", episode)))
    assert f"{EXECUTIONS}{run.pk}/approve/" not in page
    assert "It was declined: nothing was sent." in page
