"""How a command template reads on a page: what it does, what it asks for, an SMS of it."""

from collections.abc import Iterable, Iterator
from typing import Any

from devices import catalogue
from devices.catalogue import CatalogueError
from devices.composition import ParametersRefused, TextRefused, compose
from devices.models import CommandTemplate
from devices.own_templates import sample
from devices.parameters import UNITS, Parameter
from devices.segments import cost
from devices.template_words import COLOURS, DANGERS, EFFECTS, KINDS
from devices.templates import Template


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
    """Return the messages that a template makes of ordinary values."""
    if model is None:
        return []
    try:
        composed = compose(model, shape, sample(shape))
    except (ParametersRefused, TextRefused):
        return []
    return [
        {"text": message.shown, "after": message.after, "segments": cost(message.text).segments}
        for message in composed.messages
    ]
