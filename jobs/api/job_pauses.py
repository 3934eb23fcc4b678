"""``/job-pauses``: begin one, read them, lift one."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from devices.api.commands import NothingBody
from devices.api.refusals import answered, sender_of
from devices.api.stops import AFTER, StopAnswer, StopBody, StopsQuery, current
from exporters.api.fields import IdField
from jobs import job_pauses
from jobs.models import Job, JobPause
from platforms.api import ScopedRelatedField, ScopedViewSet
from platforms.roles import Deed


class JobPausesQuery(StopsQuery):
    """What narrows the list."""

    job_id = IdField(required=False)


class JobPauseAnswer(StopAnswer):
    """A pause of one job: it goes on watching, and acts on nothing."""

    platform_id = serializers.IntegerField()
    job_id = serializers.IntegerField()

    class Meta:
        model = JobPause
        fields = ("id", "platform_id", "job_id", *AFTER)


class JobPauseBody(StopBody):
    """A new pause."""

    job_id = ScopedRelatedField(deed=Deed.SEND, queryset=Job.objects.all())


@extend_schema_view(
    list=extend_schema(summary="Pauses of jobs, the newest first"),
    retrieve=extend_schema(summary="Read one pause of a job"),
)
class JobPauses(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """The pauses of the jobs of the caller's platforms."""

    write_deed = Deed.SEND
    rows = JobPause.objects.select_related("job").order_by("-pk")
    query_class = JobPausesQuery
    serializer_class = JobPauseAnswer

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the pauses that the query asks for."""
        names = query.keys() & {"platform_id", "job_id"}
        return current(rows.filter(**{name: query[name] for name in names}), query["current"])

    @extend_schema(request=JobPauseBody, responses={201: JobPauseAnswer}, summary="Pause a job")
    def create(self, request: Request) -> Response:
        """Let it act on nothing until the pause is lifted or over."""
        body = JobPauseBody(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        wish = body.validated_data
        with answered():
            (pause,) = job_pauses.begin(
                sender_of(request),
                [wish["job_id"]],
                wish["reason"],
                wish["expires_at"],
                timezone.now(),
            )
        return Response(JobPauseAnswer(pause).data, status.HTTP_201_CREATED)

    @extend_schema(
        request=NothingBody, responses={200: JobPauseAnswer}, summary="Lift a pause of a job"
    )
    def lift(self, request: Request, pk: int) -> Response:
        """End it before its time; 409 for one that is over."""
        pause: JobPause = self.get_object()
        NothingBody(data=request.data).is_valid(raise_exception=True)
        with answered():
            job_pauses.lift(pause, sender_of(request), timezone.now())
        return Response(JobPauseAnswer(pause).data)
