"""Where messages come from: our own files, and the packages whose words people see too."""

import importlib.util
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import polib

from tools.messages.extraction import Message, of_javascript, of_python, of_template

ROOT = Path(__file__).resolve().parents[2]
OURS = ("demo", "devices", "exporters", "jobs", "platforms", "remosa", "static", "templates")
# What is not shown to people, or only to those who write programs.
SKIPPED = {"tests", "test", "locale", "migrations", "node_modules", "vendor", "__pycache__"}
TEMPLATES = {".html", ".txt", ".js-t"}
DOMAINS = ("django", "djangojs")
# Parts of Django itself that no installed application of it brings along.
DJANGO = ("conf", "core", "db", "forms", "http", "template", "utils", "views")

Collected = dict[Message, set[str]]


def ours(domain: str) -> Collected:
    """Return our messages, each with the files that have it."""
    found: Collected = {}
    for folder in OURS:
        for path in _files(ROOT / folder):
            place = path.relative_to(ROOT).as_posix()
            for message in _messages(path, domain, strict=True):
                found.setdefault(message, set()).add(place)
    return found


@cache
def of_packages(domain: str) -> Mapping[Message, set[str]]:
    """Return the packages' messages that people can meet, each with the packages that have it."""
    found: Collected = {}
    for name, folders in _packages().items():
        for path in (path for folder in folders for path in _files(folder)):
            for message in _messages(path, domain, strict=False):
                found.setdefault(message, set()).add(name)
    return found


@cache
def known_to_packages(domain: str, language: str) -> frozenset[Message]:
    """Return what the packages' own catalogues translate."""
    found: set[Message] = set()
    for folders in _packages().values():
        for folder in folders:
            for path in folder.glob(f"**/locale/{language}/LC_MESSAGES/{domain}.mo"):
                found.update(
                    Message(entry.msgid, entry.msgid_plural or "", entry.msgctxt or "")
                    for entry in polib.mofile(str(path))
                    if all(entry.msgstr_plural.values()) and (entry.msgstr or entry.msgid_plural)
                )
    return frozenset(found)


def _packages() -> dict[str, list[Path]]:
    """Return the folders of each package that has a part in our pages, by its name."""
    folders = {"django": [_folder("django") / part for part in DJANGO]}
    for application in _installed():
        parts = application.split(".")
        if parts[0] in OURS or "." in application.removeprefix("django.contrib.") != application:
            continue
        if application.startswith("django.contrib."):
            folders["django"].append(_folder("django") / "contrib" / parts[2])
        else:
            folders[parts[0]] = [_folder(parts[0])]
    return folders


def _installed() -> Iterable[str]:
    # Reading the settings needs a key; none of the real ones has to do with words.
    os.environ.setdefault("SECRET_KEY", "only for collecting words")
    from remosa.settings import INSTALLED_APPS

    return [*INSTALLED_APPS, "django.contrib.admin"]


def _folder(package: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"{package} is not installed; remedy: make setup")
    return Path(found.origin).parent


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not SKIPPED & set(path.relative_to(folder).parts[:-1]):
            yield path


def _messages(path: Path, domain: str, strict: bool) -> Iterator[Message]:
    readers: dict[str, Callable[[str], Iterator[Message]]]
    if domain == "djangojs":
        readers = {".js": of_javascript}
    else:
        readers = {".py": lambda text: of_python(text, str(path), strict)}
        readers |= dict.fromkeys(TEMPLATES, lambda text: of_template(text, str(path)))
    if reader := readers.get(path.suffix):
        yield from reader(path.read_text(encoding="utf-8"))
