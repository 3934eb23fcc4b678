"""Why a player was not restarted, and what a job would have done: readable on a phone."""

import os
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page
from pytest_django import Settings

from devices.models import Command, CommandLine, IncomingSms
from exporters.models import Player
from jobs import acting, verification
from jobs.models import (
    Brake,
    Ending,
    Episode,
    Job,
    JobExecution,
    JobPause,
    Mode,
    Outcome,
)
from platforms.models import Platform, User
from tests.exporters.watched_world import STATUS, Scripted, scripted_prometheus
from tests.flows import test_in_a_browser as browser
from tests.jobs.acting_world import Fleet, finish, make_fleet

page = browser.page
SHOTS = os.environ.get("SHOTS")
LONG = "Monitoring Malls of Alpha → restart when Status of the player is Offline for a long time"
HOUR = timedelta(hours=1)


@pytest.fixture
def scripted(settings: Settings) -> Iterator[Scripted]:
    """A scripted Prometheus that is the connected one."""
    with scripted_prometheus() as script:
        settings.PROMETHEUS_URL = script.url
        yield script


@pytest.fixture
def fleet(platform_a: Platform, scripted: Scripted) -> Fleet:
    """One player that was restarted in vain, is held back by a pause, and has a past."""
    fleet = make_fleet(platform_a, 12, 2, name=LONG)
    player, now = fleet.players[0], timezone.now()
    Player.objects.filter(pk=player.pk).update(name="Shopping mall Northern Gate, LED wall no. 3")
    _samples(scripted, player, now.timestamp())
    _earlier(fleet, now - 9 * HOUR)
    fleet.tick(now - HOUR)
    fleet.fire(player, minutes=12)
    assert acting.act(fleet.now) == 1
    attempt = JobExecution.objects.latest("pk")
    command = Command.objects.latest("pk")
    Command.objects.filter(pk=command.pk).update(created_at=fleet.now)
    IncomingSms.objects.create(
        platform=platform_a, gateway=command.gateway, identity="1", sender="+79991112233",
        text="Reset OK!", device=command.device, command=command, kind="done",
        received_at=fleet.now + timedelta(minutes=1),
    )  # fmt: skip
    finish(attempt, Outcome.INEFFECTIVE, fleet.now + timedelta(minutes=12))
    JobPause.objects.create(
        platform=platform_a, job=fleet.job, reason="New panels are being hung in the hall",
        author_name="mona@example.test", expires_at=now + 5 * HOUR,
    )  # fmt: skip
    Brake.objects.update_or_create(
        platform=platform_a, exporter=None,
        defaults={"engaged": True, "engaged_at": now, "bad": 7, "enrolled": 12},
    )  # fmt: skip
    fleet.tick(now)
    acting.act(now)
    return fleet


def _earlier(fleet: Fleet, then: object) -> None:
    """Let the player have been restarted once before, and that have helped."""
    fleet.tick(then)  # type: ignore[arg-type]
    (episode,) = fleet.fire(fleet.players[0], minutes=6)
    acting.act(fleet.now)
    attempt = JobExecution.objects.latest("pk")
    Command.objects.update(created_at=fleet.now)
    finish(attempt, Outcome.VERIFIED, fleet.now + timedelta(minutes=6))
    CommandLine.objects.update(cooldown_until=fleet.now)
    Episode.objects.filter(pk=episode.pk).update(
        closed=True, closed_at=fleet.now + timedelta(minutes=8), ending=Ending.RECOVERED
    )


def _samples(scripted: Scripted, player: Player, now: float) -> None:
    labels = {
        "__name__": STATUS, "mac": player.identity, "exporter_id": str(player.exporter_id),
        "platform_id": str(player.platform_id),
    }  # fmt: skip
    last = now // 60 * 60
    dark = [*range(90), *range(535, 550)]
    gap = range(760, 840)
    line: list[tuple[float, object]] = [
        (last - 60 * back, 0 if back in dark else 1)
        for back in range(1440, -1, -1)
        if back not in gap
    ]
    scripted.vector, scripted.lines = [(labels, 0)], [(labels, line)]


def _shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_why_and_the_scorecard_fit_a_phone_and_a_desk(page: Page, mona: User, fleet: Fleet) -> None:
    browser.log_in(page, mona)
    player = fleet.players[0]
    Job.objects.create(platform=fleet.platform, name="Other", whole_platform=True, enabled=False)
    shadow = make_fleet(fleet.platform, 40, 4, mode=Mode.SHADOW, name="Tries itself")
    Brake.objects.update(engaged=False)
    shadow.tick(timezone.now())
    first, *_others = shadow.fire(*shadow.players[:3])
    for _look in range(3):
        acting.act(shadow.now)
    Episode.objects.filter(pk=first.pk).update(
        closed=True, closed_at=timezone.now(), ending=Ending.RECOVERED
    )
    verification.verify(shadow.now + timedelta(minutes=15))
    Brake.objects.filter(exporter=None).update(engaged=True)
    wide = []
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        for name, address in {
            "why": f"episode/why/{player.pk}/",
            "why_month": f"episode/why/{player.pk}/?hours=744",
            "why_healthy": f"episode/why/{shadow.players[9].pk}/",
            "scorecard": f"job/{shadow.job.pk}/scorecard/",
        }.items():
            page.goto(f"{page.url.split('/admin/')[0]}/admin/jobs/{address}")
            assert page.locator(".rm-headline").first.is_visible()
            _shot(page, f"{name}_{width}")
            if page.evaluate("document.documentElement.scrollWidth") > width:
                wide.append((name, width))
    assert wide == []
    assert page.locator("text=Go live").count() == 1
    page.goto(f"{page.url.split('/admin/')[0]}/admin/jobs/episode/why/{player.pk}/")
    page.get_by_text("The same as a list").click()
    assert page.get_by_text("1 h 20 min", exact=True).is_visible()
