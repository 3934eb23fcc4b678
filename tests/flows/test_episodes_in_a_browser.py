"""What jobs did, on a phone: no page is wider than it, and deciding works."""

import os
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from jobs import acting
from jobs.models import Episode, Job, JobExecution, JobPause, MaintenanceWindow, Mode, Outcome
from platforms.models import Platform, User
from tests.flows import test_in_a_browser as browser
from tests.jobs.acting_world import Fleet, finish, make_fleet

page = browser.page
SHOTS = os.environ.get("SHOTS")
LONG = "Monitoring Malls of Alpha → restart when Status of the player is Offline for a long time"


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


@pytest.fixture
def fleet(platform_a: Platform) -> Fleet:
    """Players of this moment: one commanded, one proposed, one held back, a window and a pause."""
    fleet = make_fleet(platform_a, 12, 2, name=LONG)
    asking = Job.objects.create(
        platform=platform_a, name="Asks first", mode=Mode.APPROVE, whole_platform=True,
        criterion=fleet.job.criterion,
    )  # fmt: skip
    asking.rungs.create(platform=platform_a, wait=600)
    fleet.tick(timezone.now())
    fleet.fire(fleet.players[0])
    fleet.fire(fleet.players[1], job=asking)
    acting.act(fleet.now)
    finish(JobExecution.objects.get(job=fleet.job), Outcome.INEFFECTIVE, fleet.now)
    acting.act(timezone.now())
    JobPause.objects.create(
        platform=platform_a, job=fleet.job, reason="new panels " * 9, author_name="Mona"
    )
    MaintenanceWindow.objects.create(
        platform=platform_a, name="Night work " * 8, starts_at=fleet.now, author_name="Mona",
        ends_at=fleet.now + timedelta(hours=1), weekly=True, time_zone="Europe/Moscow",
    )  # fmt: skip
    return fleet


def test_no_page_of_what_jobs_did_is_wider_than_a_phone(
    page: Page, mona: User, fleet: Fleet
) -> None:
    browser.log_in(page, mona)
    player, window = fleet.players[0], MaintenanceWindow.objects.get()
    episode, run = Episode.objects.get(player=player), JobExecution.objects.earliest("pk")
    wide = []
    for name, address in {
        "episodes": "episode/",
        "episode": f"episode/{episode.pk}/change/",
        "acknowledge": f"episode/{episode.pk}/acknowledge/",
        "run": f"episode/run/{player.pk}/?job={fleet.job.pk}",
        "run_choose": f"episode/run/{player.pk}/",
        "executions": "jobexecution/",
        "execution": f"jobexecution/{run.pk}/change/",
        "approvals": "jobexecution/approvals/",
        "brakes": "brake/",
        "windows": "maintenancewindow/",
        "window": f"maintenancewindow/{window.pk}/change/",
        "window_add": "maintenancewindow/add/",
        "pauses": "jobpause/",
        "pause_add": f"jobpause/add/?job={fleet.job.pk}",
        "player": f"../exporters/player/{player.pk}/change/",
    }.items():
        page.goto(f"/admin/jobs/{address}")
        shot(page, name)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 390:
            wide.append((name, width))
    assert wide == []


def test_a_manager_approves_on_a_phone_what_a_job_proposes(
    page: Page, mona: User, fleet: Fleet
) -> None:
    browser.log_in(page, mona)
    page.goto("/admin/jobs/jobexecution/approvals/")
    page.check("input[name=chosen]")
    page.fill("textarea[name=comment]", "go")
    page.click("button[value=approve]")
    page.wait_for_selector("text=1 action approved.")
    run = JobExecution.objects.get(mode=Mode.APPROVE)
    assert (run.decided_name, run.comment) == (mona.email, "go")


def test_a_window_is_looked_at_and_planned_in_a_browser(
    page: Page, mona: User, fleet: Fleet
) -> None:
    browser.log_in(page, mona)
    page.goto("/admin/jobs/maintenancewindow/add/")
    page.fill("input[name=name]", "Fitters")
    for name, day, hour in (("starts_at", 2, "22:00"), ("ends_at", 3, "06:00")):
        when = timezone.localdate() + timedelta(days=day)
        page.fill(f"input[name={name}_0]", f"{when:%Y-%m-%d}")
        page.fill(f"input[name={name}_1]", hour)
    page.click("button[name=look]")
    page.wait_for_selector("text=What it covers")
    shot(page, "window_looked")
    page.click("button[name=plan]")
    page.wait_for_selector("text=The maintenance is planned.")
    assert MaintenanceWindow.objects.filter(name="Fitters").exists()
