"""How a command template reads on a page: what it does, what it asks for, an SMS of it."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from devices import catalogue
from devices.catalogue import CatalogueError
from devices.composition import ParametersRefused, TextRefused, compose
from devices.models import CommandTemplate
from devices.parameters import UNITS, Kind, Parameter
from devices.segments import cost
from devices.states import Effect
from devices.templates import Danger, Template

DANGERS: dict[Danger, str | Promise] = {
    Danger.NONE: gettext_lazy("harmless"),
    Danger.POWER: gettext_lazy("switches"),
    Danger.CONFIG: gettext_lazy("changes settings"),
    Danger.DESTRUCTIVE: gettext_lazy("destroys"),
}
COLOURS = {
    Danger.NONE: "online",
    Danger.POWER: "partly",
    Danger.CONFIG: "partly",
    Danger.DESTRUCTIVE: "offline",
}
EFFECTS: dict[Effect, str | Promise] = {
    Effect.QUERY: gettext_lazy("asks and changes nothing"),
    Effect.ON: gettext_lazy("switches on"),
    Effect.OFF: gettext_lazy("switches off"),
    Effect.CYCLE: gettext_lazy("switches off and on again"),
    Effect.TIMER: gettext_lazy("switches for a time"),
    Effect.CONFIG: gettext_lazy("changes settings"),
}
KINDS: dict[Kind, str | Promise] = {
    Kind.INTEGER: gettext_lazy("whole number"),
    Kind.PHONE: gettext_lazy("phone number"),
    Kind.HHMM: gettext_lazy("time HH:MM"),
    Kind.WORD: gettext_lazy("word"),
    Kind.PIN: gettext_lazy("password of four digits"),
}
_EXAMPLES = {Kind.PHONE: "+79123456789", Kind.HHMM: "08:30", Kind.WORD: "word", Kind.PIN: "1234"}


def shown(template: CommandTemplate) -> dict[str, Any]:
    """Return what a page shows of a template; of one that cannot be read, only its key."""
    try:
        shape = template.shape
    except (KeyError, CatalogueError):
        return {"row": template, "shape": None}
    return {
        "row": template,
        "shape": shape,
        "danger": DANGERS[shape.danger],
        "colour": COLOURS[shape.danger],
        "effect": EFFECTS[shape.effect],
        "parameters": list(described(shape.parameters)),
        "messages": example(catalogue.models().get(template.model.key), shape),
    }


def described(parameters: Iterable[Parameter]) -> Iterator[dict[str, Any]]:
    """Yield what is asked for: label, kind, limits in words, help."""
    for each in parameters:
        if each.choices:
            limits = "; ".join(f"{choice.value}: {choice.label}" for choice in each.choices)
        elif each.minimum is not None and each.maximum is not None:
            limits = f"{each.minimum}–{each.maximum}"
        else:
            limits = ""
        unit = UNITS.get(each.unit, "")
        yield {
            "name": each.name,
            "label": each.label,
            "kind": KINDS[each.kind],
            "limits": f"{limits} {unit}".strip(),
            "help": each.help,
        }


def example(model: catalogue.Model | None, shape: Template) -> list[dict[str, Any]]:
    """Return the messages that a template makes of ordinary values, the longest it asks for."""
    if model is None:
        return []
    values = {each.name: typical(each) for each in shape.parameters}
    if shape.ordered:
        low, high = (next(p for p in shape.parameters if p.name == name) for name in shape.ordered)
        values[low.name], values[high.name] = _pair(low, high)
    try:
        composed = compose(model, shape, values)
    except (ParametersRefused, TextRefused):
        return []
    return [
        {"text": message.shown, "after": message.after, "segments": cost(message.text).segments}
        for message in composed.messages
    ]


def typical(parameter: Parameter) -> str:
    """Return a value that a parameter takes."""
    if parameter.default:
        return parameter.default
    if parameter.choices:
        return str(parameter.choices[0].value)
    if parameter.kind is Kind.INTEGER:
        return str(_number(parameter))
    return _EXAMPLES[parameter.kind]


def _number(parameter: Parameter) -> int:
    low = -9999 if parameter.minimum is None else parameter.minimum
    high = 9999 if parameter.maximum is None else parameter.maximum
    return min(max(1, low), high)


def _pair(low: Parameter, high: Parameter) -> tuple[str, str]:
    """Return two numbers of which the first is lower."""
    least = low.minimum if low.minimum is not None else 1
    most = high.maximum if high.maximum is not None else least + 10
    return str(least), str(most)


def wait_of(seconds: int) -> str:
    """Write the pause before a message of a sequence."""
    return _("after %(seconds)s s") % {"seconds": seconds}
