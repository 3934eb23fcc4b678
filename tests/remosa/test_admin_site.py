"""The door of the admin: log in and out, slow whoever guesses, languages, what is not served."""

import re
import time
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from platforms import throttle
from platforms.audit import Action, Actor, record
from platforms.models import AuditEntry, Membership, Platform, User
from platforms.roles import Role
from tests import factories
from tests.conftest import ClientOf

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"


def log_in(email: str, password: str = factories.PASSWORD, browser: Client | None = None) -> str:
    """Try to log in; return what the page says, "" when it let the person in."""
    browser = browser or Client()
    answer = browser.post(LOGIN, {"username": email, "password": password})
    if answer.status_code == 302:
        return ""
    return " ".join(answer.context["form"].non_field_errors())


def lines(action: Action) -> list[str]:
    """Return who did this, in order."""
    found = AuditEntry.objects.filter(action=action).order_by("pk")
    return list(found.values_list("actor", flat=True))


# -- in and out ---------------------------------------------------------------------------------


def test_a_member_comes_in_by_email_however_it_is_spelled(bob: User) -> None:
    assert log_in(" BOB@Example.test ") == ""
    assert lines(Action.LOGGED_IN) == [bob.email]


def test_a_wrong_password_and_an_unknown_account_read_the_same(bob: User) -> None:
    assert log_in(bob.email, "wrong") == log_in("nobody@example.test", "wrong") != ""
    assert lines(Action.LOGIN_FAILED) == [bob.email, "nobody@example.test"]


