"""The list of commands, the life of one, what can be done to it, and the talk with a socket."""

from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from devices import commands, outbox, reaper, sockets
from devices.gateways.shape import Outcome, Reason, Sent
from devices.models import (
    Command,
    CommandStep,
    CommandTemplate,
    Device,
    IncomingSms,
    Pause,
    SmsGateway,
)
from devices.pace import EVIDENCE, LIMITS
from exporters.models import Exporter
from platforms.audit import SYSTEM
from platforms.models import Platform, User
from tests import databases, factories
from tests.conftest import ClientOf
from tests.devices import world
from tests.devices.world import Clock, Gateway, give, sender
from tests.exporters.watched_world import STATUS, World, sample, source

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("road")]
LIST = "/admin/devices/command/"


@pytest.fixture
def socket(platform_a: Platform) -> Device:
    return world.make_socket(platform_a, name="Hall socket")


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def text(answer: Any) -> str:
    return unescape(str(answer.content.decode()))


def at(name: str, command: Command) -> str:
    return reverse(f"admin:devices_command_{name}", args=[command.pk])


def headline(answer: Any) -> str:
    told: str = answer.context["story"].headline
    detail: str = answer.context["story"].detail
    assert text(answer).count(told) == 1, "the first sentence of the page"
    return f"{told} {detail}".strip()


def doubtful(device: Device, ago: timedelta) -> Command:
    """Give a command of which nobody knows whether it was sent, so long ago."""
    clock = Clock(timezone.now() - ago)
    command = give(device, "power_cycle", now=clock())
    world.drive(Gateway(says=world.UNKNOWN), clock)
    command.refresh_from_db()
    assert command.state == "unknown"
    return command


# -- the list -----------------------------------------------------------------------------------


def test_members_see_the_commands_of_their_platform_and_nobody_changes_them(
    socket: Device, platform_b: Platform, bob: User, alice: User, client_of: ClientOf
) -> None:
    mine = give(socket, "status")
    foreign = give(world.make_socket(platform_b, name="canary of B"), "status")
    for who in (bob, alice):
        page = text(client_of(who).get(LIST))
        assert "Hall socket" in page
        assert "canary of B" not in page
        client = client_of(who)
        assert client.get(at("change", mine)).status_code == 200
        assert client.get(f"{LIST}add/").status_code == 403
        assert client.post(f"{LIST}{mine.pk}/delete/").status_code == 403
        for name in ("change", "live", "cancel", "give_up", "again"):
            assert client.get(at(name, foreign)).status_code == 404


def test_the_list_is_narrowed_down(
    socket: Device, platform_a: Platform, alice: User, client_of: ClientOf
) -> None:
    other = world.make_socket(platform_a, name="Other socket")
    give(socket, "status")
    give(other, "power_cycle", sender=sender(alice))
    commands.cancel(Command.objects.get(device=other), sender(alice), world.NOON)
    client = client_of(alice)

    def names(query: str) -> set[str]:
        rows = client.get(f"{LIST}?{query}").context["cl"].result_list
        return {command.device.name for command in rows}

    assert names("") == {"Hall socket", "Other socket"}
    assert names("of_state=open") == {"Hall socket"}
    assert names("of_state=cancelled") == {"Other socket"}
    assert names(f"of_socket={other.pk}") == {"Other socket"}
    assert names("of_danger=none") == {"Hall socket"}
    assert names("by=True") == {"Hall socket"}
    assert names("by=nonsense&of_state=nonsense&of_socket=x") == set()
    assert names("by=nonsense&of_state=nonsense") == {"Hall socket", "Other socket"}
    assert names("created_at_from_0=2100-01-01") == set()


