"""How long history is kept: which rows are old, over and needed by nothing; and deleting them.

Nothing that is open goes, and nothing that a gate, a guard or a verdict still reads. Commands and
what came from sockets stay for ever: by them a repeated key or message is known for what it is.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from devices.models import Command, CommandStep
from platforms import audit, deliveries, integrity
from platforms.audit import SYSTEM, Action
from platforms.models import AuditEntry
from platforms.wall_time import DAY

from .models import (
    Clock,
    Episode,
    GateVerdict,
    Job,
    JobExecution,
    JobPause,
    MaintenanceWindow,
    Standing,
    Track,
)
from .windows import LONGEST_OF_WEEK

logger = logging.getLogger(__name__)

BATCH: Final = 500  # rows a transaction
LEAST_DAYS: Final = 31  # the longest span that the pages look back; longer than any cooldown
Rows = QuerySet[Any, Any]


class Table(NamedTuple):
    """A sort of rows: by which setting it is kept, and what of it is old at a moment.

    ``along`` are the rows that go with one, by name. It is kept for ``least`` days, or for ever.
    """

    name: str
    title: Promise
    kept_by: str
    old: Callable[[datetime], Rows]
    along: Sequence[str] = ()
    least: int = LEAST_DAYS

    @property
    def days(self) -> int:
        """Return for how many days it is kept; 0: for ever."""
        days: int = settings.KEEP_DAYS[self.kept_by]
        return max(days, self.least) if days > 0 else 0


class Pruned(NamedTuple):
    """What became of one table, or would: rows by model, their own first."""

    table: Table
    rows: dict[str, int]
    is_all: bool = True  # nothing was left over for the next time


def count(now: datetime) -> Iterator[Pruned]:
    """Yield how many rows would go; change nothing."""
    for table in TABLES:
        rows = _old(table, now)
        counts = {table.name: 0 if rows is None else rows.count()}
        if rows is not None:
            for each in table.along:
                found = rows.order_by().aggregate(found=Count(each, distinct=True))
                counts[each] = found["found"]
        yield Pruned(table, counts)


def prune(now: datetime, seconds: float) -> Iterator[Pruned]:
    """Delete what is old, in small transactions, until all is done or the time is over."""
    deadline = time.monotonic() + seconds
    for table in TABLES:
        rows = _old(table, now)
        pruned = Pruned(table, {table.name: 0}) if rows is None else _prune(table, rows, deadline)
        if sum(pruned.rows.values()):
            logger.info("Kept no longer: %s", pruned.rows)
        yield pruned


def _prune(table: Table, rows: Rows, deadline: float) -> Pruned:
    deleted = {table.name: 0, **dict.fromkeys(table.along, 0)}
    names = {rows.model._meta.label: table.name, **_LABELS}
    last, newest = 0, rows.model._base_manager.order_by("-pk").values_list("pk", flat=True).first()
    while True:
        if time.monotonic() >= deadline:
            return Pruned(table, deleted, is_all=False)
        # From where the batch before ended: from the beginning, each would read what stays again.
        page = rows.filter(pk__gt=last, pk__lte=newest or 0).order_by("pk")
        pks = list(page.values_list("pk", flat=True)[:BATCH])
        if not pks:
            return Pruned(table, deleted)
        last = pks[-1]
        for label, number in _delete(rows, pks).items():
            name = names.get(label)
            if name in deleted:
                deleted[name] += number


def _delete(rows: Rows, pks: Sequence[int]) -> dict[str, int]:
    """Delete those of a batch that are still old: somebody may have needed one meanwhile."""
    is_record = rows.model is AuditEntry
    with transaction.atomic():
        with integrity.lifted(connection, AuditEntry) if is_record else nullcontext():
            by_label: dict[str, int] = rows.filter(pk__in=pks).delete()[1]
        if is_record:
            after = {"removed": len(pks), "last": pks[-1]}
            audit.record(SYSTEM, Action.REMOVED_MANY, "audit", platform_id=None, after=after)
    return by_label


def _old(table: Table, now: datetime) -> Rows | None:
    return table.old(now - timedelta(days=table.days)) if table.days else None


def _verdicts(before: datetime) -> Rows:
    return GateVerdict.objects.filter(at__lt=before, episode__closed=True)


def _episodes(before: datetime) -> Rows:
    """Episodes that are over with all their attempts; the commands of those too, to the last one.

    A command that lost its attempt would pass the guard before the wire as nobody's.
    """
    mine = JobExecution.objects.filter(episode=OuterRef("pk"))
    going_on = Q(standing__in=(Standing.SHADOW, Standing.PROPOSED, Standing.COMMANDED))
    going_on |= Q(command__closed=False) | Q(command__followers__closed=False)
    lately = Q(finished_at__gte=before)
    rows = Episode.objects.filter(closed=True, closed_at__lt=before)
    return rows.filter(~Exists(mine.filter(going_on | lately).order_by()))


def _steps(before: datetime) -> Rows:
    """Steps of commands that are over, of whose course no open episode is judged."""
    attempts = JobExecution.objects.filter(episode__closed=False)
    needed = attempts.filter(Q(command=OuterRef("command")) | Q(command=OuterRef("command__head")))
    behind = Command.objects.filter(head=OuterRef("command"), closed=False)
    rows = CommandStep.objects.filter(at__lt=before, command__closed=True)
    return rows.filter(~Exists(needed.order_by()), ~Exists(behind.order_by()))


def _record(before: datetime) -> Rows:
    return AuditEntry.objects.filter(at__lt=before)


def _tracks(before: datetime) -> Rows:
    """What was seen of players under criteria that no job has any more, and none had lately."""
    return Track.objects.filter(~Exists(_in_use()), ~Exists(_lately(before)))


def _clocks(before: datetime) -> Rows:
    """Their clocks, after all tracks: one begun anew would be behind those that are still there."""
    return Clock.objects.filter(~Exists(_in_use()), ~Exists(_lately(before)))


def _pauses(before: datetime) -> Rows:
    """Pauses of jobs that were lifted, or ended by themselves."""
    return JobPause.objects.filter(Q(lifted_at__lt=before) | Q(expires_at__lt=before))


def _windows(before: datetime) -> Rows:
    """Windows that were taken back or are over; a weekly one has no end but its last day."""
    over = Q(weekly=False, ends_at__lt=before)
    # What began before that day lasts a week at most, by a clock that is a day off UTC at most.
    last = (before - LONGEST_OF_WEEK - 2 * DAY).date()
    over |= Q(weekly=True, until__isnull=False, until__lt=last)
    return MaintenanceWindow.objects.filter(over | Q(cancelled_at__lt=before))


def _lately(before: datetime) -> Rows:
    return Clock.objects.filter(criterion=OuterRef("criterion"), at__gte=before).order_by()


def _in_use() -> Rows:
    return Job.objects.in_use().filter(criterion=OuterRef("criterion")).order_by()


_LABELS = {JobExecution._meta.label: "executions", GateVerdict._meta.label: "verdicts"}

TABLES: Final = (
    Table("verdicts", _("verdicts of gates"), "verdicts", _verdicts),
    Table("episodes", _("episodes"), "episodes", _episodes, ("executions", "verdicts")),
    Table("steps", _("steps of commands"), "steps", _steps),
    Table("tracks", _("what was seen of players for jobs that are gone"), "tracks", _tracks),
    Table("clocks", _("what was seen of sources for jobs that are gone"), "tracks", _clocks),
    Table("pauses", _("pauses of jobs"), "pauses", _pauses),
    Table("windows", _("maintenance windows"), "pauses", _windows),
    Table("deliveries", _("deliveries"), "notices", deliveries.old_deliveries, least=1),
    Table("notices", _("notices"), "notices", deliveries.old_notices, least=1),
    Table("audit", _("audit log"), "audit", _record),
)
