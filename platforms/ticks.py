"""Work that a clock asks for: one run at a time over all processes, and a row that tells how it went.

A run that is asked for twice is done once; one whose process died is taken over when its time is
up. Time comes as an argument. What runs must bear being run twice all the same.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F, Q

from .models import Tick

logger = logging.getLogger(__name__)

BEAT: Final = "beat"
_LONGEST_ERROR: Final = 255

Clock = Callable[[], datetime]


def run(name: str, deed: Callable[[datetime], object], lasts: timedelta, clock: Clock) -> bool:
    """Do it unless another process is at it; return whether it was done. What it raises goes on.

    ``lasts``: after this time the run is given up, and another may begin.
    """
    now = clock()
    fence = _begin(name, now, lasts)
    if fence is None:
        logger.debug("%s: another process is at it.", name)
        return False
    try:
        deed(now)
    except BaseException as error:
        # Its text may hold anything; who reads the row finds it in the log.
        _end(name, fence, clock(), type(error).__name__)
        raise
    _end(name, fence, clock(), "")
    return True


def note(name: str, now: datetime, error: str = "") -> None:
    """Write down that something ran, or why it could not; for work that may run many times at once.

    At most one write a second, except where something changes.
    """
    row, _made = Tick.objects.get_or_create(name=name)
    recent = row.started_at is not None and now - row.started_at < timedelta(seconds=1)
    if recent and row.error == error[:_LONGEST_ERROR]:
        return
    values = {"started_at": now, "finished_at": now, "error": error[:_LONGEST_ERROR]}
    Tick.objects.filter(pk=row.pk).update(**values, **({"failed_at": now} if error else {}))


def _begin(name: str, now: datetime, lasts: timedelta) -> int | None:
    """Take the row; return its fence, or None where a run is going on."""
    Tick.objects.get_or_create(name=name)
    free = Q(busy_until=None) | Q(busy_until__lte=now)
    taken = Tick.objects.filter(free, name=name).update(
        started_at=now, busy_until=now + lasts, fence=F("fence") + 1
    )
    # Between the two another run can only begin once `lasts` is over.
    return Tick.objects.get(name=name).fence if taken else None


def _end(name: str, fence: int, now: datetime, error: str) -> None:
    values = {"finished_at": now, "busy_until": None, "error": error[:_LONGEST_ERROR]}
    Tick.objects.filter(name=name, fence=fence).update(
        **values, **({"failed_at": now} if error else {})
    )
