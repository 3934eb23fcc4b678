"""From the list of sockets to one command for many; and the buttons that lead to commands."""

import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from devices import bulk, sockets
from devices.models import Assignment, Command, Device
from exporters.models import Exporter
from platforms.audit import SYSTEM
from platforms.models import AuditEntry, Platform, User
from tests import factories
from tests.conftest import ClientOf
from tests.devices import world
from tests.devices.world import give

pytestmark = pytest.mark.django_db
SOCKETS = "/admin/devices/device/"
BULK = "/admin/devices/command/bulk/"


def text(answer: Any) -> str:
    return unescape(str(answer.content.decode()))


def agreed(answer: Any) -> str:
    found = re.search(r'name="agreed" value="([^"]+)"', answer.content.decode())
    assert found, "there is no button that sends"
    return unescape(found[1])


def several(platform: Platform, number: int) -> list[Device]:
    return [world.make_socket(platform) for _each in range(number)]


def chosen(client: Client, devices: list[Device]) -> tuple[str, Any]:
    """Choose sockets in their list as the browser does; return the address that stays."""
    picked = {"action": "command_chosen", "_selected_action": [each.pk for each in devices]}
    answer = client.post(SOCKETS, picked, follow=True)
    return answer.request["PATH_INFO"] + "?" + answer.request["QUERY_STRING"], answer


def dry_run(client: Client, devices: list[Device], key: str, **values: str) -> tuple[str, Any]:
    place, _choice = chosen(client, devices)
    place += f"&template={world.template(devices[0], key).pk}"
    answer = client.get(place)
    if values:
        answer = client.post(place, {f"p-{name}": value for name, value in values.items()})
    return place, answer


def test_the_chosen_sockets_get_one_command_after_a_dry_run_and_once(
    platform_a: Platform, alice: User, client_of: ClientOf
) -> None:
    devices, client = several(platform_a, 3), client_of(alice)
    give(devices[0], "power_cycle", now=timezone.now())
    _place, choice = chosen(client, devices)
    assert "3 sockets chosen" in text(choice)
    place, plan = dry_run(client, devices, "power_cycle", minutes="1")
    assert "A command to this line is under way." in text(plan)
    assert [len(plan.context["plan"].passing), len(plan.context["plan"].skipped)] == [2, 1]
    assert Command.objects.count() == 1, "a dry run gives nothing"
    for _again in range(2):
        done = client.post(place, {"agreed": agreed(plan)})
        assert len(done.context["plan"].passing) == 2
        assert Command.objects.count() == 3
    for command in Command.objects.filter(author=alice):
        page = reverse("admin:devices_command_change", args=[command.pk])
        assert page in text(done)


def test_to_switch_more_than_a_handful_their_number_is_typed(
    platform_a: Platform, alice: User, client_of: ClientOf
) -> None:
    devices, client = several(platform_a, bulk.HANDFUL + 1), client_of(alice)
    place, plan = dry_run(client, devices, "power_cycle", minutes="1")
    assert 'name="counted"' in text(plan)
    for typed in ("", "5", "six"):
        wrong = client.post(place, {"agreed": agreed(plan), "counted": typed})
        assert "Type the number of sockets that get the command." in text(wrong)
        assert 'name="counted"' in text(wrong), "the form comes again"
    assert not Command.objects.exists()
    client.post(place, {"agreed": agreed(plan), "counted": str(len(devices))})
    assert Command.objects.count() == len(devices)
    _place, asks = dry_run(client, devices, "status")
    assert 'name="counted"' not in text(asks)


def test_sockets_of_two_models_get_their_own_commands(
    platform_a: Platform, alice: User, client_of: ClientOf
) -> None:
    one, pair = world.make_socket(platform_a), world.make_socket(platform_a, "simpal_d410")
    _place, choice = chosen(client_of(alice), [one, pair])
    assert "1 socket of the model SimPal D210" in text(choice)
    assert "1 socket of the model SimPal D410" in text(choice)
    _place, plan = dry_run(client_of(alice), [one, pair], "status")
    assert "This socket has no such command." in text(plan)


def test_wrong_values_are_told_by_their_field(
    platform_a: Platform, alice: User, client_of: ClientOf
) -> None:
    devices = several(platform_a, 2)
    _place, answer = dry_run(client_of(alice), devices, "power_cycle", minutes="0")
    assert "Enter 1 or more." in text(answer)
    assert 'name="agreed"' not in text(answer)


def test_foreign_sockets_fall_out_and_viewers_come_no_further(
    platform_a: Platform, platform_b: Platform, alice: User, bob: User, ursula: User,
    client_of: ClientOf,
) -> None:  # fmt: skip
    mine, foreign = world.make_socket(platform_a), world.make_socket(platform_b)
    template = world.template(mine, "status").pk
    address = f"{BULK}?devices={mine.pk}.{foreign.pk}&template={template}"
    plan = client_of(alice).get(address, follow=True)
    assert [line.device for line in plan.context["plan"].lines] == [mine]
    assert client_of(bob).get(address).status_code == 403
    assert client_of(alice).get(f"{BULK}?devices={foreign.pk}").status_code == 404
    assert client_of(alice).get(f"{BULK}?devices=x.{10**30}").status_code == 404
    unassigned = client_of(ursula).get(address, follow=True)
    assert "Your role does not allow this command." in text(unassigned)
    Assignment.objects.create(platform=platform_a, user=ursula, device=mine)
    assigned = client_of(ursula).get(address, follow=True)
    assert agreed(assigned)


