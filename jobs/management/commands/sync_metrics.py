"""Bring the rows of metrics to the catalogue of this release; after each migrate."""

from typing import Any

from django.core.management.base import BaseCommand

from jobs.synchronisation import synchronise


class Command(BaseCommand):
    """Synchronise the metrics that conditions of jobs may be about."""

    help = "Bring the metrics that jobs may ask about to the catalogue of this release."

    def handle(self, *args: Any, **options: Any) -> None:
        """Synchronise and say how much changed."""
        self.stdout.write(f"{synchronise()} metrics changed.")
