"""A player under a job, slot by slot, as the description of the engine says it: the test's oracle.

Written from that text alone. It keeps every slot's sum and shares nothing with jobs/tracks.py, not
even the numbers.
"""

from dataclasses import dataclass, field


@dataclass
class NaiveTrack:
    """The sum of one player under one job; `said` is "T", "F" or "U"."""

    hold: int
    recover: int
    covered: int = 0
    bad: bool | None = None
    seen_good: bool = False
    in_a_row: int = 0
    last_well: int | None = None
    bad_for: int = 0  # seconds for which its source was known since it turned bad
    knew: bool = False
    flips: list[int] = field(default_factory=list)
    open: bool = False
    last_slot: int = -1
    last_at: int = 0
    last_said: str = "U"
    source_fails: bool = False  # of the slot that is taken in
    fired: bool = False
    recovered: bool = False

    def change_version(self) -> None:
        """A changed job counts anew."""
        self.covered = 0

    def take(self, slot: int, at: int, said: str) -> None:
        """Take in one evaluated slot; a source that is not known says "U" of all its players."""
        follows = slot == self.last_slot + 1
        knows = not self.source_fails
        self.last_well = slot if said == "F" else self.last_well
        self.bad_for += at - self.last_at if follows and knows and self.knew else 0
        self.bad_for = 0 if said == "F" or (said == "T" and not self.bad) else self.bad_for
        self.knew = knows
        if self.last_slot >= 0 and slot - self.last_slot > 3:
            self.covered = 0
        if said == "U":
            self.in_a_row = 0
        elif self.bad is not (said == "T"):
            if self.bad is not None:
                self.flips.append(slot)
            self.bad, self.covered, self.in_a_row = said == "T", 0, 1
        elif follows and self.last_said == said:
            self.covered += at - self.last_at
            self.in_a_row += 1
        else:
            self.in_a_row = 1
        self.seen_good = self.seen_good or said == "F"
        self.last_slot, self.last_at, self.last_said = slot, at, said
        self.fired = (
            said == "T"
            and self.in_a_row >= 2
            and self.covered >= self.hold
            and self.seen_good
            and not self.flaps
        )
        self.recovered = said == "F" and self.covered >= self.recover

    @property
    def flaps(self) -> bool:
        """Tell whether it changed six times or more within the hour that ends now."""
        return len([each for each in self.flips if (self.last_slot - each) * 30 < 3600]) >= 6

    @property
    def state(self) -> str:
        """Name where it stands; whether it is known now lies over that."""
        if self.bad is not None and self.open:
            return "firing" if self.bad else "recovering"
        if not self.seen_good:
            return "new"
        if self.flaps:
            return "flapping"
        if not self.bad:
            return "ok"
        return "firing" if self.fired else "pending"
