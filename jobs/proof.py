"""What is known of one player after its power was switched for a job. Pure: no query, no clock.

Unknown proves nothing, and a sample from before the player could have booted proves nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from .tracks import SLOT, Clock, Track

LATE = 3 * SLOT  # seconds after which a slot says nothing of now


class Finding(Enum):
    """What is seen: nothing yet, well, well for long enough, or bad in spite of all."""

    OPEN = "open"
    WELL = "well"
    HELPED = "helped"
    DID_NOT_HELP = "did_not_help"


@dataclass(frozen=True, slots=True)
class Trial:
    """An attempt that went out: when the power was back, and how long what may take."""

    acted: datetime
    boot_grace: timedelta
    recover: timedelta
    wait: timedelta

    @property
    def booted(self) -> datetime:
        """Return from when on samples count."""
        return self.acted + self.boot_grace

    @property
    def late(self) -> datetime:
        """Return when a player that is bad has had its time."""
        return self.acted + max(self.wait, self.boot_grace)


def judge(
    trial: Trial,
    track: Track | None,
    clock: Clock | None,
    newest: float | None,
    well_since: datetime | None,
    now: datetime,
) -> Finding:
    """Judge an attempt by the last slot of its player.

    `newest`: Unix time of the newest sample at that slot; `well_since`: since when the player has
    been found WELL in every slot, as it was written down then.
    """
    if track is None or clock is None or not _is_known(track, clock, now):
        return Finding.OPEN
    if newest is None or not trial.booted.timestamp() < newest <= clock.at:
        return Finding.OPEN
    if track.bad:
        return Finding.DID_NOT_HELP if newest > trial.late.timestamp() else Finding.OPEN
    if well_since is None or not _unbroken(track, clock, well_since):
        return Finding.WELL
    steady = clock.at - well_since.timestamp()
    return Finding.HELPED if steady >= trial.recover.total_seconds() else Finding.WELL


def began(clock: Clock, track: Track, well_since: datetime | None, zone: datetime) -> datetime:
    """Return since when a player that is WELL has been so without a break."""
    if well_since is not None and _unbroken(track, clock, well_since):
        return well_since
    return datetime.fromtimestamp(clock.at, zone.tzinfo)


def _is_known(track: Track, clock: Clock, now: datetime) -> bool:
    """Tell whether the last slot says something of now."""
    fresh = now.timestamp() - clock.at <= LATE
    return fresh and clock.known and track.frozen_from is None and track.era == clock.era


def _unbroken(track: Track, clock: Clock, since: datetime) -> bool:
    """Tell whether the same verdict was seen in every slot since a moment."""
    slot = since.timestamp() // SLOT
    return track.since_slot <= slot and clock.known_since <= slot
