"""How many SMS a month will have cost at its end, if days go on as the last ones did. Pure."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

LOOKS_BACK = 7  # complete days, less where counting began later
FEWEST = 3  # of them say too little
_DAY = timedelta(days=1)


class Forecast(NamedTuple):
    """What is to be expected at the end of the month, and from how many days that was learned."""

    a_day: float
    days: int
    at_end: int
    last_day: date
    #: The day on which the limit of the month is reached; None: not in this month.
    full_on: date | None


def forecast(
    spent: Mapping[date, int], began: date | None, this_month: int, limit: int | None, today: date
) -> Forecast | None:
    """Carry the average of the last complete days on to the end of the month.

    ``spent``: by day, days without a message may lack; ``began``: the first day that was ever
    counted. None: too few complete days. Today counts as an average day, or as what it is already.
    """
    if began is None:
        return None
    days = min(LOOKS_BACK, (today - began).days)
    if days < FEWEST:
        return None
    a_day = sum(spent.get(today - _DAY * back, 0) for back in range(1, days + 1)) / days
    last = _last_day(today)
    total = float(this_month) + max(a_day - spent.get(today, 0), 0.0)
    full_on = today if limit is not None and this_month >= limit else None
    day = today
    while day < last:
        day += _DAY
        total += a_day
        if full_on is None and limit is not None and round(total) >= limit:
            full_on = day
    return Forecast(a_day, days, round(total), last, full_on)


def _last_day(day: date) -> date:
    following = (day.replace(day=28) + _DAY * 4).replace(day=1)
    return following - _DAY
