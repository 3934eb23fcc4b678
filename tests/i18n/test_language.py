"""Which language somebody reads: pages, mails; and what stays in one, whoever acts."""

import ast
import logging
import os
import re
import subprocess
import sys

import pytest
from django.core import mail
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext_lazy
from pytest_django import Settings

from platforms import audit, invitations, mails
from platforms.admin.audit import PAGES, WAYS
from platforms.audit import SYSTEM, Action
from platforms.models import AuditEntry, Membership, Platform, User
from platforms.roles import Role
from remosa.logs import logging_config
from tests import factories
from tests.conftest import ClientOf
from tools.messages.extraction import parsed
from tools.messages.sources import ROOT

LOGIN = "/admin/login/"
LANGUAGE_OF_PAGE = re.compile(r'<html lang="(\w+)"')


def language_of(browser: Client, **headers: str) -> str:
    """Return the language in which the login page comes."""
    found = LANGUAGE_OF_PAGE.search(browser.get(LOGIN, headers=headers).content.decode())
    assert found
    return found[1]


# -- pages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["en", "ru"])
def test_who_has_chosen_nothing_reads_the_language_of_the_installation(
    code: str, settings: Settings, db: None
) -> None:
    settings.LANGUAGE_CODE = code
    assert language_of(Client()) == code
    assert language_of(Client(), **{"accept-language": "de"}) == code


@pytest.mark.django_db
def test_the_browsers_language_comes_before_the_installations_and_the_cookie_before_both() -> None:
    browser = Client()
    assert language_of(browser, **{"accept-language": "ru-RU,ru;q=0.9,en;q=0.8"}) == "ru"
    browser.post("/i18n/setlang/", {"language": "en", "next": LOGIN})
    assert language_of(browser, **{"accept-language": "ru"}) == "en"


def test_a_language_that_remosa_does_not_speak_is_refused_at_the_start() -> None:
    environment = {**os.environ, "LANGUAGE_CODE": "de"}
    command = [sys.executable, "-c", "import remosa.settings"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "LANGUAGE_CODE is 'de'; there are: en, ru." in done.stderr


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "1 день"), (3, "3 дня"), (7, "7 дней"), (11, "11 дней"), (21, "21 день")],
)
def test_a_number_has_its_russian_form(number: int, words: str) -> None:
    one = "It holds for %(counter)s day and works once."
    many = "It holds for %(counter)s days and works once."
    with translation.override("ru"):
        assert words in translation.ngettext(one, many, number) % {"counter": number}


# -- mails --------------------------------------------------------------------------------------


def test_an_invitation_is_written_in_the_language_that_was_chosen(
    platform_a: Platform, alice: User
) -> None:
    row = factories.make_invitation(platform_a, "new@example.test", role=Role.VIEWER)
    invitations.mail(row, alice, language="ru", link="https://r.test/invitations/x/")
    (letter,) = mail.outbox
    assert letter.subject == "Приглашение на платформу «Alpha»"
    assert "Ваша роль: Наблюдатель." in letter.body
    bare = letter.body.replace("https://r.test/invitations/x/", "")
    assert set(re.findall("[A-Za-z]+", bare)) == {"Alice", "Alpha", "Remosa"}


def test_every_mail_has_a_russian_subject_and_text() -> None:
    facts = {"platform": "П", "inviter": "И", "role": "Р", "link": "", "days": 2, "email": "п"}
    names = [path.stem for path in (ROOT / "templates/platforms/mail").glob("*.txt")]
    assert len(names) >= 2
    for name in names:
        letter = mails.compose(name, "x@y.test", "ru", facts)
        text = f"{letter.subject}\n{letter.body}"
        assert set(re.findall("[A-Za-z]+", text)) <= {"Remosa"}
        assert letter.subject


# -- what stays in one language -----------------------------------------------------------------


@pytest.mark.django_db
def test_the_audit_record_names_a_row_in_the_installations_language(platform_a: Platform) -> None:
    bob = factories.make_member(platform_a, Role.VIEWER, "bob@example.test", full_name="Bob")
    membership = Membership.objects.get(user=bob)
    with translation.override("ru"):
        line = audit.record(SYSTEM, Action.CHANGED, membership, platform_id=platform_a.pk)
    assert line.target == "bob@example.test · Viewer"


@pytest.mark.django_db
def test_the_audit_log_names_pages_and_ways_in_the_readers_language(
    root: User, client_of: ClientOf
) -> None:
    line = audit.record(SYSTEM, Action.EXPORTED, "devices", platform_id=None)
    browser = client_of(root)
    browser.cookies["django_language"] = "ru"
    page = browser.get(f"/admin/platforms/auditentry/{line.pk}/change/").content.decode()
    assert "устройства" in page
    assert "сама система" in page
    assert AuditEntry.objects.get(pk=line.pk).target == "devices"


def test_every_page_and_way_that_the_code_records_has_its_words() -> None:
    recorded, ways = set(), {audit.SYSTEM.via, "token", "api"}
    for folder in ("exporters", "platforms", "remosa"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(parsed(path.read_text())):
                if isinstance(node, ast.Call):
                    name = ast.unparse(node.func)
                    if name == "audit.record" and isinstance(node.args[2], ast.Constant):
                        recorded.add(str(node.args[2].value))
                    way = node.args[1] if name == "Actor" and len(node.args) > 1 else None
                    if isinstance(way, ast.Constant):
                        ways.add(str(way.value))
    assert recorded
    assert recorded <= set(PAGES)
    assert ways <= set(WAYS)


def test_the_log_is_english_whoever_reads_the_page() -> None:
    made = logging_config("INFO", "text")["formatters"]["remosa"]
    formatter = made.pop("()")(**made)
    record = logging.LogRecord(
        "x", logging.WARNING, "x.py", 1, "Broken: %s", (gettext_lazy("Offline"),), None
    )
    with translation.override("ru"):
        assert formatter.format(record).endswith("Broken: Offline")
        assert translation.get_language() == "ru"
