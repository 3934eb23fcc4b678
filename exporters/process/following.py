"""Keeps in touch with Remosa: follows the device list, announces the process.

Remosa may be away for any time: the last list goes on, one line in the log tells of each change.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from functools import partial

from exporters.kinds.shape import Kind, Request
from exporters.process.cache import Kept
from exporters.process.device_list import (
    LIST_LIMIT,
    LIST_TIMEOUT,
    Api,
    Devices,
    Entry,
    ListError,
    announced_at,
    check,
    read_devices,
    read_exporters,
    told_problems,
)
from exporters.process.keeper import Keeper
from exporters.process.polling import ANSWER_LIMIT, Poller
from exporters.process.sharding import Shard
from exporters.process.transfers import Answer

logger = logging.getLogger(__name__)

LIST_EVERY = 10.0  # seconds; an unchanged list costs Remosa next to nothing
ANNOUNCE_EVERY = 60.0
ANNOUNCE_TIMEOUT = 10.0
FIRST_RETRY, LONGEST_RETRY = 2.0, 60.0

Applied = Callable[[list[Entry], Devices], None]


class Remosa:
    """Remosa as the process sees it. `problem` and `announce_problem` are for a person."""

    def __init__(
        self,
        api: Api,
        kind: Kind,
        shard: Shard,
        poller: Poller,
        keeper: Keeper,
        kept: Kept,
        apply: Applied,
    ) -> None:
        self.problem = ""
        self.oddities: list[str] = []
        self.announced_as = ""
        self.announce_problem = ""
        self.fetched_at = kept.fetched_at
        self.devices = kept.devices  # None: no list yet, not even a remembered one
        self._entries = kept.entries
        self._etags = (kept.exporters_etag, kept.devices_etag)
        self._api, self._kind, self._shard = api, kind, shard
        self._poller, self._keeper, self._apply = poller, keeper, apply

    async def follow(self) -> None:
        """Fetch the list again and again."""
        retry = 0.0
        while True:
            try:
                await self._refresh()
            except ListError as error:
                if str(error) != self.problem:
                    going_on = "going on with the last list" if self.devices else "no list yet"
                    logger.warning("%s; %s", error, going_on)
                self.problem = str(error)
                retry = _next_retry(retry)
                await asyncio.sleep(retry)
            else:
                if self.problem:
                    logger.info("Remosa gives the device list again")
                self.problem, retry = "", 0.0
                await asyncio.sleep(LIST_EVERY * random.uniform(0.8, 1.2))

    async def announce(self, request: Callable[[], Request]) -> None:
        """Tell Remosa again and again where Prometheus finds this process."""
        retry = 0.0
        while True:
            answer = await self._ask(request(), ANNOUNCE_TIMEOUT, ANSWER_LIMIT)
            try:
                check(answer)
            except ListError as error:
                if str(error) != self.announce_problem:
                    logger.warning("This process was not announced: %s", error)
                self.announce_problem = str(error)
                retry = _next_retry(retry)
                await asyncio.sleep(retry)
            else:
                if self.announce_problem or not self.announced_as:
                    logger.info("Announced: Prometheus will be sent to %s", announced_at(answer))
                self.announced_as = announced_at(answer)
                self.announce_problem, retry = "", 0.0
                await asyncio.sleep(ANNOUNCE_EVERY * random.uniform(0.8, 1.2))

    async def _refresh(self) -> None:
        """Fetch what changed and hand it on. Raises ListError; then nothing has changed."""
        exporters = await self._ask(self._api.exporters(self._etags[0]), LIST_TIMEOUT, LIST_LIMIT)
        check(exporters)
        devices = await self._ask(self._api.devices(self._etags[1]), LIST_TIMEOUT, LIST_LIMIT)
        check(devices)
        entries = self._entries if exporters.code == 304 else read_exporters(exporters.body)
        if devices.code == 304 and self.devices is not None:
            listed = self.devices
        else:
            # On another thread: 100,000 rows take most of a second, a scrape must not wait.
            listed = await asyncio.to_thread(read_devices, devices.body, self._kind, self._shard)
        self.fetched_at = time.time()
        if listed is self.devices and entries is self._entries:
            self._keeper.confirm(self.fetched_at)
            return
        self.devices, self._entries = listed, entries
        self._etags = (_etag(exporters, self._etags[0]), _etag(devices, self._etags[1]))
        self.oddities = list(told_problems(listed))
        for oddity in self.oddities:
            logger.warning("%s", oddity)
        logger.info("Device list: %s devices of %s exporters", listed.count, len(entries))
        self._poller.post(partial(self._apply, entries, listed))
        discovering = frozenset(
            entry.exporter_id for entry in entries if self._kind.discovers(entry.configuration)
        )
        self._keeper.keep_list(entries, listed, self._etags, discovering, self.fetched_at)

    async def _ask(self, request: Request, timeout: float, limit: int) -> Answer:
        """Have the poller's thread send the request; wait for the answer here."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()

        def hand_over(answer: Answer) -> None:
            if not future.done():
                future.set_result(answer)

        def then(answer: Answer) -> None:
            loop.call_soon_threadsafe(hand_over, answer)

        self._poller.post(
            lambda: self._poller.ask(request, timeout, then, limit=limit, keep_headers=True)
        )
        return await future


def _etag(answer: Answer, before: str) -> str:
    if answer.code == 304:
        return before
    etag = answer.headers.get("etag", "")
    return etag if etag.isascii() and etag.isprintable() and len(etag) <= 256 else ""


def _next_retry(last: float) -> float:
    """Return how long to wait after a failure; decorrelated jitter, see schedule.back_off."""
    return min(LONGEST_RETRY, random.uniform(FIRST_RETRY, 3 * max(last, FIRST_RETRY)))
