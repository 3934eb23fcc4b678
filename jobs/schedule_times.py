"""What is due of a schedule now: which run, how many were missed, when the next one comes.

Decides; reads and writes nothing.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo

from . import cron
from .models import Trigger

if TYPE_CHECKING:
    from .definition import Definition

#: A run that is later than this is left out: who meant the night does not mean the morning.
PATIENCE: Final = timedelta(minutes=15)
#: So long a player may wait for its turn, where few are acted on at once.
QUEUE: Final = timedelta(hours=4)
#: The gates at which it does: what they wait for comes by itself.
QUEUES: Final = frozenset({"rate", "in_flight", "cooldown"})
MOST_COUNTED: Final = 10_000
_BEFORE: Final = timedelta(seconds=1)


class Turn(NamedTuple):
    """What a schedule asks for now; ``due`` None: nothing, or what was due is too old."""

    due: datetime | None
    missed: int
    next_at: datetime | None


def turn(
    expression: str, old: ZoneInfo, new: ZoneInfo, due_at: datetime | None, now: datetime
) -> Turn:
    """Return what is due by the old zone, and when the next run comes by the new one.

    They differ where the zone was changed since ``due_at`` was told. Of several runs that are due
    the last one is run, if it is young enough; the others were missed.
    """
    if old.key == new.key:
        next_at = cron.next_due(expression, new, now)
    else:
        next_at = cron.next_due_after_move(expression, old, new, now)
    if due_at is None or due_at > now:
        return Turn(None, 0, next_at)
    count = max(cron.count_due(expression, old, due_at - _BEFORE, now, MOST_COUNTED), 1)
    last = max(cron.last_due(expression, old, now) or due_at, due_at)
    if now - last > PATIENCE:
        return Turn(None, count, next_at)
    return Turn(last, count - 1, next_at)


def too_late(due_at: datetime, now: datetime, held_by: str) -> bool:
    """Tell whether a run is left out that was not possible before, by the gate that was shut."""
    return now - due_at > (QUEUE if held_by in QUEUES else PATIENCE)


def next_run(definition: "Definition", now: datetime) -> datetime | None:
    """Return when a job of this definition runs next; None: it has no schedule."""
    if definition.trigger is not Trigger.SCHEDULE:
        return None
    zone = ZoneInfo(definition.time_zone or definition.platform.time_zone)
    return cron.next_due(definition.cron, zone, now)
