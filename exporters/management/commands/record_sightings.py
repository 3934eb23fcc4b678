"""The command that keeps players in step with Prometheus: who there is, when it was seen."""

import logging
import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections
from django.utils import timezone

from exporters import discovery, sightings

logger = logging.getLogger(__name__)

NAMES_EVERY = 10  # rounds


class Command(BaseCommand):
    """Runs until SIGTERM or Ctrl-C; a round that fails is one line, and the next one comes."""

    help = "Keeps which players vendors list, and when players were seen, until SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the pause between rounds."""
        parser.add_argument("--every", type=float, default=60.0, help="seconds between two rounds")
        parser.add_argument(
            "--heartbeat", type=Path, help="a file touched after every round, for a health check"
        )
        parser.add_argument("--once", action="store_true", help="do one round and end")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do a round, wait, and so on."""
        ended = threading.Event()
        handlers = {
            number: signal.signal(number, lambda *_frame: ended.set())
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            rounds = 0
            while not ended.is_set():
                self._round(with_names=rounds % NAMES_EVERY == 0)
                rounds += 1
                if options["heartbeat"]:
                    options["heartbeat"].touch()
                if options["once"]:
                    break
                ended.wait(max(options["every"], 1.0))
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def _round(self, with_names: bool) -> None:
        close_old_connections()
        try:
            # First: a player that was listed just now is seen in the same round.
            found = discovery.discover(timezone.now())
            done = sightings.record(timezone.now(), with_names)
        except OperationalError as error:
            logger.warning("The database did not answer (%s); the next round tries again", error)
            return
        if found.exporters or found.outage:
            logger.log(logging.WARNING if found.outage else logging.INFO, "Discovery: %s", found)
        logger.log(logging.WARNING if done.outage else logging.INFO, "Sightings: %s", done)
