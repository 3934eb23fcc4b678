"""What a file of jobs would do: the plan that is shown, and that exchange.py carries out as shown.

A job of the file is known by its name; an automatic name also by what would be composed now.
Reads; locks nothing and writes nothing. No job is ever removed by a file.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from platforms.models import Platform
from platforms.scoping import Principal

from . import naming, plain_values, raw_rights, rung_secrets, saving, yaml_lines
from .definition import Definition, of_many
from .definition_checks import Errors, Known, check, known_of
from .models import Job
from .sheet_names import Names
from .sheet_reading import Sheet, identities, read
from .sheet_values import Problem
from .sheet_writing import written
from .yaml_lines import Node, YamlRefused

VERSION: Final = 1
MOST_JOBS: Final = 500
DIGEST: Final = "jobs.exchange_plan.digest"


class Fate(StrEnum):
    """What becomes of one job of a file."""

    CREATE = "create"
    CHANGE = "change"
    UNCHANGED = "unchanged"
    REFUSE = "refuse"


class Difference(NamedTuple):
    """What would change of a job, as a file has it: nothing where it says nothing."""

    field: str
    before: Any
    after: Any


class Entry(NamedTuple):
    """One job of the file: what it is and what it would be; `problems`: why nothing is done."""

    fate: Fate
    line: int
    name: str
    job: Job | None = None
    before: Definition | None = None
    after: Definition | None = None
    differences: Sequence[Difference] = ()
    problems: Sequence[Problem] = ()


@dataclass(frozen=True)
class Plan:
    """What becomes of each job of the file, in its order."""

    platform: Platform
    entries: Sequence[Entry]

    def of(self, fate: Fate) -> list[Entry]:
        """Return the jobs of which this becomes."""
        return [each for each in self.entries if each.fate is fate]

    def digest(self) -> str:
        """Return a text that is the same for the very same deeds upon the very same jobs alone.

        Secrets are among them. It is keyed: nobody who reads it can try out values.
        """
        deeds = [
            (
                each.fate.value,
                each.line,
                each.job.pk if each.job is not None else None,
                plain_values.whole(each.before) if each.before is not None else None,
                plain_values.whole(each.after) if each.after is not None else None,
            )
            for each in self.entries
        ]
        text = json.dumps([self.platform.pk, deeds], sort_keys=True, default=str)
        return salted_hmac(DIGEST, text, algorithm="sha256").hexdigest()


class _World(NamedTuple):
    """The jobs of the platform as they are, and the names of what they are about."""

    names: Names
    jobs: Mapping[str, tuple[Job, Definition]]


def plan(text: str, platform: Platform, user: Principal | None) -> Plan:
    """Say what a file would do now; raise YamlRefused for what is no file of jobs at all.

    `user` is who would do it; None: whoever operates the machine.
    """
    nodes = _jobs(yaml_lines.read(text))
    # unscoped: of the platform that the caller may change
    rows = list(Job.objects.in_use().filter(platform=platform).order_by("pk"))
    jobs = {row.name: (row, each) for row, each in zip(rows, of_many(rows), strict=True)}
    world = _World(Names.of_identities(platform, identities(nodes)), jobs)
    sheets = [read(node, world.names) for node in nodes]
    found = _matched([each for each in sheets if isinstance(each, Sheet)], world)
    wishes = {
        id(sheet): _wished(sheet, found[id(sheet)], world)
        for sheet in sheets
        if isinstance(sheet, Sheet)
    }
    known = known_of(platform.pk, [new for old, new in wishes.values() if new != old])
    entries = []
    for node, sheet in zip(nodes, sheets, strict=True):
        if isinstance(sheet, Sheet):
            entries.append(_planned(sheet, found[id(sheet)], *wishes[id(sheet)], known, user))
        else:
            entries.append(Entry(Fate.REFUSE, node.line, _called(node), problems=sheet))
    return Plan(platform, _with_differences(entries, platform))


def _jobs(document: Node) -> list[Node]:
    if not isinstance(document.value, dict):
        raise YamlRefused(document.line, _("This is no file of jobs: it begins with a version."))
    for key, inside in document.value.items():
        if key not in ("version", "jobs"):
            raise YamlRefused(inside.line, _("%(name)s is not known here.") % {"name": key[:80]})
    version, jobs = (document.value.get(key, Node(1, None)) for key in ("version", "jobs"))
    if version.value != VERSION or isinstance(version.value, bool):
        raise YamlRefused(version.line, _("The version of this file is not %(version)d.")
                          % {"version": VERSION})  # fmt: skip
    if not isinstance(jobs.value, list):
        raise YamlRefused(jobs.line, _("A list of jobs is needed here."))
    if len(jobs.value) > MOST_JOBS:
        told = {"most": MOST_JOBS}
        raise YamlRefused(jobs.line, _("A file has %(most)d jobs at most.") % told)
    return list(jobs.value)


class _Match(NamedTuple):
    """The job that a part of the file is about; `taken`: on which line another part is so too."""

    job: Job | None
    taken: int = 0


def _matched(sheets: Sequence[Sheet], world: _World) -> dict[int, _Match]:
    """Find the job of each part of the file: by names first, then by what would be composed."""
    found: dict[int, _Match] = {}
    lines: dict[str, int] = {}
    rest = []
    for sheet in sheets:
        job = world.jobs[sheet.name][0] if sheet.name in world.jobs else None
        if sheet.name in lines:
            found[id(sheet)] = _Match(job, lines[sheet.name])
        elif job is not None or not sheet.is_automatic:
            found[id(sheet)] = _Match(job)
        else:
            rest.append(sheet)
        if sheet.name:
            lines.setdefault(sheet.name, sheet.line)
    taken = {match.job.pk for match in found.values() if match.job is not None}
    free = [job for job, _old in world.jobs.values() if not job.own_name and job.pk not in taken]
    composed = naming.automatic_of_many([each.definition for each in rest]) if free else []
    names = [each[settings.LANGUAGE_CODE] for each in composed]
    for number, sheet in enumerate(rest):
        # It has the name that this one would get, or had got with a number.
        job = next((each for each in free if naming.is_still(names[number], each.name)), None)
        found[id(sheet)] = _Match(job)
        if job is not None:
            free.remove(job)
    return found


def _wished(sheet: Sheet, match: _Match, world: _World) -> tuple[Definition | None, Definition]:
    """Return what the job of a part of the file is, and what it would be."""
    new = sheet.definition
    if match.job is None:
        return None, new
    old = world.jobs[match.job.name][1]
    steps = rung_secrets.kept(new.rungs, old.rungs, world.names.templates)
    # A name with a number stands for the own name that others have as well.
    own_name = new.own_name and (old.own_name or new.own_name)
    return old, replace(new, rungs=steps, own_name=own_name)


def _planned(
    sheet: Sheet,
    match: _Match,
    old: Definition | None,
    new: Definition,
    known: Known,
    user: Principal | None,
) -> Entry:
    job = match.job
    name = sheet.name or (job.name if job is not None else "")
    if match.taken:
        why = _("This job stands on line %(line)d already.") % {"line": match.taken}
        return Entry(Fate.REFUSE, sheet.line, name, problems=[Problem(sheet.line, "name", why)])
    if new == old:
        return Entry(Fate.UNCHANGED, sheet.line, name, job, old, new)
    wrong = dict(raw_rights.refused(new, old, user))
    if old is None or not saving.only_stops(old, new):
        wrong |= check(new, old, known)
    if problems := _problems(sheet, wrong):
        return Entry(Fate.REFUSE, sheet.line, name, job, problems=problems)
    return Entry(Fate.CREATE if job is None else Fate.CHANGE, sheet.line, name, job, old, new)


def _problems(sheet: Sheet, wrong: Errors) -> list[Problem]:
    return sorted(
        Problem(sheet.lines.get(field, sheet.line), field, why)
        for field, told in wrong.items()
        for why in told
    )


def _with_differences(entries: Sequence[Entry], platform: Platform) -> list[Entry]:
    """Add what would change, as a file has it; the players of both sides are named by one look."""
    sides = {
        at: (each.before, each.after)
        for at, each in enumerate(entries)
        if each.fate is Fate.CHANGE and each.before is not None and each.after is not None
    }
    if not sides:
        return list(entries)
    every = [side for pair in sides.values() for side in pair]
    names = Names.of_players(platform, {pk for each in every for pk in each.selection.players})
    return [
        each._replace(differences=_differences(*sides[at], names)) if at in sides else each
        for at, each in enumerate(entries)
    ]


def _differences(old: Definition, new: Definition, names: Names) -> list[Difference]:
    before, after = (written(each, each.own_name, names) for each in (old, new))
    told = [
        Difference(key, before.get(key), after.get(key))
        for key in {**before, **after}
        if before.get(key) != after.get(key)
    ]
    # Secrets are told to nobody: only that there is a change.
    return told or [Difference("rungs", before["rungs"], after["rungs"])]


def _called(node: Node) -> str:
    """Return the name of what could not be read."""
    if not isinstance(node.value, dict):
        return ""
    names = (node.value.get(key) for key in ("name", "automatic_name"))
    return next((str(each.value)[:200] for each in names if each and each.value), "")
