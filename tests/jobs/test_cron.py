"""Cron expressions as people type them: what is taken, what is refused, and how it reads."""

from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import override

from jobs.cron import CronRefused, checked, count_due, next_due, normal_form
from jobs.schedule_words import in_words

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")


def test_what_is_no_schedule_has_a_normal_form_too() -> None:
    assert normal_form(" at \t night ") == "AT NIGHT"
    assert normal_form("") == ""


def test_an_expression_is_kept_in_one_form() -> None:
    assert checked("  0  3 * *  mon-fri ") == "0 3 * * MON-FRI"


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("", "five fields"),
        ("@daily", "five fields"),
        ("0 0 3 * * *", "five fields"),
        ("60 3 * * *", "minute"),
        ("0 24 * * *", "hour"),
        ("0 3 0 * *", "day of month"),
        ("0 3 * 13 *", "month"),
        ("0 3 * * 8", "day of week"),
        ("0 3 * * FRI-MON", "day of week"),
        ("0 3 31 2 *", "day of month"),
        ("0 0 */30 2 MON#5", "never due"),
        ("0,0" * 40 + " * * * *", "too long"),
        ("⁵ 3 * * *", "minute"),
    ],
)
def test_what_is_no_schedule_is_refused_with_the_field_that_is_wrong(
    expression: str, why: str
) -> None:
    with override("en"), pytest.raises(CronRefused, match=why):
        checked(expression)


def test_whatever_is_typed_is_a_schedule_or_refused() -> None:
    chance = Random(5)
    taken = 0
    for _ in range(3000):
        fields = [
            chance.choice("*1")
            + "".join(chance.choice("012359*/,-#L") for _ in range(chance.randint(0, 3)))
            for _ in range(4)
        ]
        expression = f"0 {' '.join(fields)}"
        try:
            normal = checked(expression)
        except CronRefused:
            continue
        taken += 1
        assert checked(normal) == normal
        assert next_due(normal, MOSCOW, NOW) is not None
    assert taken > 50


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 3 * * *", "every day at 03:00"),
        ("30 4 * * MON", "Mon at 04:30"),
        ("30 4 * * 1-5", "Mon–Fri at 04:30"),
        ("0 4 * * 0,6,2", "Tue, Sat, Sun at 04:00"),
        ("0 4 * * SUN-TUE", "Mon, Tue, Sun at 04:00"),
        ("0 4 1 * *", "on day 1 of each month at 04:00"),
        ("5 * * * *", "every hour at minute 05"),
        ("*/15 2 * * *", "*/15 2 * * *"),
        ("0 4 1 * MON", "0 4 1 * MON"),
        ("0 4 * 1 *", "0 4 * 1 *"),
        ("0 4 * * MON#1", "0 4 * * MON#1"),
    ],
)
def test_plain_schedules_read_as_words_and_others_as_they_are(expression: str, words: str) -> None:
    with override("en"):
        assert in_words(checked(expression)) == words


def test_due_times_of_a_long_stop_are_counted_up_to_a_limit() -> None:
    week = NOW + timedelta(days=7)
    assert count_due("0 3 * * *", MOSCOW, NOW, week, 1000) == 7
    assert count_due("*/5 * * * *", MOSCOW, NOW, week, 1000) == 1000
    assert count_due("0 15 * * *", MOSCOW, NOW, NOW + timedelta(days=1), 1000) == 1
