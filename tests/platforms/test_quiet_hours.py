"""Quiet hours from an event to a message: what waits, what does not, and what that costs."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from platforms import channel_wire, deliveries, notice_kinds, notice_timing
from platforms.channel_wire import Outcome, Told
from platforms.models import (
    Delivery,
    DeliveryItem,
    DeliveryState,
    Notice,
    NotificationChannel,
    Platform,
)
from platforms.notice_kinds import NoticeKind, Severity
from platforms.notifications import announce, deliver
from tests.platforms.notice_world import DOWN, HOUR, MINUTE, SECOND, make_channel

pytestmark = [pytest.mark.django_db]

#: Half past eleven in the evening by the clock of the platform, which is Moscow's.
NIGHT = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
MORNING = datetime(2026, 11, 23, 4, tzinfo=UTC)
QUIET = {"quiet_from": time(22), "quiet_until": time(7)}
LOW = NoticeKind(
    "test_low",
    "Runs low",
    Severity.WARNING,
    lambda told: f"{told.facts['what']} runs low",
    repeat=HOUR,
)
FULL = NoticeKind(
    "test_full", "Full again", Severity.INFO, lambda _told: "It is full again", ends=LOW.name
)
OUT = NoticeKind(
    "test_out", "Ran out", Severity.CRITICAL, lambda _told: "It ran out", group=LOW.name
)


@pytest.fixture(autouse=True)
def kinds() -> Iterator[None]:
    """Know the kinds of these tests."""
    ours = (LOW, FULL, OUT, DOWN)
    notice_kinds.register(ours)
    yield
    for kind in ours:
        del notice_kinds.KINDS[kind.name]


def low(platform: Platform | None, now: datetime, what: str = "Tank") -> None:
    """Announce a warning that lasts."""
    assert announce(
        LOW.name, platform=platform, about=None, facts={"what": what}, key=what, now=now
    )


def full(platform: Platform | None, now: datetime, what: str = "Tank") -> None:
    """Announce the end of it."""
    assert announce(FULL.name, platform=platform, about=None, facts={}, key=what, now=now)


def out(platform: Platform | None, now: datetime, key: str = "Tank") -> None:
    """Announce a critical event of the same family."""
    announce(OUT.name, platform=platform, about=None, facts={}, key=key, now=now)


def tick(begins: datetime, ends: datetime, step: timedelta = MINUTE) -> list[datetime]:
    """Deliver as the clock does; return when messages arrived."""
    arrived, at = [], begins
    while at <= ends:
        arrived += [at] * deliver(at)
        at += step
    return arrived


# -- what waits ---------------------------------------------------------------------------------


def test_what_happens_at_night_is_told_in_the_morning_in_one_message(platform_a: Platform) -> None:
    make_channel(platform_a, **QUIET)
    low(platform_a, NIGHT)
    low(platform_a, NIGHT + HOUR, "Can")
    assert tick(NIGHT, NIGHT + 2 * HOUR, 10 * MINUTE) == []
    full(platform_a, NIGHT + 3 * HOUR)
    assert tick(NIGHT + 3 * HOUR, MORNING - SECOND, 10 * MINUTE) == []
    assert tick(MORNING, MORNING + 10 * MINUTE) == [MORNING]
    [sent] = mail.outbox
    assert "Tank runs low" in sent.body, "told although it is over"
    assert "Over since" in sent.body
    assert "It is full again" in sent.body
    assert sent.body.count("Can runs low") == 1, "what lasts was to be repeated every hour"
    assert Delivery.objects.count() == 1


def test_what_comes_before_the_quiet_hours_and_would_leave_in_them_waits(
    platform_a: Platform,
) -> None:
    make_channel(platform_a, **QUIET)
    evening = datetime(2026, 11, 22, 19, tzinfo=UTC)  # 22:00
    low(platform_a, evening - 45 * SECOND)
    early = tick(evening - 45 * SECOND, evening - 15 * SECOND, 5 * SECOND)
    assert early == [evening - 15 * SECOND]
    low(platform_a, evening - 10 * SECOND, "Can")
    announce(DOWN.name, platform=platform_a, about=None, facts={}, now=evening - 10 * SECOND)
    deliver(evening - 10 * SECOND)
    late = tick(evening, evening + 2 * MINUTE, 10 * SECOND)
    late += tick(evening + 3 * MINUTE, evening + HOUR)
    assert late == [evening + 20 * SECOND], "what is critical"
    assert tick(MORNING - MINUTE, MORNING) == [MORNING]
    assert "Can runs low" in mail.outbox[2].body


def test_a_critical_notice_comes_at_night_as_by_day(platform_a: Platform) -> None:
    make_channel(platform_a, **QUIET)
    announce(DOWN.name, platform=platform_a, about=None, facts={}, key="k", now=NIGHT)
    deliver(NIGHT)
    assert deliver(NIGHT + 29 * SECOND) == 0
    assert deliver(NIGHT + 30 * SECOND) == 1
    arrived = tick(NIGHT + HOUR, MORNING - SECOND, 5 * MINUTE)
    assert len(arrived) == 1, "and what lasts is repeated at night, if critical"


def test_the_first_critical_notice_takes_along_what_waits_after_the_usual_company(
    platform_a: Platform,
) -> None:
    make_channel(platform_a, **QUIET)
    low(platform_a, NIGHT)
    assert tick(NIGHT, NIGHT + HOUR) == []
    at = NIGHT + 61 * MINUTE
    out(platform_a, at, "first")
    assert deliver(at) == 0
    out(platform_a, at + 20 * SECOND, "second")
    assert deliver(at + 29 * SECOND) == 0
    assert deliver(at + 30 * SECOND) == 1, "the second is company and delays nothing"
    [sent] = mail.outbox
    assert "Tank runs low" in sent.body
    assert sent.body.count("It ran out") == 2


def test_a_critical_notice_that_joins_within_the_half_minute_makes_it_no_longer(
    platform_a: Platform,
) -> None:
    make_channel(platform_a, **QUIET)
    low(platform_a, NIGHT)
    deliver(NIGHT)
    out(platform_a, NIGHT + 20 * SECOND)
    deliver(NIGHT + 20 * SECOND)
    assert deliver(NIGHT + 30 * SECOND) == 1


def test_a_critical_one_that_joins_late_is_not_put_off_by_others_that_follow(
    platform_a: Platform,
) -> None:
    make_channel(platform_a, **QUIET)
    low(platform_a, NIGHT)
    deliver(NIGHT)
    out(platform_a, NIGHT + HOUR, "first")
    deliver(NIGHT + HOUR)
    # The worker was away for a minute: the message is overdue when the next one joins.
    out(platform_a, NIGHT + HOUR + MINUTE, "second")
    assert deliver(NIGHT + HOUR + MINUTE) == 1


def test_a_critical_notice_keeps_five_minutes_from_the_last_message(platform_a: Platform) -> None:
    make_channel(platform_a, **QUIET)
    out(platform_a, NIGHT, "first")
    deliver(NIGHT)
    assert deliver(NIGHT + 30 * SECOND) == 1
    low(platform_a, NIGHT + MINUTE)
    deliver(NIGHT + MINUTE)
    out(platform_a, NIGHT + 2 * MINUTE, "second")
    [arrived] = tick(NIGHT + 2 * MINUTE, NIGHT + 10 * MINUTE, 10 * SECOND)
    left = NIGHT + 30 * SECOND  # and some milliseconds, as the machine's clock tells them
    assert arrived - left - 5 * MINUTE in (0 * SECOND, 10 * SECOND)


def test_another_family_and_another_channel_are_not_held_up(platform_a: Platform) -> None:
    make_channel(platform_a, **QUIET)
    make_channel(platform_a, name="Never quiet")
    low(platform_a, NIGHT)
    deliver(NIGHT)
    assert deliver(NIGHT + MINUTE) == 1
    waits = Delivery.objects.get(state=DeliveryState.COLLECTING)
    assert waits.channel.name == "Duty"
    out(platform_a, NIGHT + HOUR)
    deliver(NIGHT + HOUR)
    announce(DOWN.name, platform=platform_a, about=None, facts={}, now=NIGHT + HOUR)
    deliver(NIGHT + HOUR)
    assert len(tick(NIGHT + HOUR + MINUTE, NIGHT + HOUR + 6 * MINUTE)) == 4


def test_a_place_whose_clock_is_not_known_any_more_is_never_quiet_and_stops_no_other(
    platform_a: Platform, platform_b: Platform
) -> None:
    Platform.objects.filter(pk=platform_a.pk).update(time_zone="Nowhere/At_All")
    make_channel(platform_a, **QUIET)
    make_channel(platform_b)
    low(platform_b, NIGHT)
    out(platform_b, NIGHT)
    deliver(NIGHT)
    assert deliver(NIGHT + MINUTE) == 1


def test_the_installation_is_quiet_by_its_own_clock(settings: Any) -> None:
    settings.TIME_ZONE = "America/New_York"
    make_channel(None, quiet_from=time(15), quiet_until=time(16))
    low(None, NIGHT)  # 15:30 in New York
    assert tick(NIGHT, NIGHT + 29 * MINUTE) == []
    assert deliver(NIGHT + 30 * MINUTE) == 1


def test_hours_that_change_count_at_once(platform_a: Platform) -> None:
    channel = make_channel(platform_a, **QUIET)
    low(platform_a, NIGHT)
    assert tick(NIGHT, NIGHT + HOUR) == []
    rows = NotificationChannel.objects.filter(pk=channel.pk)
    rows.update(quiet_until=time(0, 45))
    assert tick(NIGHT + HOUR, NIGHT + 2 * HOUR, 5 * MINUTE) == [NIGHT + 75 * MINUTE]
    rows.update(quiet_until=time(7))
    low(platform_a, NIGHT + 2 * HOUR, "Can")
    assert tick(NIGHT + 2 * HOUR, NIGHT + 3 * HOUR) == []
    rows.update(quiet_from=None, quiet_until=None)
    assert deliver(NIGHT + 3 * HOUR) == 1
    Platform.objects.update(time_zone="Europe/Berlin")
    rows.update(quiet_from=time(23), quiet_until=time(23, 45))  # 23:30 to 23:45 from now on
    low(platform_a, NIGHT + 2 * HOUR, "Jug")
    assert deliver(datetime(2026, 11, 22, 22, 40, tzinfo=UTC)) == 0


# -- retrying -----------------------------------------------------------------------------------


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let sending fail as often as this list has errors."""
    errors: list[str] = []

    def send(*_arguments: object) -> Told:
        return Told(Outcome.FAILED, errors.pop()) if errors else Told(Outcome.SENT)

    monkeypatch.setattr(channel_wire, "send", send)
    return errors


