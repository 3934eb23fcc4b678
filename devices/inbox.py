"""What gateways receive: asked for or told, identified, stored once. Acts on no meaning.

Two stages with rows at rest between them: stored here, under the lock of the gateway's inbox; read
by `hearing`. A worker that dies in between leaves unread rows, which the next call reads.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from platforms.keyring import KeyRingError

from . import hearing, phones
from .gateways import DRIVERS
from .gateways.shape import GatewayError, Reason, Received
from .inbox_identity import Identified, Occurrences, fingerprint, of_poll, of_webhook
from .models import GatewayInbox, InboxOccurrence, IncomingSms, SmsGateway

logger = logging.getLogger(__name__)

# A poll that takes longer died: the request of a driver has 15 seconds in all.
POLL_LASTS = timedelta(seconds=30)
# Clocks that were never set begin in 1970 or 1980; those that are a zone off are some hours ahead.
_EARLIEST, _AHEAD = datetime(2000, 1, 1, tzinfo=UTC), timedelta(days=1)
Memory = Mapping[str, Occurrences]


class _Turn(NamedTuple):
    """A poll that began: who it is, and what was remembered then."""

    fence: int
    remembered: Memory


def poll(gateway: SmsGateway, clock: Callable[[], datetime] = timezone.now) -> int:
    """Ask a gateway what came in, store what is new, read it; return how many are new.

    Never raises for what a gateway says or does: why it brought nothing stands in the inbox' row
    (`fault`). A gateway without a list is not asked; what its webhook left unread is read.
    """
    driver = DRIVERS.get(gateway.driver)
    told = driver.inbox if driver is not None and gateway.enabled else None
    turn = None if told is None else _begin(gateway, clock())
    if told is None or turn is None:
        hearing.read_waiting(clock(), gateway)
        return 0
    messages: tuple[Received, ...] = ()
    fault: Reason | None = None
    try:
        messages = told(gateway.account())
    except GatewayError as error:
        fault = error.reason
    except KeyRingError:
        fault = Reason.SETTINGS
    try:
        new = _end(gateway, turn, messages, fault, clock())
    except (InterfaceError, OperationalError):
        # Once more, on a new connection: the gateway may never tell of these messages again.
        connection.close()
        new = _end(gateway, turn, messages, fault, clock())
    hearing.read_waiting(clock(), gateway)
    return new


def receive(
    gateway: SmsGateway, received: Iterable[Received], clock: Callable[[], datetime] = timezone.now
) -> int:
    """Store what a gateway told by itself, maybe again and again; return how many are new."""
    now = clock()
    with transaction.atomic():
        inbox = _locked(gateway)
        new = _take_told(inbox, tuple(received), now)
        GatewayInbox.objects.filter(pk=inbox.pk).update(called_at=now)
    hearing.read_waiting(clock(), gateway)
    return new


def _begin(gateway: SmsGateway, now: datetime) -> _Turn | None:
    """Begin a poll; None while another one lasts.

    Not two at once: the list that was written first could be told last, and a text without a time
    that it lacks would count as gone, and as another one with the next poll.
    """
    with transaction.atomic():
        inbox = _locked(gateway)
        if inbox.polling_until is not None and inbox.polling_until > now:
            return None
        fence = inbox.fence + 1
        GatewayInbox.objects.filter(pk=inbox.pk).update(fence=fence, polling_until=now + POLL_LASTS)
        return _Turn(fence, _remembered(inbox, ()))


def _end(
    gateway: SmsGateway,
    turn: _Turn,
    messages: tuple[Received, ...],
    fault: Reason | None,
    now: datetime,
) -> int:
    """Store a poll's answer. One that comes too late is told of as by a webhook: nothing is lost.

    Some gateways list a message once, so that no answer may be thrown away.
    """
    with transaction.atomic():
        inbox = _locked(gateway)
        if inbox.fence != turn.fence:
            return _take_told(inbox, messages, now)
        rows = GatewayInbox.objects.filter(pk=inbox.pk)
        if fault is not None:
            logger.warning("Gateway %s told nothing of its inbox: %s.", gateway.pk, fault.value)
            since = inbox.failing_since or now
            rows.update(polling_until=None, fault=fault.value, failing_since=since)
            return 0
        rows.update(polling_until=None, fault="", failing_since=None, polled_at=now)
        before = _remembered(inbox, messages)
        identified = of_poll(messages, before)
        after = dict(identified.remembered)
        for mark, known in before.items():
            told_since = known.ahead and known != turn.remembered.get(mark)
            # The list was on its way already: that it lacks what the webhook told says nothing.
            if told_since and not after[mark].listed:
                after[mark] = known
        _remember(inbox, before, after)
        return _store(inbox, identified.messages, now)


def _take_told(inbox: GatewayInbox, messages: tuple[Received, ...], now: datetime) -> int:
    before = _remembered(inbox, messages)
    found: list[tuple[str, Received]] = []
    after = before
    for message in messages:
        identified: Identified = of_webhook(message, after)
        found += identified.messages
        after = identified.remembered
    _remember(inbox, before, after)
    return _store(inbox, found, now)


def _locked(gateway: SmsGateway) -> GatewayInbox:
    """Lock the inbox until the transaction ends; on SQLite the transaction is that."""
    pk = GatewayInbox.objects.of(gateway).pk
    inbox: GatewayInbox = GatewayInbox.objects.select_for_update(no_key=True).get(pk=pk)
    return inbox


def _remembered(inbox: GatewayInbox, messages: Iterable[Received]) -> Memory:
    """Return what lasts, and what there was of these messages: the others cannot change."""
    rows = InboxOccurrence.objects.filter(inbox=inbox)
    lasting = rows.filter(listed__gt=0) | rows.filter(ahead__gt=0)
    marks = {fingerprint(each) for each in messages if each.at is None and not each.gateway_id}
    known = [*lasting, *rows.filter(mark__in=marks)] if marks else lasting
    return {row.mark: Occurrences(row.number, row.listed, row.ahead) for row in known}


def _remember(inbox: GatewayInbox, before: Memory, after: Memory) -> None:
    changed = {mark: known for mark, known in after.items() if known != before.get(mark)}
    InboxOccurrence.objects.bulk_create(
        (
            InboxOccurrence(inbox=inbox, mark=mark, **known._asdict())
            for mark, known in changed.items()
        ),
        update_conflicts=True,
        unique_fields=["inbox", "mark"],
        update_fields=["number", "listed", "ahead"],
    )


def _store(inbox: GatewayInbox, identified: Iterable[tuple[str, Received]], now: datetime) -> int:
    """Store what is not there yet, in its order."""
    messages = dict(identified)
    stored = IncomingSms.objects.filter(gateway=inbox.gateway_id, identity__in=messages)
    known = set(stored.values_list("identity", flat=True))
    region = inbox.gateway.region or None
    new = [
        IncomingSms(
            gateway=inbox.gateway,
            identity=identity,
            sender=phones.sender(message.sender, region).text,
            text=message.text,
            sent_at=_believed(message.at, now),
            received_at=now,
            # A clock that is ahead must not make its message the newest for ever.
            moment=min(_believed(message.at, now) or now, now),
        )
        for identity, message in messages.items()
        if identity not in known
    ]
    IncomingSms.objects.bulk_create(new)
    return len(new)


def _believed(at: datetime | None, now: datetime) -> datetime | None:
    """Return a time that can be one; others, up to the year 9999, no page could show."""
    return at if at is not None and _EARLIEST <= at <= now + _AHEAD else None
