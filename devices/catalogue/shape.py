"""A socket model: its commands, and what any text that it understands looks like. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from devices.templates import Danger, Template
from devices.words import Words


@dataclass(frozen=True)
class Model:
    """One socket model; `version` grows with every change of its data."""

    key: str
    version: int
    name: str
    about: Words
    outlets: int
    grammar: re.Pattern[str]
    replies: str  # the family of texts that it answers with
    notes: tuple[Words, ...]
    commands: tuple[Template, ...]

    @cached_property
    def by_key(self) -> dict[str, Template]:
        return {command.key: command for command in self.commands}

    def reader(self, text: str) -> Template | None:
        """Return the command of one message that the socket takes this text for, if any.

        No text is two commands; a test of the catalogue holds that.
        """
        for command in self.commands:
            if len(command.steps) == 1 and command.patterns[0].fullmatch(text):
                return command
        return None

    def danger_of(self, text: str) -> Danger:
        """Return how much harm a text may do, whoever wrote its template.

        A text that the catalogue does not know counts as the worst command that begins alike:
        nobody knows what the socket makes of `#08#12#`.
        """
        if reader := self.reader(text):
            return reader.danger
        if not self.commands:
            return Danger.NONE
        alike = [command.danger for command in self._alike(text)]
        return max([Danger.CONFIG, *alike], key=lambda danger: danger.rank)

    def lines_of(self, text: str) -> frozenset[int]:
        """Return the lines that a text may switch: all where it is only like one that switches."""
        reader = self.reader(text)
        if reader is None:
            return self.every_line if any(each.lines for each in self._alike(text)) else frozenset()
        if not isinstance(reader.lines, str):
            return frozenset(reader.lines)
        found = reader.patterns[0].fullmatch(text)
        return self.lines_by(found[reader.lines] if found else "0")

    def dark_by(self, text: str) -> int:
        """Return for how many seconds a text leaves a line dark that the socket then switches on.

        As the catalogue's own command of that text tells it; 0 where there is none.
        """
        reader = self.reader(text)
        found = reader and reader.patterns[0].fullmatch(text)
        return reader.dark(found.groupdict()) if reader and found else 0

    def lines_by(self, value: str) -> frozenset[int]:
        """Return the lines that the value of a parameter means; 0 is all of them."""
        return frozenset({int(value)}) if int(value) else self.every_line

    @property
    def every_line(self) -> frozenset[int]:
        return frozenset(range(1, self.outlets + 1))

    def _alike(self, text: str) -> Iterator[Template]:
        for command in self.commands:
            if any(_head(step.code) == _head(text) for step in command.steps):
                yield command


def _head(text: str) -> str:
    return text.split("#")[1] if "#" in text else text
