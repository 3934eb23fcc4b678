"""All sources of the process: made, changed and removed as the device list says.

Lives on the poller's thread.
"""

import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

from exporters.process.device_list import Devices, Entry
from exporters.process.fleet import Fleet
from exporters.process.schedule import Settings
from exporters.process.source import Source, Surroundings

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
    last_success: float | None
    duration: float | None
    next_poll: float | None
    devices: Mapping[str, int]
    errors: Mapping[str, int]
    last_error: str
    repaired: int


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
        wanted = {key: entry for key, entry in configured.items() if entry.enabled}
        for key in [key for key in self._sources if key not in wanted]:
            self._remove(key)
        for key, entry in sorted(wanted.items()):
            settings = self._settings(entry.configuration)
            source = self._sources.get(key)
            is_new = source is None
            if source is None:
                source = self._make(key, settings)
            names = devices.by_exporter.get(key, {})
            source.change(entry.name, settings, names, _info_of(key[0], names, remembered or {}))
            if is_new:
                source.start()
        self._around.publisher.now()

    def reports(self) -> list[Report]:
        """Return how each source is; from any thread."""
        return [_report(source) for source in list(self._sources.values())]

    def _make(self, key: Key, settings: Settings) -> Source:
        fleet = Fleet(self._around.kind, *key, settings.max_age)
        source = self._sources[key] = Source(self._around, fleet, key[0], settings)
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


def _info_of(
    exporter_id: int, names: Mapping[str, str], remembered: RememberedInfo
) -> dict[str, Mapping[str, str]]:
    found = ((identity, remembered.get((exporter_id, identity))) for identity in names)
    return {identity: info for identity, info in found if info is not None} if remembered else {}


def _report(source: Source) -> Report:
    figures = source.fleet.figures
    return Report(
        source.exporter_id,
        figures.platform_id,
        source.name,
        source.settings,
        figures.up,
        figures.last_success,
        figures.duration,
        source.next_poll,
        dict(figures.devices),
        {reason: count for reason, count in figures.errors.items() if count},
        source.last_error,
        len(source.fleet.repaired),
    )
