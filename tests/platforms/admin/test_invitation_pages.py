"""Pages of invitations: whom one may invite, and what is refused with which words."""

import pytest
from django.test import Client
from pytest_django import Settings

from platforms import invitations, throttle
from platforms.audit import SYSTEM, Action
from platforms.models import AuditEntry, Invitation, Membership, Platform, User
from platforms.roles import Role
from tests import factories
from tests.conftest import ClientOf

pytestmark = pytest.mark.django_db

PAGE = "/admin/platforms/invitation/"


def invite(browser: Client, email: str = "nina@example.test", **fields: str) -> str:
    """Post the form; return what it complains of, "" when the invitation was made."""
    form = {"email": email, "role": "viewer", "language": "en", **fields}
    answer = browser.post(f"{PAGE}add/", form)
    if answer.status_code == 302:
        return ""
    return str(answer.context["errors"])


@pytest.mark.parametrize("who", ["mona", "ursula", "bob"])
def test_only_administrators_invite(
    who: str, client_of: ClientOf, request: pytest.FixtureRequest
) -> None:
    browser = client_of(request.getfixturevalue(who))
    for path in ("", "add/"):
        assert browser.get(f"{PAGE}{path}").status_code == 403
    assert browser.post(f"{PAGE}add/", {"email": "x@example.test"}).status_code == 403


def test_an_administrator_invites_to_roles_below(alice: User, client_of: ClientOf) -> None:
    browser = client_of(alice)
    for role in ("manager", "user", "viewer"):
        assert invite(browser, f"{role}@example.test", role=role) == ""
    assert invite(browser, role="admin") != ""
    assert Invitation.objects.filter(invited_by=alice).count() == 3
    line = AuditEntry.objects.filter(action=Action.INVITED).last()
    assert line is not None
    assert (line.actor, line.after["role"]) == (alice.email, "manager")


def test_a_superadmin_invites_administrators(
    root: User, platform_a: Platform, client_of: ClientOf
) -> None:
    assert invite(client_of(root), role="admin", platform=str(platform_a.pk)) == ""


def test_a_posted_platform_of_others_is_refused(
    alice: User, platform_b: Platform, client_of: ClientOf
) -> None:
    assert "another platform" in invite(client_of(alice), platform=str(platform_b.pk))
    assert not Invitation.objects.exists()


def test_the_role_is_judged_on_the_platform_that_was_chosen(
    alice: User, platform_b: Platform, client_of: ClientOf
) -> None:
    Membership.objects.create(user=alice, platform=platform_b, role=Role.MANAGER)
    assert invite(client_of(alice), platform=str(platform_b.pk)) != ""
    assert not Invitation.objects.filter(platform=platform_b).exists()


def test_members_and_people_who_were_asked_are_not_asked_again(
    alice: User, bob: User, client_of: ClientOf
) -> None:
    browser = client_of(alice)
    assert "is a member" in invite(browser, bob.email.upper())
    assert invite(browser) == ""
    assert "invited already" in invite(browser, "NINA@example.test")


def test_what_another_platform_does_is_not_felt(
    alice: User, charlie: User, platform_b: Platform, client_of: ClientOf
) -> None:
    for _number in range(throttle.INVITATION_TO_ONE.limit):
        invitations.store(SYSTEM, charlie, platform_b, "nina@example.test", Role.VIEWER)
    assert invite(client_of(alice)) == ""


@pytest.mark.parametrize("email", ["charlie@example.test", "nobody@example.test"])
def test_too_many_mails_to_one_address_read_the_same_whoever_it_is(
    email: str, alice: User, charlie: User, client_of: ClientOf
) -> None:
    browser = client_of(alice)
    for _number in range(throttle.INVITATION_TO_ONE.limit):
        assert invite(browser, email) == ""
        browser.post(f"{PAGE}{Invitation.objects.latest('pk').pk}/withdraw/")
    assert "Too many invitations within an hour" in invite(browser, email)


