"""Keeps in the rows what Prometheus forgets, and what it cannot search or sort by.

That is when a player was seen first and last, its name, its addresses. Reads whole platforms,
writes only rows that changed, and a bounded number a round; leaves a census for the pages. It
creates and retires no player.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.db.models import F, Q

from platforms.models import Platform

from . import addresses, census, mac_rows, observations
from .asking import Ask, Outage
from .mac_rows import KeptAddresses
from .models import Player
from .models.player import PlayerQuerySet
from .observations import Key, Told

COARSE = timedelta(minutes=5)  # how far last_seen may be behind
MOST_WRITES = 20_000  # rows a round; the others come with the next one
MOST_NAMES = 2_000
MOST_MOVES = 20_000
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did; with an outage, how far it came."""

    seen: int = 0
    first: int = 0
    again: int = 0
    named: int = 0
    moved: int = 0
    outage: Outage | None = None

    def __str__(self) -> str:
        text = (
            f"{self.seen} players seen: {self.first} for the first time, "
            f"{self.again} written again, {self.named} named, {self.moved} with another address"
        )
        return f"{text}; stopped: {self.outage.fault}" if self.outage else text


def record(now: datetime, with_names: bool = True) -> Round:
    """Go through all active platforms once: one query each, a second one for what vendors told."""
    ask, seen, first, again, named, moved = Ask(), 0, 0, 0, 0, 0
    for platform_id in Platform.objects.filter(active=True).values_list("pk", flat=True):
        asked_at = time.time()
        found = observations.statuses(ask, [platform_id])
        if isinstance(found, Outage):
            return Round(seen, first, again, named, moved, found)
        census.keep([platform_id], found, asked_at)
        seen += len(found)
        new, old = _note(platform_id, found, now, MOST_WRITES - first - again)
        first, again = first + new, again + old
        told = observations.told(ask, [platform_id])
        if isinstance(told, Outage):
            return Round(seen, first, again, named, moved, told)
        moved += _move(platform_id, told, MOST_MOVES - moved)
        if with_names:
            named += _name(platform_id, told, MOST_NAMES - named)
    return Round(seen, first, again, named, moved)


def _note(platform_id: int, found: Iterable[Key], now: datetime, most: int) -> tuple[int, int]:
    """Write first_seen and last_seen of the players found; the longest unwritten ones first."""
    keys = set(found)
    rows = (
        Player.objects.enrolled()
        .filter(Q(last_seen=None) | Q(last_seen__lte=now - COARSE), platform_id=platform_id)
        .order_by(F("last_seen").asc(nulls_first=True), "pk")
        .values_list("pk", "exporter_id", "identity", "first_seen")
    )
    new: list[int] = []
    old: list[int] = []
    for pk, exporter_id, identity, first_seen in rows:
        if len(new) + len(old) >= most:
            break
        if Key(platform_id, exporter_id, identity) in keys:
            (new if first_seen is None else old).append(pk)
    for batch in _batches(new):
        Player.objects.filter(pk__in=batch).update(first_seen=now, last_seen=now)
    for batch in _batches(old):
        Player.objects.filter(pk__in=batch).update(last_seen=now)
    return len(new), len(old)


def _move(platform_id: int, told: Mapping[Key, Told], most: int) -> int:
    """Let the rows follow the vendors' addresses; one of which nothing is told keeps its last."""
    rows = Player.objects.enrolled().filter(platform_id=platform_id).order_by("pk")
    changed = list(islice(_moved(platform_id, rows, told), most))
    for at in range(0, len(changed), BATCH):
        mac_rows.keep_addresses(changed[at : at + BATCH])
    return len(changed)


def _moved(
    platform_id: int, players: PlayerQuerySet, told: Mapping[Key, Told]
) -> Iterable[KeptAddresses]:
    columns = ("exporter_id", "identity", *KeptAddresses._fields, "mac__ip", "mac__outip")
    for exporter_id, identity, *kept, ip, outip in players.values_list(*columns).iterator():
        before = KeptAddresses(*kept)
        now = told.get(Key(platform_id, exporter_id, identity))
        told_ip, told_outip = (
            (before.told_ip, before.told_outip)
            if now is None
            else (addresses.clipped(now.ip), addresses.clipped(now.outip))
        )
        same = (told_ip, told_outip) == (before.told_ip, before.told_outip)
        if same and before.ip_place and before.outip_place:
            continue
        after = KeptAddresses(
            before.id,
            told_ip,
            told_outip,
            addresses.place(addresses.shown(told_ip, ip)),
            addresses.place(addresses.shown(told_outip, outip)),
        )
        if after != before:
            yield after


def _name(platform_id: int, told: Mapping[Key, Told], most: int) -> int:
    """Let players that nobody named follow the vendor's names, so that they can be found."""
    unnamed = Player.objects.enrolled().filter(platform_id=platform_id, mac__name="")
    if most <= 0 or not unnamed.exists():
        return 0
    rows = unnamed.only("pk", "platform_id", "exporter_id", "identity", "name")
    changed = list(islice(_renamed(rows, told), most))
    Player.objects.bulk_update(changed, ["name"], batch_size=BATCH)
    return len(changed)


def _renamed(players: Iterable[Player], told: Mapping[Key, Told]) -> Iterable[Player]:
    longest = Player._meta.get_field("name").max_length
    for player in players:
        key = Key(player.platform_id, player.exporter_id, player.identity)
        name = told[key].name[:longest].replace("\x00", "") if key in told else ""
        if name and name != player.name:
            player.name = name
            yield player


def _batches(ids: list[int]) -> Iterable[list[int]]:
    return (ids[at : at + BATCH] for at in range(0, len(ids), BATCH))
