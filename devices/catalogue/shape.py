"""A socket model: its commands, and what any text that it understands looks like. Pure."""

import re
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
        alike = [
            command.danger
            for command in self.commands
            for step in command.steps
            if _head(step.code) == _head(text)
        ]
        return max([Danger.CONFIG, *alike], key=lambda danger: danger.rank)


def _head(text: str) -> str:
    return text.split("#")[1] if "#" in text else text
