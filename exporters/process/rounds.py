"""One round of questions to a source: what is still to be asked, what came back."""

import itertools
import time
from collections import deque
from collections.abc import Iterable, Iterator
from enum import Enum, auto

from exporters.process import schedule
from exporters.process.schedule import Settings


class Scope(Enum):
    ALL = auto()  # every device of the source: the poll that its figures tell of
    PROBE = auto()  # a few, after a poll in which nothing came
    NEWCOMERS = auto()  # those that are new in the list


class Round:
    """Counts of one round. `allowed` is how many questions may go out by now."""

    def __init__(self, scope: Scope, identities: Iterator[str], allowed: int) -> None:
        self.scope = scope
        self.allowed = allowed
        self.in_flight = self.good = self.bad = 0
        self._identities = identities
        self._again: deque[str] = deque()
        self._retried: set[str] = set()
        self._asked = 0
        self._asked_all = False
        self._started = time.monotonic()

    @property
    def is_over(self) -> bool:
        """Tell whether everything was asked and has been answered or has failed."""
        return self._asked_all and self.in_flight == 0 and not self._again

    @property
    def seconds(self) -> float:
        """Return for how long the round has gone on."""
        return time.monotonic() - self._started

    def take(self, free: int) -> list[str]:
        """Return the next devices to ask for, at most `free`."""
        wanted = min(free, self.allowed)
        if wanted <= 0:
            return []
        identities: list[str] = []
        if not self._asked_all:
            identities.extend(itertools.islice(self._identities, wanted))
            self._asked_all = len(identities) < wanted
            self.allowed -= len(identities)
        while self._again and len(identities) < wanted:
            identities.append(self._again.popleft())
        self._asked += len(identities)
        self.in_flight += len(identities)
        return identities

    def retry(self, identity: str) -> bool:
        """Have a device asked for once more, if the round's budget allows it.

        Where nothing was answered yet there is none: a vendor that is down gets no more load.
        """
        within = len(self._retried) < schedule.retries(self._asked)
        if not self.good or not within or identity in self._retried:
            return False
        self._retried.add(identity)
        self._again.append(identity)
        return True

    def append(self, identities: Iterable[str]) -> None:
        """Put further devices behind those that are left."""
        more = list(identities)
        self._identities = itertools.chain(self._identities, more)
        self._asked_all = False
        self.allowed += len(more)

    def stop(self) -> None:
        """Leave out what was not asked yet."""
        self._asked_all = True
        self._again.clear()

    def is_hopeless(self, settings: Settings) -> bool:
        """Tell whether everything so far has failed, so that the rest need not be tried."""
        return schedule.is_hopeless(self.good, self.bad, settings)
