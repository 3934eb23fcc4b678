"""The command that says what a file of jobs would do and, with the plan's digest, does it."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs import exchange, yaml_lines
from jobs.exchange import PlanChanged, PlanRefused
from jobs.exchange_plan import Entry, Fate, Plan, plan
from jobs.yaml_lines import YamlRefused
from platforms.audit import Actor
from platforms.models import Platform


class Command(BaseCommand):
    """Without --apply it writes nothing."""

    help = "Say what a file of jobs would do; with --apply and the plan's digest, do it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the platform, the file and the plan that was seen."""
        parser.add_argument("platform", type=int, help="number of the platform")
        parser.add_argument("file", help="the YAML, or - for the standard input")
        parser.add_argument("--apply", metavar="DIGEST", help="do the plan that had this digest")
        parser.add_argument(
            "--skip-refused", action="store_true", help="do the others where some are refused"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Plan, and do it where that was asked for."""
        # unscoped: whoever operates the machine
        platform = Platform.objects.filter(pk=options["platform"]).first()
        if platform is None:
            raise CommandError(f"There is no platform {options['platform']}.")
        text = _text(options["file"])
        try:
            if options["apply"]:
                outcome = exchange.apply(
                    text,
                    platform,
                    None,
                    Actor("import_jobs", "command"),
                    options["apply"],
                    skip_refused=options["skip_refused"],
                )
            else:
                outcome = plan(text, platform, None)
        except YamlRefused as error:
            raise CommandError(f"Line {error.line}: {error}") from error
        except PlanChanged as error:
            self._show(error.now)
            raise CommandError("Nothing was done: this is the plan now.") from error
        except PlanRefused as error:
            self._show(error.outcome)
            raise CommandError(f"Nothing was done. {error}") from error
        self._show(outcome)
        if options["apply"]:
            self.stdout.write("Done.")
        else:
            self.stdout.write(f"Nothing is done yet: --apply {outcome.digest()}")

    def _show(self, outcome: Plan) -> None:
        for entry in outcome.entries:
            for line in _lines(entry):
                self.stdout.write(line)
        counts = (f"{fate.value} {len(outcome.of(fate))}" for fate in Fate)
        self.stdout.write(", ".join(counts))


def _lines(entry: Entry) -> Iterator[str]:
    yield f"line {entry.line}: {entry.fate.value} {entry.name}".rstrip()
    for each in entry.differences:
        yield f"    {each.field}: {each.before!r} -> {each.after!r}"
    for problem in entry.problems:
        yield f"    line {problem.line}, {problem.field}: {problem.why}"


def _text(name: str) -> str:
    """Read the file, not more of it than could be taken."""
    most = yaml_lines.LONGEST + 1
    try:
        if name == "-":
            return sys.stdin.read(most)
        with Path(name).open(encoding="utf-8") as file:
            return file.read(most)
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{name} cannot be read: {error}") from error
