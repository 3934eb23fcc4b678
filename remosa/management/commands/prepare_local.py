"""Door: tokens and the first superadmin for an installation on one machine."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from remosa import first_start
from remosa.place import Place


class Command(BaseCommand):
    help = "Make the tokens of the local processes and the first superadmin, where missing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="state folder of the installation")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        place = Place(folder)
        with transaction.atomic():
            issued = first_start.ensure_tokens(place)
            made = first_start.ensure_superadmin(place)
        self.stdout.write(f"tokens issued: {len(issued)}; first superadmin: {made or 'was there'}")
