"""What conditions mean, which are refused, and when two criteria are one question."""

import math

import pytest
from django.utils import translation

from jobs import condition_words as words
from jobs.catalogue import found
from jobs.conditions import Condition, ConditionRefused, Criterion, Function, Operator
from jobs.models import Condition as Row, Joined, job_parts
from jobs.verdicts import Verdict

AGE = "remosa_exporter_addreality_last_online_timestamp_seconds"
HEAT = found("player_temperature_celsius", "", "mac")


def condition(text: str, metric: str = "device_status") -> Condition:
    """Read `last == 0` or `avg 600 < 0.5`."""
    function, *window, operator, threshold = text.split()
    return Condition(
        metric,
        Function(function),
        int(window[0]) if window else 0,
        Operator(operator),
        float(threshold),
    )


@pytest.mark.parametrize(
    ("text", "values", "verdict"),
    [
        ("last == 0", [0.0], Verdict.TRUE),
        ("last == 0", [1.0], Verdict.FALSE),
        ("last == 0", [], Verdict.UNKNOWN),
        ("last == 0", [0.0, 0.0], Verdict.TRUE),
        ("last == 0", [0.0, 1.0], Verdict.UNKNOWN),  # two processes contradict each other
        ("last == 0", [0.5], Verdict.UNKNOWN),  # neither online nor offline
        ("last != 1", [2.0], Verdict.UNKNOWN),
        ("last == 0", [math.nan], Verdict.UNKNOWN),
        ("avg 600 < 0.5", [0.4], Verdict.TRUE),
        ("avg 600 < 0.5", [0.5], Verdict.FALSE),
        ("avg 600 < 0.5", [-math.inf], Verdict.UNKNOWN),
        ("avg 600 <= 0.5", [0.5], Verdict.TRUE),
        ("avg 600 < 0.5", [-0.1], Verdict.UNKNOWN),  # of 0 and 1 nothing comes to that
        ("max 600 < 1", [0.0], Verdict.TRUE),
        ("max 600 < 1", [0.5], Verdict.UNKNOWN),
        ("max 600 < 1", [-1.0], Verdict.UNKNOWN),
        ("min 600 >= 1", [7.0], Verdict.UNKNOWN),
        ("changes 3600 >= 6", [6.0], Verdict.TRUE),
        ("changes 3600 > 6", [6.0], Verdict.FALSE),
    ],
)
def test_a_verdict_is_what_every_process_says(
    text: str, values: list[float], verdict: Verdict
) -> None:
    assert condition(text).judge(values) is verdict


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("last == nan", "device_status"),
        ("last == 1e16", "device_status"),
        ("last == 2", "device_status"),  # never
        ("last >= 0", "device_status"),  # always
        ("last 300 == 0", "device_status"),
        ("avg == 0", "device_status"),
        ("avg 299 < 0.5", "device_status"),
        ("avg 86401 < 0.5", "device_status"),
        ("avg 600 < 0", "device_status"),
        ("avg 600 > 1", "device_status"),
        ("last > -5", AGE),
        ("max 600 > 60", AGE),
    ],
)
def test_what_cannot_be_asked_or_never_differs_is_refused(text: str, metric: str) -> None:
    with pytest.raises(ConditionRefused):
        condition(text, metric).check()


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("last == 0", "device_status"),
        ("last != 1", "device_status"),
        ("last < 0.5", "device_status"),
        ("avg 300 < 0.5", "device_status"),
        ("max 600 == 0", "device_status"),
        ("changes 86400 >= 10", "device_status"),
        ("last > 600", AGE),
    ],
)
def test_sensible_conditions_are_taken(text: str, metric: str) -> None:
    condition(text, metric).check()
    condition("last < -273.15", HEAT.name).check(HEAT)  # nothing is known of its range


def test_criteria_that_ask_the_same_are_one() -> None:
    offline, shaky = condition("last == 0"), condition("avg 600 < 0.5")
    minus = Condition("device_status", Function.LAST, 60, Operator.EQUAL, -0.0)
    one = Criterion((offline,), "all").digest()
    assert {
        Criterion((offline,), "any").digest(),
        Criterion((offline, offline), "any").digest(),
        Criterion((minus,), "all").digest(),
    } == {one}
    both = Criterion((offline, shaky), "all")
    assert both.digest() == Criterion((shaky, offline, minus), "all").digest()
    assert len({one, both.digest(), Criterion((offline, shaky), "any").digest()}) == 3
    assert Criterion.of_data(both.as_data()) == both.normalised()


def test_the_words_of_rows_and_of_questions_are_the_same() -> None:
    assert [each.value for each in Function] == job_parts.Function.values
    assert [each.value for each in Operator] == job_parts.Operator.values
    assert {"all", "any"} == set(Joined.values)
    assert Row._meta.get_field("window").default == 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("last == 0", "Status is Offline"),
        ("last != 1", "Status is Offline"),
        ("last < 0.5", "Status is Offline"),
        ("last >= 1", "Status is Online"),
        ("max 600 == 0", "greatest of Status over 10 minutes is Offline"),
        ("avg 3600 < 0.5", "average of Status over 1 hour < 0.5"),
        ("changes 5400 >= 6", "changes of Status within 90 minutes ≥ 6"),
    ],
)
def test_conditions_read_as_people_say_them(text: str, sentence: str) -> None:
    with translation.override("en"):
        assert words.sentence(condition(text)) == sentence


def test_numbers_have_their_unit_and_found_metrics_their_name() -> None:
    with translation.override("en"):
        assert words.sentence(condition("last > 600", AGE)) == (
            "Time since last online (AddReality) > 10 minutes"
        )
        assert words.sentence(condition("last > 80.5", HEAT.name), HEAT) == f"{HEAT.name} > 80.5"
        assert words.value(condition("last == 0"), 1.0) == "Online"
        assert words.value(condition("last > 600", AGE), 61.25) == "61.25 s"
        assert words.sentences(Criterion((condition("last == 0"),))) == ["Status is Offline"]
    with translation.override("ru"):
        assert words.value(condition("last == 0"), 0.0) == "Офлайн"
