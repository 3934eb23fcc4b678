"""Typing players in and taking them out: every write to an exporter's MACs goes through here.

Each call is one transaction under the platform's lock, counts against its players limit, keeps
Player rows in step, bumps the device list's version and leaves an audit line. It parses no text.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from platforms import audit, query_plans
from platforms.audit import Action, Actor
from platforms.models import Platform

from . import mac_rows
from .enrolment_plan import Enrolment, ListChanged, limit_message, plan
from .entries import DETAILS, Entry
from .macs import Good
from .models import Exporter, ExporterMac, Player

BATCH = 5000
MANY = 1000  # rows written at once that change what the database knows of its tables
AUDITED = 1000  # how many addresses one audit line names before it only counts

Result = TypeVar("Result")


class Step(NamedTuple):
    """How far a long write is, in rows."""

    done: int
    total: int


Steps = Generator[Step, None, Result]  # abandoned in the middle, it rolls back
Progress = Callable[[int, int], None]


class Refused(Exception):
    """One address cannot be enrolled; the text says why."""


class LimitReached(Refused):
    """The platform has no room for one more player."""


class AlreadyThere(Refused):
    """The exporter has this MAC."""


@dataclass(frozen=True)
class Withdrawal:
    """What becomes of the addresses that are to be removed."""

    removed: list[str]
    absent: list[str]


def enrolling(
    exporter: Exporter,
    typed: Iterable[Good | Entry],
    actor: Actor,
    *,
    rewritten: Iterable[str] = (),
    clear: bool = False,
    agreed: str | None = None,
) -> Steps[Enrolment]:
    """Do what plan() says; raise ListChanged when that is not the `agreed` digest any more.

    1. Lock the platform, so that two pastes cannot both take its last places.
    2. Plan: new, already there, changed, over the limit.
    3. Revive retired players, insert the others, insert and rewrite MACs; tell the progress.
    4. Bump the list version and write the audit lines.
    """
    with transaction.atomic():
        exporter = locked(exporter)
        outcome = plan(exporter, typed, rewritten, clear)
        if agreed is not None and outcome.digest() != agreed:
            raise ListChanged(outcome)
        now, done, total = timezone.now(), 0, len(outcome.added) + len(outcome.changed)
        for batch in _batches(outcome.added):
            mac_rows.add(exporter, batch, now)
            done += len(batch)
            yield Step(done, total)
        for changes in _batches(outcome.changed):
            mac_rows.rewrite(exporter, [change.after for change in changes])
            done += len(changes)
            yield Step(done, total)
        if total >= query_plans.MANY:
            query_plans.forget()
        if outcome.added:
            _record(exporter, Action.ADDED_MANY, actor, after=_listed(outcome.added))
        if outcome.changed:
            before = _details(change.before for change in outcome.changed)
            after = _details(change.after for change in outcome.changed)
            _record(exporter, Action.CHANGED, actor, before=before, after=after)
        if total:
            exporter.bump()
        look_anew(total)
        return outcome


def withdrawing(exporter: Exporter, macs: Iterable[str], actor: Actor) -> Steps[Withdrawal]:
    """Remove addresses; their players are retired, not deleted, and keep their history."""
    wanted = list(dict.fromkeys(macs))
    with transaction.atomic():
        exporter = locked(exporter)
        there = set(exporter.macs.values_list("mac", flat=True).iterator())
        removed = [mac for mac in wanted if mac in there]
        now, done = timezone.now(), 0
        for batch in _batches(removed):
            mac_rows.remove(exporter, batch, now)
            done += len(batch)
            yield Step(done, len(removed))
        if removed:
            _record(exporter, Action.REMOVED_MANY, actor, before=_listed(removed))
            exporter.bump()
        look_anew(len(removed))
        return Withdrawal(removed=removed, absent=[mac for mac in wanted if mac not in there])


def enrol(
    exporter: Exporter,
    typed: Iterable[Good | Entry],
    actor: Actor,
    progress: Progress = lambda done, total: None,
) -> Enrolment:
    """Add the addresses that are new, as many as the platform has room for."""
    return _finish(enrolling(exporter, typed, actor), progress)


def withdraw(
    exporter: Exporter,
    macs: Iterable[str],
    actor: Actor,
    progress: Progress = lambda done, total: None,
) -> Withdrawal:
    """Remove addresses at once."""
    return _finish(withdrawing(exporter, macs, actor), progress)


def enrol_one(
    exporter: Exporter, mac: str, name: str, ip: str | None, outip: str | None, actor: Actor
) -> ExporterMac:
    """Add one address with its details; raise Refused when it is there or there is no room."""
    with transaction.atomic():
        outcome = enrol(exporter, [Entry(1, mac, name, ip, outip)], actor)
        if outcome.over_limit:
            raise LimitReached(limit_message(outcome.limit))
        if outcome.already:
            raise AlreadyThere(_("This exporter already has this MAC."))
        row: ExporterMac = exporter.macs.select_related("player").get(mac=mac)
        return row


def change(row: ExporterMac, values: Mapping[str, Any], actor: Actor) -> ExporterMac:
    """Change name, ip or outip of one address; the player takes the name."""
    with transaction.atomic():
        exporter = locked(row.exporter)
        current: ExporterMac = ExporterMac.objects.get(pk=row.pk)
        before = audit.snapshot(current)
        for name in DETAILS:
            if name in values:
                setattr(current, name, values[name])
        was, now = audit.difference(before, audit.snapshot(current))
        if now:
            current.save(update_fields=DETAILS)
            Player.objects.filter(pk=current.player_id).update(name=current.name)
            mac_rows.place(exporter, _entry(current))
            exporter.bump()
            _record(current, Action.CHANGED, actor, before=was, after=now)
        return current


def move(row: ExporterMac, target: Exporter, actor: Actor) -> ExporterMac:
    """Give an address to another exporter of its platform; its player goes with it.

    Where the target had the address before, that player takes over and this one retires: each
    keeps its own history. Raise AlreadyThere when the target has the address now.
    """
    if target.platform_id != row.platform_id:
        raise ValueError("an address never leaves its platform")
    with transaction.atomic():
        source, target = locked(row.exporter), locked(target)
        current: ExporterMac = ExporterMac.objects.get(pk=row.pk)
        if target.macs.filter(mac=current.mac).exists():
            raise AlreadyThere(_("This exporter already has this MAC."))
        mover = Player.objects.filter(pk=current.player_id)
        earlier = Player.objects.filter(exporter=target, identity=current.mac).first()
        if earlier is None:
            mover.update(exporter=target)
        else:
            mover.update(retired_at=timezone.now())
            Player.objects.filter(pk=earlier.pk).update(
                retired_at=None, name=current.name, told_ip="", told_outip=""
            )
            mac_rows.place(target, _entry(current))
            current.player = earlier
        current.exporter = target
        current.save(update_fields=["exporter", "player"])
        source.bump()
        target.bump()
        was, now = {"exporter_id": source.pk}, {"exporter_id": target.pk}
        _record(current, Action.CHANGED, actor, before=was, after=now)
        return current


def _entry(row: ExporterMac) -> Entry:
    return Entry(0, row.mac, row.name, row.ip, row.outip)


def discard(exporter: Exporter, actor: Actor) -> None:
    """Delete an exporter with its addresses and players, whose history goes with them."""
    with transaction.atomic():
        exporter = locked(exporter)
        before = {**audit.snapshot(exporter), "macs": exporter.macs.count()}
        _record(exporter, Action.DELETED, actor, before=before)
        mac_rows.erase(exporter)
        exporter.delete()


def look_anew(written: int) -> None:
    """Let the database look at its tables after many rows were written, and committed.

    After the commit, so that two pastes do not wait for each other's end.
    """
    if written >= MANY:
        transaction.on_commit(mac_rows.refresh_statistics, robust=True)


def listed_message() -> str:
    """Return the sentence for who types addresses of an exporter that needs none."""
    return _(
        "This exporter finds its players in the vendor's list: nobody types them. "
        "Add or remove them at the vendor."
    )


def locked(exporter: Exporter) -> Exporter:
    """Lock the exporter's platform, then read the exporter anew.

    Raise Exporter.DoesNotExist when it was deleted in the meantime.
    """
    Platform.objects.locked(exporter.platform_id)
    current: Exporter = Exporter.objects.get(pk=exporter.pk)
    return current


def _finish(steps: Steps[Result], progress: Progress) -> Result:
    while True:
        try:
            progress(*next(steps))
        except StopIteration as end:
            result: Result = end.value
            return result


def _batches(rows: list[Any]) -> Iterator[list[Any]]:
    return (rows[at : at + BATCH] for at in range(0, len(rows), BATCH))


def _record(
    target: Exporter | ExporterMac,
    action: Action,
    actor: Actor,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    platform_id = target.platform_id
    audit.record(actor, action, target, platform_id=platform_id, before=before, after=after)


def _listed(rows: list[Entry] | list[str]) -> dict[str, Any]:
    macs = [row if isinstance(row, str) else row.mac for row in rows[:AUDITED]]
    return {"count": len(rows), "macs": macs}


def _details(entries: Iterable[Entry]) -> dict[str, Any]:
    rows = list(entries)
    named = {row.mac: dict(zip(DETAILS, row[2:], strict=True)) for row in rows[:AUDITED]}
    return {"count": len(rows), "macs": named}