def test_a_retry_waits_for_the_morning_as_well(platform_a: Platform, wire: list[str]) -> None:
    make_channel(platform_a, **QUIET)
    evening = datetime(2026, 11, 22, 18, 59, tzinfo=UTC)  # 21:59
    wire.append("timeout")
    low(platform_a, evening)
    Notice.objects.update(repeat_at=None)
    deliver(evening)
    assert deliver(evening + 40 * SECOND) == 0
    assert Delivery.objects.get().state == DeliveryState.RETRYING
    assert tick(evening + MINUTE, MORNING - SECOND, 10 * MINUTE) == []
    assert Delivery.objects.get().tries == 1
    assert deliver(MORNING) == 1


def test_a_critical_notice_is_not_kept_by_an_older_message_that_waits(
    platform_a: Platform, wire: list[str]
) -> None:
    make_channel(platform_a, **QUIET)
    evening = datetime(2026, 11, 22, 18, 59, tzinfo=UTC)
    wire.append("timeout")
    low(platform_a, evening)
    deliver(evening)
    deliver(evening + 40 * SECOND)
    tick(evening + MINUTE, NIGHT, 10 * MINUTE)
    out(platform_a, NIGHT + MINUTE)
    assert deliver(NIGHT + MINUTE) == 1, "the older one goes ahead"
    assert deliver(NIGHT + 6 * MINUTE) == 1
    critical = DeliveryItem.objects.get(notice__severity=Severity.CRITICAL)
    assert critical.delivery.state == DeliveryState.SENT


