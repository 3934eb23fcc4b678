"""From a model, a template and typed-in values to the very messages that go on the wire.

Pure. What comes out is a snapshot: nobody renders it again later.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from .catalogue import Model
from .parameters import Reason, ValueRefused, check, shown
from .states import RESENDABLE, Effect
from .templates import Danger, Step, Template, fill


class Message(NamedTuple):
    """One SMS: its text, the same as pages may show it, and the seconds after the one before."""

    text: str
    shown: str
    effect: Effect
    after: int


@dataclass(frozen=True)
class Composed:
    """A command ready to be queued. Danger and lines are the texts' own where it claims less."""

    messages: tuple[Message, ...]
    danger: Danger
    lines: tuple[int, ...]  # those that it may switch


class ParametersRefused(ValueError):
    """Values that cannot be sent: the name of each field with what is wrong with it."""

    def __init__(self, errors: Mapping[str, ValueRefused]) -> None:
        super().__init__(", ".join(sorted(errors)))
        self.errors = errors


class TextRefused(ValueError):
    """A text that the socket model would misunderstand. The template is wrong, not a value.

    The text itself is left out: it can hold a secret.
    """


def compose(
    model: Model, template: Template, values: Mapping[str, str], region: str | None = None
) -> Composed:
    """Return the messages of a command; raise ParametersRefused or TextRefused.

    1. Check each value by its type; together, that none is missing, strange or out of order.
    2. Put the values in.
    3. Hold each text against the model's grammar and against its other commands: an empty value
       would turn `#15#{phone}#`, which deletes one number, into `#15#`, which deletes all.
    """
    checked = _checked(template, values, region)
    hidden = {each.name: shown(each, checked[each.name]) for each in template.parameters}
    messages = []
    danger, lines = template.danger, _declared_lines(model, template, checked)
    for number, step in enumerate(template.steps):
        text = fill(step.code, checked)
        if not model.grammar.fullmatch(text) or not template.patterns[number].fullmatch(text):
            raise TextRefused(f"{model.key}, {template.key}: outside the grammar")
        effect = _effect(model, template, step, text)
        messages.append(Message(text, fill(step.code, hidden), effect, step.after))
        danger = max(danger, model.danger_of(text), key=lambda each: each.rank)
        lines |= model.lines_of(text)
    return Composed(tuple(messages), danger, tuple(sorted(lines)))


def _checked(
    template: Template, values: Mapping[str, str], region: str | None
) -> Mapping[str, str]:
    errors: dict[str, ValueRefused] = {}
    checked = {}
    for parameter in template.parameters:
        try:
            checked[parameter.name] = check(parameter, values.get(parameter.name, ""), region)
        except ValueRefused as error:
            errors[parameter.name] = error
    for name in values:
        if name not in {parameter.name for parameter in template.parameters}:
            errors[name] = ValueRefused(Reason.UNEXPECTED)
    if template.ordered and not errors:
        low, high = template.ordered
        if int(checked[low]) >= int(checked[high]):
            label = next(each.label for each in template.parameters if each.name == low)
            errors[high] = ValueRefused(Reason.NOT_HIGHER, other=label)
    if errors:
        raise ParametersRefused(errors)
    return checked


def _effect(model: Model, template: Template, step: Step, text: str) -> Effect:
    """Return what the text does; refuse a template that says otherwise than the catalogue.

    What the catalogue of a model lacks is never sent twice, whatever its template says.
    """
    reader = model.reader(text)
    if reader is None:
        lacking = bool(model.commands) and step.effect in RESENDABLE
        return Effect.CONFIG if lacking else step.effect
    own = model.by_key.get(template.key)
    is_other = own is template and len(own.steps) == 1 and reader is not own
    if is_other or reader.steps[0].effect is not step.effect:
        raise TextRefused(f"{model.key}, {template.key}: its text is that of {reader.key}")
    return step.effect


def _declared_lines(model: Model, template: Template, checked: Mapping[str, str]) -> frozenset[int]:
    if isinstance(template.lines, str):
        return model.lines_by(checked[template.lines])
    return frozenset(template.lines)
