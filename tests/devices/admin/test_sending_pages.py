"""From a socket to a command: what is offered, asked, shown and sent; and that it is sent once."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from devices import sockets
from devices.models import Assignment, Command, CommandTemplate, Device, Pause, SmsGateway
from exporters.models import Exporter
from platforms.audit import SYSTEM
from platforms.models import AuditEntry, Platform, User
from tests import factories
from tests.conftest import ClientOf
from tests.devices import world
from tests.devices.world import give
from tests.exporters.watched_world import STATUS, World, sample, source

pytestmark = pytest.mark.django_db
CYCLE, RESET, STATUS_QUERY = "power_cycle", "factory_reset", "status"


@pytest.fixture
def socket(platform_a: Platform) -> Device:
    return world.make_socket(platform_a, name="Hall socket")


def text(answer: Any) -> str:
    return unescape(str(answer.content.decode()))


def choose(device: Device) -> str:
    return reverse("admin:devices_command_send", args=[device.pk])


def page(device: Device, key: str) -> str:
    return reverse("admin:devices_command_write", args=[device.pk, world.template(device, key).pk])


def opened(client: Client, address: str) -> tuple[str, Any]:
    """Open a page as a browser does; return the address that stays, and the answer."""
    answer = client.get(address, follow=True)
    return answer.request["PATH_INFO"] + "?" + answer.request["QUERY_STRING"], answer


def preview(client: Client, address: str, **values: str) -> tuple[str, Any]:
    """Fill the form in and show what would be sent."""
    place, answer = opened(client, address)
    if values:
        answer = client.post(place, {f"p-{name}": value for name, value in values.items()})
    return place, answer


def agreed(answer: Any) -> str:
    found = re.search(r'name="agreed" value="([^"]+)"', answer.content.decode())
    assert found, "there is no button that sends"
    return unescape(found[1])


# -- 1. what is offered -------------------------------------------------------------------------


def test_commands_are_offered_by_danger_in_the_language_of_the_reader(
    socket: Device, alice: User, client_of: ClientOf
) -> None:
    client = client_of(alice)
    english = text(client.get(choose(socket)))
    places = [english.index(each) for each in ("Switch the power", "Ask the socket", "cannot be")]
    assert places == sorted(places)
    assert "Resets the power" in english or "Restart" in english
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "ru"
    with translation.override("ru"):
        help_text = str(world.template(socket, CYCLE).shape.help)
    assert help_text in text(client.get(choose(socket)))


MAY = {
    "root": {CYCLE, "notify_call_on", RESET},
    "alice": {CYCLE, "notify_call_on", RESET},
    "mona": {CYCLE, "notify_call_on"},
    "ursula": {CYCLE},
}


@pytest.mark.parametrize("key", [CYCLE, "notify_call_on", RESET])
@pytest.mark.parametrize("who", MAY)
def test_what_the_role_may_not_send_is_shown_with_the_reason_and_refused(
    who: str, key: str, socket: Device, ursula: User, client_of: ClientOf,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    Assignment.objects.create(platform=socket.platform, user=ursula, device=socket)
    client = client_of(request.getfixturevalue(who))
    allowed = key in MAY[who]
    assert (f'href="{page(socket, key)}"' in text(client.get(choose(socket)))) is allowed
    values = {CYCLE: {"minutes": "1"}, RESET: {"password": "1234"}}.get(key, {})
    _place, answer = preview(client, page(socket, key), **values)
    if allowed:
        assert agreed(answer)
        return
    assert 'data-refusal="role"' in text(answer)
    assert "Your role does not allow this command." in text(answer)
    assert 'name="agreed"' not in text(answer)


def test_a_viewer_an_unassigned_user_and_a_stranger_come_no_further(
    socket: Device, bob: User, ursula: User, charlie: User, client_of: ClientOf
) -> None:
    for address in (choose(socket), page(socket, CYCLE)):
        for who, status in ((bob, 403), (ursula, 403), (charlie, 404)):
            assert client_of(who).get(address).status_code == status
            assert client_of(who).post(address, {"agreed": "x"}).status_code == status
    assert not Command.objects.exists()


def test_templates_and_sockets_of_others_are_not_there(
    socket: Device, platform_b: Platform, platform_a: Platform, alice: User, client_of: ClientOf
) -> None:
    foreign = world.make_socket(platform_b)
    other = world.make_socket(platform_a, "simpal_d410")
    client = client_of(alice)
    addresses = [
        choose(foreign),
        page(foreign, CYCLE),
        reverse("admin:devices_command_send", args=[2**62]),
        reverse("admin:devices_command_send", args=[10**30]),
        reverse("admin:devices_command_write", args=[socket.pk, 2**70]),
        reverse("admin:devices_command_write", args=[
            socket.pk, world.template(other, "power_cycle_line").pk
        ]),
    ]  # fmt: skip
    assert [client.get(address).status_code for address in addresses] == [404] * len(addresses)


# -- 2. its values ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "values", "field", "words"),
    [
        ("add_user", {"phone": "+7001#08#1234"}, "phone", "The sign # begins the next part"),
        ("delete_user", {"phone": ""}, "phone", "left empty, it would make another command"),
        ("delete_user", {"phone": "+79001112233\n#08#"}, "phone", "Line breaks and invisible"),
        ("add_user", {"phone": "+٧٩٠٠١١١٢٢٣٣"}, "phone", "Use Latin letters and the digits"),
        ("add_user", {"phone": "123"}, "phone", "plus and the code of its country"),
        (CYCLE, {"minutes": "0"}, "minutes", "Enter 1 or more."),
        (CYCLE, {"minutes": "721"}, "minutes", "Enter 720 or less."),
        (CYCLE, {"minutes": "1.5"}, "minutes", "Enter a whole number"),
        ("schedule_set", {"day": "99", "start": "08:00", "stop": "9:00"}, "day", "Choose one of"),
        ("schedule_set", {"day": "1", "start": "24:00", "stop": "9:00"}, "start", "HH:MM"),
        ("thermostat_set", {"mode": "1", "low": "30", "high": "20"}, "high", "must be higher"),
        (RESET, {"password": "12345"}, "password", "password of four digits"),
    ],
)
def test_wrong_values_get_the_fields_own_message(
    key: str, values: dict[str, str], field: str, words: str,
    socket: Device, alice: User, client_of: ClientOf,
) -> None:  # fmt: skip
    _place, answer = preview(client_of(alice), page(socket, key), **values)
    assert words in " ".join(answer.context["form"].errors[field])
    assert words in text(answer)
    assert 'name="agreed"' not in text(answer)


def test_the_form_has_ranges_units_and_choices(
    socket: Device, alice: User, client_of: ClientOf
) -> None:
    client = client_of(alice)
    _place, cycle = opened(client, page(socket, CYCLE))
    assert "In minutes." in text(cycle)
    assert "From 1 to 720." in text(cycle)
    _place, schedule = opened(client, page(socket, "schedule_set"))
    assert '<select name="p-day"' in text(schedule)


# -- 3. what it would do ------------------------------------------------------------------------


def test_the_preview_tells_text_cost_players_and_who_goes_dark(
    watched: World, socket: Device, alice: User, exporter_a: Exporter, client_of: ClientOf
) -> None:
    Platform.objects.filter(pk=socket.platform_id).update(sms_limit_day=7)
    lit, hung = (factories.make_mac(exporter_a, name=name).player for name in ("Lit", "Hung"))
    for player in (lit, hung):
        sockets.bind(player, socket.lines.get(), SYSTEM)
    watched.say([source(exporter_a), sample(STATUS, lit, 1), sample(STATUS, hung, 0)])
    _place, answer = preview(client_of(alice), page(socket, CYCLE), minutes="2")
    shown = text(answer)
    for words in ("#12#0#2#1#", "GSM-7", "7 of 7 SMS", "no limit", "Lit", "Hung", "Offline"):
        assert words in shown, words
    assert "1 player is online now and will go dark." in shown
    assert socket.phone in shown
    assert not Command.objects.exists()


def test_each_thing_that_stands_against_it_is_told_and_there_is_no_button(
    socket: Device, alice: User, client_of: ClientOf
) -> None:
    soon = timezone.now() + timedelta(hours=1)
    Pause.objects.create(platform=None, reason="works", author_name="root", expires_at=soon)
    SmsGateway.objects.update(enabled=False)
    Platform.objects.update(sms_limit_day=0)
    Device.objects.update(enabled=False)
    _place, answer = preview(client_of(alice), page(socket, CYCLE), minutes="1")
    codes = re.findall(r'data-refusal="(\w+)"', text(answer))
    assert codes == ["device", "gateway", "pause", "budget"]
    assert "Paused by root: works" in text(answer)
    assert 'name="agreed"' not in text(answer)


# -- the deed -----------------------------------------------------------------------------------


def test_what_was_shown_is_sent_once_however_often_the_button_is_pressed(
    socket: Device, alice: User, client_of: ClientOf
) -> None:
    client = client_of(alice)
    place, shown = preview(client, page(socket, CYCLE), minutes="3")
    first = client.post(place, {"agreed": agreed(shown)})
    command = Command.objects.get()
    assert command.text == "#12#0#3#1#"
    assert command.author == alice
    assert first["Location"] == reverse("admin:devices_command_change", args=[command.pk])
    again = client.post(place, {"agreed": agreed(shown)}, follow=True)
    assert "nothing was sent a second time" in text(again)
    # Back to the form, the same values, the button: the page of then is still the same page.
    _place, back = preview(client, place, minutes="3")
    assert "This was sent from this page already." in text(back)
    assert 'name="agreed"' not in text(back)
    assert Command.objects.count() == 1
    assert AuditEntry.objects.filter(action="commanded").count() == 1


def test_a_refusal_that_came_up_in_between_is_told_and_recorded(
    socket: Device, alice: User, client_of: ClientOf
) -> None:
    client = client_of(alice)
    place, shown = preview(client, page(socket, CYCLE), minutes="1")
    give(socket, CYCLE, now=timezone.now())
    answer = client.post(place, {"agreed": agreed(shown)})
    assert 'data-refusal="in_flight"' in text(answer)
    assert "A command to this line is under way." in text(answer)
    assert Command.objects.count() == 1
    assert AuditEntry.objects.filter(action="refused").count() == 1


def test_what_cannot_be_undone_is_sent_after_the_name_of_the_socket_was_typed(
    socket: Device, alice: User, client_of: ClientOf
) -> None:
    client = client_of(alice)
    place, shown = preview(client, page(socket, RESET), password="4711")
    assert "This cannot be undone." in text(shown)
    assert "4711" not in text(shown)
    for typed in ("", "hall socket", "Other"):
        wrong = client.post(place, {"agreed": agreed(shown), "name": typed})
        assert "This is not the name of the socket." in text(wrong)
    assert not Command.objects.exists()
    client.post(place, {"agreed": agreed(shown), "name": "Hall socket"})
    command = Command.objects.get()
    assert (command.text, command.wire_text()) == ("#08#••••#", "#08#4711#")


def test_nobody_sends_what_somebody_else_was_shown_or_what_was_tampered_with(
    socket: Device, platform_a: Platform, alice: User, mona: User, client_of: ClientOf
) -> None:
    place, shown = preview(client_of(alice), page(socket, CYCLE), minutes="1")
    other = world.make_socket(platform_a)
    elsewhere = page(other, CYCLE) + "?" + place.partition("?")[2]
    tries = [
        (mona, place, agreed(shown)),
        (alice, place, agreed(shown)[:-2] + "xx"),
        (alice, place, ""),
        (alice, elsewhere, agreed(shown)),
    ]
    for who, address, sealed in tries:
        answer = client_of(who).post(address, {"agreed": sealed}, follow=True)
        assert "Nothing was sent: look again." in text(answer)
    assert not Command.objects.exists()


def test_a_password_is_in_no_address_and_no_log_of_the_record(
    socket: Device, alice: User, client_of: ClientOf
) -> None:
    client = client_of(alice)
    address = f"{page(socket, RESET)}?p-password=4711&shown=1"
    place, answer = opened(client, address)
    assert "Enter the password" in text(answer) or "Fill this in" in text(answer)
    place, shown = preview(client, page(socket, RESET), password="4711")
    client.post(place, {"agreed": agreed(shown), "name": "Hall socket"})
    assert "4711" not in str(list(AuditEntry.objects.values()))
    assert "4711" not in str(list(Command.objects.values()))


# -- straight from a player ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "texts"),
    [("simpal_d210", ["#12#0#1#1#"]), ("simpal_d410", ["#02#2#", "#01#2#"])],
)
def test_one_click_on_a_player_shows_the_restart_of_its_line(
    model: str, texts: list[str], platform_a: Platform, exporter_a: Exporter, alice: User,
    client_of: ClientOf,
) -> None:  # fmt: skip
    device = world.make_socket(platform_a, model)
    player = factories.make_mac(exporter_a).player
    line = device.lines.order_by("number").last()
    assert line is not None
    sockets.bind(player, line, SYSTEM)
    client = client_of(alice)
    place, answer = opened(client, reverse("admin:devices_command_restart", args=[player.pk]))
    assert [text.shown for text in answer.context["preview"].texts] == texts
    client.post(place, {"agreed": agreed(answer)})
    assert list(Command.objects.order_by("pk").values_list("text", flat=True)) == texts


def own_restart(device: Device, key: str, **fields: Any) -> CommandTemplate:
    """Make a template of the socket's platform that restarts by a text of its own."""
    words = {"en": key, "ru": key}
    definition = {
        "key": key, "name": words, "help": words, "danger": "power", "lines": [1],
        "code": "#12#0#9#1#", "effect": "cycle", "self_restoring": True,
    }  # fmt: skip
    row: CommandTemplate = CommandTemplate.objects.create(
        platform=device.platform, model=device.model, key=key, definition=definition, **fields
    )
    return row