def many(device: Device, number: int) -> None:
    """Store finished commands, as a year of work leaves them."""
    pattern = give(device, "status")
    CommandStep.objects.filter(command=pattern).delete()
    Command.objects.filter(pk=pattern.pk).update(state="accepted", closed=True, wire_at=world.NOON)
    columns = {str(field.column) for field in Command._meta.concrete_fields}
    copied = ", ".join(sorted(columns - {"id", "key", "secret_context"}))
    with databases.copying_rows(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO devices_command (key, secret_context, {copied}) "
            f"SELECT gen_random_uuid(), gen_random_uuid(), {copied} "
            "FROM devices_command, generate_series(2, %s) WHERE id = %s",
            [number, pattern.pk],
        )


def test_the_questions_of_each_page_are_the_same_at_100_000_commands(
    socket: Device, alice: User, client_of: ClientOf
) -> None:
    client = client_of(alice)
    conversation = reverse("admin:devices_command_conversation", args=[socket.pk])
    addresses = [
        LIST,
        f"{LIST}?p=3",
        f"{LIST}?of_state=open&of_socket={socket.pk}",
        conversation,
        f"{conversation}?before=900-900",
    ]
    many(socket, 1000)
    few = [asked(client, address) for address in addresses]
    many(socket, 99_000)
    command = Command.objects.order_by("-pk").first()
    assert command is not None
    assert [asked(client, address) for address in addresses] == few
    assert asked(client, at("change", command)) < 25


