"""Ties the exporter process together: cache, poller, sources, Remosa, server; starts and ends it.

Three threads: this one serves, one polls, one writes the cache.
"""

import asyncio
import contextlib
import logging
import math
import random
import resource
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from functools import partial

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from exporters import metrics
from exporters.process import VERSION, figures
from exporters.process.cache import Cache
from exporters.process.configuration import Configuration
from exporters.process.device_list import Api
from exporters.process.following import Remosa
from exporters.process.gzip_stream import Ready, stream
from exporters.process.keeper import Keeper
from exporters.process.legacy import LegacyNames
from exporters.process.pages import Fact, ago, landing, shown_address
from exporters.process.polling import Poller
from exporters.process.publishing import Publisher
from exporters.process.server import Asked, Page, Server
from exporters.process.snapshot import Exposition
from exporters.process.source import Surroundings
from exporters.process.sources import Sources

logger = logging.getLogger(__name__)

ALIVE_WITHIN = 30.0  # seconds without a sign of the poller's thread, then it hangs
STOP_WITHIN = 1.5  # seconds for each thread; SIGTERM promises 5 in all
FILES_WANTED = 8192
PROCESS_METRICS = (metrics.BUILD_INFO, metrics.DEVICE_LIST_LAST_SUCCESS, metrics.CACHE_UP)


class ExporterProcess:
    """One exporter process of one kind."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._kind = kind = configuration.kind
        self._started = time.time()
        self._poller = Poller()
        self._exposition = Exposition(_headers(configuration), time.monotonic)
        self._exposition.fleets.append(self)
        if configuration.legacy_metrics:
            self._exposition.fleets.append(LegacyNames(self._exposition))
        api = Api(configuration.api_url, configuration.api_token, kind, configuration.platform_id)
        origin = f"{kind.name} {configuration.api_url} {configuration.platform_id}"
        self._keeper = Keeper(lambda: Cache(configuration.cache_file, origin))
        around = Surroundings(
            kind,
            configuration.address,
            self._poller,
            self._exposition,
            learned=self._keeper.keep_info,
            publisher=Publisher(self._exposition, self._poller),
            chance=random.Random(),
        )
        self._sources = Sources(around, configuration.settings)
        self._kept = self._keeper.load()
        self._remosa = Remosa(
            api, kind, self._poller, self._keeper, self._kept, self._sources.apply
        )
        self._api = api
        self._process_metrics = CollectorRegistry(auto_describe=False)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._process_metrics)
        self._server = Server(self._answer)

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT. Raises ListenError when the address is taken."""
        configuration = self._configuration
        _raise_file_limit()
        self._poller.post(self._begin)
        self._exposition.publish()
        port = await self._server.start(configuration.host, configuration.port)
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        poller = threading.Thread(target=self._poller.run, name="poller", daemon=True)
        poller.start()
        self._keeper.start()
        logger.info(
            "Serving at http://%s:%s%s", configuration.host, port, configuration.telemetry_path
        )
        announcement = self._api.announce(
            configuration.instance, self._kind.name, port, configuration.advertise_host, VERSION
        )
        tasks = [
            asyncio.create_task(self._remosa.follow()),
            asyncio.create_task(self._remosa.announce(announcement)),
        ]
        await _first(stopping, tasks)
        logger.info("Stopping")
        await self._server.stop()
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)
        self._poller.stop()
        poller.join(STOP_WITHIN)
        self._keeper.stop(STOP_WITHIN)

    def expire(self, _now: float) -> float:
        """Return never; with `chunks`, lets the process stand among the fleets."""
        return math.inf

    def chunks(self, family: str) -> Iterable[Ready]:
        """Return the lines of PROCESS_METRICS."""
        if family == metrics.BUILD_INFO.name:
            labels = {"kind": self._kind.name, "version": VERSION}
            return (Ready.of(metrics.BUILD_INFO.line(labels, 1)),)
        if family == metrics.CACHE_UP.name:
            return (Ready.of(metrics.CACHE_UP.line({}, not self._keeper.problem)),)
        if family == metrics.DEVICE_LIST_LAST_SUCCESS.name and self._remosa.fetched_at:
            line = metrics.DEVICE_LIST_LAST_SUCCESS.line({}, self._remosa.fetched_at)
            return (Ready.of(line),)
        return ()

    def _begin(self) -> None:
        if self._kept.devices is not None:
            logger.info("From the cache: %s devices", self._kept.devices.count)
            self._sources.apply(self._kept.entries, self._kept.devices, self._kept.info)
            self._kept.info = {}

    def _answer(self, asked: Asked) -> Page:
        text = partial(Page, content_type="text/plain; charset=utf-8")
        if asked.path == self._configuration.telemetry_path:
            return self._metrics(asked.accepts_gzip)
        if asked.path == "/":
            html = landing(
                f"Remosa exporter: {self._kind.title}",
                self._facts(),
                self._sources.reports(),
                self._configuration.telemetry_path,
            )
            return Page(200, "text/html; charset=utf-8", (html.encode(),))
        if asked.path == "/-/healthy":
            hangs = time.monotonic() - self._poller.beat > ALIVE_WITHIN
            said = b"The polling thread hangs.\n" if hangs else b"Healthy.\n"
            return text(503 if hangs else 200, body=(said,))
        if asked.path == "/-/ready":
            if self._remosa.devices is None:
                return text(503, body=(f"No device list yet. {self._remosa.problem}\n".encode(),))
            return text(200, body=(b"Ready.\n",))
        return text(404, body=(b"There is nothing here; see /.\n",))

    def _metrics(self, packed: bool) -> Page:
        own = Ready.of(generate_latest(self._process_metrics))
        snapshot = self._exposition.current()
        parts = (*snapshot.parts, own)
        if packed:
            body = stream(parts, snapshot.total.plus((own,)))
            return Page(200, metrics.CONTENT_TYPE, body, "gzip")
        return Page(200, metrics.CONTENT_TYPE, [part.plain for part in parts])

    def _facts(self) -> Iterator[Fact]:
        remosa, configuration = self._remosa, self._configuration
        yield Fact("Version", f"{VERSION}, kind {self._kind.name}")
        yield Fact("Instance", f"{configuration.instance}, started {ago(self._started)}")
        yield Fact("Vendor", shown_address(configuration.address))
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


def _headers(configuration: Configuration) -> Iterator[tuple[str, bytes]]:
    kind = configuration.kind
    families = [
        metrics.device_status(kind.name, kind.identity),
        metrics.device_unknown(kind.name, kind.identity),
        metrics.device_info(kind.name, kind.identity, kind.info_labels),
        *figures.FAMILIES,
        *PROCESS_METRICS,
    ]
    if configuration.legacy_metrics:
        families.extend(metrics.LEGACY_METRICS)
    for metric in families:
        yield metric.name, metric.header()


async def _first(stopping: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Wait for the signal; a task that ends by itself is a fault and raises here."""
    signalled = asyncio.create_task(stopping.wait())
    done, _pending = await asyncio.wait([signalled, *tasks], return_when=asyncio.FIRST_COMPLETED)
    signalled.cancel()
    for task in done:
        task.result()


def _raise_file_limit() -> None:
    """Let the process have enough sockets; the usual soft limit is 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(FILES_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
