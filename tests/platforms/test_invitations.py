"""Invitations: who gets in, with what, once; and that an inviter learns nothing of accounts."""

import re
import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone, translation
from django.utils.translation import gettext
from pytest_django import Settings

from platforms import invitations
from platforms.audit import SYSTEM, Action
from platforms.invitations import NotAccepted, State
from platforms.models import AuditEntry, Invitation, Membership, Platform, User
from platforms.roles import Role
from tests import factories
from tests.conftest import ClientOf

pytestmark = pytest.mark.django_db

NEW = {"full_name": "Nina", "password1": "a quiet long word", "password2": "a quiet long word"}
PAGE = "/admin/platforms/invitation/"


def make_invitation(
    platform: Platform, inviter: User, email: str = "nina@example.test", role: Role = Role.VIEWER
) -> tuple[Invitation, str]:
    """Store an invitation; return it and the path of its link."""
    invitation, token = invitations.store(SYSTEM, inviter, platform, email, role)
    return invitation, f"/invitations/{token}/"


@pytest.fixture
def invited(platform_a: Platform, alice: User) -> tuple[Invitation, str]:
    """An open invitation of somebody without an account."""
    return make_invitation(platform_a, alice)


# -- who gets in --------------------------------------------------------------------------------


def test_somebody_new_chooses_name_and_password_and_is_in(
    invited: tuple[Invitation, str], platform_a: Platform
) -> None:
    browser = Client()
    assert browser.get(invited[1]).status_code == 200
    assert browser.post(invited[1], NEW).status_code == 302
    membership = Membership.objects.get(user__email="nina@example.test")
    assert (membership.platform, membership.role) == (platform_a, Role.VIEWER)
    assert membership.user.full_name == "Nina"
    assert browser.get("/admin/platforms/site/").status_code == 200


@pytest.mark.parametrize("password", ["short", "12345678901", "nina@example.test"])
def test_a_weak_password_is_refused_and_the_link_stays(
    invited: tuple[Invitation, str], password: str
) -> None:
    browser = Client()
    answer = browser.post(invited[1], {**NEW, "password1": password, "password2": password})
    assert answer.context["form"].errors["password2"]
    assert not User.objects.filter(email="nina@example.test").exists()
    assert browser.post(invited[1], NEW).status_code == 302


def test_somebody_with_an_account_joins_after_the_password(
    platform_a: Platform, alice: User, charlie: User
) -> None:
    _row, link = make_invitation(platform_a, alice, charlie.email, Role.MANAGER)
    browser = Client()
    assert browser.get(link).context["way"] == "password"
    assert browser.post(link, {"password": "wrong"}).context["form"].errors
    assert not charlie.memberships.filter(platform=platform_a).exists()
    assert browser.post(link, {"password": factories.PASSWORD}).status_code == 302
    assert charlie.memberships.get(platform=platform_a).role == Role.MANAGER


def test_an_account_of_no_platform_can_join(platform_a: Platform, alice: User) -> None:
    """The login page of the admin refuses such an account; the link must not send it there."""
    loner = factories.make_user("loner@example.test")
    _row, link = make_invitation(platform_a, alice, loner.email)
    assert Client().post(link, {"password": factories.PASSWORD}).status_code == 302
    assert loner.is_staff


def test_the_owner_of_the_account_joins_at_once_when_logged_in(
    platform_a: Platform, alice: User, charlie: User, client_of: ClientOf
) -> None:
    _row, link = make_invitation(platform_a, alice, "CHARLIE@example.test")
    browser = client_of(charlie)
    assert browser.get(link).context["way"] == "join"
    assert not charlie.memberships.filter(platform=platform_a).exists()
    browser.post(link)
    assert charlie.memberships.get(platform=platform_a).role == Role.VIEWER


def test_somebody_else_who_is_logged_in_must_log_out_first(
    invited: tuple[Invitation, str], bob: User, client_of: ClientOf
) -> None:
    browser = client_of(bob)
    assert browser.get(invited[1]).context["way"] == "other"
    assert browser.post(invited[1], NEW).context["way"] == "other"
    assert not Membership.objects.filter(role=Role.VIEWER).exclude(user=bob).exists()
    assert browser.post(invited[1], {"log_out": "1"}).status_code == 302
    assert browser.get(invited[1]).context["way"] == "new"


def test_a_member_keeps_the_role_whatever_an_invitation_says(
    platform_a: Platform, root: User, bob: User
) -> None:
    row, _link = make_invitation(platform_a, root, bob.email, Role.ADMIN)
    assert invitations.accept(row, bob, None).role == Role.VIEWER
    row.refresh_from_db()
    assert row.accepted_at is not None


