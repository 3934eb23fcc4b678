"""The fields of a platform's own template, and how they and its definition become each other.

A template is made of messages and of what the placeholders in their texts stand for: the fields
follow from the texts, so that no parameter can be declared twice or forgotten.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django import forms
from django.utils.translation import gettext as _, gettext_lazy
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from .parameters import MANY, UNITS, Kind
from .states import Effect
from .template_words import EFFECTS, KINDS
from .templates import LONGEST_WAIT

MOST_STEPS = 8
MOST_PARAMETERS = 8
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]{0,62})\}")
_CHOICE = re.compile(r"\s*(-?[0-9]{1,9})\s*[:=]\s*(.*?)\s*(?:\|\s*(.*?)\s*)?")


class Outline(NamedTuple):
    """Which fields a template needs: how many messages, and the names in their texts."""

    steps: int
    parameters: tuple[str, ...]


def outline_of(texts: Sequence[str]) -> Outline:
    """Return what texts need: a field for one message more than there are, and their names."""
    filled = max((at for at, text in enumerate(texts, 1) if text.strip()), default=0)
    names = dict.fromkeys(name for text in texts for name in _PLACEHOLDER.findall(text))
    return Outline(min(filled + 1, MOST_STEPS), tuple(names)[:MOST_PARAMETERS])


def texts_of(definition: Mapping[str, Any] | None) -> list[str]:
    """Return the texts of a definition, in order."""
    if definition is None:
        return []
    steps = definition.get("sequence") or [definition]
    return [str(step.get("code", "")) for step in steps]


def step_fields(outline: Outline) -> dict[str, forms.Field]:
    """Return the fields of the messages."""
    fields: dict[str, forms.Field] = {}
    for number in range(1, outline.steps + 1):
        needed = number == 1
        fields[f"step_{number}_text"] = forms.CharField(
            label=gettext_lazy("Text of the SMS") if needed else gettext_lazy("Then the text"),
            max_length=160,
            required=needed,
            widget=UnfoldAdminTextInputWidget(
                {"placeholder": "#12#0#{minutes}#1#", "spellcheck": "false", "class": "rm-mono"}
            ),
            help_text=gettext_lazy("What is typed in when it is sent stands as {name}.")
            if needed
            else gettext_lazy("Empty: nothing follows."),
        )
        fields[f"step_{number}_effect"] = forms.ChoiceField(
            label=gettext_lazy("What it does"),
            choices=[(each.value, title) for each, title in EFFECTS.items()],
            required=needed,
            widget=UnfoldAdminSelectWidget(),
        )
        if number > 1:
            fields[f"step_{number}_after"] = forms.IntegerField(
                label=gettext_lazy("Seconds after the one before"),
                min_value=0,
                max_value=LONGEST_WAIT,
                required=False,
                widget=UnfoldAdminIntegerFieldWidget(),
            )
    return fields


def parameter_fields(name: str, needed: bool) -> dict[str, forms.Field]:
    """Return the fields of one placeholder; `needed` is False where nobody was asked yet."""

    def text(label: Any, help_text: Any = "", longest: int = 500, need: bool = False) -> Any:
        return forms.CharField(
            label=label,
            help_text=help_text,
            max_length=longest,
            required=need and needed,
            widget=UnfoldAdminTextInputWidget(),
        )

    def number(label: Any) -> forms.IntegerField:
        return forms.IntegerField(
            label=label,
            min_value=-MANY,
            max_value=MANY,
            required=False,
            widget=UnfoldAdminIntegerFieldWidget(),
        )

    own = {
        "kind": forms.ChoiceField(
            label=gettext_lazy("Kind"),
            choices=[(each.value, title) for each, title in KINDS.items()],
            required=needed,
            widget=UnfoldAdminSelectWidget(),
        ),
        "label_en": text(gettext_lazy("Label, English"), need=True),
        "label_ru": text(gettext_lazy("Label, Russian"), need=True),
        "help_en": text(gettext_lazy("Help, English")),
        "help_ru": text(gettext_lazy("Help, Russian")),
        "min": number(gettext_lazy("At least")),
        "max": number(gettext_lazy("At most")),
        "unit": forms.ChoiceField(
            label=gettext_lazy("Unit"),
            choices=[("", "–"), *UNITS.items()],
            required=False,
            widget=UnfoldAdminSelectWidget(),
        ),
        "choices": forms.CharField(
            label=gettext_lazy("Choices"),
            required=False,
            max_length=4000,
            widget=UnfoldAdminTextareaWidget({"rows": 3, "placeholder": "1: heating | нагрев"}),
            help_text=gettext_lazy("One a line: number: English | Russian. Empty: any number."),
        ),
        "default": text(gettext_lazy("What the form begins with"), longest=40),
        "secret": forms.BooleanField(
            label=gettext_lazy("Keep it secret"),
            required=False,
            widget=UnfoldBooleanSwitchWidget(),
            help_text=gettext_lazy("Pages, logs and the audit show dots. Passwords always are."),
        ),
    }
    return {f"p_{name}_{part}": field for part, field in own.items()}


# -- fields to definition and back ----------------------------------------------------------------


def definition_of(values: Mapping[str, Any], outline: Outline, ordered: Any) -> dict[str, Any]:
    """Return the definition that cleaned fields describe. Raises ChoicesError."""
    name = {"en": values["name_en"], "ru": values["name_ru"]}
    told = values.get("help_en") or name["en"], values.get("help_ru") or name["ru"]
    definition: dict[str, Any] = {
        "key": values["key"],
        "name": name,
        "help": {"en": told[0], "ru": told[1]},
        "danger": values["danger"],
        "lines": _lines(values.get("lines", "")),
        "self_restoring": bool(values.get("self_restoring")),
        "dark_seconds": values.get("dark_seconds") or 0,
        "parameters": [_parameter(values, each) for each in outline.parameters],
    }
    steps = list(_steps(values, outline))
    if len(steps) == 1:
        definition |= {"code": steps[0]["code"], "effect": steps[0]["effect"]}
    else:
        definition["sequence"] = steps
    if ordered and set(ordered) <= set(outline.parameters):
        definition["ordered"] = list(ordered)
    return definition


class ChoicesError(ValueError):
    """A line of choices that says no number with its words."""

    def __init__(self, field: str) -> None:
        super().__init__(_("Write each line as 1: heating | нагрев, with at most 60 lines."))
        self.field = field


def initial_of(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the fields of a stored definition begin with."""
    values: dict[str, Any] = {
        "key": definition["key"],
        "danger": definition["danger"],
        "self_restoring": definition.get("self_restoring", False),
        "dark_seconds": definition.get("dark_seconds", 0) or None,
    }
    for part in ("name", "help"):
        values |= {f"{part}_{code}": text for code, text in definition[part].items()}
    lines = definition.get("lines", [])
    values["lines"] = f"{{{lines}}}" if isinstance(lines, str) else ", ".join(map(str, lines))
    for number, step in enumerate(definition.get("sequence") or [definition], 1):
        values[f"step_{number}_text"] = step["code"]
        values[f"step_{number}_effect"] = step["effect"]
        values[f"step_{number}_after"] = step.get("after", 0)
    for each in definition.get("parameters", []):
        name = f"p_{each['name']}_"
        values |= {f"{name}{part}": each.get(part) for part in ("min", "max")}
        values |= {f"{name}{part}": each.get(part, "") for part in ("kind", "unit", "default")}
        values |= {f"{name}label_{code}": text for code, text in each["label"].items()}
        values |= {f"{name}help_{code}": text for code, text in each["help"].items()}
        values[f"{name}secret"] = each.get("secret", False)
        values[f"{name}choices"] = "\n".join(
            f"{choice['value']}: {choice['label']['en']} | {choice['label']['ru']}"
            for choice in each.get("choices", [])
        )
    return values


