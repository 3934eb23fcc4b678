"""Every move between the states of a command, as a table with conditions. Decides; writes nothing.

Pure: time comes as an argument. A caller writes a move as a conditional update of the row it was
decided on (state and fence in WHERE), which must change exactly one row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from .states import RESENDABLE, TERMINAL, Effect, Event, Obstacle, State


class Limits(NamedTuple):
    """How long things may take; `window` = lease + the request's total + the gateway's ttl."""

    lease: timedelta
    freshness: timedelta  # between the intent and the first byte
    window: timedelta
    reply: timedelta
    evidence: timedelta  # how long a watched command waits for samples that say something
    tries: int


@dataclass(frozen=True, slots=True)
class Command:
    """What a move depends on; the columns of a row by the same names."""

    effect: Effect
    state: State = State.QUEUED
    closed: bool = False  # over; the line is free again
    fence: int = 0
    tries: int = 0  # times it went to the gateway
    watched: bool = True  # a player hangs on the line and tells the outcome
    resent: bool = False  # an earlier try of it may have gone out
    owed: bool = False  # the `on` of a sequence whose `off` went out and whose line is still off
    not_before: datetime | None = None
    expires_at: datetime | None = None
    lease_until: datetime | None = None
    wire_at: datetime | None = None  # of the last intent; None: provably nothing went out


class Happening(NamedTuple):
    """An event with what is known of it."""

    event: Event
    now: datetime
    fence: int | None = None
    confirmed: bool = False  # by a person who read that the first message may have arrived
    permanent: bool = False  # the gateway will never take it


class Budget(Enum):
    """What a move means for the reserved SMS."""

    KEEP = 0
    SPEND = 1
    RETURN = -1


class Moved(NamedTuple):
    command: Command
    budget: Budget = Budget.KEEP


class Refused(NamedTuple):
    obstacle: Obstacle


MOVES: Mapping[tuple[State, Event], State] = {
    (State.QUEUED, Event.CLAIM): State.CLAIMED,
    (State.QUEUED, Event.CANCEL): State.CANCELLED,
    (State.QUEUED, Event.EXPIRE): State.EXPIRED,
    (State.CLAIMED, Event.LEASE_OVER): State.QUEUED,
    (State.CLAIMED, Event.POSTPONE): State.QUEUED,
    (State.CLAIMED, Event.REFUSE): State.CANCELLED,
    (State.CLAIMED, Event.CANCEL): State.CANCELLED,
    (State.CLAIMED, Event.INTEND): State.SENDING,
    (State.SENDING, Event.LEASE_OVER): State.UNKNOWN,
    (State.SENDING, Event.STALE): State.REJECTED,
    (State.SENDING, Event.REJECT): State.REJECTED,
    (State.SENDING, Event.ACCEPT): State.ACCEPTED,
    (State.SENDING, Event.LOSE): State.UNKNOWN,
    (State.REJECTED, Event.REQUEUE): State.QUEUED,
    (State.REJECTED, Event.GIVE_UP): State.FAILED,
    (State.REJECTED, Event.CANCEL): State.CANCELLED,
    (State.REJECTED, Event.EXPIRE): State.EXPIRED,
    (State.UNKNOWN, Event.FOUND_SENT): State.ACCEPTED,
    (State.UNKNOWN, Event.FOUND_NOT_SENT): State.NOT_SENT,
    (State.UNKNOWN, Event.WINDOW_OVER): State.UNRESOLVED,
    (State.UNKNOWN, Event.RETRY): State.UNRESOLVED,
    (State.UNKNOWN, Event.RESEND): State.QUEUED,
    (State.ACCEPTED, Event.VERIFY): State.VERIFIED,
    (State.ACCEPTED, Event.REFUTE): State.INEFFECTIVE,
    (State.ACCEPTED, Event.EVIDENCE_OVER): State.ACCEPTED,
    (State.ACCEPTED, Event.REPLY_OVER): State.ACCEPTED,
}
# Moves of the worker that holds the claim: its fence must be the row's.
FENCED = frozenset(
    {Event.POSTPONE, Event.REFUSE, Event.INTEND, Event.STALE}
    | {Event.ACCEPT, Event.REJECT, Event.LOSE}
)
# They end a command as it stands.
ENDINGS = frozenset({Event.REPLY_OVER, Event.EVIDENCE_OVER})


def step(command: Command, happening: Happening, limits: Limits) -> Moved | Refused:
    """Decide one move: the command after it, or why it is not made."""
    event = happening.event
    if command.closed:
        return Refused(Obstacle.OVER)
    target = MOVES.get((command.state, event))
    if target is None:
        return Refused(Obstacle.NO_SUCH_MOVE)
    if happening.fence != command.fence and (event in FENCED or happening.fence is not None):
        return Refused(Obstacle.STALE_FENCE)
    condition = _CONDITIONS.get(event)
    if condition and (obstacle := condition(command, happening, limits)):
        return Refused(obstacle)
    closed = target in TERMINAL or event in ENDINGS
    after = replace(command, state=target, closed=closed)
    now = happening.now
    match event:
        case Event.CLAIM:
            fence = command.fence + 1
            return Moved(replace(after, fence=fence, lease_until=now + limits.lease))
        case Event.INTEND:
            after = replace(after, wire_at=now, tries=command.tries + 1)
            return Moved(after, Budget.SPEND)
        case Event.STALE | Event.REJECT:
            wire_at = command.wire_at if command.resent else None
            return Moved(replace(after, wire_at=wire_at, lease_until=None), Budget.RETURN)
        case Event.RESEND:
            return Moved(replace(after, resent=True))
    if target in {State.CLAIMED, State.SENDING}:
        return Moved(after)
    return Moved(replace(after, lease_until=None))


def obstacle_to_another(command: Command, happening: Happening, limits: Limits) -> Obstacle | None:
    """Tell what keeps a person from sending the same again, as a new command with a new key.

    An unknown one must be closed by RETRY in the same transaction, which frees the line.
    """
    if command.state is State.UNKNOWN and not command.closed:
        return _of_retry(command, happening, limits)
    if not command.closed:
        return Obstacle.NOT_OVER
    doubtful = command.state is State.UNRESOLVED
    return Obstacle.NOT_CONFIRMED if doubtful and not happening.confirmed else None


class Turn(Enum):
    """What becomes of the `on` of a sequence."""

    WAIT = "wait"
    GO = "go"
    DROP = "drop"


def turn_of_on(off: Command, wait: timedelta, now: datetime) -> Turn:
    """Decide whether the `on` that belongs to this `off` goes out.

    It follows whatever became of an `off` that may have gone out, and never overtakes one that is
    still on its way to the gateway. An `off` that provably went nowhere leaves nothing to undo.
    """
    if off.wire_at is None:
        return Turn.DROP if off.closed else Turn.WAIT
    if off.state is State.SENDING or now < off.wire_at + wait:
        return Turn.WAIT
    return Turn.GO


def _of_claim(command: Command, happening: Happening, limits: Limits) -> Obstacle | None:
    if command.not_before is not None and happening.now < command.not_before:
        return Obstacle.TOO_EARLY
    return Obstacle.TOO_LATE if _expired(command, happening.now) else None


def _of_lease(command: Command, happening: Happening, limits: Limits) -> Obstacle | None:
    until = command.lease_until
    return Obstacle.TOO_EARLY if until is not None and happening.now < until else None


def _of_intent(command: Command, happening: Happening, limits: Limits) -> Obstacle | None:
    until = command.lease_until
    late = until is None or happening.now >= until or _expired(command, happening.now)
    return Obstacle.TOO_LATE if late else None


def _of_stale(command: Command, happening: Happening, limits: Limits) -> Obstacle | None:
    wire_at = command.wire_at
    fresh = wire_at is not None and happening.now <= wire_at + limits.freshness
    return Obstacle.TOO_EARLY if fresh else None


def _of_window(command: Command, happening: Happening, limits: Limits) -> Obstacle | None:
    wire_at = command.wire_at
    early = wire_at is not None and happening.now < wire_at + limits.window
    return Obstacle.TOO_EARLY if early else None


def _of_retry(command: Command, happening: Happening, limits: Limits) -> Obstacle | None:
    if obstacle := _of_window(command, happening, limits):
        return obstacle
    return None if happening.confirmed else Obstacle.NOT_CONFIRMED


def _of_resend(command: Command, happening: Happening, limits: Limits) -> Obstacle | None:
    if command.effect not in RESENDABLE:
        return Obstacle.NOT_REPEATABLE
    return _of_requeue(command, happening, limits)


def _of_requeue(command: Command, happening: Happening, limits: Limits) -> Obstacle | None:
    return None if command.owed or command.tries < limits.tries else Obstacle.NO_TRIES_LEFT


def _of_giving_up(command: Command, happening: Happening, limits: Limits) -> Obstacle | None:
    if command.owed:
        return Obstacle.OWED
    left = command.tries < limits.tries and not happening.permanent
    return Obstacle.TRIES_LEFT if left else None


def _of_cancelling(command: Command, happening: Happening, limits: Limits) -> Obstacle | None:
    return Obstacle.OWED if command.owed else None


def _of_expiry(command: Command, happening: Happening, limits: Limits) -> Obstacle | None:
    if command.owed:
        return Obstacle.OWED
    return None if _expired(command, happening.now) else Obstacle.TOO_EARLY


def _of_verdict(command: Command, happening: Happening, limits: Limits) -> Obstacle | None:
    return None if command.watched else Obstacle.NOT_WATCHED


def _of_evidence(command: Command, happening: Happening, limits: Limits) -> Obstacle | None:
    wire_at = command.wire_at
    early = wire_at is not None and happening.now < wire_at + limits.evidence
    return Obstacle.TOO_EARLY if early else _of_verdict(command, happening, limits)


def _of_reply(command: Command, happening: Happening, limits: Limits) -> Obstacle | None:
    if command.watched:
        return Obstacle.WATCHED
    wire_at = command.wire_at
    early = wire_at is not None and happening.now < wire_at + limits.reply
    return Obstacle.TOO_EARLY if early else None


def _expired(command: Command, now: datetime) -> bool:
    return not command.owed and command.expires_at is not None and now >= command.expires_at


_CONDITIONS: Mapping[Event, Callable[[Command, Happening, Limits], Obstacle | None]] = {
    Event.CLAIM: _of_claim,
    Event.LEASE_OVER: _of_lease,
    Event.REFUSE: _of_cancelling,
    Event.INTEND: _of_intent,
    Event.STALE: _of_stale,
    Event.WINDOW_OVER: _of_window,
    Event.RETRY: _of_retry,
    Event.RESEND: _of_resend,
    Event.REQUEUE: _of_requeue,
    Event.GIVE_UP: _of_giving_up,
    Event.CANCEL: _of_cancelling,
    Event.EXPIRE: _of_expiry,
    Event.VERIFY: _of_verdict,
    Event.REFUTE: _of_verdict,
    Event.EVIDENCE_OVER: _of_evidence,
    Event.REPLY_OVER: _of_reply,
}
