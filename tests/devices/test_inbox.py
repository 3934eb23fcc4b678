"""Messages of gateways: stored once whoever tells of them, in whatever order and how often."""

import itertools
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from devices import inbox, replies
from devices.gateways.shape import Received
from devices.models import (
    Command,
    DeviceLine,
    GatewayInbox,
    InboxOccurrence,
    IncomingSms,
    PowerOutage,
    SmsGateway,
)
from platforms.models import Platform
from tests.devices import world
from tests.devices.listening import Far, far_side, make_listening, make_old_socket
from tests.devices.world import NOON, together

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def far() -> Iterator[Far]:
    """The gateway's own side."""
    with far_side() as side:
        yield side


@pytest.fixture
def listening(far: Far, db: None) -> SmsGateway:
    """A shared gateway with a list and a webhook."""
    return make_listening(far)


def poll(gateway: SmsGateway, now: datetime = NOON) -> int:
    return inbox.poll(gateway, lambda: now)


def texts() -> list[str]:
    return list(IncomingSms.objects.order_by("pk").values_list("text", flat=True))


def told(text: str, at: datetime | None = NOON, sender: str = "+79001112233") -> Received:
    return Received(sender, text, at)


# -- once ---------------------------------------------------------------------------------------

#: What may come first: five polls and the webhook, which tells of it twice.
ORDERS = sorted(set(permutations("pppppww")))


@pytest.mark.parametrize("at", [NOON, None], ids=["with a time", "without a time"])
def test_a_message_polled_five_times_in_every_order_with_the_webhook_is_one(
    far: Far, listening: SmsGateway, platform_a: Platform, at: datetime | None
) -> None:
    for number, order in enumerate(ORDERS):
        socket = make_old_socket(platform_a, phone=f"+7911{number:07}")
        message = Received(socket.phone, "Socket OFF", at)
        far.messages = (message,)
        for step in order:
            if step == "p":
                poll(listening)
            else:
                inbox.receive(listening, [message], lambda: NOON)
        [row] = IncomingSms.objects.filter(sender=socket.phone)
        assert (row.device, row.platform, row.kind) == (socket, platform_a, "off"), order
        line = DeviceLine.objects.get(device=socket)
        assert (line.is_on, line.told_at) == (False, NOON)
        far.messages = ()
        poll(listening)  # the gateway forgets it


def test_a_text_without_a_time_that_comes_again_after_it_was_gone_is_another_message(
    far: Far, listening: SmsGateway
) -> None:
    lists = [1, 1, 0, 0, 1, 2, 2, 1, 0, 1]
    counts = []
    for length in lists:
        far.messages = [told("same", None)] * length
        poll(listening)
        counts.append(IncomingSms.objects.count())
    assert counts == [1, 1, 1, 1, 2, 3, 3, 3, 3, 4]


def test_what_is_remembered_grows_with_different_texts_alone_and_is_read_no_more(
    far: Far, listening: SmsGateway
) -> None:
    for number in range(5):
        far.messages = [told(f"text {number}", None)]
        poll(listening)
    assert InboxOccurrence.objects.count() == 5
    lasting = InboxOccurrence.objects.filter(listed__gt=0)
    assert [each.number for each in lasting] == [1]
    far.messages = [told("text 0", None)]
    poll(listening)
    assert texts().count("text 0") == 2


def test_a_gateway_that_lists_a_message_once_loses_none_to_a_poll_that_came_late(
    far: Far, listening: SmsGateway
) -> None:
    """The poll was taken for dead, and another one ran meanwhile; its answer still counts."""
    turn = inbox._begin(listening, NOON)
    assert turn is not None
    later = NOON + inbox.POLL_LASTS
    far.messages = [told("of the second", None)]
    assert poll(listening, later) == 1
    drained = (told("only the first has it", None), told("of the second", None))
    assert inbox._end(listening, turn, drained, None, later) == 1
    far.messages = [told("of the second", None), told("only the first has it", None)]
    assert poll(listening, later + MINUTE) == 0
    assert sorted(texts()) == ["of the second", "only the first has it"]


