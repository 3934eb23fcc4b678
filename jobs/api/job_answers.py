"""Jobs as the API tells them: the whole definition and where it stands."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from rest_framework import serializers

from devices.api.sight import Sight
from jobs import condition_words, definition as definitions, rung_secrets
from jobs.conditions import Condition
from jobs.definition import Definition
from jobs.hours import Span
from jobs.models import Action, Job, Joined, Mode, Trigger
from platforms.api.channel_bodies import SEVERITY_CHOICES
from platforms.api.fields import TimeOfDay
from platforms.notice_kinds import Severity


@dataclass(frozen=True)
class Told:
    """A job with its definition; the values of its rungs are those that the caller may read."""

    job: Job
    definition: Definition
    rungs: list[dict[str, Any]]

    @property
    def selection(self) -> dict[str, Any]:
        """Return what it names, in one order always."""
        chosen = self.definition.selection
        return {
            "whole": chosen.whole,
            "exporter_ids": sorted(chosen.exporters),
            "site_ids": sorted(chosen.sites),
            "player_ids": sorted(chosen.players),
        }

    @property
    def severity_word(self) -> str:
        """Return the severity as a word."""
        return Severity(self.definition.severity).name.lower()


def told_of(jobs: Collection[Job], sight: Sight) -> list[Told]:
    """Return jobs with their definitions: five queries, however many jobs."""
    found = definitions.of_many(jobs)
    templates = rung_secrets.templates_of(found)

    def rungs(job: Job, definition: Definition) -> list[dict[str, Any]]:
        return [
            {
                "action": step.action.value,
                "template_id": step.template_id,
                "parameters": sight.values(job.platform_id, rung_secrets.shown(step, templates)),
                "wait": step.wait,
            }
            for step in definition.rungs
        ]

    return [
        Told(job, definition, rungs(job, definition))
        for job, definition in zip(jobs, found, strict=True)
    ]


class ConditionAnswer(serializers.Serializer[Condition]):
    """One comparison, and how it reads."""

    metric = serializers.CharField()
    function = serializers.CharField(source="function.value")
    window = serializers.IntegerField()
    operator = serializers.CharField(source="operator.value")
    threshold = serializers.FloatField()
    words = serializers.SerializerMethodField(help_text="In the language of the caller.")

    def get_words(self, condition: Condition) -> str:
        """Return the condition as people read it."""
        return condition_words.sentence(condition)


class SelectionAnswer(serializers.Serializer[Any]):
    """What the job watches."""

    whole = serializers.BooleanField()
    exporter_ids = serializers.ListField(child=serializers.IntegerField())
    site_ids = serializers.ListField(child=serializers.IntegerField())
    player_ids = serializers.ListField(child=serializers.IntegerField())


class RungAnswer(serializers.Serializer[Any]):
    """One step; values that are secret are left out."""

    action = serializers.ChoiceField(choices=Action.choices)
    template_id = serializers.IntegerField(allow_null=True)
    parameters = serializers.DictField(child=serializers.CharField())
    wait = serializers.IntegerField()


class HoursAnswer(serializers.Serializer[Span]):
    """A span of a weekday; 0 is Monday."""

    weekday = serializers.IntegerField()
    opens = TimeOfDay()
    closes = TimeOfDay()


class JobAnswer(serializers.Serializer[Told]):
    """A job: what people decided about it, and where it stands."""

    id = serializers.IntegerField(source="job.pk")
    platform_id = serializers.IntegerField(source="job.platform_id")
    name = serializers.CharField(source="job", help_text="In the language of the caller.")
    own_name = serializers.CharField(source="definition.own_name")
    description = serializers.CharField(source="definition.description")
    trigger = serializers.ChoiceField(choices=Trigger.choices, source="definition.trigger.value")
    mode = serializers.ChoiceField(choices=Mode.choices, source="definition.mode.value")
    enabled = serializers.BooleanField(source="definition.enabled")
    selection = SelectionAnswer()
    conditions = ConditionAnswer(many=True, source="definition.conditions")
    joined = serializers.ChoiceField(choices=Joined.choices, source="definition.joined.value")
    raw = serializers.CharField(source="definition.raw")
    hold = serializers.IntegerField(source="definition.hold")
    recover = serializers.IntegerField(source="definition.recover")
    cron = serializers.CharField(source="definition.cron")
    time_zone = serializers.CharField(source="definition.time_zone")
    rungs = RungAnswer(many=True)
    cooldown = serializers.IntegerField(source="definition.cooldown")
    attempts = serializers.IntegerField(source="definition.attempts")
    boot_grace = serializers.IntegerField(source="definition.boot_grace")
    approval_time = serializers.IntegerField(source="definition.approval_time")
    beside = serializers.BooleanField(source="definition.beside")
    severity = serializers.ChoiceField(choices=SEVERITY_CHOICES, source="severity_word")
    notify = serializers.BooleanField(source="definition.notify")
    hours = HoursAnswer(many=True, source="definition.hours")
    version = serializers.IntegerField(
        source="job.version", help_text="Grows with each change of what it decides on."
    )
    revision = serializers.IntegerField(
        source="job.revision", help_text="Grows with each change of any kind."
    )
    changed_at = serializers.DateTimeField(source="job.changed_at")
    created_at = serializers.DateTimeField(source="job.created_at")
    removed_at = serializers.DateTimeField(source="job.removed_at", allow_null=True)
    due_at = serializers.DateTimeField(
        source="job.due_at", allow_null=True, help_text="The next run of a schedule."
    )
    missed_runs = serializers.IntegerField(source="job.missed_runs")
    figures = serializers.DictField(
        source="job.figures",
        child=serializers.IntegerField(),
        help_text="Players by state, as they were last judged.",
    )