def test_too_many_mails_by_one_inviter_are_refused(
    alice: User, platform_a: Platform, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = client_of(alice)
    assert invite(browser, "a@example.test") == ""
    few = throttle.Throttle(Action.INVITED, 1, throttle.INVITATION_BY_ONE.window)
    monkeypatch.setattr(throttle, "INVITATION_BY_ONE", few)
    assert "Too many" in invite(browser, "b@example.test")
    page = f"{PAGE}{Invitation.objects.get().pk}/send_again/"
    assert "Too many" in browser.post(page, {"language": "en"}).content.decode()


def test_withdrawing_asks_first(alice: User, platform_a: Platform, client_of: ClientOf) -> None:
    row, _token = invitations.store(SYSTEM, alice, platform_a, "x@example.test", Role.USER)
    browser, page = client_of(alice), f"{PAGE}{row.pk}/withdraw/"
    assert browser.get(page).status_code == 200
    assert Invitation.objects.get().revoked_at is None
    assert browser.post(page).status_code == 302
    assert Invitation.objects.get().revoked_at is not None
    assert AuditEntry.objects.get(action=Action.REVOKED).actor == alice.email
    for path in ("withdraw/", "send_again/"):
        assert browser.post(f"{PAGE}{row.pk}/{path}", {"language": "en"}).status_code == 403


def test_sending_again_makes_the_sender_the_inviter(
    alice: User, root: User, platform_a: Platform, client_of: ClientOf
) -> None:
    row, _token = invitations.store(SYSTEM, alice, platform_a, "x@example.test", Role.USER)
    client_of(root).post(f"{PAGE}{row.pk}/send_again/", {"language": "ru"})
    row.refresh_from_db()
    assert row.invited_by == root


@pytest.mark.parametrize("deed", ["withdraw/", "send_again/"])
def test_the_invitation_of_an_equal_is_not_touched(
    deed: str, alice: User, root: User, platform_a: Platform, client_of: ClientOf
) -> None:
    row, _token = invitations.store(SYSTEM, root, platform_a, "x@example.test", Role.ADMIN)
    browser = client_of(alice)
    assert browser.get(f"{PAGE}{row.pk}/change/").status_code == 200
    for answer in (browser.get(f"{PAGE}{row.pk}/{deed}"), browser.post(f"{PAGE}{row.pk}/{deed}")):
        assert answer.status_code == 403


def test_an_invitation_of_another_platform_does_not_exist(
    alice: User, charlie: User, platform_a: Platform, client_of: ClientOf
) -> None:
    row, _token = invitations.store(SYSTEM, alice, platform_a, "x@example.test", Role.USER)
    browser = client_of(charlie)
    assert "x@example.test" not in browser.get(PAGE).content.decode()
    for path in ("change/", "withdraw/", "send_again/", "history/"):
        for number in (row.pk, 987654, "x"):
            assert browser.get(f"{PAGE}{number}/{path}").status_code == 404
            assert browser.post(f"{PAGE}{number}/{path}").status_code in {403, 404}
    assert Invitation.objects.get().revoked_at is None


def test_an_invitation_neither_changes_nor_is_deleted(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    row, _token = invitations.store(SYSTEM, alice, platform_a, "x@example.test", Role.USER)
    form = {"email": "y@example.test", "role": "admin", "post": "yes"}
    assert client_of(alice).post(f"{PAGE}{row.pk}/change/", form).status_code == 403
    assert client_of(alice).post(f"{PAGE}{row.pk}/delete/", form).status_code == 403


@pytest.mark.parametrize(
    "email", ["", "no-address", "a@b\nBcc: c@example.test", "x" * 300 + "@a.test"]
)
def test_what_is_no_address_is_refused(email: str, alice: User, client_of: ClientOf) -> None:
    assert invite(client_of(alice), email) != ""


def test_the_page_of_an_account_is_not_linked_from_an_invitation(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    row, _token = invitations.store(SYSTEM, alice, platform_a, "x@example.test", Role.USER)
    text = client_of(alice).get(f"{PAGE}{row.pk}/change/").content.decode()
    assert "/admin/platforms/user/" not in text
    assert factories.PASSWORD not in text


@pytest.mark.django_db(transaction=True)  # mails leave after it
def test_the_inviter_learns_that_a_mail_without_a_server_reached_nobody(
    alice: User, client_of: ClientOf, settings: Settings
) -> None:
    browser = client_of(alice)
    form = {"email": "nina@example.test", "role": "viewer", "language": "en"}
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    page = browser.post(f"{PAGE}add/", form, follow=True).content.decode()
    assert "No mail server is set" in page
    assert "on its way" not in page


@pytest.mark.django_db(transaction=True)
def test_the_inviter_learns_that_a_mail_has_left(alice: User, client_of: ClientOf) -> None:
    form = {"email": "nina@example.test", "role": "viewer", "language": "en"}
    page = client_of(alice).post(f"{PAGE}add/", form, follow=True).content.decode()
    assert "A mail is on its way to nina@example.test" in page
    assert "No mail server is set" not in page