def test_an_account_that_is_switched_off_stays_out(platform_a: Platform, alice: User) -> None:
    account = factories.make_user("off@example.test", is_active=False)
    _row, link = make_invitation(platform_a, alice, account.email)
    for answer in (Client().get(link), Client().post(link, {"password": factories.PASSWORD})):
        assert answer.status_code == 410
    assert not account.memberships.exists()


def test_guessing_the_password_behind_a_link_is_slowed(
    platform_a: Platform, alice: User, charlie: User
) -> None:
    _row, link = make_invitation(platform_a, alice, charlie.email)
    for _try in range(5):
        Client().post(link, {"password": "guess"})
    answer = Client().post(link, {"password": factories.PASSWORD})
    assert "Too many attempts" in answer.content.decode()
    assert not charlie.memberships.filter(platform=platform_a).exists()


def test_the_form_is_sent_with_its_origin(invited: tuple[Invitation, str]) -> None:
    """With "no-referrer" browsers send ``Origin: null``, and the CSRF check refuses the form."""
    assert Client().get(invited[1])["Referrer-Policy"] == "same-origin"


# -- links that do not hold ---------------------------------------------------------------------


def refused(link: str) -> str:
    """Return what the closed page says; nobody gets in by the link."""
    people = User.objects.count()
    answer, posted = Client().get(link), Client().post(link, NEW)
    assert answer.status_code == posted.status_code == 410
    assert User.objects.count() == people
    return str(answer.context["why"])


def test_a_link_that_never_was_is_not_found() -> None:
    answer = Client().get("/invitations/never-was/")
    assert answer.status_code == 404
    assert "not right" in answer.content.decode()


def test_a_link_works_once(invited: tuple[Invitation, str]) -> None:
    Client().post(invited[1], NEW)
    assert "already used" in refused(invited[1])


def test_a_link_expires(invited: tuple[Invitation, str]) -> None:
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "expired" in refused(invited[1])


def test_a_withdrawn_link_ends(invited: tuple[Invitation, str]) -> None:
    assert invitations.revoke(SYSTEM, invited[0])
    assert not invitations.revoke(SYSTEM, invited[0])
    assert "withdrawn" in refused(invited[1])


def test_sending_again_ends_the_link_before(invited: tuple[Invitation, str], alice: User) -> None:
    token = invitations.renew(SYSTEM, alice, invited[0])
    assert Client().get(invited[1]).status_code == 404
    assert Client().get(f"/invitations/{token}/").status_code == 200


def test_what_was_accepted_or_withdrawn_is_not_sent_again(
    invited: tuple[Invitation, str], alice: User
) -> None:
    invitations.revoke(SYSTEM, invited[0])
    assert invitations.renew(SYSTEM, alice, invited[0]) is None


@pytest.mark.parametrize("change", ["demoted", "removed", "switched off", "deleted", "shut"])
def test_the_inviter_must_still_have_the_right(
    change: str, invited: tuple[Invitation, str], alice: User, platform_a: Platform
) -> None:
    if change == "demoted":
        Membership.objects.filter(user=alice).update(role=Role.MANAGER)
    elif change == "removed":
        Membership.objects.filter(user=alice).delete()
    elif change == "switched off":
        User.objects.filter(pk=alice.pk).update(is_active=False)
    elif change == "deleted":
        alice.delete()
    else:
        Platform.objects.filter(pk=platform_a.pk).update(active=False)
    assert "no longer holds" in refused(invited[1])
    with pytest.raises(NotAccepted):
        invitations.accept(invited[0], factories.make_user(), None)
    assert Invitation.objects.get().accepted_at is None


def test_an_administrator_cannot_have_invited_an_equal(platform_a: Platform, alice: User) -> None:
    _row, link = make_invitation(platform_a, alice, role=Role.ADMIN)
    assert "no longer holds" in refused(link)


def test_a_superadmin_invites_administrators(platform_a: Platform, root: User) -> None:
    _row, link = make_invitation(platform_a, root, role=Role.ADMIN)
    assert Client().post(link, NEW).status_code == 302
    assert Membership.objects.get(platform=platform_a).role == Role.ADMIN


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_of_many_who_open_the_link_at_once_one_gets_in(platform_a: Platform, alice: User) -> None:
    row, _link = make_invitation(platform_a, alice)
    people = [factories.make_user() for _number in range(6)]
    start, inside = threading.Barrier(len(people)), []

    def accept(person: User) -> None:
        try:
            start.wait()
            mine = Invitation.objects.get(pk=row.pk)
            invitations.accept(mine, person, None)
            inside.append(person)
        except NotAccepted:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=accept, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(inside) == 1
    assert Membership.objects.exclude(user=alice).count() == 1


# -- what is kept and told ----------------------------------------------------------------------


def test_only_a_digest_of_the_link_is_stored(invited: tuple[Invitation, str]) -> None:
    token = invited[1].split("/")[2]
    values = [str(value) for value in Invitation.objects.values_list().get()]
    lines = [str(line) for line in AuditEntry.objects.values_list()]
    assert not any(token in text for text in values + lines)


