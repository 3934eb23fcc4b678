"""Which players a page is about: scope, filters, search and order, as one queryset.

It knows nothing of Prometheus: what only Prometheus can answer arrives as identities.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Case, Q, QuerySet, When

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
    "ip": ("ip_place", "name", "pk"),
    "outip": ("outip_place", "name", "pk"),
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
    def by_place(self) -> str:
        """Return the column of places by which rows are ordered by address, else nothing."""
        name = self.order.removeprefix("-")
        return f"{name}_place" if name in BY_ADDRESS else ""

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


def players(principal: Principal, platform_ids: Collection[int], filters: DeviceFilters) -> Rows:
    """Return the watched players that match everything but the state, in order.

    A whole MAC that is there finds itself alone, by an index: names are not read for it. By state,
    an order that the database does not know, they are here by name.
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
        rows = itself if there else rows.filter(_matching(filters))
    backwards = filters.order.startswith("-")
    if filters.by_place:
        order = ORDERS[filters.order.removeprefix("-")]
        # Last in both directions: those without an address that could be sorted.
        last = Case(When(**{filters.by_place: ""}, then=1), default=0)
        return rows.order_by(last, *(["-" + order[0], *order[1:]] if backwards else order))
    rows = rows.order_by(*ORDERS.get(filters.order.removeprefix("-"), ORDERS["name"]))
    return rows.reverse() if backwards else rows


def with_a_place(rows: Rows, filters: DeviceFilters) -> Rows:
    """Keep the first part of rows ordered by address: by an index alone, which knows no "last"."""
    found: Rows = rows.filter(**{f"{filters.by_place}__gt": ""})
    return found.order_by(
        ("-" if filters.order.startswith("-") else "") + filters.by_place, "name", "pk"
    )


def without_a_place(rows: Rows, filters: DeviceFilters) -> Rows:
    """Keep the second part."""
    found: Rows = rows.filter(**{filters.by_place: ""})
    return found.order_by("name", "pk")


def _matching(filters: DeviceFilters) -> Q:
    text = filters.search.strip()[:LONGEST_SEARCH].replace("\x00", "")
    # Where there is nothing to fold, folding would cost four fifths of the search.
    like = "contains" if text.upper() == text.lower() else "icontains"
    found = Q(**{f"identity__{like}": text}) | Q(**{f"name__{like}": text})
    if _PART_OF_MAC.fullmatch(text):
        digits = re.sub(r"[-:. ]", "", text).upper()
        pairs = ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))
        found |= Q(identity__contains=pairs)
    if filters.address:
        # A sub-query, not a join: most rows have no typed address and need not be joined for it.
        typed = ExporterMac.objects.filter(
            Q(ip__startswith=filters.address, player__told_ip="")
            | Q(outip__startswith=filters.address, player__told_outip="")
        )  # unscoped: of rows that for_user narrows
        found |= Q(pk__in=typed.values("player_id"))
        found |= Q(**{f"told_ip__{like}": filters.address})
        found |= Q(**{f"told_outip__{like}": filters.address})
    return found
