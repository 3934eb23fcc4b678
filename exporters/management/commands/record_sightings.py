"""The command that goes one round over the players: who there is, when it was seen."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from exporters import rounds


class Command(BaseCommand):
    """One round now; the workers go round by themselves."""

    help = "Look once which players vendors list, and when players were seen."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what the round shall leave out."""
        parser.add_argument("--without-names", action="store_true", help="ask for no names")

    def handle(self, *args: Any, **options: Any) -> None:
        """Go round."""
        rounds.go(timezone.now(), with_names=not options["without_names"])
