"""Keeps a catalogue of translations in step with the messages: adds, keeps, drops."""

import re
from collections.abc import Mapping
from pathlib import Path

import polib

from tools.messages import sources
from tools.messages.extraction import Message

LANGUAGES = ("ru",)
METADATA = {
    "Project-Id-Version": "Remosa",
    "Language": "ru",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": (
        "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : "
        "n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);"
    ),
}
FORMS = 3
PYTHON_FORMAT = re.compile(r"%\(\w+\)[sd]")


def path_of(language: str, domain: str) -> Path:
    """Return where a catalogue lies."""
    return sources.ROOT / "locale" / language / "LC_MESSAGES" / f"{domain}.po"


def message_of(entry: polib.POEntry) -> Message:
    """Return what an entry translates."""
    return Message(entry.msgid, entry.msgid_plural or "", entry.msgctxt or "")


def wanted(domain: str, language: str) -> dict[Message, set[str]]:
    """Return what our catalogue must translate: our messages, and what packages leave in English.

    The origins of ours are files, those of others are ``package <name>``.
    """
    found = sources.ours(domain)
    known = sources.known_to_packages(domain, language)
    for message, packages in sources.of_packages(domain).items():
        if message not in found and message not in known:
            found[message] = {f"package {name}" for name in packages}
    return found


def updated(old: polib.POFile, domain: str, language: str) -> polib.POFile:
    """Return the catalogue with new messages, empty, and without those that are gone.

    A translation in the place of a package's own stays as long as the package has the message.
    """
    messages = wanted(domain, language)
    theirs = sources.of_packages(domain)
    translated = {message_of(entry): entry for entry in old}
    for message in translated:
        if message not in messages and message in theirs:
            messages[message] = {f"package {name}" for name in theirs[message]}
    new = polib.POFile(wrapwidth=0)
    new.header = old.header
    new.metadata = METADATA
    for message, origins in sorted(messages.items(), key=_order):
        new.append(_entry(message, origins, translated))
    return new


def update(domain: str, language: str) -> tuple[Path, int]:
    """Rewrite a catalogue; return where it lies, and how many translations it lacks."""
    path = path_of(language, domain)
    old = polib.pofile(str(path)) if path.exists() else polib.POFile()
    new = updated(old, domain, language)
    if new or path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        new.save(str(path))
    return path, sum(1 for entry in new if not entry.translated())


def _order(item: tuple[Message, set[str]]) -> tuple[bool, str, Message]:
    """Ours first, by file; then those of packages."""
    message, origins = item
    first = min(origins)
    return first.startswith("package "), first, message


def _entry(
    message: Message, origins: set[str], translated: Mapping[Message, polib.POEntry]
) -> polib.POEntry:
    entry = polib.POEntry(msgid=message.text, msgctxt=message.context or None)
    old = translated.get(message)
    if message.plural:
        entry.msgid_plural = message.plural
        entry.msgstr_plural = old.msgstr_plural if old else dict.fromkeys(range(FORMS), "")
    else:
        entry.msgstr = old.msgstr if old else ""
    if old:
        entry.tcomment = old.tcomment
        entry.flags = [flag for flag in old.flags if flag == "fuzzy"]
    if PYTHON_FORMAT.search(message.text + message.plural):
        entry.flags.append("python-format")
    # Without line numbers: they would change the file with every edit of the code.
    entry.occurrences = [(each, "") for each in sorted(origins) if not each.startswith("package ")]
    entry.comment = "\n".join(sorted(each for each in origins if each.startswith("package ")))
    return entry
