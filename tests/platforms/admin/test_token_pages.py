"""Pages of API tokens: one's own only, and the secret in one answer only."""

from datetime import timedelta

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from platforms import tokens
from platforms.audit import Action
from platforms.models import ApiToken, AuditEntry, Platform, TokenKind, User
from tests import factories
from tests.conftest import ClientOf

pytestmark = pytest.mark.django_db

PAGE = "/admin/platforms/apitoken/"


def make(browser: Client, **fields: str) -> str:
    """Make a token on the page; return its secret, "" when the form was refused."""
    answer = browser.post(f"{PAGE}add/", {"name": "Mine", "read_only": "on", **fields})
    assert answer.status_code == 200
    return str((answer.context_data or {}).get("secret", ""))


def test_the_secret_is_shown_in_one_answer_and_never_again(
    bob: User, client_of: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    browser = client_of(bob)
    caplog.set_level(0)
    answer = browser.post(f"{PAGE}add/", {"name": "Mine", "read_only": "on"})
    secret = (answer.context_data or {})["secret"]
    assert answer.content.decode().count(secret) == 1
    assert "no-store" in answer["Cache-Control"]
    token = tokens.find(secret)
    assert token is not None
    assert (token.owner, token.kind, token.read_only) == (bob, TokenKind.USER, True)
    later = [browser.get(path) for path in (PAGE, f"{PAGE}{token.pk}/change/", "/admin/")]
    texts = [answer.content.decode() for answer in later]
    texts += [caplog.text, str(browser.cookies), str(dict(browser.session))]
    texts += [str(row) for row in AuditEntry.objects.values_list()]
    assert not any(secret in text or token.digest in text for text in texts)


def test_members_make_tokens_of_people_for_themselves(
    bob: User, alice: User, client_of: ClientOf
) -> None:
    more = {"kind": "exporter", "exporter_kind": "cubic", "owner": str(alice.pk), "digest": "x"}
    token = tokens.find(make(client_of(bob), **more))
    assert token is not None
    assert (token.owner, token.kind, token.exporter_kind) == (bob, TokenKind.USER, "")


def test_a_token_is_for_a_platform_of_ones_own(
    bob: User, platform_a: Platform, platform_b: Platform, client_of: ClientOf
) -> None:
    browser = client_of(bob)
    assert make(browser, platform=str(platform_b.pk)) == ""
    token = tokens.find(make(browser, platform=str(platform_a.pk)))
    assert token is not None
    assert token.platform == platform_a


def test_a_token_that_is_dead_at_once_is_refused(bob: User, client_of: ClientOf) -> None:
    then = timezone.localtime() - timedelta(minutes=1)
    expiry = {"expires_at_0": then.strftime("%Y-%m-%d"), "expires_at_1": then.strftime("%H:%M:%S")}
    assert make(client_of(bob), **expiry) == ""
    assert not ApiToken.objects.exists()


def test_a_token_that_outlives_every_calendar_is_refused(bob: User, client_of: ClientOf) -> None:
    """West of Greenwich it would be stored as a moment that cannot be read again."""
    expiry = {"expires_at_0": "9999-12-31", "expires_at_1": "23:59:00"}
    with timezone.override("America/New_York"), override_settings(TIME_ZONE="America/New_York"):
        assert make(client_of(bob), **expiry) == ""
    assert not ApiToken.objects.exists()


def test_nobody_sees_the_token_of_another(
    alice: User, bob: User, platform_a: Platform, client_of: ClientOf
) -> None:
    secret = make(client_of(bob), name="Of bob alone", platform=str(platform_a.pk))
    token = tokens.find(secret)
    assert token is not None
    browser = client_of(alice)
    for page in (PAGE, "/admin/platforms/auditentry/"):
        text = browser.get(page).content.decode()
        assert "Of bob alone" not in text
        assert token.prefix not in text
    for path in ("change/", "revoke/", "history/"):
        for number in (token.pk, 987654):
            assert browser.get(f"{PAGE}{number}/{path}").status_code == 404
            assert browser.post(f"{PAGE}{number}/{path}", {}).status_code in {403, 404}
    assert tokens.find(secret) is not None


def test_revoking_asks_first_and_then_ends_the_token(bob: User, client_of: ClientOf) -> None:
    browser = client_of(bob)
    secret = make(browser)
    page = f"{PAGE}{ApiToken.objects.get().pk}/revoke/"
    browser.get(page)
    assert tokens.find(secret) is not None
    assert browser.post(page).status_code == 302
    assert tokens.find(secret) is None
    assert AuditEntry.objects.filter(action=Action.REVOKED, actor=bob.email).count() == 1
    assert browser.post(page).status_code == 403


def test_revoking_needs_the_form_of_our_page(bob: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(bob)
    token, secret = factories.make_token(owner=bob)
    assert browser.post(f"{PAGE}{token.pk}/revoke/").status_code == 403
    assert tokens.find(secret) is not None


def test_a_person_can_revoke_a_token_of_a_platform_that_was_left(
    bob: User, platform_a: Platform, platform_b: Platform, client_of: ClientOf
) -> None:
    token, secret = factories.make_token(owner=bob, platform=platform_b)
    browser = client_of(bob)
    assert browser.get(f"{PAGE}{token.pk}/change/").status_code == 200
    browser.post(f"{PAGE}{token.pk}/revoke/")
    assert tokens.find(secret) is None


def test_a_token_neither_changes_nor_is_deleted(bob: User, client_of: ClientOf) -> None:
    token, _secret = factories.make_token(owner=bob, name="Before")
    browser = client_of(bob)
    form = {"name": "After", "post": "yes"}
    assert browser.post(f"{PAGE}{token.pk}/change/", form).status_code == 403
    assert browser.post(f"{PAGE}{token.pk}/delete/", form).status_code == 403
    assert ApiToken.objects.get().name == "Before"


def test_superadmins_make_tokens_of_machines(
    root: User, platform_a: Platform, client_of: ClientOf
) -> None:
    browser = client_of(root)
    wanted = {"kind": "exporter", "exporter_kind": "cubic", "platform": str(platform_a.pk)}
    token = tokens.find(make(browser, **wanted))
    assert token is not None
    assert (token.owner, token.kind, token.exporter_kind) == (None, "exporter", "cubic")
    assert AuditEntry.objects.get(action=Action.CREATED).platform == platform_a
    token = tokens.find(make(browser, kind="discovery", exporter_kind="cubic"))
    assert token is not None
    assert (token.owner, token.exporter_kind) == (None, "")


@pytest.mark.parametrize("exporter_kind", ["", "tv"])
def test_the_token_of_an_exporter_names_a_kind_that_exists(
    exporter_kind: str, root: User, client_of: ClientOf
) -> None:
    assert make(client_of(root), kind="exporter", exporter_kind=exporter_kind) == ""
    assert not ApiToken.objects.exists()