def test_states_follow_from_the_row(invited: tuple[Invitation, str]) -> None:
    row, now = invited[0], timezone.now()
    assert invitations.state_of(row, now) is State.NOT_SENT
    row.sent_at = now
    assert invitations.state_of(row, now) is State.WAITING
    assert invitations.state_of(row, now + timedelta(days=8)) is State.EXPIRED
    row.revoked_at = now
    assert invitations.state_of(row, now) is State.REVOKED
    row.accepted_at = now
    assert invitations.state_of(row, now) is State.ACCEPTED


def test_members_do_not_learn_that_the_account_is_new(
    invited: tuple[Invitation, str], platform_a: Platform
) -> None:
    Client().post(invited[1], NEW)
    shown = AuditEntry.objects.filter(platform=platform_a).values_list("action", "target_type")
    assert set(shown) == {
        (Action.INVITED, "platforms.invitation"),
        (Action.ACCEPTED, "platforms.invitation"),
        (Action.CREATED, "platforms.membership"),
    }
    opened = AuditEntry.objects.get(target_type="platforms.user")
    assert (opened.platform_id, opened.actor) == (None, "nina@example.test")


def invite(browser: Client, **fields: str) -> list[str]:
    """Send an invitation on the page; return what the inviter is told."""
    form = {"email": "nina@example.test", "role": "viewer", "language": "en", **fields}
    answer = browser.post(f"{PAGE}add/", form)
    assert answer.status_code == 302, answer.context["errors"]
    return [str(message) for message in browser.get(PAGE).context["messages"]]


@pytest.mark.django_db(transaction=True)
def test_an_inviter_is_told_the_same_whether_or_not_there_is_an_account(
    alice: User,
    charlie: User,
    client_of: ClientOf,
) -> None:
    browser, told, mails = client_of(alice), [], []
    for email in (charlie.email, "nobody@example.test"):
        said = invite(browser, email=email)
        page = browser.get(f"{PAGE}{Invitation.objects.get(email=email).pk}/change/")
        text = "\n".join([*said, page.content.decode()])
        text = re.sub(r'value="[A-Za-z0-9]{64}"', "", re.sub(email, "X", text, flags=re.IGNORECASE))
        told.append(re.sub(r"\d", "", text))
        mails.append(re.sub(r"invitations/\S+", "", str(mail.outbox[-1].body)))
    assert told[0] == told[1]
    assert mails[0] == mails[1]
    assert not Membership.objects.filter(user=charlie, platform__name="Alpha").exists()


@pytest.mark.django_db(transaction=True)
def test_the_mail_carries_the_link_in_the_language_that_was_chosen(
    alice: User,
    client_of: ClientOf,
    settings: Settings,
) -> None:
    settings.PUBLIC_URL = "https://remosa.example.test/"
    browser = client_of(alice)
    invite(browser, language="ru")
    (letter,) = mail.outbox
    with translation.override("ru"):
        assert letter.subject == gettext("Invitation to %(platform)s") % {"platform": "Alpha"}
        assert gettext("Open this link to accept:") in letter.body
    assert letter.to == ["nina@example.test"]
    link = re.search(r"https://remosa\.example\.test(/invitations/\S+)", str(letter.body))
    assert link is not None
    assert Client().get(link[1]).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_name_of_several_lines_writes_no_lines_of_its_own_into_the_mail(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    User.objects.filter(pk=alice.pk).update(full_name="Al\r\n\r\nPay here: http://evil.test")
    Platform.objects.filter(pk=platform_a.pk).update(name="Alpha\nBcc: x@evil.test")
    invite(client_of(alice))
    (letter,) = mail.outbox
    assert letter.subject == "Invitation to Alpha Bcc: x@evil.test"
    assert not re.search(r"^(Pay|Bcc)", str(letter.body), re.MULTILINE)


@pytest.mark.django_db(transaction=True)
def test_without_a_public_address_the_link_leads_where_the_inviter_is(
    alice: User, client_of: ClientOf
) -> None:
    invite(client_of(alice))
    assert "http://testserver/invitations/" in str(mail.outbox[0].body)


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_does_not_leave_is_told_and_the_invitation_can_be_sent_again(
    alice: User,
    client_of: ClientOf,
    settings: Settings,
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    browser = client_of(alice)
    said = invite(browser)
    assert any("could not be sent" in text for text in said)
    row = Invitation.objects.get()
    assert invitations.state_of(row, timezone.now()) is State.NOT_SENT
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    browser.post(f"{PAGE}{row.pk}/send_again/", {"language": "en"})
    row.refresh_from_db()
    assert invitations.state_of(row, timezone.now()) is State.WAITING
    assert len(mail.outbox) == 1
