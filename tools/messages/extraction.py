"""Strings marked for translation in a text: of Python, of a template, of JavaScript.

Reads with Python's own parser and Django's, so that GNU gettext is not needed. Pure.
"""

import ast
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation.template import templatize

# The arguments of each function that carry text: c(ontext), s(ingular), p(lural), in order.
FUNCTIONS = {
    "gettext": "s",
    "gettext_lazy": "s",
    "gettext_noop": "s",
    "ngettext": "sp",
    "ngettext_lazy": "sp",
    "pgettext": "cs",
    "pgettext_lazy": "cs",
    "npgettext": "csp",
    "npgettext_lazy": "csp",
    # The custom of Django and its packages, whatever the import says.
    "_": "s",
}
TEXT = r"""u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
CALL = re.compile(r"(?<![\w.$])(" + "|".join(FUNCTIONS) + r")\(")
NEXT_TEXT = re.compile(r"\s*" + TEXT + r"\s*,?", re.DOTALL)
# In scripts it is anybody's name.
SHORT_CALL = re.compile(r"(?<![\w.$])_\(")
COMMENT = re.compile(r"(?m)^\s*(//.*|/\*(?:.|\n)*?\*/)")


class NotLiteral(ValueError):
    """A text that is put together before it is translated: no catalogue can have it."""


@dataclass(frozen=True, slots=True, order=True)
class Message:
    """What a catalogue is asked for; ``plural`` and ``context`` may be empty."""

    text: str
    plural: str = ""
    context: str = ""


def parsed(source: str, place: str = "<text>") -> ast.Module:
    """Parse Python, again where CPython 3.11 stumbled over another thread.

    It keeps the depth of all parsers in one place (gh-106905): a traceback that some thread prints
    at the same moment, which parses too, makes it raise SystemError for good source.
    """
    for _try in range(3):
        with contextlib.suppress(SystemError):
            return ast.parse(source, place)
    return ast.parse(source, place)


def of_python(source: str, place: str = "", strict: bool = True) -> Iterator[Message]:
    """Give the messages of a module. Errors: NotLiteral, unless not ``strict``."""
    tree = parsed(source, place or "<text>")
    names = dict(FUNCTIONS)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            for alias in node.names:
                if alias.name in FUNCTIONS:
                    names[alias.asname or alias.name] = FUNCTIONS[alias.name]
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or _called(node) not in names:
            continue
        kinds = names[_called(node)]
        texts = [_literal(argument) for argument in node.args[: len(kinds)]]
        if len(texts) < len(kinds) or None in texts:
            if strict:
                raise NotLiteral(f"{place}:{node.lineno}: translate a text, not an expression")
            continue
        yield _message(kinds, [text or "" for text in texts])


def of_template(source: str, place: str = "") -> Iterator[Message]:
    """Give the messages of a Django template."""
    yield from _calls(templatize(source, origin=place))


def of_javascript(source: str) -> Iterator[Message]:
    """Give the messages of a script: calls of Django's catalogue with plain texts."""
    yield from _calls(SHORT_CALL.sub("", COMMENT.sub("", source)))


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id="translation"), attr=name):
            return name
    return ""


def _literal(node: ast.expr) -> str | None:
    """Return the text of a literal, also of one in parts; None: an expression."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = _literal(left), _literal(right)
            return None if first is None or second is None else first + second
    return None


def _calls(source: str) -> Iterator[Message]:
    for found in CALL.finditer(source):
        kinds = FUNCTIONS[found[1]]
        texts: list[str] = []
        position = found.end()
        while len(texts) < len(kinds) and (part := NEXT_TEXT.match(source, position)):
            texts.append(str(ast.literal_eval(part[1])))
            position = part.end()
        if len(texts) == len(kinds):
            yield _message(kinds, texts)


def _message(kinds: str, texts: list[str]) -> Message:
    by_kind = dict(zip(kinds, texts, strict=True))
    return Message(by_kind["s"], by_kind.get("p", ""), by_kind.get("c", ""))
