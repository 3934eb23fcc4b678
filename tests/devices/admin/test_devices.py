"""The pages of sockets: the list, the form with its lines, and who gets to see a phone number."""

import csv
import io
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from devices import sockets
from devices.models import Assignment, Binding, Command, Device, DeviceModel
from devices.templates import Danger
from exporters.models import Exporter, Player
from platforms.audit import SYSTEM, Action
from platforms.models import AuditEntry, Membership, Platform, User
from platforms.roles import Role
from tests import factories
from tests.conftest import ClientOf
from tests.devices.world import give, make_gateway, make_socket, sender

LIST = "admin:devices_device_changelist"
ADD = "admin:devices_device_add"


def page(name: str, device: Device) -> str:
    return reverse(f"admin:devices_device_{name}", args=[device.pk])


def typed(device: Device, **fields: Any) -> dict[str, Any]:
    """Return what the browser posts for a socket, with some of it changed."""
    values = {
        "model": device.model_id,
        "name": device.name,
        "phone": device.phone,
        "site": device.site_id or "",
        "enabled": "on" if device.enabled else "",
        "reset_only": "on" if device.reset_only else "",
        "notes": device.notes,
    }
    for line in device.lines.all():
        values[f"line_{line.number}_name"] = line.name
        hung = Player.objects.filter(bindings__line=line, bindings__ended_at=None)
        values[f"line_{line.number}_players"] = list(hung.values_list("pk", flat=True))
    values["people"] = list(device.assignments.values_list("user_id", flat=True))
    return {**values, **fields}


def errors(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, "nothing was refused"
    found: dict[str, Any] = answer.context["adminform"].form.errors
    return dict(found)


@pytest.fixture
def socket(platform_a: Platform) -> Device:
    """A socket with one line, of platform A."""
    return make_socket(platform_a, name="Till", phone="+79001112233")


# -- the list -----------------------------------------------------------------------------------


def test_the_list_says_what_the_sockets_told(
    client_of: ClientOf, alice: User, socket: Device, exporter_a: Exporter
) -> None:
    now = timezone.now()
    socket.lines.update(is_on=False, told_at=now)
    Device.objects.filter(pk=socket.pk).update(mains_lost_at=now, reset_only=True)
    sockets.bind(factories.make_player(exporter_a), socket.lines.get(), SYSTEM)
    text = client_of(alice).get(reverse(LIST)).content.decode()
    for told in ("Till", "+79001112233", ">off<", "mains lost", "reset only", "SimPal D210"):
        assert told in text, told


def test_the_list_takes_as_many_queries_for_many_sockets_and_commands_as_for_few(
    client_of: ClientOf, alice: User, platform_a: Platform, exporter_a: Exporter
) -> None:
    client, counted = client_of(alice), []
    for wanted in (2, 40):
        for _number in range(wanted - Device.objects.count()):
            device = make_socket(platform_a, model="simpal_d410")
            sockets.bind(factories.make_player(exporter_a), device.lines.all()[0], SYSTEM)
            give(device, "status")
        client.get(reverse(LIST))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse(LIST))
        counted.append(len(queries))
    assert counted[0] == counted[1]
    assert Command.objects.count() == 40


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({}, {"Till", "Wall"}),
        ({"q": "til"}, {"Till"}),
        ({"q": "+7 900 111-22"}, {"Till"}),
        ({"q": "8 900 111 22 33"}, {"Till"}),
        ({"q": "mall"}, {"Wall"}),
        ({"use": "retired"}, {"Gone"}),
        ({"use": "all"}, {"Till", "Wall", "Gone"}),
        ({"mains": "lost"}, {"Wall"}),
        ({"mains": "there"}, {"Till"}),
        ({"enabled__exact": "0"}, {"Wall"}),
        ({"of_site": "SITE"}, {"Wall"}),
        ({"of_model": "MODEL"}, {"Till"}),
    ],
)
def test_the_list_is_narrowed(
    client_of: ClientOf,
    alice: User,
    socket: Device,
    platform_a: Platform,
    query: dict[str, str],
    wanted: set[str],
) -> None:
    site = factories.make_site(platform_a, "Mall")
    wall = make_socket(platform_a, "simpal_d410", name="Wall", site=site, enabled=False)
    Device.objects.filter(pk=wall.pk).update(mains_lost_at=timezone.now())
    sockets.retire(make_socket(platform_a, "simpal_d410", name="Gone"), SYSTEM)
    filled = {"SITE": str(site.pk), "MODEL": str(socket.model_id)}
    asked = {name: filled.get(value, value) for name, value in query.items()}
    rows = client_of(alice).get(reverse(LIST), asked).context["cl"].result_list
    assert {row.name for row in rows} == wanted


