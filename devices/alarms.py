"""What is wrong with gateways, sockets and dark lines now, told and taken back. Sends no command.

`watch` looks at the rows that others keep (a gateway's failures in a row, when a socket was last
heard of, what is owed) and needs no memory of its own: the lasting notices are it.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef

from platforms.models import Notice
from platforms.notifications import announce, end

from .models import Command, Device, GatewayHealth, GatewayInbox, SmsGateway
from .notice_kinds import (
    GATEWAY_BACK,
    GATEWAY_DOWN,
    LINE_DARK,
    LINE_LIT,
    SOCKET_BACK,
    SOCKET_SILENT,
)
from .pace import LIMITS
from .states import State

FAILURES = 3  # sends in a row that a gateway did not take
DEAF = timedelta(minutes=3)  # for so long polls of its inbox failed
DARK = timedelta(minutes=2)  # so much later than it should, an `on` is not out yet
MOST = 1000  # sockets that one call can tell of

_OUT = frozenset({State.ACCEPTED, State.VERIFIED, State.INEFFECTIVE, State.UNRESOLVED})


def watch(now: datetime) -> int:
    """Tell what went wrong and what is well again; return how much of it is news."""
    return watch_lines(now) + watch_gateways(now) + watch_sockets(now)


def watch_gateways(now: datetime) -> int:
    """Tell of gateways that take or tell nothing; the first success takes it back."""
    lasting = _lasting(GATEWAY_DOWN.name)
    faults = _faults(now)
    news = 0
    for gateway in SmsGateway.objects.filter(enabled=True):  # unscoped: the tick sees all
        key = str(gateway.pk)
        fault = faults.get(gateway.pk)
        kind = GATEWAY_BACK if fault is None else GATEWAY_DOWN
        if (key in lasting) is (fault is None):
            news += announce(
                kind.name,
                platform=gateway.platform_id,
                about=gateway,
                facts=fault or {},
                key=key,
                now=now,
            )
        lasting.discard(key)
    for key in lasting:  # taken out of use meanwhile
        end(GATEWAY_DOWN.name, key, now)
    return news


def _faults(now: datetime) -> dict[int, dict[str, object]]:
    """Return what is wrong by gateway: first with its inbox, which sending overrides."""
    deaf = GatewayInbox.objects.filter(failing_since__lte=now - DEAF)
    faults: dict[int, dict[str, object]] = {
        inbox.gateway_id: {"part": "inbox", "since": inbox.failing_since, "reason": inbox.fault}
        for inbox in deaf
    }
    for health in GatewayHealth.objects.filter(failures__gte=FAILURES):
        faults[health.gateway_id] = {
            "part": "sending",
            "since": health.failing_since,
            "reason": health.held_reason,
        }
    return faults


def watch_sockets(now: datetime) -> int:
    """Tell of sockets that answered once, were asked, and have said nothing for days."""
    days: int = settings.SOCKET_SILENT_DAYS
    lasting = _lasting(SOCKET_SILENT.name)
    # A question counts when its answer is overdue.
    asked = Command.objects.filter(
        device=OuterRef("pk"), wire_at__gt=OuterRef("heard_at"), wire_at__lte=now - LIMITS.reply
    ).exclude(state=State.NOT_SENT.value)
    in_use = Device.objects.in_use().filter(enabled=True, heard_at__isnull=False)
    quiet = in_use.filter(heard_at__lte=now - timedelta(days=days))
    news = 0
    fresh = quiet.exclude(pk__in=[int(key) for key in lasting]).filter(Exists(asked))
    for device in fresh.order_by("pk")[:MOST]:
        news += announce(
            SOCKET_SILENT.name,
            platform=device.platform_id,
            about=device,
            facts={"days": days, "heard": device.heard_at},
            key=str(device.pk),
            now=now,
        )
    known = {device.pk: device for device in in_use.filter(pk__in=[int(key) for key in lasting])}
    for key in lasting:
        silent = known.get(int(key))
        if silent is None:
            end(SOCKET_SILENT.name, key, now)  # retired or disabled
        elif silent.heard_at is not None and silent.heard_at > now - timedelta(days=days):
            news += announce(
                SOCKET_BACK.name,
                platform=silent.platform_id,
                about=silent,
                facts={},
                key=key,
                now=now,
            )
    return news


def watch_lines(now: datetime) -> int:
    """Tell of lines that a command switched off and that nothing could switch on again."""
    lasting = _lasting(LINE_DARK.name)
    owed = (
        Command.objects.open()
        .filter(owed=True, previous__wire_at__lte=now - DARK)
        .select_related("device", "previous")
    )
    news, dark = 0, set()
    for command in owed.exclude(state__in=[state.value for state in _OUT]):
        previous = command.previous
        off_at = previous.wire_at if previous is not None else None
        if off_at is None or off_at + command.wait + DARK > now:
            continue
        dark.add(str(command.pk))
        if str(command.pk) not in lasting:
            news += announce(
                LINE_DARK.name,
                platform=command.platform_id,
                about=command.device,
                facts={"since": off_at, "tries": command.tries, "command": command.pk},
                key=str(command.pk),
                now=now,
            )
    over = Command.objects.filter(pk__in=[int(key) for key in lasting - dark])
    for command in over.select_related("device"):
        key = str(command.pk)
        if command.standing in _OUT:
            news += announce(
                LINE_LIT.name,
                platform=command.platform_id,
                about=command.device,
                facts={"command": command.pk},
                key=key,
                now=now,
            )
        elif command.closed:
            end(LINE_DARK.name, key, now)
    return news


def _lasting(kind: str) -> set[str]:
    return set(Notice.objects.lasting().filter(kind=kind).values_list("key", flat=True))
