"""The command that deletes history which is not kept any longer, or says what it would delete."""

from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand
from django.utils import timezone

from jobs import retention
from jobs.retention import Pruned

NO_END: Final = 86_400.0  # seconds: a person waits for it


class Command(BaseCommand):
    """All that is old, table by table; the workers do the same once a day."""

    help = "Delete history that is not kept any longer (settings REMOSA_KEEP_..._DAYS)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whether to count alone."""
        parser.add_argument("--dry-run", action="store_true", help="count, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete, or count, and print a line a table."""
        now, dry = timezone.now(), options["dry_run"]
        for each in retention.count(now) if dry else retention.prune(now, NO_END):
            self.stdout.write(_line(each, "to go" if dry else "deleted"))
        if dry:
            self.stdout.write("Nothing was changed.")


def _line(pruned: Pruned, done: str) -> str:
    days = pruned.table.days
    if not days:
        return f"{pruned.table.name}: kept for ever"
    numbers = ", ".join(f"{name} {number}" for name, number in pruned.rows.items())
    return f"{pruned.table.name}: kept {days} days; {done}: {numbers}"
