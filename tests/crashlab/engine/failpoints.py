"""Named places of the engine at which a worker kills itself; those of the road come along.

Hooked in from outside, as those are, all of them in each worker: it dies at the first one that
still wants deaths. A place counts as passed where something happened at it.
"""

import os
import random
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.sharedctypes import RawArray
from typing import Any, NamedTuple

from django.db import connection

from devices import commands, hearing, inbox, reconciliation
from jobs import (
    acting,
    approvals,
    attempts,
    braking,
    episodes,
    evaluation,
    evidence,
    holding,
    job_pauses,
    saving,
    schedules,
    track_rows,
    verification,
)
from jobs.models import JobExecution
from jobs.notice_kinds import EXHAUSTED
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


def _is_there(told: Any) -> bool:
    return told is not None


def _of_the_road(place: road.Place) -> Place:
    counts = _is_there if place.after and not place.name.startswith("_") else _always
    return Place(place.module, place.name, place.after, counts)


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
    "shadow_not_committed": Place(attempts, "record_shadow"),
    "proposal_not_committed": Place(attempts, "propose"),
    "brake_not_committed": Place(braking, "_write", counts=_always),
    "exhausted_not_told": Place(
        attempts, "tell", after=False, counts=lambda told: told[1] == EXHAUSTED.name
    ),
    # people
    "said_not_committed": Place(approvals, "_record", counts=_always),
    "approved": Place(approvals, "approve", counts=_always),
    "declined": Place(approvals, "decline", counts=_always),
    "acknowledged": Place(approvals, "acknowledge", counts=_always),
    "lapsed": Place(approvals, "lapse"),
    "job_not_committed": Place(saving, "_write", counts=_always),
    "pause_not_committed": Place(job_pauses, "_begun"),
    # dispatch
    "evidence_asked": Place(evidence, "prove"),
    # verification
    "before_verdict": Place(verification, "_move", after=False, counts=_always),
    "verdict_without_end": Place(verification, "_move", counts=_always),
    "end_not_committed": Place(JobExecution, "save", counts=_always),
    "attempt_ended": Place(verification, "_end"),
    "shadow_ended": Place(verification, "_end_shadows"),
    "doubt_ended": Place(reconciliation, "_end"),
    # schedules
    "schedule_not_committed": Place(schedules, "_open"),
    "schedule_taken": Place(schedules, "_take"),
    "schedule_closed": Place(schedules, "close_over"),
    # inbox
    "message_not_committed": Place(inbox, "_store"),
    "message_read": Place(hearing, "_read"),
    # the road
    **{name: _of_the_road(place) for name, place in road.PLACES.items()},
}
NAMES = (*PLACES, road.IN_WIRE)


#: A slot whose evaluation dies is missed: of those that follow each other, others must live.
OF_EVALUATION = frozenset(NAMES[: NAMES.index("part_written") + 1])
APART = 75.0  # seconds of the lab


class Deaths:
    """How many died at each place, and how many may by now: all processes see the same."""

    def __init__(self, only: str = "", clock: Callable[[], float] = lambda: 0.0) -> None:
        self._numbers = {name: at for at, name in enumerate(NAMES) if only in ("", name)}
        self._counts, self._limit = RawArray("i", len(NAMES)), RawArray("i", 1)
        self._clock, self._last = clock, RawArray("d", (-APART,))

    @property
    def counts(self) -> dict[str, int]:
        """Return how many died, by place."""
        return {name: self._counts[at] for name, at in self._numbers.items()}

    def allow(self, number: int) -> None:
        """Let so many die at each place, counted from the beginning."""
        self._limit[0] = number

    def pass_by(self, name: str, chance: random.Random | None) -> None:
        """Die here, if the place wants it still: by chance, or at once."""
        at = self._numbers.get(name)
        wants = at is not None and self._counts[at] < self._limit[0]
        if at is None or not wants or (chance is not None and chance.random() < 0.5):
            return
        if name in OF_EVALUATION and len(self._numbers) > 1:
            if self._clock() < self._last[0] + APART:
                return
            self._last[0] = self._clock()
        self._counts[at] += 1
        road.die()


def arm(deaths: Deaths, chance: random.Random | None = None) -> Callable[[], None]:
    """Let this process die at any of the places; return what the gateway calls."""
    for name, place in PLACES.items():
        _hook(place, partial(deaths.pass_by, name, chance))
    return partial(deaths.pass_by, road.IN_WIRE, chance)


def dies_at(name: str, deed: Callable[[], object]) -> bool:
    """Do it in a process that dies where it first comes to a place; tell whether it came there."""
    connection.close()  # not to be shared with the child
    pid = os.fork()
    if pid == 0:
        with suppress(BaseException):
            deaths = Deaths(name)
            deaths.allow(1)
            arm(deaths)
            deed()
        os._exit(1)
    _pid, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _hook(place: Place, pass_by: Callable[[], None]) -> None:
    owner, attribute, after, counts = place
    original = getattr(owner, attribute)

    def wrapped(*args: Any, **values: Any) -> Any:
        if not after and counts(args):
            pass_by()
        outcome = original(*args, **values)
        if after and counts(outcome):
            pass_by()
        return outcome

    setattr(owner, attribute, wrapped)
