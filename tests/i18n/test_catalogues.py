"""The catalogues have every message of today's source, whole and with the same placeholders."""

import re

import polib
import pytest

from tools.messages.catalogue import FORMS, LANGUAGES, message_of, path_of, wanted
from tools.messages.extraction import Message
from tools.messages.sources import DOMAINS, known_to_packages, of_packages

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w*(?:![rsa])?(?::[^{}]*)?\}")
CATALOGUES = [(language, domain) for language in LANGUAGES for domain in DOMAINS]


def catalogue(language: str, domain: str) -> list[polib.POEntry]:
    """Return the entries of a catalogue; none where there is no file."""
    path = path_of(language, domain)
    return list(polib.pofile(str(path))) if path.exists() else []


@pytest.mark.parametrize(("language", "domain"), CATALOGUES)
def test_every_message_has_its_entry(language: str, domain: str) -> None:
    there = {message_of(entry) for entry in catalogue(language, domain)}
    messages = wanted(domain, language)
    missing = {each: places for each, places in messages.items() if each not in there}
    assert not missing, "run `make messages`, then translate what is empty"


@pytest.mark.parametrize(("language", "domain"), CATALOGUES)
def test_no_translation_is_empty_or_a_guess(language: str, domain: str) -> None:
    entries = catalogue(language, domain)
    assert [entry.msgid for entry in entries if entry.fuzzy or not _whole(entry)] == []


@pytest.mark.parametrize(("language", "domain"), CATALOGUES)
def test_nothing_is_kept_that_nobody_says_any_more(language: str, domain: str) -> None:
    said = {*wanted(domain, language), *of_packages(domain)}
    entries = catalogue(language, domain)
    assert [entry.msgid for entry in entries if message_of(entry) not in said] == []
    assert not any(entry.obsolete for entry in entries)


@pytest.mark.parametrize(("language", "domain"), CATALOGUES)
def test_every_text_keeps_its_placeholders(language: str, domain: str) -> None:
    odd = []
    for entry in catalogue(language, domain):
        originals = [placeholders(entry.msgid), placeholders(entry.msgid_plural or entry.msgid)]
        odd += [
            (entry.msgid, text) for text in _texts(entry) if placeholders(text) not in originals
        ]
    assert odd == []


@pytest.mark.parametrize(("language", "domain"), CATALOGUES)
def test_a_text_begins_and_ends_as_the_original_does(language: str, domain: str) -> None:
    """Where a line break or a blank is lost, two words of a page grow together."""
    odd = [
        (entry.msgid, text)
        for entry in catalogue(language, domain)
        for text in _texts(entry)
        if _edges(text) != _edges(entry.msgid)
    ]
    assert odd == []


def test_russian_says_nothing_in_english() -> None:
    """An entry that repeats its original is a name, or was forgotten."""
    same = {entry.msgid for entry in catalogue("ru", "django") if entry.msgid in _texts(entry)}
    names = {"IP", "Kannel", "MAC", "TLS", "PromQL", "Prometheus", "Service discovery (Prometheus)"}
    assert same <= {*names, "%(number)s SMS"}


def test_a_glossary_stands_above_the_russian() -> None:
    assert "плеер" in polib.pofile(str(path_of("ru", "django"))).header


def test_packages_leave_words_to_us_and_bring_some_themselves() -> None:
    """Unfold ships no Russian at all; Django ships all of its own."""
    lacking = {
        message.text for message, of in wanted("django", "ru").items() if "package unfold" in of
    }
    assert {"Apply Filters", "Type to search"} <= lacking
    assert Message("Please correct the error below.") not in wanted("django", "ru")
    assert len(known_to_packages("django", "ru")) > 500


def placeholders(text: str) -> set[str]:
    """Return what is filled into a text."""
    return set(PLACEHOLDER.findall(text.replace("%%", "")))


def _texts(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def _whole(entry: polib.POEntry) -> bool:
    texts = _texts(entry)
    return all(text.strip() for text in texts) and len(texts) == (
        FORMS if entry.msgid_plural else 1
    )


def _edges(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
