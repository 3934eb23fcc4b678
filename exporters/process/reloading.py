"""Changes without a restart: SIGHUP reads .env and the web configuration, SIGUSR1 toggles debug.

What cannot be used changes nothing and is told in the log.
"""

import asyncio
import logging
import signal
from collections.abc import Callable

from exporters.process import effective
from exporters.process.configuration import Configuration, ConfigurationError
from exporters.process.entrance import Entrance, Prepared, prepare
from exporters.process.server import Server

logger = logging.getLogger(__name__)

# What a reload takes over; all else needs a restart, and the log says so.
TAKEN = ("WEB_CONFIG_FILE", "METRICS_TOKEN", "LOG_LEVEL", "DEBUG_MODE")


class Reloading:
    """Follows the signals of one process."""

    def __init__(
        self,
        configuration: Configuration,
        read: Callable[[], Configuration],
        entrance: Entrance,
        server: Server,
    ) -> None:
        self._started_with = self._configuration = configuration
        self._read = read
        self._entrance, self._server = entrance, server
        self._wanted = asyncio.Event()

    async def follow(self) -> None:
        """Reload whenever a signal came; several at once are one."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._wanted.set)
        loop.add_signal_handler(signal.SIGUSR1, self._toggle_debug)
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await self._reload()

    async def _reload(self) -> None:
        try:
            configuration, prepared = await asyncio.to_thread(self._read_all)
        except (ConfigurationError, OSError) as error:
            logger.error("Not reloaded, what held before goes on: %s", error)
            return
        was = self._entrance.scheme
        self._configuration = configuration
        self._entrance.apply(prepared)
        self._server.renew(prepared.tls)
        if logging.getLevelName(configuration.log_level.upper()) < logging.getLogger().level:
            self._set_level(configuration.log_level)  # so that what follows is seen
        logger.info(
            "Reloaded: %s; read by %s; log level %s",
            self._entrance.told,
            self._entrance.guard.told,
            configuration.log_level,
        )
        if self._entrance.scheme != was:
            logger.warning("Prometheus learns of %s within a minute or two", self._entrance.scheme)
        for name in effective.differences(self._started_with, configuration):
            if name not in TAKEN:
                logger.warning("%s has changed, which takes effect with a restart", name)
        self._set_level(configuration.log_level)

    def _read_all(self) -> tuple[Configuration, Prepared]:
        configuration = self._read()
        return configuration, prepare(configuration)

    def _toggle_debug(self) -> None:
        debug = logging.getLogger().level != logging.DEBUG
        level = self._configuration.log_level
        self._set_level("debug" if debug else "info" if level == "debug" else level)
        logger.info("Debug is %s until SIGUSR1, SIGHUP or a restart", "on" if debug else "off")

    def _set_level(self, level: str) -> None:
        logging.getLogger().setLevel(level.upper())
