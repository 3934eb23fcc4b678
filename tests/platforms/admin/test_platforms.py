"""Platforms and sites: superadmins set limits, members read them; sites by the role."""

import pytest
from pytest_django import DjangoAssertNumQueries

from exporters.models import Exporter
from platforms.audit import Action
from platforms.models import AuditEntry, Membership, Platform, Site, User
from platforms.roles import Role
from tests import factories
from tests.conftest import ClientOf

pytestmark = pytest.mark.django_db

PLATFORMS = "/admin/platforms/platform/"
SITES = "/admin/platforms/site/"


def test_a_member_reads_limits_and_use_of_the_own_platform(
    bob: User, exporter_a: Exporter, client_of: ClientOf
) -> None:
    Platform.objects.filter(pk=exporter_a.platform_id).update(players_limit=7)
    factories.make_mac(exporter_a)
    text = client_of(bob).get(f"{PLATFORMS}{exporter_a.platform_id}/change/").content.decode()
    assert "1 / 7" in text
    assert 'name="_save"' not in text


def test_the_use_counts_watched_players_alone(
    bob: User, exporter_a: Exporter, exporter_b: Exporter, client_of: ClientOf
) -> None:
    from django.utils import timezone

    factories.make_mac(exporter_a)
    factories.make_player(exporter_a, retired_at=timezone.now())
    factories.make_mac(exporter_b)
    text = client_of(bob).get(PLATFORMS).content.decode()
    assert "1 / unlimited" in text
    assert "Beta" not in text


@pytest.mark.parametrize("who", ["alice", "mona", "bob"])
def test_only_superadmins_change_a_platform(
    who: str, platform_a: Platform, client_of: ClientOf, request: pytest.FixtureRequest
) -> None:
    browser = client_of(request.getfixturevalue(who))
    form = {"name": "Mine", "time_zone": "Europe/Moscow", "players_limit": "1000000"}
    assert browser.post(f"{PLATFORMS}{platform_a.pk}/change/", form).status_code == 403
    assert browser.post(f"{PLATFORMS}add/", form).status_code == 403
    assert browser.post(f"{PLATFORMS}{platform_a.pk}/delete/", {"post": "yes"}).status_code == 403
    platform_a.refresh_from_db()
    assert (platform_a.name, platform_a.players_limit) == ("Alpha", None)


def test_a_superadmin_sets_limits_and_the_record_tells(
    root: User, platform_a: Platform, client_of: ClientOf
) -> None:
    form = {"name": "Alpha", "time_zone": "Europe/Moscow", "active": "on", "players_limit": "50"}
    assert client_of(root).post(f"{PLATFORMS}{platform_a.pk}/change/", form).status_code == 302
    line = AuditEntry.objects.get(action=Action.CHANGED)
    assert (line.before, line.after) == ({"players_limit": None}, {"players_limit": 50})
    assert line.platform == platform_a


def test_a_platform_is_deleted_with_its_people_but_not_with_its_things(
    root: User, alice: User, platform_a: Platform, exporter_b: Exporter, client_of: ClientOf
) -> None:
    factories.make_token(owner=alice, platform=platform_a)
    browser = client_of(root)
    browser.post(f"{PLATFORMS}{platform_a.pk}/delete/", {"post": "yes"})
    assert not Membership.objects.filter(user=alice).exists()
    browser.post(f"{PLATFORMS}{exporter_b.platform_id}/delete/", {"post": "yes"})
    assert list(Platform.objects.values_list("name", flat=True)) == ["Beta"]


def test_the_audit_log_still_opens_when_its_platform_is_gone(
    root: User, platform_a: Platform, client_of: ClientOf
) -> None:
    browser = client_of(root)
    browser.post(f"{PLATFORMS}{platform_a.pk}/delete/", {"post": "yes"})
    line = AuditEntry.objects.get(action=Action.DELETED)
    assert browser.get("/admin/platforms/auditentry/").status_code == 200
    assert browser.get(f"/admin/platforms/auditentry/{line.pk}/change/").status_code == 200