def test_a_critical_message_is_tried_again_at_night(platform_a: Platform, wire: list[str]) -> None:
    make_channel(platform_a, **QUIET)
    wire.append("timeout")
    out(platform_a, NIGHT)
    deliver(NIGHT)
    assert deliver(NIGHT + 30 * SECOND) == 0
    assert deliver(NIGHT + 61 * SECOND) == 1


def test_quiet_hours_cost_no_patience(platform_a: Platform, wire: list[str]) -> None:
    # Twenty minutes a day to be told in: a day of trying takes months of the calendar.
    make_channel(platform_a, quiet_from=time(22), quiet_until=time(21, 40))
    begins = datetime(2026, 11, 22, 18, 45, tzinfo=UTC)  # 21:45
    wire.extend(["timeout"] * 1000)
    low(platform_a, begins)
    Notice.objects.update(repeat_at=None)
    tick(begins, begins + 5 * 24 * HOUR, 10 * MINUTE)
    delivery = Delivery.objects.get()
    assert delivery.state == DeliveryState.RETRYING
    assert delivery.tries > 5, "it is tried every evening"
    wire.clear()
    after = begins + 5 * 24 * HOUR
    assert tick(after + HOUR, after + 24 * HOUR, HOUR) == [after + 24 * HOUR]


