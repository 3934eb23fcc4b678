"""The command that writes the jobs of a platform as YAML."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from jobs import exchange
from jobs.models import Job
from platforms import audit
from platforms.audit import Action, Actor
from platforms.models import Platform


class Command(BaseCommand):
    """Writes to the standard output; secrets are left out."""

    help = "Write the jobs of a platform as YAML."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whose jobs."""
        parser.add_argument("platform", type=int, help="number of the platform")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write them."""
        # unscoped: whoever operates the machine
        platform = Platform.objects.filter(pk=options["platform"]).first()
        if platform is None:
            raise CommandError(f"There is no platform {options['platform']}.")
        with transaction.atomic():
            text = exchange.export(Job.objects.in_use().filter(platform=platform), platform)
            actor = Actor("export_jobs", "command")
            audit.record(actor, Action.EXPORTED, "jobs", platform_id=platform.pk)
        self.stdout.write(text, ending="")