# -- phones -------------------------------------------------------------------------------------

PHONE = "9001112233"


def everything_about(client: Client, device: Device) -> dict[str, str]:
    """Return the text of every page on which a phone number could stand."""
    pages = [
        reverse(LIST),
        reverse(LIST) + "?use=all&q=Till",
        reverse("admin:devices_device_export_states"),
        page("change", device),
        reverse("admin:platforms_auditentry_changelist"),
        reverse("admin:platforms_auditentry_export"),
        reverse("admin:devices_pause_changelist"),
        "/admin/autocomplete/?app_label=devices&model_name=pause&field_name=device",
    ]
    pages += [
        reverse("admin:platforms_auditentry_change", args=[pk])
        for pk in AuditEntry.objects.values_list("pk", flat=True)
    ]
    return {each: b"".join(client.get(each)).decode() for each in pages}


def test_a_viewer_sees_a_phone_nowhere_and_others_do(
    client_of: ClientOf, alice: User, bob: User, ursula: User, socket: Device
) -> None:
    client_of(alice).post(page("change", socket), typed(socket, phone="+79001112234"))
    client_of(alice).post(page("change", socket), typed(socket, phone=f"+7{PHONE}"))
    give(socket, "add_user", {"phone": f"+7{PHONE}"}, sender=sender(alice))
    assert [where for where, text in everything_about(client_of(bob), socket).items()
            if PHONE in text or PHONE[:-1] in text] == []  # fmt: skip
    for user in (ursula, alice):
        told = everything_about(client_of(user), socket)
        assert PHONE in told[reverse(LIST)]
        assert PHONE in told[page("change", socket)]
        assert PHONE in told[reverse("admin:platforms_auditentry_export")]


@pytest.mark.parametrize(
    "query",
    [
        {"q": PHONE},
        {"q": "111"},
        {"phone": f"+7{PHONE}"},
        {"phone__startswith": "+7900"},
        {"phone__contains": "111"},
    ],
)
def test_a_viewer_cannot_ask_for_a_phone_either(
    client_of: ClientOf, bob: User, socket: Device, query: dict[str, str]
) -> None:
    answer = client_of(bob).get(reverse(LIST), query)
    if answer.status_code == 200:
        assert list(answer.context["cl"].result_list) == []
    else:
        assert answer.status_code in (302, 400)
    other = {"device__phone__startswith": "+7900"}
    for name in ("pause", "command"):
        answer = client_of(bob).get(reverse(f"admin:devices_{name}_changelist"), other)
        assert answer.status_code in (302, 400), "a list beside it answers"


def test_phones_are_shown_platform_by_platform(
    client_of: ClientOf, platform_a: Platform, platform_b: Platform, socket: Device
) -> None:
    other = make_socket(platform_b, name="Other", phone="+79004445566")
    dora = factories.make_member(platform_a, Role.VIEWER)
    dora.memberships.create(platform=platform_b, role=Role.USER)
    client = client_of(dora)
    told = client.get(reverse(LIST)).content.decode()
    assert "Till" in told
    assert other.phone in told
    assert PHONE not in told
    rows = csv.DictReader(
        io.StringIO(
            b"".join(client.get(reverse("admin:devices_device_export_states"))).decode("utf-8-sig")
        )
    )
    assert {row["name"]: row["phone"] for row in rows} == {"Till": "", "Other": "'+79004445566"}
    assert PHONE not in client.get(page("change", socket)).content.decode()
    assert list(client.get(reverse(LIST), {"q": PHONE}).context["cl"].result_list) == []
    assert list(client.get(reverse(LIST), {"q": "4445566"}).context["cl"].result_list) == [other]


# -- the form -----------------------------------------------------------------------------------


