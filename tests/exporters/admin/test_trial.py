"""Trying an exporter before it is saved: what is asked, whose secret goes where, who sees what."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import LazySettings
from django.urls import reverse

from exporters.models import Exporter
from platforms import audit, throttle
from platforms.models import AuditEntry, Platform, User
from platforms.models.audit import Action
from tests import factories
from tests.conftest import ClientOf
from tests.far_side import answer, talking

pytestmark = pytest.mark.django_db
ADD = "/admin/exporters/exporter/add/"
TRY = {"_try": "1"}
FRAGMENT: Any = {"HTTP_X_REMOSA_FRAGMENT": "1"}
CANARY = "canary-token-7f3a"
ANEW = "Enter it anew: it is not sent to another server than the one it is for."
SCREENS = {
    "screens": [
        {"uid": "a-1", "title": "Hall <b>", "state": "UP", "lan": "10.0.0.7"},
        {"uid": "a-2", "title": "Stairs", "state": "REBOOTING"},
        {"title": "nobody"},
    ]
}
MAPPING = {
    "setting_mode": "list",
    "setting_method": "GET",
    "setting_items_path": "$.screens[*]",
    "setting_id_path": "$.uid",
    "setting_name_path": "$.title",
    "setting_status_path": "$.state",
    "setting_ip_path": "$.lan",
    "setting_online_values": "UP",
    "setting_offline_values": "DOWN",
}


@dataclass
class Vendor:
    """A vendor on this machine that keeps what it was sent."""

    url: str = ""
    heads: list[str] = field(default_factory=list)
    says: bytes = b""

    def talk(self, connection: socket.socket, head: bytes) -> None:
        self.heads.append(head.decode())
        connection.sendall(self.says)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    """A vendor that lists two screens and one entry without an id."""
    found = Vendor(says=answer(json.dumps(SCREENS).encode()))
    with talking(found.talk) as url:
        found.url = url
        yield found


@pytest.fixture
def screens(platform_a: Platform, vendor: Vendor) -> Exporter:
    """A saved exporter that settings describe, with a secret."""
    exporter = factories.make_exporter(platform_a, "Screens", kind="json")
    exporter.settings = {
        "url": f"{vendor.url}/v1/screens",
        "headers": ["Authorization: Bearer {secret}"],
        **{name.removeprefix("setting_"): value for name, value in MAPPING.items()},
        "online_values": ["UP"],
        "offline_values": ["DOWN"],
    }
    exporter.take_secrets({"secret": CANARY})
    exporter.save()
    return exporter


def page(exporter: Exporter) -> str:
    return reverse("admin:exporters_exporter_change", args=[exporter.pk])


def told(url: str) -> dict[str, str]:
    return {
        "name": "Screens", "enabled": "on", **MAPPING, "setting_url": url,
        "setting_headers": "Authorization: Bearer {secret}", **TRY,
    }  # fmt: skip


def text(got: Any) -> str:
    return str(got.content.decode())


# -- what is shown --------------------------------------------------------------------------------


def test_a_new_exporter_is_tried_before_it_has_a_name(
    client_of: ClientOf, root: User, platform_a: Platform, vendor: Vendor
) -> None:
    form = {**told(f"{vendor.url}/v1"), "name": "", "setting_secret": CANARY}
    shown = text(client_of(root).post(f"{ADD}?kind=json", form, **FRAGMENT))
    assert "2 devices were read." in shown
    assert "1 entry has no id and is left out." in shown
    assert "Hall &lt;b&gt;" in shown
    assert "“REBOOTING” stands in neither list of values." in shown
    assert "remosa_exporter_json_device_status{device_id=&quot;a-1&quot;" in shown
    assert "The raw answer" in shown
    assert f"Authorization: Bearer {CANARY}" in vendor.heads[0]
    assert CANARY not in shown
    assert not Exporter.objects.exists()


def test_a_manager_tries_a_mapping_with_the_stored_address_and_sees_no_raw_answer(
    client_of: ClientOf, mona: User, screens: Exporter, vendor: Vendor
) -> None:
    form = told("http://127.0.0.1:9/other") | {"setting_online_values": "UP\nREBOOTING"}
    shown = text(client_of(mona).post(page(screens), form, **FRAGMENT))
    assert "stands in neither list" not in shown
    assert shown.count("rm-badge rm-online") == 3
    assert "raw answer" not in shown
    assert vendor.heads[0].startswith("GET /v1/screens ")
    assert f"Authorization: Bearer {CANARY}" in vendor.heads[0]
    assert Exporter.objects.get().settings["online_values"] == ["UP"]


def test_without_a_script_the_whole_page_comes_back_with_what_was_typed(
    client_of: ClientOf, root: User, screens: Exporter
) -> None:
    form = told(screens.settings["url"]) | {"name": "Renamed", "setting_secret": "anew-anew"}
    shown = client_of(root).post(page(screens), form)
    assert shown.status_code == 200
    assert 'value="Renamed"' in text(shown)
    assert "2 devices were read." in text(shown)
    assert "enter it anew before you save" in text(shown)
    assert "anew-anew" not in text(shown)
    assert Exporter.objects.get().name == "Screens"
    assert Exporter.objects.get().opened_secrets() == {"secret": CANARY}


def test_a_vendor_that_echoes_the_secret_as_a_name_does_not_tell_it(
    client_of: ClientOf, mona: User, screens: Exporter, vendor: Vendor
) -> None:
    rows = [{"uid": each, "title": f"Bearer {CANARY}", "state": CANARY} for each in ("1", CANARY)]
    echo = {"screens": rows}
    vendor.says = answer(json.dumps(echo).encode())
    shown = text(client_of(mona).post(page(screens), told(""), **FRAGMENT))
    assert "1 device was read." in shown
    assert "1 entry has no id" in shown
    assert CANARY not in shown


@pytest.mark.parametrize(
    ("says", "hint"),
    [
        (answer(b"{}", "401 Unauthorized"), "Usually the token or password is wrong"),
        (answer(b"{}"), "items_path leads to nothing"),
        (answer(b'{"screens": []}'), "s list is empty. Is this the right account?"),
    ],
)
def test_what_is_wrong_is_said_in_words(
    client_of: ClientOf, mona: User, screens: Exporter, vendor: Vendor, says: bytes, hint: str
) -> None:
    vendor.says = says
    shown = text(client_of(mona).post(page(screens), told(""), **FRAGMENT))
    assert hint in shown


def test_a_kind_that_asks_for_each_player_needs_a_mac(
    client_of: ClientOf, alice: User, exporter_a: Exporter, vendor: Vendor, settings: LazySettings
) -> None:
    settings.VENDOR_ADDRESSES = {"cubic": f"{vendor.url}/status?mac="}
    vendor.says = answer(b'[{"status": "online", "ip": "10.1.2.3"}]')
    mac = factories.make_mac(exporter_a).mac
    client, form = client_of(alice), {"name": "Malls", **TRY}
    assert f'value="{mac}"' in text(client.get(page(exporter_a)))
    missing = text(client.post(page(exporter_a), form, **FRAGMENT))
    assert 'data-problem="trial_mac"' in missing
    assert not vendor.heads
    shown = text(client.post(page(exporter_a), {**form, "_mac": "0642409260b4"}, **FRAGMENT))
    assert "10.1.2.3" in shown
    assert vendor.heads[0].startswith("GET /status?mac=06:42:40:92:60:B4 ")


# -- secrets stay with their server ---------------------------------------------------------------


def test_a_stored_secret_never_goes_to_another_server(
    client_of: ClientOf, root: User, screens: Exporter, vendor: Vendor
) -> None:
    other = Vendor(says=answer(b"[]"))
    with talking(other.talk) as url:
        shown = client_of(root).post(page(screens), told(f"{url}/v1/screens"), **FRAGMENT)
        assert ANEW in text(shown)
        assert 'data-problem="id_setting_secret"' in text(shown)
        again = client_of(root).post(page(screens), told(f"{url}/v1/screens"))
        assert ANEW in text(again)
        assert not other.heads

        form = told(f"{url}/v1/screens") | {"setting_secret": "of-the-other"}
        client_of(root).post(page(screens), form, **FRAGMENT)
    assert "Bearer of-the-other" in other.heads[0]
    assert CANARY not in repr(other.heads)
    assert not vendor.heads


def test_a_secret_that_cannot_be_opened_is_told(
    client_of: ClientOf, mona: User, screens: Exporter, vendor: Vendor, settings: Any
) -> None:
    settings.REMOSA_SECRET_KEYS = ["another key that is long enough to be one"]
    shown = client_of(mona).post(page(screens), told(""), **FRAGMENT)
    assert shown.status_code == 200
    assert "Cannot be used" in text(shown)
    assert not vendor.heads


# -- who, how often, and what is recorded ---------------------------------------------------------


def test_who_may_only_look_gets_no_button_and_asks_nothing(
    client_of: ClientOf, bob: User, charlie: User, screens: Exporter, vendor: Vendor
) -> None:
    assert 'name="_try"' not in text(client_of(bob).get(page(screens)))
    assert client_of(bob).post(page(screens), told("")).status_code == 403
    assert client_of(bob).post(f"{ADD}?kind=json", told(vendor.url)).status_code == 403
    assert client_of(charlie).post(page(screens), told("")).status_code == 404
    assert not vendor.heads


def test_a_try_is_recorded_and_holds_no_secret(
    client_of: ClientOf, mona: User, screens: Exporter
) -> None:
    client_of(mona).post(page(screens), told(""), **FRAGMENT)
    line = AuditEntry.objects.latest("pk")
    assert (line.action, line.actor, line.target) == (Action.ASKED_VENDOR, mona.email, "Screens")
    assert line.platform_id == screens.platform_id
    assert CANARY not in repr(list(AuditEntry.objects.values()))


def test_who_asks_too_often_waits_and_others_do_not(
    client_of: ClientOf, mona: User, alice: User, screens: Exporter, vendor: Vendor
) -> None:
    asked = audit.Actor(mona.email, "admin", mona.pk)
    for _number in range(throttle.VENDOR_BY_ONE.limit):
        audit.record(asked, Action.ASKED_VENDOR, screens, platform_id=screens.platform_id)
    shown = client_of(mona).post(page(screens), told(""), **FRAGMENT)
    assert shown.status_code == 429
    assert "You asked vendors too often just now." in text(shown)
    assert client_of(mona).post(page(screens), told("")).status_code == 429
    assert not vendor.heads
    assert client_of(alice).post(page(screens), told(""), **FRAGMENT).status_code == 200
    assert len(vendor.heads) == 1


def test_the_vendor_of_a_platform_that_is_off_is_asked_by_superadmins_alone(
    client_of: ClientOf, mona: User, root: User, screens: Exporter, vendor: Vendor
) -> None:
    Platform.objects.update(active=False)
    assert client_of(mona).post(page(screens), told("")).status_code == 302
    assert not vendor.heads
    form = told(screens.settings["url"])
    shown = text(client_of(root).post(page(screens), form, **FRAGMENT))
    assert "nothing of this is served until it is active again" in shown
    assert len(vendor.heads) == 1


def test_a_try_costs_few_queries(
    client_of: ClientOf, mona: User, screens: Exporter, django_assert_max_num_queries: Any
) -> None:
    client = client_of(mona)
    client.post(page(screens), told(""), **FRAGMENT)
    with django_assert_max_num_queries(20):
        client.post(page(screens), told(""), **FRAGMENT)
