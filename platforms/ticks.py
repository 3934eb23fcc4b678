"""Work that a clock asks for: one run at a time over all processes, and a row that tells of it.

A run that is asked for twice is done once; one whose process died is taken over when its time is
up. What runs must bear being run twice all the same.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from celery import shared_task
from django.db.models import F, Q
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from .models import Tick

logger = logging.getLogger(__name__)

BEAT: Final = "beat"  # the row in which the clock itself says that it goes
CLEANING_UP: Final = timedelta(seconds=5)  # between the gentle end of a run and the hard one
_LONGEST_ERROR: Final = 255


class Turn(NamedTuple):
    """One run: when it began, and the how manieth it is."""

    now: datetime
    number: int


Deed = Callable[[Turn], object]


def tick(name: str, lasts: timedelta) -> Callable[[Deed], Any]:
    """Make a task of a deed: one run at a time, which is ended after `lasts`."""

    def make(deed: Deed) -> Any:
        def work() -> None:
            run(name, deed, lasts)

        hard = int(lasts.total_seconds())
        soft = int((lasts - CLEANING_UP).total_seconds())
        work.__doc__, work.__module__ = deed.__doc__, deed.__module__
        return shared_task(work, name=name, soft_time_limit=soft, time_limit=hard)

    return make


def run(
    name: str, deed: Deed, lasts: timedelta, clock: Callable[[], datetime] = timezone.now
) -> bool:
    """Do it unless another process is at it; return whether it was done. What it raises goes on.

    After `lasts` the run is given up, and another may begin.
    """
    turn = _begin(name, clock(), lasts)
    if turn is None:
        logger.debug("%s: another process is at it.", name)
        return False
    try:
        deed(turn)
    except BaseException as error:
        # Its text may hold anything; who reads the row finds it in the log.
        _end(name, turn, clock(), type(error).__name__)
        raise
    _end(name, turn, clock(), "")
    return True


def is_wanted(task: str) -> bool:
    """Tell whether the clock asks for a task: a person may have switched it off."""
    asked: bool = PeriodicTask.objects.filter(task=task, enabled=True).exists()
    return asked


def note(name: str, now: datetime, error: str = "") -> bool:
    """Write down that something ran or could not; return whether that is another word than before.

    For work that may run many times at once: one write a second, except where something changes.
    """
    row, _made = Tick.objects.get_or_create(name=name)
    error = error[:_LONGEST_ERROR]
    changed = row.error != error
    if not changed and row.started_at and abs(now - row.started_at) < timedelta(seconds=1):
        return False
    values = {"started_at": now, "finished_at": now, "error": error}
    Tick.objects.filter(pk=row.pk).update(**values, **({"failed_at": now} if error else {}))
    return changed


def _begin(name: str, now: datetime, lasts: timedelta) -> Turn | None:
    """Take the row; None where a run is going on."""
    Tick.objects.get_or_create(name=name)
    free = Q(busy_until=None) | Q(busy_until__lte=now)
    taken = Tick.objects.filter(free, name=name).update(
        started_at=now, busy_until=now + lasts, fence=F("fence") + 1
    )
    # Between the two another run can only begin once `lasts` is over.
    return Turn(now, Tick.objects.get(name=name).fence) if taken else None


def _end(name: str, turn: Turn, now: datetime, error: str) -> None:
    values = {"finished_at": now, "busy_until": None, "error": error}
    Tick.objects.filter(name=name, fence=turn.number).update(
        **values, **({"failed_at": now} if error else {})
    )