def test_hours_that_are_taken_away_give_a_message_its_try_before_it_is_given_up(
    platform_a: Platform, wire: list[str]
) -> None:
    make_channel(platform_a, quiet_from=time(22), quiet_until=time(21, 59))
    begins = datetime(2026, 11, 22, 18, 59, tzinfo=UTC)
    wire.append("timeout")
    low(platform_a, begins)
    Notice.objects.update(repeat_at=None)
    deliver(begins)
    deliver(begins + 30 * SECOND)
    tick(begins + 2 * MINUTE, begins + 23 * HOUR, HOUR)
    NotificationChannel.objects.update(quiet_from=None, quiet_until=None)
    assert deliver(begins + 3 * 24 * HOUR) == 1


def test_by_day_patience_is_a_day_as_ever(platform_a: Platform, wire: list[str]) -> None:
    make_channel(platform_a, **QUIET)
    noon = datetime(2026, 11, 22, 9, tzinfo=UTC)
    wire.extend(["timeout"] * 1000)
    low(platform_a, noon)
    Notice.objects.update(repeat_at=None)
    now = noon
    deliver(now)
    while Delivery.objects.unfinished().exists():
        now += 10 * MINUTE
        deliver(now)
    awake = notice_timing.PATIENCE + 9 * HOUR
    assert awake - 2 * HOUR < now - noon < awake + 2 * HOUR


def test_a_message_of_an_older_release_is_given_up_by_its_first_try(platform_a: Platform) -> None:
    channel = make_channel(platform_a)
    old = {"platform": platform_a, "channel": channel, "next_try": NIGHT, "created_at": NIGHT}
    row = Delivery.objects.create(
        family="x", state=DeliveryState.RETRYING, first_try_at=NIGHT - 25 * HOUR, **old
    )
    fresh = Delivery.objects.create(
        family="y", state=DeliveryState.RETRYING, first_try_at=NIGHT - HOUR, **old
    )
    deliveries.tidy(NIGHT)
    row.refresh_from_db()
    assert row.state == DeliveryState.GIVEN_UP
    claimed = deliveries.claim(NIGHT, [])
    assert claimed is not None
    fresh.refresh_from_db()
    assert fresh.patient_until == NIGHT + 23 * HOUR


# -- the rows -----------------------------------------------------------------------------------


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "hours",
    [
        {"quiet_from": time(22)},
        {"quiet_until": time(22)},
        {"quiet_from": time(22), "quiet_until": time(22)},
    ],
)
def test_the_database_refuses_half_of_quiet_hours_and_those_of_no_length(
    hours: dict[str, time], platform_a: Platform
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_channel(platform_a, **hours)
    make_channel(platform_a, **QUIET)


@pytest.mark.both_databases
def test_a_message_that_waits_says_since_when(platform_a: Platform) -> None:
    make_channel(platform_a, **QUIET)
    low(platform_a, NIGHT)
    deliver(NIGHT)
    assert Delivery.objects.get().quiet_since is None, "it waits for company"
    deliver(NIGHT + MINUTE)
    deliver(NIGHT + 2 * MINUTE)
    assert Delivery.objects.get().quiet_since == NIGHT + MINUTE
    assert deliver(MORNING) == 1
    assert Delivery.objects.get().quiet_since is None


def test_a_night_of_ticks_costs_the_same_for_many_channels(platform_a: Platform) -> None:
    counts = []
    for hour in (0, 1):
        for number in range(10):
            make_channel(platform_a, name=f"Channel {hour} {number}", **QUIET)
        now = NIGHT + hour * HOUR
        low(platform_a, now, str(hour))
        deliver(now)
        deliver(now + MINUTE)
        with CaptureQueriesContext(connection) as asked:
            deliver(now + 2 * MINUTE)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 13
