"""The lab's time: one for all processes that follow its file, however it is turned. Pure of Django.

It waits for who evaluates: on a machine that has other things to do, time would else run away from
the workers, and they would know nothing any more and do nothing.
"""

import mmap
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

AGO = timedelta(days=30)  # nothing that the lab tells Prometheus may lie ahead of the wall's clock
#: Seconds of the lab since a slot was evaluated, after which time runs slower, and how much.
LAG, SLOWER = 45.0, 8.0
# Which of two accounts of the time counts, these two, the beginning, and what was evaluated last.
_WHICH, _ACCOUNTS, _FIRST, _EVALUATED, _CELLS = 0, (1, 4), 7, 8, 9


class SharedClock:
    """Runs, or stands still and is turned by hand: everybody sees the same."""

    def __init__(self, file: Path, speed: float | None = None) -> None:
        """Begin a clock of such a speed, or follow the one that somebody began."""
        if speed is not None:
            file.write_bytes(bytes(8 * _CELLS))
        with file.open("r+b") as opened:
            self._cells = memoryview(mmap.mmap(opened.fileno(), 8 * _CELLS)).cast("d")
        if speed is not None:
            first = (datetime.now(UTC) - AGO).replace(minute=0, second=0, microsecond=0)
            self._cells[_FIRST] = first.timestamp()
            self._write(0.0, speed)
        self._usual = speed or 1.0
        self.first = datetime.fromtimestamp(self._cells[_FIRST], UTC)

    @property
    def seconds(self) -> float:
        """Return how many seconds have passed."""
        account = _ACCOUNTS[int(self._cells[_WHICH])]
        passed, since, speed = self._cells[account : account + 3]
        return float(passed + (time.monotonic() - since) * speed)

    def __call__(self) -> datetime:
        return self.first + timedelta(seconds=self.seconds)

    def stand_still(self) -> None:
        """Stop: from now on time passes by `turn` alone."""
        self._write(self.seconds, 0.0)

    def run_on(self) -> None:
        """Run, from where it stands."""
        self._write(self.seconds, self._usual)

    def turn(self, seconds: float) -> None:
        """Let time pass while it stands still."""
        self._write(self.seconds + seconds, 0.0)

    def note_evaluation(self) -> None:
        """Let the lab know that somebody evaluates."""
        self._cells[_EVALUATED] = self.seconds

    def keep_pace(self) -> None:
        """Run slower while nobody evaluates; for whoever began it, often."""
        late = self.seconds - self._cells[_EVALUATED] > LAG
        speed = self._usual / SLOWER if late else self._usual
        if speed != self._cells[_ACCOUNTS[int(self._cells[_WHICH])] + 2]:
            self._write(self.seconds, speed)

    def _write(self, passed: float, speed: float) -> None:
        """Write the other account, then let it count: nobody reads half of one."""
        other = 1 - int(self._cells[_WHICH])
        for at, value in enumerate((passed, time.monotonic(), speed), _ACCOUNTS[other]):
            self._cells[at] = value
        self._cells[_WHICH] = float(other)
