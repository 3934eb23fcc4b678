"""Try it and Check now in a browser: the page stays, and so does what was typed."""

import json

import pytest
from playwright.sync_api import Page

from exporters.models import Exporter
from platforms.models import Platform, User
from tests import factories
from tests.far_side import answer, saying, talking
from tests.flows import test_in_a_browser as browser

page = browser.page
SCREENS = {"screens": [{"uid": "a-1", "state": "UP"}, {"uid": "a-2", "state": "REBOOTING"}]}


@pytest.fixture
def screens(platform_a: Platform) -> Exporter:
    """An exporter that settings describe; its address is not reached."""
    exporter = factories.make_exporter(platform_a, "Screens", kind="json")
    exporter.settings = {
        "url": "http://127.0.0.1:9/v1",
        "items_path": "$.screens[*]",
        "id_path": "$.uid",
        "status_path": "$.state",
        "online_values": ["UP"],
        "offline_values": ["DOWN"],
    }
    exporter.take_secrets({"secret": "canary-7f3a"})
    exporter.save()
    return exporter


def test_a_try_shows_the_answer_and_keeps_what_was_typed(
    page: Page, root: User, screens: Exporter
) -> None:
    browser.log_in(page, root)
    with talking(saying(answer(json.dumps(SCREENS).encode()))) as url:
        page.goto(f"/admin/exporters/exporter/{screens.pk}/change/")
        page.fill("#id_setting_url", f"{url}/v1")
        page.click("[name=_try]")
        problem = page.wait_for_selector("#id_setting_secret ~ .rm-mend, .rm-mend")
        assert problem is not None
        assert "not sent to another server" in (problem.text_content() or "")

        page.fill("#id_setting_secret", "of-the-other")
        page.click("[name=_try]")
        page.wait_for_selector("[data-answer] .rm-list")
        shown = page.text_content("[data-answer]") or ""
        assert "“REBOOTING” stands in neither list of values." in shown
        assert page.query_selector(".rm-mend") is None
        assert page.input_value("#id_setting_secret") == "of-the-other"
        assert page.input_value("#id_setting_url") == f"{url}/v1"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert Exporter.objects.get().settings["url"] == "http://127.0.0.1:9/v1"


def test_the_mac_is_asked_for_only_where_each_device_has_an_address(
    page: Page, root: User, screens: Exporter
) -> None:
    browser.log_in(page, root)
    page.goto(f"/admin/exporters/exporter/{screens.pk}/change/")
    assert not page.is_visible("#trial_mac")
    page.select_option("#id_setting_mode", "each")
    assert page.is_visible("#trial_mac")


def test_enter_in_the_form_saves_and_asks_nobody(page: Page, root: User, screens: Exporter) -> None:
    browser.log_in(page, root)
    page.goto(f"/admin/exporters/exporter/{screens.pk}/change/")
    page.fill("#id_name", "Renamed")
    page.press("#id_name", "Enter")
    page.wait_for_url("**/admin/exporters/exporter/")
    assert Exporter.objects.get().name == "Renamed"


def test_check_now_shows_the_answer_within_the_players_page(
    page: Page, root: User, screens: Exporter
) -> None:
    with talking(saying(answer(json.dumps(SCREENS).encode()))) as url:
        screens.settings = {**screens.settings, "url": f"{url}/v1"}
        screens.save()
        player = factories.make_player(screens, "a-1")
        browser.log_in(page, root)
        page.goto(f"/admin/exporters/player/{player.pk}/change/")
        page.click("#check_form button")
        page.wait_for_selector("[data-answer] .rm-badge.rm-online")
        assert "remosa_exporter_json_device_status" in (page.text_content("[data-answer]") or "")
        assert page.url.endswith("/change/")
