"""A job made and changed in a browser: rows come and go, the panel follows, a phone is enough."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page
from pytest_django import Settings

from devices import sockets, synchronisation
from devices.models import CommandTemplate
from exporters.models import Exporter
from jobs import definition
from jobs.models import Action, Job, Mode
from platforms.audit import SYSTEM
from platforms.models import User
from tests import factories
from tests.devices.world import make_socket
from tests.exporters.watched_world import STATUS, World, sample, watched_world
from tests.flows import test_in_a_browser as browser
from tests.flows.test_episodes_in_a_browser import shot
from tests.jobs.admin.test_job_look import OFFLINE, seen_well
from tests.jobs.evaluated_world import source_lines
from tests.jobs.world import make_job, make_metric

page = browser.page
BASE = "/admin/jobs/job/"


@pytest.fixture
def world(tmp_path: Path, settings: Settings) -> Iterator[World]:
    """A real Prometheus that scrapes what the test says."""
    with watched_world(tmp_path) as world:
        settings.PROMETHEUS_URL = world.url
        yield world


def test_a_job_is_made_on_one_page_with_its_players_beside_it(
    page: Page, alice: User, exporter_a: Exporter, world: World
) -> None:
    make_metric()
    make_metric("device_status", "", "")
    synchronisation.synchronise()
    cycle = CommandTemplate.objects.get(model__key="simpal_d210", key="power_cycle")
    CommandTemplate.objects.filter(pk=cycle.pk).update(for_jobs=True)
    hall = factories.make_mac(exporter_a, name="Hall LED").player
    lobby = factories.make_mac(exporter_a, name="Lobby LED").player
    world.say([*source_lines(exporter_a), sample(STATUS, hall, 0), sample(STATUS, lobby, 1)])
    browser.log_in(page, alice)
    page.goto(f"{BASE}add/")
    page.click(".exporters .select2-selection")
    page.keyboard.type("Mall")
    page.click(".select2-results__option:has-text('Malls of Alpha')")
    page.wait_for_selector("text=1 player that is bad now is left to you")
    assert page.inner_text(".rm-seen li:first-child").split("\n")[:2] == ["bad", "Hall LED"]

    page.click("button[name=_more][value=conditions]")
    page.wait_for_selector("[name=conditions-1-metric]")
    page.select_option("[name=conditions-1-metric]", "device_status")
    page.wait_for_selector("select[name=conditions-1-threshold]")
    page.select_option("[name=conditions-1-function]", "changes")
    page.wait_for_selector("input[name=conditions-1-threshold]")
    page.fill("[name=conditions-1-threshold]", "3")
    page.fill("[name=conditions-1-window_number]", "30")
    page.click("button[name=_more][value=rungs]")
    page.wait_for_selector("[name=rungs-1-what]")
    page.select_option("[name=rungs-1-what]", str(cycle.pk))
    page.wait_for_selector("[name=rungs-1-p-minutes]")
    page.fill("[name=rungs-1-p-minutes]", "99999")
    page.click("button[name=_more][value=hours]")
    page.wait_for_selector("[name=hours-0-opens]")
    page.click("text=Save and continue editing")
    page.wait_for_selector("text=Nothing was stored")
    page.fill("[name=rungs-1-p-minutes]", "2")
    page.click(".rm-days label:has-text('Mon')")
    page.click("text=Save and continue editing")
    page.wait_for_selector("text=was added")
    page.wait_for_selector("text=Nobody would fire now.")
    job = Job.objects.get()
    made = definition.of(job)
    assert made.selection.exporters == {exporter_a.pk}
    assert [each.function.value for each in made.conditions] == ["last", "changes"]
    assert made.conditions[1].window == 1800
    assert [each.action for each in made.rungs] == [Action.RESTART, Action.TEMPLATE]
    assert made.rungs[1].parameters == {"minutes": "2"}

    page.check("[name=mode][value=live]")
    page.click("text=Save and continue editing")
    page.click("text=Store it and let it act")
    page.wait_for_selector("text=was changed")
    job.refresh_from_db()
    assert job.mode == Mode.LIVE


def test_what_would_become_of_bad_players_is_told_on_a_phone(
    page: Page, alice: User, exporter_a: Exporter, world: World
) -> None:
    """Six of ten went offline at once: the page of the job says it, and is no wider."""
    make_metric("device_status", "", "")
    platform = exporter_a.platform
    players = [factories.make_mac(exporter_a, name=f"LED {at}").player for at in range(10)]
    for player in players[:5]:
        sockets.bind(player, make_socket(platform).lines.get(), SYSTEM)
    seen_well(platform, *players[1:])
    statuses = (sample(STATUS, each, int(at > 5)) for at, each in enumerate(players))
    world.say([*source_lines(exporter_a), *statuses])
    job = make_job(platform, conditions=(OFFLINE,))
    browser.log_in(page, alice)
    page.goto(f"{BASE}{job.pk}/change/")
    page.wait_for_selector("[data-look-panel] .rm-sums")
    text = page.inner_text("[data-look-panel]")
    for words in ("5 players would fire now", "The brake would hold back all of it.",
                  "1 player is bad now and was never seen well"):  # fmt: skip
        assert words in text, words
    shot(page, "job-forecast")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_pages_of_jobs_are_no_wider_than_a_phone(
    page: Page, alice: User, bob: User, exporter_a: Exporter
) -> None:
    name = "Торговый центр " * 8
    job = make_job(exporter_a.platform, own_name=name)
    Job.objects.filter(pk=job.pk).update(figures={"firing": 12, "ok": 1000, "pending": 7})
    factories.make_mac(exporter_a, name=name)
    wider = {}
    form = f"{BASE}{job.pk}/change/"
    pages = (BASE, f"{BASE}add/", form, f"{BASE}{job.pk}/remove/")
    for person, paths in ((alice, pages), (bob, (form,))):
        page.context.clear_cookies()
        browser.log_in(page, person)
        for path in paths:
            page.goto(path)
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > 390:
                wider[path] = width
    assert wider == {}
