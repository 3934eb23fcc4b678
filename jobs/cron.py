"""Cron expressions: when a schedule is due, by the clock of a place.

Pure. Five fields as Debian's cron reads them. Each reading of the clock is due once: one that is
shown twice when it is first shown, those that are left out once, right after.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo

from cronsim import CronSim, CronSimError
from django.utils.translation import gettext as _

from platforms.wall_time import DAY, MINUTE, first_reached, reading

LONGEST = 120
FIELDS = 5
ANY_DAY = datetime(2000, 1, 1)  # noqa: DTZ001  a reading: no zone is asked for


class CronRefused(ValueError):
    """An expression that is none, or is never due; the text is for people."""


def normal_form(expression: str) -> str:
    """Return an expression as it is stored, whatever it is: names in capitals, single spaces."""
    return " ".join(expression.upper().split())


def checked(expression: str) -> str:
    """Return an expression in its normal form, or raise CronRefused."""
    normal = normal_form(expression)
    if len(normal.split()) != FIELDS:
        raise CronRefused(
            _("A schedule has five fields: minute, hour, day of month, month, day of week.")
        )
    if len(normal) > LONGEST:
        raise CronRefused(_("This schedule is too long."))
    if next(_labels(normal, ANY_DAY), None) is None:
        raise CronRefused(_("This schedule is never due."))
    return normal


def _labels(expression: str, start: datetime, *, back: bool = False) -> CronSim:
    """Return readings of a clock that fit, from one on, which is left out; or raise CronRefused."""
    try:
        return CronSim(expression, start, reverse=back)
    except CronSimError as error:
        raise CronRefused(_why(str(error))) from None


def _why(error: str) -> str:
    """Say which field is wrong, as the library names it: "Bad minute"."""
    names = {
        "minute": _("minute"),
        "hour": _("hour"),
        "day-of-month": _("day of month"),
        "month": _("month"),
        "day-of-week": _("day of week"),
    }
    field = error.removeprefix("Bad ")
    return _("This field of the schedule is not right: %(field)s.") % {
        "field": names.get(field, field)
    }


def due_times(expression: str, zone: tzinfo, after: datetime) -> Iterator[datetime]:
    """Yield the moments later than ``after`` at which a schedule is due, in their order, in UTC."""
    last = after
    for label in _labels(expression, reading(after, zone)):
        at = first_reached(label, zone)
        if at > last:
            yield at
            last = at


def next_due(expression: str, zone: tzinfo, after: datetime) -> datetime | None:
    """Return the first moment later than ``after`` at which a schedule is due."""
    return next(due_times(expression, zone, after), None)


def last_due(expression: str, zone: tzinfo, before: datetime) -> datetime | None:
    """Return the last moment not later than ``before`` at which a schedule was due."""
    # By yesterday's offset the clock may have shown more than it does now.
    shown = max(reading(before, zone), reading(before - DAY, zone) + DAY)
    for label in _labels(expression, shown + MINUTE, back=True):
        at = first_reached(label, zone)
        if at <= before:
            return at
    return None


def next_due_after_move(
    expression: str, old: tzinfo, new: tzinfo, after: datetime
) -> datetime | None:
    """Return the first due time by a new zone, ``after`` being the moment of the change.

    A reading that was due by the old zone is not due again; what the change leaves out is not
    made up for: a nightly restart belongs into the night.
    """
    before = last_due(expression, old, after)
    done = None if before is None else reading(before, old)
    for at in due_times(expression, new, after):
        if done is None or reading(at, new) > done:
            return at
    return None


def count_due(expression: str, zone: tzinfo, after: datetime, until: datetime, most: int) -> int:
    """Count the due times later than ``after`` and not later than ``until``, up to ``most``."""
    count = 0
    for at in due_times(expression, zone, after.astimezone(UTC)):
        if at > until or count >= most:
            break
        count += 1
    return count
