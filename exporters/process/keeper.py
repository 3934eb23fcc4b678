"""Writes the cache on a thread of its own, so that a slow disk holds up nothing.

What cannot be written is kept and tried again; the process goes on meanwhile.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple

from exporters.process.cache import Cache, CacheError, Kept
from exporters.process.device_list import Devices, Entry

logger = logging.getLogger(__name__)

WRITE_EVERY = 5.0  # seconds; what comes in between is written together
TRY_AGAIN_EVERY = 60.0  # seconds
CONFIRM_EVERY = 60.0  # seconds between two writes of nothing but a time


class _List(NamedTuple):
    entries: list[Entry]
    devices: Devices
    etags: tuple[str, str]
    discovering: frozenset[int]


class Keeper:
    """The one user of the cache. `problem` is empty while the cache can be written."""

    def __init__(self, open_cache: Callable[[], Cache]) -> None:
        self.problem = ""
        self._open_cache = open_cache
        self._cache: Cache | None = None
        self._lock = threading.Lock()
        self._list: _List | None = None
        self._fetched_at = self._confirmed_at = 0.0
        self._info: dict[tuple[int, str], Mapping[str, str] | None] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cache", daemon=True)

    def load(self) -> Kept:
        """Return what the cache remembers; nothing, with a warning, where it cannot be read."""
        try:
            self._cache = self._open_cache()
            return self._cache.load()
        except CacheError as error:
            self._tell(error)
            return Kept()

    def start(self) -> None:
        """Begin to write what comes in."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Write the last things; give up after so many seconds, which leaves the file sound."""
        self._stopping.set()
        self._thread.join(seconds)

    def keep_list(
        self,
        entries: list[Entry],
        devices: Devices,
        etags: tuple[str, str],
        discovering: frozenset[int],
        fetched_at: float,
    ) -> None:
        """Have a list written; from any thread."""
        with self._lock:
            self._list = _List(entries, devices, etags, discovering)
            self._fetched_at = fetched_at

    def confirm(self, fetched_at: float) -> None:
        """Have it noted that the list is still the same; from any thread."""
        with self._lock:
            self._fetched_at = fetched_at

    def keep_info(self, exporter_id: int, identity: str, info: Mapping[str, str] | None) -> None:
        """Have it written what a vendor told of a device, None: it is gone; from any thread."""
        with self._lock:
            self._info[exporter_id, identity] = info

    def _run(self) -> None:
        stopping = False
        while not stopping:
            wait = TRY_AGAIN_EVERY if self.problem else WRITE_EVERY
            stopping = self._stopping.wait(wait)
            try:
                self._write()
            except CacheError as error:
                self._tell(error)
            else:
                if self.problem:
                    logger.info("The cache can be written again")
                self.problem = ""
        if self._cache is not None:
            self._cache.close()

    def _write(self) -> None:
        if self._cache is None:
            self._cache = self._open_cache()
        with self._lock:
            written, info, fetched_at = self._list, self._info, self._fetched_at
            self._list, self._info = None, {}
        try:
            if written is not None:
                self._cache.save_list(*written, fetched_at)
                self._confirmed_at = fetched_at
            elif fetched_at - self._confirmed_at >= CONFIRM_EVERY:
                self._cache.confirm_list(fetched_at)
                self._confirmed_at = fetched_at
            if info:
                self._cache.save_info(info)
        except CacheError:
            with self._lock:
                if self._list is None:  # else a newer one came in meanwhile
                    self._list = written
                self._info = {**info, **self._info}
            raise

    def _tell(self, error: CacheError) -> None:
        if str(error) != self.problem:
            logger.warning(
                "Going on without the cache: %s; a restart would need Remosa to answer", error
            )
        self.problem = str(error)
