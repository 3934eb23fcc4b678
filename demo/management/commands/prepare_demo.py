"""Door: the demo's database, up to date and filled, and the tokens of its processes."""

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from demo import seeding, world
from remosa import first_start
from remosa.place import Place


class Command(BaseCommand):
    help = "Migrate, and make the platforms, people, MACs and tokens of the demo, where missing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="state folder of the demo")
        parser.add_argument("--players", type=int, default=world.COUNT)
        parser.add_argument("--seed", type=int, default=world.SEED)

    def handle(self, *args: Any, folder: Path, players: int, seed: int, **options: Any) -> None:
        place = Place(folder)
        call_command("migrate", interactive=False, stdout=self.stdout)
        typed = seeding.seed(world.fleet(seed, players), place.demo_password.read_text())
        issued = first_start.ensure_tokens(place)
        self.stdout.write(f"MACs typed in: {typed}; tokens issued: {len(issued)}")
