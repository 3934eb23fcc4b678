"""Unites Remosa's rows with what Prometheus sees into what a page shows.

Every door calls `devices_page`, `every_device` or `device_detail`; each costs a fixed number of
queries, whatever the number of rows. None raises because Prometheus is away: then all is Unknown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from platforms.scoping import Principal

from . import census, observations, selection
from .asking import Ask, Outage
from .beginnings import FINEST_STEP, beginnings, look_back
from .description import Device, dated, describe, row_key, watched
from .models import Exporter, Player
from .prometheus import Sample
from .selection import DeviceFilters
from .since import strip
from .verdicts import State, Why

__all__ = [
    "Device",
    "DeviceDetail",
    "DeviceFilters",
    "DevicesPage",
    "State",
    "Why",
    "device_detail",
    "devices_page",
    "every_device",
]

PAGE_SIZE = 50
LARGEST_PAGE = 1000
FEW = 10_000  # so many identities go into a query; more are compared here
MOST_FOUND = 30_000  # ids that are read at once: 40 ms, where a second search takes 100
DAY_SECONDS = 86400
PARTS_OF_A_DAY = 96
RANK = {State.OFFLINE: 0, State.UNKNOWN: 1, State.ONLINE: 2}


@dataclass(frozen=True, slots=True)
class DevicesPage:
    """One page of players. ``outage`` tells why nothing is known at all, ``fault`` in detail.

    ``age``: how many seconds ago the states were read by which the players were chosen or
    ordered, where that is worth telling, else 0. What is shown of each is of now.
    """

    devices: tuple[Device, ...]
    total: int
    page: int
    size: int
    at: datetime
    outage: Why | None = None
    fault: str = ""
    age: int = 0

    @property
    def pages(self) -> int:
        """Return how many pages there are, at least one."""
        return max(1, -(-self.total // self.size))


@dataclass(frozen=True, slots=True)
class DeviceDetail:
    """One player with every sample of it, and its last day in PARTS_OF_A_DAY states."""

    device: Device
    at: datetime
    samples: tuple[Sample, ...]
    day: tuple[str, ...]
    outage: Why | None = None
    fault: str = ""


def devices_page(
    principal: Principal,
    filters: DeviceFilters,
    page: int = 1,
    size: int = PAGE_SIZE,
    now: datetime | None = None,
) -> DevicesPage:
    """Return one page of the players that the principal may see.

    A page beyond the last one is the last one. ``size`` is held within 1 and LARGEST_PAGE.
    """
    now, size, ask = now or timezone.now(), min(max(size, 1), LARGEST_PAGE), Ask()
    chosen = _choose(ask, principal, filters)
    page = min(max(page, 1), max(1, -(-len(chosen) // size)))
    rows = chosen.between((page - 1) * size, page * size)
    devices, outage = describe(ask, rows, now)
    return DevicesPage(
        devices=devices,
        total=len(chosen),
        page=page,
        size=size,
        at=now,
        outage=outage.why if outage else None,
        fault=str(outage.fault) if outage else "",
        age=0 if outage else chosen.age,
    )


def every_device(
    principal: Principal, filters: DeviceFilters, now: datetime | None = None
) -> Iterator[Device]:
    """Yield all matching players in order, without since-when: a few queries a thousand rows."""
    now, ask = now or timezone.now(), Ask()
    chosen = _choose(ask, principal, filters)
    for at in range(0, len(chosen), LARGEST_PAGE):
        rows = chosen.between(at, at + LARGEST_PAGE)
        yield from describe(ask, rows, now, with_since=False)[0]


def device_detail(player: Player, now: datetime | None = None) -> DeviceDetail:
    """Return everything known of one player that the caller has found by its own scope."""
    now, ask = now or timezone.now(), Ask()
    asked, key = [watched(player)], row_key(player)
    (device,), outage = describe(ask, [player], now, with_since=False)
    day = look_back(ask, asked, now.timestamp(), DAY_SECONDS, FINEST_STEP)
    began = beginnings(ask, asked, {key: device.state}, now.timestamp(), day)
    samples = observations.raw_samples(ask, asked)
    points = () if isinstance(day.lines, Outage) else day.lines.get(key, ())
    return DeviceDetail(
        device=dated(device, player, began.get(key)),
        at=now,
        samples=() if isinstance(samples, Outage) else tuple(samples),
        day=strip(points, day.start, DAY_SECONDS / PARTS_OF_A_DAY, PARTS_OF_A_DAY),
        outage=outage.why if outage else None,
        fault=str(outage.fault) if outage else "",
    )


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The players of all pages: as querysets one after the other, or as sorted ids."""

    parts: Sequence[
        tuple[selection.Rows, int]
    ] = ()  # in the database's order, each with its number
    ids: Sequence[int] | None = None
    age: int = 0

    def __len__(self) -> int:
        return sum(number for _rows, number in self.parts) if self.ids is None else len(self.ids)

    def between(self, start: int, end: int) -> list[Player]:
        """Return the players of these places, with all that a page shows of them."""
        # The ids first: a join under the order would read every row of the fleet.
        ids = list(self._ids(start, end)) if self.ids is None else self.ids[start:end]
        found = Player.objects.select_related("platform", "exporter", "site", "mac").in_bulk(ids)
        return [found[pk] for pk in ids if pk in found]

    def _ids(self, start: int, end: int) -> Iterator[int]:
        for rows, number in self.parts:
            if start < number and end > 0:
                yield from rows.values_list("pk", flat=True)[max(start, 0) : end]
            start, end = start - number, end - number


