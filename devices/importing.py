"""Doing what a plan of importing sockets says: all of it or nothing, under the platform's lock."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from exporters.models import Player
from platforms import audit, query_plans
from platforms.audit import Action, Actor
from platforms.models import Platform

from .import_plan import CHANGEABLE, Plan, PlanChanged, plan
from .import_world import BATCH
from .models import Binding, Device, DeviceLine, DeviceModel
from .socket_sheet import Row, cells_of

NOTHING: Mapping[str, Any] = MappingProxyType({})


def import_sockets(platform: Platform, rows: Sequence[Row], actor: Actor, agreed: str) -> Plan:
    """Do what plan() says; raise PlanChanged where that is not the `agreed` digest any more.

    1. Lock the platform, so that two files cannot both take its last places.
    2. Plan again. 3. Sockets and their lines, changes, bindings; an audit line for each.
    """
    try:
        with transaction.atomic():
            Platform.objects.locked(platform.pk)
            outcome = plan(platform, rows)
            if outcome.digest() != agreed:
                raise PlanChanged(outcome)
            _create(platform, outcome, actor)
            _change(platform, outcome, actor)
            _hang(platform, outcome, actor)
            if len(outcome.created) + len(outcome.hung) >= query_plans.MANY:
                query_plans.forget()
                transaction.on_commit(_look_anew, robust=True)
    except IntegrityError as error:
        # Another platform, which has a lock of its own, took one of the phones just now.
        now = plan(platform, rows)
        if now.digest() == agreed:
            raise
        raise PlanChanged(now) from error
    return outcome


def exported(rows: "QuerySet[Device]", *, with_platform: bool) -> Iterator[list[str]]:
    """Yield the cells of sockets in use, a line for each player; scoped by the caller."""
    hung = Binding.objects.filter(ended_at=None).order_by("line__number", "pk")
    for part in _portions(rows.in_use().order_by("pk")):  # type: ignore[attr-defined]
        lines: dict[int, list[tuple[int, str]]] = {}
        of_part = hung.filter(line__device__in=[device.pk for device in part])
        values = ("line__device_id", "line__number", "player__identity")
        for pk, number, identity in of_part.values_list(*values):
            lines.setdefault(pk, []).append((number, identity))
        for device in part:
            for number, identity in lines.get(device.pk, [(None, "")]):
                whose = [device.platform.name] if with_platform else []
                yield [*whose, *cells_of(_told(device, number, identity))]


def _portions(rows: "QuerySet[Device]") -> Iterator[list[Device]]:
    last = 0
    rows = rows.select_related("model", "site", "platform")
    while part := list(rows.filter(pk__gt=last)[:500]):
        yield part
        last = part[-1].pk


def _told(device: Device, number: int | None, identity: str) -> dict[str, Any]:
    return {
        "name": device.name,
        "phone": device.phone,
        "model": device.model.key,
        "site": device.site.name if device.site else "",
        "line": number,
        "player": identity,
        "notes": device.notes,
        "enabled": device.enabled,
        "reset_only": device.reset_only,
    }


def _create(platform: Platform, outcome: Plan, actor: Actor) -> None:
    models = DeviceModel.objects.in_bulk({new.model_id for new in outcome.created})
    devices = [
        Device(
            platform_id=platform.pk,
            model=models[new.model_id],
            name=new.name,
            phone=new.phone,
            site_id=new.site_id,
            notes=new.notes,
            enabled=new.enabled,
            reset_only=new.reset_only,
        )
        for new in outcome.created
    ]
    Device.objects.bulk_create(devices, batch_size=500)
    DeviceLine.objects.bulk_create(
        (
            DeviceLine(platform_id=platform.pk, device=device, number=number)
            for device in devices
            for number in sorted(device.model.shape.every_line)
        ),
        batch_size=1000,
    )
    _record(platform, actor, Action.CREATED, devices)


def _change(platform: Platform, outcome: Plan, actor: Actor) -> None:
    wanted = {change.pk: change.columns for change in outcome.changed}
    acts = []
    for part in _parts(sorted(wanted)):
        devices = list(Device.objects.filter(pk__in=part).select_for_update().order_by("pk"))
        for device in devices:
            for name, _before, after in wanted[device.pk]:
                setattr(device, name, after)
            before = {name: old for name, old, _new in wanted[device.pk]}
            acts.append((device, before, {name: new for name, _old, new in wanted[device.pk]}))
        Device.objects.bulk_update(devices, CHANGEABLE, batch_size=200)
    audit.record_many(actor, Action.CHANGED, acts, platform_id=platform.pk)


def _hang(platform: Platform, outcome: Plan, actor: Actor) -> None:
    """End what the players hung on, which stays as history, and begin the new bindings."""
    own = DeviceLine.objects.filter(platform=platform, device__retired_at=None)
    lines = {}
    for part in _parts(sorted({each.phone for each in outcome.hung})):
        for line in own.filter(device__phone__in=part).select_related("device"):
            lines[line.device.phone, line.number] = line
    players: dict[int, Player] = {}
    for part in _parts([each.player_id for each in outcome.hung]):
        current = Binding.objects.filter(player__in=part, ended_at=None)
        current.update(ended_at=timezone.now())
        players |= Player.objects.filter(platform=platform).in_bulk(part)
    # With their rows, for the record: to read them anew by joins would take minutes while the
    # database still plans for the tables as they were before.
    bindings = Binding.objects.bulk_create(
        (
            Binding(
                platform_id=platform.pk,
                player=players[each.player_id],
                line=lines[each.phone, each.number],
            )
            for each in outcome.hung
        ),
        batch_size=1000,
    )
    _record(platform, actor, Action.CREATED, bindings)


def _look_anew() -> None:
    """Have PostgreSQL count tables that grew at once; until then it plans for small ones."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE devices_device, devices_deviceline, devices_binding")


def _record(
    platform: Platform, actor: Actor, action: Action, rows: Iterable[Device | Binding]
) -> None:
    acts = ((row, NOTHING, audit.snapshot(row)) for row in rows)
    audit.record_many(actor, action, acts, platform_id=platform.pk)


def _parts(values: list[Any]) -> Iterable[list[Any]]:
    return (values[at : at + BATCH] for at in range(0, len(values), BATCH))
