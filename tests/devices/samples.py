"""A Prometheus that has the samples which a test says, and forgets them as the real one does."""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from exporters.models import Player
from tests.devices.world import NOON, Clock
from tests.exporters.watched_world import STATUS, Scripted, _Api, serving

LOOKBACK = 300  # seconds, of an instant query
FRESH = 150  # which the selector of pages asks for
_WITHIN = re.compile(r"\[(\d+)s\]")


class Sampled(Scripted):
    """Status samples by player, in seconds after noon; `clock` is the server's own."""

    def __init__(self, server: Any, clock: Clock) -> None:
        super().__init__(server)
        self.clock = clock
        self.points: dict[Player, list[tuple[float, float]]] = defaultdict(list)

    def say(self, player: Player, value: int, begin: float, end: float, step: int = 30) -> None:
        """Let a player have a status from then till then."""
        at = begin
        while at <= end:
            self.points[player].append((NOON.timestamp() + at, value))
            at += step
        self.points[player].sort()

    def answer(self, path: str, asked: dict[str, str]) -> dict[str, Any]:
        """Return the body of one answer: what the query's selectors could choose, and no more."""
        self.questions.append({"path": path, **asked})
        now, within = self.clock.now.timestamp(), _WITHIN.search(asked["query"])
        result: list[dict[str, Any]] = []
        for player, points in self.points.items():
            seconds = int(within[1]) if within else FRESH
            seen = [(at, str(value)) for at, value in points if now - seconds < at <= now]
            if not seen or player.identity not in asked["query"]:
                continue
            values = {"values": seen} if within else {"value": (now, seen[-1][1])}
            result.append({"metric": self._labels(player), **values})
        kind = "matrix" if within else "vector"
        return {"status": "success", "data": {"resultType": kind, "result": result}, **self.more}

    @staticmethod
    def _labels(player: Player) -> dict[str, str]:
        return {
            "__name__": STATUS,
            "mac": player.identity,
            "platform_id": str(player.platform_id),
            "exporter_id": str(player.exporter_id),
        }


@contextmanager
def sampled_prometheus(clock: Clock) -> Iterator[Sampled]:
    """Run it until the block ends."""
    with serving(_Api) as server:
        yield Sampled(server, clock)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)