def test_a_new_socket_gets_its_lines_and_leads_to_them(
    client_of: ClientOf, mona: User, platform_a: Platform, socket: Device
) -> None:
    make_gateway(platform_a, region="RU")
    model = DeviceModel.objects.get(key="simpal_d410")
    fields = {"model": model.pk, "name": "Wall", "phone": "8 (912) 345-67-89", "enabled": "on"}
    answer = client_of(mona).post(reverse(ADD), fields)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    device = Device.objects.get(name="Wall")
    assert (device.platform, device.phone) == (platform_a, "+79123456789")
    assert device.lines.count() == 2
    assert answer["Location"] == page("change", device)
    assert AuditEntry.objects.latest("pk").action == Action.CREATED


@pytest.mark.parametrize(
    ("phone", "told"),
    [
        ("", "required"),
        ("abc", "has only digits"),
        ("9123", "plus and the code"),
        ("+7912", "too few or too many"),
        ("+7 900 111 22 33", "cannot be used"),
        ("+7 900 999 99 99", "cannot be used"),
    ],
)
def test_a_phone_is_refused_at_its_field_and_tells_nothing_of_others(
    client_of: ClientOf, mona: User, socket: Device, platform_b: Platform, phone: str, told: str
) -> None:
    make_socket(platform_b, phone="+79009999999")
    fields = {"model": socket.model_id, "name": "New", "phone": phone}
    found = errors(client_of(mona).post(reverse(ADD), fields))
    assert list(found) == ["phone"]
    assert told in str(found["phone"])
    assert not Device.objects.filter(name="New").exists()


def test_a_full_platform_takes_no_further_socket_and_says_so_beforehand(
    client_of: ClientOf, mona: User, platform_a: Platform, socket: Device
) -> None:
    Platform.objects.filter(pk=platform_a.pk).update(sockets_limit=1)
    client = client_of(mona)
    assert "1 of its 1 sockets" in client.get(reverse(ADD)).content.decode()
    fields = {"model": socket.model_id, "name": "New", "phone": "+79123456789"}
    assert list(errors(client.post(reverse(ADD), fields))) == ["__all__"]
    sockets.retire(socket, SYSTEM)
    assert client.post(reverse(ADD), fields).status_code == 302


def test_players_are_hung_on_lines_and_their_history_stays(
    client_of: ClientOf, mona: User, platform_a: Platform, exporter_a: Exporter, socket: Device
) -> None:
    wall = make_socket(platform_a, "simpal_d410", name="Wall")
    one, two = (factories.make_player(exporter_a, name=name) for name in ("One", "Two"))
    sockets.bind(one, wall.lines.get(number=2), SYSTEM)
    client = client_of(mona)
    fields = typed(socket, line_1_players=[one.pk, two.pk], line_1_name="Left wall")
    assert client.post(page("change", socket), fields).status_code == 302
    line = socket.lines.get()
    assert line.name == "Left wall"
    hung = Binding.objects.filter(ended_at=None)
    assert {(row.player, row.line) for row in hung} == {(one, line), (two, line)}
    assert Binding.objects.filter(player=one).count() == 2, "where it hung before stays"
    client.post(page("change", socket), typed(socket, line_1_players=[two.pk]))
    assert [row.player for row in Binding.objects.filter(ended_at=None)] == [two]
    kinds = AuditEntry.objects.filter(target_type="devices.binding")
    assert kinds.filter(action=Action.DELETED).count() == 1


def test_a_line_takes_no_player_twice_and_none_of_another_platform(
    client_of: ClientOf,
    mona: User,
    platform_a: Platform,
    exporter_a: Exporter,
    exporter_b: Exporter,
) -> None:
    wall = make_socket(platform_a, "simpal_d410")
    own, foreign = factories.make_player(exporter_a), factories.make_player(exporter_b)
    client = client_of(mona)
    twice = typed(wall, line_1_players=[own.pk], line_2_players=[own.pk])
    assert list(errors(client.post(page("change", wall), twice))) == ["line_2_players"]
    strange = typed(wall, line_1_players=[foreign.pk])
    assert list(errors(client.post(page("change", wall), strange))) == ["line_1_players"]
    assert not Binding.objects.exists()


