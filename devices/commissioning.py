"""Putting sockets into service: tries of each step, and what their commands and players tell.

Every message goes by `commands.queue`. What a try showed is judged in findings.py and stored once
it is final; a page that looks earlier is told the same by trials.py.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from platforms import audit
from platforms.audit import Action

from . import commands
from .catalogue import CatalogueError
from .findings import Finding, Kind
from .models import CommandTemplate, CommissioningTrial, Device, SmsGateway
from .senders import Sender
from .templates import Danger, Template
from .trials import judged

BATCH = 200
MINUTES = 2  # of darkness, where the model lets one choose: less is not noticed by every vendor
_USUAL = {Kind.REGISTER: "register_admin", Kind.QUERY: "status", Kind.POWER: "power_cycle"}


class Unavailable(Exception):
    """A step that cannot be tried now; the text says why."""


def template_of(device: Device, kind: Kind) -> CommandTemplate | None:
    """Return the command that tries a step on this model, the catalogue's before own ones."""
    rows = CommandTemplate.objects.offered().usable_on(device.platform_id)
    fitting = []
    for row in rows.filter(model=device.model).select_related("model").order_by("pk"):
        try:
            shape = row.shape
        except (KeyError, CatalogueError):
            continue
        if _tries(kind, row.key, shape):
            fitting.append((row.platform_id is not None, row.key != _USUAL[kind], row.pk, row))
    return min(fitting)[-1] if fitting else None


def values_of(
    template: CommandTemplate, device: Device, line: int, minutes: int, gateway: SmsGateway | None
) -> Mapping[str, str]:
    """Return the parameters of a step's command."""
    shape = template.shape
    values = {}
    for each in shape.parameters:
        if each.name in (shape.lines, "line"):
            values[each.name] = str(line)
        elif each.kind == "phone":
            values[each.name] = gateway.phone if gateway is not None else ""
        elif each.unit == "min":
            least, most = each.minimum or 1, each.maximum or minutes
            values[each.name] = str(max(least, min(minutes, most)))
        else:
            values[each.name] = each.default or str(each.minimum or "")
    return values


def begin(
    device: Device,
    kind: Kind,
    sender: Sender,
    now: datetime,
    values: Mapping[str, str],
    line: int | None = None,
) -> CommissioningTrial:
    """Try a step: give its command and remember the try; the same try twice is one.

    Raises Unavailable, and what `commands.queue` raises.
    """
    template = template_of(device, kind)
    if template is None:
        raise Unavailable(_("This model has no command for that: confirm by hand."))
    tries = CommissioningTrial.objects.filter(device=device, trial=kind)
    last = tries.first()
    if last is not None and last.ended_at is None:
        if last.command is not None and not last.command.closed:
            raise Unavailable(_("This is being tried already."))
        _settle([last.pk], now)
    named = f"commissioning:{device.pk}:{kind}:{last.pk if last else 0}"
    key = commands.key_of(device.platform_id, named)
    command = commands.queue(template, device, values, sender, key, now)
    with transaction.atomic():
        given_up = {"ended_at": now, "passed": False, "finding": Finding.GIVEN_UP.value}
        tries.filter(ended_at=None).exclude(command=command).update(**given_up)
        lines = device.lines.filter(number=line) if line is not None else device.lines.none()
        known = tries.filter(command=command).first()
        return known or _keep(device, kind, sender, now, command=command, line=lines.first())


def gateway_of(device: Device) -> SmsGateway | None:
    """Return the gateway whose number the socket has to obey: the one that would send to it."""
    usable = SmsGateway.objects.usable_on(device.platform_id).filter(enabled=True)
    if device.gateway_id is not None:
        usable = usable.filter(pk=device.gateway_id)
    found: SmsGateway | None = usable.order_by(F("platform_id").asc(nulls_last=True), "pk").first()
    return found


def vouch(device: Device, kind: Kind, sender: Sender, now: datetime) -> CommissioningTrial:
    """Take a person's word for a step, with the name of who gave it."""
    with transaction.atomic():
        trial = _keep(
            device,
            kind,
            sender,
            now,
            ended_at=now,
            passed=True,
            finding=Finding.VOUCHED.value,
        )
        tries = CommissioningTrial.objects.filter(device=device, trial=kind, ended_at=None)
        tries.update(ended_at=now, passed=True, finding=Finding.VOUCHED.value)
        audit.record(
            sender.actor,
            Action.CHANGED,
            device,
            platform_id=device.platform_id,
            after={"commissioning": kind.value, "finding": Finding.VOUCHED.value},
        )
        _complete([device.pk], now)
    return trial


def settle(now: datetime) -> int:
    """Store what tries have shown for good; return how many were decided. Idempotent."""
    waiting = CommissioningTrial.objects.filter(ended_at=None).order_by("pk")
    pks = list(waiting.values_list("pk", flat=True))
    return sum(_settle(pks[at : at + BATCH], now) for at in range(0, len(pks), BATCH))


def _settle(pks: Collection[int], now: datetime) -> int:
    rows = CommissioningTrial.objects.filter(pk__in=pks, ended_at=None)
    decided = 0
    for pk, stand in judged(list(rows.select_related("command")), now).items():
        if stand.verdict.passed is None:
            continue
        with transaction.atomic():
            decided += rows.filter(pk=pk).update(
                ended_at=now,
                passed=stand.verdict.passed,
                finding=stand.verdict.finding.value,
            )
            _complete([stand.trial.device_id], now)
    return decided


def _tries(kind: Kind, key: str, shape: Template) -> bool:
    if kind is Kind.REGISTER:
        return key == _USUAL[kind] and shape.danger is not Danger.DESTRUCTIVE
    if kind is Kind.QUERY:
        return shape.reads and not shape.parameters
    return shape.cycles and shape.danger is Danger.POWER


def _keep(
    device: Device, kind: Kind, sender: Sender, now: datetime, **columns: object
) -> CommissioningTrial:
    trial: CommissioningTrial = CommissioningTrial.objects.create(
        platform_id=device.platform_id,
        device=device,
        trial=kind.value,
        phone=device.phone,
        started_at=now,
        author=sender.user,
        author_name=sender.actor.label[:254],
        **columns,
    )
    return trial


def _complete(devices: Collection[int], now: datetime) -> None:
    """Write down which of these sockets have passed every step that their model has."""
    rows: QuerySet[Device] = Device.objects.filter(
        pk__in=devices, commissioned_at=None, retired_at=None
    )
    for device in rows.select_related("model"):
        passed = CommissioningTrial.objects.filter(device=device, phone=device.phone, passed=True)
        done = {Kind(kind) for kind in passed.values_list("trial", flat=True)}
        if passed.filter(trial=Kind.POWER, finding=Finding.CAME_BACK.value).exists():
            done.add(Kind.REGISTER)
        needed = {kind for kind in Kind if template_of(device, kind) is not None} | {Kind.POWER}
        if needed <= done:
            rows.filter(pk=device.pk, phone=device.phone).update(commissioned_at=now)
