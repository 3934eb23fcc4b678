"""What a job in the shadow would have done, as acting and verification wrote it down."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from devices.models import Command
from jobs import acting, saving, scorecard, verification
from jobs.models import Ending, Episode, Job, JobExecution, Mode, Standing
from platforms.audit import Actor
from platforms.models import AuditEntry, Platform, User
from tests.conftest import ClientOf
from tests.devices import world as sockets
from tests.jobs import acting_world
from tests.jobs.acting_world import Fleet, make_fleet
from tests.jobs.world import make_job

pytestmark = pytest.mark.django_db

NOW = timezone.now()
WEEK = timedelta(days=7)


@pytest.fixture
def fleet(platform_a: Platform) -> Fleet:
    """Thirty players under a job in the shadow; three of the first four have a socket."""
    fleet = make_fleet(platform_a, 30, 3, mode=Mode.SHADOW)
    fleet.now = NOW
    for player in fleet.players:
        fleet.see(player, bad=False)
    fleet.tick()
    return fleet


def end(episode: Episode, minutes: int) -> None:
    """Let the player of an episode come back by itself."""
    Episode.objects.filter(pk=episode.pk).update(
        closed=True, closed_at=NOW + timedelta(minutes=minutes), ending=Ending.RECOVERED
    )


def score(job: Job) -> scorecard.Score:
    return scorecard.score(job, NOW - WEEK, NOW + WEEK)


def test_it_counts_what_would_have_been_done_and_what_the_players_did_instead(
    fleet: Fleet,
) -> None:
    first, second, _third, _without_a_socket = fleet.fire(*fleet.players[:4])
    for _look in range(2):
        acting.act(fleet.now)
    assert not Command.objects.exists()
    assert JobExecution.objects.count() >= 1
    for player in (first, second):
        JobExecution.objects.get_or_create(
            episode=player, attempt=1,
            defaults={
                "platform": fleet.platform, "job": fleet.job, "player": player.player, "rung": 0,
                "mode": Mode.SHADOW, "standing": Standing.SHADOW, "created_at": NOW,
                "segments": 2,
            },
        )  # fmt: skip
    JobExecution.objects.exclude(episode__in=(first, second)).delete()
    JobExecution.objects.update(segments=2)
    end(first, 5)
    verification.verify(NOW + timedelta(minutes=20))
    found = score(fleet.job)
    assert (found.attempts, found.players, found.sms) == (2, 2, 4)
    assert (found.came_back, found.stayed_bad, found.open) == (1, 1, 0)
    assert (found.episodes, found.untouched) == (4, 2)
    by_player = {each.player.pk: each for each in found.by_player}
    assert by_player[first.player_id].came_back == 1
    assert by_player[second.player_id].stayed_bad == 1
    gates = {each.gate: each for each in found.gates}
    assert gates["binding"].never == 1
    # What it did when it was not in the shadow, and before the span, is no part of it.
    JobExecution.objects.filter(episode=first).update(mode=Mode.LIVE)
    JobExecution.objects.filter(episode=second).update(created_at=NOW - 2 * WEEK)
    assert score(fleet.job).attempts == 0


def test_whom_a_person_restarted_did_not_come_back_by_itself(fleet: Fleet, alice: User) -> None:
    """On this figure people let a job act."""
    episodes = fleet.fire(*fleet.players[:2])
    for each in episodes:
        JobExecution.objects.create(
            platform=fleet.platform, job=fleet.job, player=each.player, episode=each, attempt=1,
            rung=0, mode=Mode.SHADOW, standing=Standing.SHADOW, created_at=NOW, segments=1,
        )  # fmt: skip
        end(each, 5)
    socket = fleet.sockets[episodes[0].player_id]
    sockets.give(socket, "power_cycle", sender=sockets.sender(alice), now=NOW)
    Command.objects.update(state="accepted", wire_at=NOW + timedelta(minutes=2))
    assert verification.verify(NOW + timedelta(minutes=20)) == 2
    found = score(fleet.job)
    assert (found.attempts, found.came_back, found.stayed_bad, found.open) == (2, 1, 0, 1)
    by_player = {each.player.pk: each.came_back for each in found.by_player}
    assert by_player == {episodes[0].player_id: 0, episodes[1].player_id: 1}


def test_the_brake_is_told_as_what_would_have_held_it_back(fleet: Fleet) -> None:
    fleet.fire(*fleet.players[:12])
    acting.act(fleet.now)
    found = score(fleet.job)
    assert found.attempts == 0
    (brake,) = found.gates
    assert (brake.gate, brake.episodes, brake.never) == ("brake", 12, 12)


def test_of_a_schedule_it_says_nothing_about_who_came_back_or_stayed_bad(
    client_of: ClientOf, alice: User, fleet: Fleet
) -> None:
    """All its players are well, before and after."""
    nightly = acting_world.make_job(fleet.platform, None, mode=Mode.SHADOW)
    fleet.fire(*fleet.players[:3], minutes=1, job=nightly)
    for player in fleet.players[:3]:
        fleet.see(player, bad=False)
    assert fleet.act() == 3
    verification.verify(NOW + timedelta(minutes=10))
    found = score(nightly)
    assert (found.attempts, found.came_back, found.stayed_bad) == (3, 0, 0)
    client = client_of(alice)
    of_both = {
        job: client.get(reverse("admin:jobs_job_scorecard", args=[job.pk])).content.decode()
        for job in (nightly, fleet.job)
    }
    words = ("Came back by itself", "Stayed bad", "Not known", "came back", "bad for long")
    for each in words[:3]:
        assert each in of_both[fleet.job]
    for each in words:
        assert each not in of_both[nightly]
    assert "The schedule asked for players 3 times." in of_both[nightly]


def test_one_click_lets_it_act_after_it_asked_once(
    client_of: ClientOf, alice: User, bob: User, charlie: User, platform_a: Platform
) -> None:
    job = make_job(platform_a)
    page = reverse("admin:jobs_job_scorecard", args=[job.pk])
    live = reverse("admin:jobs_job_go_live", args=[job.pk])
    assert live in client_of(alice).get(page).content.decode()
    assert (
        page in client_of(bob).get(reverse("admin:jobs_job_change", args=[job.pk])).content.decode()
    )
    seen = client_of(bob).get(page).content.decode()
    assert "it would not have acted at all" in seen
    assert live not in seen
    assert client_of(bob).post(live).status_code == 403
    assert client_of(charlie).get(page).status_code == 404
    assert client_of(charlie).post(live).status_code == 404
    asked = client_of(alice).get(live)
    assert "without asking anybody" in asked.content.decode()
    assert client_of(alice).post(live).status_code == 200, "nothing was agreed to: it asks"
    job.refresh_from_db()
    assert job.mode == Mode.SHADOW
    agreed = {field.html_name: field.value() for field in asked.context["form"]}
    assert client_of(alice).post(live, agreed).status_code == 302
    job.refresh_from_db()
    assert job.mode == Mode.LIVE
    assert AuditEntry.objects.filter(target_type="jobs.job", after__mode="live").count() == 1
    assert client_of(alice).post(live, agreed).status_code == 302, "twice is once"
    assert live not in client_of(alice).get(page).content.decode()


def test_one_that_changed_after_the_question_stays_in_the_shadow(
    client_of: ClientOf, alice: User, mona: User, platform_a: Platform
) -> None:
    job = make_job(platform_a)
    live = reverse("admin:jobs_job_go_live", args=[job.pk])
    asked = client_of(alice).get(live)
    saving.change([job], Actor("Mona", "admin", mona.pk), attempts=9)
    agreed = {field.html_name: field.value() for field in asked.context["form"]}
    answer = client_of(alice).post(live, agreed, follow=True)
    assert "changed this job" in answer.content.decode()
    assert Job.objects.get().mode == Mode.SHADOW


def test_thousands_of_attempts_cost_as_many_queries_as_one(
    client_of: ClientOf, alice: User, fleet: Fleet
) -> None:
    client = client_of(alice)
    page = reverse("admin:jobs_job_scorecard", args=[fleet.job.pk]) + "?days=31"

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page).status_code == 200
        return len(queries)

    def add(number: int) -> None:
        episodes = Episode.objects.bulk_create(
            Episode(
                platform=fleet.platform, job=fleet.job, job_version=1, closed=True,
                player=fleet.players[each % 30], opened_at=NOW, closed_at=NOW,
                ending=Ending.RECOVERED,
            )
            for each in range(number)
        )  # fmt: skip
        JobExecution.objects.bulk_create(
            JobExecution(
                platform=fleet.platform, job=fleet.job, player_id=each.player_id, episode=each,
                attempt=1, rung=0, mode=Mode.SHADOW, standing=Standing.OVER, created_at=NOW,
                segments=1, outcome="came_back",
            )
            for each in episodes
        )  # fmt: skip

    add(1)
    cost()
    first = cost()
    add(3000)
    assert cost() == first < 40
    assert "3\u202f001" in client.get(page).content.decode()
