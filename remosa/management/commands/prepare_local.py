"""Door: the database up to date, the tokens and the first superadmin of a local installation."""

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from remosa import first_start
from remosa.place import Place


class Command(BaseCommand):
    help = "Migrate, and make the tokens of the local processes and the first superadmin."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="state folder of the installation")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        place = Place(folder)
        call_command("migrate", interactive=False, stdout=self.stdout)
        call_command("sync_catalogue", stdout=self.stdout)
        call_command("sync_metrics", stdout=self.stdout)
        call_command("sync_timetable", stdout=self.stdout)
        with transaction.atomic():
            issued = first_start.ensure_tokens(place)
            made = first_start.ensure_superadmin(place)
            first_start.ensure_gateway()
        self.stdout.write(f"tokens issued: {len(issued)}; first superadmin: {made or 'was there'}")
