"""Giving commands over the API: keys, refusals, rights, what is told of a command and to whom."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from devices import commands, outbox, own_templates
from devices.models import (
    Assignment,
    Command,
    CommandLine,
    CommandTemplate,
    Device,
    IncomingSms,
    Pause,
    SmsGateway,
)
from platforms.models import AuditEntry, Platform, TokenKind, User
from tests import databases, factories
from tests.conftest import ApiOf
from tests.devices import world
from tests.devices.world import UNKNOWN, Clock, Gateway

pytestmark = pytest.mark.django_db
LIST = "/api/v1/commands"
Ask = Callable[..., Any]


@pytest.fixture
def socket(platform_a: Platform) -> Device:
    return world.make_socket(platform_a)


def wish(device: Device, template: str = "power_cycle", **fields: Any) -> dict[str, Any]:
    """Return the body of a command."""
    values = {"power_cycle": {"minutes": 1}}.get(template, {})
    return {"device_id": device.pk, "template": template, "parameters": values} | fields


def post(client: APIClient, body: Any, key: str | None = "", path: str = LIST) -> Any:
    """Send a body with a key: one of its own, the given one, or with None, none."""
    headers = {} if key is None else {"Idempotency-Key": key or uuid4().hex}
    return client.post(path, body, "json", headers=headers)


@pytest.mark.both_databases
def test_a_command_is_given_read_and_listed(api_of: ApiOf, alice: User, socket: Device) -> None:
    client = api_of(alice)
    given = post(client, wish(socket))
    assert given.status_code == 201, given.content
    told = given.json()
    row = Command.objects.get()
    assert (told["id"], told["text"], told["parameters"]) == (row.pk, row.text, {"minutes": "1"})
    assert (told["state"], told["over"], told["author"]) == ("queued", False, "alice@example.test")
    assert [step["state"] for step in told["steps"]] == ["queued"]
    assert [each["id"] for each in told["messages"]] == [row.pk]
    assert client.get(f"{LIST}/{row.pk}").json() == told
    listed = client.get(LIST).json()["results"]
    assert listed == [{name: told[name] for name in listed[0]}]
    assert AuditEntry.objects.get(action="commanded").via == "api"


@pytest.mark.both_databases
def test_the_same_key_gives_the_old_row_and_another_wish_is_refused(
    api_of: ApiOf, alice: User, mona: User, socket: Device
) -> None:
    first = post(api_of(alice), wish(socket), "key-1")
    again = post(api_of(alice), wish(socket), "key-1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    for body in (
        wish(socket, parameters={"minutes": 2}),
        wish(socket, "power_on"),
        wish(world.make_socket(socket.platform)),
    ):
        other = post(api_of(mona), body, "key-1")
        assert (other.status_code, other.json()["error"]["code"]) == (409, "key")
    assert Command.objects.count() == 1
    Command.objects.update(state="expired", closed=True)
    CommandLine.objects.update(closed=True)
    assert post(api_of(alice), wish(socket), "key-1").json()["state"] == "expired"


def test_keys_of_one_platform_are_no_keys_of_another(
    api_of: ApiOf, alice: User, charlie: User, platform_b: Platform, socket: Device
) -> None:
    theirs = world.make_socket(platform_b)
    assert post(api_of(alice), wish(socket), "key-1").status_code == 201
    assert post(api_of(charlie), wish(theirs), "key-1").status_code == 201
    # Nor does a caller reach the keys by which jobs give commands.
    taken = commands.key_of(socket.platform_id, "attempt-1")
    world.give(socket, "status", named=taken)
    assert post(api_of(alice), wish(socket, "status"), "attempt-1").status_code == 201


@pytest.mark.parametrize("key", [None, " ", "x" * 201, "ключ", "two words"])
def test_a_command_without_a_key_of_its_own_is_refused(
    key: str | None, api_of: ApiOf, alice: User, socket: Device
) -> None:
    client = api_of(alice)
    headers = {} if key is None else {"Idempotency-Key": key.encode().decode("latin-1")}
    refused = client.post(LIST, wish(socket), "json", headers=headers)
    assert refused.status_code == 400
    assert list(refused.json()["error"]["fields"]) == ["Idempotency-Key"]
    assert not Command.objects.exists()


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"parameters": {"minutes": "1#08#1234"}}, "parameters.minutes"),
        ({"parameters": {"minutes": "٣"}}, "parameters.minutes"),
        ({"parameters": {"minutes": "1\n"}}, "parameters.minutes"),
        ({"parameters": {"minutes": True}}, "parameters.minutes"),
        ({"parameters": {"minutes": 10**300}}, "parameters.minutes"),
        ({"parameters": {"minutes": None}}, "parameters.minutes"),
        ({"parameters": {}}, "parameters.minutes"),
        ({"parameters": {"minutes": 1, "hours": 1}}, "parameters.hours"),
        ({"parameters": []}, "parameters"),
        ({"parameters": {str(number): 1 for number in range(31)}}, "parameters"),
        ({"template": "no_such_command"}, "template"),
        ({"template": ""}, "template"),
        ({"device_id": 987654321}, "device_id"),
        ({"device_id": None}, "device_id"),
        ({"confirmed": "perhaps"}, "confirmed"),
        ({"text": "#08#1234#"}, "text"),
    ],
)
def test_wrong_values_are_named_one_by_one(
    fields: dict[str, Any], named: str, api_of: ApiOf, alice: User, socket: Device
) -> None:
    refused = post(api_of(alice), wish(socket, **fields))
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert (error["code"], list(error["fields"])) == ("invalid", [named])
    assert not Command.objects.exists()


def _in_flight(socket: Device, alice: User) -> None:
    world.give(socket, "power_cycle", now=timezone.now())


def _cooling(socket: Device, alice: User) -> None:
    world.give(socket, "power_cycle", now=timezone.now())
    until = timezone.now() + timedelta(minutes=5)
    CommandLine.objects.update(closed=True, cooldown_until=until)


def _paused(socket: Device, alice: User) -> None:
    until = timezone.now() + timedelta(minutes=5)
    Pause.objects.create(platform=None, reason="works", author_name="root", expires_at=until)


def _spent(socket: Device, alice: User) -> None:
    Platform.objects.update(sms_limit_day=0)


def _disabled(socket: Device, alice: User) -> None:
    Device.objects.update(enabled=False)


def _without_a_gateway(socket: Device, alice: User) -> None:
    SmsGateway.objects.update(enabled=False)


@pytest.mark.parametrize(
    ("prepare", "code", "waits"),
    [
        (_in_flight, "in_flight", False),
        (_cooling, "cooldown", True),
        (_paused, "pause", True),
        (_spent, "budget", False),
        (_disabled, "device", False),
        (_without_a_gateway, "gateway", False),
    ],
)
def test_what_stands_against_it_is_a_conflict_by_its_code(
    prepare: Callable[[Device, User], None],
    code: str,
    waits: bool,
    api_of: ApiOf,
    alice: User,
    socket: Device,
) -> None:
    prepare(socket, alice)
    known = Command.objects.count()
    refused = post(api_of(alice), wish(socket))
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, code)
    assert refused.json()["error"]["fields"] is None
    assert 250 < int(refused["Retry-After"]) <= 300 if waits else "Retry-After" not in refused
    assert Command.objects.count() == known
    assert AuditEntry.objects.get(action="refused").after["refused"] == code


def test_a_destructive_command_is_given_to_administrators_who_confirm(
    api_of: ApiOf, alice: User, mona: User, socket: Device
) -> None:
    body = wish(socket, "factory_reset", parameters={"password": "1234"})
    refused = post(api_of(mona), {**body, "confirmed": True})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "role")
    refused = post(api_of(alice), body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "confirmation")
    given = post(api_of(alice), {**body, "confirmed": True})
    assert given.status_code == 201
    assert "1234" not in given.content.decode()
    assert "1234" in Command.objects.get().wire_text()


def test_a_user_commands_assigned_sockets_alone(
    api_of: ApiOf, ursula: User, bob: User, socket: Device
) -> None:
    client = api_of(ursula)
    refused = post(client, wish(socket))
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "role")
    Assignment.objects.create(platform_id=socket.platform_id, user=ursula, device=socket)
    given = post(client, wish(socket))
    assert given.status_code == 201
    assert post(client, wish(socket, "notify_call_on")).json()["error"]["code"] == "role"
    cancelled = post(client, {}, path=f"{LIST}/{given.json()['id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert post(api_of(bob), wish(socket)).status_code == 403
    assert client.get(LIST).json()["count"] == 1


def test_read_only_tokens_and_machines_give_nothing(
    api_of: ApiOf, alice: User, socket: Device
) -> None:
    kinds: list[tuple[TokenKind, dict[str, Any]]] = [
        (TokenKind.USER, {"owner": alice}),
        (TokenKind.EXPORTER, {"platform": socket.platform}),
        (TokenKind.DISCOVERY, {}),
    ]
    for kind, fields in kinds:
        client = api_of(factories.make_token(kind, **fields)[1])
        for path in (LIST, f"{LIST}/preview", f"{LIST}/bulk"):
            assert post(client, wish(socket), path=path).status_code == 403
        expected = 200 if kind == TokenKind.USER else 403
        for what in ("commands", "devices", "pauses", "bindings", "incoming-messages"):
            assert client.get(f"/api/v1/{what}").status_code == expected
    writing = api_of(factories.make_token(owner=alice, read_only=False)[1])
    assert post(writing, wish(socket)).status_code == 201
    assert AuditEntry.objects.get(action="commanded").via == "token"


def test_an_own_template_goes_before_the_shared_one_of_its_key(
    api_of: ApiOf, alice: User, socket: Device, platform_b: Platform
) -> None:
    words = {"en": "Own", "ru": "Своя"}
    definition = {
        "key": "status", "name": words, "help": words, "code": "#07#", "effect": "query",
        "danger": "none",
    }  # fmt: skip
    fields: dict[str, Any] = {"model": socket.model, "key": "status", "definition": definition}
    CommandTemplate.objects.create(platform=platform_b, **fields)
    own = CommandTemplate.objects.create(platform=socket.platform, **fields)
    assert post(api_of(alice), wish(socket, "status")).status_code == 201
    assert Command.objects.get().template_id == own.pk


def test_another_platform_s_commands_are_not_there(
    api_of: ApiOf, charlie: User, socket: Device
) -> None:
    command = world.give(socket, "power_cycle", now=timezone.now())
    client = api_of(charlie)
    assert client.get(LIST).json()["count"] == 0
    for path in ("", "/cancel", "/give-up"):
        address, nobody = f"{LIST}/{command.pk}{path}", f"{LIST}/987654321{path}"
        ask: Ask = client.post if path else client.get
        assert ask(address).status_code == 404
        assert ask(address).content == ask(nobody).content
    assert post(client, wish(socket)).json()["error"]["fields"].keys() == {"device_id"}
    command.refresh_from_db()
    assert command.state == "queued"


@pytest.mark.usefixtures("road")
def test_a_command_in_doubt_is_given_up_after_its_window_with_a_confirmation(
    api_of: ApiOf, alice: User, socket: Device, gateway: Gateway
) -> None:
    early = Clock(timezone.now() - timedelta(minutes=3))
    command = world.give(socket, "power_cycle", now=early.now)
    gateway.says = UNKNOWN
    assert outbox.turn(gateway, early)
    client = api_of(alice)
    path = f"{LIST}/{command.pk}"
    assert client.get(path).json()["state"] == "unknown"
    assert post(client, {}, path=f"{path}/give-up").status_code == 400
    refused = post(client, {"confirmed": False}, path=f"{path}/give-up")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_confirmed")
    refused = post(client, {}, path=f"{path}/cancel")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "no_such_move")
    closed = post(client, {"confirmed": True}, path=f"{path}/give-up")
    assert (closed.status_code, closed.json()["state"], closed.json()["over"]) == (
        200,
        "unresolved",
        True,
    )
    again = post(client, {"confirmed": True}, path=f"{path}/give-up")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "over")


def test_a_sequence_is_told_with_all_its_messages_and_ends_by_its_head(
    api_of: ApiOf, alice: User, platform_a: Platform
) -> None:
    socket = world.make_socket(platform_a, "simpal_d410")
    client = api_of(alice)
    given = post(client, wish(socket, "power_cycle_line", parameters={"line": 1})).json()
    messages = given["messages"]
    assert [each["effect"] for each in messages] == ["off", "on"]
    assert [each["head_id"] for each in messages] == [None, given["id"]]
    assert messages[1]["after"] > 0
    follower = client.get(f"{LIST}/{messages[1]['id']}").json()
    assert follower["messages"] == messages
    post(client, {}, path=f"{LIST}/{messages[1]['id']}/cancel")
    assert set(Command.objects.values_list("state", flat=True)) == {"cancelled"}


def test_numbers_in_texts_and_replies_are_for_those_who_may_read_them(
    api_of: ApiOf, alice: User, bob: User, socket: Device
) -> None:
    number = "+79123456789"
    body = wish(socket, "add_user", parameters={"phone": number})
    given = post(api_of(alice), body)
    assert given.status_code == 201, given.content
    IncomingSms.objects.create(
        platform=socket.platform,
        gateway=SmsGateway.objects.get(),
        identity="1",
        sender=socket.phone,
        text=f"{number} is set",
        device=socket,
        command_id=given.json()["id"],
    )
    path = f"{LIST}/{given.json()['id']}"
    mine, bobs = api_of(alice).get(path), api_of(bob).get(path)
    assert number in mine.json()["text"]
    assert mine.json()["replies"][0]["sender"] == socket.phone
    for hidden in (number, socket.phone, number[1:]):
        assert hidden not in bobs.content.decode()
    token = factories.make_token(owner=alice)[1]
    assert number not in api_of(token).get(path).content.decode()
    assert bobs.json().keys() == mine.json().keys()


def test_the_list_is_narrowed_and_ordered(api_of: ApiOf, alice: User, socket: Device) -> None:
    other = world.make_socket(socket.platform)
    now = timezone.now()
    first = world.give(socket, "status", now=now)
    second = world.give(other, "power_cycle", now=now, sender=world.sender(alice))
    Command.objects.filter(pk=first.pk).update(
        created_at=now - timedelta(hours=1), state="expired", closed=True
    )
    client = api_of(alice)
    moment = (now - timedelta(minutes=1)).isoformat().replace("+", "%2B")
    for query, expected in (
        ("", [second, first]),
        ("order=created", [first, second]),
        (f"device_id={socket.pk}", [first]),
        ("device_id=987654321", []),
        (f"platform_id={socket.platform_id}", [second, first]),
        ("state=queued", [second]),
        ("over=true", [first]),
        ("over=false", [second]),
        ("by_job=true", [first]),
        ("by_job=false", [second]),
        ("template=status", [first]),
        (f"since={moment}", [second]),
        (f"until={moment}", [first]),
        ("page_size=1&page=2", [first]),
    ):
        answer = client.get(f"{LIST}?{query}")
        assert [each["id"] for each in answer.json()["results"]] == [row.pk for row in expected], (
            query
        )
    for query in (
        *("state=asleep", "since=yesterday", "device=1", "order=phone", "over=x"),
        *("since=0001-01-01T00:00:00", "until=9999-12-31T23:59:59-12:00"),
    ):
        assert client.get(f"{LIST}?{query}").status_code == 400, query


@pytest.mark.both_databases
def test_a_list_of_100_000_commands_costs_what_a_short_one_costs(
    api_of: ApiOf,
    alice: User,
    socket: Device,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    world.give(socket, "status", now=timezone.now())
    client = api_of(alice)
    client.get(LIST)  # the session
    with django_assert_num_queries(6) as few:  # session, account, may I, phones, count, rows
        assert client.get(LIST).json()["count"] == 1
    crowd(100_000)
    with django_assert_num_queries(len(few)):
        assert client.get(LIST).json()["count"] == 100_001
    with django_assert_num_queries(len(few)):
        narrow = client.get(f"{LIST}?device_id={socket.pk}&state=queued&page=900")
    assert narrow.json()["results"]
    with django_assert_num_queries(9):  # and its row, steps, replies, messages
        assert client.get(f"{LIST}/{Command.objects.latest('pk').pk}").status_code == 200


def crowd(number: int) -> None:
    """Copy the only command so many times, with the database's own means."""
    unique = ("key", "secret_context")
    copied = [each.column for each in Command._meta.concrete_fields if each.name != "id"]
    columns = ", ".join(f'"{name}"' for name in copied)
    made, row = (
        ("gen_random_uuid()", "generate_series(1, %s) AS number")
        if connection.vendor == "postgresql"
        else (
            "lower(hex(randomblob(16)))",
            (
                "(WITH RECURSIVE counted(number) AS (SELECT 1 UNION ALL SELECT number + 1 "
                "FROM counted WHERE number < %s) SELECT number FROM counted)"
            ),
        )
    )
    values = ", ".join(made if name in unique else f'"{name}"' for name in copied)
    with databases.copying_rows(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO devices_command ({columns}) SELECT {values} FROM devices_command, {row}",
            [number],
        )


def test_a_key_is_held_to_every_message_of_a_sequence(
    api_of: ApiOf, alice: User, socket: Device
) -> None:
    words = {"en": "Own", "ru": "Своя"}
    minutes = {"name": "minutes", "kind": "integer", "label": words, "help": words,
               "min": 1, "max": 9}  # fmt: skip
    definition = {
        "key": "own", "name": words, "help": words, "danger": "power", "lines": [1],
        "sequence": [
            {"code": "#07#", "effect": "query"},
            {"code": "#12#0#{minutes}#1#", "effect": "cycle", "after": 5},
        ],
        "parameters": [minutes],
    }  # fmt: skip
    own_templates.checked(socket.model.shape, definition)
    CommandTemplate.objects.create(
        platform=socket.platform, model=socket.model, key="own", definition=definition
    )
    client = api_of(alice)
    body = wish(socket, "own", parameters={"minutes": 1})
    assert [post(client, body, "key-1").status_code for _again in range(2)] == [201, 200]
    other = post(client, wish(socket, "own", parameters={"minutes": 2}), "key-1")
    assert (other.status_code, other.json()["error"]["code"]) == (409, "key")
