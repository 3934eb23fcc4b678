"""Exporters, platforms and sites over the API."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from exporters.models import Exporter, ExporterMac, Player
from platforms.models import AuditEntry, Platform, TokenKind, User
from tests import factories
from tests.conftest import ApiOf

pytestmark = pytest.mark.django_db
LIST = "/api/v1/exporters"


def body(platform: Platform, **fields: Any) -> dict[str, Any]:
    """Return a new exporter's body."""
    return {"platform_id": platform.pk, "exporter_type": "cubic", "name": "Malls"} | fields


@pytest.mark.both_databases
def test_an_exporter_is_made_changed_and_deleted_with_its_players(
    api_of: ApiOf, mona: User, platform_a: Platform
) -> None:
    client = api_of(mona)
    made = client.post(LIST, body(platform_a, timeout=5), "json")
    assert made.status_code == 201
    told = made.json()
    assert (told["name"], told["timeout"], told["poll_interval"]) == ("Malls", 5, None)
    address = f"{LIST}/{told['id']}"
    version = Exporter.objects.get().list_version
    changed = client.patch(address, {**told, "enabled": False, "timeout": None}, "json")
    assert (changed.status_code, changed.json()) == (
        200,
        {**told, "enabled": False, "timeout": None},
    )
    assert Exporter.objects.get().list_version > version
    factories.make_mac(Exporter.objects.get())
    assert client.get(address).json() == changed.json()
    assert client.delete(address).status_code == 204
    assert not any(model.objects.exists() for model in (Exporter, ExporterMac, Player))
    acts = AuditEntry.objects.order_by("pk").values_list("action", "before", "after")
    assert [act for act, *_ in acts] == ["created", "changed", "deleted"]
    assert acts[1][1:] == ({"enabled": True, "timeout": 5}, {"enabled": False, "timeout": None})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 121),
        ("name", None),
        ("exporter_type", "nothing"),
        ("platform_id", "x"),
        ("enabled", "perhaps"),
        ("timeout", 0),
        ("timeout", 301),
        ("timeout", 10**30),
        ("poll_interval", -1),
        ("max_concurrency", "many"),
        ("url", "http://203.0.113.1/"),
    ],
)
def test_a_wrong_value_is_told(
    api_of: ApiOf, alice: User, platform_a: Platform, field: str, value: Any
) -> None:
    answer = api_of(alice).post(LIST, body(platform_a, **{field: value}), "json")
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, [field])


def test_a_name_is_given_once_a_platform(
    api_of: ApiOf, alice: User, platform_a: Platform, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    client = api_of(alice)
    answer = client.post(LIST, body(platform_a, name=exporter_a.name), "json")
    assert answer.status_code == 400
    assert "already has an exporter" in str(answer.json()["error"]["fields"])
    assert client.post(LIST, body(platform_a, name=exporter_b.name), "json").status_code == 201


def test_platform_and_kind_never_change(
    api_of: ApiOf, root: User, exporter_a: Exporter, platform_b: Platform
) -> None:
    client, address = api_of(root), f"{LIST}/{exporter_a.pk}"
    answer = client.patch(address, {"platform_id": platform_b.pk}, "json")
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["platform_id"])
    assert client.patch(address, {"exporter_type": "cubic"}, "json").status_code == 200


def test_a_change_writes_nothing_back_that_changed_meanwhile(
    api_of: ApiOf, alice: User, exporter_a: Exporter
) -> None:
    """The row is read under the lock, so the version that an enrolment bumped stays bumped."""
    api_of(alice).patch(f"{LIST}/{exporter_a.pk}", {"name": "x"}, "json")
    assert Exporter.objects.get().list_version == exporter_a.list_version + 1


