"""The bell and the list behind it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from platforms import bell
from platforms.models import Notice, NoticeMark, Platform, User
from platforms.notice_kinds import Severity
from tests.conftest import ClientOf

pytestmark = pytest.mark.django_db
LIST = "/admin/platforms/notice/"


def tell(platform: Platform | None, name: str = "Lobby", **fields: object) -> Notice:
    """Write a notice of a silent socket."""
    notice: Notice = Notice.objects.create(
        **{
            "platform": platform,
            "kind": "socket_silent",
            "severity": Severity.WARNING,
            "about_name": name,
            "facts": {"days": 7, "heard": "2026-11-15T12:00:00Z"},
            "at": timezone.now(),
            **fields,
        }
    )
    return notice


def test_every_member_reads_what_concerns_the_platform_and_nothing_else(
    alice: User, bob: User, root: User, platform_a: Platform, platform_b: Platform,
    client_of: ClientOf,
) -> None:  # fmt: skip
    own, foreign, none = tell(platform_a, "Own"), tell(platform_b, "Foreign"), tell(None, "Of all")
    for person in (alice, bob):
        client = client_of(person)
        page = client.get(LIST).content.decode()
        assert "The socket Own was asked" in page
        assert "Foreign" not in page
        assert "Of all" not in page
        assert client.get(f"{LIST}{own.pk}/change/").status_code == 200
        assert client.get(f"{LIST}{foreign.pk}/change/").status_code == 404
        assert client.get(f"{LIST}{none.pk}/change/").status_code == 404
        assert bell.unread(person) == 1
    page = client_of(root).get(LIST).content.decode()
    assert all(name in page for name in ("Own", "Foreign", "Of all"))
    assert bell.unread(root) == 3


def test_the_bell_shows_how_many_are_new_on_every_page(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    client = client_of(alice)
    assert "Notices, none of them new" in client.get("/admin/").content.decode()
    tell(platform_a)
    tell(platform_a)
    assert 'aria-label="New notices: 2"' in client.get("/admin/").content.decode()


def test_reading_is_a_mark_of_ones_own_that_only_goes_forward(
    alice: User, mona: User, platform_a: Platform, platform_b: Platform, client_of: ClientOf
) -> None:
    first, second = tell(platform_a), tell(platform_a)
    tell(platform_b)
    client = client_of(alice)
    assert f'name="up_to" value="{second.pk}"' in client.get(LIST).content.decode()
    third = tell(platform_a)
    client.post(f"{LIST}read/", {"up_to": second.pk})
    assert bell.unread(alice) == 1, "what came after the page was shown stays new"
    client.post(f"{LIST}read/", {"up_to": first.pk})
    assert bell.unread(alice) == 1
    client.post(f"{LIST}read/", {"up_to": 10**17})
    assert NoticeMark.objects.get(user=alice).up_to == third.pk, "nobody reads what is to come"
    assert bell.unread(mona) == 3


@pytest.mark.parametrize("number", ["", "x", "-1", "٣", "9" * 30])
def test_a_mark_of_no_meaning_is_left_out(number: str, alice: User, client_of: ClientOf) -> None:
    assert client_of(alice).post(f"{LIST}read/", {"up_to": number}).status_code == 302
    assert client_of(alice).get(f"{LIST}read/").status_code == 405
    assert not NoticeMark.objects.exists()


def test_who_joined_today_is_not_told_of_all_that_was_before(
    alice: User, platform_a: Platform
) -> None:
    tell(platform_a, at=alice.date_joined - timedelta(days=1))
    assert bell.unread(alice) == 0


def test_more_than_ninety_nine_are_not_counted_and_it_is_one_query(
    alice: User, platform_a: Platform
) -> None:
    for _ in range(120):
        tell(platform_a)
    with CaptureQueriesContext(connection) as asked:
        assert bell.unread(alice) == 100
    assert len(asked) == 1
    assert bell.shown(100) == "99+"
    assert bell.shown(99) == "99"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?event=socket_silent", {"silent", "back"}),
        ("?event=gateway_down", {"gateway"}),
        ("?severity__exact=30", {"gateway"}),
        ("?condition=lasts", {"silent", "gateway"}),
    ],
)
def test_the_list_is_narrowed_by_event_severity_and_condition(
    query: str, names: set[str], alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    now = timezone.now()
    tell(platform_a, "silent")
    tell(platform_a, "back", kind="socket_back", ended_at=now, at=now)
    tell(platform_a, "gateway", kind="gateway_down", severity=Severity.CRITICAL)
    answer = client_of(alice).get(LIST + query)
    found = {notice.about_name for notice in answer.context["cl"].result_list}
    assert found == names


def test_a_notice_of_a_kind_that_nobody_knows_any_more_still_reads(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    notice = tell(platform_a, kind="of_old")
    assert "of_old: Lobby" in client_of(alice).get(LIST).content.decode()
    assert client_of(alice).get(f"{LIST}{notice.pk}/change/").status_code == 200


def test_names_are_text_and_never_markup(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    tell(platform_a, "<img src=x onerror=alert(1)>")
    page = client_of(alice).get(LIST).content.decode()
    assert "<img src=x" not in page


def test_the_list_costs_the_same_for_many(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    client, counts = client_of(alice), []
    for _ in range(2):
        for _number in range(20):
            tell(platform_a)
        with CaptureQueriesContext(connection) as asked:
            client.get(LIST)
        counts.append(len(asked))
    assert counts[0] == counts[1]
