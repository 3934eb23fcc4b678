"""Decides when a new snapshot is made: at the end of a round, and now and then within one.

Lives on the poller's thread.
"""

import time

from exporters.process.polling import Poller, Timer
from exporters.process.snapshot import Exposition

SHORTEST_WAIT = 0.25  # seconds between two snapshots within a round
SHARE = 0.02  # of a core, at most, goes into them


class Publisher:
    """Publishes an exposition on the poller's clock."""

    def __init__(self, exposition: Exposition, poller: Poller) -> None:
        self._exposition = exposition
        self._poller = poller
        self._wait = SHORTEST_WAIT
        self._timer: Timer | None = None

    def now(self) -> None:
        """Make a snapshot of all that is known."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        started = time.monotonic()
        self._exposition.publish()
        self._wait = max(SHORTEST_WAIT, (time.monotonic() - started) / SHARE)

    def soon(self) -> None:
        """Have a snapshot made within a moment, together with what else comes in until then."""
        if self._timer is None:
            self._timer = self._poller.at(time.monotonic() + self._wait, self.now)
