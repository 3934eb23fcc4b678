"""One address at a time: added, read, changed, removed."""

from typing import Any

import pytest

from exporters.models import Exporter, ExporterMac, Player
from platforms.models import AuditEntry, Membership, Platform, User
from platforms.roles import Role
from tests import factories
from tests.conftest import ApiOf

pytestmark = pytest.mark.django_db
LIST = "/api/v1/exporter-macs"


@pytest.mark.both_databases
def test_a_new_address_is_told_with_its_id(
    api_of: ApiOf, alice: User, exporter_a: Exporter
) -> None:
    answer = api_of(alice).post(
        LIST,
        {
            "exporter_id": exporter_a.pk,
            "mac": "06-42-40-92-60-b4",
            "name": " Холл\t1 ",
            "ip": "192.168.1.7",
            "outip": "2001:DB8:0:0::1",
        },
        "json",
    )
    row = ExporterMac.objects.get()
    assert (answer.status_code, answer.json()) == (
        201,
        {
            "id": row.pk,
            "platform_id": exporter_a.platform_id,
            "exporter_id": exporter_a.pk,
            "mac": "06:42:40:92:60:B4",
            "name": "Холл 1",
            "ip": "192.168.1.7",
            "outip": "2001:db8::1",
        },
    )
    assert api_of(alice).get(f"{LIST}/{row.pk}").json() == answer.json()
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.via) == ("alice@example.test", "api")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mac", "zz"),
        ("mac", "00:00:00:00:00:00"),
        ("mac", "\u0000"),
        ("mac", None),
        ("mac", ["06:42:40:92:60:B4"]),
        ("ip", "10.0.0.256"),
        ("ip", "fe80::1%eth0"),
        ("ip", "x" * 100),
        ("outip", "1.2.3"),
        ("name", "x" * 256),
        ("name", {}),
        ("name", None),
        ("id", 7),
        ("platform_id", 1),
    ],
)
def test_a_wrong_value_is_told(
    api_of: ApiOf, alice: User, exporter_a: Exporter, field: str, value: Any
) -> None:
    body = {"exporter_id": exporter_a.pk, "mac": "06:42:40:92:60:B4", field: value}
    answer = api_of(alice).post(LIST, body, "json")
    assert answer.status_code == 400
    if value != "\u0000":
        assert list(answer.json()["error"]["fields"]) == [field]
    assert not ExporterMac.objects.exists()


def test_what_is_there_and_what_has_no_room_is_a_conflict(
    api_of: ApiOf, alice: User, platform_a: Platform, exporter_a: Exporter
) -> None:
    Platform.objects.filter(pk=platform_a.pk).update(players_limit=1)
    codes = []
    for mac in ("06:42:40:92:60:B4", "06:42:40:92:60:B4", "06:42:40:92:60:B5"):
        answer = api_of(alice).post(LIST, {"exporter_id": exporter_a.pk, "mac": mac}, "json")
        codes.append((answer.status_code, answer.json().get("error", {}).get("code")))
    assert codes == [(201, None), (409, "already_there"), (409, "limit_reached")]


def test_name_and_addresses_change_and_nothing_else(
    api_of: ApiOf, alice: User, exporter_a: Exporter
) -> None:
    row = factories.make_mac(exporter_a, name="old", ip="10.0.0.1")
    client, version = api_of(alice), exporter_a.list_version
    answer = client.patch(f"{LIST}/{row.pk}", {"name": "new", "ip": ""}, "json")
    assert (answer.status_code, answer.json()["name"], answer.json()["ip"]) == (200, "new", "")
    assert Player.objects.get().name == "new"
    assert Exporter.objects.get().list_version == version + 1
    for body in ({"mac": "06:42:40:92:60:B4"}, {"exporter_id": 1}, {"name": None}, {"ip": "x"}):
        answer = client.patch(f"{LIST}/{row.pk}", body, "json")
        assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, list(body))


def test_a_removed_address_leaves_its_player_retired(
    api_of: ApiOf, alice: User, exporter_a: Exporter
) -> None:
    row = factories.make_mac(exporter_a)
    answer = api_of(alice).delete(f"{LIST}/{row.pk}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert Player.objects.get().retired_at is not None
    assert api_of(alice).delete(f"{LIST}/{row.pk}").status_code == 404


def test_a_foreign_id_answers_as_a_random_one(
    api_of: ApiOf, alice: User, exporter_b: Exporter
) -> None:
    foreign = factories.make_mac(exporter_b)
    client = api_of(alice)
    for act in (client.get, client.patch, client.delete):
        answers = {
            (answer.status_code, answer.content, answer["Content-Type"])
            for answer in (
                act(f"{LIST}/{pk}") for pk in (foreign.pk, 999_999, 10**17, "9" * 40, "abc")
            )
        }
        assert [status for status, *_ in answers] == [404]
    assert ExporterMac.objects.get().name == foreign.name


def test_a_viewer_looks_and_changes_nothing(
    api_of: ApiOf, bob: User, exporter_a: Exporter, platform_b: Platform
) -> None:
    row = factories.make_mac(exporter_a)
    client = api_of(bob)
    assert client.get(f"{LIST}/{row.pk}").status_code == 200
    body = {"exporter_id": exporter_a.pk, "mac": "06:42:40:92:60:B4"}
    assert client.post(LIST, body, "json").status_code == 403
    assert client.patch(f"{LIST}/{row.pk}", {"name": "x"}, "json").status_code == 403
    assert client.delete(f"{LIST}/{row.pk}").status_code == 403


def test_rights_on_one_platform_are_none_on_another(
    api_of: ApiOf, charlie: User, platform_a: Platform, exporter_a: Exporter
) -> None:
    """Charlie administers B and only views A: he sees A's address and may not touch it."""
    Membership.objects.create(platform=platform_a, user=charlie, role=Role.VIEWER)
    row = factories.make_mac(exporter_a)
    client = api_of(charlie)
    assert client.get(f"{LIST}/{row.pk}").status_code == 200
    assert client.patch(f"{LIST}/{row.pk}", {"name": "x"}, "json").status_code == 403
    assert client.delete(f"{LIST}/{row.pk}").status_code == 403
    body = {"exporter_id": exporter_a.pk, "mac": "06:42:40:92:60:B4"}
    assert client.post(LIST, body, "json").status_code == 400
    assert ExporterMac.objects.get().name == row.name


def test_an_address_that_is_an_empty_text_is_not_known(
    api_of: ApiOf, alice: User, exporter_a: Exporter
) -> None:
    body = {"exporter_id": exporter_a.pk, "mac": "06:42:40:92:60:B4", "ip": "", "outip": " "}
    answer = api_of(alice).post(LIST, body, "json")
    assert (answer.status_code, answer.json()["ip"], answer.json()["outip"]) == (201, "", "")
    row = ExporterMac.objects.get()
    assert (row.ip, row.outip) == (None, None)
