"""Warnings of the SMS budget: which, when, and each once."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from devices import ledger
from devices.commands import CommandRefused
from devices.ledger import BudgetSpent
from devices.models import BudgetPeriod, Span
from platforms import notice_texts
from platforms.models import Notice, Platform
from tests.devices.world import NOON, Clock, Gateway, drive, give, make_socket, together

pytestmark = pytest.mark.django_db


def told(platform: Platform, span: Span = Span.DAY) -> list[str]:
    """Return the kinds that were told of a span."""
    rows = Notice.objects.filter(platform=platform, facts__span=span.value).order_by("pk")
    return list(rows.values_list("kind", flat=True))


def limit(platform: Platform, **limits: int) -> None:
    """Set limits of a platform."""
    for name, value in limits.items():
        setattr(platform, name, value)
    platform.save()


def use(platform: Platform, segments: int, **named: Any) -> None:
    """Send so many segments as a person."""
    now = named.pop("now", NOON)
    ledger.reserve(platform, now, used=segments, kept=0, **{"by_job": False, **named})


def test_each_threshold_is_told_when_it_is_reached(platform_a: Platform) -> None:
    limit(platform_a, sms_limit_day=100)
    use(platform_a, 79)
    assert told(platform_a) == []
    use(platform_a, 1)
    assert told(platform_a) == ["sms_budget"]
    use(platform_a, 14)
    assert told(platform_a) == ["sms_budget"]
    use(platform_a, 1)
    use(platform_a, 5)
    assert told(platform_a) == ["sms_budget", "sms_budget_95", "sms_budget_100"]


def test_segments_that_come_back_and_go_again_tell_nothing_twice(platform_a: Platform) -> None:
    limit(platform_a, sms_limit_day=10)
    use(platform_a, 8)
    ledger.give_back(platform_a.pk, ledger.day_of(platform_a, NOON), used=8, by_job=False)
    use(platform_a, 9)
    assert told(platform_a) == ["sms_budget"]


def test_the_next_day_is_told_of_anew_and_the_month_by_itself(platform_a: Platform) -> None:
    limit(platform_a, sms_limit_day=10, sms_limit_month=20)
    use(platform_a, 8)
    use(platform_a, 8, now=NOON + timedelta(days=1))
    assert told(platform_a) == ["sms_budget", "sms_budget"]
    assert told(platform_a, Span.MONTH) == ["sms_budget"]


def test_without_a_limit_there_is_nothing_to_tell(platform_a: Platform) -> None:
    use(platform_a, 100_000)
    assert not Notice.objects.exists()


def test_what_is_kept_for_an_on_counts_as_used(platform_a: Platform) -> None:
    limit(platform_a, sms_limit_day=10)
    ledger.reserve(platform_a, NOON, used=4, kept=4, by_job=False)
    assert told(platform_a) == ["sms_budget"]


def test_a_limit_that_was_lowered_is_told_with_the_next_message(platform_a: Platform) -> None:
    limit(platform_a, sms_limit_day=100)
    use(platform_a, 8)
    limit(platform_a, sms_limit_day=10)
    use(platform_a, 1)
    assert told(platform_a) == ["sms_budget"]


def test_the_warning_is_undone_with_the_segments(platform_a: Platform) -> None:
    limit(platform_a, sms_limit_day=10)
    with pytest.raises(RuntimeError), transaction.atomic():
        use(platform_a, 8)
        raise RuntimeError
    assert not Notice.objects.exists()
    use(platform_a, 8)
    assert told(platform_a) == ["sms_budget"]


def test_a_job_that_is_refused_says_that_jobs_stop_and_people_go_on(
    platform_a: Platform,
) -> None:
    """Of 7 SMS jobs have 5, which is below 80 percent: the refusal tells it."""
    limit(platform_a, sms_limit_day=7)
    use(platform_a, 5, by_job=True)
    assert told(platform_a) == []
    with pytest.raises(CommandRefused):
        give(make_socket(platform_a), "power_cycle")
    assert told(platform_a) == ["sms_budget"]
    text = notice_texts.sentence(Notice.objects.get())
    assert text == (
        "71 % of the SMS of 2026-11-22 are used: 5 of 7. "
        "Jobs send no more; the rest is kept for people."
    )


def test_a_message_that_does_not_fit_any_more_says_that_nothing_is_sent(
    platform_a: Platform,
) -> None:
    limit(platform_a, sms_limit_month=10)
    use(platform_a, 7)
    with pytest.raises(BudgetSpent):
        use(platform_a, 4)
    for _ in range(2):
        ledger.warn_of_refusal(platform_a, NOON, by_job=False)
    assert told(platform_a, Span.MONTH) == ["sms_budget_100"]
    assert notice_texts.sentence(Notice.objects.get()).startswith(
        "70 % of the SMS of the month are used: 7 of 10. Nothing more is sent"
    )


def test_a_job_whose_room_went_while_it_waited_is_told_as_well(
    platform_a: Platform, road: None, gateway: Gateway, clock: Clock
) -> None:
    limit(platform_a, sms_limit_day=7)
    give(make_socket(platform_a), "power_cycle")
    use(platform_a, 5, by_job=True)
    drive(gateway, clock)
    assert gateway.log == []
    assert told(platform_a) == ["sms_budget"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_databases
def test_sixteen_workers_tell_every_threshold_exactly_once(platform_a: Platform) -> None:
    limit(platform_a, sms_limit_day=200, sms_limit_month=200)

    def work(_at: int) -> int:
        taken = 0
        for _ in range(16):
            try:
                use(platform_a, 1)
            except BudgetSpent:
                ledger.warn_of_refusal(platform_a, NOON, by_job=False)
            else:
                taken += 1
        return taken

    assert sum(together(work, 16)) == 200
    assert BudgetPeriod.objects.get(span=Span.DAY).used == 200
    every = ["sms_budget", "sms_budget_95", "sms_budget_100"]
    assert told(platform_a) == every
    assert told(platform_a, Span.MONTH) == every
