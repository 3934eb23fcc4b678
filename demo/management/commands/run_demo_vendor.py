"""Door: the simulated vendors and the SMS gateway with its sockets, until SIGTERM."""

import asyncio
import os
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo import world
from demo.present import Clock
from demo.simulation import Simulation, serve
from demo.vendors import VENDORS, Sizes
from remosa.ports import LOOPBACK, BadPort, port_of


class Command(BaseCommand):
    help = "Serve the simulated vendors and their players on 127.0.0.1 (DEMO_VENDOR_PORT)."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--players", type=int, default=world.COUNT, help="of CubicMedia")
        parser.add_argument("--devices", type=int, default=world.DEVICES, help="of AddReality")
        parser.add_argument("--screens", type=int, default=world.SCREENS, help="of Lumen CMS")
        parser.add_argument("--seed", type=int, default=world.SEED)
        parser.add_argument("--speed", type=float, default=1.0, help="seconds of the world in one")
        parser.add_argument("--port", type=int, help="0: any free one")
        parser.add_argument(
            "--gateway-port", type=int, help="0: any free one; left out: no gateway, no sockets"
        )
        parser.add_argument(
            "--steady",
            action="store_true",
            help="no message is lost or late, no socket loses power",
        )
        parser.add_argument(
            "--switches", type=Path, help="folder by which processes of the demo are stopped"
        )
        parser.add_argument(
            "--latency", type=_latency, help="seconds of every answer: 0.05, or 0.05-0.3"
        )
        parser.add_argument("--errors", type=float, help="share of honest 503 answers: 0 to 1")
        parser.add_argument(
            "--shared-port",
            action="store_true",
            help="several of these processes serve one --port, for load; each has its own /control",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        port = options["port"]
        sizes = Sizes(options["players"], options["devices"], options["screens"])
        try:
            chosen = port_of("DEMO_VENDOR_PORT", 8900, os.environ) if port is None else port
            clock = Clock(options["speed"])
            simulation = Simulation(
                sizes,
                clock,
                options["seed"],
                steady=options["steady"],
                switches=options["switches"],
            )
            for vendor in simulation.vendors.values():
                vendor.latency = options["latency"] or vendor.latency
                if options["errors"] is not None:
                    vendor.error_share = options["errors"]
            asyncio.run(
                serve(
                    simulation,
                    chosen,
                    options["gateway_port"],
                    self._listening,
                    shared=options["shared_port"],
                )
            )
        except (BadPort, OSError) as error:
            raise CommandError(str(error)) from error

    def _listening(self, port: int, gateway_port: int | None) -> None:
        for vendor in VENDORS.values():
            self.stdout.write(
                f"{vendor.title}, simulated: http://{LOOPBACK}:{port}{vendor.address}"
            )
        if gateway_port is not None:
            self.stdout.write(f"SMS gateway, simulated: http://{LOOPBACK}:{gateway_port}")
        self.stdout.flush()


def _latency(text: str) -> tuple[float, float]:
    try:
        low, high = map(float, text.split("-")) if "-" in text else (float(text),) * 2
    except ValueError:
        raise ArgumentTypeError(f"seconds are expected, not {text!r}") from None
    if not 0 <= low <= high:
        raise ArgumentTypeError("the lower one comes first")
    return low, high
