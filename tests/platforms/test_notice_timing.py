"""When notices are told, with time as an argument."""

from datetime import UTC, datetime, timedelta

from platforms.notice_timing import (
    INTERVAL,
    LEASE,
    PATIENCE,
    WAIT,
    leaves_at,
    next_try,
    pause_after,
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
    while (at := next_try(tries, NOW, now)) is not None:
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
