"""The moves of a command: what holds of the table, and the promises of the road in words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils.functional import Promise

from devices.moves import (
    MOVES,
    Budget,
    Command,
    Happening,
    Limits,
    Moved,
    Refused,
    Turn,
    obstacle_to_another,
    step,
    turn_of_on,
)
from devices.states import RESENDABLE, TERMINAL, Effect, Event, Obstacle, State
from tests.devices import naive_road

BEGIN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LIMITS = Limits(
    lease=timedelta(seconds=naive_road.LEASE),
    freshness=timedelta(seconds=naive_road.FRESH),
    window=timedelta(seconds=naive_road.WINDOW),
    reply=timedelta(seconds=naive_road.REPLY),
    evidence=timedelta(seconds=naive_road.EVIDENCE),
    tries=naive_road.TRIES,
)
EFFECTS = list(Effect)


def at(seconds: int) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def lived(*events: Event, seconds: int = 0, **columns: object) -> Command:
    """Return a command after these events, each at that time with the right fence."""
    command = Command(**{"effect": Effect.OFF, **columns})  # type: ignore[arg-type]
    for event in events:
        moved = step(command, Happening(event, at(seconds), command.fence), LIMITS)
        assert isinstance(moved, Moved), (event, moved)
        command = moved.command
    return command


def asked(command: Command, event: Event, seconds: int = 0, **known: bool) -> Moved | Refused:
    return step(command, Happening(event, at(seconds), command.fence, **known), LIMITS)


SENT = (Event.CLAIM, Event.INTEND)


# -- what must hold of the table ----------------------------------------------------------------


def test_nothing_leads_out_of_a_terminal_state() -> None:
    assert {begin for begin, _event in MOVES} & TERMINAL == set()


def test_every_state_is_reached_and_every_event_leads_somewhere() -> None:
    assert {*MOVES.values(), State.QUEUED} == set(State)
    assert {event for _begin, event in MOVES} == set(Event)


def test_a_message_goes_out_by_one_move_alone() -> None:
    assert [key for key, end in MOVES.items() if end is State.SENDING] == [
        (State.CLAIMED, Event.INTEND)
    ]


@pytest.mark.parametrize("word", [*State, *Event, *Obstacle], ids=str)
def test_every_word_can_be_translated(word: State | Event | Obstacle) -> None:
    assert isinstance(word.label, Promise)
    assert str(word)


# -- in words -----------------------------------------------------------------------------------


@pytest.mark.parametrize("effect", EFFECTS)
def test_only_what_does_no_harm_twice_is_sent_again(effect: Effect) -> None:
    outcome = asked(lived(*SENT, Event.LOSE, effect=effect), Event.RESEND)
    if effect in RESENDABLE:
        assert isinstance(outcome, Moved)
        assert outcome.command.state is State.QUEUED
    else:
        assert outcome == Refused(Obstacle.NOT_REPEATABLE)
    assert {Effect.ON, Effect.QUERY} == RESENDABLE


@pytest.mark.parametrize(
    ("seconds", "confirmed", "obstacle"),
    [
        (0, True, Obstacle.TOO_EARLY),
        (naive_road.WINDOW - 1, True, Obstacle.TOO_EARLY),
        (naive_road.WINDOW, False, Obstacle.NOT_CONFIRMED),
        (naive_road.WINDOW, True, None),
    ],
)
def test_a_person_repeats_an_unknown_only_after_the_window_and_confirmed(
    seconds: int, confirmed: bool, obstacle: Obstacle | None
) -> None:
    unknown = lived(*SENT, Event.LOSE)
    happening = Happening(Event.RETRY, at(seconds), confirmed=confirmed)
    assert obstacle_to_another(unknown, happening, LIMITS) is obstacle
    outcome = step(unknown, happening, LIMITS)
    if obstacle:
        assert outcome == Refused(obstacle)
    else:
        assert isinstance(outcome, Moved)
        assert (outcome.command.state, outcome.command.closed) == (State.UNRESOLVED, True)


def test_another_attempt_waits_for_the_first_to_be_over() -> None:
    yes = Happening(Event.RETRY, at(9999), confirmed=True)
    no = Happening(Event.RETRY, at(9999))
    assert obstacle_to_another(lived(*SENT), yes, LIMITS) is Obstacle.NOT_OVER
    assert obstacle_to_another(lived(Event.CANCEL), no, LIMITS) is None
    unresolved = lived(*SENT, Event.LOSE, seconds=0)
    unresolved = replace(unresolved, state=State.UNRESOLVED, closed=True)
    assert obstacle_to_another(unresolved, no, LIMITS) is Obstacle.NOT_CONFIRMED
    assert obstacle_to_another(unresolved, yes, LIMITS) is None


def test_the_slower_of_two_workers_cannot_move_what_the_faster_claimed() -> None:
    command = lived(Event.CLAIM)
    reaped = asked(command, Event.LEASE_OVER, seconds=naive_road.LEASE)
    assert isinstance(reaped, Moved)
    again = asked(reaped.command, Event.CLAIM, seconds=naive_road.LEASE)
    assert isinstance(again, Moved)
    late = Happening(Event.INTEND, at(naive_road.LEASE), command.fence)
    assert step(again.command, late, LIMITS) == Refused(Obstacle.STALE_FENCE)


def test_a_worker_whose_lease_is_over_does_not_begin_to_send() -> None:
    outcome = asked(lived(Event.CLAIM), Event.INTEND, seconds=naive_road.LEASE)
    assert outcome == Refused(Obstacle.TOO_LATE)


def test_the_budget_is_spent_by_the_intent_and_given_back_only_where_nothing_went_out() -> None:
    paid = {event: budget_of(event) for event in (Event.ACCEPT, Event.LOSE, Event.REJECT)}
    assert paid == {
        Event.ACCEPT: Budget.KEEP,
        Event.LOSE: Budget.KEEP,
        Event.REJECT: Budget.RETURN,
    }
    assert isinstance(intended := asked(lived(Event.CLAIM), Event.INTEND), Moved)
    assert intended.budget is Budget.SPEND


def budget_of(event: Event) -> Budget:
    outcome = asked(lived(*SENT), event)
    assert isinstance(outcome, Moved)
    return outcome.budget


def test_a_command_without_a_player_ends_accepted_after_the_reply_window() -> None:
    command = lived(*SENT, Event.ACCEPT, watched=False)
    assert asked(command, Event.REPLY_OVER) == Refused(Obstacle.TOO_EARLY)
    assert asked(command, Event.VERIFY) == Refused(Obstacle.NOT_WATCHED)
    outcome = asked(command, Event.REPLY_OVER, seconds=naive_road.REPLY)
    assert isinstance(outcome, Moved)
    assert (outcome.command.state, outcome.command.closed) == (State.ACCEPTED, True)
    assert asked(outcome.command, Event.VERIFY) == Refused(Obstacle.OVER)


def test_what_the_gateway_will_never_take_fails_at_once_and_the_rest_after_all_tries() -> None:
    rejected = lived(*SENT, Event.REJECT)
    assert asked(rejected, Event.GIVE_UP) == Refused(Obstacle.TRIES_LEFT)
    assert isinstance(asked(rejected, Event.GIVE_UP, permanent=True), Moved)
    tired = lived(*(*SENT, Event.REJECT, Event.REQUEUE) * 2, *SENT, Event.REJECT)
    assert asked(tired, Event.REQUEUE) == Refused(Obstacle.NO_TRIES_LEFT)
    assert isinstance(asked(tired, Event.GIVE_UP), Moved)


@pytest.mark.parametrize("event", [Event.CANCEL, Event.EXPIRE, Event.REFUSE, Event.GIVE_UP])
def test_an_on_that_is_owed_to_an_off_cannot_be_dropped(event: Event) -> None:
    begun = {Event.REFUSE: (Event.CLAIM,), Event.GIVE_UP: (*SENT, Event.REJECT)}
    command = lived(
        *begun.get(event, ()), effect=Effect.ON, owed=True, expires_at=at(10), seconds=5
    )
    assert asked(command, event, seconds=50) == Refused(Obstacle.OWED)
    assert isinstance(asked(replace(command, owed=False), event, 50, permanent=True), Moved)


def test_an_on_that_is_owed_is_tried_for_ever_and_never_expires() -> None:
    tired = lived(
        *(*SENT, Event.REJECT, Event.REQUEUE) * 9, effect=Effect.ON, owed=True, expires_at=at(10)
    )
    assert isinstance(asked(tired, Event.CLAIM, seconds=50), Moved)


OFF_SENT = lived(*SENT, seconds=100)


@pytest.mark.parametrize(
    ("off", "seconds", "turn"),
    [
        (lived(), 999, Turn.WAIT),
        (lived(Event.CLAIM), 999, Turn.WAIT),
        (lived(Event.CANCEL), 999, Turn.DROP),
        (lived(*SENT, Event.REJECT), 999, Turn.WAIT),
        (OFF_SENT, 999, Turn.WAIT),  # still on its way: `on` must not overtake it
        (replace(OFF_SENT, state=State.ACCEPTED), 129, Turn.WAIT),
        (replace(OFF_SENT, state=State.ACCEPTED), 130, Turn.GO),
        (replace(OFF_SENT, state=State.UNKNOWN), 130, Turn.GO),
        (replace(OFF_SENT, state=State.UNRESOLVED, closed=True), 130, Turn.GO),
        (replace(OFF_SENT, state=State.NOT_SENT, closed=True), 130, Turn.GO),
        (replace(OFF_SENT, state=State.INEFFECTIVE, closed=True), 130, Turn.GO),
    ],
)
def test_the_on_of_a_sequence_follows_its_off(off: Command, seconds: int, turn: Turn) -> None:
    assert turn_of_on(off, timedelta(seconds=30), at(seconds)) is turn
