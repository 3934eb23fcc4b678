"""A source whose vendor lists its devices itself, page by page. Lives on the poller's thread.

1. Ask for one page after the other; one that failed for a reason that may pass, once more,
   within a budget and only where the vendor has answered lately. Now and then look behind the
   last one: a vendor whose pages are shorter than the limit must not look like a short list.
2. Take in what was said of each device, also where a later page failed.
3. After a whole walk settle which devices there are: those no longer listed go.
"""

import logging
import time
from functools import partial

from exporters.kinds import strict_json
from exporters.kinds.shape import NOTHING, Listing, Reason
from exporters.process.fleet import Fleet
from exporters.process.schedule import Budget, Settings
from exporters.process.source import (
    MAY_PASS,
    Names,
    RememberedInfo,
    Source,
    Surroundings,
    Way,
    log_answer,
    warn_of_old_age,
)
from exporters.process.transfers import Answer, http_failure
from exporters.process.walk import Roster, Walk

logger = logging.getLogger(__name__)

BYTES_A_DEVICE = 4096  # of a page, at most; a usual device takes 300
SMALLEST_LIMIT, LARGEST_LIMIT = 1024 * 1024, 8 * 1024 * 1024  # bytes of a page
MOST_DOUBTS = 3  # polls in a row that look behind the end where nothing comes
DOUBT_EVERY = 100  # polls; the vendor may have begun to hold its pages shorter than asked
TRY_AGAIN_AFTER = (0.5, 1.5)  # seconds, left to chance


