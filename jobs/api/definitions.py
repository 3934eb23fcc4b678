"""The definition of a job as one JSON document: read, checked field by field."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rest_framework import serializers

from devices.api.fields import ValuesField
from exporters.api.fields import IdField
from jobs import rung_secrets
from jobs.conditions import Condition, Function, Operator
from jobs.definition import Definition, Step
from jobs.definition_checks import LONGEST_DESCRIPTION
from jobs.hours import Span
from jobs.models import Action, Joined, Mode, Trigger
from jobs.selection import Selection
from platforms.api import ScopedRelatedField, Strict
from platforms.api.channel_bodies import SeverityField
from platforms.api.fields import TimeOfDay
from platforms.models import Platform
from platforms.notice_kinds import Severity

MOST_PARTS = 100  # of any list; what is too many is said by the check of the definition
MOST_NAMED = 10_000
LARGEST = 2**31 - 1
NO_RUNGS = "None: it only tells people."


class SecondsField(serializers.IntegerField):
    """A number of seconds; the check of the definition says which ones can be."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=LARGEST, **kwargs)


class ConditionBody(Strict):
    """One comparison of a metric with a threshold."""

    metric = serializers.CharField(max_length=200, help_text="Its technical name: see /metrics.")
    function = serializers.ChoiceField(choices=[each.value for each in Function], default="last")
    window = SecondsField(default=0, help_text="Seconds; 0 with last.")
    operator = serializers.ChoiceField(choices=[each.value for each in Operator])
    threshold = serializers.FloatField()


class SelectionBody(Strict):
    """What the job watches: the whole platform, or whatever is named."""

    whole = serializers.BooleanField(default=False)
    exporter_ids = serializers.ListField(child=IdField(), default=list, max_length=MOST_NAMED)
    site_ids = serializers.ListField(child=IdField(), default=list, max_length=MOST_NAMED)
    player_ids = serializers.ListField(child=IdField(), default=list, max_length=MOST_NAMED)


class RungBody(Strict):
    """One step: the restart of the socket's model, or a command."""

    action = serializers.ChoiceField(choices=Action.choices)
    template_id = IdField(default=None, allow_null=True, help_text="With the action template.")
    parameters = ValuesField(required=False, default=dict)
    wait = SecondsField(default=600, help_text="Seconds until the player must be well.")


class HoursBody(Strict):
    """A span of a weekday in which the job may act; 0 is Monday."""

    weekday = serializers.IntegerField(min_value=0, max_value=6)
    opens = TimeOfDay()
    closes = TimeOfDay(help_text="Not later than opens: of the next day.")


def listed(body: type[Strict], **kwargs: Any) -> Any:
    """Return the field of a list of such objects."""
    return body(many=True, max_length=MOST_PARTS, **kwargs)  # type: ignore[call-arg]


class JobChange(Strict):
    """What can change of a job; parts that are given replace the old ones as a whole."""

    own_name = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=160,
        help_text="Empty: the name tells what the job does, and follows its changes.",
    )
    description = serializers.CharField(
        required=False, allow_blank=True, help_text=f"{LONGEST_DESCRIPTION} characters at most."
    )
    trigger = serializers.ChoiceField(choices=Trigger.choices, required=False)
    mode = serializers.ChoiceField(choices=Mode.choices, required=False)
    enabled = serializers.BooleanField(required=False)
    selection = SelectionBody(required=False)
    conditions = listed(ConditionBody, required=False)
    joined = serializers.ChoiceField(choices=Joined.choices, required=False)
    raw = serializers.CharField(
        required=False, allow_blank=True, max_length=1000, help_text="PromQL, for superadmins."
    )
    hold = SecondsField(required=False, help_text="Seconds bad before it fires.")
    recover = SecondsField(required=False, help_text="Seconds good before its episode closes.")
    cron = serializers.CharField(required=False, allow_blank=True, max_length=120)
    time_zone = serializers.CharField(
        required=False, allow_blank=True, max_length=64, help_text="Empty: the platform's."
    )
    rungs = listed(RungBody, required=False, help_text=NO_RUNGS)
    cooldown = SecondsField(required=False)
    attempts = serializers.IntegerField(required=False, min_value=0, max_value=LARGEST)
    boot_grace = SecondsField(required=False)
    approval_time = SecondsField(required=False)
    beside = serializers.BooleanField(
        required=False, help_text="Also while another player of the line is well."
    )
    severity = SeverityField(required=False)
    notify = serializers.BooleanField(required=False)
    hours = listed(HoursBody, required=False)
    revision = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=LARGEST,
        help_text="As you read it: 409 where the job was changed since.",
    )


class JobBody(JobChange):
    """A new job. It begins in the shadow unless another mode is given."""

    platform_id = ScopedRelatedField(queryset=Platform.objects.all())
    selection = SelectionBody()
    conditions = listed(ConditionBody, help_text="None of a schedule, and none beside raw.")
    rungs = listed(RungBody, help_text=NO_RUNGS)
    revision = None  # type: ignore[assignment]  # so that the base's is left out


def new(values: Mapping[str, Any]) -> Definition:
    """Return the definition that a checked body describes."""
    platform: Platform = values["platform_id"]
    blank = Definition(platform=platform, selection=Selection(platform.pk))
    return changed(blank, {name: each for name, each in values.items() if name != "platform_id"})


def changed(old: Definition, values: Mapping[str, Any]) -> Definition:
    """Return a definition with what a checked body gives; secrets that it leaves out stay."""
    wanted = replace(old, **{name: _read(old, name, each) for name, each in values.items()})
    if "rungs" not in values:
        return wanted
    templates = rung_secrets.templates_of([wanted])
    return replace(wanted, rungs=rung_secrets.kept(wanted.rungs, old.rungs, templates))


def _read(old: Definition, name: str, value: Any) -> Any:
    if name == "selection":
        ids = {part: frozenset(value[f"{part[:-1]}_ids"]) for part in _PARTS}
        return Selection(old.platform.pk, value["whole"], **ids)
    if name == "severity":
        return Severity(value)
    if name in _MEMBERS:
        return _MEMBERS[name](value)
    if name in _OF_LISTS:
        return tuple(_OF_LISTS[name](each) for each in value)
    return value


def _condition(value: Mapping[str, Any]) -> Condition:
    return Condition.of_data(value)


def _step(value: Mapping[str, Any]) -> Step:
    return Step(Action(value["action"]), value["template_id"], value["parameters"], value["wait"])


def _span(value: Mapping[str, Any]) -> Span:
    return Span(value["weekday"], value["opens"], value["closes"])


_PARTS = ("exporters", "sites", "players")
_MEMBERS: Mapping[str, Any] = {"trigger": Trigger, "mode": Mode, "joined": Joined}
_OF_LISTS: Mapping[str, Any] = {"conditions": _condition, "rungs": _step, "hours": _span}
