"""Finding out what became of commands in doubt: unknown ones that may have been sent or not.

Four witnesses: what the gateway says, by itself or when asked by the command's key; the socket's
own reply; and the players on its line. A doubt that none of them ends, the reaper ends after the
window. That nothing was sent is believed of a gateway alone, and not at once.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from exporters.asking import Ask, Outage
from platforms.keyring import KeyRingError

from . import evidence, journal, telemetry
from .gateways import DRIVERS
from .gateways.shape import Account, Fate, GatewayError, Report
from .journal import NotMoved
from .models import Command, IncomingSms, SmsGateway
from .moves import Happening
from .pace import LEASE, LIMITS, WIRE
from .replies import Meaning
from .states import Effect, Event, State

logger = logging.getLogger(__name__)

BATCH = 500  # doubts a run
QUESTIONS = 20  # to one gateway a run
SECONDS = 5.0  # after which no further question is put to a gateway in this run
AT_ONCE = 8  # gateways
# A worker that was stopped, or a server that was, may still bring the request to its end: before
# this the absence of a message proves nothing.
OVER = LEASE + WIRE
# And once may be a moment between two of the gateway's own steps.
AGAIN = timedelta(seconds=20)
_Witness = Callable[[Sequence[Command], datetime], Mapping[int, Event]]
_Witnesses = Sequence[tuple[_Witness, object]]  # each with its words for people
_SENT = (Fate.SENT.value, Fate.WAITING.value)
_SWITCHING = (Effect.ON.value, Effect.CYCLE.value)


class _Questions(NamedTuple):
    """What one gateway is asked, away from the database."""

    status: Callable[[Account, str], Fate]
    account: Account
    keys: Sequence[str]


def report(gateway: SmsGateway, reports: Iterable[Report], now: datetime) -> int:
    """Write down what a gateway tells by itself of messages that it was given; return of how many.

    Only that one was sent counts: one that failed may have failed after it was sent. The move is
    made by `reconcile`, since a worker may be sending the command still.
    """
    keys = {key for each in reports if each.fate is Fate.SENT and (key := _key(each.key))}
    told = Command.objects.filter(gateway=gateway, key__in=keys).exclude(fate=Fate.SENT.value)
    return told.update(fate=Fate.SENT.value, fate_at=now)


def reconcile(now: datetime) -> int:
    """Look once for what is known of every command in doubt; return how many doubts ended."""
    return _look(_in_doubt().select_related("gateway"), _WITNESSES, now)


def listen(now: datetime) -> int:
    """End doubts about what would be sent again, where word of it came in; asks nobody."""
    return _look(_in_doubt().filter(owed=True), _HEARD, now)


def _in_doubt() -> "QuerySet[Command]":
    rows: QuerySet[Command] = Command.objects.open().filter(state=State.UNKNOWN.value)
    return rows


def _look(rows: "QuerySet[Command]", witnesses: "_Witnesses", now: datetime) -> int:
    doubts = list(rows.order_by("wire_at", "pk")[:BATCH])
    ended = 0
    for witness, words in witnesses:
        events = witness(doubts, now) if doubts else {}
        ended += sum(_end(pk, event, str(words), now) for pk, event in events.items())
        doubts = [command for command in doubts if command.pk not in events]
    return ended


def _said(doubts: Sequence[Command], now: datetime) -> Mapping[int, Event]:
    """Listen to what gateways told by themselves."""
    return {each.pk: Event.FOUND_SENT for each in doubts if each.fate in _SENT}


def _replied(doubts: Sequence[Command], now: datetime) -> Mapping[int, Event]:
    """Listen to the sockets. A text that nobody understands is no witness."""
    replies = IncomingSms.objects.filter(command__in=doubts).exclude(
        kind__in=("", Meaning.UNKNOWN.value)
    )
    return dict.fromkeys(replies.values_list("command", flat=True), Event.FOUND_SENT)


def _asked(doubts: Sequence[Command], now: datetime) -> Mapping[int, Event]:
    """Ask the gateways that can be asked, all at once: one that hangs holds up no other."""
    by_gateway: dict[SmsGateway, list[str]] = defaultdict(list)
    for command in doubts:
        by_gateway[command.gateway].append(str(command.key))
    questions = [
        found for gateway, keys in by_gateway.items() if (found := _questions(gateway, keys))
    ]
    if not questions:
        return {}
    fates: dict[str, Fate] = {}
    with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(questions))) as threads:
        for answers in threads.map(_put, questions):
            fates |= answers
    asked = [(command, fates[key]) for command in doubts if (key := str(command.key)) in fates]
    return {command.pk: event for command, fate in asked if (event := _judged(command, fate, now))}


def _seen(doubts: Sequence[Command], now: datetime) -> Mapping[int, Event]:
    """Look whether players came back after commands that bring them back."""
    switching = [each for each in doubts if each.effect in _SWITCHING and each.wire_at]
    players = telemetry.players_of(switching)
    everybody = {player.pk: player for group in players.values() for player in group}
    if not everybody:
        return {}
    since = min(each.wire_at for each in switching if each.wire_at is not None)
    seconds = int(min(now - since, 2 * LIMITS.window).total_seconds()) + 1
    points = telemetry.samples(Ask(), list(everybody.values()), seconds)
    if isinstance(points, Outage):
        return {}
    return {
        command.pk: Event.FOUND_SENT
        for command in switching
        if command.wire_at is not None
        and any(
            evidence.came_back(points[player.pk], command.wire_at) for player in players[command.pk]
        )
    }


def _questions(gateway: SmsGateway, keys: Sequence[str]) -> _Questions | None:
    driver = DRIVERS.get(gateway.driver)
    if driver is None or driver.status is None:
        return None
    try:
        return _Questions(driver.status, gateway.account(), keys[:QUESTIONS])
    except KeyRingError:
        logger.warning("Gateway %s cannot be asked: its secrets cannot be read.", gateway.pk)
        return None


def _put(questions: _Questions) -> dict[str, Fate]:
    """Ask one gateway, until it is slow; runs on a thread of its own and touches no row."""
    fates: dict[str, Fate] = {}
    began = time.monotonic()
    for key in questions.keys:
        try:
            fates[key] = questions.status(questions.account, key)
        except GatewayError as error:
            logger.info("A gateway did not say what became of %s: %s.", key, error.reason.value)
        # A fault of one driver must not keep the doubts about all the others. Its text may quote an
        # address with a secret in it: its name alone is logged.
        except Exception as error:  # noqa: BLE001
            logger.error("Asking about %s failed (%s).", key, type(error).__name__)
        if time.monotonic() - began > SECONDS:
            break
    return fates


def _judged(command: Command, fate: Fate, now: datetime) -> Event | None:
    """Write down what the gateway says, and return what it proves.

    What it has, it sends. What it gave up before sending, it never sends: its key is used. What it
    does not have, it may be about to get: only later, and twice, is that a proof.
    """
    if fate.value in _SENT:
        return Event.FOUND_SENT
    over = command.wire_at is not None and now >= command.wire_at + OVER
    if not over:
        return None
    absent_since = command.fate_at if command.fate == Fate.ABSENT.value else None
    if command.fate != fate.value:
        Command.objects.filter(pk=command.pk, state=State.UNKNOWN.value).update(
            fate=fate.value, fate_at=now
        )
    absent = fate is Fate.ABSENT and absent_since is not None and now >= absent_since + AGAIN
    proven = (fate is Fate.FAILED or absent) and not command.owed
    return Event.FOUND_NOT_SENT if proven else None


def _end(pk: int, event: Event, reason: str, now: datetime) -> bool:
    with transaction.atomic(durable=True):
        try:
            journal.move(Command.objects.locked(pk), Happening(event, now), reason)
        except NotMoved as error:
            logger.debug("Command %s: no %s: %s", pk, event.value, error.obstacle.value)
            return False
    return True


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


_HEARD: _Witnesses = (
    (_said, _("The gateway reports that it has it.")),
    (_replied, _("The socket answered it.")),
)
_WITNESSES: _Witnesses = (
    *_HEARD,
    (_asked, _("The gateway was asked.")),
    (_seen, _("A player went off and came back.")),
)
