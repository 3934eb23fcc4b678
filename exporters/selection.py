"""Which players a page is about: scope, filters, search and order, as one queryset.

It knows nothing of Prometheus: what only Prometheus can answer arrives as identities.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from platforms.models import Platform
from platforms.roles import Deed
from platforms.scoping import Principal

from .macs import MacError, normalise
from .models import ExporterMac, Player
from .verdicts import State

Rows = QuerySet[Player, Player]

LONGEST_SEARCH = 200
ORDERS: dict[str, tuple[str, ...]] = {
    "name": ("name", "pk"),
    "identity": ("identity", "pk"),
    "exporter": ("exporter__name", "name", "pk"),
    "platform": ("platform__name", "name", "pk"),
    "site": ("site__name", "name", "pk"),
    "status": ("name", "pk"),
    "ip": ("name", "pk"),
    "outip": ("name", "pk"),
}
BY_ADDRESS = ("ip", "outip")
_PART_OF_MAC = re.compile(r"[0-9a-fA-F]{2}([-:. ]?[0-9a-fA-F]{2})+[-:. ]?[0-9a-fA-F]?")
_PART_OF_IP = re.compile(r"[0-9]{1,3}\.[0-9.]*|[0-9a-fA-F]*:[0-9a-fA-F:.]*")


@dataclass(frozen=True, slots=True)
class DeviceFilters:
    """What a page asks for. ``order`` is a key of ORDERS, with ``-`` in front for descending."""

    platform_id: int | None = None
    exporter_id: int | None = None
    site_id: int | None = None
    state: State | None = None
    search: str = ""
    order: str = "name"

    @property
    def asks_for_states(self) -> bool:
        """Tell whether rows cannot be chosen without the states of all of them."""
        return self.state is not None or self.order.removeprefix("-") == "status"

    @property
    def by_address(self) -> str:
        """Return the address that orders the rows, ``ip`` or ``outip``, else nothing."""
        name = self.order.removeprefix("-")
        return name if name in BY_ADDRESS else ""

    @property
    def mac(self) -> str:
        """Return the search text in normal form where it is a whole MAC, else nothing."""
        try:
            return normalise(self.search)
        except MacError:
            return ""

    @property
    def address(self) -> str:
        """Return the search text where it is part of an IP address, else nothing."""
        text = self.search.strip()
        return text if _PART_OF_IP.fullmatch(text) and not self.mac else ""


def scope(principal: Principal, filters: DeviceFilters) -> list[int]:
    """Return the ids of the platforms that the page is about, never more than may be seen."""
    platforms = Platform.objects.for_user(principal, Deed.SEE)
    if filters.platform_id is not None:
        platforms = platforms.filter(pk=filters.platform_id)
    return sorted(platforms.values_list("pk", flat=True))


def players(
    principal: Principal,
    platform_ids: Collection[int],
    filters: DeviceFilters,
    at_address: Collection[str] = (),
) -> Rows:
    """Return the watched players that match everything but the state, in order.

    ``at_address`` are identities that Prometheus knows under the searched IP address. A whole
    MAC that is there finds itself alone, by an index: names are not read for it. Orders that
    the database does not know, by state and by address, are here by name.
    """
    rows: Rows = Player.objects.enrolled().for_user(principal, Deed.SEE)
    # To who reaches everything the list of all platforms would only hide the index from the order.
    if filters.platform_id is not None or not principal.reaches_every_platform(Deed.SEE):
        rows = rows.filter(platform_id__in=platform_ids)
    if filters.exporter_id is not None:
        rows = rows.filter(exporter_id=filters.exporter_id)
    if filters.site_id is not None:
        rows = rows.filter(site_id=filters.site_id)
    if filters.search.strip():
        itself = rows.filter(identity=filters.mac)
        there = bool(filters.mac) and itself.exists()
        rows = itself if there else rows.filter(_matching(filters, at_address))
    order = ORDERS.get(filters.order.removeprefix("-"), ORDERS["name"])
    rows = rows.order_by(*order)
    backwards = filters.order.startswith("-") and not filters.by_address
    return rows.reverse() if backwards else rows


def _matching(filters: DeviceFilters, at_address: Collection[str]) -> Q:
    text = filters.search.strip()[:LONGEST_SEARCH].replace("\x00", "")
    found = Q(identity__icontains=text) | Q(name__icontains=text)
    if _PART_OF_MAC.fullmatch(text):
        digits = re.sub(r"[-:. ]", "", text).upper()
        pairs = ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))
        found |= Q(identity__contains=pairs)
    if filters.address:
        # A sub-query, not a join: most rows have no typed address and need not be joined for it.
        typed = ExporterMac.objects.filter(
            Q(ip__startswith=filters.address) | Q(outip__startswith=filters.address)
        )  # unscoped: of rows that for_user narrows
        found |= Q(pk__in=typed.values("player_id"))
        if at_address:
            found |= Q(identity__in=at_address)
    return found
