"""Schedules that are due become episodes: one for each player and due time, whoever else is at it.

Opens these episodes and closes what could not be done in time; it judges no player and gives no
command.
"""

import logging
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from platforms.notice_kinds import Severity
from platforms.notifications import announce

from . import zones
from .models import Ending, Episode, Job, JobExecution, Mode, Standing, Trigger
from .notice_kinds import MISSED, called
from .schedule_times import PATIENCE, QUEUE, QUEUES, turn
from .selection import selection_of

logger = logging.getLogger(__name__)

BATCH: Final = 2000
_GOING_ON: Final = (Standing.SHADOW, Standing.PROPOSED, Standing.COMMANDED)


def keep(now: datetime) -> int:
    """Close what is over and open what is due; return how many episodes were opened."""
    close_over(now)
    return open_due(now)


def open_due(now: datetime) -> int:
    """Open the episodes of every schedule that is due; return how many.

    A due time that was missed by more than some minutes is counted and left out.
    """
    rows = Job.objects.working().filter(trigger=Trigger.SCHEDULE)  # unscoped: of every platform
    late = Q(due_at=None) | Q(due_at__lte=now) | ~Q(due_zone=zones.NAME_OF_JOB)
    opened = 0
    for pk in list(rows.filter(late).order_by("due_at", "pk").values_list("pk", flat=True)):
        try:
            opened += _take(pk, now)
        except (KeyError, ValueError) as error:
            # A zone that this machine does not know; the other schedules go on.
            logger.error("The schedule of job %s is not read: %s", pk, type(error).__name__)
    return opened


def _take(pk: int, now: datetime) -> int:
    """Open the episodes of one schedule and set its next run, both or neither."""
    with transaction.atomic():
        rows = Job.objects.working().filter(pk=pk)  # unscoped: read above
        job = (
            rows.select_for_update(of=("self",), skip_locked=True)
            .select_related("platform")
            .first()
        )
        if job is None:
            return 0  # another worker is at it, or a person changes it
        zone = zones.of_job(job)
        before = ZoneInfo(job.due_zone) if job.due_zone else zone
        due, missed, next_at = turn(job.cron, before, zone, job.due_at, now)
        opened = 0 if due is None else _open(job, due, now)
        values = {"missed_runs": F("missed_runs") + missed, "missed_at": now} if missed else {}
        Job.objects.filter(pk=pk).update(due_at=next_at, due_zone=zone.key, **values)
        if missed and job.notify and job.mode != Mode.SHADOW:
            facts = {
                **called(job.name, job.names),
                "missed": missed,
                "due": job.due_at,
                "next": next_at,
            }
            announce(
                MISSED.name,
                platform=job.platform_id,
                about=job,
                facts=facts,
                now=now,
                severity=Severity(job.severity),
            )
    if missed:
        logger.warning("Job %s: %s runs were missed and are left out.", pk, missed)
    return opened


def _open(job: Job, due: datetime, now: datetime) -> int:
    """Open an episode for each player; whose last one is still open is left out this time."""
    players = list(selection_of(job).rows().order_by("pk").values_list("pk", flat=True))
    before = Episode.objects.filter(job=job, due_at=due).count()
    Episode.objects.bulk_create(
        (
            Episode(
                platform_id=job.platform_id,
                job=job,
                job_version=job.version,
                player_id=player,
                trigger=Trigger.SCHEDULE,
                due_at=due,
                opened_at=now,
            )
            for player in players
        ),
        batch_size=BATCH,
        ignore_conflicts=True,
    )
    opened = Episode.objects.filter(job=job, due_at=due).count() - before
    if opened < len(players):
        logger.info(
            "Job %s: %s players are still busy with an earlier run.", job.pk, len(players) - opened
        )
    return opened


def close_over(now: datetime) -> int:
    """Close episodes of schedules that were acted on, or for which it is too late; return how many.

    Else they would keep the next run from their players, or restart them in the middle of the day.
    """
    of_it = JobExecution.objects.filter(episode=OuterRef("pk"))
    rows = Episode.objects.open().filter(trigger=Trigger.SCHEDULE)  # unscoped: of every platform
    waiting = rows.filter(~Exists(of_it.filter(standing__in=_GOING_ON)))
    late = Q(due_at__lt=now - QUEUE) | (Q(due_at__lt=now - PATIENCE) & ~Q(suppressed__in=QUEUES))
    closed = 0
    for ending, wanted in ((Ending.DONE, Exists(of_it)), (Ending.LATE, late)):
        found = waiting.filter(wanted).order_by("pk").values_list("rev", "pk")
        by_rev: dict[int, list[int]] = {}
        for rev, pk in found:
            by_rev.setdefault(rev, []).append(pk)
        for rev, pks in by_rev.items():
            closed += sum(
                _close(pks[start : start + BATCH], rev, ending, now)
                for start in range(0, len(pks), BATCH)
            )
    return closed


def _close(pks: list[int], rev: int, ending: Ending, now: datetime) -> int:
    """Close episodes that are as they were read: who began an attempt meanwhile is left alone."""
    rows = Episode.objects.open().filter(pk__in=pks, rev=rev)
    return rows.update(closed=True, closed_at=now, ending=ending, rev=F("rev") + 1)
