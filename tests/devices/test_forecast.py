"""What a month will have cost, as a function of the last days."""

from datetime import date, timedelta

import pytest

from devices.forecast import Forecast, forecast

TODAY = date(2026, 11, 22)
LAST = date(2026, 11, 30)


def days(*counts: int, before: date = TODAY) -> dict[date, int]:
    """Return what was spent on the days before, the last one first."""
    return {before - timedelta(days=back): count for back, count in enumerate(counts, start=1)}


@pytest.mark.parametrize(
    ("spent", "began", "month", "limit", "expected"),
    [
        # 10 a day, today and 8 more days to come.
        (days(*[10] * 7), date(2026, 11, 1), 210, None, Forecast(10, 7, 300, LAST, None)),
        # Days without a message count as what they are.
        (days(70), date(2026, 11, 1), 70, None, Forecast(10, 7, 160, LAST, None)),
        # Four days are there, so four are looked at.
        (days(8, 8, 8, 8), date(2026, 11, 18), 32, None, Forecast(8, 4, 104, LAST, None)),
        # What today already is beyond the average stays.
        (
            {**days(*[10] * 7), TODAY: 25},
            date(2026, 11, 1),
            235,
            None,
            Forecast(10, 7, 315, LAST, None),
        ),
        (
            {**days(*[10] * 7), TODAY: 4},
            date(2026, 11, 1),
            214,
            None,
            Forecast(10, 7, 300, LAST, None),
        ),
        # 210 + 10 today, then 230, 240, 250 on the 25th.
        (
            days(*[10] * 7),
            date(2026, 11, 1),
            210,
            250,
            Forecast(10, 7, 300, LAST, date(2026, 11, 25)),
        ),
        (days(*[10] * 7), date(2026, 11, 1), 250, 250, Forecast(10, 7, 340, LAST, TODAY)),
        (days(*[10] * 7), date(2026, 11, 1), 210, 301, Forecast(10, 7, 300, LAST, None)),
        (days(5, 5), date(2026, 11, 20), 10, 100, None),
        ({}, None, 0, 100, None),
    ],
)
def test_the_average_is_carried_on_to_the_end_of_the_month(
    spent: dict[date, int],
    began: date | None,
    month: int,
    limit: int | None,
    expected: Forecast | None,
) -> None:
    assert forecast(spent, began, month, limit, TODAY) == expected


def test_the_last_day_of_a_month_and_of_a_year_have_no_day_after() -> None:
    for today in (date(2026, 12, 31), date(2028, 2, 29)):
        told = forecast(days(*[10] * 7, before=today), date(2026, 1, 1), 300, None, today)
        assert told is not None
        assert (told.last_day, told.at_end) == (today, 310)
