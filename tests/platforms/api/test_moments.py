"""Moments as the API takes them: one that no calendar has is refused, never a fault of ours."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.urls import get_resolver
from pytest_django import Settings
from rest_framework import serializers

from platforms.api import Moment, Strict
from platforms.models import User
from tests.conftest import ApiOf

ZONES = ("UTC", "Europe/Moscow", "America/New_York", "Etc/GMT+12", "Asia/Vladivostok")


def strict(base: type[Strict] = Strict) -> Iterator[type[Strict]]:
    """Return every body and query that the API reads."""
    for each in base.__subclasses__():
        yield each
        yield from strict(each)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "0000-01-01T00:00:00Z",
             "10000-01-01T00:00:00Z"]
)  # fmt: skip
def test_a_moment_beyond_the_calendar_is_refused_in_every_zone(
    text: str, zone: str, settings: Settings
) -> None:
    settings.TIME_ZONE = zone
    with pytest.raises(serializers.ValidationError):
        Moment().run_validation(text)


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("0001-01-01T00:00:00", "Europe/Moscow"),
        ("0001-01-01T00:00:00", "Asia/Vladivostok"),
        ("9999-12-31T23:59:59", "America/New_York"),
        ("9999-12-31T23:59:59", "Etc/GMT+12"),
        ("0001-01-01T00:00:00Z", "America/New_York"),
        ("9999-12-31T23:59:59Z", "Europe/Moscow"),
    ],
)
def test_a_moment_that_the_clocks_of_the_zone_carry_beyond_the_calendar_is_refused(
    text: str, zone: str, settings: Settings
) -> None:
    settings.TIME_ZONE = zone
    with pytest.raises(serializers.ValidationError) as refused:
        Moment().run_validation(text)
    assert refused.value.get_codes() == ["overflow"]


@pytest.mark.parametrize("zone", ZONES)
def test_what_is_taken_is_the_moment_itself_as_a_database_keeps_it(
    zone: str, settings: Settings
) -> None:
    settings.TIME_ZONE = zone
    told = Moment().run_validation("2026-11-22T12:00:00+03:00")
    assert told == datetime(2026, 11, 22, 9, tzinfo=UTC)
    for year in ("0002", "9998"):
        assert Moment().run_validation(f"{year}-06-01T00:00:00").astimezone(UTC)


def test_every_moment_that_the_api_takes_is_one_of_these() -> None:
    assert get_resolver().url_patterns  # every view, and with it what it reads, is imported
    moments: dict[str, Any] = {
        f"{each.__name__}.{name}": field
        for each in strict()
        if each.__module__.split(".")[0] != "tests"
        for name, field in each().fields.items()
        if isinstance(field, serializers.DateTimeField) and not field.read_only
    }
    assert len(moments) > 10
    assert [name for name, field in moments.items() if not isinstance(field, Moment)] == []


@pytest.mark.django_db
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00", "9999-12-31T23:59:59-12:00"])
def test_a_list_since_a_moment_that_no_calendar_has_is_refused_at_its_parameter(
    api_of: ApiOf, bob: User, moment: str
) -> None:
    answer = api_of(bob).get("/api/v1/notices", {"since": moment})
    assert answer.status_code == 400, answer.content
    assert list(answer.json()["error"]["fields"]) == ["since"]
