"""Many addresses at once: every line has an outcome, and a bad one costs no good one."""

import json
from typing import Any

import pytest

from exporters.models import Exporter, ExporterMac, Player
from platforms.models import AuditEntry, Platform, User
from tests import factories
from tests.conftest import ApiOf

pytestmark = pytest.mark.django_db
BULK = "/api/v1/exporter-macs/bulk"


def body(exporter: Exporter, *macs: Any) -> dict[str, Any]:
    """Return a request's body."""
    return {"exporter_id": exporter.pk, "macs": list(macs)}


@pytest.mark.both_databases
def test_every_line_has_its_outcome(api_of: ApiOf, alice: User, exporter_a: Exporter) -> None:
    factories.make_mac(exporter_a, "06:42:40:92:60:B3")
    answer = api_of(alice).post(
        BULK,
        body(
            exporter_a,
            "06-42-40-92-60-b4",
            {"mac": "0642.4092.60b5", "name": "Холл", "ip": "10.0.0.1", "outip": None},
            "06:42:40:92:60:B3",
            "0642409260B4",
            "nonsense",
            {"mac": "06:42:40:92:60:B6", "ip": "10.0.0.256"},
            {"mac": "06:42:40:92:60:B7", "nane": "x"},
            {"mac": "06:42:40:92:60:B8", "name": 7},
            {"name": "no mac"},
            None,
            17,
        ),
        "json",
    )
    assert answer.status_code == 200
    told = answer.json()
    assert [line["outcome"] for line in told["lines"]] == [
        *("added", "added", "already_there", "repeated"),
        *["invalid"] * 7,
    ]
    assert [line["line"] for line in told["lines"]] == list(range(1, 12))
    assert told["counts"] == {"added": 2, "already_there": 1, "repeated": 1, "invalid": 7}
    assert all(line["message"] for line in told["lines"] if line["outcome"] == "invalid")
    row = ExporterMac.objects.get(mac="06:42:40:92:60:B5")
    assert (row.name, row.ip, row.outip) == ("Холл", "10.0.0.1", None)
    assert AuditEntry.objects.filter(action="added_many").count() == 1


@pytest.mark.both_databases
@pytest.mark.parametrize("bad", ["\\u0000", "\\ud800", "\\udc00\\ud800", "\\u202e\\u0007"])
def test_what_no_database_stores_costs_its_own_line_alone(
    api_of: ApiOf, alice: User, exporter_a: Exporter, bad: str
) -> None:
    lines = (
        f'[{{"mac": "06:42:40:92:60:B4", "name": "a{bad}b"}}, "{bad}", {{"mac": "{bad}"}},'
        f' {{"mac": "06:42:40:92:60:B5", "{bad}": 1}}, {{"mac": "06:42:40:92:60:B6",'
        f' "ip": "{bad}"}}, "06:42:40:92:60:B7"]'
    )
    answer = api_of(alice).post(
        BULK,
        f'{{"exporter_id": {exporter_a.pk}, "macs": {lines}}}',
        content_type="application/json",
    )
    assert [line["outcome"] for line in answer.json()["lines"]] == [
        *("added", "invalid", "invalid", "invalid", "invalid", "added")
    ]
    assert ExporterMac.objects.get(mac="06:42:40:92:60:B4").name == "ab"


def test_what_the_platform_has_no_room_for_is_told(
    api_of: ApiOf, alice: User, platform_a: Platform, exporter_a: Exporter
) -> None:
    Platform.objects.filter(pk=platform_a.pk).update(players_limit=2)
    macs = [factories.mac_of(number) for number in range(4)]
    told = api_of(alice).post(BULK, body(exporter_a, "bad", *macs), "json").json()
    assert told["counts"] == {"invalid": 1, "added": 2, "over_limit": 2}
    assert [line["mac"] for line in told["lines"] if line["outcome"] == "over_limit"] == macs[2:]
    assert "2" in told["lines"][-1]["message"]


@pytest.mark.both_databases
def test_many_are_removed_and_their_players_retire(
    api_of: ApiOf, alice: User, exporter_a: Exporter
) -> None:
    factories.make_mac(exporter_a, "06:42:40:92:60:B4")
    factories.make_mac(exporter_a, "06:42:40:92:60:B5")
    told = api_of(alice).delete(
        BULK,
        body(exporter_a, "06-42-40-92-60-B4", "06:42:40:92:60:B6", "x", "0642409260b4"),
        "json",
    )
    assert [line["outcome"] for line in told.json()["lines"]] == [
        *("removed", "absent", "invalid", "repeated")
    ]
    assert [row.mac for row in ExporterMac.objects.all()] == ["06:42:40:92:60:B5"]
    assert Player.objects.get(identity="06:42:40:92:60:B4").retired_at is not None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"macs": "06:42:40:92:60:B4"}, "macs"),
        ({"macs": None}, "macs"),
        ({"macs": {"mac": "06:42:40:92:60:B4"}}, "macs"),
        ({"exporter_id": None}, "exporter_id"),
        ({"exporter_id": True}, "exporter_id"),
        ({"exporter_id": 10**30}, "exporter_id"),
        ({"exporter_id": "x"}, "exporter_id"),
        ({"platform_id": 1}, "platform_id"),
    ],
)
def test_a_malformed_body_is_told(
    api_of: ApiOf, alice: User, exporter_a: Exporter, change: dict[str, Any], field: str
) -> None:
    for act in (api_of(alice).post, api_of(alice).delete):
        answer = act(BULK, body(exporter_a, "06:42:40:92:60:B4") | change, "json")
        assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, [field])
    assert not ExporterMac.objects.exists()


def test_a_foreign_exporter_reads_as_one_that_does_not_exist(
    api_of: ApiOf, alice: User, bob: User, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    factories.make_mac(exporter_b, "06:42:40:92:60:B4")
    for method in ("post", "delete"):
        answers = {
            getattr(api_of(alice), method)(
                BULK, {"exporter_id": pk, "macs": ["06:42:40:92:60:B4"]}, "json"
            ).content
            for pk in (exporter_b.pk, 999_999)
        }
        assert len(answers) == 1
        assert b"exporter_id" in answers.pop()
        mine = getattr(api_of(bob), method)(BULK, body(exporter_a, "06:42:40:92:60:B5"), "json")
        assert mine.status_code == 403
    assert [row.exporter_id for row in ExporterMac.objects.all()] == [exporter_b.pk]


def test_an_empty_list_is_done_at_once(api_of: ApiOf, alice: User, exporter_a: Exporter) -> None:
    told = api_of(alice).post(BULK, body(exporter_a), "json")
    assert json.loads(told.content) == {"exporter_id": exporter_a.pk, "counts": {}, "lines": []}
    assert not AuditEntry.objects.exists()
