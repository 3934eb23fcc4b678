"""Door: bring the ticks of the clock to the table of this release; after each migrate."""

from typing import Any

from django.core.management.base import BaseCommand

from remosa import timetable


class Command(BaseCommand):
    help = "Bring the ticks of the clock to the table of this release."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{timetable.synchronise()} ticks changed.")
