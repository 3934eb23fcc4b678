"""A definition as plain values, as JSON has them: ids for rows. Of its secrets nothing is told.

`whole` has them all the same: for keyed digests, and for nothing that is kept or shown.
"""

from dataclasses import asdict
from typing import Any

from platforms.wall_time import clock_time

from . import rung_secrets
from .definition import COLUMNS, Definition, Step


def told(definition: Definition) -> dict[str, Any]:
    """Return a definition as the audit record keeps it: of secrets only that they are set."""
    templates = rung_secrets.templates_of([definition])
    return whole(definition) | {"rungs": [_rung_told(each, templates) for each in definition.rungs]}


def whole(definition: Definition) -> dict[str, Any]:
    """Return all of a definition, its secrets too. It asks the database nothing."""
    values = {name: getattr(definition, name) for name in COLUMNS}
    chosen = definition.selection
    return values | {
        "conditions": [each.as_data() for each in definition.conditions],
        "selection": {
            "whole": chosen.whole,
            "exporters": sorted(chosen.exporters),
            "sites": sorted(chosen.sites),
            "players": sorted(chosen.players),
        },
        "rungs": [asdict(each) for each in definition.rungs],
        "hours": [
            f"{each.weekday} {clock_time(each.opens)}-{clock_time(each.closes)}"
            for each in definition.hours
        ],
    }


def _rung_told(step: Step, templates: rung_secrets.Templates) -> dict[str, Any]:
    shown = rung_secrets.shown(step, templates)
    return asdict(step) | {"parameters": dict.fromkeys(step.parameters, "set") | shown}
