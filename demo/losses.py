"""What the simulated world knows of players that lost their power: the truth behind a report. Pure.

No vendor and no exporter reads it: a vendor may lie or be away, this does not.
"""

from typing import Final, NamedTuple

MOST: Final = 5000  # are kept of each; those before are forgotten


class Told(NamedTuple):
    """A message that the gateway took for a socket: when, and which players were well just then."""

    at: float
    phone: str
    well: frozenset[str] = frozenset()


class Loss(NamedTuple):
    """A player lost its power: how it was then, and the message that did it; None: the mains.

    Seconds of the world; `hung_since` None: it did not hang.
    """

    identity: str
    at: float
    was_well: bool
    hung_since: float | None
    told: Told | None

    @property
    def was_well_when_told(self) -> bool:
        """Whether a message switched off a player that was well when somebody decided on it."""
        return self.told is not None and self.identity in self.told.well
