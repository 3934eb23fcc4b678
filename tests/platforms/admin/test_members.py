"""Members: an administrator changes and removes whoever stands below, and nobody else."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from platforms.audit import Action
from platforms.models import AuditEntry, Membership, Platform, User
from platforms.roles import Role
from tests import factories
from tests.conftest import ClientOf

pytestmark = pytest.mark.django_db

PAGE = "/admin/platforms/membership/"


def of(person: User) -> Membership:
    """Return the person's only membership."""
    return Membership.objects.get(user=person)


def change(browser: Client, person: User, role: str, **more: str) -> int:
    """Post a new role; return the status of the answer."""
    path = f"{PAGE}{of(person).pk}/change/"
    return browser.post(path, {"role": role, **more}).status_code


def test_an_administrator_changes_the_role_of_whoever_stands_below(
    alice: User, bob: User, client_of: ClientOf, platform_a: Platform
) -> None:
    assert change(client_of(alice), bob, "manager") == 302
    assert of(bob).role == Role.MANAGER
    line = AuditEntry.objects.get(action=Action.CHANGED)
    assert (line.actor, line.address, line.platform) == (alice.email, "127.0.0.1", platform_a)
    assert (line.before, line.after) == ({"role": "viewer"}, {"role": "manager"})


def test_an_administrator_makes_no_equals(alice: User, bob: User, client_of: ClientOf) -> None:
    assert change(client_of(alice), bob, "admin") == 200
    assert of(bob).role == Role.VIEWER


def test_an_administrator_touches_neither_himself_nor_an_equal(
    alice: User, client_of: ClientOf, platform_a: Platform
) -> None:
    equal = factories.make_member(platform_a, Role.ADMIN)
    browser = client_of(alice)
    for person in (alice, equal):
        assert browser.get(f"{PAGE}{of(person).pk}/change/").status_code == 200
        assert change(browser, person, "viewer") == 403
        assert browser.post(f"{PAGE}{of(person).pk}/delete/", {"post": "yes"}).status_code == 403
        assert of(person).role == Role.ADMIN


def test_an_administrator_removes_whoever_stands_below(
    alice: User, bob: User, client_of: ClientOf
) -> None:
    number = of(bob).pk
    client_of(alice).post(f"{PAGE}{number}/delete/", {"post": "yes"})
    assert not Membership.objects.filter(user=bob).exists()
    line = AuditEntry.objects.get(action=Action.DELETED)
    assert (line.target_id, line.before["role"]) == (str(number), "viewer")


@pytest.mark.parametrize("who", ["mona", "ursula", "bob"])
def test_other_roles_do_not_see_members(
    who: str, bob: User, client_of: ClientOf, request: pytest.FixtureRequest
) -> None:
    browser = client_of(request.getfixturevalue(who))
    for path in ("", "add/", f"{of(bob).pk}/change/", f"{of(bob).pk}/delete/"):
        assert browser.get(f"{PAGE}{path}").status_code == 403


def test_members_of_another_platform_do_not_exist(
    alice: User, bob: User, charlie: User, client_of: ClientOf
) -> None:
    browser = client_of(charlie)
    assert bob.email not in browser.get(PAGE).content.decode()
    for path in ("change/", "delete/", "history/"):
        for number in (of(bob).pk, 987654):
            assert browser.get(f"{PAGE}{number}/{path}").status_code == 404
    assert browser.post(f"{PAGE}{of(bob).pk}/change/", {"role": "user"}).status_code == 404
    assert of(bob).role == Role.VIEWER


def test_a_person_of_two_platforms_is_judged_row_by_row(
    alice: User, bob: User, charlie: User, platform_b: Platform, client_of: ClientOf
) -> None:
    Membership.objects.create(user=alice, platform=platform_b, role=Role.VIEWER)
    browser = client_of(alice)
    assert charlie.email not in browser.get(PAGE).content.decode()
    assert browser.get(f"{PAGE}{of(charlie).pk}/change/").status_code == 404
    assert browser.get(f"{PAGE}{of(bob).pk}/change/").status_code == 200


