"""The device list that exporter processes poll: what is in it, and when it is the same."""

import json
from typing import Any

import pytest
from django.http.response import HttpResponseBase
from pytest_django import DjangoAssertNumQueries

from exporters import enrolment
from exporters.entries import Entry
from exporters.models import Exporter, ExporterMac
from platforms.audit import SYSTEM
from platforms.models import Platform, TokenKind, User
from tests import factories
from tests.conftest import ApiOf

pytestmark = pytest.mark.django_db
LIST = "/api/v1/exporter-macs"


def rows_of(answer: HttpResponseBase) -> list[dict[str, Any]]:
    """Read a streamed list to its end."""
    assert answer.status_code == 200, getattr(answer, "content", b"")
    rows: list[dict[str, Any]] = json.loads(answer.getvalue())
    return rows


@pytest.fixture
def token_a(platform_a: Platform) -> str:
    """The secret of an exporter token of platform A."""
    return factories.make_token(TokenKind.EXPORTER, platform=platform_a)[1]


@pytest.mark.both_databases
def test_it_lists_every_address_with_the_fields_of_the_contract(
    api_of: ApiOf, alice: User, exporter_a: Exporter
) -> None:
    enrolment.enrol_one(
        exporter_a,
        "06:42:40:92:60:B4",
        'ММ "Зауролоф"\\LED',
        "192.168.111.27",
        "2001:db8::1",
        SYSTEM,
    )
    enrolment.enrol_one(exporter_a, "06:42:40:92:60:B5", "", None, None, SYSTEM)
    ids = {"platform_id": exporter_a.platform_id, "exporter_id": exporter_a.pk}
    assert rows_of(api_of(alice).get(LIST)) == [
        ids
        | {
            "mac": "06:42:40:92:60:B4",
            "name": 'ММ "Зауролоф"\\LED',
            "ip": "192.168.111.27",
            "outip": "2001:db8::1",
        },
        ids | {"mac": "06:42:40:92:60:B5", "name": "", "ip": "", "outip": ""},
    ]


@pytest.mark.both_databases
def test_it_is_an_empty_array_when_there_is_nothing(api_of: ApiOf, alice: User) -> None:
    answer = api_of(alice).get(LIST)
    assert answer.getvalue() == b"[]"
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "private, no-cache"


@pytest.mark.both_databases
def test_it_keeps_every_row_and_their_order_over_many_chunks(
    api_of: ApiOf, alice: User, exporter_a: Exporter
) -> None:
    macs = [factories.mac_of(number) for number in range(5000)]
    enrolment.enrol(exporter_a, [Entry(1, mac, "x" * 99) for mac in macs], SYSTEM)
    answer: Any = api_of(alice).get(LIST)
    chunks = list(answer.streaming_content)
    assert max(map(len, chunks)) < 70_000
    assert [row["mac"] for row in json.loads(b"".join(chunks))] == macs


