"""Typing players in and taking them out: every write to an exporter's MACs goes through here.

Each call is one transaction under the platform's lock, counts against its players limit, keeps
Player rows in step, bumps the device list's version and leaves one audit line. It parses no text.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from platforms import audit
from platforms.audit import Action, Actor
from platforms.models import Platform

from .macs import Good
from .models import Exporter, ExporterMac, Player, PlayerSource

BATCH = 5000
AUDITED_MACS = 1000  # how many addresses one audit line names before it only counts

Progress = Callable[[int, int], None]


class LimitReached(Exception):
    """The platform has no room for one more player; the text says how many it may have."""


@dataclass(frozen=True)
class Enrolment:
    """What became of the addresses that were typed in, in their order."""

    added: list[Good]
    already: list[Good]
    over_limit: list[Good]
    limit: int | None


@dataclass(frozen=True)
class Withdrawal:
    """What became of the addresses that were to be removed."""

    removed: list[str]
    absent: list[str]


def enrol(
    exporter: Exporter,
    typed: Iterable[Good],
    actor: Actor,
    progress: Progress = lambda done, total: None,
) -> Enrolment:
    """Add the addresses that are new, as many as the platform has room for.

    1. Lock the platform, so that two pastes cannot both take its last places.
    2. Split into new, already there and over the limit; repeated ones count once.
    3. Revive retired players, insert the others, insert the MACs; report progress in rows.
    4. Bump the list version and write the audit line.
    """
    with transaction.atomic():
        platform = Platform.objects.locked(exporter.platform_id)
        there = set(exporter.macs.values_list("mac", flat=True))
        new: dict[str, Good] = {}
        already: list[Good] = []
        for line in typed:
            if line.mac in there:
                already.append(line)
            else:
                new.setdefault(line.mac, line)
        room = room_left(platform)
        wanted = list(new.values())
        added = wanted if room is None else wanted[:room]
        _insert(exporter, added, progress)
        if added:
            exporter.bump()
            audit.record(
                actor,
                Action.ADDED_MANY,
                exporter,
                platform_id=platform.pk,
                after=_listed([line.mac for line in added]),
            )
        return Enrolment(
            added=added,
            already=already,
            over_limit=[] if room is None else wanted[room:],
            limit=platform.players_limit,
        )


def enrol_one(
    exporter: Exporter, mac: str, name: str, ip: str | None, outip: str | None, actor: Actor
) -> ExporterMac:
    """Add one address with its typed details; raise LimitReached when there is no room."""
    with transaction.atomic():
        result = enrol(exporter, [Good(1, mac, name)], actor)
        if result.over_limit:
            raise LimitReached(limit_message(result.limit))
        row: ExporterMac = exporter.macs.select_related("player").get(mac=mac)
        if ip or outip:
            ExporterMac.objects.filter(pk=row.pk).update(ip=ip, outip=outip)
            row.ip, row.outip = ip, outip
        return row


def withdraw(
    exporter: Exporter,
    macs: Iterable[str],
    actor: Actor,
    progress: Progress = lambda done, total: None,
) -> Withdrawal:
    """Remove addresses; their players are retired, not deleted, and keep their history."""
    wanted = list(dict.fromkeys(macs))
    with transaction.atomic():
        Platform.objects.locked(exporter.platform_id)
        there = dict(exporter.macs.values_list("mac", "player_id"))
        removed = [mac for mac in wanted if mac in there]
        now, done = timezone.now(), 0
        for batch in _batches(removed):
            exporter.macs.filter(mac__in=batch).delete()
            Player.objects.filter(pk__in=[there[mac] for mac in batch]).update(retired_at=now)
            done += len(batch)
            progress(done, len(removed))
        if removed:
            exporter.bump()
            audit.record(
                actor,
                Action.REMOVED_MANY,
                exporter,
                platform_id=exporter.platform_id,
                before=_listed(removed),
            )
        return Withdrawal(removed=removed, absent=[mac for mac in wanted if mac not in there])


def change(row: ExporterMac, values: Mapping[str, Any], actor: Actor) -> ExporterMac:
    """Change name, ip or outip of one address; the player takes the name."""
    with transaction.atomic():
        locked: ExporterMac = ExporterMac.objects.select_for_update().get(pk=row.pk)
        before = audit.snapshot(locked)
        for field in ("name", "ip", "outip"):
            if field in values:
                setattr(locked, field, values[field])
        was, now = audit.difference(before, audit.snapshot(locked))
        if now:
            locked.save(update_fields=["name", "ip", "outip"])
            Player.objects.filter(pk=locked.player_id).update(name=locked.name)
            locked.exporter.bump()
            audit.record(
                actor,
                Action.CHANGED,
                locked,
                platform_id=locked.platform_id,
                before=was,
                after=now,
            )
        return locked


def room_left(platform: Platform) -> int | None:
    """Return how many players the locked platform may still take; None without a limit."""
    if platform.players_limit is None:
        return None
    return max(0, platform.players_limit - Player.objects.enrolled().filter(platform=platform).count())


def limit_message(limit: int | None) -> str:
    """Return the sentence that a person reads when the limit is reached."""
    return _(
        "The platform may have %(limit)s players and has them all. "
        "Remove some, or ask a superadmin for a higher limit."
    ) % {"limit": limit}


def _insert(exporter: Exporter, lines: list[Good], progress: Progress) -> None:
    done = 0
    for batch in _batches(lines):
        known: dict[str, Player] = {
            player.identity: player
            for player in Player.objects.filter(
                exporter=exporter, identity__in=[line.mac for line in batch]
            )
        }
        for line in batch:
            if line.mac in known:
                known[line.mac].name, known[line.mac].retired_at = line.name, None
        Player.objects.bulk_update(known.values(), ["name", "retired_at"], batch_size=500)
        fresh = [line for line in batch if line.mac not in known]
        for player in Player.objects.bulk_create(
            Player(
                platform_id=exporter.platform_id,
                exporter=exporter,
                identity=line.mac,
                name=line.name,
                source=PlayerSource.TYPED,
            )
            for line in fresh
        ):
            known[player.identity] = player
        ExporterMac.objects.bulk_create(
            ExporterMac(
                platform_id=exporter.platform_id,
                exporter=exporter,
                player=known[line.mac],
                mac=line.mac,
                name=line.name,
            )
            for line in batch
        )
        done += len(batch)
        progress(done, len(lines))


def _batches(rows: list[Any]) -> Iterable[list[Any]]:
    return (rows[at : at + BATCH] for at in range(0, len(rows), BATCH))


def _listed(macs: list[str]) -> dict[str, Any]:
    return {"count": len(macs), "macs": macs[:AUDITED_MACS]}
