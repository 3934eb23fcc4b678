"""Ties the exporter process together: cache, poller, sources, Remosa, server; starts and ends it.

Three threads: this one serves, one polls, one writes the cache.
"""

import asyncio
import logging
import random
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator

from exporters import metrics
from exporters.kinds.shape import Request
from exporters.process import VERSION, figures
from exporters.process.cache import Cache, Kept
from exporters.process.configuration import Configuration
from exporters.process.device_list import Api
from exporters.process.entrance import Entrance, prepare
from exporters.process.following import Remosa
from exporters.process.keeper import Keeper
from exporters.process.legacy import LegacyNames
from exporters.process.polling import Poller
from exporters.process.publishing import Publisher
from exporters.process.reloading import Reloading
from exporters.process.server import Server
from exporters.process.site import Site
from exporters.process.snapshot import Exposition
from exporters.process.source import Surroundings
from exporters.process.sources import Sources

logger = logging.getLogger(__name__)

STOP_WITHIN = 1.5  # seconds for each thread; SIGTERM promises 5 in all
FILES_WANTED = 8192


class ExporterProcess:
    """One exporter process of one kind; `read_again` reads the settings anew for a reload."""

    def __init__(
        self, configuration: Configuration, read_again: Callable[[], Configuration]
    ) -> None:
        self._configuration = configuration
        self._entrance = Entrance(prepare(configuration))
        self._kind = kind = configuration.kind
        self._poller = Poller()
        self._exposition = Exposition(_headers(configuration), _time_since_boot)
        if configuration.legacy_metrics:
            self._exposition.fleets.append(LegacyNames(self._exposition))
        api = Api(configuration.api_url, configuration.api_token, kind, configuration.platform_id)
        origin = f"{kind.name} {configuration.api_url} {configuration.platform_id}"
        if configuration.shard.of > 1:
            origin += f" {configuration.shard}"
        self._keeper = Keeper(lambda: Cache(configuration.cache_file, origin))
        around = Surroundings(
            kind,
            configuration.address,
            self._poller,
            self._exposition,
            learned=self._keeper.keep_info,
            publisher=Publisher(self._exposition, self._poller),
            chance=random.Random(),
            most_devices=configuration.max_devices,
            shard=configuration.shard,
        )
        self._sources = Sources(around, configuration.settings)
        self._kept = self._keeper.load()
        self._remosa = Remosa(
            api,
            kind,
            configuration.shard,
            self._poller,
            self._keeper,
            self._kept,
            self._sources.apply,
        )
        self._api = api
        site = Site(
            configuration,
            self._exposition,
            self._poller,
            self._sources,
            self._remosa,
            self._keeper,
            self._entrance,
        )
        self._server = Server(site.answer, self._entrance.guard.refusal)
        self._reloading = Reloading(configuration, read_again, self._entrance, self._server)

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT. Raises ListenError when the address is taken."""
        configuration = self._configuration
        _raise_file_limit()
        self._poller.post(self._begin)
        self._exposition.publish()
        tls = self._entrance.tls
        port = await self._server.start(configuration.host, configuration.port, tls)
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        loop = asyncio.get_running_loop()
        poller_ended = asyncio.Event()
        poller = threading.Thread(
            target=self._poll, args=(loop, poller_ended), name="poller", daemon=True
        )
        poller.start()
        self._keeper.start()
        at = (self._entrance.scheme, configuration.host, port, configuration.telemetry_path)
        logger.info("Serving at %s://%s:%s%s", *at)
        tasks = [
            asyncio.create_task(self._remosa.follow()),
            asyncio.create_task(self._remosa.announce(lambda: self._announcement(port))),
            asyncio.create_task(self._reloading.follow()),
        ]
        ending = [asyncio.create_task(event.wait()) for event in (stopping, poller_ended)]
        await asyncio.wait([*ending, *tasks], return_when=asyncio.FIRST_COMPLETED)
        logger.info("Stopping")
        await self._server.stop()
        for task in (*ending, *tasks):
            task.cancel()
        results = await asyncio.gather(*ending, *tasks, return_exceptions=True)
        self._poller.stop()
        poller.join(STOP_WITHIN)
        self._keeper.stop(STOP_WITHIN)
        if not stopping.is_set():
            faults = [found for found in results if isinstance(found, Exception)]
            raise faults[0] if faults else RuntimeError("the polling thread ended by itself")

    def _announcement(self, port: int) -> Request:
        told = self._configuration
        return self._api.announce(
            told.instance,
            self._kind.name,
            port,
            told.advertise_host,
            VERSION,
            self._entrance.scheme,
        )

    def _poll(self, loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
        try:
            self._poller.run()
        finally:
            loop.call_soon_threadsafe(ended.set)

    def _begin(self) -> None:
        if self._kept.devices is not None:
            logger.info("From the cache: %s devices", self._kept.devices.count)
            self._sources.apply(self._kept.entries, self._kept.devices, self._kept.info)
            self._kept = Kept()  # what of it is still true, the sources hold


def _headers(configuration: Configuration) -> Iterator[tuple[str, bytes]]:
    kind = configuration.kind
    families = [
        metrics.device_status(kind.name, kind.identity),
        metrics.device_unknown(kind.name, kind.identity),
        metrics.device_info(kind.name, kind.identity, kind.info_labels),
        *(
            metrics.device_value(kind.name, kind.identity, value.name, value.help)
            for value in kind.values
        ),
        *figures.FAMILIES,
    ]
    if configuration.legacy_metrics:
        families.extend(metrics.LEGACY_METRICS)
    for metric in families:
        yield metric.name, metric.header()


def _time_since_boot() -> float:
    """Return the seconds since the machine's start, those that it slept too.

    Not `time.monotonic`, which stands still meanwhile: a status of yesterday would be young.
    """
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _raise_file_limit() -> None:
    """Let the process have enough sockets; the usual soft limit is 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(FILES_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
