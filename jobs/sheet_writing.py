"""One job as people write it in a file: names instead of ids, times as 5m, one order always.

Secrets are left out, and so is what is empty. It reads nothing but what it is given.
"""

from typing import Any, Final

from platforms.notice_kinds import Severity
from platforms.wall_time import clock_time

from . import rung_secrets
from .conditions import Condition
from .definition import Definition, Step
from .hours import Span
from .models import Action
from .selection import Selection
from .sheet_names import Names
from .sheet_values import duration_written

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: What a file has to say: what is watched and what is done is never assumed.
NEEDED: Final = ("selection", "rungs")


def written(definition: Definition, name: str, names: Names) -> dict[str, Any]:
    """Return a job as plain values, its name first."""
    called = {"name": name} if definition.own_name else {"automatic_name": name}
    values: dict[str, Any] = {
        **called,
        "description": definition.description,
        "trigger": definition.trigger.value,
        "mode": definition.mode.value,
        "enabled": definition.enabled,
        "selection": _selection(definition.selection, names),
        "conditions": [_condition(each) for each in definition.conditions],
        "joined": definition.joined.value,
        "raw": definition.raw,
        "hold": duration_written(definition.hold),
        "recover": duration_written(definition.recover),
        "cron": definition.cron,
        "time_zone": definition.time_zone,
        "rungs": [_rung(each, names) for each in definition.rungs],
        "cooldown": duration_written(definition.cooldown),
        "attempts": definition.attempts,
        "boot_grace": duration_written(definition.boot_grace),
        "approval_time": duration_written(definition.approval_time),
        "beside": definition.beside,
        "severity": Severity(definition.severity).name.lower(),
        "notify": definition.notify,
        "hours": [_span(each) for each in definition.hours],
    }
    return {key: each for key, each in values.items() if each not in ("", []) or key in NEEDED}


def _selection(selection: Selection, names: Names) -> dict[str, Any]:
    told: dict[str, Any] = {"whole": True} if selection.whole else {}
    if selection.exporters:
        told["exporters"] = names.exporters(selection.exporters)
    if selection.sites:
        told["sites"] = names.sites(selection.sites)
    if selection.players:
        told["players"] = names.players(selection.players)
    return told


def _condition(condition: Condition) -> dict[str, Any]:
    told = condition.as_data()
    window = told.pop("window")
    return {**told, "window": duration_written(window)} if window else told


def _rung(step: Step, names: Names) -> dict[str, Any]:
    told: dict[str, Any] = {"action": step.action.value}
    template = names.templates.get(step.template_id or 0)
    if step.action is Action.TEMPLATE and template is not None:
        told |= {"model": template.model.key, "template": template.key}
        if template.platform_id is not None:
            told["own"] = True
        if values := rung_secrets.shown(step, names.templates):
            told["parameters"] = dict(sorted(values.items()))
    return {**told, "wait": duration_written(step.wait)}


def _span(span: Span) -> str:
    return f"{DAYS[span.weekday]} {clock_time(span.opens)}-{clock_time(span.closes)}"
