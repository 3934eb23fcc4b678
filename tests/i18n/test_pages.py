"""The pages in Russian, walked as a superadmin, an administrator and a viewer, hold no English."""

import re
from collections.abc import Iterator
from zoneinfo import available_timezones

import polib
import pytest
from django.http.response import HttpResponseBase
from django.test import Client
from django.utils import translation
from django.utils.functional import Promise

from exporters.models import ExporterProcess
from platforms.models import Membership, Platform, User
from platforms.roles import Role
from tests import factories
from tests.i18n import pages
from tools.messages.catalogue import message_of, path_of
from tools.messages.sources import of_packages

pytestmark = pytest.mark.django_db

WORD = re.compile(r"[A-Za-z][A-Za-z'’]+")
# Taken out before words are looked for: what is data or a name on the wire.
DATA = re.compile(
    r"""[\w.+-]+@[\w.-]+              # e-mail addresses
      | \b[a-z]+://\S+                # addresses, of services too
      | \{\w+\}                        # what a template of a command is filled with
      | \bname,\ phone,[\w, ]+reset_only\b   # the columns of a table of sockets
      | \b(?:[0-9A-F]{2}[:-]){5}[0-9A-F]{2}\b | \b[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}\b
      | \b[0-9A-Fa-f]{12}\b | \b06-42[\w-]+
      | \bplatform_id="\$platform"    # what every selector of a raw expression says
      | \b[A-Z]+(?:_[A-Z]+)+\b        # names of settings
      | \brm[a-z]_\w+                 # the beginning of a token
      | \b(?:Africa|America|Asia|Europe|Pacific)/\w+   # a time zone within a sentence
      | cubic(?:/cubic)?-1 | :\ (?:md5|[\w*]+\*\*)
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Names that Russian operators write in Latin letters, and the two languages of the switch.
NAMES = {
    *("AddReality", "Android", "API", "Apprise", "beat", "celery", "CSV", "CubicMedia", "English"),
    *(
        "Gate",
        "HTTP",
        "ID",
        "IP",
        "JSON",
        "Kannel",
        "LDAP",
        "MAC",
        "PromQL",
        "Prometheus",
        "Remosa",
    ),
    *("Service", "Sign", "SIM", "Single", "SMS", "TLS", "UTF", "Windows"),
    *("On", "bearer", "discovery", "en", "esc", "instance", "ip", "mac", "name", "outip", "ru"),
    *("http", "https", "PEM", "service"),
}
# Asked once: each call walks the whole database of time zones.
ZONES = frozenset(available_timezones())
# What a browser sends of the table within a form, when it has no rows.
NO_ROWS = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}


@pytest.fixture
def people(root: User) -> dict[str, User]:
    """A platform with rows of every kind, all of whose own words are Russian."""
    User.objects.filter(pk=root.pk).update(full_name="Корень")
    platform = factories.make_platform("Альфа", players_limit=10)
    cast = {
        role: factories.make_member(platform, role, f"{role}@example.test", full_name="Имя")
        for role in (Role.ADMIN, Role.VIEWER)
    }
    exporter = factories.make_exporter(platform, "Магазины")
    factories.make_mac(exporter, name="Экран")
    factories.make_site(platform, "Площадь")
    factories.make_invitation(platform)
    factories.make_token(owner=root, name="Токен")
    factories.make_audit_entry(platform, "цель")
    ExporterProcess.objects.create(kind="cubic", instance="cubic-1", address="127.0.0.1:1")
    root.refresh_from_db()
    return {"root": root, "admin": cast[Role.ADMIN], "viewer": cast[Role.VIEWER]}


def ids() -> dict[str, int]:
    """Return a row of each model that the admin shows."""
    found = {model._meta.label_lower: model._default_manager for model in pages.models_shown()}
    first = {label: manager.order_by("pk").first() for label, manager in found.items()}
    return {label: row.pk for label, row in first.items() if row is not None}


def in_russian(person: User | None) -> Client:
    """Return a browser of a Russian reader."""
    browser = Client(headers={"accept-language": "ru-RU,ru;q=0.9"})
    if person is not None:
        browser.force_login(person)
    return browser


def english_in(answer: HttpResponseBase) -> Iterator[str]:
    """Give the texts of a page that have English words, and those that are English messages."""
    if "text/html" not in answer.headers.get("Content-Type", "") or answer.streaming:
        return
    for text in pages.texts(answer.content.decode()):  # type: ignore[attr-defined]
        if text in NAMES or text in ZONES:
            continue
        if set(WORD.findall(DATA.sub(" ", text))) - NAMES or text in untranslated():
            yield text


def untranslated() -> set[str]:
    """Return our messages and the packages' that read differently in Russian."""
    if not _messages:
        entries = {message_of(entry) for entry in polib.pofile(str(path_of("ru", "django")))}
        with translation.override("ru"):
            for message in {*entries, *of_packages("django")}:
                if translation.gettext(message.text) != message.text:
                    _messages.add(message.text)
    return _messages


_messages: set[str] = set()


@pytest.mark.parametrize("who", ["root", "admin", "viewer"])
def test_the_pages_of_the_admin_hold_no_english(who: str, people: dict[str, User]) -> None:
    browser = in_russian(people[who])
    seen, english = 0, []
    for address in pages.admin_pages(ids()):
        answer = browser.get(address)
        seen += answer.status_code == 200
        english += [(address, text) for text in english_in(answer)]
    assert english == []
    assert seen > {"root": 45, "admin": 30, "viewer": 15}[who]


@pytest.mark.parametrize("who", ["root", "admin"])
def test_forms_that_are_sent_empty_complain_in_russian(who: str, people: dict[str, User]) -> None:
    browser = in_russian(people[who])
    complaints, english = 0, []
    for address in pages.admin_pages(ids()):
        if not re.search(
            r"/(?:add|change|paste|remove|import|password|password_change)/$", address
        ):
            continue
        answer = browser.post(address, NO_ROWS)
        complaints += b"error" in answer.content
        english += [(address, text) for text in english_in(answer)]
    assert english == []
    assert complaints >= 5


def test_the_report_of_a_mass_paste_is_russian(people: dict[str, User]) -> None:
    browser = in_russian(people["admin"])
    exporter = ids()["exporters.exporter"]
    lines = "06:42:40:92:60:B4 Новый\nнелепость\nFF:FF:FF:FF:FF:FF\n06-42-40-92-60-b4 Ещё раз"
    for deed in ("paste", "remove"):
        address = f"/admin/exporters/exporter/{exporter}/{deed}/"
        answer = browser.post(address, {"addresses": lines})
        assert answer.status_code == 200
        assert list(english_in(answer)) == []
    assert "Будет убран" in answer.content.decode()


@pytest.mark.parametrize(
    "address",
    ["/admin/login/", "/password-reset/", "/password-reset/done/", "/password-reset/complete/",
     "/password-reset/MQ/not-a-token/", "/invitations/not-a-secret/", "/no-such-page/"],
)  # fmt: skip
def test_the_pages_before_the_login_hold_no_english(address: str, db: None) -> None:
    answer = in_russian(None).get(address)
    assert 'lang="ru"' in answer.content.decode()
    assert list(english_in(answer)) == []


def test_a_refused_login_is_told_in_russian(db: None) -> None:
    answer = in_russian(None).post("/admin/login/", {"username": "x@y.test", "password": "x"})
    assert list(english_in(answer)) == []
    assert "Неверная почта или пароль." in answer.content.decode()


def test_an_error_of_the_api_is_told_in_russian(people: dict[str, User]) -> None:
    browser = in_russian(people["admin"])
    answer = browser.post("/api/v1/exporter-macs", {}, content_type="application/json")
    error = answer.json()["error"]
    told = [error["message"], *(text for texts in error["fields"].values() for text in texts)]
    assert told
    assert not [text for text in told if set(WORD.findall(text)) - NAMES - {"fields"}]


def test_the_schema_of_the_api_is_english_for_everybody(people: dict[str, User]) -> None:
    answer = in_russian(people["admin"]).get("/api/schema")
    text = b"".join(answer) if answer.streaming else answer.content
    assert not re.search("[а-яё]", text.decode(), re.IGNORECASE)


# -- the walk finds what it is for --------------------------------------------------------------


def test_the_walk_sees_english_wherever_it_may_stand(people: dict[str, User]) -> None:
    Platform.objects.update(name="Some words of English")
    address = f"/admin/platforms/platform/{ids()['platforms.platform']}/change/"
    assert "Some words of English" in set(english_in(in_russian(people["root"]).get(address)))


def test_the_walk_meets_every_model_and_a_page_of_its_own(people: dict[str, User]) -> None:
    found = set(pages.admin_pages(ids()))
    assert f"/admin/exporters/exporter/{ids()['exporters.exporter']}/paste/" in found
    for label in ids():
        assert f"/admin/{label.replace('.', '/')}/" in found
    assert isinstance(Membership._meta.verbose_name, Promise)
