"""Door: Remosa, Prometheus and the exporters on this machine, until Ctrl-C."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from remosa import local, local_workers
from remosa.place import Occupied, Place
from remosa.ports import LOOPBACK, BadPort
from remosa.supervisor import Process

SCRAPE_SECONDS = 15


class Command(BaseCommand):
    help = "Run Remosa with everything it needs on this machine; Ctrl-C ends all of it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--folder", type=Path, default=local.ROOT / ".remosa")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        place = Place(folder)

        def processes(ports: Mapping[str, int]) -> Sequence[Process]:
            settings = local.environment(place, os.environ, ports)
            return [
                local.prepare(settings, "prepare_local", str(folder)),
                local.web(settings, ports["REMOSA_WEB_PORT"]),
                *local.exporters(place, settings, ports),
                local.prometheus(place, settings, ports, SCRAPE_SECONDS),
                *local_workers.workers(place, settings),
            ]

        try:
            code = local.run(
                place, local.PORTS, processes, lambda ports: banner(place, ports), self.stdout
            )
        except (BadPort, Occupied, local.CannotStart) as error:
            raise CommandError(str(error)) from error
        sys.exit(code)


def banner(place: Place, ports: Mapping[str, int]) -> str:
    """What a person needs to begin; the first password is forgotten once it was shown."""
    login = ""
    if place.first_login.exists():
        address, password = place.first_login.read_text().split()
        login = f"  First login  {address}   password {password}   (shown this once)\n"
        place.first_login.unlink()
    mails = ""
    if not os.environ.get("EMAIL_URL") and not os.environ.get("EMAIL_URL_FILE"):
        mails = f"  Mails        go to {place.logs}/web.log alone, until EMAIL_URL is set\n"
    return (
        "\nRemosa is running.\n\n"
        f"  Address      http://{LOOPBACK}:{ports['REMOSA_WEB_PORT']}/\n"
        f"{login}"
        f"  Prometheus   http://{LOOPBACK}:{ports['REMOSA_PROMETHEUS_PORT']}\n"
        f"{local.exporter_addresses(ports)}"
        f"{mails}"
        f"  State        {place.folder}\n\n"
        "Ctrl-C ends every process.\n"
    )
