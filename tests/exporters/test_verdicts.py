"""The table: what is known of a player -> what a person reads."""

import pytest

from exporters.kinds.shape import Reason
from exporters.verdicts import (
    REMEDIES,
    Observation,
    Process,
    Source,
    State,
    Verdict,
    Why,
    judge,
    unknown,
)

UP = Source(Process.UP, up=True)
DOWN = Source(Process.UP, up=False)


def seen(*statuses: float, reasons: tuple[str, ...] = (), info: bool = False) -> Observation:
    return Observation(frozenset(statuses), reasons, {"name": "Hall"} if info else {})


@pytest.mark.parametrize(
    ("observation", "source", "was_seen", "verdict"),
    [
        (seen(1.0), UP, True, Verdict(State.ONLINE)),
        (seen(0.0), UP, True, Verdict(State.OFFLINE)),
        # What is known holds until it is too old, whatever the source does meanwhile.
        (seen(0.0), DOWN, True, Verdict(State.OFFLINE)),
        (seen(1.0), Source(Process.DOWN), True, Verdict(State.ONLINE)),
        (seen(2.0), UP, True, unknown(Why.ODD_SAMPLE, "2")),
        (seen(-1.0), UP, True, unknown(Why.ODD_SAMPLE, "-1")),
        (seen(0.5), UP, True, unknown(Why.ODD_SAMPLE, "0.5")),
        (seen(0.0, 1.0), UP, True, unknown(Why.CONTRADICTION)),
        (seen(reasons=("not_found",)), UP, False, unknown(Why.NOT_FOUND, "not_found")),
        (seen(reasons=("duplicate",)), UP, True, unknown(Why.DUPLICATE, "duplicate")),
        (seen(reasons=("odd_status",)), UP, True, unknown(Why.ODD_ANSWER, "odd_status")),
        (seen(reasons=("malformed",)), UP, True, unknown(Why.ODD_ANSWER, "malformed")),
        (seen(reasons=("http_5xx",)), UP, True, unknown(Why.NO_ANSWER, "http_5xx")),
        (seen(reasons=("of tomorrow",)), UP, True, unknown(Why.NO_ANSWER, "of tomorrow")),
        (seen(reasons=("stale",)), UP, True, unknown(Why.STALE, "stale")),
        (seen(), UP, True, unknown(Why.STALE)),
        (seen(info=True), UP, False, unknown(Why.STALE)),
        (seen(), UP, False, unknown(Why.NOT_POLLED)),
        (seen(), DOWN, True, unknown(Why.SOURCE_DOWN)),
        (seen(info=True), DOWN, True, unknown(Why.SOURCE_DOWN)),
        (seen(), Source(Process.MISSING), True, unknown(Why.NO_PROCESS)),
        (seen(), Source(Process.NOT_SCRAPED), True, unknown(Why.NOT_SCRAPED)),
        (seen(), Source(Process.DOWN), True, unknown(Why.PROCESS_DOWN)),
        (seen(), Source(Process.UP), False, unknown(Why.NOT_POLLED)),
    ],
)
def test_a_player_reads_as_what_is_known_of_it(
    observation: Observation, source: Source, was_seen: bool, verdict: Verdict
) -> None:
    assert judge(observation, source, was_seen) == verdict


def test_only_a_zero_of_now_is_offline() -> None:
    for source in (UP, DOWN, *(Source(process) for process in Process)):
        for reason in ("", *Reason):
            for was_seen in (True, False):
                observation = seen(reasons=(reason,) if reason else ())
                assert judge(observation, source, was_seen).state is State.UNKNOWN


def test_every_reason_says_what_to_do() -> None:
    assert set(REMEDIES) == set(Why)
    assert all(str(remedy).endswith(".") for remedy in REMEDIES.values())


def test_every_word_of_an_exporter_has_a_reason() -> None:
    for reason in Reason:
        assert judge(seen(reasons=(reason,)), UP, True).code == reason
