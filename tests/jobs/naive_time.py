"""Schedules, hours and windows minute by minute, from their words alone: slow, and plain to see.

Nothing of the modules that are held against it is imported here.
"""

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
YEARS = 2 * 365  # days
MOVED = datetime(2027, 1, 20, 11, 7, tzinfo=UTC)

#: Every minute of two years takes minutes to walk through: `REMOSA_EVERY_MINUTE=1 pytest ...`.
EVERY_MINUTE = os.environ.get("REMOSA_EVERY_MINUTE") == "1"


class Place(NamedTuple):
    """Where a platform is, and where it is from the moment of its move on."""

    zone: ZoneInfo
    moves_to: ZoneInfo

    def at(self, moment: datetime) -> ZoneInfo:
        return self.zone if moment < MOVED else self.moves_to


PLACES = [
    Place(ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")),
    Place(ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")),
    Place(ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Europe/Moscow")),
    Place(ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")),
]


@cache
def runs_of_days(place: Place) -> list[range]:
    """Return runs of day numbers: all, or those around every change of a clock and some others."""
    if EVERY_MINUTE:
        return [range(YEARS)]
    changes = [
        day
        for day in range(YEARS)
        if shown(FIRST + day * DAY, place) - shown(FIRST + (day + 1) * DAY, place) != -DAY
    ]
    chance = Random(place.zone.key)
    picked = {near for day in changes for near in (day, day + 1)}
    picked |= {chance.randrange(1, YEARS) for _ in range(3)} | {58, 59}  # the end of February
    days = sorted(day for day in picked if 0 <= day < YEARS)
    runs: list[range] = []
    for day in days:
        if runs and runs[-1].stop == day:
            runs[-1] = range(runs[-1].start, day + 1)
        else:
            runs.append(range(day, day + 1))
    return runs


def spans_of_time(place: Place) -> Iterator[tuple[datetime, datetime]]:
    for run in runs_of_days(place):
        yield FIRST + run.start * DAY, FIRST + run.stop * DAY


def minutes(begins: datetime, ends: datetime) -> Iterator[datetime]:
    at = begins
    while at < ends:
        yield at
        at += MINUTE


def shown(at: datetime, place: Place) -> datetime:
    """Return what the clock on the wall shows."""
    return at.astimezone(place.at(at)).replace(tzinfo=None)


@lru_cache(maxsize=3 if EVERY_MINUTE else None)  # a million of them at a time
def readings(place: Place, begins: datetime, ends: datetime) -> list[tuple[datetime, datetime]]:
    return [(at, shown(at, place)) for at in minutes(begins, ends)]


class Fields(NamedTuple):
    """The five fields of an expression, read in the plainest way."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    both_days: bool

    @classmethod
    def of(cls, expression: str) -> "Fields":
        minute, hour, day, month, weekday = expression.split()
        return cls(
            _numbers(minute, 0, 59),
            _numbers(hour, 0, 23),
            _numbers(day, 1, 31),
            _numbers(month, 1, 12),
            frozenset(number % 7 for number in _numbers(weekday, 0, 7)),
            day.startswith("*") or weekday.startswith("*"),
        )

    def match(self, label: datetime) -> bool:
        if label.minute not in self.minutes or label.hour not in self.hours:
            return False
        by_day, by_weekday = label.day in self.days, label.isoweekday() % 7 in self.weekdays
        day = by_day and by_weekday if self.both_days else by_day or by_weekday
        return day and label.month in self.months


def _numbers(field: str, least: int, most: int) -> frozenset[int]:
    found: set[int] = set()
    for term in field.split(","):
        span, _slash, step = term.partition("/")
        first, _dash, last = span.partition("-")
        begin = least if first == "*" else int(first)
        end = int(last) if last else (most if first == "*" or step else begin)
        found.update(range(begin, end + 1, int(step or 1)))
    return frozenset(found)


def due_minutes(expression: str, place: Place, begins: datetime, ends: datetime) -> list[datetime]:
    """Walk through a span of time and note each minute at which the schedule is due."""
    fields = Fields.of(expression)
    due: list[datetime] = []
    seen = {label for _at, label in readings(place, begins - DAY, begins)}
    before, zone = shown(begins - MINUTE, place), place.at(begins - MINUTE)
    for at, label in readings(place, begins, ends):
        new = [label]
        if place.at(at) == zone and label > before + MINUTE:  # the clock was put forward
            new = [each.replace(tzinfo=None) for each in minutes(before + MINUTE, label + MINUTE)]
        if any(fields.match(each) and each not in seen for each in new):
            due.append(at)
        seen.update(new)
        before, zone = label, place.at(at)
    return due


def open_minutes(
    spans: Iterable[tuple[int, time, time]], place: Place, begins: datetime, ends: datetime
) -> list[bool]:
    """Tell of each minute of a span of time whether the clock shows one of the spans."""
    of_week = set()
    for weekday, opens, closes in spans:
        minute = weekday * 1440 + opens.hour * 60 + opens.minute
        end = weekday * 1440 + closes.hour * 60 + closes.minute
        while True:
            of_week.add(minute % 10080)
            minute += 1
            if minute % 1440 == end % 1440:
                break
    return [
        label.weekday() * 1440 + label.hour * 60 + label.minute in of_week
        for _at, label in readings(place, begins, ends)
    ]


def covered_minutes(
    first: tuple[datetime, datetime],
    until: date | None,
    place: Place,
    begins: datetime,
    ends: datetime,
) -> list[bool]:
    """Tell of each minute whether a window of every week covers it.

    It does from when the clock has shown its beginning until it never again shows less than its
    end; a move in the middle is left to whoever asks: the place must keep its zone.
    """
    around = readings(place, begins - DAY, ends + DAY)
    reached, never_again = [], []
    most = datetime.min  # noqa: DTZ901  a reading
    for _at, label in around:
        most = max(most, label)
        reached.append(most)
    least = datetime.max  # noqa: DTZ901
    for _at, label in reversed(around):
        least = min(least, label)
        never_again.append(least)
    never_again.reverse()
    times = []
    begin, end = first
    while begin <= most:
        if until is None or begin.date() < until:
            times.append((begin, end))
        begin, end = begin + 7 * DAY, end + 7 * DAY
    return [
        any(begin <= reached[index] and never_again[index] < end for begin, end in times)
        for index in range(1440, len(around) - 1440)
    ]
