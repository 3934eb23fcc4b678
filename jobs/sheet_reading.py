"""One job of a file as a definition, or everything that is wrong with it, line by line.

Whether a definition can be stored is not said here. Reads nothing but what it is given.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import time
from functools import partial
from typing import Any, Final

from django.utils.translation import gettext as _

from platforms.notice_kinds import Severity

from . import conditions, sheet_values as values
from .conditions import Condition
from .definition import Definition, Step
from .hours import Span
from .models import Action, Joined, Mode, Trigger
from .selection import Selection
from .sheet_names import Names
from .sheet_values import Problem, Wrong
from .sheet_writing import DAYS, NEEDED
from .yaml_lines import Node

MOST_PROBLEMS: Final = 50  # told of one job
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?"
_SPAN = re.compile(f"({'|'.join(DAYS)}) ({_TIME})-({_TIME})")
_SEVERITIES: Mapping[str, Severity] = {each.name.lower(): each for each in Severity}
_FUNCTIONS = {each.value: each for each in conditions.Function}
_OPERATORS = {each.value: each for each in conditions.Operator}


@dataclass(frozen=True)
class Sheet:
    """One job of a file. `name` is the own one or, where `is_automatic`, what it was called.

    `lines` are those of its fields, by the names under which a definition is refused.
    """

    line: int
    name: str
    is_automatic: bool
    definition: Definition
    lines: Mapping[str, int]


def read(node: Node, names: Names) -> Sheet | list[Problem]:
    """Return the job that a part of a file describes, or what is wrong with it."""
    if not isinstance(node.value, dict):
        return [Problem(node.line, "", _("A job is names with values."))]
    told: Mapping[str, Node] = node.value
    missing = [key for key in NEEDED if key not in told]
    problems = [Problem(node.line, key, _("Say it: it is never assumed.")) for key in missing]
    found: dict[str, Any] = {}
    for key, inside in told.items():
        try:
            found[key] = _field(key, inside, names)
        except Wrong as error:
            problems += error.problems
    own, automatic = found.pop("name", ""), found.pop("automatic_name", "")
    if own and automatic:
        problems.append(Problem(node.line, "automatic_name", _("Give one name, not two.")))
    if problems:
        return sorted(problems)[:MOST_PROBLEMS]
    platform = names.platform
    blank = Definition(platform=platform, selection=Selection(platform.pk), own_name=own)
    return Sheet(node.line, own or automatic, not own, replace(blank, **found), _lines(told))


def identities(nodes: Iterable[Node]) -> set[str]:
    """Return the players that a file may mean, by what they are called."""
    found: set[str] = set()
    for node in nodes:
        selection = node.value.get("selection") if isinstance(node.value, dict) else None
        if selection is None or not isinstance(selection.value, dict):
            continue
        players = selection.value.get("players")
        if players is None or not isinstance(players.value, dict):
            continue
        for each in players.value.values():
            items = each.value if isinstance(each.value, list) else ()
            found |= {item.value for item in items if isinstance(item.value, str)}
    return found


def _field(key: str, node: Node, names: Names) -> Any:
    if key in _READERS:
        return _READERS[key](node, key)
    if key == "selection":
        return _selection(node, key, names)
    if key == "rungs":
        return values.each_of(node, key, partial(_rung, names))
    raise values.wrong(node, key[: values.LONGEST_NAME], _("This is not known here."))


def _lines(told: Mapping[str, Node]) -> dict[str, int]:
    lines = {key: node.line for key, node in told.items()}
    for key, node in told.items():
        if isinstance(node.value, list):
            lines |= {f"{key}.{at}": inside.line for at, inside in enumerate(node.value)}
    return lines


def _selection(node: Node, path: str, names: Names) -> Selection:
    told = values.parts(node, path, ("whole", "exporters", "sites", "players"))
    found: dict[str, frozenset[int]] = {}
    problems: list[Problem] = []
    readers: Mapping[str, Callable[[Node, str], Iterable[int]]] = {
        "exporters": lambda each, where: _ids(each, where, names.exporter_ids),
        "sites": lambda each, where: _ids(each, where, names.site_ids),
        "players": lambda each, where: _players(each, where, names),
    }
    for key in told.keys() & readers.keys():
        try:
            found[key] = frozenset(readers[key](told[key], f"{path}.{key}"))
        except Wrong as error:
            problems += error.problems
    if problems:
        raise Wrong(problems)
    whole = values.truth(told["whole"], f"{path}.whole") if "whole" in told else False
    return Selection(names.platform.pk, whole, **found)


def _ids(node: Node, path: str, known: Mapping[str, int]) -> Iterable[int]:
    return values.each_of(node, path, lambda each, where: values.named(each, where, known))


def _players(node: Node, path: str, names: Names) -> Iterable[int]:
    found: list[int] = []
    problems: list[Problem] = []
    for exporter, inside in values.mapping(node, path).items():
        where = f"{path}.{exporter[: values.LONGEST_NAME]}"
        try:
            pk = values.named(Node(inside.line, exporter), where, names.exporter_ids)
            found += values.each_of(inside, where, partial(_player, names, pk))
        except Wrong as error:
            problems += error.problems
    if problems:
        raise Wrong(problems)
    return found


def _player(names: Names, exporter: int, node: Node, path: str) -> int:
    identity = values.block(node, path)
    player = names.player_ids.get((exporter, identity))
    if player is None:
        told = {"name": identity[: values.LONGEST_NAME]}
        raise values.wrong(node, path, _("This exporter has no player “%(name)s”.") % told)
    return player


def _condition(node: Node, path: str) -> Condition:
    known = ("metric", "function", "window", "operator", "threshold")
    told = values.parts(node, path, known, ("metric", "operator", "threshold"))
    last = Node(node.line, conditions.Function.LAST.value)
    return Condition(
        values.text(told["metric"], f"{path}.metric"),
        values.one_of(_FUNCTIONS, told.get("function", last), f"{path}.function"),
        values.duration(told.get("window", Node(node.line, 0)), f"{path}.window"),
        values.one_of(_OPERATORS, told["operator"], f"{path}.operator"),
        values.number(told["threshold"], f"{path}.threshold"),
    )


def _rung(names: Names, node: Node, path: str) -> Step:
    known = ("action", "model", "template", "own", "parameters", "wait")
    told = values.parts(node, path, known, ("action",))
    action = values.member(Action)(told["action"], f"{path}.action")
    wait = values.duration(told.get("wait", Node(node.line, Step().wait)), f"{path}.wait")
    if action is Action.RESTART:
        values.parts(node, path, ("action", "wait"))
        return Step(action, None, {}, wait)
    values.parts(node, path, known, ("model", "template"))
    model, key = (values.text(told[each], f"{path}.{each}") for each in ("model", "template"))
    own = values.truth(told["own"], f"{path}.own") if "own" in told else False
    template = names.template_ids.get((model, key, own))
    if template is None:
        called = {"model": model[: values.LONGEST_NAME], "key": key[: values.LONGEST_NAME]}
        why = _("There is no command “%(key)s” of the model “%(model)s”.") % called
        raise values.wrong(told["template"], f"{path}.template", why)
    given = told.get("parameters", Node(node.line, {}))
    return Step(action, template, _parameters(given, f"{path}.parameters"), wait)


def _parameters(node: Node, path: str) -> dict[str, str]:
    told = values.mapping(node, path)
    problems = [
        Problem(
            inside.line,
            f"{path}.{name[: values.LONGEST_NAME]}",
            _("A text or a whole number is needed here."),
        )
        for name, inside in told.items()
        if isinstance(inside.value, bool) or not isinstance(inside.value, (str, int))
    ]
    if problems:
        raise Wrong(problems)
    return {name: str(inside.value) for name, inside in told.items()}


def _span(node: Node, path: str) -> Span:
    found = _SPAN.fullmatch(node.value) if isinstance(node.value, str) else None
    if found is None:
        raise values.wrong(node, path, _("Hours such as Mon 08:00-18:30 are needed here."))
    day, opens, closes = found.groups()
    return Span(DAYS.index(day), time.fromisoformat(opens), time.fromisoformat(closes))


_READERS: Mapping[str, Callable[[Node, str], Any]] = {
    "name": values.text,
    "automatic_name": values.text,
    "description": values.block,
    "trigger": values.member(Trigger),
    "mode": values.member(Mode),
    "enabled": values.truth,
    "conditions": lambda node, path: values.each_of(node, path, _condition),
    "joined": values.member(Joined),
    "raw": values.block,
    "hold": values.duration,
    "recover": values.duration,
    "cron": values.text,
    "time_zone": values.text,
    "cooldown": values.duration,
    "attempts": values.whole,
    "boot_grace": values.duration,
    "approval_time": values.duration,
    "beside": values.truth,
    "severity": lambda node, path: values.one_of(_SEVERITIES, node, path),
    "notify": values.truth,
    "hours": lambda node, path: values.each_of(node, path, _span),
}
