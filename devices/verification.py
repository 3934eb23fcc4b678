"""Whether commands helped, as the players tell that hang on the switched lines.

One look at Prometheus for many commands. What stays unknown waits, and ends without a verdict:
never as "it did not help".
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from exporters.asking import Ask
from exporters.models import Player
from exporters.promql import SCRAPED_WITHIN
from exporters.verdicts import State as Seen

from . import catalogue, evidence, journal, telemetry
from .catalogue import CatalogueError
from .evidence import Finding, Sight
from .gates import comes_back_by_itself
from .journal import NotMoved
from .models import Command
from .moves import Happening
from .pace import BOOT, EVIDENCE, RECOVERED
from .states import Effect, Event, State, leaves_on

logger = logging.getLogger(__name__)

BATCH = 200  # commands a look
#: Which commands the applications above judge themselves, filled in from AppConfig.ready().
left_to_others: list[Q] = []
# So far back go the samples that decide: the steady time, and the longest gap between two of them.
SECONDS = int(RECOVERED.total_seconds()) + SCRAPED_WITHIN


def verify(now: datetime) -> int:
    """Judge every watched command that was sent; return how many are decided."""
    sent = Command.objects.open().filter(state=State.ACCEPTED.value, watched=True)
    for theirs in left_to_others:
        sent = sent.exclude(theirs)
    ripe = sent.filter(wire_at__lte=now - BOOT).order_by("pk")
    pks, ask, decided = list(ripe.values_list("pk", flat=True)), Ask(), 0
    for at in range(0, len(pks), BATCH):
        rows = Command.objects.filter(pk__in=pks[at : at + BATCH]).order_by("pk")
        commands = list(rows.select_related("template__model").prefetch_related("followers"))
        decided += _verify(ask, commands, now)
    return decided


def acted_at(command: Command) -> datetime | None:
    """Return when the power was back, as far as the messages say; None: one is still to come.

    That is when the last message of its sequence went out; and where the socket itself keeps the
    line dark for a time after one of them, when that is over too.
    """
    sequence: list[Command] = [command, *command.followers.all()]
    if any(each.wire_at is None and not each.closed for each in sequence):
        return None
    by_itself = comes_back_by_itself(command)
    return max(
        each.wire_at + lasts(each, command)
        if each.effect == Effect.CYCLE or by_itself
        else each.wire_at
        for each in sequence
        if each.wire_at is not None
    )


def _verify(ask: Ask, commands: Sequence[Command], now: datetime) -> int:
    acted = {command: at for command in commands if (at := acted_at(command)) is not None}
    players = telemetry.players_of(acted)
    everybody = (player for group in players.values() for player in group)
    seen = telemetry.look(ask, everybody, now, SECONDS)
    return sum(
        _decide(command, at, _sights(players[command.pk], seen), now)
        for command, at in acted.items()
    )


def _decide(command: Command, acted: datetime, sights: Sequence[Sight], now: datetime) -> bool:
    leaves_off = not leaves_on(each.effect for each in (command, *command.followers.all()))
    finding = Finding.OPEN if leaves_off else evidence.judge(sights, acted, now)
    if finding is Finding.HELPED:
        return _end(command, Event.VERIFY, sights, now)
    if finding is Finding.DID_NOT_HELP:
        return _end(command, Event.REFUTE, sights, now)
    return now >= acted + EVIDENCE and _end(command, Event.EVIDENCE_OVER, sights, now)


def _end(command: Command, event: Event, sights: Sequence[Sight], now: datetime) -> bool:
    counts = (f"{state.value}={sum(each.state is state for each in sights)}" for state in Seen)
    reason = f"players: {' '.join(counts)}"  # story.py has the words for it
    with transaction.atomic(durable=True):
        try:
            journal.move(Command.objects.locked(command.pk), Happening(event, now), reason)
        except NotMoved as error:
            logger.debug("Command %s: no %s: %s", command.pk, event.value, error.obstacle.value)
            return False
    return True


def _sights(players: Sequence[Player], seen: Mapping[int, Sight]) -> list[Sight]:
    return [seen.get(player.pk, Sight(Seen.UNKNOWN)) for player in players]


def lasts(message: Command, command: Command) -> timedelta:
    """Return how long a socket waits after a message of a command before it switches by itself.

    The longer of what the template tells and what the catalogue reads in the text: the time may
    stand there without being a parameter.
    """
    if message.effect not in (Effect.OFF, Effect.CYCLE, Effect.TIMER):
        return timedelta(0)
    model = catalogue.models().get(message.model_key)
    read = timedelta(seconds=model.dark_by(message.text) if model else 0)
    return max(_told(command), read)


def _told(command: Command) -> timedelta:
    """Return the time that the template of a command tells, with the values that it was given."""
    if command.template is None:
        return timedelta(0)
    try:
        return timedelta(seconds=command.template.shape.dark(command.parameters))
    except (KeyError, ValueError, CatalogueError):
        logger.warning("Command %s: its template no longer says how long it lasts.", command.pk)
        return timedelta(0)
