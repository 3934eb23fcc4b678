"""The only writer of jobs and their parts: each call is one transaction with its audit lines.

A change of what a job decides on begins a new version of it: nothing that was seen earlier counts.
It sends nothing and judges no player.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from platforms import audit
from platforms.audit import Action as Act, Actor
from platforms.models import Platform

from . import criteria, floors, naming, rung_secrets
from .definition import COLUMNS, DECIDING, Definition, of, of_many, step_of
from .definition_checks import Errors, check
from .models import (
    Condition,
    Ending,
    Episode,
    Job,
    JobTarget,
    Mode,
    MonitoringMetric,
    OperatingHours,
    Rung,
)
from .outdated import Outdated
from .plain_values import told
from .schedule_times import next_run


class DefinitionRefused(ValueError):
    """A definition that cannot be stored: what is wrong with each field, for people."""

    def __init__(self, errors: Errors) -> None:
        super().__init__(", ".join(sorted(errors)))
        self.errors = errors


def save(
    definition: Definition,
    actor: Actor,
    job: Job | None = None,
    seen: int | None = None,
    like: Definition | None = None,
) -> Job:
    """Store a job, a new one or in the place of an old one; raise DefinitionRefused.

    `seen`: the revision that the change was made for; Outdated where there is a later one.
    `like`: what a new one is a copy of.
    1. Lock the platform: names and versions of its jobs are decided one after the other.
    2. Write the job and its parts; where what it decides on changed, a new version.
    3. Of a new version: forget what was seen, and close the episodes of the old one.
    """
    now = timezone.now()
    with transaction.atomic():
        Platform.objects.locked(definition.platform.pk)
        if job is None:
            row = Job(platform=definition.platform, changed_at=now)
            before: Mapping[str, Any] = {}
            old = definition
            changed = True
            _demand(definition, like, None)
        else:
            row = Job.objects.in_use().select_for_update(of=("self",)).get(pk=job.pk)
            if seen is not None and seen != row.revision:
                raise Outdated(row)
            old = of(row)
            before = told(old)
            changed = any(getattr(old, name) != getattr(definition, name) for name in DECIDING)
            if not only_stops(old, definition):
                _demand(definition, old, row)
        _write(row, definition, now, new_version=changed and job is not None)
        after = told(definition)
        if job is None:
            audit.record(actor, Act.CREATED, row, platform_id=row.platform_id, after=after)
        elif old != definition:
            hidden = ["rungs"] if old.rungs != definition.rungs else []
            old_values, new_values = audit.difference(before, after, hidden)
            audit.record(
                actor,
                Act.CHANGED,
                row,
                platform_id=row.platform_id,
                before=old_values,
                after=new_values,
            )
    return row


def copy(job: Job, actor: Actor) -> Job:
    """Store a copy of a job; it begins in shadow, whatever the mode of the first."""
    definition = of(job)
    own_name = naming.copied(definition.own_name) if definition.own_name else ""
    wanted = replace(definition, mode=Mode.SHADOW, own_name=own_name)
    return save(wanted, actor, like=definition)


def only_stops(old: Definition, new: Definition) -> bool:
    """Tell whether a change lets a job do less and nothing else.

    That is always allowed, also where the job could not be stored anew: its metric or its command
    may be gone.
    """
    stopped = replace(
        old,
        enabled=old.enabled and new.enabled,
        mode=Mode.SHADOW if new.mode is Mode.SHADOW else old.mode,
    )
    return new == stopped


def change(
    jobs: Collection[Job], actor: Actor, seen: Mapping[int, int] | None = None, **values: Any
) -> int:
    """Give jobs other values of their definitions, such as a mode; return how many changed.

    The platforms are locked first: what others change meanwhile is not written back. `seen`: by id
    the revisions that somebody agreed to; Outdated where another one is to be changed.
    """
    changed = 0
    with transaction.atomic():
        for platform_id in sorted({job.platform_id for job in jobs}):
            Platform.objects.locked(platform_id)
        for job, definition in zip(jobs, of_many(jobs), strict=True):
            wanted = replace(definition, **values)
            if wanted != definition:
                save(wanted, actor, job, None if seen is None else seen.get(job.pk, 0))
                changed += 1
    return changed


def remove(job: Job, actor: Actor) -> None:
    """Take a job out of use: it watches and does nothing more; its history stays."""
    now = timezone.now()
    with transaction.atomic():
        Platform.objects.locked(job.platform_id)
        row = Job.objects.in_use().select_for_update(of=("self",)).filter(pk=job.pk).first()
        if row is None:
            return
        row.removed_at, row.enabled, row.due_at = now, False, None
        row.save(update_fields=("removed_at", "enabled", "due_at"))
        _close(row, now)
        audit.record(actor, Act.DELETED, row, platform_id=row.platform_id, before=told(of(row)))


def _demand(definition: Definition, old: Definition | None, job: Job | None) -> None:
    """Raise DefinitionRefused for what cannot be stored; the platform is locked."""
    if errors := check(definition, old):
        raise DefinitionRefused(errors)
    if number := criteria.too_many(definition, old, job.pk if job is not None else None):
        text = _(
            "The jobs of this platform would ask Prometheus %(number)d different questions; it may "
            "ask %(most)d. Use conditions that other jobs have, or disable jobs."
        )
        values = {"number": number, "most": settings.JOBS_QUESTIONS}
        raise DefinitionRefused({"conditions": [text % values]})


def _write(row: Job, definition: Definition, now: datetime, *, new_version: bool) -> None:
    _plan(row, definition, now)
    # Jobs share what was seen: one that begins must not act on what was seen before it did.
    begins = row._state.adding or new_version or (definition.enabled and not row.enabled)
    for name in COLUMNS:
        setattr(row, name, getattr(definition, name))
    row.whole_platform = definition.selection.whole
    if new_version:
        row.version += 1
        row.changed_at = now
    if not row._state.adding:
        row.revision += 1
    naming.write(row, definition)
    row.criterion = criteria.of(definition)
    row.save()
    _write_parts(row, definition)
    if new_version or not definition.enabled:
        _close(row, now)
    if begins:
        floors.lay(row)


def _plan(row: Job, definition: Definition, now: datetime) -> None:
    """Set when a schedule runs next. One that stays as it is keeps a run that is due just now."""
    if not definition.enabled:
        row.due_at = None
        return
    same = all(
        getattr(row, name) == getattr(definition, name) for name in ("trigger", "cron", "time_zone")
    )
    if row.due_at is None or not same:
        row.due_at = next_run(definition, now)
        row.due_zone = definition.time_zone or definition.platform.time_zone


def _write_parts(row: Job, definition: Definition) -> None:
    platform = definition.platform
    for parts in (row.conditions, row.targets, row.hours):
        parts.all().delete()
    _write_rungs(row, definition)
    metrics = {
        each.name: each
        for each in MonitoringMetric.objects.filter(
            name__in={each.metric for each in definition.conditions}
        )  # unscoped: names alone
    }
    Condition.objects.bulk_create(
        Condition(
            platform=platform,
            job=row,
            position=number,
            metric=metrics[each.metric],
            function=each.function.value,
            window=each.window,
            operator=each.operator.value,
            threshold=each.threshold,
        )
        for number, each in enumerate(definition.conditions)
    )
    chosen = definition.selection
    ids = (
        *(("exporter_id", each) for each in sorted(chosen.exporters)),
        *(("site_id", each) for each in sorted(chosen.sites)),
        *(("player_id", each) for each in sorted(chosen.players)),
    )
    JobTarget.objects.bulk_create(
        JobTarget(platform=platform, job=row, **{name: number}) for name, number in ids
    )
    OperatingHours.objects.bulk_create(
        OperatingHours(
            platform=platform, job=row, weekday=each.weekday, opens=each.opens, closes=each.closes
        )
        for each in definition.hours
    )


def _write_rungs(row: Job, definition: Definition) -> None:
    # What stays is left alone: also secrets that no key opens.
    if tuple(step_of(each) for each in row.rungs.all()) == definition.rungs:
        return
    row.rungs.all().delete()
    templates = rung_secrets.templates_of([definition])
    rungs = []
    for number, step in enumerate(definition.rungs):
        secrets = rung_secrets.hidden(step, templates)
        rungs.append(
            Rung(
                platform=definition.platform,
                job=row,
                position=number,
                action=step.action,
                template_id=step.template_id,
                parameters=rung_secrets.shown(step, templates),
                secrets=json.dumps(secrets) if secrets else "",
                wait=step.wait,
            )
        )
    Rung.objects.bulk_create(rungs)


def _close(row: Job, now: datetime) -> None:
    """Close the open episodes of a job; commands that went out for them are judged all the same."""
    found = Episode.objects.open().filter(job=row)
    found.update(closed=True, closed_at=now, ending=Ending.JOB, rev=F("rev") + 1)
