"""In which order a tick asks, and in what time: what several platforms want to know comes first.

What one platform alone asks comes after it, in a time of its own: its slow or many questions blind
nobody else. It asks nothing itself.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from .moments import LONGEST_ANSWER, Moment, Share
from .questions import Asked
from .tracks import SLOT

RAW_SECONDS: Final = 5.0  # for what superadmins wrote: nobody knows what it costs
#: Seconds that platforms leave alone with what they ask by themselves: to look, and to prove.
FOR_LOOKING: Final = 10.0
FOR_PROOF: Final = 3.0
#: Seconds of the smallest share. Of hundreds of platforms each would else have too few for any
#: answer, and all of them together none.
LEAST: Final = 0.25


class Turns:
    """The questions of one tick by their keys, each with the platforms that ask it."""

    def __init__(
        self,
        moment: Moment,
        asked: Mapping[object, Asked],
        platforms: Mapping[object, set[int]],
    ) -> None:
        self._moment, self._asked = moment, asked
        self._sole = {key: min(each) for key, each in platforms.items() if len(each) == 1}

    def all(self, spared: float) -> Iterator[tuple[Moment, Asked]]:
        """Yield every question in its turn, with the moment that it is asked about.

        What is left but the spared seconds is divided anew for each platform: those that need
        little come first and leave theirs to the others. Its PromQL comes last. Of equals another
        one is first in every slot: should time never suffice, each is looked at now and then.
        """
        mine: dict[int, list[Asked]] = defaultdict(list)
        for key, each in self._asked.items():
            if key in self._sole:
                mine[self._sole[key]].append(each)
            else:
                yield self._moment, each
        for every in mine.values():
            every.sort(key=_is_raw)
        order = [mine[platform_id] for platform_id in sorted(mine, key=self._place(mine))]
        for number, every in enumerate(order):
            left = self._moment.left - spared
            share = Share(self._moment, min(left, max(left / (len(order) - number), LEAST)))
            for each in every:
                yield share, each

    def _place(self, mine: Mapping[int, list[Asked]]) -> Callable[[int], tuple[bool, int, int]]:
        slot = int(self._moment.at // SLOT)

        def place(platform_id: int) -> tuple[bool, int, int]:
            every = mine[platform_id]
            return _is_raw(every[-1]), len(every), (platform_id + slot) % len(mine)

        return place


def longest(asked: Asked) -> float:
    """Return how many seconds a question may take."""
    return RAW_SECONDS if asked.raw is not None else LONGEST_ANSWER


def _is_raw(asked: Asked) -> bool:
    return asked.raw is not None