@pytest.mark.parametrize(("who", "status"), [("alice", 302), ("mona", 302), ("ursula", 403)])
def test_sites_are_made_by_those_who_care_for_the_fleet(
    who: str, status: int, platform_a: Platform, client_of: ClientOf, request: pytest.FixtureRequest
) -> None:
    browser = client_of(request.getfixturevalue(who))
    assert browser.post(f"{SITES}add/", {"name": "Mall"}).status_code == status
    assert Site.objects.filter(platform=platform_a).exists() is (status == 302)


def test_whoever_has_several_platforms_is_asked_for_one(
    alice: User, platform_a: Platform, platform_b: Platform, client_of: ClientOf
) -> None:
    Membership.objects.create(user=alice, platform=platform_b, role=Role.MANAGER)
    browser = client_of(alice)
    assert browser.post(f"{SITES}add/", {"name": "Mall"}).status_code == 200
    browser.post(f"{SITES}add/", {"name": "Mall", "platform": str(platform_b.pk)})
    assert Site.objects.get().platform == platform_b


def test_a_list_asks_for_nothing_about_platforms_that_the_roles_have_told(
    alice: User,
    platform_b: Platform,
    client_of: ClientOf,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    """Session, account, roles; how many rows, the rows, the bell."""
    factories.make_site(alice.memberships.get().platform, "Mall")
    browser = client_of(alice)
    with django_assert_num_queries(6):
        assert "of_platform" not in browser.get(SITES).content.decode()
    Membership.objects.create(user=alice, platform=platform_b, role=Role.VIEWER)
    with django_assert_num_queries(7):  # and the names of the platforms
        text = browser.get(SITES).content.decode()
    assert "of_platform" in text
    assert "Beta" in text


def test_a_platform_where_one_only_looks_is_no_choice(
    alice: User, platform_b: Platform, client_of: ClientOf
) -> None:
    Membership.objects.create(user=alice, platform=platform_b, role=Role.VIEWER)
    form = {"name": "Mall", "platform": str(platform_b.pk)}
    client_of(alice).post(f"{SITES}add/", form)
    assert not Site.objects.filter(platform=platform_b).exists()


def test_the_history_of_a_site_is_its_lines_of_the_audit_log(
    alice: User, client_of: ClientOf
) -> None:
    browser = client_of(alice)
    browser.post(f"{SITES}add/", {"name": "Mall"})
    browser.post(f"{SITES}add/", {"name": "Cinema"})
    answer = browser.get(f"{SITES}{Site.objects.get(name='Mall').pk}/history/", follow=True)
    assert [line.target for line in answer.context["cl"].result_list] == ["Mall"]


def test_bulk_deletion_leaves_a_line_for_each(alice: User, client_of: ClientOf) -> None:
    browser = client_of(alice)
    sites = [factories.make_site(alice.memberships.get().platform) for _number in range(3)]
    chosen = [str(site.pk) for site in sites]
    form = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    browser.post(SITES, form)
    assert AuditEntry.objects.filter(action=Action.DELETED).count() == 3
    assert not Site.objects.exists()


def test_bulk_deletion_takes_no_rows_of_another_platform(
    alice: User, platform_b: Platform, client_of: ClientOf
) -> None:
    Membership.objects.create(user=alice, platform=platform_b, role=Role.VIEWER)
    foreign = factories.make_site(platform_b)
    form = {"action": "delete_selected", "_selected_action": [str(foreign.pk)], "post": "yes"}
    client_of(alice).post(SITES, form)
    assert Site.objects.filter(pk=foreign.pk).exists()


def test_a_list_of_many_sites_costs_no_more_queries(
    alice: User,
    platform_a: Platform,
    client_of: ClientOf,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _number in range(60):
        factories.make_site(platform_a)
    browser = client_of(alice)
    with django_assert_max_num_queries(10):
        browser.get(SITES)
