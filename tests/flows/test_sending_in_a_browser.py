"""A reboot from the row of a hung player to its end, as a person meets it in a browser."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from devices import durability, journal, sockets
from devices.models import Command, Device
from devices.moves import Happening
from devices.pace import LIMITS
from devices.states import Event
from exporters.models import Exporter, Player
from platforms.audit import SYSTEM
from platforms.models import Platform, User
from tests import factories
from tests.devices import world
from tests.devices.world import Clock, Gateway
from tests.flows import test_in_a_browser as browser

page = browser.page


@pytest.fixture
def hung(page: Page, platform_a: Platform, exporter_a: Exporter) -> Player:
    """A player on the line of a socket. After the page: its tables are those of the server."""
    device = world.make_socket(platform_a, name="Hall socket")
    player = factories.make_mac(exporter_a, name="Hall LED").player
    sockets.bind(player, device.lines.get(), SYSTEM)
    return player


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of a worker that sends; how durable this database is, is no matter here."""
    monkeypatch.setattr(durability, "demand", lambda _connection: None)
    return Clock(timezone.now())


def test_a_reboot_is_sent_once_and_its_life_is_seen_without_a_reload(
    page: Page, alice: User, hung: Player, worker: Clock
) -> None:
    browser.log_in(page, alice)
    page.goto("/admin/exporters/player/")
    page.click(f"a[href='/admin/devices/command/restart/{hung.pk}/']")
    page.wait_for_selector("text=#12#0#1#1#")
    assert "Hall LED" in page.inner_text("#content-main")
    page.locator("form.rm-confirm [type=submit]").dblclick()
    page.wait_for_selector("text=It waits for its turn.")
    command = Command.objects.get()

    gateway = Gateway()
    world.drive(gateway, Clock(timezone.now()))
    page.wait_for_selector("text=It was sent.", timeout=15_000)
    assert gateway.texts == ["#12#0#1#1#"]
    command.refresh_from_db()
    Command.objects.filter(pk=command.pk).update(watched=False)
    command.refresh_from_db()
    over = timezone.now() + LIMITS.reply + timedelta(seconds=1)
    journal.move(command, Happening(Event.REPLY_OVER, over))
    page.wait_for_selector("text=It is over: this page does not change any more.", timeout=15_000)

    page.go_back()
    page.wait_for_selector("text=This was sent from this page already.")
    assert page.locator("form.rm-confirm [type=submit]").count() == 0
    assert Command.objects.count() == 1


def test_the_pages_of_commands_are_no_wider_than_a_phone(
    page: Page, alice: User, hung: Player
) -> None:
    device = Device.objects.get()
    Device.objects.update(name="Розетка в торговом центре " * 4)
    command = world.give(device, "add_user", {"phone": "+79001112233"}, sender=world.sender(alice))
    template = world.template(device, "schedule_set").pk
    browser.log_in(page, alice)
    base = "/admin/devices/command/"
    wider = {}
    for path in (
        base,
        f"{base}send/{device.pk}/",
        f"{base}send/{device.pk}/{template}/",
        f"{base}restart/{hung.pk}/",
        f"{base}{command.pk}/change/",
        f"{base}{command.pk}/cancel/",
        f"{base}conversation/{device.pk}/",
        f"{base}bulk/?devices={device.pk}",
        f"{base}bulk/?devices={device.pk}&template={world.template(device, 'status').pk}",
        f"/admin/devices/device/{device.pk}/change/",
    ):
        page.goto(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 390:
            wider[path] = width
    assert wider == {}
