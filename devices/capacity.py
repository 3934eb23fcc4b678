"""How much a gateway takes: messages a minute, requests at once, and a rest after it failed.

Rows tell, not memory: the limits hold over all workers. What is owed (a dark line) waits for no
minute and no rest; for a free request it waits like everything else.
"""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import transaction
from django.db.models import Count, F, Min, Q, QuerySet
from django.utils.translation import gettext as _

from .gateways.shape import Reason, Sent
from .models import Command, GatewayHealth, HeldReason, SmsGateway
from .states import State

MINUTE: Final = timedelta(minutes=1)
FIRST_REST, LONGEST_REST = timedelta(seconds=5), timedelta(minutes=1)
# The gateway works: it took the message, or answered about this very message.
_WORKS: Final = frozenset({Reason.ACCEPTED, Reason.REPEATED, Reason.DECLINED})
# Found before anybody was asked.
_SAYS_NOTHING: Final = frozenset({Reason.PHONE, Reason.TEXT, Reason.TOO_LONG})


class Wait(NamedTuple):
    """Until when a command waits for its gateway at least, and why, for people."""

    until: datetime | None
    why: str


def busy(now: datetime, but: int | None = None) -> set[int]:
    """Return the gateways that have as many requests open as they take at once, `but` aside."""
    open_now = _open_now(now).filter(gateway__at_once__isnull=False)
    open_now = open_now if but is None else open_now.exclude(pk=but)
    counted = open_now.values("gateway_id").annotate(open=Count("pk"))
    full = counted.filter(open__gte=F("gateway__at_once"))
    return set(full.order_by().values_list("gateway_id", flat=True))


def not_held(commands: "QuerySet[Command]", now: datetime) -> "QuerySet[Command]":
    """Keep the commands whose gateway takes messages now."""
    held = GatewayHealth.objects.filter(held_until__gt=now).values("gateway_id")
    return commands.exclude(gateway_id__in=held)


def admits(command: Command, now: datetime) -> bool:
    """Tell whether the command's gateway takes it now, in the transaction that claims it.

    Its row is locked until then, so that two workers cannot both count the last place as free.
    """
    per_minute, at_once = command.gateway.per_minute, command.gateway.at_once
    if per_minute is None and at_once is None:
        return True
    health = _locked(command.gateway_id)
    claimed = Count("pk", filter=Q(state=State.CLAIMED.value))
    open_now = _open_now(now).filter(gateway=command.gateway_id)
    held = open_now.order_by().aggregate(all=Count("pk"), claimed=claimed)
    if at_once is not None and held["all"] >= at_once:
        return False
    if per_minute is None or command.owed:
        return True
    lately = Command.objects.filter(gateway=command.gateway_id, wire_at__gt=now - MINUTE)
    sent = lately.order_by().aggregate(all=Count("pk"), first=Min("wire_at"))
    if sent["all"] + held["claimed"] < per_minute:
        return True
    # Where all of them are still with workers, nobody knows yet whether they will be sent.
    until = now + FIRST_REST if sent["first"] is None else sent["first"] + MINUTE
    _hold(health, until, HeldReason.MINUTE.value)
    return False


def tells_a_fault(sent: Sent) -> bool:
    """Tell whether the gateway has to rest after this answer, or after none."""
    return sent.reason not in _WORKS and sent.reason not in _SAYS_NOTHING


def note(gateway: SmsGateway, sent: Sent, now: datetime) -> None:
    """Write down how a request ended; a gateway that fails rests, for longer each time."""
    if sent.reason in _SAYS_NOTHING:
        return
    if sent.reason in _WORKS and _still_well(gateway.pk, now):
        return
    with transaction.atomic():
        health = _locked(gateway.pk)
        if sent.reason in _WORKS:
            held = health.held_reason == HeldReason.MINUTE.value
            health.held_until = health.held_until if held else None
            health.held_reason = health.held_reason if held else ""
            health.failing_since, health.failures, health.accepted_at = None, 0, now
            health.save()
            return
        rest = min(FIRST_REST * (1 << min(health.failures, 10)), LONGEST_REST)
        health.failures += 1
        health.failing_since = health.failing_since or now
        _hold(health, now + rest, sent.reason.value)


def wait_of(command: Command, now: datetime) -> Wait | None:
    """Return what a queued command waits for at its gateway; None: for nothing there."""
    if command.state != State.QUEUED.value:
        return None
    health = GatewayHealth.objects.filter(gateway=command.gateway_id).first()
    if health and health.held_until and health.held_until > now and not command.owed:
        return Wait(health.held_until, _("The gateway waits: %(why)s") % {"why": health.why_held})
    # Read a moment ago, it may itself be what the gateway is busy with now.
    if command.gateway_id in busy(now, but=command.pk):
        return Wait(None, _("The gateway is busy with other messages."))
    return None


def _open_now(now: datetime) -> "QuerySet[Command]":
    """Keep what a worker holds; one whose lease is over is at no gateway any more."""
    rows: QuerySet[Command] = Command.objects.under_way().filter(Q(lease_until__gt=now))
    return rows


def _still_well(gateway_id: int, now: datetime) -> bool:
    """Note in one statement what most answers say: it works, as it did before."""
    free = Q(held_until=None, held_reason="") | Q(held_reason=HeldReason.MINUTE.value)
    rows = GatewayHealth.objects.filter(free, gateway_id=gateway_id, failures=0, failing_since=None)
    return rows.update(accepted_at=now) == 1


def _locked(gateway_id: int) -> GatewayHealth:
    rows = GatewayHealth.objects.select_for_update().filter(gateway_id=gateway_id)
    health: GatewayHealth | None = rows.first()
    if health is None:
        GatewayHealth.objects.get_or_create(gateway_id=gateway_id)
        health = rows.get()
    return health


def _hold(health: GatewayHealth, until: datetime, reason: str) -> None:
    health.held_until, health.held_reason = until, reason
    health.save()
