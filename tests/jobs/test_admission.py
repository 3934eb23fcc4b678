"""Who may be acted on now: tables, and what holds of any fleet."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, strategies as st

from jobs import admission
from jobs.admission import Attempt, Case, Limits, Refusal, Ruling, admit

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def case(number: int, *, minute: int = 0, exporter: int = 1, site: int | None = None) -> Case:
    """Return a case that has fired since so many minutes after eleven."""
    since = NOON - timedelta(hours=1) + minute * MINUTE
    return Case(number, number, exporter, site, since)


def flying(of: Case, at: datetime = NOON - MINUTE) -> Attempt:
    return Attempt(of.player, of.exporter, of.site, at, in_flight=True)


def over(of: Case, minute: int, *, verified: bool) -> Attempt:
    """Return an attempt that began so many minutes after eleven and is over."""
    return replace(
        flying(of, NOON - timedelta(hours=1) + minute * MINUTE), in_flight=False, verified=verified
    )


def told(rulings: Sequence[Ruling]) -> list[tuple[int, str]]:
    return [(each.case.episode, each.refusal.value if each.refusal else "") for each in rulings]


def rule(due: list[Case], attempts: list[Attempt] | None = None, **limits: int) -> list[Ruling]:
    return admit(due, due, attempts or [], NOON, Limits(**limits))


def test_three_that_fire_go_at_once() -> None:
    rulings = rule([case(1), case(2), case(3)])
    assert told(rulings) == [(1, ""), (2, ""), (3, "")]
    assert not any(each.canary for each in rulings)


def test_whoever_fired_first_goes_first_and_the_number_decides_between_equals() -> None:
    due = [case(5, minute=3), case(4, minute=1), case(9), case(2, minute=3)]
    rulings = rule(due, at_once=2, together=10)
    assert told(rulings) == [(9, ""), (4, ""), (2, "platform"), (5, "platform")]
    assert rulings[-1][1:] == (Refusal.PLATFORM, 2, 2, None, False)


def test_one_at_a_time_of_a_site_and_the_others_do_not_wait_behind_it() -> None:
    rulings = rule([case(1, site=7), case(2, minute=1, site=7), case(3, minute=2, site=8)])
    assert told(rulings) == [(1, ""), (2, "site"), (3, "")]
    assert rulings[1][1:] == (Refusal.SITE, 1, 1, None, False)


def test_each_of_a_crowd_is_told_what_it_would_be_told_alone_behind_those_that_went() -> None:
    chance = Random(7)
    due = [
        case(
            number,
            minute=chance.randrange(3),
            exporter=chance.randrange(2),
            site=chance.choice([None, 7, 8]),
        )
        for number in range(60)
    ]
    rulings = rule(due, at_once=5, together=100)
    gone: list[Attempt] = []
    for ruling in rulings:
        (alone,) = admit([ruling.case], due, gone, NOON, Limits(at_once=5, together=100))
        assert ruling == alone
        if ruling.admitted:
            gone.append(flying(ruling.case, NOON))
    assert 1 < len(gone) < 60


def test_thousands_that_wait_are_not_counted_anew_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    due = [case(number) for number in range(5000)]
    counted: list[Case] = []
    count = admission._together

    def watched(of: Case, *rest: Any) -> int:
        counted.append(of)
        return count(of, *rest)

    monkeypatch.setattr(admission, "_together", watched)
    rulings = rule(due)
    assert [each.refusal for each in rulings] == [None, *[Refusal.CANARY] * 4999]
    assert len(counted) < 10


def test_players_without_a_site_do_not_wait_for_each_other() -> None:
    assert told(rule([case(1), case(2)], [flying(case(3))])) == [(1, ""), (2, "")]


def test_ten_an_hour_and_the_next_when_the_first_of_them_is_an_hour_ago() -> None:
    gone = [over(case(number), number, verified=False) for number in range(1, 12)]
    ruling = rule([case(50)], gone)[0]
    # Eleven within the hour, for the limit was lower or others acted: two have to be over.
    assert ruling[1:] == (Refusal.HOUR, 11, 10, NOON + 2 * MINUTE, False)
    assert told(rule([case(50)], gone[2:])) == [(50, "")]
    just_an_hour = [over(case(number), 0, verified=False) for number in range(10)]
    assert told(rule([case(50)], just_an_hour)) == [(50, "")]


def test_of_four_that_fire_together_one_goes_first() -> None:
    due = [case(number, minute=number) for number in range(1, 5)]
    rulings = rule(due)
    assert told(rulings) == [(1, ""), (2, "canary"), (3, "canary"), (4, "canary")]
    assert rulings[1][1:] == (Refusal.CANARY, 4, 3, None, False)
    assert rulings[0].canary


def test_the_others_go_once_the_canary_is_verified() -> None:
    canary, *rest = [case(number, minute=number) for number in range(1, 6)]
    waiting = admit(rest, rest, [flying(canary)], NOON)
    assert {each.refusal for each in waiting} == {Refusal.CANARY}
    rulings = admit(rest, rest, [over(canary, 10, verified=True)], NOON)
    assert told(rulings) == [(2, ""), (3, ""), (4, ""), (5, "platform")]


def test_a_canary_that_came_back_and_is_not_verified_yet_still_holds_the_others() -> None:
    canary, *rest = [case(number, minute=number) for number in range(1, 5)]
    assert len(rest) == Limits().together  # its case is closed: they alone would need no canary
    assert told(admit(rest, rest, [flying(canary)], NOON))[0] == (2, "canary")


def test_a_canary_that_did_not_help_lets_the_next_one_go_alone() -> None:
    cases = [case(number, minute=number) for number in range(1, 6)]
    rulings = admit(cases[1:], cases, [over(cases[0], 10, verified=False)], NOON)
    assert told(rulings) == [(2, ""), (3, "canary"), (4, "canary"), (5, "canary")]


def test_a_canary_speaks_only_for_those_that_fired_when_it_began() -> None:
    canary = over(case(1), 10, verified=True)
    late = [case(number, minute=10 + number) for number in range(2, 6)]
    assert told(rule(late, [canary])) == [(2, ""), (3, "canary"), (4, "canary"), (5, "canary")]
    assert told(rule(late[:3], [canary])) == [(2, ""), (3, ""), (4, "")]


def test_an_exporter_and_the_platform_are_domains_of_their_own() -> None:
    two_of_each = [case(number, minute=number, exporter=number % 2) for number in range(1, 5)]
    assert told(rule(two_of_each))[1:] == [(2, "canary"), (3, "canary"), (4, "canary")]
    other, *mine = [case(1, exporter=2), *(case(number, minute=1) for number in range(2, 6))]
    # That of the other exporter helped: it says nothing about the vendor of this one.
    rulings = admit(mine, mine, [over(other, 30, verified=True)], NOON)
    assert told(rulings) == [(2, ""), (3, "canary"), (4, "canary"), (5, "canary")]


def test_a_player_of_two_jobs_is_one_player_that_fires() -> None:
    twice = [replace(case(number), player=1) for number in range(1, 5)]
    assert told(rule(twice)) == [(1, ""), (2, ""), (3, ""), (4, "platform")]


# -- whatever the fleet ---------------------------------------------------------------------------

CASES = st.builds(
    Case,
    episode=st.integers(1, 10_000),
    player=st.integers(1, 12),
    exporter=st.integers(1, 2),
    site=st.one_of(st.none(), st.integers(1, 3)),
    firing_since=st.integers(0, 90).map(lambda minute: NOON - minute * MINUTE),
)
ATTEMPTS = st.builds(
    Attempt,
    player=st.integers(1, 12),
    exporter=st.integers(1, 2),
    site=st.one_of(st.none(), st.integers(1, 3)),
    begun_at=st.integers(0, 90).map(lambda minute: NOON - minute * MINUTE),
    in_flight=st.booleans(),
)
FLEETS = st.tuples(
    st.lists(CASES, max_size=14, unique_by=lambda each: each.episode),
    st.lists(ATTEMPTS, max_size=12),
    st.builds(
        Limits,
        at_site=st.integers(1, 2),
        at_once=st.integers(1, 4),
        an_hour=st.integers(1, 12),
        together=st.integers(1, 4),
    ),
    st.integers(0, 99),
)


@given(FLEETS)
def test_no_limit_is_ever_passed_and_every_refusal_names_one_that_is_reached(
    fleet: tuple[list[Case], list[Attempt], Limits, int],
) -> None:
    due, attempts, limits, _seed = fleet
    rulings = admit(due, due, attempts, NOON, limits)
    assert sorted(each.case.episode for each in rulings) == sorted(each.episode for each in due)
    went = [each.case for each in rulings if each.admitted]
    if went:
        flights = [each for each in attempts if each.in_flight]
        assert len(flights) + len(went) <= limits.at_once
        hour = [each for each in attempts if each.begun_at > NOON - timedelta(hours=1)]
        assert len(hour) + len(went) <= limits.an_hour
        for site in {each.site for each in went} - {None}:
            sites = [each.site for each in flights] + [each.site for each in went]
            assert sites.count(site) <= limits.at_site
    assert all(each.found >= each.limit for each in rulings if each.refusal)
    assert all(each.until and each.until > NOON for each in rulings if each.refusal is Refusal.HOUR)


@given(FLEETS)
def test_the_order_in_which_rows_are_read_decides_nothing(
    fleet: tuple[list[Case], list[Attempt], Limits, int],
) -> None:
    due, attempts, limits, seed = fleet
    chance = Random(seed)
    shuffled = chance.sample(due, len(due)), chance.sample(attempts, len(attempts))
    rulings = admit(due, due, attempts, NOON, limits)
    assert admit(shuffled[0], shuffled[0], shuffled[1], NOON, limits) == rulings
    assert [each.case.firing_since for each in rulings] == sorted(each.firing_since for each in due)


@given(st.integers(4, 12), st.integers(0, 12), st.integers(0, 99))
def test_while_nothing_helped_many_that_fire_together_go_one_by_one(
    many: int, vain: int, seed: int
) -> None:
    """Drive an outage in which no restart ever helps: there is never a second in flight."""
    cases = [case(number, minute=Random(seed).randrange(5)) for number in range(many)]
    attempts = [over(each, 6, verified=False) for each in cases[: min(vain, 9)]]
    admitted = [each for each in admit(cases, cases, attempts, NOON) if each.admitted]
    assert len(admitted) == 1
    attempts.append(flying(admitted[0].case))
    assert not any(each.admitted for each in admit(cases, cases, attempts, NOON))


@pytest.mark.parametrize("limits", [None, Limits()])
def test_the_limits_are_those_of_the_protocol_unless_told_otherwise(limits: Limits | None) -> None:
    assert Limits() == (1, 3, 10, 3)
    assert admit([case(1)], [], [], NOON, limits) == [Ruling(case(1))]
