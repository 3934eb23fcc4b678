"""The command that every exporter kind has: reads the settings, runs the process."""

import asyncio
import logging.config
import os
from typing import Any, ClassVar

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.module_loading import import_string

from exporters.kinds import KINDS
from exporters.process import VERSION, configuration
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
            ("--log.level", "LOG_LEVEL", "debug, info, warning or error"),
            ("--log.format", "LOG_FORMAT", "text or json"),
        ):
            parser.add_argument(option, dest=variable, help=f"{text} (environment: {variable})")

    def get_version(self) -> str:
        """Return what --version prints."""
        return f"remosa exporter {self.kind} {VERSION}"

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run until a signal; end with code 2 and one line when a setting cannot be used."""
        given = {name: value for name, value in options.items() if name.isupper()}
        try:
            checked = configuration.read(KINDS[self.kind], os.environ, given)
            build_logging = import_string(settings.LOGGING_BUILDER)  # type: ignore[misc]
            logging.config.dictConfig(build_logging(checked.log_level, checked.log_format))
            process = ExporterProcess(checked)
            asyncio.run(process.run())
        except (configuration.ConfigurationError, ListenError) as error:
            self.stderr.write(f"{self.get_version()}: {error}")
            raise SystemExit(WRONG_USAGE) from error
        # Leave without tidying up: libcurl would wait for name look-ups that hang, up to 40 s.
        logging.shutdown()
        os._exit(0)
