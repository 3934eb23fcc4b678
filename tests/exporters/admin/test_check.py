"""Check now: what a vendor says of one player at this moment, and who may ask."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.conf import LazySettings
from django.urls import reverse

from exporters.admin.vendor_questions import AT_ONCE
from exporters.models import Exporter, Player, PlayerSource
from platforms import audit, throttle
from platforms.models import AuditEntry, Platform, User
from platforms.models.audit import Action
from tests import factories
from tests.conftest import ClientOf
from tests.far_side import answer, talking

pytestmark = pytest.mark.django_db
FRAGMENT: Any = {"HTTP_X_REMOSA_FRAGMENT": "1"}
CANARY = "canary-token-7f3a"


@pytest.fixture
def heads(settings: LazySettings) -> Iterator[list[str]]:
    """What a vendor was sent that answers as CubicMedia and, elsewhere, as AddReality."""
    found: list[str] = []
    cubic = [{"status": "offline", "ip": "10.1.2.3", "name": "x"}]
    device = {"id": 51234, "name": "Mall 3", "connection_state": "online",
              "last_online": "2025-07-07T10:15:00Z", "player_status": "pause"}  # fmt: skip

    def talk(connection: socket.socket, head: bytes) -> None:
        found.append(head.decode())
        said: object = {"data": [device], "you": CANARY} if b"/list" in head else cubic
        connection.sendall(answer(json.dumps(said).encode()))

    with talking(talk) as url:
        settings.VENDOR_ADDRESSES = {"cubic": f"{url}/status?mac=", "addreality": f"{url}/list"}
        yield found


@pytest.fixture
def listed(platform_a: Platform) -> Player:
    """A player that AddReality lists."""
    exporter = factories.make_exporter(platform_a, "Malls", kind="addreality")
    exporter.take_secrets({"api_token": CANARY})
    exporter.save()
    player = factories.make_player(exporter, "51234")
    Player.objects.filter(pk=player.pk).update(source=PlayerSource.DISCOVERED)
    return player


def check(player: Player) -> str:
    return reverse("admin:exporters_player_check", args=[player.pk])


def text(got: Any) -> str:
    return str(got.content.decode())


def test_it_tells_what_was_read_and_what_would_be_served(
    client_of: ClientOf, mona: User, exporter_a: Exporter, heads: list[str]
) -> None:
    player = factories.make_mac(exporter_a, "06:42:40:92:60:B4", name="Hall").player
    shown = text(client_of(mona).post(check(player), **FRAGMENT))
    assert "rm-badge rm-offline" in shown
    assert "10.1.2.3" in shown
    assert "remosa_exporter_cubic_device_status{" in shown
    assert "The raw answer" not in shown
    assert heads[0].startswith("GET /status?mac=06:42:40:92:60:B4 ")
    line = AuditEntry.objects.latest("pk")
    assert (line.action, line.target) == (Action.ASKED_VENDOR, "Hall")


def test_a_player_of_a_list_is_found_in_it_and_the_token_is_masked(
    client_of: ClientOf, root: User, listed: Player, heads: list[str]
) -> None:
    shown = text(client_of(root).post(check(listed), **FRAGMENT))
    assert "paused" in shown
    assert "The raw answer" in shown
    assert f"X-API-Token: {CANARY}" in heads[0]
    assert CANARY not in shown


def test_an_exporter_that_is_off_is_asked_too_and_it_says_so(
    client_of: ClientOf, mona: User, listed: Player, heads: list[str]
) -> None:
    Exporter.objects.update(enabled=False)
    shown = text(client_of(mona).post(check(listed), **FRAGMENT))
    assert "The exporter is switched off" in shown
    assert len(heads) == 1


def test_without_a_script_it_has_a_page_of_its_own(
    client_of: ClientOf, mona: User, listed: Player, heads: list[str]
) -> None:
    shown = client_of(mona).post(check(listed))
    assert "rm-badge rm-online" in text(shown)
    assert reverse("admin:exporters_player_change", args=[listed.pk]) in text(shown)


def test_who_may_only_look_has_no_button_and_others_learn_nothing(
    client_of: ClientOf, bob: User, mona: User, charlie: User, listed: Player, heads: list[str]
) -> None:
    own = reverse("admin:exporters_player_change", args=[listed.pk])
    assert check(listed) in text(client_of(mona).get(own))
    assert check(listed) not in text(client_of(bob).get(own))
    assert client_of(bob).post(check(listed)).status_code == 403
    assert client_of(charlie).post(check(listed)).status_code == 404
    assert client_of(mona).get(check(listed)).status_code == 405
    assert not heads


def test_it_is_throttled_for_each_person(
    client_of: ClientOf, mona: User, listed: Player, heads: list[str]
) -> None:
    asked = audit.Actor(mona.email, "admin", mona.pk)
    for _number in range(throttle.VENDOR_BY_ONE.limit):
        audit.record(asked, Action.ASKED_VENDOR, listed, platform_id=listed.platform_id)
    assert client_of(mona).post(check(listed)).status_code == 429
    assert not heads


def test_vendors_that_hang_leave_most_of_the_web_server_to_others(
    client_of: ClientOf, mona: User, listed: Player, heads: list[str]
) -> None:
    with ExitStack() as others:
        for _number in range(3):
            others.enter_context(AT_ONCE)
        refused = client_of(mona).post(check(listed), **FRAGMENT)
    assert refused.status_code == 503
    assert "Ask again in a moment" in text(refused)
    assert not heads
    assert client_of(mona).post(check(listed), **FRAGMENT).status_code == 200
