"""Bugs that the engine's lab has to find, by name."""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.db import connection

from devices import commands
from jobs import attempts, braking, evaluation, verification
from jobs.models import Engine, JobExecution
from jobs.models.episode import EpisodeQuerySet


def _drop(*indexes: str) -> None:
    with connection.cursor() as cursor:
        for name in indexes:
            cursor.execute(
                "SELECT conrelid::regclass FROM pg_constraint WHERE conname = %s", [name]
            )
            found = cursor.fetchone()
            if found is None:
                cursor.execute(f'DROP INDEX "{name}"')
            else:
                cursor.execute(f'ALTER TABLE {found[0]} DROP CONSTRAINT "{name}"')


def commit_the_command_apart() -> None:
    """Give the command, commit, and write its attempt afterwards; each try has another key."""
    queue = commands.queue

    def committed(*told: Any, **named: Any) -> Any:
        given = queue(*told, **named)
        if named.get("watched"):
            connection.connection.commit()
        return given

    commands.queue = committed
    attempts.key_of = lambda episode, attempt: uuid4()


def act_without_locks() -> None:
    """Let workers decide on an episode side by side, and the database not mind."""
    _drop("attempt_once", "one_attempt_at_a_time", "one_power_command_a_line")
    braking.lock = lambda platform_id: None
    keep, tell = EpisodeQuerySet.filter, attempts.tell

    def loose(self: Any, *told: Any, **named: Any) -> Any:
        named.pop("rev", None)
        return keep(self, *told, **named)

    def slow(*told: Any, **named: Any) -> None:
        time.sleep(0.2)
        tell(*told, **named)

    EpisodeQuerySet.filter = loose  # type: ignore[method-assign]
    EpisodeQuerySet.select_for_update = (  # type: ignore[method-assign]
        lambda self, **_named: self
    )
    attempts.tell = slow
    attempts.key_of = lambda episode, attempt: uuid4()


def evaluate_unclaimed() -> None:
    """Let everybody evaluate a slot who comes."""

    def everybody(slot: int, now: Any) -> bool:
        Engine.objects.get_or_create(pk=1)
        return True

    evaluation.claim = everybody


def end_what_was_judged_now() -> None:
    """End the attempts alone that this very run judged: who died in between ends none."""
    move, over = verification._move, verification._over
    mine: set[int] = set()

    def moved(command_id: int | None, event: Any, now: Any) -> None:
        mine.add(command_id or 0)
        move(command_id, event, now)

    def judged() -> list[int]:
        rows = JobExecution.objects.filter(pk__in=over(), command__in=mine)
        return list(rows.values_list("pk", flat=True))

    verification._move, verification._over = moved, judged


PLANTS: dict[str, Callable[[], None]] = {
    "commit_the_command_apart": commit_the_command_apart,
    "act_without_locks": act_without_locks,
    "evaluate_unclaimed": evaluate_unclaimed,
    "end_what_was_judged_now": end_what_was_judged_now,
}
