"""One round of questions to a source: what is still to be asked, what came back."""

import itertools
import time
from collections.abc import Iterator
from enum import Enum, auto

from exporters.kinds.shape import Question
from exporters.process import schedule
from exporters.process.schedule import Settings


class Scope(Enum):
    ALL = auto()  # every device of the source: the poll that its figures tell of
    PROBE = auto()  # a few, after a poll in which nothing came
    NEWCOMERS = auto()  # those that are new in the list


class Round:
    """Counts of one round. `allowed` is how many questions may go out by now."""

    def __init__(self, scope: Scope, questions: Iterator[Question], allowed: int) -> None:
        self.scope = scope
        self.allowed = allowed
        self.in_flight = self.good = self.bad = 0
        self._questions = questions
        self._asked_all = False
        self._started = time.monotonic()

    @property
    def is_over(self) -> bool:
        """Tell whether everything was asked and has been answered or has failed."""
        return self._asked_all and self.in_flight == 0

    @property
    def seconds(self) -> float:
        """Return for how long the round has gone on."""
        return time.monotonic() - self._started

    def take(self, free: int) -> list[Question]:
        """Return the next questions to send, at most `free`."""
        wanted = min(free, self.allowed)
        if wanted <= 0 or self._asked_all:
            return []
        questions = list(itertools.islice(self._questions, wanted))
        self._asked_all = len(questions) < wanted
        self.allowed -= len(questions)
        self.in_flight += len(questions)
        return questions

    def append(self, questions: Iterator[Question], number: int) -> None:
        """Put further questions behind those that are left."""
        self._questions = itertools.chain(self._questions, questions)
        self._asked_all = False
        self.allowed += number

    def give_up_if_hopeless(self, settings: Settings) -> None:
        """Leave the rest out when everything so far has failed."""
        if schedule.is_hopeless(self.good, self.bad, settings):
            self._asked_all = True
