"""The audit log: read by the members of its platform, exported, never written by hand."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from exporters.models import Exporter
from platforms.audit import SYSTEM, Action, Actor, record
from platforms.models import AuditEntry, Membership, Platform, User
from tests import factories
from tests.conftest import ClientOf

pytestmark = pytest.mark.django_db

PAGE = "/admin/platforms/auditentry/"


def write(platform: Platform | None, text: str, action: Action = Action.CREATED) -> AuditEntry:
    """Write a line."""
    return record(SYSTEM, action, text, platform_id=platform.pk if platform else None)


def shown(browser: Client, query: str = "") -> set[str]:
    """Return the objects of the lines that the list shows."""
    return {line.target for line in browser.get(f"{PAGE}?{query}").context["cl"].result_list}


@pytest.fixture
def lines(platform_a: Platform, platform_b: Platform) -> None:
    """A line of A, one of B, one of the installation."""
    for platform, text in ((platform_a, "of A"), (platform_b, "of B"), (None, "of none")):
        write(platform, text)


@pytest.mark.parametrize(
    ("who", "texts"),
    [
        ("alice", {"of A"}),
        ("bob", {"of A"}),
        ("charlie", {"of B"}),
        ("root", {"of A", "of B", "of none"}),
    ],
)
def test_each_sees_the_lines_of_the_own_platforms(
    who: str, texts: set[str], lines: None, client_of: ClientOf, request: pytest.FixtureRequest
) -> None:
    browser = client_of(request.getfixturevalue(who))
    assert shown(browser) == texts
    for line in AuditEntry.objects.all():
        status = browser.get(f"{PAGE}{line.pk}/change/").status_code
        assert status == (200 if line.target in texts else 404)


def test_nobody_writes_it_by_hand(root: User, platform_a: Platform, client_of: ClientOf) -> None:
    line, browser = write(platform_a, "x"), client_of(root)
    assert browser.post(f"{PAGE}add/", {"target": "y"}).status_code == 403
    assert browser.post(f"{PAGE}{line.pk}/change/", {"target": "y"}).status_code == 403
    assert browser.post(f"{PAGE}{line.pk}/delete/", {"post": "yes"}).status_code == 403
    form = {"action": "delete_selected", "_selected_action": [str(line.pk)], "post": "yes"}
    browser.post(PAGE, form)
    assert AuditEntry.objects.get().target == "x"


def test_the_page_of_a_line_shows_before_and_after(
    bob: User, platform_a: Platform, client_of: ClientOf
) -> None:
    site = factories.make_site(platform_a)
    values = {"before": {"name": "Old", "address": "x"}, "after": {"name": "<b>New</b>"}}
    line = record(SYSTEM, Action.CHANGED, site, platform_id=platform_a.pk, **values)
    text = client_of(bob).get(f"{PAGE}{line.pk}/change/").content.decode()
    assert "Old" in text
    assert "&lt;b&gt;New&lt;/b&gt;" in text
    assert "address" in text


def test_a_line_names_what_it_keeps_the_numbers_of(
    bob: User, exporter_a: Exporter, client_of: ClientOf
) -> None:
    numbers = {"exporter_id": exporter_a.pk, "platform_id": exporter_a.platform_id}
    player = factories.make_player(exporter_a)
    line = record(
        SYSTEM, Action.CREATED, player, platform_id=exporter_a.platform_id,
        after={**numbers, "site_id": None},
    )  # fmt: skip
    text = client_of(bob).get(f"{PAGE}{line.pk}/change/").content.decode()
    assert f"Malls of Alpha ({exporter_a.pk})" in text
    assert f"Alpha ({exporter_a.platform_id})" in text


def test_a_line_names_things_as_they_were_called_then(
    bob: User, exporter_a: Exporter, client_of: ClientOf
) -> None:
    player, platform = factories.make_player(exporter_a), exporter_a.platform_id
    record(SYSTEM, Action.CREATED, exporter_a, platform_id=platform)
    values = {"before": {"exporter_id": exporter_a.pk}, "after": {"exporter_id": 999_999}}
    line = record(SYSTEM, Action.CHANGED, player, platform_id=platform, **values)
    exporter_a.name = "Renamed since"
    exporter_a.save()
    record(SYSTEM, Action.CHANGED, exporter_a, platform_id=platform)
    text = client_of(bob).get(f"{PAGE}{line.pk}/change/").content.decode()
    assert f"Malls of Alpha ({exporter_a.pk})" in text
    assert "Renamed since" not in text
    assert ">999999<" in text


def test_a_line_names_fellow_members_and_nobody_else(
    alice: User, bob: User, charlie: User, root: User, client_of: ClientOf
) -> None:
    membership = Membership.objects.get(user=bob)
    values = {"before": {"user_id": charlie.pk}, "after": {"user_id": bob.pk}}
    line = record(SYSTEM, Action.CHANGED, membership, platform_id=membership.platform_id, **values)
    text = client_of(alice).get(f"{PAGE}{line.pk}/change/").content.decode()
    assert f"{bob.email} ({bob.pk})" in text
    assert charlie.email not in text
    text = client_of(root).get(f"{PAGE}{line.pk}/change/").content.decode()
    assert f"{charlie.email} ({charlie.pk})" in text


def test_a_line_names_nothing_of_another_platform(
    bob: User, exporter_a: Exporter, exporter_b: Exporter, client_of: ClientOf
) -> None:
    record(SYSTEM, Action.CREATED, exporter_b, platform_id=exporter_b.platform_id)
    player = factories.make_player(exporter_a)
    after = {"exporter_id": exporter_b.pk, "platform_id": exporter_b.platform_id}
    line = record(SYSTEM, Action.CREATED, player, platform_id=exporter_a.platform_id, after=after)
    text = client_of(bob).get(f"{PAGE}{line.pk}/change/").content.decode()
    assert "Cinemas" not in text
    assert "Beta" not in text


def test_a_line_costs_the_same_however_often_the_record_speaks_of_a_thing(
    bob: User, exporter_a: Exporter, client_of: ClientOf,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    for _time in range(20):
        record(SYSTEM, Action.ADDED_MANY, exporter_a, platform_id=exporter_a.platform_id)
    player = factories.make_player(exporter_a)
    after = {"exporter_id": exporter_a.pk, "platform_id": exporter_a.platform_id}
    line = record(SYSTEM, Action.CREATED, player, platform_id=exporter_a.platform_id, after=after)
    browser = client_of(bob)
    with django_assert_max_num_queries(12):
        browser.get(f"{PAGE}{line.pk}/change/")


def test_a_line_about_a_table_that_is_gone_still_opens(
    bob: User, platform_a: Platform, client_of: ClientOf
) -> None:
    line = AuditEntry.objects.create(
        platform=platform_a, actor="x", via="x", action="retired_word", target_type="old.thing",
        target="x", after={"gone_id": 1},
    )  # fmt: skip
    browser = client_of(bob)
    assert browser.get(PAGE).status_code == 200
    assert browser.get(f"{PAGE}{line.pk}/change/").status_code == 200


def test_the_list_is_filtered_and_searched(
    bob: User, platform_a: Platform, client_of: ClientOf
) -> None:
    site = factories.make_site(platform_a, "Mall")
    write(platform_a, "first", Action.EXPORTED)
    record(Actor("zoe@example.test", "admin", address="10.7.7.7"), Action.CREATED, site,
           platform_id=platform_a.pk)  # fmt: skip
    browser = client_of(bob)
    today = timezone.localdate().isoformat()
    assert shown(browser, "action__exact=exported") == {"first"}
    assert shown(browser, "target_type=platforms.site") == {"Mall"}
    assert shown(browser, "q=zoe") == shown(browser, "q=10.7.7.7") == {"Mall"}
    assert shown(browser, f"at_from_0={today}&at_from_1=00:00:00") == {"first", "Mall"}
    assert shown(browser, f"at_from_0={today}&at_to_0={today}") == {"first", "Mall"}
    assert shown(browser, "at_to_0=2000-01-01&at_to_1=00:00:00") == set()


def test_a_day_is_read_as_the_readers_language_writes_it(
    bob: User, platform_a: Platform, client_of: ClientOf
) -> None:
    write(platform_a, "x")
    browser, today = client_of(bob), timezone.localdate()
    browser.cookies["django_language"] = "ru"
    assert shown(browser, f"at_from_0={today:%d.%m.%Y}") == {"x"}
    assert shown(browser, f"at_to_0={today - timedelta(days=1):%d.%m.%Y}") == set()


def test_the_filter_of_platforms_names_ones_own(
    lines: None, alice: User, root: User, platform_b: Platform, client_of: ClientOf
) -> None:
    assert "Beta" in client_of(root).get(PAGE).content.decode()
    browser = client_of(alice)
    assert "Beta" not in browser.get(PAGE).content.decode()
    assert shown(browser, f"of_platform={platform_b.pk}") <= {"of A"}
    assert shown(client_of(root), f"of_platform={platform_b.pk}") == {"of B"}


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "query",
    ["at_from_0=yesterday", "at_from_0=0001-01-01", "at_to_0=9999-12-31", "action__exact=%00",
     "q=%00", "of_platform=x", f"of_platform={'9' * 30}", f"of_platform={'9' * 5000}",
     "of_platform=%D9%A1", f"q={'a+' * 2000}",
     "p=-1", "o=99.x", "target_type=%27", "at__gte=x", "platform__name__startswith=B"],
)  # fmt: skip
def test_an_odd_address_breaks_nothing(
    query: str, root: User, bob: User, platform_b: Platform, client_of: ClientOf
) -> None:
    for person in (bob, root):  # who has several platforms has a filter more
        assert client_of(person).get(f"{PAGE}?{query}").status_code in {200, 302, 400}


# -- export -------------------------------------------------------------------------------------


def export(browser: Client, query: str = "") -> list[list[str]]:
    """Return the rows of the CSV file, its heading included."""
    answer = browser.get(f"{PAGE}export/?{query}")
    assert answer.streaming
    text = answer.getvalue().decode()
    return list(csv.reader(StringIO(text.removeprefix("\ufeff"))))


def test_the_export_holds_the_lines_of_the_list(
    lines: None, bob: User, platform_a: Platform, client_of: ClientOf
) -> None:
    write(platform_a, "deleted", Action.DELETED)
    browser = client_of(bob)
    heading, *rows = export(browser, "action__exact=deleted")
    assert [dict(zip(heading, row, strict=True))["target"] for row in rows] == ["deleted"]
    targets = {row[heading.index("target")] for row in export(browser)[1:]}
    assert targets >= {"of A", "deleted"}
    assert not targets & {"of B", "of none"}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1"])
def test_no_cell_of_the_export_is_a_formula(
    text: str, bob: User, platform_a: Platform, client_of: ClientOf
) -> None:
    write(platform_a, text)
    heading, row = export(client_of(bob), "action__exact=created")
    assert row[heading.index("target")] == f"'{text}"


def test_the_export_is_a_line_itself(bob: User, platform_a: Platform, client_of: ClientOf) -> None:
    export(client_of(bob), "q=mall")
    line = AuditEntry.objects.get(action=Action.EXPORTED)
    assert (line.actor, line.platform, line.after) == (bob.email, platform_a, {"filters": "q=mall"})


@pytest.mark.parametrize("side", ["before", "after"])
def test_nobody_guesses_the_values_of_a_line_sign_by_sign(
    side: str, bob: User, platform_a: Platform, client_of: ClientOf
) -> None:
    values = {side: {"phone": "+79001234567"}}
    record(SYSTEM, Action.CHANGED, "socket", platform_id=platform_a.pk, **values)
    browser = client_of(bob)
    for query in (
        f"{side}__icontains=7900123",
        f"{side}__icontains=7900124",
        f'{side}__contains={{"phone":"%2B79001234567"}}',
        f"{side}__has_key=phone",
        f"{side}__phone__startswith=%2B7",
    ):
        assert browser.get(f"{PAGE}?{query}").status_code == 400, query
        assert browser.get(f"{PAGE}export/?{query}").status_code == 400, query
