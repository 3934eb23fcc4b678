"""The lab's time: one for all processes that were forked from it, however it is turned."""

import time
from datetime import UTC, datetime, timedelta
from multiprocessing.sharedctypes import RawArray

from tests.crashlab.worker import FastClock

AGO = timedelta(days=30)  # nothing that the lab tells Prometheus may lie ahead of the wall's clock


class SharedClock(FastClock):
    """Runs, or stands still and is turned by hand: everybody sees the same."""

    def __init__(self, speed: float) -> None:
        first = (datetime.now(UTC) - AGO).replace(minute=0, second=0, microsecond=0)
        super().__init__(time.monotonic(), first, speed)
        self._usual = speed
        self._told = RawArray("d", (0.0, time.monotonic(), speed))

    @property
    def seconds(self) -> float:
        """Return how many seconds have passed."""
        passed, since, speed = self._told
        return float(passed + (time.monotonic() - since) * speed)

    def __call__(self) -> datetime:
        return self.first + timedelta(seconds=self.seconds)

    def stand_still(self) -> None:
        """Stop: from now on time passes by `turn` alone."""
        self._told[:] = (self.seconds, 0.0, 0.0)

    def run_on(self) -> None:
        """Run again, from where it stands."""
        self._told[:] = (self.seconds, time.monotonic(), self._usual)

    def turn(self, seconds: float) -> None:
        """Let time pass while it stands still."""
        self._told[0] += seconds

    @property
    def told(self) -> tuple[float, str, float]:
        """Return what a FastClock of another program is made of: begun, first, speed."""
        passed, since, speed = self._told
        return since - passed / (speed or 1.0), self.first.isoformat(), speed
