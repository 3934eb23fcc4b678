"""The form of a job: all of its parts, and the definition that they make. It writes nothing.

Each part can be asked for by itself, as pages that go step by step do.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from .definition import Definition
from .definition_checks import Errors
from .form_parts import Data, FieldsPart, Ground, RowsPart, grown
from .forms_of_conditions import ConditionsPart
from .forms_of_hours import HoursPart
from .forms_of_limits import AboutPart, LimitsPart
from .forms_of_rules import RulePart, SchedulePart, TriggerPart
from .forms_of_rungs import RungsPart
from .forms_of_targets import TargetsPart
from .models import Trigger
from .selection import Selection

Part = FieldsPart | RowsPart
PARTS: Mapping[str, type[FieldsPart]] = {
    "targets": TargetsPart,
    "trigger": TriggerPart,
    "rule": RulePart,
    "schedule": SchedulePart,
    "limits": LimitsPart,
    "about": AboutPart,
}
ROWS: Mapping[str, type[RowsPart]] = {
    "conditions": ConditionsPart,
    "rungs": RungsPart,
    "hours": HoursPart,
}
#: Parts that say nothing of a schedule, and of a rule.
_OF_RULES, _OF_SCHEDULES = frozenset({"rule", "conditions"}), frozenset({"schedule"})
#: What a job keeps that its sort of form does not ask for.
_KEPT = ("joined", "hold", "recover", "time_zone")


class JobForm:
    """The parts of one job; without posted fields they show the job as it is."""

    def __init__(self, ground: Ground, data: Data | None = None) -> None:
        self.ground = ground
        self.told: list[str] = []
        posted = None if data is None else grown(data, ROWS)
        self.parts: dict[str, Part] = {
            **{name: part(ground, posted) for name, part in PARTS.items()},
            **{name: part(ground, posted) for name, part in ROWS.items()},
        }

    def __getitem__(self, name: str) -> Part:
        return self.parts[name]

    @property
    def trigger(self) -> Trigger:
        """Return whether it is a rule or a schedule; what is neither is a rule."""
        chosen = self.parts["trigger"]
        assert isinstance(chosen, TriggerPart)  # noqa: S101 (the part of that name)
        text = str(chosen["trigger"].value())
        return Trigger(text) if text in Trigger.values else Trigger.RULE

    @property
    def is_raw(self) -> bool:
        """Tell whether PromQL is asked, and no conditions."""
        rule = self.parts["rule"]
        return isinstance(rule, RulePart) and rule.is_raw

    def counted(self) -> Iterator[Part]:
        """Yield the parts that say something of such a job."""
        for name, part in self.parts.items():
            of_others = _OF_RULES if self.trigger is Trigger.SCHEDULE else _OF_SCHEDULES
            if name not in of_others and not (name == "conditions" and self.is_raw):
                yield part

    def is_valid(self) -> bool:
        """Check every part, so that each says what is wrong with it."""
        wrong = [part for part in self.counted() if not part.is_valid()]
        return not wrong

    def draft(self) -> Definition:
        """Return the definition, as far as it is right; what is not, is as in a new job."""
        told: dict[str, Any] = {"selection": Selection(self.ground.platform.pk)}
        if self.ground.before is not None:
            told |= {name: getattr(self.ground.before, name) for name in _KEPT}
        for part in self.counted():
            told |= part.values()
        told = {name: value for name, value in told.items() if value is not None}
        return Definition(platform=self.ground.platform, **told)

    def tell(self, errors: Errors) -> None:
        """Put what is wrong on the fields of the parts; what has no field, above them all."""
        for part in self.counted():
            part.tell(errors)
        fields = {
            name for part in self.counted() if isinstance(part, FieldsPart) for name in part.fields
        }
        known = fields | {"selection", *ROWS}
        for name, told in errors.items():
            if name.partition(".")[0] not in known:
                self.told += told
        if not self.told and not self.errors:
            self.told.append(_("This cannot be stored: look at each part again."))

    @property
    def errors(self) -> bool:
        """Tell whether anything is said to be wrong on any field."""
        return any(_is_wrong(part) for part in self.counted())

    def disable(self) -> None:
        """Let nobody change what the fields show."""
        for part in self.parts.values():
            for form in [part] if isinstance(part, FieldsPart) else part.forms:
                nested = getattr(form, "parameters", None)
                for each in (form, nested) if nested is not None else (form,):
                    for field in each.fields.values():
                        field.disabled = True


def _is_wrong(part: Part) -> bool:
    if isinstance(part, FieldsPart):
        return bool(part.errors)
    return bool(part.told) or any(form.errors for form in part.kept) or bool(part.non_form_errors())