class ListingSource(Source):
    """Polls a list that is the vendor's own."""

    def __init__(
        self, around: Surroundings, fleet: Fleet, exporter_id: int, settings: Settings
    ) -> None:
        super().__init__(around, fleet, exporter_id, settings)
        self._ask: Listing | None = None
        self._problem = ""
        self._walk: Walk | None = None
        self._roster = Roster()
        self._walks = 0
        self._doubts_left = MOST_DOUBTS  # of looks behind the end, until one was answered
        self._cap: int | None = None  # of the vendor's pages, where it is below the limit
        self._started = 0.0
        self._budget = Budget()

    def change(
        self, name: str, settings: Settings, way: Way, names: Names, info: RememberedInfo
    ) -> None:
        """Take over settings; `info` is what the vendor is remembered to have listed."""
        ask = way.ask if isinstance(way.ask, Listing) else None
        if info and not self.fleet.devices:
            with self._around.exposition.lock:
                self.fleet.set_devices(dict.fromkeys(info, ""), info)
        if self._timer is None or settings != self.settings:
            warn_of_old_age(self.exporter_id, settings)
        with self._around.exposition.lock:
            self.fleet.max_age = settings.max_age
        if way.account != self._account:  # it may be another vendor's list
            self._doubts_left = MOST_DOUBTS
        mended = self._is_mended(way)
        sooner = settings.interval < self.settings.interval
        self.name, self.settings = name, settings
        self._ask, self._problem = ask, way.problem
        if self.next_poll is not None and (mended or sooner):
            soon = time.monotonic() + (0 if mended else settings.interval)
            self._wait_until(max(min(self.next_poll, soon), self._held_until))

    def _poll(self) -> None:
        self.next_poll, self._started = None, time.monotonic()
        if self._walks % DOUBT_EVERY == 0:
            self._doubts_left = MOST_DOUBTS
        doubts = self._doubts_left > 0 and self._has_pages()
        self._walk = walk = Walk(self._around.most_devices, self._cap, doubts=doubts)
        if self._ask is None:
            self._note_error(Reason.SETTINGS.value, self._problem)
            self._end(walk, Reason.SETTINGS.value)
        else:
            self._ask_page(walk, self._ask)

    def _has_pages(self) -> bool:
        """Tell whether an offset makes a difference to what is asked."""
        return self._ask is not None and self._ask.ask(0, 0) != self._ask.ask(1, 1)

    def _abandon(self) -> None:
        self._walk = None

    def _ask_page(self, walk: Walk, ask: Listing) -> None:
        """Ask for the next page, all along with what the walk began with: one account's list."""
        if walk is not self._walk:
            return
        self._around.poller.ask(
            ask.ask(walk.offset, walk.pages),
            self.settings.timeout,
            lambda answer: self._guard(partial(self._take, walk, ask, answer)),
            limit=min(LARGEST_LIMIT, max(SMALLEST_LIMIT, BYTES_A_DEVICE * ask.page_size)),
        )

    def _take(self, walk: Walk, ask: Listing, answer: Answer) -> None:
        if walk is not self._walk:
            return  # it was abandoned meanwhile
        failure = answer.failure or http_failure(answer.code)
        about = f"the devices from {walk.offset} on"
        held = self._hold(answer)
        alive = walk.pages > 0 or (self.fleet.figures.up is True and not self._failing)
        if walk.is_doubting and failure:
            self._note_doubt(failure, ask, answer)
            self._end(walk, "")
            return
        if failure in MAY_PASS and not held and alive and self._budget.spend():
            log_answer(self.exporter_id, about, f"{failure}, asked again", answer)
            when = time.monotonic() + self._around.chance.uniform(*TRY_AGAIN_AFTER)
            step = partial(self._guard, partial(self._ask_page, walk, ask))
            self._around.poller.at(when, step)
            return
        self._budget.earn()
        if not failure:
            try:
                walk.take(ask.read(answer.body), self._around.exposition.clock())
            except strict_json.MalformedError as error:
                failure = "" if walk.is_doubting else Reason.MALFORMED.value
                walk.is_over = walk.is_doubting
                answer = answer._replace(detail=str(error))
        log_answer(self.exporter_id, about, failure or "a page", answer)
        if failure:
            self._note_error(failure, about, answer)
            self._end(walk, failure)
        elif walk.is_over:
            if ask is self._ask:
                self._doubts_left = 0
            self._end(walk, "")
        else:
            self._ask_page(walk, ask)

    def _note_doubt(self, failure: str, ask: Listing, answer: Answer) -> None:
        """Take a failure behind the end for no failure of the list: nothing need be there."""
        may_pass = failure in MAY_PASS or self._is_held
        log_answer(self.exporter_id, "the end of the list", failure, answer)
        if failure in MAY_PASS:
            self._note_error(failure, "behind the end of the list", answer)
        if ask is self._ask:
            self._doubts_left = self._doubts_left - 1 if may_pass else 0

    def _end(self, walk: Walk, failure: str) -> None:
        """Take in what the walk found; `failure` is why it did not come to its end."""
        self._walk = None
        with self._around.exposition.lock:
            self._take_in(walk, failure)
            seconds = time.monotonic() - self._started
            self._tell(walk.pages, 1 if failure else 0, seconds, is_whole=not failure)
        self._around.publisher.after_round()
        self._conclude(failed=bool(failure) and walk.pages == 0)

    def _take_in(self, walk: Walk, failure: str) -> None:
        fleet, figures = self.fleet, self.fleet.figures
        known = fleet.devices
        gone: list[str] = [] if failure else self._roster.settle(list(known), walk)
        left = known.keys() - gone if gone else known.keys()
        names = dict.fromkeys([*left, *(each for each in walk.found if each not in known)], "")
        room = self._around.most_devices
        if len(names) > room:  # those that are kept for now give way to those that are listed
            absent = [each for each in names if each not in walk.found][: len(names) - room]
            gone += absent
            for identity in absent:
                del names[identity]
        fleet.set_devices(names, NOTHING)
        for identity in gone:
            self._around.learned(self.exporter_id, identity, None)
        for identity, (reading, at) in walk.found.items():
            if reading.reason in figures.errors:
                figures.errors[reading.reason] += 1
            if fleet.learn(identity, reading, at):
                self._around.learned(self.exporter_id, identity, fleet.info_of(identity))
        if failure:
            for identity in names:
                if identity not in walk.found:
                    fleet.fail(identity, failure)
            return
        figures.errors[Reason.MALFORMED.value] += walk.rejected
        self._tell_of_the_list(walk, len(gone))

    def _tell_of_the_list(self, walk: Walk, gone: int) -> None:
        """Write how whole the list was into the figures; log what changed in that."""
        figures = self.fleet.figures
        missing = len(self._roster.missing)
        self._walks += 1
        if walk.cap != self._cap:
            logger.info(
                "Exporter %s: the vendor's pages hold %s devices, fewer than were asked for",
                self.exporter_id, walk.cap,
            )  # fmt: skip
            self._cap = walk.cap
        if walk.truncated and not figures.truncated:
            logger.warning(
                "Exporter %s: the vendor lists no more than %s devices, further ones cannot be"
                " asked for; raise the limit of devices a page",
                self.exporter_id, len(walk.found),
            )  # fmt: skip
        if walk.dropped and not figures.dropped:
            logger.warning(
                "Exporter %s: %s devices more than MAX_DEVICES were left out",
                self.exporter_id, walk.dropped,
            )  # fmt: skip
        if missing and not figures.missing and not walk.truncated:
            logger.warning(
                "Exporter %s: the list has shrunk by %s devices; they are kept until the next"
                " lists confirm it",
                self.exporter_id, missing,
            )  # fmt: skip
        if gone:
            logger.info("Exporter %s: %s devices are no longer listed", self.exporter_id, gone)
        figures.truncated, figures.dropped = walk.truncated, walk.dropped
        figures.missing = missing