def test_a_posted_account_or_platform_changes_nothing(
    alice: User, bob: User, charlie: User, platform_b: Platform, client_of: ClientOf
) -> None:
    number = of(bob).pk
    change(client_of(alice), bob, "user", user=str(charlie.pk), platform=str(platform_b.pk))
    row = Membership.objects.get(pk=number)
    assert (row.user, row.platform.name) == (bob, "Alpha")


@pytest.mark.parametrize("more", [{"is_superuser": "on"}, {"user__is_superuser": "on"}])
def test_an_administrator_makes_no_superadmins(
    more: dict[str, str], alice: User, bob: User, client_of: ClientOf
) -> None:
    browser = client_of(alice)
    change(browser, bob, "user", **more)
    for path in (f"{bob.pk}/change/", "add/", f"{bob.pk}/password/"):
        assert browser.post(f"/admin/platforms/user/{path}", more).status_code in {403, 404}
    assert not User.objects.filter(is_superuser=True).exists()


def test_only_superadmins_add_people_without_asking_them(
    alice: User, root: User, platform_a: Platform, client_of: ClientOf
) -> None:
    person = factories.make_user()
    form = {"user": str(person.pk), "platform": str(platform_a.pk), "role": "user"}
    assert client_of(alice).post(f"{PAGE}add/", form).status_code == 403
    assert client_of(root).post(f"{PAGE}add/", form).status_code == 302
    assert of(person).role == Role.USER


def test_the_last_administrator_is_demoted_only_when_that_is_meant(
    alice: User, root: User, client_of: ClientOf
) -> None:
    browser = client_of(root)
    assert change(browser, alice, "manager") == 200
    assert of(alice).role == Role.ADMIN
    assert change(browser, alice, "manager", leave_without_admin="on") == 302
    assert of(alice).role == Role.MANAGER


def test_an_administrator_beside_others_is_demoted_without_more(
    alice: User, root: User, client_of: ClientOf, platform_a: Platform
) -> None:
    factories.make_member(platform_a, Role.ADMIN)
    assert change(client_of(root), alice, "manager") == 302


def test_one_who_cannot_log_in_does_not_count_as_an_administrator(
    alice: User, root: User, client_of: ClientOf, platform_a: Platform
) -> None:
    factories.make_member(platform_a, Role.ADMIN, is_active=False)
    assert change(client_of(root), alice, "manager") == 200


def test_removing_the_last_administrator_is_told_before(
    alice: User, root: User, client_of: ClientOf, platform_a: Platform
) -> None:
    path = f"{PAGE}{of(alice).pk}/delete/"
    assert "last administrator" in client_of(root).get(path).content.decode()
    factories.make_member(platform_a, Role.ADMIN)
    assert "last administrator" not in client_of(root).get(path).content.decode()


def test_members_are_not_removed_in_bulk(
    alice: User, bob: User, mona: User, client_of: ClientOf
) -> None:
    chosen = [str(of(person).pk) for person in (alice, bob, mona)]
    form = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    client_of(alice).post(PAGE, form)
    assert Membership.objects.count() == 3


@pytest.mark.parametrize(
    "query",
    [
        "user__password__startswith=pbkdf2",
        "user__is_superuser__exact=1",
        "user__tokens__digest__startswith=a",
        "platform__invitations__email__contains=x",
    ],
)
def test_a_list_answers_no_questions_about_other_tables(
    query: str, alice: User, client_of: ClientOf
) -> None:
    assert client_of(alice).get(f"{PAGE}?{query}").status_code == 400


def test_a_list_of_many_members_costs_no_more_queries(
    alice: User,
    client_of: ClientOf,
    platform_a: Platform,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _number in range(20):
        factories.make_member(platform_a, Role.VIEWER)
    browser = client_of(alice)
    with django_assert_max_num_queries(10):
        browser.get(PAGE)
