"""What time does to commands: workers that went silent, second tries, doubts that end, lines.

Idempotent, by any process at any moment. A command is decided on under its lock, one transaction
each; one that cannot be moved any more was moved by somebody else.
"""

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F, Q

from . import journal, reconciliation
from .journal import NotMoved
from .models import Command, CommandLine
from .moves import Happening
from .pace import LIMITS, pause_before
from .states import Event, State

logger = logging.getLogger(__name__)
BATCH = 200


class _Due(NamedTuple):
    """An event whose time may have come, and the commands that it may concern."""

    event: Event
    rows: Q


def reap(now: datetime) -> int:
    """Make every move that only waited for its time; return how many."""
    moved = reconciliation.listen(now)  # what has arrived is not sent again
    for due in _kinds(now):
        pks = Command.objects.open().filter(due.rows).order_by("pk").values_list("pk", flat=True)
        for pk in list(pks[:BATCH]):
            moved += _moved(pk, due.event, now)
    return moved + sum(_freed(head) for head in _forgotten_lines())


def _kinds(now: datetime) -> Iterator[_Due]:
    """Yield them in an order in which one run does all that can be done now."""
    under_way = Q(state__in=(State.CLAIMED.value, State.SENDING.value))
    unsent = Q(state__in=(State.QUEUED.value, State.REJECTED.value), owed=False)
    unknown, rejected = Q(state=State.UNKNOWN.value), Q(state=State.REJECTED.value)
    accepted = Q(state=State.ACCEPTED.value, watched=False)
    yield _Due(Event.LEASE_OVER, under_way & Q(lease_until__lte=now))
    yield _Due(Event.EXPIRE, unsent & Q(expires_at__lte=now))
    yield _Due(Event.REQUEUE, rejected & (Q(owed=True) | Q(tries__lt=LIMITS.tries)))
    yield _Due(Event.GIVE_UP, rejected & Q(owed=False, tries__gte=LIMITS.tries))
    # The only thing that is ever sent again by itself: a dark line has to come back.
    yield _Due(Event.RESEND, unknown & Q(owed=True))
    yield _Due(Event.WINDOW_OVER, unknown & Q(owed=False, wire_at__lte=now - LIMITS.window))
    yield _Due(Event.REPLY_OVER, accepted & Q(wire_at__lte=now - LIMITS.reply))


def _moved(pk: int, event: Event, now: datetime) -> bool:
    with transaction.atomic(durable=True):
        command = Command.objects.locked(pk)
        columns: dict[str, Any] = {}
        if event in (Event.REQUEUE, Event.RESEND):
            columns["not_before"] = now + pause_before(command.tries)
        try:
            journal.move(command, Happening(event, now), **columns)
        except NotMoved as error:
            logger.debug("Command %s: no %s: %s", pk, event.value, error.obstacle.value)
            return False
    return True


def _forgotten_lines() -> list[int]:
    """Return heads that hold lines though everything of their sequence is over."""
    held = CommandLine.objects.filter(closed=False, command__closed=True)
    still_open = Command.objects.open().filter(head__isnull=False).values("head")
    return list(
        held.exclude(command__in=still_open)
        .annotate(head=F("command_id"))
        .values_list("head", flat=True)
        .distinct()[:BATCH]
    )


def _freed(head: int) -> bool:
    with transaction.atomic():
        return journal.free_lines(head) > 0
