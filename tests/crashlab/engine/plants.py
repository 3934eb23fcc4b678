"""Bugs that the engine's lab has to find, by name, and the safeguards against a second attempt.

Each is planted with a `patch`: in a lab of its own for good, in a test until it is over.
"""

import time
from collections.abc import Callable, Collection
from functools import partial
from typing import Any
from uuid import uuid4

from django.db import connection
from django.db.models import BaseConstraint, Model

from devices import commands
from devices.models import CommandLine
from jobs import attempts, braking, evaluation, verification
from jobs.models import Engine, JobExecution
from jobs.models.episode import EpisodeQuerySet

Patch = Callable[[Any, str, Any], None]


def commit_the_command_apart(patch: Patch) -> None:
    """Give the command, commit, and write its attempt afterwards; each try has another key."""
    queue = commands.queue

    def committed(*told: Any, **named: Any) -> Any:
        given = queue(*told, **named)
        if named.get("watched"):
            connection.connection.commit()
        return given

    patch(commands, "queue", committed)
    _change_keys(patch)


def _take_no_lock(patch: Patch) -> None:
    """Let workers decide on the same platform, and the same episode, side by side."""
    patch(braking, "lock", lambda platform_id: None)
    patch(EpisodeQuerySet, "select_for_update", lambda self, **_named: self)


def _change_keys(patch: Patch) -> None:
    """Give another key each time to the command of one attempt."""
    patch(attempts, "key_of", lambda episode, attempt: uuid4())


def _forget_revisions(patch: Patch) -> None:
    """Move episodes on that went on since they were read."""
    keep = EpisodeQuerySet.filter

    def loose(self: Any, *told: Any, **named: Any) -> Any:
        named.pop("rev", None)
        return keep(self, *told, **named)

    patch(EpisodeQuerySet, "filter", loose)


def _constraints() -> dict[str, tuple[type[Model], BaseConstraint]]:
    return {
        each.name: (model, each)
        for model in (JobExecution, CommandLine)
        for each in model._meta.constraints
        if each.name in SAFEGUARDS
    }


def _drop(name: str, _patch: Patch) -> None:
    """Take a constraint out of the database."""
    with connection.schema_editor() as editor:
        editor.remove_constraint(*_constraints()[name])
    _DROPPED.append(name)


def restore() -> None:
    """Put back the constraints that were dropped; the rows against them are gone."""
    with connection.schema_editor() as editor:
        while _DROPPED:
            editor.add_constraint(*_constraints()[_DROPPED.pop()])


_DROPPED: list[str] = []
#: What keeps an attempt from being made twice, by how it is taken away; each is enough alone.
SAFEGUARDS: dict[str, Callable[[Patch], None]] = {
    "locks": _take_no_lock,
    "keys": _change_keys,
    "revisions": _forget_revisions,
    "attempt_once": partial(_drop, "attempt_once"),
    "one_attempt_at_a_time": partial(_drop, "one_attempt_at_a_time"),
    "one_power_command_a_line": partial(_drop, "one_power_command_a_line"),
}


def act_without_locks(patch: Patch, kept: Collection[str] = ()) -> None:
    """Let workers decide on an episode side by side, and nothing stop the second one."""
    tell = attempts.tell

    def slow(*told: Any, **named: Any) -> None:
        time.sleep(0.2)
        tell(*told, **named)

    patch(attempts, "tell", slow)
    for name, take_away in SAFEGUARDS.items():
        if name not in kept:
            take_away(patch)


def evaluate_unclaimed(patch: Patch) -> None:
    """Let everybody evaluate a slot who comes."""

    def everybody(slot: int, now: Any) -> bool:
        Engine.objects.get_or_create(pk=1)
        return True

    patch(evaluation, "claim", everybody)


def end_what_was_judged_now(patch: Patch) -> None:
    """End the attempts alone that this very run judged: who died in between ends none."""
    move, over = verification._move, verification._over
    mine: set[int] = set()

    def moved(command_id: int | None, event: Any, now: Any) -> None:
        mine.add(command_id or 0)
        move(command_id, event, now)

    def judged() -> list[int]:
        rows = JobExecution.objects.filter(pk__in=over(), command__in=mine)
        return list(rows.values_list("pk", flat=True))

    patch(verification, "_move", moved)
    patch(verification, "_over", judged)


_PLANTS: tuple[Callable[[Patch], None], ...] = (
    commit_the_command_apart,
    act_without_locks,
    evaluate_unclaimed,
    end_what_was_judged_now,
)
PLANTS: dict[str, Callable[[], None]] = {
    plant.__name__: partial(plant, setattr) for plant in _PLANTS
}
