"""Polls one source, independently of all others. Lives on the poller's thread.

1. Ask for all devices, spread over a part of the interval, at most so many at once.
2. Where nothing came: leave the source alone for a while, then ask for a few, then for all.
3. Devices that are new in the list are asked for at once.
"""

import logging
import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from exporters.kinds.shape import Kind, Question, Reading, Reason
from exporters.process import schedule
from exporters.process.fleet import Fleet
from exporters.process.polling import Poller, Timer
from exporters.process.publishing import Publisher
from exporters.process.rounds import Round, Scope
from exporters.process.schedule import Settings
from exporters.process.snapshot import Exposition
from exporters.process.transfers import Answer, http_failure

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all sources of a process share."""

    kind: Kind
    address: str
    poller: Poller
    exposition: Exposition
    # exporter_id, identity, info of a device whose vendor said something new
    learned: Callable[[int, str, Mapping[str, str]], None]
    publisher: Publisher
    chance: random.Random


class Source:
    """One exporter of one platform."""

    def __init__(
        self, around: Surroundings, fleet: Fleet, exporter_id: int, settings: Settings
    ) -> None:
        self.fleet = fleet
        self.exporter_id = exporter_id
        self.settings = settings
        self.name = ""
        self.next_poll: float | None = None  # None while all devices are being asked for
        self.last_error = ""  # for a person: the reason, the device, what libcurl says
        self._around = around
        self._order: list[str] = []
        self._rounds: list[Round] = []
        self._in_flight = 0
        self._due = self._back_off = 0.0
        self._failing = self._removed = False
        self._timer: Timer | None = None
        self._pace: Timer | None = None

    def start(self) -> None:
        """Have the first poll begin, at a moment left to chance."""
        now = time.monotonic()
        self._wait_until(schedule.first_start(now, self.settings, self._around.chance))

    def remove(self) -> None:
        """Ask nothing more; answers that are under way will be dropped."""
        self._removed = True
        self._rounds.clear()
        for timer in (self._timer, self._pace):
            if timer:
                timer.cancel()

    def change(
        self,
        name: str,
        settings: Settings,
        devices: Mapping[str, str],
        info: Mapping[str, Mapping[str, str]],
    ) -> None:
        """Take over a list and settings; ask for new devices without waiting."""
        had_none = not self._order
        with self._around.exposition.lock:
            self.fleet.max_age = settings.max_age
            new = self.fleet.set_devices(devices, info)
        if new or len(devices) != len(self._order):
            self._order = list(devices)
            # Devices that fail for a reason of their own must not stand together at the head
            # of a poll, where they would look like a source that is down.
            self._around.chance.shuffle(self._order)
        if self._timer is None or settings != self.settings:
            _warn_of_old_age(self.exporter_id, settings)
        sooner = settings.interval < self.settings.interval
        self.name, self.settings = name, settings
        if self.next_poll is None:
            if self._timer is not None and new and not self._failing:
                self._ask_newcomers(new)
        elif had_none and self._order:
            self._wait_until(time.monotonic())
        elif sooner:
            self._wait_until(min(self.next_poll, time.monotonic() + settings.interval))
        elif new and not self._failing and self.fleet.figures.up is not None:
            self._ask_newcomers(new)

    def _wait_until(self, when: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._due = self.next_poll = when
        self._timer = self._around.poller.at(when, self._poll)

    def _poll(self) -> None:
        scope = Scope.PROBE if self._failing and self._order else Scope.ALL
        identities: Iterable[str] = self._order
        allowed = len(self._order) + 1
        if scope is Scope.PROBE:
            count = min(len(self._order), schedule.PROBES)
            identities = self._around.chance.sample(self._order, count)
        elif self.fleet.figures.up is not None:
            allowed = 0  # spread; but the first poll hurries, somebody waits for it
        listed = (identity for identity in identities if identity in self.fleet.devices)
        questions = self._around.kind.ask(self._around.address, listed)
        self._rounds.append(Round(scope, questions, allowed))
        self.next_poll = None
        if allowed == 0:
            self._allow_more(self._rounds[-1])
        self._fill()

    def _ask_newcomers(self, identities: list[str]) -> None:
        questions = self._around.kind.ask(self._around.address, identities)
        for round_ in self._rounds:
            if round_.scope is Scope.NEWCOMERS:
                round_.append(questions, len(identities))
                break
        else:
            self._rounds.insert(0, Round(Scope.NEWCOMERS, questions, len(identities) + 1))
        self._fill()

    def _allow_more(self, round_: Round) -> None:
        """Let the next burst of a spread round out, until it is over."""
        if round_.is_over or self._removed:
            return
        round_.allowed += schedule.burst(len(self._order), self.settings)
        when = time.monotonic() + schedule.PACE
        self._pace = self._around.poller.at(when, partial(self._allow_more, round_))
        self._fill()

    def _fill(self) -> None:
        """Send what concurrency and pace allow; end the rounds in which nothing is left."""
        for round_ in list(self._rounds):
            for question in round_.take(self.settings.concurrency - self._in_flight):
                self._in_flight += 1
                self._around.poller.ask(
                    question.request, self.settings.timeout, partial(self._take, round_, question)
                )
            if round_.is_over and round_ in self._rounds:
                self._rounds.remove(round_)
                self._end(round_)

    def _take(self, round_: Round, question: Question, answer: Answer) -> None:
        self._in_flight -= 1
        round_.in_flight -= 1
        if self._removed:
            return
        failure = answer.failure or http_failure(answer.code)
        with self._around.exposition.lock:
            if failure:
                self._note_failure(round_, question.about, failure, answer)
            else:
                self._note_answer(round_, question.about, answer)
        round_.give_up_if_hopeless(self.settings)
        self._around.publisher.soon()
        self._fill()

    def _note_answer(self, round_: Round, about: tuple[str, ...], answer: Answer) -> None:
        repeated = self.fleet.repeated(about[0], answer.body) if len(about) == 1 else None
        readings: Mapping[str, Reading]
        if repeated is not None:
            readings = {about[0]: repeated}
        else:
            readings = self._around.kind.read(about, answer.body)
        now = self._around.exposition.clock()
        for identity, reading in readings.items():
            if reading.reason == Reason.MALFORMED:
                self._note_failure(round_, (identity,), reading.reason, answer)
                continue
            round_.good += 1
            if reading.reason in self.fleet.figures.errors:
                self.fleet.figures.errors[reading.reason] += 1
            if self.fleet.learn(identity, reading, now):
                info = self.fleet.info_of(identity)
                if info is not None:
                    self._around.learned(self.exporter_id, identity, info)
            if repeated is None and len(about) == 1:
                self.fleet.remember(identity, answer.body)
            if logger.isEnabledFor(logging.DEBUG):
                said = reading.reason or reading.status.value
                _log(self.exporter_id, identity, said, answer)

    def _note_failure(
        self, round_: Round, about: tuple[str, ...], reason: str, answer: Answer
    ) -> None:
        round_.bad += 1
        self.fleet.figures.errors[reason] += 1
        self.last_error = f"{reason} ({about[0]})" if about else reason
        if answer.detail:
            self.last_error += f": {answer.detail}"
        for identity in about:
            self.fleet.fail(identity, reason)
            if logger.isEnabledFor(logging.DEBUG):
                _log(self.exporter_id, identity, reason, answer)

    def _end(self, round_: Round) -> None:
        if round_.scope is Scope.NEWCOMERS:
            self._around.publisher.now()
            return
        failed = round_.bad > 0 and round_.good == 0
        if round_.scope is Scope.ALL:
            with self._around.exposition.lock:
                self._tell(round_)
        self._around.publisher.now()
        if round_.scope is Scope.PROBE and not failed:
            self._failing = False
            self._poll()
            return
        now = time.monotonic()
        self._back_off = (
            schedule.back_off(self._back_off, self.settings, self._around.chance) if failed else 0.0
        )
        if failed:
            logger.warning(
                "Exporter %s: no answer could be used, %s; asking again in %.0f s",
                self.exporter_id, self.last_error, self._back_off,
            )  # fmt: skip
        elif self._failing:
            logger.info("Exporter %s: the vendor answers again", self.exporter_id)
        self._failing = failed
        self._wait_until(
            now + self._back_off if failed else schedule.next_start(self._due, now, self.settings)
        )

    def _tell(self, round_: Round) -> None:
        """Write what an entire poll was like into the figures."""
        figures = self.fleet.figures
        if round_.good + round_.bad == 0:  # no device, so nothing is known of the vendor
            figures.up = figures.duration = None
            return
        figures.up = round_.good >= round_.bad
        figures.duration = round_.seconds
        if figures.up:
            figures.last_success = time.time()
        if figures.duration > self.settings.interval:
            logger.warning(
                "Exporter %s: a poll took %.0f s, longer than its interval of %.0f s;"
                " raise the concurrency or the interval",
                self.exporter_id, figures.duration, self.settings.interval,
            )  # fmt: skip


def _warn_of_old_age(exporter_id: int, settings: Settings) -> None:
    if settings.max_age < settings.interval:
        logger.warning(
            "Exporter %s: a status is kept for %.0f s but comes every %.0f s only, so it comes and"
            " goes; raise MAX_AGE or lower the poll interval",
            exporter_id, settings.max_age, settings.interval,
        )  # fmt: skip


def _log(exporter_id: int, identity: str, said: str, answer: Answer) -> None:
    logger.debug(
        "Exporter %s asked for %s: %s (HTTP %s, %s bytes, %.0f ms) %s",
        exporter_id, identity, said, answer.code, len(answer.body), answer.seconds * 1000,
        answer.detail,
    )  # fmt: skip
