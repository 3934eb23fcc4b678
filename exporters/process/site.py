"""What the exporter's server serves: metrics, the landing page, whether it is well.

Reads what the other threads keep; waits for nothing.
"""

import time
from collections.abc import Iterator

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from exporters import metrics
from exporters.process import VERSION
from exporters.process.configuration import Configuration
from exporters.process.entrance import Entrance
from exporters.process.exchange import Asked, Page, text
from exporters.process.following import Remosa
from exporters.process.gzip_stream import Ready, stream
from exporters.process.keeper import Keeper
from exporters.process.pages import Fact, ago, landing, shown_address
from exporters.process.polling import Poller
from exporters.process.snapshot import Exposition
from exporters.process.sources import Sources

ALIVE_WITHIN = 30.0  # seconds without a sign of the poller's thread, then it hangs


class Site:
    """Answers the requests of people and of Prometheus."""

    def __init__(
        self,
        configuration: Configuration,
        exposition: Exposition,
        poller: Poller,
        sources: Sources,
        remosa: Remosa,
        keeper: Keeper,
        entrance: Entrance,
    ) -> None:
        self._configuration = configuration
        self._exposition = exposition
        self._poller, self._sources = poller, sources
        self._remosa, self._keeper, self._entrance = remosa, keeper, entrance
        self._started = time.time()
        self._process_metrics = CollectorRegistry(auto_describe=False)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._process_metrics)

    def answer(self, asked: Asked) -> Page:
        """Return the page for a path; 404 for one that is not known."""
        if asked.path == self._configuration.telemetry_path:
            return self._metrics(asked.accepts_gzip)
        if asked.path == "/":
            html = landing(
                f"Remosa exporter: {self._configuration.kind.title}",
                self._facts(),
                self._sources.reports(),
                self._configuration.telemetry_path,
            )
            return Page(200, "text/html; charset=utf-8", (html.encode(),))
        if asked.path == "/-/healthy":
            hangs = time.monotonic() - self._poller.beat > ALIVE_WITHIN
            return text(503, "The polling thread hangs.") if hangs else text(200, "Healthy.")
        if asked.path == "/-/ready":
            if self._remosa.devices is None:
                is_open = self._entrance.guard.is_open
                why = self._remosa.problem if is_open else "See /."  # who may read, may know
                return text(503, f"No device list yet. {why}")
            return text(200, "Ready.")
        return text(404, "There is nothing here; see /.")

    def _metrics(self, packed: bool) -> Page:
        own = Ready.of(b"".join(self._own_metrics()))
        snapshot = self._exposition.current()
        parts = (*snapshot.parts, own)
        if packed:
            body = stream(parts, snapshot.total.plus((own,)))
            return Page(200, metrics.CONTENT_TYPE, body, "gzip")
        return Page(200, metrics.CONTENT_TYPE, [part.plain for part in parts])

    def _own_metrics(self) -> Iterator[bytes]:
        """Yield what is told of the process itself, which every scrape reads anew."""
        build = {"kind": self._configuration.kind.name, "version": VERSION}
        yield metrics.BUILD_INFO.header() + metrics.BUILD_INFO.line(build, 1)
        yield metrics.CACHE_UP.header() + metrics.CACHE_UP.line({}, not self._keeper.problem)
        if self._remosa.fetched_at:
            family = metrics.DEVICE_LIST_LAST_SUCCESS
            yield family.header() + family.line({}, self._remosa.fetched_at)
        yield generate_latest(self._process_metrics)

    def _facts(self) -> Iterator[Fact]:
        remosa, configuration = self._remosa, self._configuration
        yield Fact("Version", f"{VERSION}, kind {self._configuration.kind.name}")
        yield Fact("Instance", f"{configuration.instance}, started {ago(self._started)}")
        yield Fact("Vendor", shown_address(configuration.address))
        yield Fact("Served by", self._entrance.told)
        yield Fact("Read by", self._entrance.guard.told)
        listed = "none yet" if remosa.devices is None else f"{remosa.devices.count} devices"
        yield Fact("Device list", f"{listed}, last confirmed {ago(remosa.fetched_at)}")
        if remosa.problem:
            yield Fact("Device list problem", remosa.problem, True)
        for oddity in remosa.oddities:
            yield Fact("Device list oddity", oddity, True)
        if remosa.announce_problem:
            yield Fact("Announcement", remosa.announce_problem, True)
        else:
            yield Fact("Announcement", remosa.announced_as or "not yet")
        problem = self._keeper.problem
        yield Fact("Cache", problem or str(configuration.cache_file), bool(problem))
