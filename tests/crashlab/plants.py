"""Bugs to plant in all of the lab's processes, by name: the checker has to find each."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, ParamSpec

from django.db import connection
from django.db.models import Q

from devices import journal, moves, reaper
from devices.models import Command
from devices.moves import Happening
from devices.states import Effect, Event, State
from platforms import integrity

Told = ParamSpec("Told")


def resend_unknown() -> None:
    """Send again whatever may not have been sent; the database's own refusal is taken out."""
    integrity.remove(connection)
    step, kinds = moves.step, reaper._kinds

    def anything(command: moves.Command, happening: Any, limits: Any) -> Any:
        if happening.event is not Event.RESEND:
            return step(command, happening, limits)
        outcome = step(replace(command, effect=Effect.ON), happening, limits)
        if isinstance(outcome, moves.Moved):
            return moves.Moved(replace(outcome.command, effect=command.effect))
        return outcome

    def all_unknown(now: datetime) -> Iterator[Any]:
        for due in kinds(now):
            is_resend = due.event is Event.RESEND
            yield due._replace(rows=Q(state="unknown")) if is_resend else due

    journal.step = anything  # type: ignore[attr-defined]
    reaper._kinds = all_unknown


def forget_the_on() -> None:
    """Owe nothing: an `on` in doubt is left in doubt."""

    def forgetting(owe: Callable[Told, None]) -> Callable[Told, None]:
        def forget(*told: Told.args, **named: Told.kwargs) -> None:
            owe(*told, **named)
            command: Any = told[0]
            Command.objects.sequence_of(command).update(owed=False)

        return forget

    # All that make an `on` owed.
    journal._hold = forgetting(journal._hold)
    journal._pass_over = forgetting(journal._pass_over)


def cancel_all_that_follows() -> None:
    """Cancel what follows a message that never went out, an `on` of a dark line too."""

    def cancel(command: Command, now: datetime) -> None:
        behind = Command.objects.open().filter(head=command.head_id or command.pk)
        behind.filter(pk__gt=command.pk).update(owed=False)
        for follower in behind.filter(pk__gt=command.pk, state=State.QUEUED.value):
            journal.move(follower, Happening(Event.CANCEL, now))

    journal._pass_over = cancel


PLANTS: dict[str, Callable[[], None]] = {
    "resend_unknown": resend_unknown,
    "forget_the_on": forget_the_on,
    "cancel_all_that_follows": cancel_all_that_follows,
}
