"""What is remembered of a player under a criterion, slot by slot.

Time is counted by the clock of a source, which stands still while the source is not known: so a
vendor that is away for hours freezes all its players without a single row being written.

Pure: no query, no clock of its own. It may not count a second that was not seen from both ends:
only the interval between two slots that follow each other, at both of which the player was known.
"""

from dataclasses import dataclass, replace
from typing import Final

from .verdicts import Verdict, Why

SLOT: Final = 30  # seconds
LONGEST_GAP: Final = 3  # slots from one evaluation to the next; after more everything starts anew
PUT_BACK: Final = 20  # slots by which a clock that stands further ahead was wrong, and was put back
FLAPS: Final = 6  # flips within an hour, from which on a player flaps


@dataclass(frozen=True, slots=True)
class Clock:
    """How long one source was known under one criterion; the fields are those of the row.

    ``observed`` seconds are counted while it was known; ``known_since`` is the slot since which
    ``known`` is what it is, without a slot left out; ``known_before`` is the last slot before this
    one at which it was known. ``era`` grows with each gap that is too long. ``interval``, not kept,
    is what the last slot added to ``observed``.
    """

    slot: int
    at: float  # Unix time
    observed: float
    known: bool
    known_since: int
    era: int = 0
    why: Why | None = None
    known_before: int | None = None
    interval: float = 0.0


@dataclass(frozen=True, slots=True)
class Track:
    """What was seen of one player under one criterion; the fields are those of the row.

    ``bad`` is the last known verdict; its run began at ``run_from`` and was not known for
    ``frozen`` seconds. ``frozen_from`` is where the clock stood when it was known last, None while
    it is known. ``since_slot`` is where the present verdict, UNKNOWN not counted as one, began;
    ``flips`` are the last slots at which it changed. ``value`` is that of the run's begin.
    ``bad_from`` is where a run began that outlived a gap, None where that is ``run_from``.
    ``well_slot`` is a slot at which it was known to be well: the last one, once it is not at rest.
    """

    bad: bool
    run_from: float
    since_slot: int
    era: int
    seen_good: bool
    frozen: float = 0.0
    frozen_from: float | None = None
    flips: tuple[int, ...] = ()
    value: float | None = None
    why: Why | None = None
    bad_from: float | None = None
    well_slot: int | None = None

    @property
    def began(self) -> float:
        """Return where the clock stood when the present verdict began, whatever gaps there were."""
        return self.run_from if self.bad_from is None else self.bad_from

    @property
    def at_rest(self) -> bool:
        """Tell whether no tick has to look at it while its source says that all is well."""
        return not self.bad and self.frozen_from is None


def advance(clock: Clock | None, slot: int, at: float, known: bool, why: Why | None) -> Clock:
    """Move the clock of a source to a slot that was evaluated at a Unix time.

    Back by a few slots it never goes; by many it does: what follows is a new era.
    """
    if clock is None:
        return Clock(slot, at, 0.0, known, slot, why=why)
    if not is_due(slot, clock.slot):
        raise ValueError(f"slot {slot} comes after {clock.slot}")
    steady = slot == clock.slot + 1 and known == clock.known
    interval = max(0.0, at - clock.at) if steady and known else 0.0
    known_before = clock.slot if clock.known else clock.known_before
    return Clock(
        slot=slot,
        at=at,
        observed=clock.observed + interval,
        known=known,
        known_since=clock.known_since if steady else slot,
        era=clock.era + (abs(slot - clock.slot) > LONGEST_GAP),
        why=why,
        known_before=known_before if slot > clock.slot else None,
        interval=interval,
    )


def is_due(slot: int, last: int) -> bool:
    """Tell whether a slot is to be evaluated after that which was last."""
    return slot > last or last - slot > PUT_BACK


def step(
    track: Track | None,
    clock: Clock,
    verdict: Verdict,
    value: float | None = None,
    why: Why | None = None,
) -> Track | None:
    """Take in the verdict of the clock's slot; the very same track where nothing is to be written.

    `why` is why it is UNKNOWN, `value` what made it TRUE. While the source is not known, or before
    a first verdict, nothing happens.
    """
    if not clock.known:
        return track
    if verdict is Verdict.UNKNOWN:
        if track is None or track.frozen_from is not None:
            return track
        return replace(
            track,
            frozen_from=clock.observed - clock.interval,
            why=why,
            well_slot=_well_before(track, clock),
        )
    bad = verdict is Verdict.TRUE
    if track is None:
        well_slot = None if bad else clock.slot
        return Track(
            bad, clock.observed, clock.slot, clock.era, not bad, value=value, well_slot=well_slot
        )
    if track.bad == bad and track.era == clock.era:
        return _thaw(track, clock)
    return Track(
        bad=bad,
        run_from=clock.observed,
        since_slot=clock.slot,
        era=clock.era,
        seen_good=track.seen_good or not bad,
        flips=(*track.flips, clock.slot)[-FLAPS:] if track.bad != bad else track.flips,
        value=value,
        bad_from=track.began if bad and track.bad else None,
        well_slot=_well_before(track, clock) if bad else clock.slot,
    )


def well_at(track: Track, clock: Clock) -> int | None:
    """Return the last slot at which the player is known to have been well; None: never."""
    return clock.slot if clock.known and track.at_rest else _well_before(track, clock)


def _thaw(track: Track, clock: Clock) -> Track:
    """Go on with a run whose verdict is what it was."""
    if track.frozen_from is None:
        return track
    return replace(
        track,
        frozen=frozen_for(track, clock),
        frozen_from=None,
        since_slot=clock.slot,
        why=None,
        well_slot=track.well_slot if track.bad else clock.slot,
    )


def _well_before(track: Track, clock: Clock) -> int | None:
    """Return the last slot before the clock's at which it was known to be well; None: none.

    One at rest was well whenever its source was known: that is what lets ticks leave it alone.
    """
    if not track.at_rest or clock.known_before is None or track.well_slot is None:
        return track.well_slot
    return max(track.well_slot, clock.known_before)


def frozen_for(track: Track, clock: Clock) -> float:
    """Return for how long of its run a player was not known, up to now."""
    if track.frozen_from is None:
        return track.frozen
    return track.frozen + clock.observed - track.frozen_from
