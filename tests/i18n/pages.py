"""What a person reads on a page: its texts, without code, icons and scripts."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from django.contrib import admin
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver

# Elements whose text is not prose: code, values of Prometheus, time zones, icons.
SILENT = {"script", "style", "code", "pre", "svg", "template", "noscript"}
SILENT_CLASSES = {"material-symbols-outlined", "rm-mono", "font-mono"}
READ_ALOUD = ("title", "placeholder", "aria-label", "alt", "data-label")
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, bool]] = []
        self.texts: list[str] = []

    @property
    def silent(self) -> bool:
        return any(silent for _tag, silent in self.open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        classes = set(values.get("class", "").split())
        silent = (
            tag in SILENT or bool(classes & SILENT_CLASSES) or (tag != "html" and "lang" in values)
        )
        if not silent and not self.silent:
            self.texts += [values[name] for name in READ_ALOUD if values.get(name)]
            if tag == "input" and values.get("type") in {"submit", "button"}:
                self.texts.append(values.get("value", ""))
        if tag not in VOID:
            self.open.append((tag, silent))

    def handle_endtag(self, tag: str) -> None:
        while self.open and tag in {name for name, _silent in self.open}:
            if self.open.pop()[0] == tag:
                return

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.texts.append(data)


def texts(html: str) -> Iterator[str]:
    """Give what is read on a page, piece by piece."""
    reader = _Reader()
    reader.feed(html)
    for text in reader.texts:
        if words := " ".join(text.split()):
            yield words


ID = re.compile(r"<(?:path:object_id|id:pk|int:pk|pk|id)>")


def admin_pages(ids: dict[str, int]) -> Iterator[str]:
    """Give the address of every admin page; ``ids`` has a row's number by model label."""
    for pattern in _patterns(get_resolver().url_patterns, ""):
        found = re.match(r"admin/(\w+)/(\w+)/", pattern)
        label = f"{found[1]}.{found[2]}" if found else ""
        if not pattern.startswith("admin/") or (ID.search(pattern) and label not in ids):
            continue
        address = "/" + ID.sub(str(ids.get(label, "")), pattern)
        if not re.search(r"[<(^]", address):
            yield address


def _patterns(parts: list[URLPattern | URLResolver], start: str) -> Iterator[str]:
    for part in parts:
        address = start + str(part.pattern)
        if isinstance(part, URLResolver):
            yield from _patterns(part.url_patterns, address)
        else:
            yield address


def models_shown() -> list[type[Model]]:
    """Return the models that the admin shows."""
    return list(admin.site._registry)
