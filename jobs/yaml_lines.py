"""Plain YAML, written, and read with the line of everything: no tags, no aliases, no guesses.

Pure. Unlike YAML 1.1 it takes no `yes` for true, no `10:30` for a number and no date for a date: a
text is what was written. It walks over events, so that nothing deep or repeated is ever built.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LONGEST: Final = 2_000_000  # characters
LONGEST_TEXT: Final = 20_000  # of one value
MOST_VALUES: Final = 100_000
DEEPEST: Final = 8
WIDTH: Final = 100  # of lines that are written

_WORDS: Mapping[str, bool | None] = {
    "true": True, "false": False, "null": None, "~": None, "": None,
}  # fmt: skip
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,20})?(?:[eE][-+]?[0-9]{1,3})?")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class YamlRefused(ValueError):
    """A text that is not read: on which line it fails, and why."""

    def __init__(self, line: int, why: str | Promise) -> None:
        super().__init__(why)
        self.line, self.why = line, why

    def __str__(self) -> str:
        return str(self.why)


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its line, counted from 1: a text, number, truth or nothing, a list, a mapping."""

    line: int
    value: Any


def write(value: Mapping[str, Any]) -> str:
    """Return plain values as a text that `read` takes for the same."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
    return text


class _Dumper(yaml.CSafeDumper):
    """Writes what people wrote over several lines as such, and nothing by reference."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: Any, text: str) -> Any:
    style = "|" if "\n" in text else None
    if _NUMBER.fullmatch(text):  # such as 1e3, which is none in YAML 1.1 and is left unquoted
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def read(text: str) -> Node:
    """Return the one document of a text; raise YamlRefused."""
    if len(text) > LONGEST:
        raise YamlRefused(
            1, _("This is too long: %(most)s characters are read.") % {"most": LONGEST}
        )
    try:
        # In C, and no more of the text than is asked for; what it yields is only looked at.
        return _Reading().of(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        why = _("This is no YAML: %(problem)s.") % {"problem": error.problem}
        raise YamlRefused(line, why) from None
    except (yaml.YAMLError, UnicodeError):
        raise YamlRefused(1, _("This is no text that YAML can hold.")) from None


class _Reading:
    """What is open while events go by: innermost last."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._values = 0
        self._document: Node | None = None

    def of(self, events: Any) -> Node:
        for event in events:
            line = event.start_mark.line + 1
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise YamlRefused(line, _("Anchors and aliases are not read: write it out."))
            if getattr(event, "tag", None) is not None:
                raise YamlRefused(line, _("Tags are not read."))
            self._take(event, line)
        if self._document is None:
            raise YamlRefused(1, _("This is empty."))
        return self._document

    def _take(self, event: Any, line: int) -> None:
        match event:
            case yaml.ScalarEvent():
                self._put(Node(line, _scalar(event, line)), event.value)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                if len(self._open) == DEEPEST:
                    raise YamlRefused(line, _("This is nested too deeply."))
                self._open.append(_Open(line, isinstance(event, yaml.MappingStartEvent)))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._put(self._open.pop().closed(), None)
            case yaml.DocumentStartEvent() if self._document is not None:
                raise YamlRefused(line, _("There is more than one document."))
            case _:
                pass

    def _put(self, node: Node, text: str | None) -> None:
        self._values += 1
        if self._values > MOST_VALUES:
            raise YamlRefused(node.line, _("These are too many values."))
        if self._open:
            self._open[-1].put(node, text)
        else:
            self._document = node


class _Open:
    """A list or a mapping that has not ended."""

    def __init__(self, line: int, is_mapping: bool) -> None:
        self._line, self._is_mapping = line, is_mapping
        self._list: list[Node] = []
        self._mapping: dict[str, Node] = {}
        self._key: str | None = None
        self._lines: dict[str, int] = {}

    def put(self, node: Node, text: str | None) -> None:
        if not self._is_mapping:
            self._list.append(node)
        elif self._key is not None:
            # On the line of its name: what stands below it begins later.
            self._mapping[self._key] = Node(self._lines[self._key], node.value)
            self._key = None
        elif text is None:
            raise YamlRefused(node.line, _("A name is a plain text."))
        elif text in self._mapping:
            told = {"name": text[:80], "line": self._lines[text]}
            raise YamlRefused(node.line, _("%(name)s stands on line %(line)s already.") % told)
        else:
            self._key, self._lines[text] = text, node.line

    def closed(self) -> Node:
        inside: Sequence[Node] | Mapping[str, Node]
        inside = self._mapping if self._is_mapping else self._list
        return Node(self._line, inside)


def _scalar(event: Any, line: int) -> str | int | float | bool | None:
    text: str = event.value
    if len(text) > LONGEST_TEXT:
        raise YamlRefused(line, _("This is too long."))
    if _UNSTORABLE.search(text):
        raise YamlRefused(line, _("A text holds a NUL character or half of a surrogate pair."))
    if not event.implicit[0]:  # in quotation marks, or a block
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text
