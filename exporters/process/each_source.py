"""A source whose vendor is asked for every device by itself. Lives on the poller's thread.

1. Ask for all devices, spread over a part of the interval, at most so many at once; what failed
   for a reason that may pass is asked once more, within a budget.
2. Where nothing came: after a while ask for a few, then for all.
3. Devices that are new in the list are asked for at once.
"""

import time
from collections.abc import Iterable
from functools import partial
from itertools import islice

from exporters.kinds.shape import Account, Each, Reason
from exporters.process import schedule
from exporters.process.fleet import Fleet
from exporters.process.polling import Timer
from exporters.process.rounds import Round, Scope
from exporters.process.schedule import Settings
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


class EachSource(Source):
    """Polls the devices that Remosa lists."""

    def __init__(
        self, around: Surroundings, fleet: Fleet, exporter_id: int, settings: Settings
    ) -> None:
        super().__init__(around, fleet, exporter_id, settings)
        self._ask: Each | None = None
        self._problem = ""
        self._order: list[str] = []
        self._rounds: list[Round] = []
        self._in_flight = 0
        self._pace: Timer | None = None

    def change(
        self, name: str, settings: Settings, way: Way, names: Names, info: RememberedInfo
    ) -> None:
        """Take over a list and settings; ask for new devices without waiting."""
        had_none, is_other = not self._order, way.account != self._account
        mended = self._is_mended(way)
        self._ask = way.ask if isinstance(way.ask, Each) else None
        self._problem = way.problem
        most = self._around.most_devices
        kept = names if len(names) <= most else dict(islice(sorted(names.items()), most))
        with self._around.exposition.lock:
            self.fleet.max_age = settings.max_age
            self.fleet.figures.dropped = len(names) - len(kept)
            new = self.fleet.set_devices(kept, info)
            if is_other:
                self.fleet.forget_answers()
        if new or len(kept) != len(self._order):
            self._order = list(kept)
            # Devices that fail for a reason of their own must not stand together at the head
            # of a poll, where they would look like a source that is down.
            self._around.chance.shuffle(self._order)
        if self._timer is None or settings != self.settings:
            warn_of_old_age(self.exporter_id, settings)
        sooner = settings.interval < self.settings.interval
        self.name, self.settings = name, settings
        if self.next_poll is None:
            if self._timer is not None and new and not self._failing:
                self._ask_newcomers(new)
        elif (had_none and self._order) or mended:
            self._wait_until(max(time.monotonic(), self._held_until))
        elif sooner:
            soon = time.monotonic() + settings.interval
            self._wait_until(max(min(self.next_poll, soon), self._held_until))
        elif new and not self._failing and self.fleet.figures.up is not None:
            self._ask_newcomers(new)

    def _poll(self) -> None:
        if self._ask is None:
            self._fail_unasked()
            return
        scope = Scope.PROBE if self._failing and self._order else Scope.ALL
        identities: Iterable[str] = self._order
        allowed = len(self._order) + 1
        if scope is Scope.PROBE:
            count = min(len(self._order), schedule.PROBES)
            identities = self._around.chance.sample(self._order, count)
        elif self.fleet.figures.up is not None:
            allowed = 0  # spread; but the first poll hurries, somebody waits for it
        listed = (identity for identity in identities if identity in self.fleet.devices)
        self._rounds.append(Round(scope, listed, allowed))
        self.next_poll = None
        if allowed == 0:
            self._allow_more(self._rounds[-1])
        self._fill()

    def _abandon(self) -> None:
        self._rounds.clear()
        if self._pace:
            self._pace.cancel()

    def _fail_unasked(self) -> None:
        """End a poll in which nothing can be asked, for the settings are wrong."""
        with self._around.exposition.lock:
            self._note_error(Reason.SETTINGS.value, self._problem)
            for identity in self._order:
                self.fleet.fail(identity, Reason.SETTINGS.value)
            self._tell(0, 1 if self._order else 0, 0.0)
        self._around.publisher.after_round()
        self._conclude(failed=bool(self._order))

    def _ask_newcomers(self, identities: list[str]) -> None:
        if self._ask is None or self._is_held:
            return  # the next poll asks for them
        for round_ in self._rounds:
            if round_.scope is Scope.NEWCOMERS:
                round_.append(identities)
                break
        else:
            self._rounds.insert(0, Round(Scope.NEWCOMERS, iter(identities), len(identities) + 1))
        self._fill()

    def _allow_more(self, round_: Round) -> None:
        """Let the next burst of a spread round out, until it is over."""
        if round_.is_over or round_ not in self._rounds:
            return
        round_.allowed += schedule.burst(len(self._order), self.settings)
        when = time.monotonic() + schedule.PACE
        step = partial(self._guard, partial(self._allow_more, round_))
        self._pace = self._around.poller.at(when, step)
        self._fill()

    def _fill(self) -> None:
        """Send what concurrency and pace allow; end the rounds in which nothing is left."""
        for round_ in list(self._rounds):
            for identity in round_.take(self.settings.concurrency - self._in_flight):
                self._send(round_, identity)
            if round_.is_over and round_ in self._rounds:
                self._rounds.remove(round_)
                self._end(round_)

    def _send(self, round_: Round, identity: str) -> None:
        if self._ask is None:  # the settings were spoilt in the middle of a poll
            round_.in_flight -= 1
            round_.stop()
            return
        request = self._ask.ask(identity)
        then = partial(self._take, round_, self._account, identity)
        self._around.poller.ask(request, self.settings.timeout, then)
        self._in_flight += 1

    def _take(self, round_: Round, account: Account | None, identity: str, answer: Answer) -> None:
        self._in_flight -= 1
        self._guard(partial(self._take_in, round_, account, identity, answer))

    def _take_in(
        self, round_: Round, account: Account | None, identity: str, answer: Answer
    ) -> None:
        if round_ not in self._rounds:
            return  # it was abandoned meanwhile
        if account != self._account:  # what it answers was asked, and would be read, in another way
            self._send(round_, identity)
            self._fill()
            return
        round_.in_flight -= 1
        failure = answer.failure or http_failure(answer.code)
        if self._hold(answer):
            round_.stop()
        if failure in MAY_PASS and not self._is_held and round_.retry(identity):
            log_answer(self.exporter_id, identity, f"{failure}, asked again", answer)
        else:
            with self._around.exposition.lock:
                if failure:
                    self._note_failure(round_, identity, failure, answer)
                else:
                    self._note_answer(round_, identity, answer)
            if round_.is_hopeless(self.settings):
                round_.stop()
        self._fill()

    def _note_answer(self, round_: Round, identity: str, answer: Answer) -> None:
        fleet, now = self.fleet, self._around.exposition.clock()
        device = fleet.repeated(identity, answer.body, now)
        if device is not None:
            reason, status = device.reason, device.state.value
        else:
            if self._ask is None:
                return
            reading = self._ask.read(identity, answer.body)
            reason, status = reading.reason, reading.status.value
            if reason == Reason.MALFORMED:
                self._note_failure(round_, identity, reason, answer)
                return
            before = fleet.changes
            if fleet.learn(identity, reading, now, answer.body):
                info = fleet.info_of(identity)
                if info is not None:
                    self._around.learned(self.exporter_id, identity, info)
            if fleet.changes != before:
                self._around.publisher.soon()
        round_.good += 1
        if reason in fleet.figures.errors:
            fleet.figures.errors[reason] += 1
            self._around.publisher.soon()
        log_answer(self.exporter_id, identity, reason or status, answer)

    def _note_failure(self, round_: Round, identity: str, reason: str, answer: Answer) -> None:
        round_.bad += 1
        self._around.publisher.soon()
        self._note_error(reason, identity, answer)
        self.fleet.fail(identity, reason)
        log_answer(self.exporter_id, identity, reason, answer)

    def _end(self, round_: Round) -> None:
        if round_.scope is Scope.NEWCOMERS:
            self._around.publisher.after_round()
            return
        failed = round_.bad > 0 and round_.good == 0
        if round_.scope is Scope.ALL:
            with self._around.exposition.lock:
                self._tell(round_.good, round_.bad, round_.seconds)
        self._around.publisher.after_round()
        if round_.scope is Scope.PROBE and not failed and not self._is_held:
            self._failing = False
            self._poll()
            return
        self._conclude(failed)
