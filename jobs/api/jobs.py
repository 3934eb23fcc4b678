"""``/jobs``: make, read, change and remove jobs; copies, enabling, modes."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from devices.api.commands import NothingBody
from devices.api.sight import Sight
from exporters.api.fields import IdField
from jobs import definition as definitions, raw_rights, saving
from jobs.definition import Definition
from jobs.models import Job, Mode, Trigger
from platforms.api import Conflict, PagedQuery, ScopedViewSet, Strict
from platforms.authentication import actor_of, principal_of
from platforms.models import Platform

from .decisions import REMOVED, answered
from .definitions import JobBody, JobChange, changed, new
from .job_answers import JobAnswer, told_of


class JobsQuery(PagedQuery):
    """What narrows the list."""

    platform_id = IdField(required=False)
    trigger = serializers.ChoiceField(choices=Trigger.choices, required=False)
    mode = serializers.ChoiceField(choices=Mode.choices, required=False)
    enabled = serializers.BooleanField(required=False, allow_null=True, default=None)
    removed = serializers.BooleanField(
        default=False, help_text="Jobs that were removed, instead of the others."
    )
    search = serializers.CharField(required=False, max_length=120, help_text="Part of the name.")


class ModeBody(Strict):
    """How far the job may go."""

    mode = serializers.ChoiceField(choices=Mode.choices)


@extend_schema_view(
    list=extend_schema(summary="Jobs by name, each with its whole definition"),
    retrieve=extend_schema(summary="Read one job"),
)
class Jobs(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """The jobs of the caller's platforms; removed ones stay to be read."""

    rows = Job.objects.order_by("name", "pk")
    query_class = JobsQuery
    serializer_class = JobAnswer

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the jobs that the query asks for."""
        names = ("platform_id", "trigger", "mode", "enabled")
        asked = {name: query[name] for name in names if query.get(name) is not None}
        asked["removed_at__isnull"] = not query["removed"]
        if "search" not in query:
            return rows.filter(**asked)
        named = rows.with_shown_name()
        return named.filter(shown_name__icontains=query["search"], **asked)

    def paginate_queryset(self, queryset: Any) -> Any:
        """Read what belongs to the jobs of the page: a fixed number of queries."""
        return told_of(super().paginate_queryset(queryset) or [], self._sight)

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """Answer one job with all that belongs to it."""
        if args and isinstance(args[0], Job):
            args = (told_of([args[0]], self._sight)[0], *args[1:])
        return super().get_serializer(*args, **kwargs)

    @extend_schema(request=JobBody, responses={201: JobAnswer}, summary="Make a job")
    def create(self, request: Request) -> Response:
        """Store it; 409 where the platform has a job of this very name."""
        body = JobBody(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        wanted = new(body.validated_data)
        with transaction.atomic():
            Platform.objects.locked(wanted.platform.pk)
            self._demand_free_name(wanted)
            row = self._save(wanted, None, None)
        return self._told(row, status.HTTP_201_CREATED)

    @extend_schema(request=JobChange, responses={200: JobAnswer}, summary="Change a job")
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change what is given; a change of what it decides on begins a new version."""
        job = self._in_use()
        body = JobChange(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        seen = values.pop("revision", None)
        with transaction.atomic():
            # What others change meanwhile is not written back.
            Platform.objects.locked(job.platform_id)
            old = definitions.of(job)
            wanted = changed(old, values)
            row = job if wanted == old else self._save(wanted, old, job, seen)
        return self._told(row, status.HTTP_200_OK)

    @extend_schema(responses={204: None}, summary="Remove a job; its history stays")
    def destroy(self, request: Request, pk: int) -> Response:
        """Take it out of use; of one that is, nothing changes."""
        saving.remove(self.get_object(), actor_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=NothingBody, responses={201: JobAnswer}, summary="Copy a job")
    def clone(self, request: Request, pk: int) -> Response:
        """Make another one of the same definition, in the shadow."""
        job = self._in_use()
        NothingBody(data=request.data).is_valid(raise_exception=True)
        with answered():
            row = saving.copy(job, actor_of(request))
        return self._told(row, status.HTTP_201_CREATED)

    @extend_schema(request=NothingBody, responses={200: JobAnswer}, summary="Enable a job")
    def enable(self, request: Request, pk: int) -> Response:
        """Let it watch and act; nothing changes where it does."""
        NothingBody(data=request.data).is_valid(raise_exception=True)
        return self._give(enabled=True)

    @extend_schema(request=NothingBody, responses={200: JobAnswer}, summary="Disable a job")
    def disable(self, request: Request, pk: int) -> Response:
        """Let it watch nothing; its open episodes are closed."""
        NothingBody(data=request.data).is_valid(raise_exception=True)
        return self._give(enabled=False)

    @extend_schema(request=ModeBody, responses={200: JobAnswer}, summary="Set how far a job may go")
    def mode(self, request: Request, pk: int) -> Response:
        """Set shadow, approve or live."""
        self._in_use()
        body = ModeBody(data=request.data)
        body.is_valid(raise_exception=True)
        return self._give(mode=Mode(body.validated_data["mode"]))

    def _give(self, **values: Any) -> Response:
        job = self._in_use()
        with answered():
            saving.change([job], actor_of(self.request), **values)
        return self._told(job, status.HTTP_200_OK)

    def _save(
        self, wanted: Definition, old: Definition | None, job: Job | None, seen: int | None = None
    ) -> Job:
        if wrong := raw_rights.refused(wanted, old, principal_of(self.request)):
            raise serializers.ValidationError(dict(wrong))
        with answered():
            return saving.save(wanted, actor_of(self.request), job, seen)

    def _demand_free_name(self, wanted: Definition) -> None:
        """Refuse a name that is there: whoever lost the answer does not make a second job."""
        if not wanted.own_name:
            return
        # unscoped: of the platform on which the caller may make jobs
        others = Job.objects.in_use().filter(platform=wanted.platform)
        if others.filter(own_name=wanted.own_name).exists():
            raise Conflict(_("This platform already has a job of this name."), "already_there")

    def _in_use(self) -> Job:
        """Return the job to be changed; 409 for one that was removed."""
        job: Job = self.get_object()
        if job.removed_at is not None:
            raise Conflict(REMOVED, "removed")
        return job

    def _told(self, job: Job, code: int) -> Response:
        fresh = self.get_queryset().get(pk=job.pk)
        return Response(self.get_serializer(fresh).data, code)

    @property
    def _sight(self) -> Sight:
        return Sight(principal_of(self.request))
