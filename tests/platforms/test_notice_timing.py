"""When notices are told, with time as an argument."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from platforms.notice_timing import (
    INTERVAL,
    LEASE,
    PATIENCE,
    WAIT,
    QuietHours,
    leaves_at,
    next_try,
    pause_after,
    quiet_until,
    told_again_at,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_the_first_message_waits_half_a_minute_for_company() -> None:
    assert leaves_at(NOW, None) == NOW + timedelta(seconds=30)


def test_the_next_of_a_family_keeps_five_minutes_from_the_last() -> None:
    assert leaves_at(NOW, NOW - timedelta(minutes=1)) == NOW + timedelta(minutes=4)
    assert leaves_at(NOW, NOW - INTERVAL + WAIT) == NOW + WAIT
    assert leaves_at(NOW, NOW - timedelta(days=1)) == NOW + WAIT


def test_pauses_grow_twofold_up_to_an_hour() -> None:
    seconds = [pause_after(tries).total_seconds() for tries in range(1, 10)]
    assert seconds == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert pause_after(10_000) == timedelta(hours=1)


def test_a_message_is_tried_for_a_day_and_then_given_up() -> None:
    tries, now = 1, NOW
    while (at := next_try(tries, NOW + PATIENCE, now)) is not None:
        tries, now = tries + 1, at
    assert timedelta(hours=22) < now - NOW < PATIENCE
    assert tries == 30


def test_what_lasts_is_told_every_four_hours_and_missed_times_are_not_made_up_for() -> None:
    four = timedelta(hours=4)
    assert told_again_at(NOW, four, NOW) == NOW + four
    assert told_again_at(NOW, four, NOW + timedelta(hours=9)) == NOW + 3 * four


def test_a_lease_outlasts_every_sending() -> None:
    from django.conf import settings

    from platforms.channel_wire import DEADLINE

    assert LEASE.total_seconds() > 2 * DEADLINE
    assert LEASE.total_seconds() > 8 * settings.EMAIL_TIMEOUT


# -- quiet hours --------------------------------------------------------------------------------

MINUTE = timedelta(minutes=1)
#: Zones and days around which their clocks change, or the very date does.
CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 29, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 5, tzinfo=UTC)),  # by half an hour
    ("Australia/Lord_Howe", datetime(2026, 10, 4, tzinfo=UTC)),
    ("America/Sao_Paulo", datetime(2018, 11, 4, tzinfo=UTC)),  # at midnight
    ("America/Sao_Paulo", datetime(2018, 2, 18, tzinfo=UTC)),
    ("Africa/Casablanca", datetime(2026, 2, 15, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, tzinfo=UTC)),  # a day that never was
    ("Europe/Moscow", datetime(2026, 11, 22, tzinfo=UTC)),
]
HOURS = [
    (time(22), time(7)),
    (time(23, 30), time(0, 15)),
    (time(2), time(3)),
    (time(2, 15), time(2, 45)),
    (time(1, 30), time(2, 10)),
    (time(22), time(2, 30)),
    (time(2, 30), time(9)),
    (time(0), time(0, 30)),
    (time(12), time(13)),
    (time(3), time(2, 59)),
    (time(0), time(23, 59)),
]


def shown(at: datetime, zone: ZoneInfo) -> str:
    """Return what the clock on the wall shows, in hours and minutes."""
    return f"{at.astimezone(zone):%H:%M}"


def quiet_times(begins: time, ends: time) -> set[str]:
    """Return every minute of the day that is quiet, by walking from the one to the other."""
    at, found = datetime.combine(NOW, begins), set()
    while at.time() != ends:
        found.add(f"{at:%H:%M}")
        at += MINUTE
    return found


@pytest.mark.parametrize(("begins", "ends"), HOURS)
@pytest.mark.parametrize(("name", "day"), CHANGES)
def test_quiet_hours_are_those_of_a_walk_through_the_minutes(
    name: str, day: datetime, begins: time, ends: time
) -> None:
    zone, hours, quiet = ZoneInfo(name), QuietHours(begins, ends), quiet_times(begins, ends)
    first = day - timedelta(hours=12)
    minutes = [first + number * MINUTE for number in range(4 * 24 * 60)]
    expected: datetime | None = None
    checked = 0
    for at in reversed(minutes):
        if shown(at, zone) not in quiet:
            expected = at
            assert quiet_until(hours, zone, at) is None, at
        elif expected is not None and at < minutes[2 * 24 * 60]:
            assert quiet_until(hours, zone, at) == expected, at
            within = at + timedelta(seconds=at.minute + 0.5)
            assert quiet_until(hours, zone, within) == expected, within
            checked += 1
    assert checked


def test_hours_that_a_clock_leaves_out_are_not_quiet_and_those_it_shows_twice_are_twice() -> None:
    berlin, short = ZoneInfo("Europe/Berlin"), QuietHours(time(2), time(2, 30))
    forward = datetime(2026, 3, 29, 0, tzinfo=UTC)
    assert not any(quiet_until(short, berlin, forward + n * MINUTE) for n in range(180))
    back = datetime(2026, 10, 25, 0, tzinfo=UTC)
    for beginning in (back, back + timedelta(hours=1)):
        assert quiet_until(short, berlin, beginning) == beginning + 30 * MINUTE
    assert quiet_until(short, berlin, back + 30 * MINUTE) is None
