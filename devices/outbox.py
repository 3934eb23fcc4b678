"""The road of one command: claim, intend, put on the wire, record. The row is the queue.

Between two stages anything may die; what is stored then says what is still to be done. No stage
holds a transaction while a gateway is asked.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from platforms import audit
from platforms.audit import SYSTEM, Action

from . import capacity, durability, gates, journal, ledger
from .gateways.shape import Outcome, Outgoing, Sent
from .journal import NotMoved
from .models import Command, SmsGateway
from .moves import Happening
from .pace import LIMITS, TTL, pause_before
from .states import Event, Obstacle, State

logger = logging.getLogger(__name__)

Send = Callable[[SmsGateway, Outgoing], Sent]
Clock = Callable[[], datetime]
_EVENTS = {
    Outcome.ACCEPTED: Event.ACCEPT,
    Outcome.REJECTED: Event.REJECT,
    Outcome.UNKNOWN: Event.LOSE,
}


class Claim(NamedTuple):
    """A command that this worker has, for as long as nobody has a higher fence."""

    pk: int
    fence: int


class Intent(NamedTuple):
    """What was promised to be sent, and when; it is stored. `command` is its row as it is then."""

    gateway: SmsGateway
    outgoing: Outgoing
    at: datetime
    command: Command | None = None


def turn(send: Send, clock: Clock = timezone.now) -> bool:
    """Take one command all the way; return whether there was one."""
    durability.demand(connection)
    claimed = claim(clock())
    if claimed is None:
        return False
    intent = intend(claimed, clock())
    if intent is not None:
        sent = wire(intent, send, clock)
        record(claimed, sent, clock(), intent.command)
    return True


def has_waiting(now: datetime) -> bool:
    """Tell whether there is a command that could go out now.

    What a busy gateway keeps waiting is found by whoever asks it: nobody else looks meanwhile.
    """
    free = _queue(now).exclude(gateway_id__in=capacity.busy(now))
    return capacity.not_held(free, now).exists() or free.filter(owed=True).exists()


def claim(now: datetime) -> Claim | None:
    """Take the command whose turn it is, what is owed first; None when there is none."""
    full: set[int] = set()
    refused: Counter[int] = Counter()
    while (found := _claim(now, full)) is not None:
        if isinstance(found, Claim):
            return found
        refused[found] += 1
        # Counted anew, and not before one was full: it may be free again, and whoever freed it
        # may have looked while we held its command. Who refuses twice is not asked a third time.
        full = capacity.busy(now) | {pk for pk, times in refused.items() if times > 1}
    return None


def _claim(now: datetime, full: set[int]) -> Claim | int | None:
    """Take the first command, or return the gateway that does not take it now.

    A transaction each: who held one gateway's row and asked for another's would meet, crosswise,
    with somebody who came the other way round.
    """
    with transaction.atomic(durable=True):
        command = _first(now, full)
        if command is None:
            return None
        own, another = command.gateway, _another_gateway(command)
        command.gateway = another or own
        if not capacity.admits(command, now):
            return own.pk
        reason = f"another_gateway: {another}" if another else ""
        try:
            journal.move(command, Happening(Event.CLAIM, now), reason, gateway=command.gateway)
        except NotMoved:
            return None
        if another is not None:
            before, after = {"gateway": str(own)}, {"gateway": str(another), "reason": "disabled"}
            _tell(command, before, after)
        return Claim(command.pk, command.fence)


def _another_gateway(command: Command) -> SmsGateway | None:
    """Return another gateway for an `on` that is owed and that a disabled one did not take.

    Its own is tried first, disabled or not: the socket knows its number. So for the same reason
    the others in this order: one of the same number, the socket's own of now, the platform's.
    """
    own = command.gateway
    if own.enabled or not command.owed or not command.tries:
        return None
    usable = SmsGateway.objects.usable_on(command.platform_id).filter(enabled=True)
    rows = list(usable.order_by(F("platform_id").asc(nulls_last=True), "pk"))
    rows.sort(key=lambda row: row.pk != command.device.gateway_id)
    rows.sort(key=lambda row: not own.phone or row.phone != own.phone)
    return rows[0] if rows else None


def _tell(command: Command, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    platform = command.platform_id
    audit.record(SYSTEM, Action.CHANGED, command, platform_id=platform, before=before, after=after)


def _first(now: datetime, full: set[int]) -> Command | None:
    """Lock the command whose turn it is: what is owed waits for no gateway's rest."""
    queues = [capacity.not_held(_queue(now), now)]
    if Command.objects.open().filter(owed=True, state=State.QUEUED.value).exists():
        queues.insert(0, _queue(now).filter(owed=True))
    for queue in queues:
        # On SQLite the transaction began IMMEDIATE: nobody else writes until it ends.
        rows = queue.select_related("gateway").exclude(gateway_id__in=full)
        command: Command | None = rows.select_for_update(skip_locked=True, of=("self",)).first()
        if command is not None:
            return command
    return None