def test_reboot_sends_the_catalogues_restart_until_the_platform_marks_its_own(
    socket: Device, exporter_a: Exporter, alice: User, client_of: ClientOf
) -> None:
    player = factories.make_mac(exporter_a).player
    sockets.bind(player, socket.lines.get(), SYSTEM)
    restart = reverse("admin:devices_command_restart", args=[player.pk])

    def sends() -> list[str]:
        _place, answer = opened(client_of(alice), restart)
        return [text.shown for text in answer.context["preview"].texts]

    mine = own_restart(socket, "night_cycle")
    assert mine.definition is not None
    assert sends() == ["#12#0#1#1#"]
    CommandTemplate.objects.filter(pk=mine.pk).update(for_reboot=True)
    assert sends() == ["#12#0#9#1#"]
    CommandTemplate.objects.filter(pk=mine.pk).update(definition=mine.definition | {"lines": [2]})
    assert sends() == ["#12#0#1#1#"], "the marked one does not switch this line"


def test_a_player_without_a_socket_is_told_so_and_a_foreign_one_is_not_there(
    exporter_a: Exporter, exporter_b: Exporter, alice: User, client_of: ClientOf
) -> None:
    player = factories.make_mac(exporter_a).player
    restart = reverse("admin:devices_command_restart", args=[player.pk])
    _place, answer = opened(client_of(alice), restart)
    assert "hangs on no socket" in text(answer)
    foreign = factories.make_mac(exporter_b).player
    address = reverse("admin:devices_command_restart", args=[foreign.pk])
    assert client_of(alice).get(address).status_code == 404


