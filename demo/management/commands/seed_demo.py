"""Door: fill the demo's database."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from demo import seeding, world


class Command(BaseCommand):
    help = "Make the platforms, people and MACs of the demo, where missing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("password_file", type=Path, help="the password of every demo account")
        parser.add_argument("--players", type=int, default=world.COUNT)
        parser.add_argument("--seed", type=int, default=world.SEED)

    def handle(
        self, *args: Any, password_file: Path, players: int, seed: int, **options: Any
    ) -> None:
        typed = seeding.seed(world.fleet(seed, players), password_file.read_text())
        self.stdout.write(f"MACs typed in: {typed}")
