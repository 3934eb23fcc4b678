"""Notices over the API: who reads what, what is new, and the mark of reading."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from platforms import tokens
from platforms.models import Platform, TokenKind, User
from tests.conftest import ApiOf
from tests.platforms.admin.test_notices import tell

pytestmark = pytest.mark.django_db
LIST = "/api/v1/notices"


def test_a_notice_is_read_in_the_callers_language_and_marked(
    api_of: ApiOf, bob: User, platform_a: Platform, platform_b: Platform
) -> None:
    old, new = tell(platform_a, "Lobby", ended_at=None), tell(platform_a, "Hall", ended_at=None)
    tell(platform_b, "Foreign")
    client = api_of(bob)
    found = client.get(LIST, headers={"accept-language": "ru"}).json()["results"]
    assert [each["about_name"] for each in found] == ["Hall", "Lobby"]
    assert found[0]["message"] != client.get(f"{LIST}/{new.pk}").json()["message"]
    assert [(each["severity"], each["lasts"], each["is_new"]) for each in found] == [
        ("warning", True, True)
    ] * 2
    assert client.post(f"{LIST}/read", {"up_to": old.pk}, "json").json() == {"unread": 1}
    unread = client.get(f"{LIST}?unread=true").json()["results"]
    assert [each["id"] for each in unread] == [new.pk]
    assert client.post(f"{LIST}/read", {"up_to": new.pk}, "json").json() == {"unread": 0}
    assert client.post(f"{LIST}/read", {"up_to": 0}, "json").status_code == 400


def test_the_list_is_narrowed_down(api_of: ApiOf, alice: User, platform_a: Platform) -> None:
    lasting = tell(platform_a, ended_at=None)
    over = tell(platform_a)
    over.ended_at = over.at + timedelta(hours=1)
    over.save()
    back = tell(platform_a, kind="socket_back")
    client = api_of(alice)

    def ids(query: str) -> list[int]:
        return sorted(each["id"] for each in client.get(f"{LIST}?{query}").json()["results"])

    assert ids("lasts=true") == [lasting.pk]
    assert ids("lasts=false") == [over.pk, back.pk]
    assert ids("kind=socket_silent") == [lasting.pk, over.pk, back.pk]
    assert ids("kind=no_such") == []
    assert ids("least_severity=critical") == []
    assert ids("since=2100-01-01T00:00:00Z") == []
    assert client.get(f"{LIST}/{over.pk}").json()["ended_at"]
    assert client.get(f"{LIST}/{back.pk}").json()["ended_at"] is None


def test_of_a_gateway_those_read_whose_commands_wait_for_it(
    api_of: ApiOf, alice: User, mona: User, ursula: User, bob: User, root: User,
    platform_a: Platform,
) -> None:  # fmt: skip
    down = tell(platform_a, "Modem", kind="gateway_down", facts={}, ended_at=None)
    tell(platform_a, "Modem", kind="gateway_back", facts={})
    for person, number in ((alice, 2), (mona, 2), (ursula, 2), (root, 2), (bob, 0)):
        client = api_of(person)
        assert client.get(LIST).json()["count"] == number, person.email
        assert client.get(f"{LIST}/{down.pk}").status_code == (200 if number else 404)


def test_a_token_that_reads_only_marks_nothing(
    api_of: ApiOf, alice: User, platform_a: Platform
) -> None:
    notice = tell(platform_a)
    _row, text = tokens.issue(TokenKind.USER, "reader", owner=alice)
    client = api_of(text)
    assert client.get(LIST).json()["count"] == 1
    assert client.post(f"{LIST}/read", {"up_to": notice.pk}, "json").status_code == 403


def test_a_long_list_costs_what_a_short_one_costs(
    api_of: ApiOf, alice: User, platform_a: Platform
) -> None:
    client, counted = api_of(alice), []
    for more in (2, 18):
        for _number in range(more):
            tell(platform_a)
        with CaptureQueriesContext(connection) as queries:
            client.get(LIST)
        counted.append(len(queries))
    assert counted[0] == counted[1]
