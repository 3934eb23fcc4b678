"""Decides when a new snapshot is made: at the end of a round, and now and then within one.

Lives on the poller's thread.
"""

import time

from exporters.process.polling import Poller, Timer
from exporters.process.snapshot import Exposition

SHORTEST_WAIT = 0.25  # seconds between two snapshots within a round
SHARE = 0.02  # of a core, at most, goes into them
SHARE_OF_ENDS = 0.2  # into those at the ends of rounds: hundreds of sources end one by one


class Publisher:
    """Publishes an exposition on the poller's clock."""

    def __init__(self, exposition: Exposition, poller: Poller) -> None:
        self._exposition = exposition
        self._poller = poller
        self._wait = SHORTEST_WAIT
        self._cost = self._ended = 0.0
        self._timer: Timer | None = None

    def now(self) -> None:
        """Make a snapshot of all that is known."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        started = time.monotonic()
        self._exposition.publish()
        self._ended = time.monotonic()
        self._cost = self._ended - started
        self._wait = max(SHORTEST_WAIT, self._cost / SHARE)

    def after_round(self) -> None:
        """Make a snapshot; where rounds end thick and fast, one of several of them."""
        due = self._ended + self._cost / SHARE_OF_ENDS
        if time.monotonic() >= due:
            self.now()
            return
        if self._timer:
            self._timer.cancel()
        self._timer = self._poller.at(due, self.now)

    def soon(self) -> None:
        """Have a snapshot made within a moment, together with what else comes in until then."""
        if self._timer is None:
            self._timer = self._poller.at(time.monotonic() + self._wait, self.now)
