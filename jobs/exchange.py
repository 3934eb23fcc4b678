"""Jobs as YAML: those of a platform as a file, and a file's plan carried out as it was shown."""

from collections.abc import Collection
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from platforms.audit import Actor
from platforms.models import Platform
from platforms.scoping import Principal

from . import saving, yaml_lines
from .definition import of_many
from .exchange_plan import VERSION, Entry, Fate, Plan, plan
from .models import Job
from .sheet_names import Names
from .sheet_values import Problem
from .sheet_writing import written

#: At the head of a file. Nothing in it may come from rows: a comment ends where a line does.
HEAD: Final = """\
# Jobs of one platform. Times: 90s, 5m, 1h30m. A job is known by its name; what is left out is the
# default, and secrets are never here. Look at the plan before you apply it.
"""


class PlanChanged(Exception):
    """The deeds would no longer be the agreed ones; `now` is what they would be."""

    def __init__(self, now: Plan) -> None:
        super().__init__("jobs, or what they are about, have changed since")
        self.now = now


class PlanRefused(Exception):
    """Some of the file's jobs cannot be stored, and nobody said to leave them out."""

    def __init__(self, outcome: Plan) -> None:
        super().__init__(_("Some of these jobs cannot be stored: mend the file, or skip them."))
        self.outcome = outcome


def export(jobs: Collection[Job], platform: Platform) -> str:
    """Return jobs of a platform as a file: the same text for the same jobs, secrets left out."""
    definitions = of_many(jobs)
    names = Names.of_players(
        platform, {pk for each in definitions for pk in each.selection.players}
    )
    told = sorted(
        (
            written(definition, job.name, names)
            for job, definition in zip(jobs, definitions, strict=True)
        ),
        key=lambda each: next(iter(each.values())),
    )
    return f"{HEAD}{yaml_lines.write({'version': VERSION, 'jobs': told})}"


def apply(
    text: str,
    platform: Platform,
    user: Principal | None,
    actor: Actor,
    agreed: str,
    *,
    skip_refused: bool = False,
) -> Plan:
    """Do what plan() says, all of it or nothing; return what was done.

    Raises PlanChanged where its digest is not the `agreed` one any more, PlanRefused.
    1. Lock the platform: nobody changes its jobs meanwhile. 2. Plan again. 3. Store each job, with
    its audit line.
    """
    try:
        with transaction.atomic():
            Platform.objects.locked(platform.pk)
            outcome = plan(text, platform, user)
            if outcome.digest() != agreed:
                raise PlanChanged(outcome)
            if outcome.of(Fate.REFUSE) and not skip_refused:
                raise PlanRefused(outcome)
            return Plan(platform, [_stored(each, actor) for each in outcome.entries])
    except (_NotStored, IntegrityError) as error:
        # What a job is about went away just now: exporters, sites, commands have no lock here.
        now = plan(text, platform, user)
        if isinstance(error, _NotStored) and now.digest() == agreed:
            told = [error.entry if each.line == error.entry.line else each for each in now.entries]
            raise PlanRefused(Plan(platform, told)) from error
        raise PlanChanged(now) from error


class _NotStored(Exception):
    """One job of a file that is right by itself cannot be stored beside the others."""

    def __init__(self, entry: Entry, refused: saving.DefinitionRefused) -> None:
        super().__init__(str(refused))
        problems = [
            Problem(entry.line, field, why)
            for field in refused.errors
            for why in refused.errors[field]
        ]
        self.entry = entry._replace(fate=Fate.REFUSE, problems=problems)


def _stored(entry: Entry, actor: Actor) -> Entry:
    if entry.fate not in (Fate.CREATE, Fate.CHANGE) or entry.after is None:
        return entry
    try:
        return entry._replace(job=saving.save(entry.after, actor, entry.job))
    except saving.DefinitionRefused as refused:
        raise _NotStored(entry, refused) from refused
