"""Door: the whole demo, until Ctrl-C."""

import sys
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo import installation, world
from demo.vendors import Sizes
from remosa import local
from remosa.place import Occupied, Place
from remosa.ports import BadPort


class Command(BaseCommand):
    help = "Run Remosa in a simulated world on this machine; Ctrl-C ends all of it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--folder", type=Path, default=local.ROOT / ".demo")
        parser.add_argument("--players", type=int, default=world.COUNT, help="of CubicMedia")
        parser.add_argument("--devices", type=int, default=world.DEVICES, help="of AddReality")
        parser.add_argument("--screens", type=int, default=world.SCREENS, help="of Lumen CMS")
        parser.add_argument("--seed", type=int, default=world.SEED)
        parser.add_argument("--speed", type=float, default=1.0, help="seconds of the world in one")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        place = Place(folder)
        sizes = Sizes(options["players"], options["devices"], options["screens"])
        simulated = installation.World(sizes, options["seed"], options["speed"])
        try:
            code = local.run(
                place,
                installation.PORTS,
                partial(installation.processes, place, simulated),
                partial(installation.banner, place),
                self.stdout,
            )
        except (BadPort, Occupied, local.CannotStart) as error:
            raise CommandError(str(error)) from error
        sys.exit(code)
