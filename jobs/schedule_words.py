"""Schedules as people read them: the plain ones in words, all others as they were typed. Pure."""

import re

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _

FIELDS = 5
NUMBER = re.compile(r"[0-9]{1,2}")
WEEKDAYS = {"MON": 0, "TUE": 1, "WED": 2, "THU": 3, "FRI": 4, "SAT": 5, "SUN": 6} | {
    str(number): (number - 1) % 7 for number in range(8)
}


def in_words(expression: str) -> str:
    """Say when a schedule is due: "every day at 03:00", "Mon, Thu at 03:00", or the expression."""
    fields = expression.split()
    if len(fields) != FIELDS:
        return expression
    minute, hour, day, month, weekday = fields
    if NUMBER.fullmatch(minute) is None or month != "*":
        return expression
    if hour == "*" and (day, weekday) == ("*", "*"):
        return _("every hour at minute %(minute)02d") % {"minute": int(minute)}
    if NUMBER.fullmatch(hour) is None:
        return expression
    time = f"{int(hour):02d}:{int(minute):02d}"
    if (day, weekday) == ("*", "*"):
        return _("every day at %(time)s") % {"time": time}
    if day == "*" and (days := _weekdays(weekday)):
        return _("%(days)s at %(time)s") % {"days": days, "time": time}
    if weekday == "*" and NUMBER.fullmatch(day):
        return _("on day %(days)d of each month at %(time)s") % {"days": int(day), "time": time}
    return expression


def _weekdays(field: str) -> str:
    """Return weekdays from Monday on, runs of three and more as one; "" for others."""
    found: set[int] = set()
    for term in field.split(","):
        first, _dash, last = term.partition("-")
        if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
            return ""
        begin, end = WEEKDAYS[first], WEEKDAYS[last or first]
        if first in ("0", "SUN") and last not in ("", first):
            begin, found = 0, found | {6}  # Sunday comes first there
        found.update(range(begin, end + 1))
    runs: list[list[int]] = []
    for day in sorted(found):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(_run(run) for run in runs)


def _run(days: list[int]) -> str:
    if len(days) > 2:
        return f"{WEEKDAYS_ABBR[days[0]]}–{WEEKDAYS_ABBR[days[-1]]}"
    return ", ".join(str(WEEKDAYS_ABBR[day]) for day in days)
