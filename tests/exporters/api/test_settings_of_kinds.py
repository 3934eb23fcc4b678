"""Settings and secrets of a kind over the API: people write secrets, machines alone read them."""

import logging
from typing import Any

import pytest
from rest_framework.test import APIClient

from exporters.kinds import KINDS
from exporters.models import Exporter, ExporterMac
from platforms.models import AuditEntry, Platform, TokenKind, User
from tests import factories
from tests.conftest import ApiOf
from tests.exporters.described_kind import DESCRIBED

pytestmark = pytest.mark.django_db
LIST = "/api/v1/exporters"
MACHINES = "/api/v1/platform-exporters"
CANARY = "canary-token-51c0"


def body(platform: Platform, **fields: Any) -> dict[str, Any]:
    """Return a new AddReality exporter's body."""
    own = {"platform_id": platform.pk, "exporter_type": "addreality", "name": "Malls"}
    return {**own, "settings": {"limit": 50}, "secrets": {"api_token": CANARY}, **fields}


@pytest.fixture
def addreality(platform_a: Platform) -> Exporter:
    """An AddReality exporter with a token."""
    exporter = factories.make_exporter(platform_a, "Malls", kind="addreality")
    exporter.take_secrets({"api_token": CANARY})
    exporter.save()
    return exporter


def machine(api_of: ApiOf, platform: Platform, kind: str = "addreality") -> APIClient:
    token = factories.make_token(TokenKind.EXPORTER, platform=platform, exporter_kind=kind)
    return api_of(token[1])


