"""The command that every exporter kind has: reads the settings, runs the process."""

import asyncio
import logging.config
import os
import signal
from typing import Any, ClassVar

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.module_loading import import_string

from exporters.kinds import KINDS
from exporters.process import VERSION, configuration, effective
from exporters.process.configuration import Configuration, ConfigurationError
from exporters.process.environment import Told, gather
from exporters.process.runner import ExporterProcess
from exporters.process.server import ListenError

WRONG_USAGE = 2  # the exit code, as argparse has it


class ExporterCommand(BaseCommand):
    """Base of run_<kind>_exporter; a subclass names its kind."""

    kind: ClassVar[str]
    requires_system_checks = ()  # they are the web application's

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options; each has a twin in the environment, named as its `dest`."""
        for option, variable, text in (
            ("--web.listen-address", "WEB_LISTEN_ADDRESS", "host:port or :port to listen at"),
            ("--web.telemetry-path", "WEB_TELEMETRY_PATH", "path of the metrics"),
            ("--web.config.file", "WEB_CONFIG_FILE", "YAML file with TLS and basic auth"),
            ("--shard", "SHARD", "2/8: the second of eight processes that share the devices"),
            ("--log.level", "LOG_LEVEL", "debug, info, warning or error"),
            ("--log.format", "LOG_FORMAT", "text or json"),
        ):
            parser.add_argument(option, dest=variable, help=f"{text} (environment: {variable})")
        parser.add_argument(
            "--check-config",
            action="store_true",
            help="say what would be used and where it is from, or what is wrong; run nothing",
        )

    def get_version(self) -> str:
        """Return what --version prints."""
        return f"remosa exporter {self.kind} {VERSION}"

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run until a signal; end with code 2 and one line when a setting cannot be used."""
        given = {name: value for name, value in options.items() if name.isupper()}
        try:
            if options["check_config"]:
                told = self._told(given)
                for line in effective.report(self._read(told), told):
                    self.stdout.write(line)
                return
            self._run(given)
        except (ConfigurationError, ListenError) as error:
            self.stderr.write(f"{self.get_version()}: {error}")
            raise SystemExit(WRONG_USAGE) from error
        # Leave without tidying up: libcurl would wait for name look-ups that hang, up to 40 s.
        logging.shutdown()
        os._exit(0)

    def _run(self, given: dict[str, str | None]) -> None:
        for number in (signal.SIGHUP, signal.SIGUSR1):
            # Until the process follows them; they would end it.
            signal.signal(number, signal.SIG_IGN)
        checked = self._read(self._told(given))
        build_logging = import_string(settings.LOGGING_BUILDER)  # type: ignore[misc]
        logging.config.dictConfig(build_logging(checked.log_level, checked.log_format))
        process = ExporterProcess(checked, lambda: self._read(self._told(given)))
        asyncio.run(process.run())

    def _told(self, given: dict[str, str | None]) -> dict[str, Told]:
        """Return what is set now: the files of the environment are read again."""
        try:
            return gather(given, settings.STARTED_WITH, settings.ENV_FILES)  # type: ignore[misc]
        except UnicodeDecodeError as error:
            raise ConfigurationError(".env: is no text in UTF-8; accepted: NAME=value") from error

    def _read(self, told: dict[str, Told]) -> Configuration:
        texts = {name: each.text for name, each in told.items()}
        return configuration.read(KINDS[self.kind], texts, {})
