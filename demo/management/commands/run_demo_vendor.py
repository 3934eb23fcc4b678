"""Door: the simulated CubicMedia, until SIGTERM."""

import asyncio
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo import world
from demo.life import Clock, World
from demo.vendors import STATUS_PATH, CubicVendor, serve
from remosa.ports import BadPort, port_of


class Command(BaseCommand):
    help = "Serve the simulated CubicMedia and its players on 127.0.0.1 (DEMO_VENDOR_PORT)."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--players", type=int, default=world.COUNT)
        parser.add_argument("--seed", type=int, default=world.SEED)
        parser.add_argument("--speed", type=float, default=1.0, help="seconds of the world in one")
        parser.add_argument("--port", type=int, help="0: any free one")

    def handle(
        self, *args: Any, players: int, seed: int, speed: float, port: int | None, **options: Any
    ) -> None:
        try:
            chosen = port_of("DEMO_VENDOR_PORT", 8900, os.environ) if port is None else port
            fleet = world.fleet(seed, players)
            vendor = CubicVendor(World(fleet, Clock(speed)), seed)
            asyncio.run(serve(vendor, chosen, self._listening))
        except (BadPort, OSError) as error:
            raise CommandError(str(error)) from error

    def _listening(self, port: int) -> None:
        self.stdout.write(f"CubicMedia, simulated: http://127.0.0.1:{port}{STATUS_PATH}?mac=")
        self.stdout.flush()
