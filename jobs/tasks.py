"""Doors for the workers: each task is one call. How often they run: remosa/timetable.py.

Stages find what they do in the rows that others left, so that one that is late, or comes twice,
harms nothing.
"""

from datetime import timedelta
from typing import Final

from devices import hints, totals
from platforms.ticks import Turn, is_wanted, tick

from . import (
    acting,
    evaluation,
    metric_discovery,
    naming,
    retention,
    schedules,
    verification,
    watchdog,
)

ACT: Final = "jobs.act"
EVALUATE: Final = "jobs.evaluate"


# Whoever dies in a run keeps others from it for so long: three slots later all would start anew.
@tick(EVALUATE, timedelta(seconds=75))
def evaluate(turn: Turn) -> None:
    """Evaluate the slot of now, unless somebody has; ask for the next one at its very begin."""
    done = evaluation.evaluate(turn.now)
    if done is None:
        return
    # What is lost of these the timetable asks for all the same: up to 5 and 10 seconds later.
    if is_wanted(EVALUATE):  # switched off, it keeps every job still
        hints.send(EVALUATE, at=evaluation.begin_of(done.slot + 1))
    if done.opened:
        hints.send(ACT)  # the episodes are written by now


@tick(ACT, timedelta(seconds=90))
def act(turn: Turn) -> None:
    """Do what open episodes are due for, or keep why not."""
    acting.act(turn.now)


@tick("jobs.verify", timedelta(seconds=90))
def verify(turn: Turn) -> None:
    """Judge whether what jobs did helped."""
    verification.verify(turn.now)


@tick("jobs.schedules", timedelta(seconds=90))
def keep_schedules(turn: Turn) -> None:
    """Open what schedules ask for now."""
    schedules.keep(turn.now)


@tick("jobs.watch", timedelta(seconds=60))
def watch(turn: Turn) -> None:
    """Say outside that jobs are judged, and inside when they are not."""
    watchdog.watch(turn.now)


@tick("jobs.names", timedelta(seconds=120))
def keep_names(turn: Turn) -> None:
    """Keep automatic names in step with what they name."""
    naming.keep_in_step()


@tick("jobs.metrics", timedelta(seconds=120))
def find_metrics(turn: Turn) -> None:
    """Find metrics of players that other people's exporters serve."""
    metric_discovery.discover(turn.now)


@tick("jobs.prune", timedelta(seconds=300))
def prune(turn: Turn) -> None:
    """Delete history that is not kept any longer; what is left over waits for tomorrow."""
    totals.settle(turn.now)
    for _pruned in retention.prune(turn.now, seconds=240):
        pass