def intend(claimed: Claim, now: datetime) -> Intent | None:
    """Check everything once more, pay, and store that it goes out; None: it does not.

    The transaction ends, durably, before anything leaves this machine.
    """
    durability.demand(connection)
    with transaction.atomic(durable=True):
        # What gates and payment ask for comes along in the one query.
        rows = Command.objects.with_company()
        rows = rows.select_related("device__model", "gateway", "platform")
        command: Command = rows.locked(claimed.pk)
        if command.state != State.CLAIMED.value or command.fence != claimed.fence:
            return None
        try:
            shut = gates.first_shut(command, now) or _pay_and_intend(command, claimed, now)
        except NotMoved as error:
            logger.info("Command %s is not sent: %s.", command.pk, error.obstacle.value)
            return None
        if shut is not None:
            _turn_away(command, claimed, shut, now)
            return None
        outgoing = Outgoing(
            key=str(command.key),
            phone=command.phone,
            text=command.wire_text(),
            ttl=int(TTL.total_seconds()),
        )
        return Intent(command.gateway, outgoing, now, command)


def wire(intent: Intent, send: Send, clock: Clock = timezone.now) -> Sent | None:
    """Put it on the wire, once; None: it came too late for that, and nothing was sent."""
    if clock() > intent.at + LIMITS.freshness:
        return None
    return send(intent.gateway, intent.outgoing)


def record(
    claimed: Claim, sent: Sent | None, now: datetime, command: Command | None = None
) -> bool:
    """Store what the gateway said; False: another worker has the command now.

    Where the lease was over in the meantime, what is known all the same ends the doubt. `command`
    is the row of the intent: where nothing happened to it since, it need not be read again.
    """
    event = Event.STALE if sent is None else _EVENTS[sent.outcome]
    reason = "" if sent is None else sent.reason.value
    columns = {"gateway_reference": sent.gateway_id[:128]} if sent and sent.gateway_id else {}
    with transaction.atomic(durable=True):
        if command is not None and event is Event.ACCEPT:
            with suppress(NotMoved):
                journal.move(command, Happening(event, now, claimed.fence), reason, **columns)
                return True
        command = Command.objects.locked(claimed.pk)
        if command.state == State.UNKNOWN.value:
            found = _found(command, event)
            if found is None:
                return False
            event = found
        try:
            journal.move(command, Happening(event, now, claimed.fence), reason, **columns)
            if event is Event.REJECT and sent and sent.permanent and not command.owed:
                journal.move(command, Happening(Event.GIVE_UP, now, permanent=True), reason)
        except NotMoved as error:
            logger.warning(
                "Command %s: %s came late: %s", command.pk, event.value, error.obstacle.value
            )
            return False
    return True


def _queue(now: datetime) -> "QuerySet[Command]":
    in_time = Q(expires_at=None) | Q(expires_at__gt=now) | Q(owed=True)
    due = Q(not_before=None) | Q(not_before__lte=now)
    # What follows an `off` waits until that went out, and never overtakes it on its way.
    follows = Q(previous__wire_at__isnull=False) & ~Q(previous__state=State.SENDING.value)
    first = Q(previous=None)
    rows: QuerySet[Command] = Command.objects.open().filter(
        in_time, due, first | follows, state=State.QUEUED.value
    )
    return rows.order_by("pk")


def _pay_and_intend(command: Command, claimed: Claim, now: datetime) -> gates.Gate | None:
    """Pay and move together, or neither; return the gate that was shut only now."""
    try:
        with transaction.atomic():
            paid = _pay(command, now)
            journal.move(command, Happening(Event.INTEND, now, claimed.fence), **paid)
    except ledger.BudgetSpent as error:
        ledger.warn_of_refusal(command.platform, now, by_job=command.by_job)
        return gates.Gate("budget", str(error))
    except IntegrityError as error:
        # The database's own gate: whoever switched the line did it after ours was passed.
        logger.warning("Command %s is refused by the database: %s", command.pk, error)
        return gates.Gate("cooldown", _("The line was switched a short time ago."))
    return None


def _pay(command: Command, now: datetime) -> Mapping[str, Any]:
    """Pay for this message, and keep what the rest of its sequence will cost.

    Returns the columns that say so of this message, for the move that it is paid for.
    """
    if command.kept_segments and command.budget_day is not None:
        ledger.commit(command.platform_id, command.budget_day, command.kept_segments)
        return {"kept_segments": 0}
    behind = Command.objects.open().filter(head=command.pk)
    followers = list(behind) if command.is_followed else []
    kept = sum(follower.segments for follower in followers)
    overdrawn = False
    try:
        day = ledger.reserve(
            command.platform, now, used=command.segments, kept=kept, by_job=command.by_job
        )
    except ledger.BudgetSpent:
        if not command.owed:
            raise
        day, overdrawn = ledger.overdraw(command.platform, now, command.segments), True
    for follower in followers:
        Command.objects.filter(pk=follower.pk).update(
            kept_segments=follower.segments, budget_day=day
        )
    return {"budget_day": day, "overdrawn": overdrawn}


def _turn_away(command: Command, claimed: Claim, shut: gates.Gate, now: datetime) -> None:
    """End it with the reason; a shut gate never answers later for a wish of now."""
    reason = f"{shut.name}: {shut.why}"
    try:
        journal.move(command, Happening(Event.REFUSE, now, claimed.fence), reason)
    except NotMoved as error:
        if error.obstacle is not Obstacle.OWED:
            raise
        later = now + pause_before(command.tries)
        happening = Happening(Event.POSTPONE, now, claimed.fence)
        journal.move(command, happening, reason, not_before=later)


def _found(command: Command, event: Event) -> Event | None:
    """Return what a late answer means for a command in doubt; None: nothing new."""
    if event is Event.ACCEPT:
        return Event.FOUND_SENT
    if event is Event.LOSE:
        return None
    return Event.RESEND if command.owed else Event.FOUND_NOT_SENT
