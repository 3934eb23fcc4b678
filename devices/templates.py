"""Templates of commands: one message, or messages with waits between; `{name}` is a parameter.

Pure. Names are put in by our own substitution and never by str.format, which would read attributes
(`{phone.__class__}`). A template that cannot be filled cannot be made.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from .parameters import Kind, Parameter
from .states import Effect, leaves_on
from .words import Words

_PIECES = re.compile(r"\{([a-z][a-z0-9_]*)\}")
LONGEST_WAIT = 3600  # seconds that a line may be dark by design
_SECONDS = {"s": 1, "min": 60}  # of the units in which a parameter can tell a time


class Danger(StrEnum):
    """Who may send a command and how; in the order of how much harm it can do."""

    NONE = "none"
    POWER = "power"
    CONFIG = "config"
    DESTRUCTIVE = "destructive"

    @property
    def rank(self) -> int:
        return list(Danger).index(self)


class TemplateError(ValueError):
    """A template that contradicts itself; the text is for whoever writes templates, in English."""


@dataclass(frozen=True)
class Step:
    """One message, and the seconds to wait before it after the one before."""

    code: str
    effect: Effect
    after: int = 0


@dataclass(frozen=True)
class Template:
    """A command as it is offered. `lines` are switched: numbers, or the parameter that says it."""

    key: str
    name: Words
    help: Words
    danger: Danger
    steps: tuple[Step, ...]
    parameters: tuple[Parameter, ...] = ()
    lines: tuple[int, ...] | str = ()
    ordered: tuple[str, str] | None = None  # the first must be lower than the second
    self_restoring: bool = False  # the line comes back on even when nobody asks it to
    dark_seconds: int = 0  # the line stays dark for, apart from what parameters tell

    def __post_init__(self) -> None:
        declared = {parameter.name for parameter in self.parameters}
        used = {name for step in self.steps for name in _names(step.code)}
        if not self.steps or len(declared) != len(self.parameters):
            raise TemplateError(f"{self.key}: no message, or a parameter declared twice")
        if used != declared:
            raise TemplateError(f"{self.key}: {sorted(used ^ declared)} in text or declared alone")
        if any(step.after > LONGEST_WAIT for step in self.steps):
            raise TemplateError(f"{self.key}: waits longer than {LONGEST_WAIT} s")
        if isinstance(self.lines, str) and self.lines not in declared:
            raise TemplateError(f"{self.key}: lines by an undeclared parameter")
        numbers = {each.name for each in self.parameters if each.kind is Kind.INTEGER}
        if self.ordered and not set(self.ordered) <= numbers:
            raise TemplateError(f"{self.key}: only numbers are compared")

    @property
    def effect(self) -> Effect:
        """Return what the head of the template does; a sequence as a whole cycles."""
        return self.steps[0].effect if len(self.steps) == 1 else Effect.CYCLE

    @property
    def cycles(self) -> bool:
        """Tell whether it takes the power of its lines away and brings it back."""
        effects = [step.effect for step in self.steps]
        cuts = not {Effect.OFF, Effect.CYCLE}.isdisjoint(effects)
        return cuts and leaves_on(effects)

    @property
    def reads(self) -> bool:
        return self.effect is Effect.QUERY

    def dark(self, values: Mapping[str, str]) -> int:
        """Return for how many seconds a socket keeps its line off before it switches it on itself.

        Counts in what the template says and the times among the values. Raises ValueError.
        """
        times = [each for each in self.parameters if each.unit in _SECONDS and each.name in values]
        return self.dark_seconds + sum(
            _SECONDS[each.unit] * int(values[each.name]) for each in times
        )

    @cached_property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """Return what each of its messages looks like once filled, values as named groups."""
        return tuple(re.compile("".join(self._pattern(step.code))) for step in self.steps)

    def _pattern(self, code: str) -> Iterator[str]:
        by_name = {parameter.name: parameter.pattern for parameter in self.parameters}
        met: set[str] = set()
        for part, is_name in _parts(code):
            if not is_name:
                yield re.escape(part)
            elif part in met:
                yield f"(?P={part})"
            else:
                met.add(part)
                yield f"(?P<{part}>{by_name[part]})"


def fill(code: str, values: Mapping[str, str]) -> str:
    """Return the text of a message with checked values in place of their names."""
    return "".join(values[part] if is_name else part for part, is_name in _parts(code))


def _parts(code: str) -> Iterator[tuple[str, bool]]:
    for number, part in enumerate(_PIECES.split(code)):
        yield part, bool(number % 2)


def _names(code: str) -> Iterator[str]:
    for part, is_name in _parts(code):
        if is_name:
            yield part
        elif "{" in part or "}" in part:
            raise TemplateError(f"a brace that belongs to no name in {code!r}")