def test_a_token_of_a_platform_lists_enabled_exporters_of_its_kind_alone(
    api_of: ApiOf, token_a: str, platform_a: Platform, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    mine = factories.make_mac(exporter_a)
    factories.make_mac(exporter_b)
    factories.make_mac(factories.make_exporter(platform_a, enabled=False))
    Exporter.objects.filter(
        pk=factories.make_mac(factories.make_exporter(platform_a)).exporter_id
    ).update(kind="another")
    assert [row["mac"] for row in rows_of(api_of(token_a).get(LIST))] == [mine.mac]


def test_a_token_of_every_platform_leaves_out_the_inactive_ones(
    api_of: ApiOf, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    mine = factories.make_mac(exporter_a)
    factories.make_mac(exporter_b)
    Platform.objects.filter(pk=exporter_b.platform_id).update(active=False)
    secret = factories.make_token(TokenKind.EXPORTER)[1]
    assert [row["mac"] for row in rows_of(api_of(secret).get(LIST))] == [mine.mac]


def test_people_see_their_rows_of_disabled_exporters_too(
    api_of: ApiOf, bob: User, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    mine = factories.make_mac(exporter_a)
    factories.make_mac(exporter_b)
    Exporter.objects.update(enabled=False)
    assert [row["mac"] for row in rows_of(api_of(bob).get(LIST))] == [mine.mac]


def test_filters_narrow_and_never_widen(
    api_of: ApiOf, alice: User, platform_a: Platform, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    first, foreign = factories.make_mac(exporter_a), factories.make_mac(exporter_b)
    second = factories.make_mac(factories.make_exporter(platform_a))

    def listed(**query: Any) -> list[str]:
        return [row["mac"] for row in rows_of(api_of(alice).get(LIST, query))]

    assert listed(platform_id=platform_a.pk) == [first.mac, second.mac]
    assert listed(exporter_id=second.exporter_id) == [second.mac]
    assert listed(exporter_type="cubic") == [first.mac, second.mac]
    assert listed(mac=second.mac.lower().replace(":", "-")) == [second.mac]
    assert listed(platform_id=foreign.platform_id) == []
    assert listed(exporter_id=foreign.exporter_id) == []
    assert listed(mac=foreign.mac) == []


@pytest.mark.parametrize(
    "query",
    [
        "platform_id=abc",
        "platform_id=0",
        f"platform_id={2**63}",
        "exporter_id=",
        "exporter_type=nothing",
        "mac=zz",
        "with_id=perhaps",
        "platform=1",
        "exporter_id=1&exporter_id=2",
    ],
)
def test_a_wrong_parameter_is_told_and_never_ignored(
    api_of: ApiOf, alice: User, query: str
) -> None:
    answer = api_of(alice).get(f"{LIST}?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid"
    assert list(answer.json()["error"]["fields"]) == [query.partition("=")[0]]


def test_ids_are_told_when_asked_for(api_of: ApiOf, alice: User, exporter_a: Exporter) -> None:
    row = factories.make_mac(exporter_a)
    (told,) = rows_of(api_of(alice).get(LIST, {"with_id": "true"}))
    assert told["id"] == row.pk
    assert list(told) == ["id", "platform_id", "exporter_id", "mac", "name", "ip", "outip"]


@pytest.mark.both_databases
def test_an_unchanged_list_is_a_304_without_a_body(
    api_of: ApiOf, token_a: str, exporter_a: Exporter
) -> None:
    factories.make_mac(exporter_a)
    client = api_of(token_a)
    etag = client.get(LIST)["ETag"]
    for named in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = client.get(LIST, headers={"If-None-Match": named})
        assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", etag)
    for named in ('"other"', "nonsense", ""):
        assert client.get(LIST, headers={"If-None-Match": named}).status_code == 200


def test_a_head_request_tells_the_version_alone(
    api_of: ApiOf, token_a: str, exporter_a: Exporter
) -> None:
    factories.make_mac(exporter_a)
    answer = api_of(token_a).head(LIST)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["ETag"] == api_of(token_a).get(LIST)["ETag"]


def test_whatever_changes_the_list_changes_its_version(
    api_of: ApiOf, token_a: str, platform_a: Platform, exporter_a: Exporter
) -> None:
    client = api_of(token_a)
    seen: dict[str, bytes] = {}

    def after(act: str) -> None:
        answer = client.get(LIST)
        body, etag = answer.getvalue(), answer["ETag"]
        assert etag not in seen or seen[etag] == body, f"{act} went unnoticed"
        seen[etag] = body

    after("nothing")
    row = enrolment.enrol_one(exporter_a, "06:42:40:92:60:B4", "one", None, None, SYSTEM)
    after("adding")
    enrolment.change(row, {"name": "two"}, SYSTEM)
    after("renaming")
    enrolment.change(row, {"ip": "10.0.0.1"}, SYSTEM)
    after("a new address")
    Exporter.objects.filter(pk=exporter_a.pk).update(enabled=False)
    after("disabling")
    Exporter.objects.filter(pk=exporter_a.pk).update(enabled=True)
    Platform.objects.filter(pk=platform_a.pk).update(active=False)
    after("shutting the platform")
    Platform.objects.filter(pk=platform_a.pk).update(active=True)
    other = factories.make_exporter(platform_a)
    enrolment.move(ExporterMac.objects.get(), other, SYSTEM)
    after("moving")
    enrolment.withdraw(other, ["06:42:40:92:60:B4"], SYSTEM)
    after("removing")
    assert len(set(seen.values())) == 5


def test_the_version_is_of_the_scope_and_the_filters(
    api_of: ApiOf, token_a: str, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    factories.make_mac(exporter_a)
    factories.make_mac(exporter_b)
    everything = factories.make_token(TokenKind.EXPORTER)[1]
    versions = {
        api_of(secret).get(f"{LIST}{query}")["ETag"]
        for secret in (token_a, everything)
        for query in ("", f"?exporter_id={exporter_b.pk}", "?with_id=1", "?mac=06:42:40:92:60:B4")
    }
    assert len(versions) == 8


def test_the_cost_is_a_fixed_number_of_queries(
    api_of: ApiOf,
    token_a: str,
    platform_a: Platform,
    exporter_a: Exporter,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(3):
        exporter = factories.make_exporter(platform_a)
        enrolment.enrol(exporter, [Entry(1, factories.mac_of(n)) for n in range(50)], SYSTEM)
    client = api_of(token_a)
    etag = client.get(LIST)["ETag"]  # notes the token's use
    with django_assert_num_queries(2):  # the token, the versions
        client.get(LIST, headers={"If-None-Match": etag})
    with django_assert_num_queries(4):  # ... the versions in the rows' snapshot, the rows
        client.get(LIST).getvalue()
