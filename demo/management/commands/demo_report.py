"""Door: what jobs did in the running demo within the last minutes, as text or as JSON."""

import json
import os
import subprocess
import sys
import urllib.request
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from demo import installation
from remosa import local
from remosa.place import Place
from remosa.ports import LOOPBACK, BadPort, port_of


class Command(BaseCommand):
    help = "Count who hung, was commanded and came back, and commands to healthy players."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--folder", type=Path, default=local.ROOT / ".demo")
        parser.add_argument("--minutes", type=float, default=30, help="how far to look back")
        parser.add_argument("--json", action="store_true", help="for a program")

    def handle(self, *args: Any, folder: Path, minutes: float, **options: Any) -> None:
        if not settings.DATABASES:
            sys.exit(_as_the_demo(Place(folder)))
        # Not before the settings of the demo hold: it reads its tables.
        from demo import report

        now = timezone.now()
        span = report.Span(now - timedelta(minutes=minutes), now)
        figures = report.count(span, _truth())
        text = json.dumps(figures, indent=2) if options["json"] else report.told(figures)
        self.stdout.write(text)


def _as_the_demo(place: Place) -> int:
    """Run this command once more, with the database of the demo."""
    if not (place.folder / "remosa.sqlite3").exists():
        raise CommandError(f"There is no demo in {place.folder}: make demo, or --folder")
    try:
        ports = {name: port_of(name, port, os.environ) for name, port in installation.PORTS.items()}
    except BadPort as error:
        raise CommandError(str(error)) from error
    own = installation.environment(place, ports)
    own |= {"DJANGO_SETTINGS_MODULE": "remosa.settings"}
    again = [sys.executable, *sys.argv]
    return subprocess.run(again, env=own, check=False).returncode  # noqa: S603 - it is this one


def _truth() -> Any:
    # Never through a proxy of the environment: the simulated world is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    port = port_of("DEMO_VENDOR_PORT", installation.PORTS["DEMO_VENDOR_PORT"], os.environ)
    try:
        with opener.open(f"http://{LOOPBACK}:{port}/control/truth", timeout=10) as answer:
            return json.load(answer)
    except (OSError, ValueError) as error:
        raise CommandError(f"the simulated world does not answer: {error}") from error