def test_foreign_exporters_platforms_and_sites_do_not_exist(
    api_of: ApiOf,
    alice: User,
    platform_a: Platform,
    platform_b: Platform,
    exporter_a: Exporter,
    exporter_b: Exporter,
) -> None:
    client = api_of(alice)
    mine, foreign = factories.make_site(platform_a), factories.make_site(platform_b)
    for route, own, other in (
        ("exporters", exporter_a.pk, exporter_b.pk),
        ("platforms", platform_a.pk, platform_b.pk),
        ("sites", mine.pk, foreign.pk),
    ):
        listed = client.get(f"/api/v1/{route}").json()
        assert [row["id"] for row in listed["results"]] == [own]
        for act in (client.get, client.patch, client.delete):
            if route != "exporters" and act != client.get:
                continue
            answers = {
                (each.status_code, each.content)
                for each in (act(f"/api/v1/{route}/{pk}") for pk in (other, 999_999))
            }
            assert [status for status, _ in answers] == [404]
    answers = {
        client.post(LIST, body(platform_a, platform_id=pk), "json").content
        for pk in (platform_b.pk, 999_999)
    }
    assert len(answers) == 1
    assert Exporter.objects.count() == 2


def test_a_viewer_and_a_reading_token_change_nothing(
    api_of: ApiOf, alice: User, bob: User, platform_a: Platform, exporter_a: Exporter
) -> None:
    reading = factories.make_token(owner=alice)[1]
    for who in (bob, reading):
        client = api_of(who)
        assert client.get(LIST).status_code == 200
        assert client.post(LIST, body(platform_a), "json").status_code == 403
        assert client.patch(f"{LIST}/{exporter_a.pk}", {"name": "x"}, "json").status_code == 403
        assert client.delete(f"{LIST}/{exporter_a.pk}").status_code == 403


def test_lists_come_in_pages_at_a_fixed_cost(
    api_of: ApiOf,
    alice: User,
    platform_a: Platform,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(7):
        factories.make_exporter(platform_a)
    client = api_of(factories.make_token(owner=alice)[1])
    client.get(LIST)
    with django_assert_num_queries(4):  # token, may I, count, rows
        page = client.get(LIST, {"page_size": 3, "page": 2}).json()
    assert (page["count"], len(page["results"])) == (7, 3)
    assert "page=3" in page["next"]
    assert client.get(LIST, {"page": 9}).status_code == 404
    for query in ({"page": 0}, {"page_size": 1001}, {"page": "x"}, {"name": "x"}):
        assert client.get(LIST, query).status_code == 400


def test_filters_of_exporters_narrow(api_of: ApiOf, root: User, exporter_a: Exporter) -> None:
    factories.make_exporter(exporter_a.platform, "Cinema", enabled=False)
    client = api_of(root)
    for query, names in (
        ({"enabled": "false"}, ["Cinema"]),
        ({"enabled": "true"}, ["Malls of Alpha"]),
        ({"search": "mALLS"}, ["Malls of Alpha"]),
        ({"exporter_type": "cubic"}, ["Malls of Alpha", "Cinema"]),
        ({"platform_id": 999_999}, []),
    ):
        assert [row["name"] for row in client.get(LIST, query).json()["results"]] == names


def test_processes_read_settings_null_where_nothing_is_set(
    api_of: ApiOf, platform_a: Platform, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    Exporter.objects.filter(pk=exporter_a.pk).update(poll_interval=60, enabled=False)
    client = api_of(factories.make_token(TokenKind.EXPORTER, platform=platform_a)[1])
    answer = client.get("/api/v1/platform-exporters", {"exporter_type": "cubic"})
    assert answer.json() == [
        {
            "platform_id": platform_a.pk,
            "exporter_id": exporter_a.pk,
            "name": exporter_a.name,
            "exporter_type": "cubic",
            "enabled": False,
            "configuration": {"poll_interval": 60, "timeout": None, "max_concurrency": None},
            "problem": "",
        }
    ]
    same = client.get(
        "/api/v1/platform-exporters",
        {"exporter_type": "cubic"},
        headers={"If-None-Match": answer["ETag"]},
    )
    assert (same.status_code, same.content) == (304, b"")
    assert answer["Cache-Control"] == same["Cache-Control"] == "private, no-cache"
    Exporter.objects.filter(pk=exporter_a.pk).update(timeout=9)
    assert client.get("/api/v1/platform-exporters")["ETag"] != answer["ETag"]
