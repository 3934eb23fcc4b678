"""Sockets over the API: taken into use, changed, taken out; what viewers see of them."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from devices import sockets, synchronisation
from devices.models import Binding, Device, DeviceLine, SmsGateway
from platforms.audit import SYSTEM
from platforms.models import AuditEntry, Platform, User
from tests import factories
from tests.conftest import ApiOf
from tests.devices import world

pytestmark = pytest.mark.django_db
LIST = "/api/v1/devices"


@pytest.fixture(autouse=True)
def catalogue(db: None) -> None:
    synchronisation.synchronise()


def body(platform: Platform, **fields: Any) -> dict[str, Any]:
    """Return a new socket's body."""
    new = {"platform_id": platform.pk, "model": "simpal_d410", "name": "Hall"}
    return new | {"phone": "+7 (912) 345-67-89"} | fields


@pytest.mark.both_databases
def test_a_socket_is_taken_into_use_changed_and_taken_out(
    api_of: ApiOf, mona: User, platform_a: Platform
) -> None:
    client = api_of(mona)
    site = factories.make_site(platform_a)
    made = client.post(LIST, body(platform_a, site_id=site.pk, notes="on the wall"), "json")
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["phone"], told["model"], told["site_id"]) == (
        "+79123456789",
        "simpal_d410",
        site.pk,
    )
    assert [line["number"] for line in told["lines"]] == [1, 2]
    assert told["lines"][0] | {"is_on": None, "age": None, "players": []} == told["lines"][0]
    address = f"{LIST}/{told['id']}"
    changes = {"name": "Foyer", "phone": "+79990000001", "site_id": None, "reset_only": True}
    changed = client.patch(address, changes, "json")
    assert changed.status_code == 200
    assert changed.json() == told | changes
    assert client.get(address).json() == changed.json()
    assert client.delete(address).status_code == 204
    for ask, values in ((client.patch, {"name": "x"}), (client.delete, None)):
        over = ask(address, values, "json")
        assert (over.status_code, over.json()["error"]["code"]) == (409, "retired")
    assert client.get(LIST).json()["count"] == 0
    assert client.get(f"{LIST}?retired=true").json()["results"][0]["name"] == "Foyer"
    # The phone is free again.
    assert client.post(LIST, body(platform_a, phone="+79990000001"), "json").status_code == 201
    acts = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert acts == ["created", "changed", "deleted", "created"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"phone": ""}, "phone"),
        ({"phone": "٣٤٥٦٧٨٩"}, "phone"),
        ({"phone": "89123456789"}, "phone"),
        ({"phone": None}, "phone"),
        ({"model": "no_such"}, "model"),
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"enabled": "perhaps"}, "enabled"),
        ({"platform_id": 987654321}, "platform_id"),
        ({"gateway": 1}, "gateway"),
    ],
)
def test_wrong_values_are_named(
    fields: dict[str, Any], named: str, api_of: ApiOf, alice: User, platform_a: Platform
) -> None:
    refused = api_of(alice).post(LIST, body(platform_a, **fields), "json")
    assert refused.status_code == 400
    assert list(refused.json()["error"]["fields"]) == [named]
    assert not Device.objects.exists()


def test_a_number_without_its_country_belongs_where_the_gateway_says(
    api_of: ApiOf, alice: User, platform_a: Platform
) -> None:
    world.make_gateway(platform_a, region="RU")
    made = api_of(alice).post(LIST, body(platform_a, phone="8 912 345-67-89"), "json")
    assert made.json()["phone"] == "+79123456789"


def test_a_phone_that_cannot_be_used_reads_the_same_whosever_it_is(
    api_of: ApiOf, alice: User, platform_a: Platform, platform_b: Platform
) -> None:
    own, theirs = world.make_socket(platform_a), world.make_socket(platform_b)
    client = api_of(alice)
    answers = [
        client.post(LIST, body(platform_a, phone=row.phone), "json") for row in (own, theirs)
    ]
    assert answers[0].content == answers[1].content
    assert (answers[0].status_code, answers[0].json()["error"]["code"]) == (409, "phone_taken")
    changed = client.patch(f"{LIST}/{own.pk}", {"phone": theirs.phone}, "json")
    assert changed.json()["error"]["code"] == "phone_taken"


