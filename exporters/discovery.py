"""Keeps the players of exporters whose vendor lists them: new ones come, vanished ones retire.

It writes what changed, as much as the platform has room for, and a bounded number a round. A
player retires only on proof that it is gone: never because Prometheus, Remosa or the vendor was
away. Names follow the vendor.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Q

from platforms import audit, query_plans
from platforms.audit import SYSTEM, Action
from platforms.models import Platform

from . import enrolment, listings, mac_rows
from .asking import Ask, Outage
from .enrolment_plan import room_left
from .kinds import Kind
from .listings import Listing
from .models import Exporter, Player, PlayerSource

logger = logging.getLogger(__name__)

GRACE = timedelta(hours=1)  # for which a device has to be missing from whole lists
MOST_WRITES = 100_000  # rows a round; the others come with the next one
BATCH = 5000  # rows a transaction, which holds the platform's lock
AUDITED = 100  # identities that an audit line names

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did; with an outage, some platforms were left as they were."""

    exporters: int = 0
    added: int = 0
    retired: int = 0
    renamed: int = 0
    over_limit: int = 0
    outage: Outage | None = None

    @property
    def writes(self) -> int:
        """Return how many rows were written for good."""
        return self.added + self.retired + self.renamed

    def __str__(self) -> str:
        text = (
            f"{self.exporters} exporters: {self.added} players added, {self.retired} retired, "
            f"{self.renamed} renamed, {self.over_limit} without room"
        )
        return f"{text}; not all of them: {self.outage.fault}" if self.outage else text


@dataclass(frozen=True, slots=True)
class _Changes:
    """What is to be written of one exporter: identities, or ids of rows."""

    new: list[str]
    renamed: list[str]
    listed_again: list[int]
    missing: list[int]
    gone: list[int]


def discover(now: datetime) -> Round:
    """Go through the exporters whose vendor lists the devices: one query a platform.

    1. Read what is listed, and which players are watched.
    2. Retire those that are gone for longer than the grace; note those that are missing.
    3. Add new ones under the platform's lock; count those that have no room.
    """
    done, ask = Round(), Ask()
    _forget_room()
    for platform_id, group in groupby(_discovering(), attrgetter("platform_id")):
        exporters = list(group)
        found = listings.take(ask, platform_id, {each.pk: each.kind for each in exporters})
        if isinstance(found, Outage):
            done = replace(done, outage=found)
            continue
        for exporter in exporters:
            if exporter.pk in found:
                done = _follow(exporter, found[exporter.pk], now, done)
    return done


def _discovering() -> list[Exporter]:
    rows = Exporter.objects.filter(enabled=True, platform__active=True)
    return [row for row in rows.order_by("platform_id", "pk") if row.discovers]


def _forget_room() -> None:
    """An exporter that polls nothing lacks no room."""
    stale = Exporter.objects.filter(Q(enabled=False) | Q(platform__active=False), over_limit__gt=0)
    stale.update(over_limit=0, over_limit_since=None)


def _follow(exporter: Exporter, listing: Listing, now: datetime, done: Round) -> Round:
    changes = _compare(exporter, listing, now)
    budget = max(0, MOST_WRITES - done.writes)
    try:
        _mark(changes.listed_again[:budget], None)
        _mark(changes.missing[:budget], now)
        retired = sum(
            _retire(exporter, batch, now) for batch in _batches(changes.gone[:budget], BATCH)
        )
        names = {identity: _name(listing.names[identity]) for identity in changes.renamed[:budget]}
        for batch in _batches(list(names), BATCH):
            mac_rows.rename(exporter, {identity: names[identity] for identity in batch})
        added, over_limit = _add(exporter, changes.new, listing, now, budget)
    except Exporter.DoesNotExist:
        return done  # deleted in the middle
    _tell(exporter, over_limit, now)
    return replace(
        done,
        exporters=done.exporters + 1,
        added=done.added + added,
        retired=done.retired + retired,
        renamed=done.renamed + len(names),
        over_limit=done.over_limit + over_limit,
    )