def test_players_are_found_by_parts_of_names_and_macs(
    client_of: ClientOf, mona: User, exporter_a: Exporter, exporter_b: Exporter, socket: Device
) -> None:
    player = factories.make_player(exporter_a, "06:42:40:92:60:B4", "Hall LED")
    factories.make_player(exporter_b, "06:42:40:92:60:B5", "Hall of Beta")
    factories.make_player(exporter_a, "06:42:40:92:60:B6", "Gone", retired_at=timezone.now())
    client, address = client_of(mona), page("players", socket)
    for term in ("", "hall", "0642.4092", "06-42-40-92-60-b4"):
        found = client.get(address, {"term": term}).json()
        assert [row["id"] for row in found["results"]] == [str(player.pk)], term
    sockets.bind(player, socket.lines.get(), SYSTEM)
    (row,) = client.get(address).json()["results"]
    assert "now on Till · 1" in row["text"]
    assert client.get(address, {"page": "9" * 30}).status_code == 200


def test_people_who_may_command_it_are_users_of_the_platform(
    client_of: ClientOf, mona: User, ursula: User, bob: User, charlie: User, socket: Device
) -> None:
    client = client_of(mona)
    for other in (bob, charlie):
        answer = client.post(page("change", socket), typed(socket, people=[other.pk]))
        assert list(errors(answer)) == ["people"]
    client.post(page("change", socket), typed(socket, people=[ursula.pk]))
    assert [row.user for row in Assignment.objects.all()] == [ursula]
    client.post(page("change", socket), typed(socket, people=[]))
    assert not Assignment.objects.exists()
    told = AuditEntry.objects.filter(target_type="devices.assignment")
    assert [line.action for line in told.order_by("pk")] == [Action.CREATED, Action.DELETED]


def test_a_change_tells_that_open_commands_will_not_be_sent(
    client_of: ClientOf, mona: User, socket: Device
) -> None:
    give(socket, "status")
    fields = typed(socket, phone="+79005556677")
    answer = client_of(mona).post(page("change", socket), fields, follow=True)
    assert "1 command is still open" in answer.content.decode()