def asked(client: Any, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


# -- the life of one ----------------------------------------------------------------------------


def test_a_page_tells_the_life_and_refreshes_itself_until_it_is_over(
    socket: Device, alice: User, client_of: ClientOf, now: datetime
) -> None:
    client, command = client_of(alice), give(socket, "power_cycle", now=now)
    page = client.get(at("change", command))
    assert headline(page) == "It waits for its turn."
    assert "data-live=" in text(page)
    assert "Awaited: A worker that sends it" in text(page)
    world.drive(Gateway(), Clock(now))
    live = client.get(at("live", command))
    assert live["X-Remosa-Live"] == "1"
    for words in ("It was sent.", "A worker took it.", "The gateway accepted it.", "paid on"):
        assert words in text(live)
    assert "data-live-over" not in text(live)
    Command.objects.update(closed=True)
    assert "data-live-over" in text(client.get(at("live", command)))
    assert "data-live=" not in text(client.get(at("change", command)))


def paused(device: Device, now: datetime) -> None:
    Pause.objects.create(platform=None, reason="works on the mains", author_name="root")
    world.drive(Gateway(), Clock(now))


def disabled(device: Device, now: datetime) -> None:
    Device.objects.update(enabled=False)
    world.drive(Gateway(), Clock(now))


def spent(device: Device, now: datetime) -> None:
    Platform.objects.update(sms_limit_day=0)
    world.drive(Gateway(), Clock(now))


def refused(device: Device, now: datetime) -> None:
    sent = Sent(Outcome.REJECTED, Reason.CREDENTIALS, permanent=True)
    world.drive(Gateway(says=sent), Clock(now))


def unreached(device: Device, now: datetime) -> None:
    world.drive(Gateway(says=Sent(Outcome.REJECTED, Reason.DNS)), Clock(now))


def unasked(device: Device, now: datetime) -> None:
    sent = Sent(Outcome.REJECTED, Reason.SETTINGS, permanent=True)
    world.drive(Gateway(says=sent), Clock(now))


@pytest.mark.parametrize(
    ("happen", "words"),
    [
        (paused, "It was not sent: something stood against it. Paused by root: works on the mains"),
        (disabled, "It was not sent: something stood against it. The socket is disabled"),
        (spent, "It was not sent: something stood against it. The SMS of this day are used up"),
        (refused, "It was not sent: the gateway refused it each time. The gateway does not accept"),
        (unreached, "The gateway could not be reached: nothing was sent yet. The name of the"),
        (unasked, "It was not sent: it could not be given to the gateway. The settings of"),
    ],
)
def test_the_first_sentence_says_why_something_did_not_happen(
    happen: Any, words: str, socket: Device, alice: User, client_of: ClientOf, now: datetime
) -> None:
    command = give(socket, "power_cycle", now=now, sender=sender(alice))
    happen(socket, now)
    assert headline(client_of(alice).get(at("change", command))).startswith(words)


def test_a_sequence_shows_its_messages_and_each_its_own_life(
    platform_a: Platform, alice: User, client_of: ClientOf, now: datetime
) -> None:
    pair = world.make_socket(platform_a, "simpal_d410")
    head = give(pair, "power_cycle_line", {"line": "1"}, now=now)
    client = client_of(alice)
    shown = text(client.get(at("change", head)))
    for words in ("#02#1#", "#01#1#", "30 seconds later"):
        assert words in shown
    follower = head.followers.get()
    assert headline(client.get(at("change", follower))) == "It follows the message before it."


def test_a_gateway_that_nobody_reached_is_not_said_to_have_refused(
    socket: Device, alice: User, client_of: ClientOf, now: datetime
) -> None:
    command = give(socket, "power_cycle", now=now)
    gateway, clock = Gateway(says=Sent(Outcome.REJECTED, Reason.REFUSED)), Clock(now)
    for _try in range(LIMITS.tries):
        clock.turn(minutes=2)
        world.drive(gateway, clock)
        reaper.reap(clock())
    page = client_of(alice).get(at("change", command))
    assert headline(page).startswith(
        "It was not sent: the gateway could not be reached. Nobody answers"
    )
    assert "efused" not in text(page)
    assert "The gateway could not be reached; nothing was sent." in text(page)


def test_the_values_of_a_command_stand_in_the_words_of_its_template(
    platform_a: Platform, alice: User, client_of: ClientOf, now: datetime
) -> None:
    socket = world.make_socket(platform_a)
    values = {"day": "1", "start": "08:30", "stop": "09:00"}
    timer = give(socket, "schedule_set", values, now=now, sender=sender(alice))
    cycle = give(socket, "power_cycle", {"minutes": "5"}, now=now)
    client = client_of(alice)

    def told(command: Command, language: str) -> list[tuple[str, str]]:
        page = client.get(at("change", command), headers={"accept-language": language})
        found: list[tuple[str, str]] = page.context["parameters"]
        return found

    assert told(timer, "en")[0] == ("Days", "Monday")
    assert told(timer, "ru")[0] == ("Дни", "Понедельник")
    assert told(cycle, "en")[0][1] == "5 min"
    CommandTemplate.objects.all().delete()
    assert told(timer, "en")[0] == ("Days", "Monday"), "the catalogue still knows it"
    Command.objects.update(template_key="gone")
    assert told(cycle, "en") == [("minutes", "5")]


def test_what_became_a_secret_in_the_template_is_not_shown(
    platform_a: Platform, alice: User, client_of: ClientOf, now: datetime
) -> None:
    socket = world.make_socket(platform_a)
    command = give(socket, "power_cycle", {"minutes": "5"}, now=now)
    definition = {
        "key": "own", "name": {"en": "Own", "ru": "Own"}, "help": {"en": "-", "ru": "-"},
        "danger": "power", "code": "#12#0#{minutes}#1#", "effect": "cycle",
        "parameters": [{
            "name": "minutes", "kind": "pin", "secret": True,
            "label": {"en": "Password", "ru": "Пароль"}, "help": {"en": "-", "ru": "-"},
        }],
    }  # fmt: skip
    own = CommandTemplate.objects.create(
        platform=platform_a, model=socket.model, key="own", definition=definition
    )
    Command.objects.update(template=own, parameters={"minutes": "7315"})
    page = client_of(alice).get(at("change", command))
    assert [label for label, _value in page.context["parameters"]] == ["Password"]
    assert "7315" not in text(page)


def test_a_sequence_costs_what_all_its_messages_cost(
    platform_a: Platform, alice: User, client_of: ClientOf, now: datetime
) -> None:
    pair = world.make_socket(platform_a, "simpal_d410")
    head = give(pair, "power_cycle_line", {"line": "1"}, now=now)
    client = client_of(alice)
    assert client.get(at("change", head)).context["segments"] == 2
    assert client.get(at("change", head.followers.get())).context["segments"] == 2
    rows = client.get(LIST).context["cl"].result_list
    assert {row.pk: row.cost for row in rows}[head.pk] == 2


def test_the_page_shows_the_players_on_the_line_and_when_a_verdict_is_due(
    watched: World,
    platform_a: Platform,
    exporter_a: Exporter,
    alice: User,
    client_of: ClientOf,
    now: datetime,
) -> None:
    pair, client = world.make_socket(platform_a, "simpal_d410"), client_of(alice)
    players = [factories.make_mac(exporter_a, name=name).player for name in ("Hall", "Lift")]
    for player in players:
        sockets.bind(player, pair.lines.get(number=1), SYSTEM)
    silent = factories.make_mac(exporter_a, name="Elsewhere").player
    sockets.bind(silent, pair.lines.get(number=2), SYSTEM)
    watched.say([source(exporter_a), sample(STATUS, players[0], 1)])
    head = give(pair, "power_cycle_line", {"line": "1"}, now=now, sender=sender(alice))
    shown, more = client.get(at("live", head)).context["players"]
    assert [(each.name, each.state.value) for each in shown] == [
        ("Hall", "online"), ("Lift", "unknown"),
    ]  # fmt: skip
    assert more == 0
    assert str(shown[1].verdict.why.label) in text(client.get(at("live", head)))

    clock = Clock(now)
    world.drive(Gateway(), clock)
    assert client.get(at("live", head)).context["story"].verdict_by is None, "it is still dark"
    clock.turn(seconds=31)
    world.drive(Gateway(), clock)
    page = client.get(at("live", head))
    assert page.context["story"].verdict_by == clock() + EVIDENCE
    assert "A verdict is expected by" in text(page)


# -- deeds --------------------------------------------------------------------------------------


def test_a_command_that_waits_is_cancelled_by_who_could_have_given_it(
    socket: Device, alice: User, bob: User, ursula: User, client_of: ClientOf, now: datetime
) -> None:
    command = give(socket, "power_cycle", now=now)
    for who in (bob, ursula):
        page = text(client_of(who).get(at("change", command)))
        assert at("cancel", command) not in page
        assert client_of(who).post(at("cancel", command)).status_code == 403
    client = client_of(alice)
    assert at("cancel", command) in text(client.get(at("change", command)))
    assert client.get(at("cancel", command)).status_code == 200
    command.refresh_from_db()
    assert command.state == "queued"
    over = client.post(at("cancel", command), follow=True)
    assert headline(over) == "It was not sent: it was taken back. By alice@example.test."
    late = client.post(at("cancel", command), follow=True)
    assert "This command is over." in text(late)


def test_an_unknown_one_is_given_up_after_its_window_and_after_a_warning(
    socket: Device, alice: User, client_of: ClientOf
) -> None:
    command, client = doubtful(socket, LIMITS.window / 2), client_of(alice)
    page = client.get(at("change", command))
    assert headline(page).startswith("Nobody knows yet whether it was sent.")
    assert "You can give it up and send another one from" in text(page)
    assert at("give_up", command) not in text(page)
    early = client.post(at("give_up", command), follow=True)
    assert "It is too early for this." in text(early)
    Command.objects.update(wire_at=timezone.now() - LIMITS.window)
    assert at("give_up", command) in text(client.get(at("change", command)))
    asks = text(client.get(at("give_up", command)))
    assert "may have arrived" in asks
    command.refresh_from_db()
    assert command.state == "unknown", "asking changes nothing"
    over = client.post(at("give_up", command), follow=True)
    assert headline(over).startswith("It was never found out whether it was sent.")


def test_send_again_begins_a_new_one_with_the_same_values(
    socket: Device, alice: User, client_of: ClientOf
) -> None:
    command, client = doubtful(socket, LIMITS.window * 2), client_of(alice)
    assert client.get(at("again", command), follow=True).redirect_chain[-1][0] == at(
        "change", command
    )
    client.post(at("give_up", command))
    asks = client.get(at("again", command))
    assert "may have arrived" in text(asks)
    form = client.post(at("again", command), follow=True)
    assert form.context["form"].initial == {"minutes": "1"}
    assert Command.objects.count() == 1, "nothing is sent by going there"


# -- the conversation ---------------------------------------------------------------------------


def test_a_conversation_is_what_was_sent_and_what_came_in_the_order_of_time(
    socket: Device, alice: User, bob: User, client_of: ClientOf, now: datetime
) -> None:
    command = give(socket, "status", now=now)
    world.drive(Gateway(), Clock(now))
    IncomingSms.objects.create(
        platform=socket.platform, gateway=command.gateway, identity="1", sender=socket.phone,
        text="Socket is ON, from +79001112233", device=socket, command=command,
        kind="on", meaning={"lines": {"1": True}}, received_at=now + timedelta(seconds=9),
    )  # fmt: skip
    give(socket, "add_user", {"phone": "+79005556677"}, now=now, sender=sender(alice))
    address = reverse("admin:devices_command_conversation", args=[socket.pk])
    page = text(client_of(alice).get(address))
    places = [
        page.index(each) for each in ("#07#", "Socket is ON", "The outlet is on", "#06#+7900")
    ]
    assert sorted(places[:3]) == places[:3]
    assert "+79001112233" in page
    hidden = text(client_of(bob).get(address))
    assert "+79001112233" not in hidden
    assert "+79005556677" not in hidden
    assert "Socket is ON" in hidden
    for name in ("change",):
        assert "+79005556677" not in text(
            client_of(bob).get(at(name, Command.objects.latest("pk")))
        )


def test_a_long_conversation_has_pages_that_lose_and_repeat_nothing(
    socket: Device, alice: User, charlie: User, client_of: ClientOf, now: datetime
) -> None:
    many(socket, 70)
    gateway = SmsGateway.objects.get()
    IncomingSms.objects.bulk_create(
        IncomingSms(
            platform=socket.platform, gateway=gateway, identity=str(number), device=socket,
            sender="+7", text=f"reply {number}", received_at=now + timedelta(seconds=number),
        )
        for number in range(60)
    )  # fmt: skip
    client, seen = client_of(alice), []
    address = reverse("admin:devices_command_conversation", args=[socket.pk])
    query = ""
    for _page in range(9):
        answer = client.get(address + query)
        seen += [
            (bubble["command"] and bubble["command"].pk, bubble["text"])
            for bubble in answer.context["bubbles"]
        ]
        if answer.context["older"] is None:
            break
        query = f"?before={answer.context['older']}"
    assert len(seen) == len(set(seen)) == 130
    assert client_of(charlie).get(address).status_code == 404


def test_what_nobodys_socket_sent_is_for_superadmins(
    socket: Device, alice: User, root: User, client_of: ClientOf
) -> None:
    gateway = SmsGateway.objects.get()
    IncomingSms.objects.create(gateway=gateway, identity="9", sender="BANK", text="canary advert")
    address = reverse("admin:devices_incomingsms_changelist")
    assert client_of(alice).get(address).status_code == 403
    client = client_of(root)
    assert "canary advert" in text(client.get(f"{address}?matched=no"))
    assert "canary advert" not in text(client.get(f"{address}?matched=yes"))
    row = IncomingSms.objects.get()
    page = client.get(reverse("admin:devices_incomingsms_change", args=[row.pk]))
    assert "canary advert" in text(page)


def test_steps_of_a_life_are_bounded(
    socket: Device, alice: User, client_of: ClientOf, now: datetime
) -> None:
    command = give(socket, "status", now=now)
    CommandStep.objects.bulk_create(
        CommandStep(platform=socket.platform, command=command, at=now, state="queued")
        for _each in range(150)
    )
    page = client_of(alice).get(at("change", command))
    assert len(page.context["story"].moments) == 100
    assert outbox.claim(now) is not None