def fields(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 400
    told: dict[str, list[str]] = answer.json()["error"]["fields"]
    return told


@pytest.mark.both_databases
def test_people_write_a_secret_and_read_only_that_it_is_set(
    api_of: ApiOf, mona: User, platform_a: Platform
) -> None:
    client = api_of(mona)
    made = client.post(LIST, body(platform_a), "json")
    assert made.status_code == 201
    told = made.json()
    assert (told["settings"], told["secrets_set"]) == ({"limit": 50}, ["api_token"])
    assert (told["finds_players"], told["over_limit"], "secrets" in told) == (True, 0, False)
    address = f"{LIST}/{told['id']}"
    version = Exporter.objects.get().list_version

    changed = client.patch(address, {"settings": {"limit": None}}, "json")
    assert changed.json()["settings"] == {"limit": None}
    assert Exporter.objects.get().opened_secrets() == {"api_token": CANARY}
    assert client.patch(address, {"secrets": {"api_token": "new"}}, "json").status_code == 200
    assert Exporter.objects.get().opened_secrets() == {"api_token": "new"}
    assert Exporter.objects.get().list_version >= version + 2
    lines = list(AuditEntry.objects.order_by("pk").values_list("before", "after"))
    assert lines[0][1]["secrets"] == "set"
    assert lines[1] == ({"settings": {"limit": 50}}, {"settings": {}})
    assert lines[2] == ({"secrets": "set"}, {"secrets": "set"})
    everything = (made.content, changed.content, lines, client.get(LIST).content)
    assert CANARY not in repr(everything)


def test_what_is_wrong_is_told_at_its_name(api_of: ApiOf, mona: User, platform_a: Platform) -> None:
    client = api_of(mona)
    assert fields(client.post(LIST, body(platform_a, secrets={}), "json")) == {
        "secrets.api_token": ["This is needed."]
    }
    wrong = {"settings": {"limit": 0, "nothing": 1}, "secrets": {"api_token": "a b"}}
    assert fields(client.post(LIST, body(platform_a, **wrong), "json")) == {
        "settings.limit": ["From 1 to 10000."],
        "settings.nothing": ["This kind of exporter has no such setting."],
    }
    misplaced = {"settings": {"api_token": CANARY}}
    answer = client.post(LIST, body(platform_a, **misplaced), "json")
    assert "settings.api_token" in fields(answer)
    assert CANARY not in answer.content.decode()
    assert fields(client.post(LIST, body(platform_a, settings=[1]), "json")) == {
        "settings": ["An object is needed here."]
    }
    assert not Exporter.objects.exists()


def test_an_incomplete_exporter_can_still_be_switched_off(
    api_of: ApiOf, mona: User, platform_a: Platform
) -> None:
    exporter = factories.make_exporter(platform_a, kind="addreality")
    answer = api_of(mona).patch(f"{LIST}/{exporter.pk}", {"enabled": False}, "json")
    assert answer.status_code == 200
    assert answer.json()["secrets_set"] == []


def test_superadmins_alone_change_addresses_and_secrets_do_not_move_along(
    api_of: ApiOf, mona: User, root: User, platform_a: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, DESCRIBED.name, DESCRIBED)
    exporter = factories.make_exporter(platform_a, kind="described")
    exporter.settings = {"url": "https://a.test/", "field": "$.id"}
    exporter.take_secrets({"token": "t"})
    exporter.save()
    address, moved = f"{LIST}/{exporter.pk}", {"settings": {"url": "https://b.test/"}}
    assert list(fields(api_of(mona).patch(address, moved, "json"))) == ["settings.url"]
    assert list(fields(api_of(root).patch(address, moved, "json"))) == ["secrets.token"]
    both = {**moved, "secrets": {"token": "for b"}}
    assert api_of(root).patch(address, both, "json").status_code == 200
    limited = factories.make_token(owner=root, platform=platform_a, read_only=False)[1]
    back = {"settings": {"url": "https://a.test/"}, "secrets": {"token": "t"}}
    assert list(fields(api_of(limited).patch(address, back, "json"))) == ["settings.url"]


# -- what exporter processes read -----------------------------------------------------------------


def test_a_process_reads_the_token_of_its_platform_and_kind_alone(
    api_of: ApiOf, mona: User, platform_a: Platform, platform_b: Platform, addreality: Exporter
) -> None:
    Exporter.objects.update(settings={"limit": 7})
    other = factories.make_exporter(platform_b, kind="addreality")
    other.take_secrets({"api_token": "canary-of-b"})
    other.save()
    (told,) = machine(api_of, platform_a).get(MACHINES).json()
    assert told["configuration"] == {
        "poll_interval": None, "timeout": None, "max_concurrency": None,
        "limit": 7, "api_token": CANARY,
    }  # fmt: skip
    assert machine(api_of, platform_a, "cubic").get(MACHINES).json() == []
    person = api_of(mona).get(MACHINES)
    assert "api_token" not in person.json()[0]["configuration"]
    own = factories.make_token(owner=mona, read_only=False)[1]
    assert CANARY not in person.content.decode() + api_of(own).get(MACHINES).content.decode()


def test_a_change_of_a_secret_gives_another_version(
    api_of: ApiOf, platform_a: Platform, addreality: Exporter
) -> None:
    client = machine(api_of, platform_a)
    etag = client.get(MACHINES)["ETag"]
    assert client.get(MACHINES, headers={"If-None-Match": etag}).status_code == 304
    addreality.take_secrets({"api_token": "new"})
    addreality.save()
    assert client.get(MACHINES, headers={"If-None-Match": etag}).status_code == 200


def test_a_token_that_cannot_be_opened_costs_no_other_exporter(
    api_of: ApiOf,
    platform_a: Platform,
    addreality: Exporter,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (key,) = settings.REMOSA_SECRET_KEYS
    settings.REMOSA_SECRET_KEYS = ["another key that is long enough to be one"]
    readable = factories.make_exporter(platform_a, kind="addreality")
    readable.take_secrets({"api_token": "readable"})
    readable.save()
    with caplog.at_level(logging.ERROR):
        client = machine(api_of, platform_a)
        rows = {row["exporter_id"]: row for row in client.get(MACHINES).json()}
        client.get(MACHINES)
    broken = rows[addreality.pk]
    assert (broken["enabled"], broken["configuration"]["api_token"]) == (True, None)
    assert broken["problem"].startswith("secrets_unreadable")
    assert (rows[readable.pk]["configuration"]["api_token"], rows[readable.pk]["problem"]) == (
        "readable",
        "",
    )
    assert len(caplog.records) == 1
    settings.REMOSA_SECRET_KEYS = [key]
    rows = {row["exporter_id"]: row for row in client.get(MACHINES).json()}
    assert rows[addreality.pk]["configuration"]["api_token"] == CANARY


# -- addresses ------------------------------------------------------------------------------------


def test_macs_of_an_exporter_that_finds_its_players_are_refused_with_the_reason(
    api_of: ApiOf, mona: User, addreality: Exporter
) -> None:
    one = {"exporter_id": addreality.pk, "mac": factories.mac_of(1)}
    many = {"exporter_id": addreality.pk, "macs": [factories.mac_of(1)]}
    client = api_of(mona)
    for answer in (
        client.post("/api/v1/exporter-macs", one, "json"),
        client.post("/api/v1/exporter-macs/bulk", many, "json"),
        client.delete("/api/v1/exporter-macs/bulk", many, "json"),
    ):
        assert "nobody types them" in fields(answer)["exporter_id"][0]
    assert not ExporterMac.objects.exists()