def _compare(exporter: Exporter, listing: Listing, now: datetime) -> _Changes:
    """Say what differs between the list and the rows: one query, and memory for the fleet."""
    changes = _Changes([], [], [], [], [])
    watched = set()
    rows = Player.objects.enrolled().filter(exporter=exporter)
    columns = ("pk", "identity", "name", "source", "unlisted_since", "last_seen")
    for pk, identity, name, source, unlisted_since, last_seen in rows.values_list(
        *columns
    ).iterator():
        watched.add(identity)
        if source != PlayerSource.DISCOVERED:
            continue
        if identity in listing.names:
            if unlisted_since is not None:
                changes.listed_again.append(pk)
            if _name(listing.names[identity]) not in ("", name):
                changes.renamed.append(identity)
        elif listing.proves_absence and listing.last_success is not None:
            if unlisted_since is None:
                changes.missing.append(pk)
            elif unlisted_since <= now - GRACE and listing.last_success > max(
                unlisted_since, last_seen or unlisted_since
            ):
                changes.gone.append(pk)
    kind = exporter.shape
    new = (each for each in listing.names if each not in watched and _is_identity(kind, each))
    # Those of a fleet that is too large are always the same ones.
    changes.new.extend(sorted(new, key=lambda identity: (len(identity), identity)))
    return changes


def _mark(pks: list[int], since: datetime | None) -> None:
    for batch in _batches(pks, BATCH):
        Player.objects.filter(pk__in=batch).update(unlisted_since=since)


def _retire(exporter: Exporter, pks: list[int], now: datetime) -> int:
    """Retire players that are still missing; they keep their history."""
    with transaction.atomic():
        exporter = enrolment.locked(exporter)
        rows = Player.objects.enrolled().filter(
            pk__in=pks, exporter=exporter, unlisted_since__lte=now - GRACE
        )
        identities = list(rows.values_list("identity", flat=True))
        number = rows.update(retired_at=now, unlisted_since=None)
        if number:
            _record(exporter, Action.REMOVED_MANY, before=_listed(identities))
        return number


def _add(
    exporter: Exporter, new: list[str], listing: Listing, now: datetime, budget: int
) -> tuple[int, int]:
    """Add players as long as there is room; return how many, and how many found none."""
    added, waiting, room = 0, len(new), None
    for batch in _batches(new[:budget], BATCH):
        with transaction.atomic():
            current = enrolment.locked(exporter)
            if not current.enabled or not current.discovers:
                return added, 0
            there = Player.objects.enrolled().filter(exporter=current, identity__in=batch)
            known = set(there.values_list("identity", flat=True))
            room = room_left(Platform.objects.get(pk=current.platform_id))
            fitting = [each for each in batch if each not in known][:room]
            if fitting:
                names = {each: _name(listing.names[each]) for each in fitting}
                mac_rows.add_listed(current, names, now)
                if len(new) >= query_plans.MANY:
                    query_plans.forget()
                _record(current, Action.ADDED_MANY, after=_listed(fitting))
        added, waiting = added + len(fitting), waiting - len(fitting) - len(known)
        if room is not None:
            room -= len(fitting)
            if not room:
                break
    enrolment.look_anew(added)
    if new and not budget:
        return 0, exporter.over_limit  # not looked at in this round
    return added, max(0, waiting - room) if room is not None else 0


def _tell(exporter: Exporter, over_limit: int, now: datetime) -> None:
    """Keep how many devices have no room, and log it when it changes."""
    if over_limit == exporter.over_limit:
        return
    since = (exporter.over_limit_since or now) if over_limit else None
    Exporter.objects.filter(pk=exporter.pk).update(over_limit=over_limit, over_limit_since=since)
    if over_limit:
        text = "Exporter %d: %d devices of the vendor are not watched: platform %d is full"
        logger.warning(text, exporter.pk, over_limit, exporter.platform_id)
    else:
        logger.info("Exporter %d: all devices of the vendor are watched again", exporter.pk)


def _is_identity(kind: Kind, text: str) -> bool:
    longest = Player._meta.get_field("identity").max_length or 0
    try:
        return kind.normal_identity(text) == text and len(text) <= longest and "\x00" not in text
    except ValueError:
        return False


def _name(text: str) -> str:
    return text.replace("\x00", "")[: Player._meta.get_field("name").max_length]


def _record(exporter: Exporter, action: Action, **told: Mapping[str, Any]) -> None:
    audit.record(SYSTEM, action, exporter, platform_id=exporter.platform_id, **told)


def _listed(identities: Sequence[str]) -> dict[str, Any]:
    return {"count": len(identities), "identities": list(identities[:AUDITED])}


def _batches(rows: list[T], size: int) -> Iterator[list[T]]:
    return (rows[at : at + size] for at in range(0, len(rows), size))
