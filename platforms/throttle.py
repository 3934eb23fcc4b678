"""How often somebody may try a thing. The audit record is the counter: every process sees the same.

It never asks whether an account exists, so that its answer tells nothing about that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address
from itertools import islice
from typing import Any

from django.utils import timezone

from .models import AuditEntry
from .models.audit import Action


@dataclass(frozen=True)
class Throttle:
    """At most ``limit`` acts of one kind within ``window``, among those that share some facts."""

    action: Action
    limit: int
    window: timedelta

    def is_on(self, now: datetime | None = None, **facts: Any) -> bool:
        """Tell whether the limit is reached; facts are lookups of the audit record.

        An IPv6 address stands for its /64: whoever has one address there has all of them.
        """
        since = (now or timezone.now()) - self.window
        lines = AuditEntry.objects.filter(action=self.action, at__gt=since)
        network = network_of(facts.get("address"))
        if network is None:
            return lines.filter(**facts)[: self.limit].count() >= self.limit
        del facts["address"]
        # Compared here: SQLite keeps addresses as text, in which a network is no prefix.
        addresses: Iterable[str] = (
            lines.filter(**facts, address__isnull=False)
            .order_by("-pk")
            .values_list("address", flat=True)
            .iterator()
        )
        same = (address for address in addresses if ip_address(address) in network)
        return len(list(islice(same, self.limit))) >= self.limit


def network_of(address: str | None) -> IPv6Network | None:
    """Return the /64 of an IPv6 address; nothing for IPv4, written as IPv6 too."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return None
    if not isinstance(parsed, IPv6Address) or parsed.ipv4_mapped is not None:
        return None
    return IPv6Network((int(parsed) >> 64 << 64, 64))


# Somebody who forgot is slowed; somebody who guesses gets nowhere.
LOGIN_OF_ONE = Throttle(Action.LOGIN_FAILED, 5, timedelta(minutes=15))
LOGIN_FROM_ONE = Throttle(Action.LOGIN_FAILED, 30, timedelta(minutes=15))
RESET_OF_ONE = Throttle(Action.RESET_ASKED, 3, timedelta(hours=1))
RESET_FROM_ONE = Throttle(Action.RESET_ASKED, 20, timedelta(hours=1))
# Counted per platform: what another platform does must not be felt here.
INVITATION_TO_ONE = Throttle(Action.INVITED, 5, timedelta(hours=1))
INVITATION_BY_ONE = Throttle(Action.INVITED, 100, timedelta(hours=1))
# A worker of the web server waits for the vendor meanwhile.
VENDOR_BY_ONE = Throttle(Action.ASKED_VENDOR, 20, timedelta(minutes=2))
# Each one leaves this machine, and a worker of the web server waits for it.
TEST_BY_ONE = Throttle(Action.TESTED, 10, timedelta(minutes=10))


def login_is_throttled(email: str, address: str | None) -> bool:
    """Tell whether this address has failed too often, with this login or with any."""
    return LOGIN_OF_ONE.is_on(actor=email, address=address) or LOGIN_FROM_ONE.is_on(address=address)


def reset_is_throttled(email: str, address: str | None) -> bool:
    """Tell whether too many resets were asked for this login or from this address."""
    return RESET_OF_ONE.is_on(actor=email) or RESET_FROM_ONE.is_on(address=address)


def invitation_is_throttled(platform_id: int, email: str, inviter_id: int) -> bool:
    """Tell whether the platform wrote to this person, or the inviter to anybody, too often."""
    return INVITATION_TO_ONE.is_on(
        platform_id=platform_id, after__email=email
    ) or INVITATION_BY_ONE.is_on(actor_id=inviter_id)


def question_is_throttled(person_id: int) -> bool:
    """Tell whether the person had vendors asked too often, whatever became of it."""
    return VENDOR_BY_ONE.is_on(actor_id=person_id)


def test_is_throttled(person_id: int) -> bool:
    """Tell whether the person tried channels too often, whatever became of it."""
    return TEST_BY_ONE.is_on(actor_id=person_id)
