"""Deeds that become due as the world's time goes by. Pure: whoever knows the time advances it."""

import heapq
from collections.abc import Callable
from itertools import count

Deed = Callable[[float], None]


class Agenda:
    """What is due when; each deed is told the moment it was due at, however late it is done."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Deed]] = []
        self._numbers = count()

    def at(self, moment: float, deed: Deed) -> None:
        """Do something at a moment of the world; of two at one moment the older comes first."""
        heapq.heappush(self._heap, (moment, next(self._numbers), deed))

    def advance(self, now: float) -> None:
        """Do all that is due, in order; what a deed adds is done too if it is due."""
        while self._heap and self._heap[0][0] <= now:
            moment, _, deed = heapq.heappop(self._heap)
            deed(moment)
