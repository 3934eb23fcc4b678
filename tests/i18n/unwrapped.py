"""Finds words that a person will read and that nobody marked for translation."""

import ast
import re
from collections.abc import Iterator

from django.template.base import Lexer, TokenType

from tests.i18n.pages import texts
from tools.messages.extraction import parsed

WORDS = re.compile(r"[^\W\d_]{2,}")
# Arguments and attributes that Django, unfold and DRF show to people.
SHOWN = {
    "description", "error_message", "help_text", "label", "placeholder", "short_description",
    "subtitle", "title", "verbose_name", "verbose_name_plural", "violation_error_message",
}  # fmt: skip
OF_SCHEMA = {"description", "help_text", "label", "title"}
# Calls whose texts reach a person, and the argument that carries it.
SAYING = {"ValidationError": 0, "PermissionDenied": 0, "Http404": 0, "add_error": 1}
SAYING |= dict.fromkeys(("debug", "info", "success", "warning", "error"), 1)  # of messages
RELATIONS = {"ForeignKey", "OneToOneField", "ManyToManyField"}
# Proper names are the same everywhere.
NAMES = {"AddReality", "Authorization", "Bearer", "CSV", "CubicMedia", "JSON", "Remosa"}
NAMES |= {"GSM", "UCS"}  # encodings of an SMS, with their numbers
# Blocks whose text is translated, or is no text.
SILENT = re.compile(r"(?:blocktrans(?:late)?\b|comment\b|block bodyclass\b)")
ENDS = {"endblocktrans", "endblocktranslate", "endcomment", "endblock"}


def in_python(source: str, of_api: bool = False) -> Iterator[tuple[int, str]]:
    """Give line and text of what a module says without gettext.

    The schema of the API is English, so that descriptions in its modules stay bare.
    """
    for node in ast.walk(parsed(source)):
        for value in _said(node, SHOWN - OF_SCHEMA if of_api else SHOWN):
            if isinstance(value, ast.JoinedStr):
                parts = [str(p.value) for p in value.values if isinstance(p, ast.Constant)]
                text = "".join(parts)
            else:
                text = str(value.value) if isinstance(value, ast.Constant) else ""
                text = text if isinstance(getattr(value, "value", None), str) else ""
            if any(word not in NAMES for word in WORDS.findall(text)):
                yield value.lineno, text


def _said(node: ast.AST, shown: set[str]) -> Iterator[ast.expr]:
    match node:
        case ast.Call(func=function, args=arguments, keywords=keywords):
            yield from (each.value for each in keywords if each.arg in shown)
            name = function.attr if isinstance(function, ast.Attribute) else ""
            name = function.id if isinstance(function, ast.Name) else name
            of_messages = isinstance(function, ast.Attribute) and (
                isinstance(function.value, ast.Name) and function.value.id == "messages"
            )
            is_log = SAYING.get(name) == 1 and name != "add_error" and not of_messages
            if name in SAYING and not is_log:
                yield from arguments[SAYING[name] : SAYING[name] + 1]
            if name.endswith("Field") and name not in RELATIONS and _is_of_models(function):
                yield from arguments[:1]
        case ast.ClassDef(bases=bases, body=body):
            choices = any("Choices" in ast.unparse(base) for base in bases)
            for statement in body:
                if isinstance(statement, ast.Assign):
                    if choices and isinstance(statement.value, ast.Tuple):
                        yield from statement.value.elts[1:2]
                    if any(ast.unparse(target) in shown for target in statement.targets):
                        yield statement.value


def _is_of_models(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and ast.unparse(function.value) == "models"


def in_template(source: str) -> Iterator[str]:
    """Give the texts of a template outside its translations."""
    yield from (text for text in texts(_without_tags(source)) if _has_words(text))


def in_mail(source: str) -> Iterator[str]:
    """Give the lines of a text template outside its translations."""
    lines = _without_tags(source).splitlines()
    yield from (line.strip() for line in lines if _has_words(line))


def in_script(source: str) -> Iterator[str]:
    """Give the sentences of a script: texts that start with a capital and have two words."""
    for found in re.finditer(r'"([^"\\\n]*)"|\'([^\'\\\n]*)\'|`([^`]*)`', source):
        text = found[1] or found[2] or found[3] or ""
        if re.match(r"[A-ZА-ЯЁ]\w+,? \w+", text):
            yield text


def _without_tags(source: str) -> str:
    kept, silent = [], False
    for token in Lexer(source).tokenize():
        if token.token_type is TokenType.BLOCK:
            if token.contents.split()[0] in ENDS:
                silent = False
            elif SILENT.match(token.contents):
                silent = True
        elif token.token_type is TokenType.TEXT and not silent:
            kept.append(token.contents)
    return "".join(kept)


def _has_words(text: str) -> bool:
    return any(word not in NAMES for word in WORDS.findall(text))
