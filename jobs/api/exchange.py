"""``/jobs/export``, ``/jobs/plan``, ``/jobs/apply``: jobs as YAML, with a plan before any deed."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from exporters.api.fields import IdField
from jobs import exchange, yaml_lines
from jobs.exchange import PlanChanged, PlanRefused
from jobs.exchange_plan import Difference, Entry, Fate, Plan, plan
from jobs.models import Job
from jobs.sheet_values import Problem
from jobs.yaml_lines import YamlRefused
from platforms import audit
from platforms.api import ApiView, Conflict, ErrorAnswer, Query, ScopedRelatedField, Strict
from platforms.api.schema import ERRORS
from platforms.audit import Action
from platforms.authentication import actor_of, principal_of
from platforms.models import Platform
from platforms.roles import Deed

# What fails answers as everywhere, whatever the answer would have been.
ERRORS_IN_JSON = {(int(code), "application/json"): ErrorAnswer for code in ERRORS}
FILE = {
    "type": "object",
    "properties": {
        "version": {"type": "integer", "enum": [1]},
        "jobs": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["version", "jobs"],
}
FATES = [(each.value, each.value) for each in Fate]


class ExportQuery(Query):
    """Whose jobs, and which of them."""

    platform_id = IdField()
    job_id = IdField(required=False, help_text="One job alone.")


class PlanBody(Strict):
    """A file of jobs for a platform."""

    platform_id = ScopedRelatedField(queryset=Platform.objects.all())
    yaml = serializers.CharField(max_length=yaml_lines.LONGEST, trim_whitespace=False)


class ApplyBody(PlanBody):
    """A file whose plan was seen."""

    digest = serializers.CharField(max_length=64, help_text="Of the plan that shall be done.")
    skip_refused = serializers.BooleanField(
        default=False, help_text="Do the others where some cannot be stored."
    )


class DifferenceAnswer(serializers.Serializer[Difference]):
    """What changes of a job, as a file has it; null where it says nothing."""

    field = serializers.CharField()
    before = serializers.SerializerMethodField()
    after = serializers.SerializerMethodField()

    @extend_schema_field(OpenApiTypes.ANY)
    def get_before(self, difference: Difference) -> Any:
        """Return what stands there."""
        return difference.before

    @extend_schema_field(OpenApiTypes.ANY)
    def get_after(self, difference: Difference) -> Any:
        """Return what shall stand there."""
        return difference.after


class ProblemAnswer(serializers.Serializer[Problem]):
    """What is wrong on a line."""

    line = serializers.IntegerField()
    field = serializers.CharField(allow_blank=True)
    message = serializers.CharField(source="why")


class EntryAnswer(serializers.Serializer[Entry]):
    """What becomes of one job of the file."""

    line = serializers.IntegerField(help_text="On which it begins.")
    name = serializers.CharField(allow_blank=True)
    fate = serializers.ChoiceField(choices=FATES)
    job_id = serializers.IntegerField(
        source="job.pk", allow_null=True, default=None, help_text="Null: a new one."
    )
    differences = DifferenceAnswer(many=True)
    problems = ProblemAnswer(many=True)


class PlanAnswer(serializers.Serializer[Any]):
    """What becomes of the whole file."""

    digest = serializers.CharField(source="agreed")
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="Jobs by fate.")
    jobs = EntryAnswer(many=True, source="entries")


class YamlText(BaseRenderer):
    """A file of jobs as it is."""

    media_type = "application/yaml"
    format = "yaml"
    charset = "utf-8"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        """Return the text."""
        return str(data).encode()


class JobExport(ApiView):
    """The jobs of a platform as a file."""

    see_deed = Deed.FLEET  # whoever may write it may read it: values of commands are in it
    renderer_classes = (YamlText,)

    @extend_schema(
        parameters=[ExportQuery],
        responses={(200, "application/yaml"): FILE, **ERRORS_IN_JSON},
        summary="Jobs of a platform as YAML",
    )
    def get(self, request: Request) -> Response:
        """Write them with names instead of ids; secrets are left out."""
        query = ExportQuery.read(request)
        caller = principal_of(request)
        platform = Platform.objects.for_user(caller, self.see_deed).get(pk=query["platform_id"])
        rows = Job.objects.for_user(caller, self.see_deed).in_use().filter(platform=platform)
        if "job_id" in query:
            rows = rows.filter(pk=query["job_id"])
            if not rows:
                raise NotFound
        with transaction.atomic():
            text = exchange.export(rows, platform)
            actor = actor_of(request)
            audit.record(actor, Action.EXPORTED, "jobs", platform_id=platform.pk, after=query)
        return Response(text)


class JobPlan(ApiView):
    """What a file would do."""

    @extend_schema(
        request=PlanBody, responses={200: PlanAnswer}, summary="What a file of jobs would do"
    )
    def post(self, request: Request) -> Response:
        """Tell what becomes of each job of the file; nothing is written."""
        body = PlanBody(data=request.data, context={"request": request})
        body.is_valid(raise_exception=True)
        wish = body.validated_data
        with _read():
            outcome = plan(wish["yaml"], wish["platform_id"], principal_of(request))
        return Response(_told(outcome, outcome.digest()))


class JobApply(ApiView):
    """A plan that was seen."""

    @extend_schema(
        request=ApplyBody, responses={200: PlanAnswer}, summary="Do what the plan of a file says"
    )
    def post(self, request: Request) -> Response:
        """Do all of it or nothing; 409 where the plan is not the one with this digest any more."""
        body = ApplyBody(data=request.data, context={"request": request})
        body.is_valid(raise_exception=True)
        wish = body.validated_data
        with _read():
            outcome = exchange.apply(
                wish["yaml"],
                wish["platform_id"],
                principal_of(request),
                actor_of(request),
                wish["digest"],
                skip_refused=wish["skip_refused"],
            )
        return Response(_told(outcome, wish["digest"]))


@contextmanager
def _read() -> Iterator[None]:
    try:
        yield
    except YamlRefused as error:
        told = _("Line %(line)d: %(why)s") % {"line": error.line, "why": error}
        raise serializers.ValidationError({"yaml": [told]}) from error
    except PlanChanged as error:
        changed = _("Jobs, or what they are about, have changed since: look at the new plan.")
        raise Conflict(changed, "plan_changed") from error
    except PlanRefused as error:
        raise Conflict(str(error), "refused") from error


def _told(outcome: Plan, digest: str) -> Mapping[str, Any]:
    counts = Counter(each.fate.value for each in outcome.entries)
    return PlanAnswer({"agreed": digest, "counts": counts, "entries": outcome.entries}).data
