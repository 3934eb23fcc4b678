"""Races that a storm seldom meets, forced: two workers at once, and one that dies in between."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.core.cache import cache
from django.db import IntegrityError
from pytest_django import Settings

from devices import commands
from devices.models import Command
from devices.states import State
from jobs import acting, verification
from jobs.models import JobExecution, Standing
from platforms.models import Platform
from tests.devices.samples import minutes, sampled_prometheus
from tests.devices.world import NOON, Clock, together
from tests.jobs.acting_world import Fleet, make_fleet

from . import plants
from .failpoints import dies_at

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def restored() -> Iterator[None]:
    """Put back the constraints that a plant takes away."""
    yield
    JobExecution.objects.all().delete()
    Command.objects.all().delete()
    plants.restore()


def given_at_once(platform: Platform, patch: pytest.MonkeyPatch) -> int:
    """Let two workers decide on one episode, both of what stood there before; count commands."""
    fleet = make_fleet(platform, 40)
    (episode,) = fleet.fire(fleet.players[0])
    queue, both = commands.queue, threading.Barrier(2)

    def together_with_the_other(*told: Any, **named: Any) -> Command:
        with suppress(threading.BrokenBarrierError):
            both.wait(0.5)  # who is kept from coming here keeps the other for so long
        return queue(*told, **named)

    def decide(_at: int) -> None:
        with suppress(IntegrityError):  # the next tick looks again
            acting._decide(platform.pk, episode.pk, fleet.now)

    patch.setattr(commands, "queue", together_with_the_other)
    together(decide, 2)
    return Command.objects.count()


@pytest.mark.parametrize("kept", plants.SAFEGUARDS)
def test_each_safeguard_alone_keeps_two_workers_from_one_attempt(
    kept: str, platform_a: Platform, restored: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    plants.act_without_locks(monkeypatch.setattr, [kept])
    assert given_at_once(platform_a, monkeypatch) == 1


def test_two_workers_make_one_attempt_twice_where_no_safeguard_is_left(
    platform_a: Platform, restored: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    plants.act_without_locks(monkeypatch.setattr)
    assert given_at_once(platform_a, monkeypatch) == 2


@pytest.fixture
def helped(platform_a: Platform, settings: Settings) -> Iterator[Fleet]:
    """A player whose restart was accepted at noon, and helped: nobody said so yet."""
    fleet, clock = make_fleet(platform_a, 10), Clock()
    fleet.fire(fleet.players[0])
    assert fleet.act() == 1
    Command.objects.update(state=State.ACCEPTED.value, wire_at=NOON - minutes(1))
    with sampled_prometheus(clock) as server:
        settings.PROMETHEUS_URL = server.url
        server.say(fleet.players[0], 1, 100, 900)
        for number in (4, 5, 6):
            fleet.tick(NOON + minutes(number))
            if number == 4:
                fleet.see(fleet.players[0], bad=False, since_slot=fleet.slot)
            clock.now = fleet.now
            cache.clear()
            if number < 6:
                verification.verify(fleet.now)
        yield fleet


def standing_after_a_death(fleet: Fleet) -> str:
    """Let a worker die between the verdict and the end of the attempt, and another one follow."""
    assert dies_at("verdict_without_end", lambda: verification.verify(fleet.now))
    assert JobExecution.objects.get().standing == Standing.COMMANDED
    assert Command.objects.get().state == State.VERIFIED.value
    verification.verify(fleet.now)
    return str(JobExecution.objects.get().standing)


def test_who_dies_between_a_verdict_and_its_end_is_followed_by_another(helped: Fleet) -> None:
    assert standing_after_a_death(helped) == Standing.OVER


def test_an_attempt_stays_open_where_only_its_judge_would_end_it(
    helped: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    plants.end_what_was_judged_now(monkeypatch.setattr)
    assert standing_after_a_death(helped) == Standing.COMMANDED
