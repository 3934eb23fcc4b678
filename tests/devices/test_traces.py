"""100,000 random lives of commands, lived by devices.moves and by a naive model; planted bugs."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from devices import moves
from devices.moves import (
    MOVES,
    Budget,
    Command,
    Happening,
    Limits,
    Moved,
    Refused,
    step,
)
from devices.states import Effect, Event, State
from tests.devices import naive_road

BEGIN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TRACES = 100_000
LIMITS = Limits(
    lease=timedelta(seconds=naive_road.LEASE),
    freshness=timedelta(seconds=naive_road.FRESH),
    window=timedelta(seconds=naive_road.WINDOW),
    reply=timedelta(seconds=naive_road.REPLY),
    evidence=timedelta(seconds=naive_road.EVIDENCE),
    tries=naive_road.TRIES,
)
EVENTS = list(Event)
EFFECTS = list(Effect)
# Most events of a trace lead on from where it is, and few of them end it; chance adds all others.
ENDS = {Event.CANCEL, Event.REFUSE, Event.EXPIRE, Event.LEASE_OVER}
LIKELY: Mapping[State, list[Event]] = {
    state: [
        event
        for begin, event in MOVES
        if begin is state
        for _weight in range(1 if event in ENDS else 6)
    ]
    or EVENTS
    for state in State
}

Step = Callable[[Command, Happening, Limits], Moved | Refused]


def at(seconds: int) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def differences(stepped: Step, traces: int, seed: int) -> Iterator[str]:
    """Yield where a trace of `stepped` and one of the naive model part."""
    chance = random.Random(seed)
    for number in range(traces):
        effect, watched = chance.choice(EFFECTS), chance.random() < 0.7
        owed = effect is Effect.ON and chance.random() < 0.5
        not_before, expires = chance.choice([0, 0, 30]), chance.choice([None, 200, 900])
        row = naive_road.new(effect.value, watched, owed, not_before, expires)
        command = Command(
            effect, watched=watched, owed=owed, not_before=at(not_before),
            expires_at=None if expires is None else at(expires),
        )  # fmt: skip
        now = 0
        for _turn in range(chance.randint(1, 14)):
            now += chance.choice([0, 0, 0, 0, 1, 2, 4, 30, 60, 140, 600])
            likely = LIKELY[command.state] if chance.random() < 0.8 else EVENTS
            event = chance.choice(likely)
            fence = chance.choice([command.fence] * 6 + [command.fence - 1, None])
            yes, never = chance.random() < 0.5, chance.random() < 0.3
            paid = naive_road.happen(row, event.value, now, fence, yes, never)
            outcome = stepped(command, Happening(event, at(now), fence, yes, never), LIMITS)
            if isinstance(outcome, Moved):
                command = outcome.command
            said = outcome.budget.value if isinstance(outcome, Moved) else None
            if said != paid or _seen(command) != _told(row):
                yield f"trace {number}, {event.value} at {now}: {_seen(command)}, {_told(row)}"
                break


def _seen(command: Command) -> tuple[object, ...]:
    lease, wire = command.lease_until, command.wire_at
    return (
        command.state.value, command.closed, command.fence, command.tries, command.resent,
        lease and (lease - BEGIN).seconds, wire and (wire - BEGIN).seconds,
    )  # fmt: skip


def _told(row: naive_road.Row) -> tuple[object, ...]:
    return tuple(row[name] for name in ("state", "closed", "fence", "tries", "resent")) + (
        row["lease"],
        row["wire"],
    )


def test_no_random_trace_differs_from_the_naive_model() -> None:
    assert next(differences(step, TRACES, seed=4), None) is None


def without_fence(command: Command, happening: Happening, limits: Limits) -> Moved | Refused:
    return step(command, happening._replace(fence=command.fence), limits)


def resending_anything(command: Command, happening: Happening, limits: Limits) -> Moved | Refused:
    if happening.event is not Event.RESEND:
        return step(command, happening, limits)
    outcome = step(replace(command, effect=Effect.ON), happening, limits)
    if isinstance(outcome, Moved):
        return Moved(replace(outcome.command, effect=command.effect))
    return outcome


def without_window(command: Command, happening: Happening, limits: Limits) -> Moved | Refused:
    return step(command, happening, limits._replace(window=timedelta(0)))


def unconfirmed(command: Command, happening: Happening, limits: Limits) -> Moved | Refused:
    return step(command, happening._replace(confirmed=True), limits)


def dropping_what_is_owed(
    command: Command, happening: Happening, limits: Limits
) -> Moved | Refused:
    outcome = step(replace(command, owed=False), happening, limits)
    if isinstance(outcome, Moved):
        return outcome._replace(command=replace(outcome.command, owed=command.owed))
    return outcome


def paying_back_the_unknown(
    command: Command, happening: Happening, limits: Limits
) -> Moved | Refused:
    outcome = step(command, happening, limits)
    if isinstance(outcome, Moved) and outcome.command.state is State.UNKNOWN:
        return outcome._replace(budget=Budget.RETURN)
    return outcome


def leaving_the_line_taken(
    command: Command, happening: Happening, limits: Limits
) -> Moved | Refused:
    outcome = step(command, happening, limits)
    if isinstance(outcome, Moved) and outcome.command.state is State.UNRESOLVED:
        return outcome._replace(command=replace(outcome.command, closed=False))
    return outcome


def forgetting_the_wire(command: Command, happening: Happening, limits: Limits) -> Moved | Refused:
    return step(replace(command, resent=False), happening, limits)


PLANTED: list[Step] = [
    without_fence,
    resending_anything,
    without_window,
    unconfirmed,
    dropping_what_is_owed,
    paying_back_the_unknown,
    leaving_the_line_taken,
    forgetting_the_wire,
]


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.__name__)
def test_the_naive_model_catches_a_planted_bug(planted: Step) -> None:
    assert next(differences(planted, 20_000, seed=4), None) is not None


@pytest.mark.parametrize(("place", "target"), MOVES.items(), ids=lambda part: str(part)[:60])
def test_the_naive_model_notices_every_move_that_is_taken_out(
    place: tuple[State, Event], target: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moves, "MOVES", {key: MOVES[key] for key in MOVES if key != place})
    assert next(differences(step, 20_000, seed=4), None) is not None
