"""Single values of a file of jobs: read from what YAML gave, refused with their line, written back.

Pure. What a value means for a job is not known here.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import Enum
from typing import Final, NamedTuple, TypeVar

from django.utils.translation import gettext as _

from .yaml_lines import Node

Kind = TypeVar("Kind", bound=Enum)
Value = TypeVar("Value")

UNITS: Final = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
LONGEST_NAME: Final = 80  # of what is not known, as it is told
_DURATION = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s)?", re.ASCII)


class Problem(NamedTuple):
    """What is wrong on a line of the file."""

    line: int
    field: str
    why: str


class Wrong(Exception):
    """Values that cannot be read; others are looked at all the same."""

    def __init__(self, problems: Collection[Problem]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


def wrong(node: Node, path: str, why: str) -> Wrong:
    """Return what one value has against it."""
    return Wrong([Problem(node.line, path, why)])


def text(node: Node, path: str) -> str:
    """Read a text; nothing is an empty one."""
    if node.value is None:
        return ""
    if not isinstance(node.value, str):
        raise wrong(node, path, _("A text is needed here; put it into quotation marks."))
    return node.value.strip()


def block(node: Node, path: str) -> str:
    """Read a text as it stands, with the spaces at its ends."""
    text(node, path)
    return node.value or ""


def truth(node: Node, path: str) -> bool:
    """Read true or false."""
    if not isinstance(node.value, bool):
        raise wrong(node, path, _("true or false is needed here."))
    return node.value


def whole(node: Node, path: str) -> int:
    """Read a whole number."""
    if isinstance(node.value, bool) or not isinstance(node.value, int):
        raise wrong(node, path, _("A whole number is needed here."))
    return node.value


def number(node: Node, path: str) -> float:
    """Read a number."""
    if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
        raise wrong(node, path, _("A number is needed here."))
    return float(node.value)


def duration(node: Node, path: str) -> int:
    """Read 90s, 5m, 1h30m, or a number of seconds."""
    value = node.value
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if not found or not any(found.groups()):
        raise wrong(node, path, _("A time such as 90s, 5m or 1h30m is needed here."))
    counts = zip(found.groups(), UNITS, strict=True)
    return sum(int(count or 0) * size for count, (_unit, size) in counts)


def duration_written(seconds: int) -> str:
    """Write 5400 as 1h30m."""
    parts = []
    for unit, size in UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def member(kind: type[Kind]) -> Callable[[Node, str], Kind]:
    """Return the reader of one of some words."""

    def reader(node: Node, path: str) -> Kind:
        return one_of({str(each.value): each for each in kind}, node, path)

    return reader


def one_of(known: Mapping[str, Value], node: Node, path: str) -> Value:
    """Read one of some words; return what it stands for."""
    if not isinstance(node.value, str) or node.value not in known:
        told = {"names": ", ".join(known)}
        raise wrong(node, path, _("One of these is needed here: %(names)s.") % told)
    return known[node.value]


def each_of(node: Node, path: str, reader: Callable[[Node, str], Value]) -> tuple[Value, ...]:
    """Read a list, all of it; nothing is an empty one."""
    if node.value is None:
        return ()
    if not isinstance(node.value, list):
        raise wrong(node, path, _("A list is needed here."))
    found: list[Value] = []
    problems: list[Problem] = []
    for at, inside in enumerate(node.value):
        try:
            found.append(reader(inside, f"{path}.{at}"))
        except Wrong as error:
            problems += error.problems
    if problems:
        raise Wrong(problems)
    return tuple(found)


def mapping(node: Node, path: str) -> Mapping[str, Node]:
    """Read names with values."""
    if not isinstance(node.value, dict):
        raise wrong(node, path, _("Names with values are needed here."))
    return node.value


def parts(
    node: Node, path: str, known: Iterable[str], needed: Iterable[str] = ()
) -> Mapping[str, Node]:
    """Read names with values, of which only some are known and some have to be said."""
    told = mapping(node, path)
    problems = [
        Problem(inside.line, f"{path}.{key[:LONGEST_NAME]}", _("This is not known here."))
        for key, inside in told.items()
        if key not in known
    ]
    problems += [
        Problem(node.line, f"{path}.{key}", _("Say it: it is never assumed."))
        for key in needed
        if key not in told
    ]
    if problems:
        raise Wrong(problems)
    return told


def named(node: Node, path: str, known: Mapping[str, int]) -> int:
    """Read the name of a thing of the platform; return its id."""
    if not isinstance(node.value, str) or node.value not in known:
        told = {"name": str(node.value)[:LONGEST_NAME] if not _is_made(node) else "…"}
        raise wrong(node, path, _("This platform has nothing called “%(name)s”.") % told)
    return known[node.value]


def _is_made(node: Node) -> bool:
    return isinstance(node.value, (list, dict))
