"""The only writer of a command's moves: decided in moves.py, written as a conditional UPDATE.

What a move brings along (budget, cooldown, the rest of a sequence, free lines) is written in the
same transaction, which is the caller's.
"""

from contextlib import nullcontext
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from . import ledger, moves
from .models import Command, CommandLine, CommandStep
from .moves import Budget, Happening, Moved, Refused, step
from .pace import COOLDOWN, LIFE, LIMITS
from .states import Effect, Event, Obstacle, State

# What may leave a line dark once it went out.
_DARKENING = (Effect.OFF, Effect.CYCLE, Effect.TIMER)
_DECIDED = ("closed", "fence", "tries", "resent", "not_before", "lease_until", "wire_at")


class NotMoved(Exception):
    """The move was not made; `obstacle` says why."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.value)
        self.obstacle = obstacle


def move(command: Command, happening: Happening, reason: str = "", **columns: Any) -> Moved:
    """Make one move, with further columns beside those that it decides; raise NotMoved.

    1. Decide. 2. UPDATE where state and fence are those it was decided on: one row or none.
    3. Write the step down. 4. Budget, lines and the rest of the sequence follow.
    """
    outcome = step(command.as_moved(), happening, LIMITS)
    if isinstance(outcome, Refused):
        raise NotMoved(outcome.obstacle)
    after = outcome.command
    values = {name: getattr(after, name) for name in _DECIDED} | {"state": after.state.value}
    values |= {"reason": reason[:255], **columns}
    with transaction.atomic() if _needs_savepoint(after) else nullcontext():
        changed = Command.objects.filter(
            pk=command.pk, state=command.state, fence=command.fence, closed=False
        ).update(**values)
        if changed != 1:
            raise NotMoved(Obstacle.STALE_FENCE)
        for name, value in values.items():
            setattr(command, name, value)
        _write_step(command, happening, reason)
        if happening.event is Event.INTEND:
            _hold(command, happening.now)
        if outcome.budget is Budget.RETURN:
            _take_back(command)
        if after.closed:
            _end(command, happening.now)
    return outcome


def _needs_savepoint(after: moves.Command) -> bool:
    """Tell whether a move may fail after it wrote, while its caller's transaction goes on.

    Who catches NotMoved goes on. Nothing is written before the UPDATE, and after it only the moves
    of what follows can fail: those of a message that never went out.
    """
    alone = not transaction.get_connection().in_atomic_block
    return alone or (after.closed and after.wire_at is None)


def begin(command: Command, now: datetime) -> None:
    """Write down that a command was given."""
    CommandStep.objects.create(
        platform_id=command.platform_id, command=command, at=now, state=command.state
    )


def free_lines(head_id: int) -> int:
    """Let go of the lines of a sequence of which nothing is open any more; return how many."""
    # Two messages of it that end at once would each see the other open: one after the other.
    Command.objects.select_for_update().filter(pk=head_id).values_list("pk").get()
    if Command.objects.open().filter(Q(pk=head_id) | Q(head=head_id)).exists():
        return 0
    return CommandLine.objects.filter(command=head_id, closed=False).update(closed=True)


def _write_step(command: Command, happening: Happening, reason: str) -> None:
    CommandStep.objects.create(
        platform_id=command.platform_id,
        command=command,
        at=happening.now,
        event=happening.event.value,
        state=command.state,
        fence=command.fence,
        reason=reason[:255],
    )


def _hold(command: Command, now: datetime) -> None:
    """Begin the line's cooldown, and let the next message of the sequence follow."""
    if command.holds_lines:
        held = CommandLine.objects.filter(command=command, holds=True)
        held.update(cooldown_until=now + COOLDOWN)
    if not command.is_followed:
        return
    for follower in Command.objects.open().filter(previous=command):
        due, owed = now + follower.wait, follower.effect == Effect.ON
        # An `on` further behind does not wait for ever for what comes between.
        Command.objects.filter(pk=follower.pk).update(
            not_before=due, owed=owed, expires_at=None if owed else due + LIFE
        )


def _take_back(command: Command) -> None:
    """Undo what an intent brought along that provably led to nothing."""
    if command.budget_day is not None:
        _pay_back(command, command.budget_day)
    if command.wire_at is not None:
        return  # an earlier try may have gone out
    CommandLine.objects.filter(command=command).update(cooldown_until=None)
    followers = Command.objects.open().filter(head=command.pk)
    for follower in followers:
        _give_up_kept(follower)
    followers.update(kept_segments=0)
    waiting = Command.objects.open().filter(previous=command)
    waiting.update(owed=False, not_before=None, expires_at=None)


def _pay_back(command: Command, day: date) -> None:
    platform, segments = command.platform_id, command.segments
    if command.overdrawn:
        ledger.give_back_overdrawn(platform, day, segments)
    else:
        ledger.give_back(platform, day, used=segments, by_job=command.by_job)
    Command.objects.filter(pk=command.pk).update(budget_day=None, overdrawn=False)
    command.budget_day, command.overdrawn = None, False


def _give_up_kept(command: Command) -> None:
    if command.kept_segments and command.budget_day is not None:
        kept = command.kept_segments
        ledger.give_back(command.platform_id, command.budget_day, kept=kept, by_job=command.by_job)


def _end(command: Command, now: datetime) -> None:
    _give_up_kept(command)
    Command.objects.filter(pk=command.pk, kept_segments__gt=0).update(kept_segments=0)
    if command.wire_at is None:
        _pass_over(command, now)
    free_lines(command.head_id or command.pk)


def _pass_over(command: Command, now: datetime) -> None:
    """Cancel what follows a message that never went out.

    But for an `on` whose line is dark by an earlier one: it follows what went out before.
    """
    before = command.previous
    if before is not None and before.wire_at is None:
        before = None
    sent = Command.objects.sequence_of(command).filter(wire_at__isnull=False)
    dark = before is not None and sent.filter(effect__in=_DARKENING).exists()
    for follower in Command.objects.open().filter(
        previous=command, state=State.QUEUED.value, owed=False
    ):
        if before is not None:
            follower.previous = before
            Command.objects.filter(pk=follower.pk).update(previous=before)
        if dark and follower.effect == Effect.ON:
            due = now + follower.wait
            Command.objects.filter(pk=follower.pk).update(owed=True, not_before=due)
        else:
            move(follower, Happening(Event.CANCEL, now))
