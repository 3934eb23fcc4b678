"""Orders players by the addresses that a page shows of them: the vendor's, else the typed ones.

For few players alone: the database does not know the vendor's, Prometheus knows no order.
"""

from collections.abc import Sequence
from ipaddress import ip_address

from . import observations
from .asking import Ask, Outage
from .models import Player
from .observations import Key, Watched

Order = tuple[int, int]  # version of the protocol, the address as a number


def ordered(ask: Ask, ids: Sequence[int], label: str, backwards: bool) -> list[int]:
    """Sort ids of players by their address, ``ip`` or ``outip``: one query to each side.

    Players without one come last in both directions. Where it is the same they stay in the
    order of the ids. While Prometheus is away the typed addresses count: no others are shown.
    """
    found = Player.objects.filter(pk__in=ids).values_list(
        "pk", "platform_id", "exporter_id", "identity", "exporter__kind", f"mac__{label}"
    )  # unscoped: of players that were reached by for_user
    asked: dict[int, Watched] = {}
    typed: dict[int, str | None] = {}
    for pk, platform, exporter, identity, kind, address in found.iterator():
        asked[pk], typed[pk] = Watched(Key(platform, exporter, identity), kind), address
    told = observations.infos(ask, asked.values())
    infos = {} if isinstance(told, Outage) else told
    places: dict[int, Order] = {}
    for pk, watched in asked.items():
        place = _place(infos.get(watched.key, {}).get(label) or typed[pk])
        if place is not None:
            places[pk] = place
    with_one = sorted((pk for pk in ids if pk in places), key=places.__getitem__, reverse=backwards)
    return [*with_one, *(pk for pk in ids if pk not in places)]


def _place(text: str | None) -> Order | None:
    """Return what an address is sorted by; None for what a vendor writes in the place of one."""
    try:
        address = ip_address((text or "").strip())
    except ValueError:
        return None
    return address.version, int(address)
