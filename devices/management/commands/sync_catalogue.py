"""Bring the rows of socket models to the catalogue of this release; after each migrate."""

from typing import Any

from django.core.management.base import BaseCommand

from devices.synchronisation import synchronise


class Command(BaseCommand):
    """Synchronise socket models and shared command templates."""

    help = "Bring socket models and shared command templates to the catalogue of this release."

    def handle(self, *args: Any, **options: Any) -> None:
        """Synchronise and say how much changed."""
        self.stdout.write(f"{synchronise()} rows changed.")
