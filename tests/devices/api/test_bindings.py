"""What hangs on sockets and who may command them, over the API."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from devices import sockets
from devices.models import Assignment, Binding, Device
from exporters.models import Exporter, Player
from platforms.audit import SYSTEM
from platforms.models import AuditEntry, Membership, Platform, User
from platforms.roles import Role
from tests import factories
from tests.conftest import ApiOf
from tests.devices import world

pytestmark = pytest.mark.django_db
BINDINGS, ASSIGNMENTS = "/api/v1/bindings", "/api/v1/assignments"


@pytest.fixture
def socket(platform_a: Platform) -> Device:
    return world.make_socket(platform_a, "simpal_d410")


@pytest.fixture
def player(exporter_a: Exporter) -> Player:
    return factories.make_player(exporter_a, name="Hall LED")


@pytest.mark.both_databases
def test_a_player_is_hung_moved_and_taken_off_and_all_of_it_is_kept(
    api_of: ApiOf, mona: User, socket: Device, player: Player
) -> None:
    client = api_of(mona)
    body: dict[str, Any] = {"player_id": player.pk, "device_id": socket.pk}
    first = client.post(BINDINGS, body, "json")
    assert first.status_code == 201, first.content
    assert (first.json()["line"], first.json()["player_name"]) == (1, "Hall LED")
    again = client.post(BINDINGS, body, "json")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "already_there")
    moved = client.post(BINDINGS, {**body, "line": 2}, "json").json()
    address = f"{BINDINGS}/{moved['id']}"
    assert client.get(address).json() == moved
    assert client.delete(address).status_code == 204
    over = client.delete(address)
    assert (over.status_code, over.json()["error"]["code"]) == (409, "over")
    history = client.get(f"{BINDINGS}?player_id={player.pk}").json()["results"]
    assert [row["line"] for row in history] == [2, 1]
    assert all(row["ended_at"] for row in history)
    assert client.get(f"{BINDINGS}?current=true").json()["count"] == 0
    assert client.get(f"{BINDINGS}?current=false&device_id={socket.pk}").json()["count"] == 2
    assert set(AuditEntry.objects.values_list("actor", flat=True)) >= {"mona@example.test"}


def test_only_what_is_in_use_on_one_platform_is_bound(
    api_of: ApiOf, alice: User, charlie: User, root: User, socket: Device, player: Player
) -> None:
    dora = factories.make_member(socket.platform, Role.MANAGER)
    dora.memberships.create(platform=charlie.memberships.get().platform, role=Role.MANAGER)
    theirs = factories.make_player(
        factories.make_exporter(charlie.memberships.get().platform), name="foreign"
    )
    good = {"player_id": player.pk, "device_id": socket.pk}
    for person, fields, named in (
        (alice, {"player_id": theirs.pk}, "player_id"),
        (dora, {"player_id": theirs.pk}, "device_id"),
        (root, {"player_id": theirs.pk}, "device_id"),
        (alice, {"line": 5}, "line"),
        (alice, {"line": 0}, "line"),
        (charlie, {}, "player_id"),
    ):
        refused = api_of(person).post(BINDINGS, {**good, **fields}, "json")
        assert refused.status_code == 400
        assert named in refused.json()["error"]["fields"]
    sockets.retire(socket, SYSTEM)
    refused = api_of(alice).post(BINDINGS, good, "json")
    assert list(refused.json()["error"]["fields"]) == ["device_id"]
    assert not Binding.objects.exists()


def test_users_and_viewers_read_bindings_and_change_none(
    api_of: ApiOf, ursula: User, bob: User, charlie: User, socket: Device, player: Player
) -> None:
    binding = sockets.bind(player, socket.lines.get(number=1), SYSTEM)
    body = {"player_id": player.pk, "device_id": socket.pk}
    for person in (ursula, bob):
        assert api_of(person).get(BINDINGS).json()["count"] == 1
        assert api_of(person).post(BINDINGS, body, "json").status_code == 403
        assert api_of(person).delete(f"{BINDINGS}/{binding.pk}").status_code == 403
    assert api_of(charlie).get(BINDINGS).json()["count"] == 0
    assert api_of(charlie).delete(f"{BINDINGS}/{binding.pk}").status_code == 404


@pytest.mark.both_databases
def test_a_socket_is_assigned_to_a_user_by_number_or_address(
    api_of: ApiOf, mona: User, ursula: User, socket: Device
) -> None:
    client = api_of(mona)
    for name in ({"email": "Ursula@example.test"}, {"user_id": ursula.pk}):
        made = client.post(ASSIGNMENTS, {"device_id": socket.pk, **name}, "json")
        assert made.status_code == 201, made.content
        told = made.json()
        assert (told["email"], told["device_name"]) == (ursula.email, socket.name)
        again = client.post(ASSIGNMENTS, {"device_id": socket.pk, **name}, "json")
        assert (again.status_code, again.json()["error"]["code"]) == (409, "already_there")
        assert client.get(f"{ASSIGNMENTS}?user_id={ursula.pk}").json()["results"] == [told]
        assert client.delete(f"{ASSIGNMENTS}/{told['id']}").status_code == 204
        assert not Assignment.objects.exists()


def test_nobody_learns_of_accounts_by_assigning(
    api_of: ApiOf, alice: User, bob: User, charlie: User, ursula: User, socket: Device
) -> None:
    client = api_of(alice)
    answers = [
        client.post(ASSIGNMENTS, {"device_id": socket.pk, "email": email}, "json")
        for email in (charlie.email, bob.email, "nobody@example.test")
    ]
    assert [each.status_code for each in answers] == [400] * 3
    assert len({each.content for each in answers}) == 1
    for wrong in ({}, {"user_id": charlie.pk}, {"user_id": ursula.pk, "email": ursula.email}):
        assert (
            client.post(ASSIGNMENTS, {"device_id": socket.pk, **wrong}, "json").status_code == 400
        )
    body = {"device_id": socket.pk, "user_id": ursula.pk}
    for person in (bob, ursula):
        assert api_of(person).post(ASSIGNMENTS, body, "json").status_code == 403
    assert api_of(charlie).post(ASSIGNMENTS, body, "json").status_code == 400
    Membership.objects.filter(user=ursula).update(role=Role.VIEWER)
    assert client.post(ASSIGNMENTS, body, "json").status_code == 400
    assert not Assignment.objects.exists()


def test_lists_cost_the_same_for_few_and_for_many(
    api_of: ApiOf,
    alice: User,
    socket: Device,
    exporter_a: Exporter,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = api_of(alice)
    client.get(BINDINGS)
    for number in range(12):
        line = socket.lines.get(number=number % 2 + 1)
        sockets.bind(factories.make_player(exporter_a), line, SYSTEM)
        user = factories.make_member(socket.platform, Role.USER)
        sockets.assign(user, socket, SYSTEM)
        if number not in (0, 11):
            continue
        # Session, account, may I, count, rows; of members also: whose addresses one may read.
        for path, queries in ((BINDINGS, 5), (ASSIGNMENTS, 6)):
            with django_assert_num_queries(queries):
                assert client.get(path).json()["count"] == number + 1
