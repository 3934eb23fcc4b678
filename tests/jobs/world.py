"""Jobs as tests need them: one line each, stored as people's are."""

from typing import Any

from devices import synchronisation
from devices.models import CommandTemplate
from jobs import saving
from jobs.conditions import Condition, Function, Operator
from jobs.definition import Definition
from jobs.models import Job, MonitoringMetric
from jobs.selection import Selection
from platforms.audit import SYSTEM
from platforms.models import Platform

STATUS = "remosa_exporter_cubic_device_status"
OFFLINE = Condition(STATUS, Function.LAST, 0, Operator.EQUAL, 0.0)


def make_metric(name: str = STATUS, kind: str = "cubic", identity: str = "mac") -> MonitoringMetric:
    """Return the row of a metric, made where there is none."""
    row, _is_new = MonitoringMetric.objects.get_or_create(
        name=name, defaults={"kind": kind, "identity": identity}
    )
    found: MonitoringMetric = row
    return found


def defined(platform: Platform, **values: Any) -> Definition:
    """Return a definition that can be stored: offline for five minutes, all players, restart."""
    wanted = {"selection": Selection(platform.pk, whole=True), "conditions": (OFFLINE,)}
    return Definition(platform=platform, **{**wanted, **values})


def make_job(platform: Platform, **values: Any) -> Job:
    """Store a job, as a person would."""
    make_metric()
    return saving.save(defined(platform, **values), SYSTEM)


def secretive(platform: Platform) -> CommandTemplate:
    """Return a platform's own restart, of which the only value is a secret."""
    synchronisation.synchronise()
    shared = CommandTemplate.objects.get(model__key="simpal_d210", key="power_cycle")
    words = {"en": "Own", "ru": "Своя"}
    value = {"name": "minutes", "kind": "integer", "label": words, "help": words, "secret": True}
    row: CommandTemplate = CommandTemplate.objects.create(
        platform=platform,
        model=shared.model,
        key="own_restart",
        for_jobs=True,
        definition={
            "key": "own_restart",
            "name": words,
            "help": words,
            "danger": "power",
            "effect": "cycle",
            "code": "#12#0#{minutes}#1#",
            "lines": [1],
            "parameters": [value],
        },
    )
    return row