def _choose(ask: Ask, principal: Principal, filters: DeviceFilters) -> _Chosen:
    platform_ids = selection.scope(principal, filters)
    rows = selection.players(principal, platform_ids, filters)
    if filters.asks_for_states:
        return _by_state(ask, rows, platform_ids, filters)
    if filters.search:
        return _found(rows)
    return _by_place(rows, filters) if filters.by_place else _Chosen([(rows, rows.count())])


def _found(rows: selection.Rows) -> _Chosen:
    """Read the ids of players at once: to count and then to read them would search twice."""
    ids = list(rows.values_list("pk", flat=True)[: MOST_FOUND + 1])
    return _Chosen(ids=ids) if len(ids) <= MOST_FOUND else _Chosen([(rows, rows.count())])


def _by_place(rows: selection.Rows, filters: DeviceFilters) -> _Chosen:
    """Order all players by an address: those that have one, then the others."""
    parts = selection.with_a_place(rows, filters), selection.without_a_place(rows, filters)
    return _Chosen([(part, part.count()) for part in parts])


def _by_state(
    ask: Ask, rows: selection.Rows, platform_ids: list[int], filters: DeviceFilters
) -> _Chosen:
    """Choose the rows that have the state, or order all of them by it.

    Only Prometheus knows the states, only the database the order: they are joined here, over
    whole platforms, in memory.
    """
    wanted = filters.state
    asked = [wanted] if wanted in census.VALUES else list(census.VALUES)
    taken = census.take(ask, platform_ids, asked)
    if isinstance(taken, Outage):
        rows = rows if wanted in (None, State.UNKNOWN) else rows.none()
        return _Chosen([(rows, rows.count())])
    if wanted in census.VALUES:
        members = taken.online if wanted is State.ONLINE else taken.offline
        identities = {identity for group in members.values() for identity in group}
        if len(identities) <= FEW:
            rows = rows.filter(identity__in=identities)
    silent = set(
        Exporter.objects.filter(platform_id__in=platform_ids)
        .exclude(enabled=True, platform__active=True)
        .values_list("pk", flat=True)
    )
    found = rows.values_list("pk", "platform_id", "exporter_id", "identity")
    states = [
        (pk, State.UNKNOWN if exporter in silent else taken.state_of(platform, exporter, identity))
        for pk, platform, exporter, identity in found.iterator(chunk_size=FEW)
    ]
    if wanted is None:
        states.sort(key=lambda each: RANK[each[1]], reverse=filters.order.startswith("-"))
    ids = [pk for pk, state in states if wanted in (None, state)]
    return _Chosen(ids=ids, age=census.worth_telling(taken.age))
