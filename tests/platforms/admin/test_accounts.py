"""Accounts: superadmins alone open them, switch them off and set passwords."""

import pytest
from django.test import Client

from platforms.audit import Action
from platforms.forms import ResetForm, normal
from platforms.models import AuditEntry, Membership, Platform, User
from platforms.roles import Role
from tests import factories
from tests.conftest import ClientOf

pytestmark = pytest.mark.django_db

PAGE = "/admin/platforms/user/"
NEW = "a quiet long word"


@pytest.mark.parametrize("who", ["alice", "mona", "bob", "charlie"])
def test_nobody_else_sees_accounts(
    who: str, root: User, client_of: ClientOf, request: pytest.FixtureRequest
) -> None:
    browser = client_of(request.getfixturevalue(who))
    for path in ("", "add/"):
        assert browser.get(f"{PAGE}{path}").status_code == 403
    for path in ("change/", "password/", "delete/", "history/"):
        assert browser.get(f"{PAGE}{root.pk}/{path}").status_code in {403, 404}
        assert browser.post(f"{PAGE}{root.pk}/{path}", {}).status_code in {403, 404, 405}


def test_a_superadmin_opens_an_account(root: User, client_of: ClientOf) -> None:
    form = {"email": "New@Example.test", "full_name": "New", "password1": NEW, "password2": NEW}
    browser = client_of(root)
    assert browser.post(f"{PAGE}add/", {**form, "usable_password": "true"}).status_code == 302
    account = User.objects.get(email="new@example.test")
    assert account.check_password(NEW)
    assert not account.is_superuser
    line = AuditEntry.objects.get(action=Action.CREATED)
    assert line.platform_id is None
    assert (line.after["email"], line.after["password"]) == ("new@example.test", "set")
    assert account.password not in str(line.after)


@pytest.mark.parametrize("password", ["short", "password", "12345678901"])
def test_a_weak_password_is_refused(password: str, root: User, client_of: ClientOf) -> None:
    form = {"email": "new@example.test", "password1": password, "password2": password}
    answer = client_of(root).post(f"{PAGE}add/", {**form, "usable_password": "true"})
    assert answer.status_code == 200
    assert not User.objects.filter(email="new@example.test").exists()


def test_an_account_can_be_opened_without_password(root: User, client_of: ClientOf) -> None:
    form = {"email": "new@example.test", "usable_password": "false"}
    assert client_of(root).post(f"{PAGE}add/", form).status_code == 302
    assert not User.objects.get(email="new@example.test").has_usable_password()


def test_an_address_is_one_account_however_it_is_spelled(
    root: User, bob: User, client_of: ClientOf
) -> None:
    form = {"email": "BOB@example.test", "usable_password": "false"}
    answer = client_of(root).post(f"{PAGE}add/", form)
    assert "There is already an account with this address." in answer.content.decode()


def test_letters_that_databases_capitalise_alike_are_another_address(ursula: User) -> None:
    # As the failures are counted by the address, each of those would have tries of its own.
    for typed in ("urſula@example.test", "URſULA@example.test"):
        with pytest.raises(User.DoesNotExist):
            User.objects.get_by_natural_key(typed)
        assert not list(ResetForm(address=None).get_users(normal(typed)))
    assert User.objects.get_by_natural_key(" URSULA@Example.test ") == ursula


def change(browser: Client, account: User, **fields: str) -> int:
    """Post the form of an account; return the status."""
    form = {"email": account.email, "full_name": account.full_name, **fields}
    inline = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    return browser.post(f"{PAGE}{account.pk}/change/", {**form, **inline}).status_code


def test_a_superadmin_switches_an_account_off(root: User, bob: User, client_of: ClientOf) -> None:
    inside = client_of(bob)
    assert inside.get("/admin/platforms/site/").status_code == 200
    assert change(client_of(root), bob) == 302
    assert inside.get("/admin/platforms/site/").status_code == 302
    line = AuditEntry.objects.get(action=Action.CHANGED)
    assert (line.before, line.after) == ({"is_active": True}, {"is_active": False})