def test_the_questions_of_a_preview_do_not_grow_with_the_players(
    watched: World, socket: Device, alice: User, exporter_a: Exporter, client_of: ClientOf
) -> None:
    client, counts = client_of(alice), []
    place, _form = opened(client, page(socket, CYCLE))
    for number in (1, 12):
        for _each in range(number):
            player = factories.make_mac(exporter_a).player
            sockets.bind(player, socket.lines.get(), SYSTEM)
        with CaptureQueriesContext(connection) as queries:
            client.post(place, {"p-minutes": "1"})
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_what_somebody_rewrote_since_it_was_shown_is_not_sent(
    socket: Device, alice: User, client_of: ClientOf
) -> None:
    words = {"en": "Own", "ru": "Своя"}
    definition = {
        "key": "own", "name": words, "help": words,
        "danger": "none", "code": "#07#", "effect": "query",
    }  # fmt: skip
    own = CommandTemplate.objects.create(
        platform=socket.platform, model=socket.model, key="own", definition=definition
    )
    client = client_of(alice)
    address = reverse("admin:devices_command_write", args=[socket.pk, own.pk])
    place, shown = preview(client, address)
    bulk = reverse("admin:devices_command_bulk") + f"?devices={socket.pk}&template={own.pk}"
    many, planned = opened(client, bulk)
    own.definition = {**definition, "danger": "config", "code": "#27#0#", "effect": "config"}
    own.save()
    for where, answer in ((place, shown), (many, planned)):
        told = client.post(where, {"agreed": agreed(answer)}, follow=True)
        assert "Nothing was sent: look again." in text(told)
        assert not Command.objects.exists()
