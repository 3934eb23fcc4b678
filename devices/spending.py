"""What a platform has spent of its SMS, by day and by month, as its page and its file show it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from platforms.models import Platform

from . import ledger
from .forecast import Forecast, forecast
from .models import BudgetPeriod, Span

DAYS = 31  # on the page
MONTHS = 12


@dataclass(frozen=True, slots=True)
class Spent:
    """One day or month. ``jobs`` and ``people`` make up what was used and is reserved."""

    starts: date
    limit: int | None
    used: int = 0
    reserved: int = 0
    beyond: int = 0
    jobs: int = 0

    @property
    def people(self) -> int:
        """Return what no job asked for."""
        return self.used + self.reserved - self.jobs

    @property
    def taken(self) -> int:
        """Return what counts against the limit."""
        return self.used + self.reserved

    @property
    def all(self) -> int:
        """Return what it comes to with what went out over the limit."""
        return self.taken + self.beyond

    @property
    def percent(self) -> int | None:
        """Return how much of the limit is taken; None without one."""
        return self.taken * 100 // self.limit if self.limit else None


@dataclass(frozen=True)
class Spending:
    """What the page shows of one platform."""

    today: Spent
    month: Spent
    days: list[Spent]  # the oldest first, without gaps
    months: list[Spent]  # the newest first, those that were counted
    forecast: Forecast | None


def spending(platform: Platform, now: datetime) -> Spending:
    """Read the last days and months of a platform: two queries."""
    today = ledger.day_of(platform, now)
    first = today - timedelta(days=DAYS - 1)
    day, month = ledger.periods(today)
    rows = BudgetPeriod.objects.filter(platform=platform)  # unscoped: its platform was reached
    days = {row.starts: _of(row) for row in rows.filter(span=Span.DAY, starts__gte=first)}
    months = [_of(row) for row in rows.filter(span=Span.MONTH).order_by("-starts")[:MONTHS]]
    this_day = _now(days.get(today), day.starts, platform.sms_limit_day)
    newest = months[0] if months and months[0].starts == month.starts else None
    this_month = _now(newest, month.starts, platform.sms_limit_month)
    began = min(days, default=None)
    if months and months[-1].starts < first:
        began = first  # counted for longer than the page looks back
    spent = {starts: each.taken for starts, each in days.items()}
    return Spending(
        this_day,
        this_month,
        [
            this_day if at == today else days.get(at, Spent(at, None))
            for at in (first + timedelta(days=number) for number in range(DAYS))
        ],
        [this_month, *months[1:]] if newest else [this_month, *months],
        forecast(spent, began, this_month.taken, platform.sms_limit_month, today),
    )


def lines(platform: Platform) -> Iterator[list[object]]:
    """Yield every day and month that was counted, the newest first, as lines of a file."""
    rows = BudgetPeriod.objects.filter(platform=platform)  # unscoped: its platform was reached
    for row in rows.order_by("-starts", "span").iterator(chunk_size=1000):
        each = _of(row)
        yield [
            row.get_span_display(), each.starts, each.limit, each.used, each.reserved,
            each.people, each.jobs, each.beyond,
        ]  # fmt: skip


def header() -> list[str]:
    """Return the names of the file's columns."""
    return [
        _("Span"), _("Begins"), _("Limit"), _("Used"), _("Reserved"), _("By people"),
        _("By jobs"), _("Beyond the limit"),
    ]  # fmt: skip


def _of(row: BudgetPeriod) -> Spent:
    return Spent(row.starts, row.limit, row.used, row.reserved, row.beyond, row.by_jobs)


def _now(row: Spent | None, starts: date, limit: int | None) -> Spent:
    """Return a span that goes on, under the limit that holds now."""
    if row is None:
        return Spent(starts, limit)
    return Spent(starts, limit, row.used, row.reserved, row.beyond, row.jobs)
