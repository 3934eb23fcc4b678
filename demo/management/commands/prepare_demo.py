"""Door: the demo's database, up to date and filled, and the tokens of its processes."""

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from demo import seeding, seeding_of_jobs, seeding_of_sockets, world
from demo.sms import wiring
from demo.vendors import Sizes
from remosa import first_start, timetable
from remosa.place import Place
from remosa.ports import LOOPBACK

SIGHTINGS_SECONDS = 10


class Command(BaseCommand):
    help = "Migrate, and make the platforms, people, MACs and tokens of the demo, where missing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="state folder of the demo")
        parser.add_argument("--players", type=int, default=world.COUNT, help="of CubicMedia")
        parser.add_argument("--devices", type=int, default=world.DEVICES, help="of AddReality")
        parser.add_argument("--screens", type=int, default=world.SCREENS, help="of Lumen CMS")
        parser.add_argument("--seed", type=int, default=world.SEED)
        parser.add_argument(
            "--vendor",
            default=f"http://{LOOPBACK}:8900",
            help="where the simulated vendors listen",
        )
        parser.add_argument(
            "--gateway",
            default=f"http://{LOOPBACK}:8901",
            help="where the simulated SMS gateway listens",
        )

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        place = Place(folder)
        call_command("migrate", interactive=False, stdout=self.stdout)
        call_command("sync_catalogue", stdout=self.stdout)
        call_command("sync_metrics", stdout=self.stdout)
        timetable.synchronise(timetable.faster({"sightings": SIGHTINGS_SECONDS}))
        sizes = Sizes(options["players"], options["devices"], options["screens"])
        password = place.demo_password.read_text()
        fleets = sizes.fleets(options["seed"])
        with transaction.atomic():
            typed = seeding.seed(fleets, password, options["vendor"])
            installed = wiring.installed(fleets, options["seed"])
            registered = seeding_of_sockets.seed(installed, options["gateway"])
            jobs = seeding_of_jobs.seed()
        issued = first_start.ensure_tokens(place)
        self.stdout.write(
            f"MACs typed in: {typed}; sockets registered: {registered}; jobs: {jobs}; "
            f"tokens issued: {len(issued)}"
        )
