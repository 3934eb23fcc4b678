"""When windows of every week lasted around one player: what the timeline cannot ask of columns.

Reads rows with one query; the times of each are counted by the clock of its place.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from django.db.models import Q, QuerySet

from platforms.wall_time import DAY

from . import windows, zones
from .hours import Period
from .models import MaintenanceWindow

MOST: Final = 200  # windows of every week over one player; each comes five times in a month


def lasted(
    rows: "QuerySet[MaintenanceWindow, Any]", since: datetime, until: datetime
) -> Iterator[tuple[MaintenanceWindow, Period]]:
    """Yield the times of weekly windows that touch a span, as far as each was planned by then.

    One that was taken back did hold jobs back until that moment.
    """
    # By a clock of its own each may come up to two days off what its columns say.
    possible = Q(created_at__lte=until) & (Q(cancelled_at=None) | Q(cancelled_at__gt=since))
    last = Q(until=None) | Q(until__gte=(since - windows.LONGEST_OF_WEEK - 2 * DAY).date())
    found = rows.filter(possible & last, weekly=True, starts_at__lte=until + 2 * DAY)
    found = found.select_related("platform", "site", "player__site")
    for row in found.order_by("-pk")[:MOST]:
        for begins, ends in windows.periods(row.times, zones.of_window(row), since, until):
            period = Period(
                max(begins, row.created_at),
                ends if row.cancelled_at is None else min(ends, row.cancelled_at),
            )
            if period.begins < period.ends:
                yield row, period