def test_a_change_writes_over_nothing_that_the_socket_told_meanwhile(
    client_of: ClientOf, mona: User, socket: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, change = timezone.now(), sockets.change

    def late(device: Device, *rest: Any) -> Device:
        Device.objects.filter(pk=device.pk).update(heard_at=heard)
        return change(device, *rest)

    monkeypatch.setattr(sockets, "change", late)
    client_of(mona).post(page("change", socket), typed(socket, name="Renamed"))
    socket.refresh_from_db()
    assert (socket.name, socket.heard_at) == ("Renamed", heard)


def test_a_smaller_model_is_refused_while_players_hang_on_lines_it_lacks(
    client_of: ClientOf, mona: User, platform_a: Platform, exporter_a: Exporter, socket: Device
) -> None:
    wall = make_socket(platform_a, "simpal_d410")
    player = factories.make_player(exporter_a)
    sockets.bind(player, wall.lines.get(number=2), SYSTEM)
    client = client_of(mona)
    smaller = typed(wall, model=socket.model_id)
    assert list(errors(client.post(page("change", wall), smaller))) == ["model"]
    client.post(page("change", wall), typed(wall, line_2_players=[]))
    assert client.post(page("change", wall), smaller | {"line_2_players": []}).status_code == 302
    larger = typed(socket, model=DeviceModel.objects.get(key="simpal_d410").pk)
    assert client.post(page("change", socket), larger).status_code == 302
    assert socket.lines.count() == 2


# -- taking out of use, and who may -------------------------------------------------------------


def test_taking_out_of_use_asks_first_and_frees_phone_and_players(
    client_of: ClientOf, mona: User, exporter_a: Exporter, socket: Device
) -> None:
    sockets.bind(factories.make_player(exporter_a), socket.lines.get(), SYSTEM)
    client = client_of(mona)
    assert "1 player then hangs on no socket" in client.get(page("retire", socket)).content.decode()
    assert Device.objects.in_use().exists()
    assert client.post(page("retire", socket)).status_code == 302
    assert not Device.objects.in_use().exists()
    assert not Binding.objects.filter(ended_at=None).exists()
    assert client.get(page("change", socket)).status_code == 200
    assert client.post(page("change", socket), typed(socket)).status_code == 403
    assert client.post(page("retire", socket)).status_code == 403


@pytest.mark.parametrize("name", ["change", "retire", "players", "pause"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_another_platforms_socket_does_not_exist(
    client_of: ClientOf, charlie: User, socket: Device, name: str, method: str
) -> None:
    assert getattr(client_of(charlie), method)(page(name, socket)).status_code == 404
    assert Device.objects.in_use().filter(pk=socket.pk).exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.USER])
def test_who_may_not_change_the_fleet_reads_alone(
    client_of: ClientOf, platform_a: Platform, socket: Device, role: Role
) -> None:
    client = client_of(factories.make_member(platform_a, role))
    assert client.get(page("change", socket)).status_code == 200
    assert client.get(reverse(ADD)).status_code == 403
    assert client.post(page("change", socket), typed(socket)).status_code == 403
    for name in ("retire", "players", "pause"):
        assert client.get(page(name, socket)).status_code == 403


def test_a_link_to_a_foreign_site_or_gateway_is_no_choice(
    client_of: ClientOf, root: User, mona: User, socket: Device, platform_b: Platform
) -> None:
    site, gateway = factories.make_site(platform_b), make_gateway(platform_b)
    for client, field, value in (
        (client_of(mona), "site", site.pk),
        (client_of(root), "site", site.pk),
        (client_of(root), "gateway", gateway.pk),
    ):
        answer = client.post(page("change", socket), typed(socket, **{field: value}))
        assert list(errors(answer)) == [field]
    client_of(mona).post(page("change", socket), typed(socket, gateway=gateway.pk))
    socket.refresh_from_db()
    assert socket.gateway is None


# -- beside players, and the models -------------------------------------------------------------


def test_players_pages_tell_their_socket(
    client_of: ClientOf, bob: User, exporter_a: Exporter, socket: Device
) -> None:
    one, two = (factories.make_player(exporter_a, name=name) for name in ("One", "Two"))
    for player in (one, two):
        sockets.bind(player, socket.lines.get(), SYSTEM)
    socket.lines.update(is_on=True, told_at=timezone.now())
    client = client_of(bob)
    assert "Till" in client.get(reverse("admin:exporters_player_changelist")).content.decode()
    address = reverse("admin:exporters_player_change", args=[one.pk])
    text = client.get(address).content.decode()
    for told in ("Till", ">on<", "Two"):
        assert told in text
    assert PHONE not in text


def test_the_list_of_players_asks_for_sockets_once(
    client_of: ClientOf, bob: User, exporter_a: Exporter, platform_a: Platform
) -> None:
    client, counted = client_of(bob), []
    for wanted in (2, 30):
        for _number in range(wanted - Player.objects.count()):
            device = make_socket(platform_a)
            sockets.bind(factories.make_player(exporter_a), device.lines.get(), SYSTEM)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("admin:exporters_player_changelist"))
        counted.append(len(queries))
    assert counted[0] == counted[1]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_models_tell_what_they_can_in_the_readers_language(
    client_of: ClientOf, bob: User, socket: Device, language: str
) -> None:
    client = client_of(bob)
    client.cookies["django_language"] = language
    shape = socket.model.shape
    address = reverse("admin:devices_devicemodel_change", args=[socket.model_id])
    text = client.get(address).content.decode()
    for command in shape.commands:
        assert command.name.in_language(language).replace("'", "&#x27;") in text
    assert "#12#0#1#1#" in text
    assert client.post(address, {}).status_code == 403
    assert client.get(reverse("admin:devices_devicemodel_changelist")).status_code == 200


def test_who_leaves_a_platform_and_comes_again_comes_without_sockets(
    platform_a: Platform, alice: User, ursula: User, client_of: ClientOf
) -> None:
    device = make_socket(platform_a)
    sockets.assign(ursula, device, SYSTEM)
    member = Membership.objects.get(user=ursula)
    page = reverse("admin:platforms_membership_delete", args=[member.pk])
    client_of(alice).post(page, {"post": "yes"})
    Membership.objects.create(platform=platform_a, user=ursula, role=Role.USER)
    assert not Assignment.objects.exists()
    assert not sender(ursula).may(Danger.POWER, device)
    assert AuditEntry.objects.filter(action="deleted", target_type="devices.assignment").exists()