def _steps(values: Mapping[str, Any], outline: Outline) -> Iterator[dict[str, Any]]:
    for number in range(1, outline.steps + 1):
        code = values.get(f"step_{number}_text", "")
        if not code:
            continue
        step: dict[str, Any] = {
            "code": code,
            "effect": values.get(f"step_{number}_effect") or Effect.CONFIG.value,
        }
        if number > 1:
            step["after"] = values.get(f"step_{number}_after") or 0
        yield step


def _lines(text: str) -> list[int] | str:
    """Read `1, 2` as numbers and `{line}` as the parameter that says it."""
    if found := _PLACEHOLDER.fullmatch(text.strip()):
        return found[1]
    return sorted({int(part) for part in re.findall(r"[0-9]{1,2}", text)})


def _parameter(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    def value(part: str) -> Any:
        return values.get(f"p_{name}_{part}")

    label = {"en": value("label_en"), "ru": value("label_ru")}
    parameter: dict[str, Any] = {
        "name": name,
        "kind": value("kind"),
        "label": label,
        "help": {"en": value("help_en") or label["en"], "ru": value("help_ru") or label["ru"]},
        "secret": bool(value("secret")) or value("kind") == Kind.PIN,
    }
    parameter |= {part: value(part) for part in ("min", "max") if value(part) is not None}
    parameter |= {part: value(part) for part in ("unit", "default") if value(part)}
    if value("choices"):
        parameter["choices"] = list(_choices(f"p_{name}_choices", value("choices")))
    return parameter


def _choices(field: str, text: str) -> Iterator[dict[str, Any]]:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 60:
        raise ChoicesError(field)
    for line in lines:
        found = _CHOICE.fullmatch(line)
        if found is None or not found[2]:
            raise ChoicesError(field)
        label = {"en": found[2], "ru": found[3] or found[2]}
        yield {"value": int(found[1]), "label": label}