def test_what_was_shown_to_somebody_else_or_of_other_sockets_is_not_sent(
    platform_a: Platform, alice: User, mona: User, client_of: ClientOf
) -> None:
    devices = several(platform_a, 3)
    place, plan = dry_run(client_of(alice), devices[:2], "status")
    fewer = place.replace(f".{devices[1].pk}", "")
    for who, address, sealed in (
        (mona, place, agreed(plan)),
        (alice, fewer, agreed(plan)),
        (alice, place, "x"),
    ):
        answer = client_of(who).post(address, {"agreed": sealed}, follow=True)
        assert "Nothing was sent: look again." in text(answer)
    assert not Command.objects.exists()


def test_too_many_are_refused_in_the_list(
    platform_a: Platform, alice: User, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = several(platform_a, 3)
    monkeypatch.setattr(bulk, "MOST", 2)
    place, answer = chosen(client_of(alice), devices)
    assert place.startswith(SOCKETS)
    assert "At most 2 sockets get a command at once" in text(answer)


def test_skipped_sockets_stand_in_the_record(
    platform_a: Platform, alice: User, client_of: ClientOf
) -> None:
    devices, client = several(platform_a, 2), client_of(alice)
    Device.objects.filter(pk=devices[1].pk).update(enabled=False)
    place, plan = dry_run(client, devices, "status")
    client.post(place, {"agreed": agreed(plan)})
    entry = AuditEntry.objects.get(action="refused")
    assert (entry.target_id, entry.after["refused"]) == (str(devices[1].pk), "device")


def test_the_questions_of_a_dry_run_do_not_grow_with_the_sockets(
    platform_a: Platform, alice: User, client_of: ClientOf
) -> None:
    client, counts = client_of(alice), []
    for number in (2, 20):
        place, _plan = dry_run(client, several(platform_a, number), "status")
        with CaptureQueriesContext(connection) as queries:
            client.get(place)
        counts.append(len(queries))
    assert counts[0] == counts[1]


# -- buttons ------------------------------------------------------------------------------------


def test_buttons_stand_where_their_deed_is_allowed_and_nowhere_else(
    platform_a: Platform, exporter_a: Exporter, alice: User, bob: User, ursula: User,
    client_of: ClientOf,
) -> None:  # fmt: skip
    given, other = several(platform_a, 2)
    Assignment.objects.create(platform=platform_a, user=ursula, device=given)
    restarts = {}
    for device in (given, other):
        player = factories.make_mac(exporter_a).player
        sockets.bind(player, device.lines.get(), SYSTEM)
        restarts[device] = (
            reverse("admin:devices_command_restart", args=[player.pk]),
            reverse("admin:exporters_player_change", args=[player.pk]),
        )
    may = {"alice": {given, other}, "bob": set(), "ursula": {given}}
    for who in (alice, bob, ursula):
        client, allowed = client_of(who), may[who.email.partition("@")[0]]
        players = text(client.get("/admin/exporters/player/"))
        for device, (restart, page) in restarts.items():
            assert (restart in players) is (device in allowed)
            assert (restart in text(client.get(page))) is (device in allowed)
            own = text(client.get(reverse("admin:devices_device_change", args=[device.pk])))
            assert (f"/admin/devices/device/{device.pk}/command" in own) is (device in allowed)
            assert f"/admin/devices/device/{device.pk}/conversation" in own
        assert ("command_chosen" in text(client.get(SOCKETS))) is (who is not bob)


def test_the_buttons_of_a_socket_lead_to_its_commands_and_its_conversation(
    platform_a: Platform, alice: User, charlie: User, client_of: ClientOf
) -> None:
    (device,) = several(platform_a, 1)
    for word, page in (("command", "send"), ("conversation", "conversation")):
        button = f"{SOCKETS}{device.pk}/{word}"
        answer = client_of(alice).get(button, follow=True)
        target = reverse(f"admin:devices_command_{page}", args=[device.pk])
        assert answer.request["PATH_INFO"] == target
        assert client_of(charlie).get(button, follow=True).status_code == 404


def test_what_was_given_with_another_password_does_not_read_as_given(
    platform_a: Platform, alice: User, client_of: ClientOf
) -> None:
    devices, client = several(platform_a, 2), client_of(alice)
    place, plan = dry_run(client, devices, "factory_reset", password="1111")
    client.post(place, {"agreed": agreed(plan), "counted": "2"})
    assert Command.objects.count() == 2
    back = client.post(place, {"p-password": "2222"})
    assert "This key was used for another command." in text(back)
    assert 'name="agreed"' not in text(back)
    assert Command.objects.count() == 2
