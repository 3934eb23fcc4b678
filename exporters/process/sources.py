"""All sources of the process: made, changed and removed as the device list says.

Lives on the poller's thread.
"""

import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

from exporters.kinds.shape import Account, SettingsError
from exporters.process.device_list import Devices, Entry
from exporters.process.each_source import EachSource
from exporters.process.fleet import Fleet
from exporters.process.listing_source import ListingSource
from exporters.process.schedule import Settings
from exporters.process.source import Source, Surroundings, Way

logger = logging.getLogger(__name__)

Key = tuple[int, int]  # exporter_id, platform_id
RememberedInfo = Mapping[tuple[int, str], Mapping[str, str]]


class Report(NamedTuple):
    """One source as the landing page shows it. Times are of `time.monotonic` or Unix."""

    exporter_id: int
    platform_id: int
    name: str
    settings: Settings
    up: bool | None
    since: float | None
    last_success: float | None
    duration: float | None
    next_poll: float | None
    devices: Mapping[str, int]
    errors: Mapping[str, int]
    last_error: str
    repaired: int
    truncated: bool
    dropped: int
    missing: int


class Sources:
    """The sources by exporter and platform."""

    def __init__(
        self,
        around: Surroundings,
        settings: Callable[[Mapping[str, object]], Settings],
    ) -> None:
        self._around = around
        self._settings = settings
        self._sources: dict[Key, Source] = {}

    def apply(
        self, entries: list[Entry], devices: Devices, remembered: RememberedInfo | None = None
    ) -> None:
        """Poll exactly the enabled exporters and their devices.

        `remembered` is what vendors told before a restart.
        """
        configured = {(entry.exporter_id, entry.platform_id): entry for entry in entries}
        for key, names in devices.by_exporter.items():
            # An exporter made between the two requests: its settings follow in a moment.
            configured.setdefault(key, Entry(*key, "", bool(names), {}))
        info_by_exporter: dict[int, dict[str, Mapping[str, str]]] = {}
        for (exporter_id, identity), labels in (remembered or {}).items():
            info_by_exporter.setdefault(exporter_id, {})[identity] = labels
        wanted = {key: entry for key, entry in configured.items() if self._is_ours(entry)}
        for key in [key for key in self._sources if key not in wanted]:
            self._remove(key)
        for key, entry in sorted(wanted.items()):
            settings = self._settings(entry.configuration)
            make = self._sort(entry)
            source = self._sources.get(key)
            if source is not None and type(source) is not make:
                self._remove(key)  # a setting changed who lists the devices
                source = None
            is_new = source is None
            if source is None:
                source = self._make(make, key, settings)
            names = devices.by_exporter.get(key, {})
            info = info_by_exporter.get(key[0], {})
            source.change(entry.name, settings, self._way(entry), names, info)
            if is_new:
                source.start()
        self._around.publisher.now()

    def reports(self) -> list[Report]:
        """Return how each source is; from any thread."""
        return [_report(source) for source in list(self._sources.values())]

    def _is_ours(self, entry: Entry) -> bool:
        """Tell whether this process polls an exporter: a vendor's list is polled by one shard."""
        if not entry.enabled:
            return False
        listed = self._around.kind.discovers(entry.configuration)
        return not listed or self._around.shard.takes(f"exporter {entry.exporter_id}")

    def _sort(self, entry: Entry) -> type[Source]:
        return ListingSource if self._around.kind.discovers(entry.configuration) else EachSource

    def _way(self, entry: Entry) -> Way:
        """Return how to ask the vendor of an entry, or why that is not possible."""
        account = Account(self._around.address, entry.configuration)
        try:
            return Way(self._around.kind.open(account), "", account)
        except SettingsError as error:
            return Way(None, str(error), account)
        except Exception:  # a fault of ours with one exporter's settings is not the others'
            logger.exception("Exporter %s: its settings could not be read", entry.exporter_id)
            return Way(None, "a fault of the exporter itself, told in its log", account)

    def _make(self, make: type[Source], key: Key, settings: Settings) -> Source:
        fleet = Fleet(self._around.kind, *key, settings.max_age)
        source = self._sources[key] = make(self._around, fleet, key[0], settings)
        with self._around.exposition.lock:
            self._around.exposition.fleets.append(fleet)
        logger.info("Exporter %s of platform %s is polled from now on", *key)
        return source

    def _remove(self, key: Key) -> None:
        source = self._sources.pop(key)
        source.remove()
        with self._around.exposition.lock:
            self._around.exposition.fleets.remove(source.fleet)
        logger.info("Exporter %s of platform %s is no longer polled", *key)


def _report(source: Source) -> Report:
    figures = source.fleet.figures
    return Report(
        source.exporter_id,
        figures.platform_id,
        source.name,
        source.settings,
        figures.up,
        figures.since,
        figures.last_success,
        figures.duration,
        source.next_poll,
        dict(figures.devices),
        {reason: count for reason, count in figures.errors.items() if count},
        source.last_error,
        len(source.fleet.repaired),
        figures.truncated,
        figures.dropped,
        figures.missing,
    )
