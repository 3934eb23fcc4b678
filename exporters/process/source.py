"""One exporter of one platform, polled independently of all others: its timer and its figures.

How it asks is a subclass' business. Lives on the poller's thread.

1. Poll, at a moment left to chance at first, then every interval.
2. Where nothing came: leave the source alone for a while, longer each time.
3. Where the vendor says how long it wants to be left alone: do so.
"""

import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exporters.kinds.shape import Account, Each, Kind, Listing, Reason
from exporters.process import schedule
from exporters.process.fleet import Fleet
from exporters.process.polling import Poller, Timer
from exporters.process.publishing import Publisher
from exporters.process.schedule import Settings
from exporters.process.sharding import Shard
from exporters.process.snapshot import Exposition
from exporters.process.transfers import Answer

logger = logging.getLogger(__name__)

MAY_PASS = (
    Reason.TIMEOUT, Reason.CONNECT, Reason.DNS, Reason.DISCONNECTED, Reason.HTTP_5XX,
)  # fmt: skip

Names = Mapping[str, str]  # identity to the name in Remosa
RememberedInfo = Mapping[str, Mapping[str, str]]  # identity to what the vendor said


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all sources of a process share."""

    kind: Kind
    address: str
    poller: Poller
    exposition: Exposition
    # exporter_id, identity, info of a device whose vendor said something new; None: it is gone
    learned: Callable[[int, str, Mapping[str, str] | None], None]
    publisher: Publisher
    chance: random.Random
    most_devices: int  # of one source
    shard: Shard


@dataclass(frozen=True, slots=True)
class Way:
    """How to ask the vendor; where the settings allow no question, `problem` says why."""

    ask: Each | Listing | None
    problem: str = ""
    account: Account | None = None  # what it was made from


class Source:
    """What all sources do alike."""

    def __init__(
        self, around: Surroundings, fleet: Fleet, exporter_id: int, settings: Settings
    ) -> None:
        self.fleet = fleet
        self.exporter_id = exporter_id
        self.settings = settings
        self.name = ""
        self.next_poll: float | None = None  # None while a poll is going on
        self.last_error = ""  # for a person: the reason, the device, what libcurl says
        self._around = around
        self._due = self._back_off = self._held_until = 0.0
        self._failing = self._removed = self._overtaken = False
        self._account: Account | None = None
        self._timer: Timer | None = None

    def start(self) -> None:
        """Have the first poll begin, at a moment left to chance."""
        now = time.monotonic()
        self._wait_until(schedule.first_start(now, self.settings, self._around.chance))

    def remove(self) -> None:
        """Ask nothing more; answers that are under way will be dropped."""
        self._removed = True
        self._abandon()
        if self._timer:
            self._timer.cancel()

    def change(
        self, name: str, settings: Settings, way: Way, names: Names, info: RememberedInfo
    ) -> None:
        """Take over what Remosa tells: settings, how to ask, the devices if it lists them."""
        raise NotImplementedError

    def _poll(self) -> None:
        """Begin a poll; its end calls `_conclude`."""
        raise NotImplementedError

    def _abandon(self) -> None:
        """Forget the poll that is going on."""
        raise NotImplementedError

    def _wait_until(self, when: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._due = self.next_poll = when
        self._timer = self._around.poller.at(when, self._guarded_poll)

    def _is_mended(self, way: Way) -> bool:
        """Take over the account; tell whether the source is to be asked with a new one at once."""
        changed = self._account is not None and way.account != self._account
        self._account = way.account
        if changed and self.next_poll is None:
            self._overtaken = True
        return changed

    def _guarded_poll(self) -> None:
        self._overtaken = False
        self._guard(self._poll)

    def _guard(self, step: Callable[[], None]) -> None:
        """Make a step; a fault of ours in it costs this poll, never the polls to come."""
        if self._removed:
            return
        try:
            step()
        except Exception:  # a fault of ours in one source must not end its polling
            logger.exception("Exporter %s: a poll failed by a fault of ours", self.exporter_id)
            self._abandon()
            self._wait_until(time.monotonic() + self.settings.interval)
            with self._around.exposition.lock:
                self.fleet.figures.errors[Reason.INTERNAL.value] += 1
                self.fleet.figures.up = False
            self.last_error = "a fault of the exporter itself, told in its log"
            self._around.publisher.soon()

    def _hold(self, answer: Answer) -> bool:
        """Heed a vendor that wants to be left alone; return whether this one does."""
        if answer.code != 429 and not answer.retry_after:
            return False
        wait = schedule.hold(answer.retry_after, self._back_off, self.settings, self._around.chance)
        self._held_until = max(self._held_until, time.monotonic() + wait)
        return True

    @property
    def _is_held(self) -> bool:
        return time.monotonic() < self._held_until

    def _note_error(self, reason: str, about: str, answer: Answer | None = None) -> None:
        self.fleet.figures.errors[reason] += 1
        self.last_error = f"{reason} ({about})" if about else reason
        if answer is not None and answer.detail:
            self.last_error += f": {answer.detail}"

    def _tell(self, good: int, bad: int, seconds: float, is_whole: bool = True) -> None:
        """Write what an entire poll was like into the figures; hold the exposition's lock.

        One that is not whole is no success: what it does not tell of may be there all the same.
        """
        figures = self.fleet.figures
        if good + bad == 0:  # no device, so nothing is known of the vendor
            figures.up = figures.duration = None
            return
        figures.up = good >= bad
        figures.duration = seconds
        if figures.up and is_whole:
            figures.last_success = time.time()
        if seconds > self.settings.interval:
            logger.warning(
                "Exporter %s: a poll took %.0f s, longer than its interval of %.0f s;"
                " raise the concurrency or the interval",
                self.exporter_id, seconds, self.settings.interval,
            )  # fmt: skip

    def _conclude(self, failed: bool) -> None:
        """Wait for the next poll: an interval, or longer after a failure."""
        now = time.monotonic()
        if failed and self._overtaken:  # the settings that failed hold no longer
            self._failing = True
            self._wait_until(max(now, self._held_until))
            return
        self._back_off = (
            schedule.back_off(self._back_off, self.settings, self._around.chance) if failed else 0.0
        )
        if failed:
            when = max(now + self._back_off, self._held_until)
            logger.warning(
                "Exporter %s: no answer could be used, %s; asking again in %.0f s",
                self.exporter_id, self.last_error, when - now,
            )  # fmt: skip
        else:
            when = max(schedule.next_start(self._due, now, self.settings), self._held_until)
            if self._failing:
                logger.info("Exporter %s: the vendor answers again", self.exporter_id)
        self._failing = failed
        self._wait_until(when)


def warn_of_old_age(exporter_id: int, settings: Settings) -> None:
    """Tell that a status will be forgotten before the next one can come."""
    if settings.max_age < settings.interval:
        logger.warning(
            "Exporter %s: a status is kept for %.0f s but comes every %.0f s only, so it comes and"
            " goes; raise MAX_AGE or lower the poll interval",
            exporter_id, settings.max_age, settings.interval,
        )  # fmt: skip


def log_answer(exporter_id: int, about: str, said: str, answer: Answer) -> None:
    """Log one answer in detail, for DEBUG_MODE; never a request, which may hold a secret."""
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug(
            "Exporter %s asked for %s: %s (HTTP %s, %s bytes, %.0f ms) %s",
            exporter_id, about, said, answer.code, len(answer.body), answer.seconds * 1000,
            answer.detail,
        )  # fmt: skip
