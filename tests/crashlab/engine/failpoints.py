"""Named places of the engine at which a worker kills itself; those of the road come along.

Hooked in from outside, as those are. A place counts as passed where something happened at it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from devices import commands, hearing, inbox
from jobs import (
    acting,
    approvals,
    attempts,
    braking,
    episodes,
    evaluation,
    evidence,
    holding,
    schedules,
    track_rows,
    verification,
)
from jobs.models import JobExecution
from tests.crashlab import failpoints as road


class Place(NamedTuple):
    """Before or after which function; what has to hold of its outcome, or of what it is given."""

    owner: Any
    name: str
    after: bool = True
    counts: Callable[[Any], bool] = bool


def _always(_told: Any) -> bool:
    return True


def _first(told: Any) -> bool:
    """Tell whether there is anything in the first thing that it is given."""
    return bool(told[0])


PLACES = {
    # evaluation
    "slot_claimed": Place(evaluation, "claim"),
    "clocks_moved": Place(track_rows, "move"),
    "before_tracks": Place(track_rows, "write", after=False),
    "tracks_written": Place(track_rows, "write"),
    "before_opening": Place(episodes, "open_new", after=False, counts=_first),
    "opened": Place(episodes, "open_new"),
    "before_closing": Place(episodes, "close", after=False, counts=_first),
    "closed": Place(episodes, "close"),
    "turned": Place(episodes, "turn", after=False, counts=lambda told: bool(told[0] or told[1])),
    "part_written": Place(evaluation._Evaluation, "_written"),
    # acting
    "brakes_counted": Place(braking, "apply", counts=_always),
    "held": Place(holding, "hold", counts=_always),
    "before_command": Place(commands, "queue", after=False, counts=_always),
    "command_without_attempt": Place(commands, "queue"),
    "attempt_not_committed": Place(attempts, "_write"),
    "decided_not_committed": Place(acting, "_decide_locked"),
    "decided": Place(acting, "_decide"),
    "approved": Place(approvals, "approve", counts=_always),
    # dispatch
    "evidence_asked": Place(evidence, "prove"),
    # verification
    "before_verdict": Place(verification, "_move", after=False, counts=_always),
    "verdict_without_end": Place(verification, "_move", counts=_always),
    "end_not_committed": Place(JobExecution, "save", counts=_always),
    "attempt_ended": Place(verification, "_end"),
    # schedules
    "schedule_not_committed": Place(schedules, "_open"),
    "schedule_taken": Place(schedules, "_take"),
    "schedule_closed": Place(schedules, "close_over"),
    # inbox
    "message_not_committed": Place(inbox, "_store"),
    "message_read": Place(hearing, "_read"),
}
NAMES = (*PLACES, *road.NAMES)


def arm(name: str, passes: int) -> Callable[[], None]:
    """Die at the so-manieth passing of the place; return what the gateway calls."""
    if name not in PLACES:
        return road.arm(name, passes)
    left = passes
    owner, attribute, after, counts = PLACES[name]
    original = getattr(owner, attribute)

    def pass_by(told: Any) -> None:
        nonlocal left
        if counts(told):
            left -= 1
            if left <= 0:
                road.die()

    def wrapped(*args: Any, **values: Any) -> Any:
        if not after:
            pass_by(args)
        outcome = original(*args, **values)
        if after:
            pass_by(outcome)
        return outcome

    setattr(owner, attribute, wrapped)
    return lambda: None
