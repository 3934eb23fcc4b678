"""What only a real browser shows: scripts, a phone's width, cookies. Chromium and a server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from django.utils import timezone
from playwright.sync_api import Page, Request, sync_playwright
from pytest_django.live_server_helper import LiveServer

from devices.models import Device
from exporters.models import Exporter, ExporterMac
from jobs.models import MonitoringMetric
from platforms.models import User
from tests import factories, live_server_threads
from tests.devices.world import make_socket
from tests.jobs.world import make_job

CHROMIUM = Path(__file__).parents[2] / ".tools/bin/chromium"
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PAGES = (
    "/admin/",
    "/admin/exporters/player/",
    "/admin/exporters/exporter/",
    "/admin/exporters/exportermac/",
    "/admin/devices/device/",
    "/admin/devices/device/add/",
    "/admin/devices/devicemodel/",
    "/admin/devices/commandtemplate/",
    "/admin/devices/commandtemplate/add/",
    "/admin/devices/pause/",
    "/admin/devices/pause/add/",
    "/admin/platforms/membership/",
    "/admin/platforms/invitation/",
    "/admin/platforms/notice/",
    "/admin/platforms/notificationchannel/",
    "/admin/platforms/notificationchannel/add/",
    "/admin/platforms/delivery/",
    "/admin/devices/budgetperiod/",
    "/admin/platforms/auditentry/",
    "/admin/platforms/apitoken/",
)


@pytest.fixture
def page(
    live_server: LiveServer, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Page]:
    """Open a window at the phone's width; the end says what the scripts complained about."""
    # Playwright keeps an event loop in this thread, and the test reads rows beside it.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    assert CHROMIUM.exists(), "Chromium is missing here: run `make setup`"
    complaints: list[str] = []
    strangers: list[str] = []

    def watch(request: Request) -> None:
        if not request.url.startswith((live_server.url, "data:", "blob:")):
            strangers.append(request.url)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, base_url=live_server.url, locale="en-US"
        )
        window = context.new_page()
        window.on("pageerror", lambda error: complaints.append(str(error)))
        window.on("request", watch)
        yield window
        browser.close()
        # Beside an event loop Django keeps other connections than after it.
        connections.close_all()
    live_server_threads.wait_until_idle()  # the database cannot be dropped before
    assert complaints == []
    assert strangers == [], "a page asked a foreign host"


def log_in(page: Page, user: User) -> None:
    page.goto("/admin/login/")
    page.fill("[name=username]", user.email)
    page.fill("[name=password]", factories.PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/admin/")


def test_a_pasted_list_is_written_and_reported_without_leaving_the_page(
    page: Page, alice: User, exporter_a: Exporter
) -> None:
    log_in(page, alice)
    page.goto(f"/admin/exporters/exporter/{exporter_a.pk}/paste/")
    page.fill("textarea", "0642.4092.60b4 Hall\n02-00-00-00-00-01\nnonsense")
    page.locator("form.mass-form [type=submit]").first.click()
    page.wait_for_selector("#outcome-added")
    assert "06:42:40:92:60:B4" in (page.text_content("#outcome-added") or "")
    assert page.input_value("textarea").strip() == "nonsense", "what is wrong comes back"
    assert set(ExporterMac.objects.values_list("mac", "name")) == {
        ("06:42:40:92:60:B4", "Hall"),
        ("02:00:00:00:00:01", ""),
    }


def test_no_page_is_wider_than_a_phone(page: Page, alice: User, exporter_a: Exporter) -> None:
    factories.make_mac(exporter_a, name="Торговый центр " * 8)
    socket = make_socket(exporter_a.platform, "simpal_d410", name="Розетка у входа " * 7)
    Device.objects.filter(pk=socket.pk).update(mains_lost_at=timezone.now(), reset_only=True)
    of_socket = (f"device/{socket.pk}", f"devicemodel/{socket.model_id}")
    log_in(page, alice)
    wider = {}
    for path in (*PAGES, *(f"/admin/devices/{each}/change/" for each in of_socket)):
        page.goto(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 390:
            wider[path] = width
    assert wider == {}


def test_the_alarm_and_the_metrics_fit_on_a_phone(
    page: Page, alice: User, exporter_a: Exporter
) -> None:
    make_job(exporter_a.platform)  # and no tick: nothing judges it
    row = MonitoringMetric.objects.create(
        name=f"acme_{'temperature_' * 12}celsius", identity="mac", in_catalogue=False
    )
    log_in(page, alice)
    for path in ("", f"{row.pk}/change/", "?q=status"):
        page.goto(f"/admin/jobs/monitoringmetric/{path}")
        alarm = page.locator("[role=alert]")
        assert alarm.count() == 1
        for each in (alarm, *page.locator(".rm-sentence").all()):
            box = each.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390, path
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_the_language_chosen_before_the_login_stays(page: Page, alice: User) -> None:
    page.goto("/admin/login/")
    page.click("[name=language][value=ru]")
    page.wait_for_selector("html[lang=ru]")
    log_in(page, alice)
    assert page.get_attribute("html", "lang") == "ru"
    assert "Обзор" in page.inner_text("body")


def test_the_device_page_refreshes_itself(page: Page, alice: User, exporter_a: Exporter) -> None:
    factories.make_mac(exporter_a, name="Hall LED")
    log_in(page, alice)
    page.goto("/admin/exporters/player/")
    assert "Hall LED" in page.inner_text("main, #main, body")
    with page.expect_response(lambda answer: "/live/" in answer.url, timeout=25_000) as told:
        pass
    assert told.value.status == 200