def test_an_account_that_is_switched_off_reads_as_a_wrong_password(bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert log_in(bob.email) == log_in("nobody@example.test")


def test_an_account_without_platform_is_told_what_to_do(db: None) -> None:
    account = factories.make_user()
    assert "Ask an administrator" in log_in(account.email)
    assert "Ask an administrator" not in log_in(account.email, "wrong")


def test_what_is_no_address_is_not_written_into_the_record(db: None) -> None:
    """People type the password into the field of the login."""
    log_in("my secret pass phrase")
    assert lines(Action.LOGIN_FAILED) == ["(no e-mail)"]


def test_a_password_never_stands_in_the_record(bob: User) -> None:
    log_in(bob.email, "a wrong pass phrase")
    log_in(bob.email)
    assert not any("pass phrase" in str(row) for row in AuditEntry.objects.values_list())


def test_guessing_is_slowed_after_five_failures(bob: User) -> None:
    for _try in range(5):
        log_in(bob.email, "guess")
    assert "Too many attempts" in log_in(bob.email)
    assert len(lines(Action.LOGIN_FAILED)) == 5


def test_a_slowed_guess_does_not_tell_whether_the_account_exists(bob: User) -> None:
    for email in (bob.email, "nobody@example.test"):
        for _try in range(5):
            log_in(email, "guess")
    assert log_in(bob.email) == log_in("nobody@example.test")


def test_an_address_that_tries_many_accounts_is_slowed(bob: User) -> None:
    for number in range(throttle.LOGIN_FROM_ONE.limit):
        record(
            Actor(f"user{number}@example.test", "admin", address="127.0.0.1"),
            Action.LOGIN_FAILED,
            "login",
            platform_id=None,
        )
    assert "Too many attempts" in log_in(bob.email)
    stranger = Client(REMOTE_ADDR="10.1.1.1")
    assert log_in(bob.email, browser=stranger) == ""


def test_the_throttle_comes_off_after_a_quarter_of_an_hour(bob: User) -> None:
    for _try in range(5):
        log_in(bob.email, "guess")
    facts = {"actor": bob.email, "address": "127.0.0.1"}
    now = timezone.now()
    assert throttle.LOGIN_OF_ONE.is_on(now, **facts)
    assert not throttle.LOGIN_OF_ONE.is_on(now + timedelta(minutes=16), **facts)


def test_logging_out_is_recorded(bob: User, client_of: ClientOf) -> None:
    browser = client_of(bob)
    assert browser.get("/admin/logout/").status_code == 405
    browser.post("/admin/logout/")
    assert lines(Action.LOGGED_OUT) == [bob.email]
    assert browser.get("/admin/platforms/site/").status_code == 302


def test_changing_the_own_password_is_recorded_without_it(bob: User, client_of: ClientOf) -> None:
    browser, new = client_of(bob), "another long pass phrase"
    form = {"old_password": factories.PASSWORD, "new_password1": new, "new_password2": new}
    browser.post("/admin/password_change/", {**form, "new_password2": "x"})
    assert lines(Action.PASSWORD_CHANGED) == []
    assert browser.post("/admin/password_change/", form).status_code == 302
    line = AuditEntry.objects.get(action=Action.PASSWORD_CHANGED)
    assert (line.actor, line.before, line.after) == (bob.email, {}, {})
    assert log_in(bob.email, new) == ""


# -- what is served to whom ---------------------------------------------------------------------

EVERYBODY = {"apitoken", "auditentry", "notice", "platform", "site"}
CHANNELS = {"delivery", "notificationchannel"}
PAGES_OF = {
    "alice": {*EVERYBODY, *CHANNELS, "invitation", "membership"},
    "mona": {*EVERYBODY, *CHANNELS},
    "bob": EVERYBODY,
    "root": {*EVERYBODY, *CHANNELS, "invitation", "membership", "tick", "user"},
}
# The page of a channel leads there.
NOT_IN_THE_SIDEBAR = {"delivery"}


@pytest.mark.parametrize(("who", "pages"), PAGES_OF.items())
def test_the_list_of_pages_shows_what_the_person_may_see(
    who: str, pages: set[str], client_of: ClientOf, request: pytest.FixtureRequest
) -> None:
    browser = client_of(request.getfixturevalue(who))
    text = browser.get("/admin/platforms/").content.decode()
    content = text[text.index('id="content"') :]
    assert set(re.findall(r'href="/admin/platforms/(\w+)/"', content)) == pages


@pytest.mark.parametrize(("who", "pages"), PAGES_OF.items())
def test_the_sidebar_leads_only_where_the_person_may_go(
    who: str, pages: set[str], client_of: ClientOf, request: pytest.FixtureRequest
) -> None:
    browser = client_of(request.getfixturevalue(who))
    text = browser.get("/admin/password_change/").content.decode()
    links = set(re.findall(r'href="(/admin/[a-z]+/[a-z]+/(?:[0-9]+/change/)?)"', text))
    assert {link.split("/")[3] for link in links if "/platforms/" in link} == (
        pages - NOT_IN_THE_SIDEBAR
    )
    answers = {link: browser.get(link, follow=True).status_code for link in links}
    assert set(answers.values()) == {200}, answers


def test_the_limits_of_the_only_platform_are_one_click_away(
    bob: User, platform_a: Platform, client_of: ClientOf
) -> None:
    text = client_of(bob).get("/admin/password_change/").content.decode()
    assert f'href="/admin/platforms/platform/{platform_a.pk}/change/"' in text
    assert 'href="/admin/platforms/platform/"' not in text


def test_who_has_several_platforms_chooses_whose_limits_to_read(
    bob: User, platform_b: Platform, client_of: ClientOf
) -> None:
    Membership.objects.create(user=bob, platform=platform_b, role=Role.VIEWER)
    text = client_of(bob).get("/admin/password_change/").content.decode()
    assert 'href="/admin/platforms/platform/"' in text
    assert "/admin/platforms/platform/1" not in text


def test_nobody_else_gets_a_page_or_the_names_of_pages(db: None, client_of: ClientOf) -> None:
    for browser in (Client(), client_of(factories.make_user())):
        for path in ("/admin/", "/admin/platforms/", "/admin/search/?s=site"):
            assert browser.get(path).status_code == 302
        assert "/admin/platforms/" not in browser.get(LOGIN).content.decode()


def test_the_palette_finds_pages_and_never_rows(
    alice: User, bob: User, client_of: ClientOf
) -> None:
    browser = client_of(bob)
    for words in ("site", "SIT"):
        assert "/admin/platforms/site/" in browser.get(f"/admin/search/?s={words}").content.decode()
    for words in ("member", "alice", "Alpha", ""):
        for extended in ("", "&extended=1"):
            text = browser.get(f"/admin/search/?s={words}{extended}").content.decode()
            assert "/admin/" not in text


def test_the_palette_takes_any_page_number(bob: User, client_of: ClientOf) -> None:
    assert client_of(bob).get("/admin/search/?s=site&page=abc").status_code == 200


def test_the_palette_forgets_what_a_person_may_no_longer_see(
    alice: User, client_of: ClientOf
) -> None:
    browser = client_of(alice)
    assert "membership" in browser.get("/admin/search/?s=member").content.decode()
    alice.memberships.update(role="viewer")
    assert "membership" not in browser.get("/admin/search/?s=member").content.decode()


def test_there_is_no_view_on_site(root: User, client_of: ClientOf) -> None:
    assert client_of(root).get("/admin/r/1/1/").status_code == 404


def test_django_groups_have_no_page(root: User, client_of: ClientOf) -> None:
    assert client_of(root).get("/admin/auth/group/").status_code == 404


# -- languages ----------------------------------------------------------------------------------


def test_the_language_can_be_switched_before_the_login_and_stays(bob: User) -> None:
    browser = Client()
    assert 'action="/i18n/setlang/"' in browser.get(LOGIN).content.decode()
    answer = browser.post("/i18n/setlang/", {"language": "ru", "next": LOGIN})
    assert answer["Location"] == LOGIN
    assert browser.cookies["django_language"]["max-age"] == 365 * 24 * 3600
    assert "Пароль" in browser.get(LOGIN).content.decode()
    log_in(bob.email, browser=browser)
    assert '<html lang="ru"' in browser.get("/admin/platforms/site/").content.decode()
    browser.post("/admin/logout/")
    assert '<html lang="ru"' in browser.get(LOGIN).content.decode()


def test_the_language_can_be_switched_inside(bob: User, client_of: ClientOf) -> None:
    browser = client_of(bob)
    page = "/admin/platforms/site/"
    text = browser.get(page).content.decode()
    assert text.count('action="/i18n/setlang/"') == 2
    answer = browser.post("/i18n/setlang/", {"language": "ru"}, headers={"Referer": page})
    assert answer["Location"] == page
    assert '<html lang="ru"' in browser.get(page).content.decode()


def test_the_switch_leads_to_no_other_site() -> None:
    answer = Client().post("/i18n/setlang/", {"language": "ru", "next": "https://evil.test/"})
    assert answer["Location"] == "/"


# -- a new password by mail ---------------------------------------------------------------------

RESET = "/password-reset/"


def mails(count: int) -> list[mail.EmailMessage]:
    """Wait for the mails, which leave after the answer."""
    deadline = time.monotonic() + 5
    while len(mail.outbox) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    return list(mail.outbox)


def test_the_login_page_leads_to_the_reset() -> None:
    assert f'href="{RESET}"' in Client().get(LOGIN).content.decode()


def test_a_forgotten_password_is_set_anew_once(bob: User, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://remosa.example.test"
    browser = Client()
    assert browser.post(RESET, {"email": "BOB@example.test"})["Location"] == f"{RESET}done/"
    (letter,) = mails(1)
    link = re.search(r"https://remosa\.example\.test(\S+)", str(letter.body))
    assert link is not None
    form = browser.get(link[1])["Location"]
    new = {"new_password1": "a quiet long word", "new_password2": "a quiet long word"}
    weak = browser.post(form, {"new_password1": "short", "new_password2": "short"})
    assert weak.context["form"].errors
    assert browser.post(form, new).status_code == 302
    assert log_in(bob.email, "a quiet long word") == ""
    assert "used already" in Client().get(link[1]).content.decode()
    assert lines(Action.PASSWORD_CHANGED) == [bob.email]


def test_the_answer_is_the_same_whether_or_not_there_is_an_account(bob: User) -> None:
    off = factories.make_user("off@example.test", is_active=False)
    for email in (bob.email, off.email, "nobody@example.test"):
        answer = Client().post(RESET, {"email": email})
        assert (answer.status_code, answer["Location"]) == (302, f"{RESET}done/")
    assert [letter.to for letter in mails(1)] == [[bob.email]]
    assert len(lines(Action.RESET_ASKED)) == 3


def test_a_mail_server_that_hangs_does_not_delay_the_answer(bob: User, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "tests.remosa.slow_mail.SlowBackend"
    started = time.monotonic()
    assert Client().post(RESET, {"email": bob.email}).status_code == 302
    assert time.monotonic() - started < 0.5


@pytest.mark.parametrize(("email", "letters"), [("bob@example.test", 3), ("nobody@x.test", 0)])
def test_asking_too_often_reads_the_same_whoever_is_asked_for(
    bob: User, email: str, letters: int
) -> None:
    for _try in range(throttle.RESET_OF_ONE.limit):
        Client().post(RESET, {"email": email})
    answer = Client().post(RESET, {"email": email.upper()})
    assert "Try again in an hour" in answer.content.decode()
    assert len(mails(letters)) == letters
    assert len(lines(Action.RESET_ASKED)) == 3


def test_an_account_without_password_gets_its_first_by_reset(platform_a: Platform) -> None:
    User.objects.create_user("new@example.test")
    Client().post(RESET, {"email": "new@example.test"})
    assert [letter.to for letter in mails(1)] == [["new@example.test"]]


@pytest.mark.parametrize("path", ["MQ/abc/", "x/y/", "MQ/set-password/", "LTE/a-b/"])
def test_a_wrong_reset_link_gets_a_clear_page(path: str) -> None:
    answer = Client().get(f"{RESET}{path}")
    assert "Ask for a new one" in answer.content.decode()


# -- odd requests -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/admin/platforms/site/?q=a%00b", "/admin/platforms/site/%00/"])
def test_a_nul_character_in_an_address_gets_a_page_that_says_so(
    path: str, bob: User, client_of: ClientOf
) -> None:
    answer = client_of(bob).get(path)
    assert answer.status_code == 400
    assert "makes no sense" in answer.content.decode()


def test_a_nul_character_in_an_address_of_the_api_gets_its_shape_of_errors(db: None) -> None:
    answer = Client().get("/api/v1/exporters/?search=%00")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid"


@pytest.mark.parametrize(
    ("path", "language", "words"),
    [("/no-such-page/", "en", "no such page"), ("/admin/no-such/", "ru", 'lang="ru"')],
)
def test_a_page_that_is_not_there_says_so_in_the_readers_language(
    path: str, language: str, words: str, bob: User, client_of: ClientOf
) -> None:
    browser = client_of(bob)
    browser.cookies["django_language"] = language
    answer = browser.get(path)
    assert answer.status_code == 404
    assert words in answer.content.decode()


# -- the side doors of Django's admin -----------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/admin/platforms/site/add/?_popup=1&_to_field=password", 400),
        ("/admin/platforms/membership/?_to_field=user__password", 400),
        ("/admin/platforms/platform/?_popup=1&_to_field=id", 200),
        ("/admin/autocomplete/?app_label=platforms&model_name=membership&field_name=user", 403),
        ("/admin/autocomplete/?app_label=platforms&model_name=user&field_name=email", 403),
        ("/admin/autocomplete/?app_label=auth&model_name=user&field_name=groups", 403),
    ],
)
def test_a_side_door_of_the_admin_is_shut(
    path: str, status: int, alice: User, client_of: ClientOf
) -> None:
    assert client_of(alice).get(path).status_code == status


def test_autocompletion_offers_ones_own_platforms(
    alice: User, charlie: User, client_of: ClientOf
) -> None:
    query = "app_label=platforms&model_name=site&field_name=platform"
    answer = client_of(alice).get(f"/admin/autocomplete/?{query}")
    assert [found["text"] for found in answer.json()["results"]] == ["Alpha"]


def test_a_list_is_not_edited_in_place(alice: User, bob: User, client_of: ClientOf) -> None:
    row = bob.memberships.get()
    form = {
        "form-TOTAL_FORMS": "1",
        "form-INITIAL_FORMS": "1",
        "form-0-id": str(row.pk),
        "form-0-role": "admin",
        "_save": "Save",
    }
    client_of(alice).post("/admin/platforms/membership/", form)
    row.refresh_from_db()
    assert row.role == "viewer"


def test_saving_as_new_makes_nothing_where_nothing_may_be_made(
    alice: User, bob: User, client_of: ClientOf
) -> None:
    row = bob.memberships.get()
    form = {"_saveasnew": "1", "role": "viewer", "user": str(alice.pk)}
    answer = client_of(alice).post(f"/admin/platforms/membership/{row.pk}/change/", form)
    assert answer.status_code == 403


# -- what every page has ------------------------------------------------------------------------


def test_every_page_has_an_icon(alice: User, client_of: ClientOf) -> None:
    browser = client_of(alice)
    icon = '<link rel="icon" href="/static/remosa/favicon'
    assert icon in browser.get("/admin/").content.decode()
    assert icon in Client().get(LOGIN).content.decode()
    assert browser.get("/favicon.ico").headers["Location"].startswith("/static/remosa/favicon")


def test_a_list_is_headed_by_its_own_name_alone(alice: User, client_of: ClientOf) -> None:
    page = client_of(alice).get("/admin/exporters/exporter/").content.decode()
    heading = page[page.index("<h1") : page.index("</h1>")]
    assert re.sub(r"<[^>]*>|\s+", "", heading) == "Exporters"


def test_an_empty_list_reads_otherwise_than_a_search_without_result(
    alice: User, client_of: ClientOf
) -> None:
    browser = client_of(alice)
    empty = browser.get("/admin/platforms/site/").content.decode()
    assert "Nothing here yet" in empty
    assert "Reset filters" not in empty
    searched = browser.get("/admin/platforms/site/?q=nowhere").content.decode()
    assert "Nothing matches" in searched
    assert "Reset filters" in searched


def test_a_wrong_password_is_told_once(bob: User) -> None:
    page = Client().post(LOGIN, {"username": bob.email, "password": "wrong"}).content.decode()
    assert "The e-mail or the password is not right." in page
    assert "correct the error" not in page
