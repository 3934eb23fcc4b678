"""Templates that platforms write themselves: what must hold of one before it is stored. Pure."""

import json
from typing import Any

from .catalogue import CatalogueError, Model, read_template
from .composition import ParametersRefused, TextRefused, compose
from .parameters import Kind, Parameter
from .templates import Danger, Template

LONGEST = 20_000  # characters of a definition written as JSON
FOR_JOBS = (Danger.NONE, Danger.POWER)
_SAMPLES = {Kind.PHONE: "+79123456789", Kind.HHMM: "12:30", Kind.WORD: "a", Kind.PIN: "1234"}


def restarts(template: Template) -> bool:
    """Tell whether one click can restart a line by it: it asks for nothing but numbers."""
    plain = all(each.kind is Kind.INTEGER for each in template.parameters)
    return template.cycles and template.danger is Danger.POWER and plain


def checked(model: Model, definition: Any) -> Template:
    """Return the template that a definition describes; raise CatalogueError for its author.

    It is filled in once: a text that the model would not understand, or that does more harm than
    the definition says, is found here and not when somebody sends it.
    """
    if len(json.dumps(definition, ensure_ascii=False)) > LONGEST:
        raise CatalogueError(f"longer than {LONGEST} characters")
    template = read_template(definition)
    if not isinstance(template.lines, str) and not set(template.lines) <= model.every_line:
        raise CatalogueError(f"{template.key}: a line that {model.key} does not have")
    try:
        composed = compose(model, template, sample(template))
    except ParametersRefused as error:
        raise CatalogueError(f"{template.key}: no values that fit: {error}") from error
    except TextRefused as error:
        raise CatalogueError(str(error)) from error
    if composed.danger.rank > template.danger.rank:
        raise CatalogueError(f"{template.key}: its danger is {composed.danger}, no less")
    return template


def sample(template: Template) -> dict[str, str]:
    """Return values that fit; of two that are ordered, the lowest and the highest."""
    values = {each.name: _sample_of(each) for each in template.parameters}
    if template.ordered:
        bounds = {each.name: (each.minimum, each.maximum) for each in template.parameters}
        low, high = template.ordered
        lowest, highest = bounds[low][0], bounds[high][1]
        values[low] = str(lowest if lowest is not None else 1)
        values[high] = str(highest if highest is not None else int(values[low]) + 1)
    return values


def _sample_of(parameter: Parameter) -> str:
    if parameter.choices:
        return str(parameter.choices[0].value)
    if parameter.kind is Kind.INTEGER:
        bound = parameter.maximum if parameter.minimum is None else parameter.minimum
        return parameter.default or str(1 if bound is None else bound)
    return parameter.default or _SAMPLES[parameter.kind]