def test_the_last_administrator_of_a_platform_is_switched_off_only_when_that_is_meant(
    root: User, alice: User, client_of: ClientOf
) -> None:
    browser = client_of(root)
    page = browser.get(f"{PAGE}{alice.pk}/change/").content.decode()
    assert 'name="leave_without_admin"' in page
    assert change(browser, alice) == 200
    alice.refresh_from_db()
    assert alice.is_active
    assert change(browser, alice, full_name="Alice B.", is_active="on") == 302
    assert change(browser, alice, leave_without_admin="on") == 302
    alice.refresh_from_db()
    assert not alice.is_active


def test_it_is_told_which_platforms_would_be_left_alone(
    root: User, alice: User, platform_b: Platform, client_of: ClientOf
) -> None:
    Membership.objects.create(user=alice, platform=platform_b, role=Role.ADMIN)
    form = {"email": alice.email, "memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    text = client_of(root).post(f"{PAGE}{alice.pk}/change/", form).content.decode()
    assert "This is the last administrator of: Alpha, Beta." in text


def test_one_of_two_administrators_is_switched_off_without_a_question(
    root: User, alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    second = factories.make_member(platform_a, Role.ADMIN, "second@example.test")
    browser = client_of(root)
    page = browser.get(f"{PAGE}{alice.pk}/change/").content.decode()
    assert "leave_without_admin" not in page
    assert change(browser, alice) == 302
    assert change(browser, second) == 200  # alice cannot log in any more


def test_an_account_that_is_off_already_is_changed_without_a_question(
    root: User, alice: User, client_of: ClientOf
) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert change(client_of(root), alice, full_name="Alice, formerly") == 302


@pytest.mark.parametrize("kept", ["is_active", "is_superuser"])
def test_a_superadmin_does_not_lock_himself_out(kept: str, root: User, client_of: ClientOf) -> None:
    assert change(client_of(root), root, **{kept: "on"}) == 200
    root.refresh_from_db()
    assert root.is_active
    assert root.is_superuser


def test_a_superadmin_sets_a_password_and_the_record_says_only_that(
    root: User, bob: User, client_of: ClientOf
) -> None:
    form = {"password1": NEW, "password2": NEW, "usable_password": "true", "set-password": "1"}
    assert client_of(root).post(f"{PAGE}{bob.pk}/password/", form).status_code == 302
    bob.refresh_from_db()
    assert bob.check_password(NEW)
    line = AuditEntry.objects.get(action=Action.PASSWORD_CHANGED)
    assert (line.actor, line.target, line.after) == (root.email, bob.email, {})


def test_the_password_of_no_account_is_not_found(root: User, client_of: ClientOf) -> None:
    for number in ("987654", "abc"):
        assert client_of(root).get(f"{PAGE}{number}/password/").status_code == 404


def test_the_password_is_not_set_by_the_form_of_the_account(
    root: User, bob: User, client_of: ClientOf
) -> None:
    change(client_of(root), bob, is_active="on", password="md5$x$y", last_login="2020-01-01")
    bob.refresh_from_db()
    assert bob.check_password(factories.PASSWORD)


@pytest.mark.parametrize(
    "query",
    [
        "platforms/user/?password__startswith=pbkdf2",
        "platforms/invitation/?digest__startswith=a",
        "platforms/apitoken/?digest=a",
    ],
)
def test_nobody_guesses_at_a_hash_letter_by_letter(
    query: str, root: User, client_of: ClientOf
) -> None:
    assert client_of(root).get(f"/admin/{query}").status_code == 400


def test_an_account_is_never_deleted(root: User, bob: User, client_of: ClientOf) -> None:
    browser = client_of(root)
    assert browser.post(f"{PAGE}{bob.pk}/delete/", {"post": "yes"}).status_code == 403
    form = {"action": "delete_selected", "_selected_action": [str(bob.pk)], "post": "yes"}
    browser.post(PAGE, form)
    assert User.objects.filter(pk=bob.pk).exists()


def test_the_page_of_an_account_shows_where_the_person_belongs(
    root: User, bob: User, client_of: ClientOf
) -> None:
    text = client_of(root).get(f"{PAGE}{bob.pk}/change/").content.decode()
    assert "Alpha" in text
    assert f"/admin/platforms/membership/{bob.memberships.get().pk}/change/" in text