def test_the_limit_of_a_platform_is_a_conflict(
    api_of: ApiOf, alice: User, platform_a: Platform
) -> None:
    Platform.objects.update(sockets_limit=0)
    refused = api_of(alice).post(LIST, body(platform_a), "json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "limit_reached")


def test_a_site_of_another_platform_is_as_one_that_is_not_there(
    api_of: ApiOf, root: User, alice: User, platform_a: Platform, platform_b: Platform
) -> None:
    foreign = factories.make_site(platform_b)
    own = world.make_socket(platform_a)
    for person in (root, alice):
        for answer in (
            api_of(person).post(LIST, body(platform_a, site_id=foreign.pk), "json"),
            api_of(person).patch(f"{LIST}/{own.pk}", {"site_id": foreign.pk}, "json"),
        ):
            assert answer.status_code == 400
            assert list(answer.json()["error"]["fields"]) == ["site_id"]


def test_roles_decide_who_reads_changes_and_sees_phones(
    api_of: ApiOf, ursula: User, bob: User, charlie: User, alice: User, platform_a: Platform
) -> None:
    socket = world.make_socket(platform_a)
    address = f"{LIST}/{socket.pk}"
    assert api_of(ursula).get(address).json()["phone"] == socket.phone
    for client in (api_of(bob), api_of(factories.make_token(owner=alice)[1])):
        for path in (address, LIST):
            answer = client.get(path)
            assert answer.status_code == 200
            assert socket.phone not in answer.content.decode()
        assert client.get(address).json()["phone"] is None
    for person in (ursula, bob):
        client = api_of(person)
        assert client.post(LIST, body(platform_a), "json").status_code == 403
        assert client.patch(address, {"name": "x"}, "json").status_code == 403
        assert client.delete(address).status_code == 403
    foreign, nobody = (api_of(charlie).get(f"{LIST}/{pk}") for pk in (socket.pk, 987654321))
    assert (foreign.status_code, foreign.content) == (404, nobody.content)
    assert api_of(charlie).patch(address, {"name": "x"}, "json").status_code == 404
    socket.refresh_from_db()
    assert socket.name != "x"


def test_what_was_last_known_is_told_with_its_age(
    api_of: ApiOf, bob: User, platform_a: Platform
) -> None:
    socket = world.make_socket(platform_a)
    then = timezone.now() - timedelta(minutes=10)
    DeviceLine.objects.update(is_on=True, told_at=then)
    Device.objects.update(heard_at=then, mains_lost_at=then, gsm_level=17, gsm_level_at=then)
    player = factories.make_player(factories.make_exporter(platform_a), name="Hall LED")
    sockets.bind(player, socket.lines.get(), SYSTEM)
    told = api_of(bob).get(f"{LIST}/{socket.pk}").json()
    assert (told["gsm_level"], told["lines"][0]["is_on"]) == (17, True)
    assert 600 <= told["heard_age"] <= 660
    assert 600 <= told["lines"][0]["age"] <= 660
    assert told["mains_lost_at"] == told["heard_at"]
    assert [each["name"] for each in told["lines"][0]["players"]] == ["Hall LED"]


def test_the_list_is_narrowed_and_ordered(api_of: ApiOf, alice: User, platform_a: Platform) -> None:
    site = factories.make_site(platform_a)
    now = timezone.now()
    first = world.make_socket(platform_a, name="A hall", site=site)
    second = world.make_socket(platform_a, "simpal_d410", name="B foyer", enabled=False)
    Device.objects.filter(pk=second.pk).update(mains_lost_at=now, heard_at=now)
    player = factories.make_player(factories.make_exporter(platform_a))
    sockets.bind(player, second.lines.get(number=2), SYSTEM)
    client = api_of(alice)
    for query, expected in (
        ("", [first, second]),
        ("order=-name", [second, first]),
        ("order=created", [first, second]),
        ("order=heard", [first, second]),
        ("order=-heard", [second, first]),
        (f"site_id={site.pk}", [first]),
        ("model=simpal_d410", [second]),
        ("enabled=false", [second]),
        ("outage=true", [second]),
        ("outage=false", [first]),
        ("search=HALL", [first]),
        (f"player_id={player.pk}", [second]),
        (f"platform_id={platform_a.pk}&page_size=1&page=2", [second]),
        ("platform_id=987654321", []),
    ):
        told = client.get(f"{LIST}?{query}").json()["results"]
        assert [each["id"] for each in told] == [row.pk for row in expected], query
    for query in ("order=phone", "phone=%2B79", "outage=x", "site=1", "page_size=1001"):
        assert client.get(f"{LIST}?{query}").status_code == 400


@pytest.mark.both_databases
def test_a_page_of_sockets_costs_the_same_for_one_and_for_many(
    api_of: ApiOf,
    alice: User,
    platform_a: Platform,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    exporter = factories.make_exporter(platform_a)

    def add() -> None:
        socket = world.make_socket(platform_a, "simpal_d410")
        for line in socket.lines.all():
            sockets.bind(factories.make_player(exporter), line, SYSTEM)

    add()
    client = api_of(alice)
    client.get(LIST)
    # Session, account, may I, phones, count, rows, lines, bindings.
    with django_assert_num_queries(8):
        assert client.get(LIST).json()["count"] == 1
    for _each in range(12):
        add()
    with django_assert_num_queries(8):
        assert client.get(LIST).json()["count"] == 13
    assert Binding.objects.count() == 26
    assert SmsGateway.objects.count() == 1
