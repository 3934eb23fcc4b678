"""Warnings of the SMS budget: at 80, 95 and 100 percent of a limit, once a span each.

Called by the ledger under the lock of the span's row, so that no two see the same threshold
crossed; the key of the notice keeps it to once when segments come back and are used anew.
"""

from datetime import datetime

from platforms.models import Notice, Platform
from platforms.notifications import announce

from .models import BudgetPeriod
from .notice_kinds import BUDGET_KINDS, JOBS_STOP


def watch(platform: Platform, period: BudgetPeriod, now: datetime) -> None:
    """Tell the thresholds that a span has reached and that were not told yet."""
    if not period.limit:
        return  # without a limit, or with one that nothing can reach by using it up
    taken = period.used + period.reserved
    reached = [percent for percent in BUDGET_KINDS if taken * 100 >= period.limit * percent]
    if not reached:
        return
    names = [BUDGET_KINDS[percent].name for percent in reached]
    told = Notice.objects.lasting().filter(kind__in=names, key=_key(platform, period))
    known = set(told.values_list("kind", flat=True))
    for percent in reached:
        if BUDGET_KINDS[percent].name not in known:
            _tell(platform, period, percent, now)


def refused(platform: Platform, period: BudgetPeriod, now: datetime, *, by_job: bool) -> None:
    """Tell the threshold at which a message was refused: a limit need not be met exactly."""
    _tell(platform, period, JOBS_STOP if by_job else 100, now)


def _tell(platform: Platform, period: BudgetPeriod, percent: int, now: datetime) -> None:
    taken, limit = period.used + period.reserved, period.limit or 0
    announce(
        BUDGET_KINDS[percent].name,
        platform=platform,
        about=platform,
        facts={
            "threshold": percent,
            "percent": taken * 100 // limit if limit else 100,
            "span": period.span,
            "starts": period.starts,
            "taken": taken,
            "limit": limit,
        },
        key=_key(platform, period),
        now=now,
    )


def _key(platform: Platform, period: BudgetPeriod) -> str:
    """Return the key of a span's notices; they are never ended: the next span has its own."""
    return f"{platform.pk}:{period.span}:{period.starts}"
