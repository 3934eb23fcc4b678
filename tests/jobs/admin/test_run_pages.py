"""Running a job on one player: the page shows every gate, and begins what it showed."""

from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from devices.models import Assignment, Command
from jobs.models import Episode, Job, JobPause
from platforms.models import Platform, User
from tests.conftest import ClientOf
from tests.exporters.watched_world import World
from tests.jobs.acting_world import Fleet, make_fleet
from tests.jobs.evaluated_world import source_lines, status_lines

pytestmark = pytest.mark.django_db


@pytest.fixture
def fleet(platform_a: Platform, world: World) -> Fleet:
    """Players of this moment, the first of which is bad."""
    fleet = make_fleet(platform_a, 12, 2)
    fleet.tick(timezone.now())
    fleet.see(fleet.players[0], bad=True)
    told = [(each, 1) for each in fleet.players[1:]]
    world.say([*source_lines(fleet.exporter), *status_lines([*told, (fleet.players[0], 0)])])
    return fleet


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return unescape(str(answer.content.decode()))


def page(fleet: Fleet, number: int = 0, job: Job | None = None) -> str:
    address = reverse("admin:jobs_episode_run", args=[fleet.players[number].pk])
    return f"{address}?job={(job or fleet.job).pk}"


def test_it_shows_every_gate_and_the_very_sms_and_begins_it(
    fleet: Fleet, mona: User, client_of: ClientOf
) -> None:
    client = client_of(mona)
    shown = text(client.get(page(fleet)))
    for part in ("Nothing stands against it now.", "#12#0#1#1#", "1 SMS", "Run it now",
                 "Prometheus says at this moment that the player is bad.",
                 "The job may act at any time.", "It is its turn."):  # fmt: skip
        assert part in shown, part
    assert shown.count("rm-gate-open") == 19
    assert not Episode.objects.exists()
    begun = client.post(page(fleet))
    episode = Episode.objects.get()
    assert begun.headers["Location"] == reverse("admin:jobs_episode_change", args=[episode.pk])
    assert not Command.objects.exists()


def test_without_a_job_it_asks_which_one(
    fleet: Fleet, platform_b: Platform, mona: User, client_of: ClientOf
) -> None:
    foreign = make_fleet(platform_b, 1)
    address = page(fleet).partition("?")[0]
    shown = text(client_of(mona).get(address))
    assert f"?job={fleet.job.pk}" in shown
    assert f"?job={foreign.job.pk}" not in shown


def test_a_shut_gate_is_said_and_a_manager_may_answer_for_it(
    fleet: Fleet, mona: User, ursula: User, client_of: ClientOf
) -> None:
    JobPause.objects.create(
        platform=fleet.platform, job=fleet.job, reason="new panels", author_name="Mona"
    )
    device = fleet.sockets[fleet.players[0].pk]
    Assignment.objects.create(platform=fleet.platform, user=ursula, device=device)
    narrow = client_of(ursula)
    shown = text(narrow.get(page(fleet)))
    assert "The job is paused by Mona: new panels" in shown
    assert "Run it now" not in shown
    assert "Send it in my name" not in shown
    key = {"insist": "1", "key": str(uuid4())}
    assert "a gate is shut" in text(narrow.post(page(fleet), key))
    client = client_of(mona)
    assert "Send it in my name" in text(client.get(page(fleet)))
    assert "a gate is shut" in text(client.post(page(fleet)))
    assert client.post(page(fleet), {"insist": "1", "key": "none"}).status_code == 404
    assert not Command.objects.exists()
    for _again in range(2):
        assert client.post(page(fleet), key).status_code == 302
    command = Command.objects.get()
    assert (command.by_job, command.author) == (False, mona)
    assert not Episode.objects.exists()


def test_who_may(
    fleet: Fleet, platform_b: Platform, bob: User, ursula: User, charlie: User, client_of: ClientOf
) -> None:
    for watcher in (bob, ursula):
        assert "Run it now" not in text(client_of(watcher).get(page(fleet)))
        assert client_of(watcher).post(page(fleet)).status_code == 403
    foreign = make_fleet(platform_b, 1)
    assert client_of(charlie).get(page(fleet)).status_code == 404
    assert client_of(charlie).post(page(fleet)).status_code == 404
    assert client_of(charlie).get(page(foreign, job=fleet.job)).status_code == 404
    assert client_of(bob).get(page(fleet, job=foreign.job)).status_code == 404
    huge = reverse("admin:jobs_episode_run", args=[10**30])
    assert client_of(bob).get(huge).status_code == 404
    assert not Episode.objects.exists()


def test_a_healthy_player_without_a_socket_says_so(
    fleet: Fleet, mona: User, client_of: ClientOf
) -> None:
    shown = text(client_of(mona).get(page(fleet, 5)))
    assert "The player is not bad now." in shown
    assert "hangs on no line of a socket" in shown
    assert "Send it in my name" not in shown