def test_a_poll_waits_for_the_one_that_lasts_and_outlives_one_that_died(
    far: Far, listening: SmsGateway
) -> None:
    far.messages = [told("hello")]
    assert inbox._begin(listening, NOON) is not None  # and dies
    assert poll(listening, NOON + inbox.POLL_LASTS - timedelta(seconds=1)) == 0
    assert far.log.requests == []
    assert poll(listening, NOON + inbox.POLL_LASTS) == 1


def test_a_webhook_that_tells_while_a_list_is_on_its_way_tells_of_the_same_message(
    far: Far, listening: SmsGateway
) -> None:
    turn = inbox._begin(listening, NOON)
    assert turn is not None
    inbox.receive(listening, [told("now", None)], lambda: NOON)
    inbox._end(listening, turn, (), None, NOON)  # written before the message came
    far.messages = [told("now", None)]
    poll(listening, NOON + MINUTE)
    assert texts() == ["now"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("times", ["all", "some"])
def test_polls_and_webhooks_that_meet_store_a_message_once(
    far: Far, listening: SmsGateway, platform_a: Platform, times: str
) -> None:
    socket = make_old_socket(platform_a)
    listed = [Received(socket.phone, f"Socket {on}", NOON + n * MINUTE) for n, on in
              enumerate(["ON", "OFF"] * 5)]  # fmt: skip
    at = NOON if times == "all" else None
    listed += [Received(socket.phone, "Power failure", at), told("no time", at)]
    far.messages = listed
    GatewayInbox.objects.of(listening)  # making it would be a lock, too

    def work(at: int) -> None:
        chance = random.Random(at)
        for _turn in range(4):
            if at % 2:
                poll(listening, NOON + 20 * MINUTE)
            else:
                inbox.receive(
                    listening, chance.sample(listed, len(listed)), lambda: NOON + 20 * MINUTE
                )

    together(work, 6)
    assert sorted(texts()) == sorted(each.text for each in listed)
    line = DeviceLine.objects.get(device=socket)
    assert (line.is_on, line.told_at) == (False, NOON + 9 * MINUTE)
    assert PowerOutage.objects.filter(device=socket, ended=None).count() == 1


def test_a_webhook_tells_through_another_gateway_of_another_message(
    far: Far, listening: SmsGateway
) -> None:
    other = make_listening(far)
    for gateway in (listening, other):
        inbox.receive(gateway, [told("same")], lambda: NOON)
    assert IncomingSms.objects.count() == 2


# -- whatever gateways do -----------------------------------------------------------------------


def test_a_gateway_that_fails_leaves_its_fault_until_it_answers_again(
    far: Far, listening: SmsGateway
) -> None:
    far.status, far.messages = 503, [told("kept for later")]
    assert poll(listening) == poll(listening, NOON + MINUTE) == 0
    row = GatewayInbox.objects.get(gateway=listening)
    assert (row.fault, row.failing_since, row.polled_at) == ("server_error", NOON, None)
    far.status = 200
    assert poll(listening, NOON + 2 * MINUTE) == 1
    row.refresh_from_db()
    assert (row.fault, row.failing_since, row.polled_at) == ("", None, NOON + 2 * MINUTE)


@pytest.mark.django_db(transaction=True)
def test_messages_that_the_gateway_told_once_outlive_a_lost_connection_to_the_database(
    far: Far, listening: SmsGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    far.messages, store = [told("told once")], inbox._store
    failures = iter([OperationalError("server closed the connection")])

    def storing(*args: Any) -> int:
        for failure in failures:
            raise failure
        return store(*args)

    monkeypatch.setattr(inbox, "_store", storing)
    assert poll(listening) == 1
    assert texts() == ["told once"]


def test_a_poll_that_failed_says_nothing_of_what_is_gone(far: Far, listening: SmsGateway) -> None:
    far.messages = [told("still there", None)]
    for status in (200, 503, 200):
        far.status = status
        poll(listening)
    assert texts() == ["still there"]


@pytest.mark.parametrize(
    "fields", [{"enabled": False}, {"driver": "console"}, {"driver": "gone"}, {"secret": ""}]
)
def test_a_gateway_that_cannot_be_asked_is_not_asked(far: Far, fields: dict[str, Any]) -> None:
    far.messages = [told("hello")]
    assert poll(make_listening(far, **fields)) == 0
    assert far.log.requests == []


def test_a_worker_that_died_before_it_read_a_message_leaves_it_to_the_next(
    far: Far, listening: SmsGateway, platform_a: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = make_old_socket(platform_a)
    far.messages = [Received(socket.phone, "Socket ON", NOON)]
    with monkeypatch.context() as patch:
        patch.setattr("devices.hearing.read_waiting", lambda *args: 0)
        assert poll(listening) == 1
    row = IncomingSms.objects.get()
    assert (row.read_at, row.platform) == (None, None)
    assert poll(listening) == 0
    row.refresh_from_db()
    assert (row.read_at, row.platform, row.kind) == (NOON, platform_a, "on")


HOSTILE = [
    "",
    " ",
    "�" * 10_000,
    "#02#0#",
    "'; DROP TABLE devices_command; --",
    "{{ 7*7 }} {phone.__class__}",
    "A" * 10_000,
    "power " * 1_600,
    "١٢٣ Socket ON Socket OFF",
    "\n" * 500,
    "ON OFF ON OFF mains lost mains back GSM signal 999999999999999999",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("sender", ["socket", "", "BANK", "900", "+7900" + "0" * 50, "'\"<b>"])
def test_a_hostile_message_is_kept_and_does_nothing(
    listening: SmsGateway, platform_a: Platform, text: str, sender: str
) -> None:
    socket = make_old_socket(platform_a)
    who = socket.phone if sender == "socket" else sender
    for at in (
        None,
        NOON,
        datetime.max.replace(tzinfo=NOON.tzinfo),
        datetime.min.replace(tzinfo=NOON.tzinfo),
    ):
        inbox.receive(listening, [Received(who, text, at)], lambda: NOON)
    assert IncomingSms.objects.exclude(read_at=NOON).count() == 0
    assert IncomingSms.objects.filter(moment__gt=NOON).count() == 0
    assert Command.objects.count() == 0
    owners = set(IncomingSms.objects.values_list("platform", flat=True))
    assert owners == {platform_a.pk if sender == "socket" else None}


def test_a_message_that_trips_a_fault_of_ours_holds_up_no_other(
    listening: SmsGateway, platform_a: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket, read = make_old_socket(platform_a), replies.read

    def tripping(family: str, text: str) -> object:
        if text == "poison":
            raise RecursionError
        return read(family, text)

    monkeypatch.setattr("devices.hearing.replies.read", tripping)
    messages = [Received(socket.phone, text, NOON) for text in ("poison", "Socket ON")]
    inbox.receive(listening, messages, lambda: NOON)
    kinds = dict(IncomingSms.objects.values_list("text", "kind"))
    assert kinds == {"poison": "unknown", "Socket ON": "on"}


def test_a_flood_of_a_thousand_messages_is_stored_in_few_statements_and_read_to_its_end(
    far: Far, listening: SmsGateway, platform_a: Platform
) -> None:
    socket = make_old_socket(platform_a)
    kinds = itertools.cycle(["Socket ON", "Power failure", "gibberish", "Power is back"])
    far.messages = [
        Received(socket.phone, f"{next(kinds)}", NOON + timedelta(seconds=n)) for n in range(1000)
    ]
    with CaptureQueriesContext(connection) as queries:
        turn = inbox._begin(listening, NOON + 60 * MINUTE)
        assert turn is not None
        inbox._end(listening, turn, tuple(far.messages), None, NOON + 60 * MINUTE)
    assert len(queries) < 40
    for _call in range(2):
        poll(listening, NOON + 60 * MINUTE)
    assert IncomingSms.objects.filter(platform=platform_a).exclude(read_at=None).count() == 1000
    assert PowerOutage.objects.filter(device=socket).count() == 250
    line = DeviceLine.objects.get(device=socket)
    assert (line.is_on, line.told_at) == (True, NOON + timedelta(seconds=996))


def test_it_never_gives_a_command(listening: SmsGateway, platform_a: Platform) -> None:
    socket = make_old_socket(platform_a)
    command = world.give(socket, "status")
    for text in ("#02#0#", "Socket OFF", "Power failure"):
        inbox.receive(listening, [Received(socket.phone, text, NOON)], lambda: NOON)
    assert list(Command.objects.all()) == [command]
