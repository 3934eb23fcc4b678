"""What the clock asks the workers for, and how often: one table, kept in the rows of the clock.

A person may change how often, or switch a tick off; a new release does not undo that.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from django.db import transaction
from django.utils.translation import gettext_noop
from django_celery_beat.models import IntervalSchedule, PeriodicTask

PREFIX: Final = "remosa."
_DEFAULT: Final = "remosa-seconds"  # in the row: what this table said when the row was written


class Tick(NamedTuple):
    """One line of the table; a message that is older than `expires` seconds is thrown away."""

    name: str
    task: str
    seconds: int
    expires: int
    title: str


TIMETABLE: Final = (
    Tick("sweep", "devices.sweep", 5, 5, gettext_noop("Look after commands")),
    Tick("inboxes", "devices.poll_inboxes", 10, 10, gettext_noop("Read the gateways' inboxes")),
    Tick("doubts", "devices.reconcile", 15, 15, gettext_noop("Find out about unknown commands")),
    Tick("verdicts", "devices.verify", 15, 15, gettext_noop("Judge whether commands helped")),
    Tick(
        "commissioning",
        "devices.settle_commissioning",
        15,
        15,
        gettext_noop("Follow sockets that are put into service"),
    ),
    Tick("questions", "devices.ask_for_states", 600, 300, gettext_noop("Ask sockets for a sign")),
    Tick("alarms", "devices.watch_alarms", 15, 15, gettext_noop("Watch gateways and sockets")),
    Tick("evaluation", "jobs.evaluate", 5, 5, gettext_noop("Judge players by the rules of jobs")),
    Tick("actions", "jobs.act", 10, 10, gettext_noop("Do what jobs are due to do")),
    Tick("outcomes", "jobs.verify", 15, 15, gettext_noop("Judge whether jobs helped")),
    Tick(
        "schedules",
        "jobs.schedules",
        15,
        15,
        gettext_noop("Begin what jobs are to do by the clock"),
    ),
    Tick("watchdog", "jobs.watch", 30, 30, gettext_noop("Watch whether jobs are judged")),
    Tick("names", "jobs.names", 300, 300, gettext_noop("Keep names of jobs in step")),
    Tick("metrics", "jobs.metrics", 600, 300, gettext_noop("Look for metrics in Prometheus")),
    Tick("history", "jobs.prune", 86400, 3600, gettext_noop("Delete history that is too old")),
    Tick("notices", "platforms.deliver", 10, 10, gettext_noop("Send notifications")),
    Tick("sightings", "exporters.record_sightings", 60, 60, gettext_noop("Look after players")),
    Tick("sources", "exporters.watch_sources", 30, 30, gettext_noop("Watch exporters")),
)


def faster(seconds: Mapping[str, int]) -> tuple[Tick, ...]:
    """Return the table with other intervals, in seconds by name; for a demo nobody waits in."""
    return tuple(tick._replace(seconds=seconds.get(tick.name, tick.seconds)) for tick in TIMETABLE)


def synchronise(table: Iterable[Tick] = TIMETABLE) -> int:
    """Bring the clock's rows to the table; return how many were made, changed or removed."""
    ticks = list(table)
    with transaction.atomic():
        known = {
            row.name: row
            for row in PeriodicTask.objects.select_for_update(of=("self",))
            .select_related("interval")
            .filter(name__startswith=PREFIX)
        }
        changed = sum(_written(tick, known.pop(PREFIX + tick.name, None)) for tick in ticks)
        for gone in known.values():
            gone.delete()
        return changed + len(known)


def _written(tick: Tick, row: PeriodicTask | None) -> bool:
    """Write one row unless it stands as it should; what a person chose stays."""
    is_new = row is None
    row = PeriodicTask(name=PREFIX + tick.name) if row is None else row
    before = None if is_new else _content(row)
    if is_new or _follows_the_table(row):
        row.interval = _every(tick.seconds)
    row.task, row.description = tick.task, tick.title
    row.expire_seconds = tick.expires
    row.headers = json.dumps({_DEFAULT: tick.seconds})
    if _content(row) == before:
        return False
    row.save()
    return True


def _follows_the_table(row: PeriodicTask) -> bool:
    """Tell whether nobody changed how often it comes since the table last said so."""
    every = row.interval
    told = json.loads(row.headers or "{}").get(_DEFAULT)
    return every is not None and (every.every, every.period) == (told, IntervalSchedule.SECONDS)


def _content(row: PeriodicTask) -> tuple[object, ...]:
    return row.interval_id, row.task, row.description, row.expire_seconds, row.headers


def _every(seconds: int) -> IntervalSchedule:
    same = IntervalSchedule.objects.filter(every=seconds, period=IntervalSchedule.SECONDS)
    found = same.order_by("pk").first()
    return found or IntervalSchedule.objects.create(every=seconds, period=IntervalSchedule.SECONDS)
