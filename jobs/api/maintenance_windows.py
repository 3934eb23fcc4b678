"""``/maintenance-windows``: planned, changed, taken back; what one would cover."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from devices.api.commands import NothingBody
from devices.api.refusals import sender_of
from exporters.api.fields import IdField
from exporters.models import Exporter, Player
from jobs import maintenance
from jobs.hours import Period
from jobs.maintenance import LONGEST_NAME, Plan, Preview
from jobs.models import Job, MaintenanceWindow
from platforms.api import Moment, PagedQuery, ScopedRelatedField, ScopedViewSet, Strict
from platforms.models import Platform, Site
from platforms.roles import Deed

from .decisions import answered

#: The names in a body that say something else in a plan.
SOURCES = {f"{name}_id": name for name in ("platform", "job", "exporter", "site", "player")}


class WindowsQuery(PagedQuery):
    """What narrows the list."""

    platform_id = IdField(required=False)
    job_id = IdField(required=False)
    exporter_id = IdField(required=False)
    site_id = IdField(required=False)
    player_id = IdField(required=False)
    to_come = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Those that last or may still come, or others.",
    )


class WindowAnswer(serializers.ModelSerializer[MaintenanceWindow]):
    """When nothing is done, and over what; with nothing named, over the whole platform."""

    platform_id = serializers.IntegerField()
    job_id = serializers.IntegerField(allow_null=True)
    exporter_id = serializers.IntegerField(allow_null=True)
    site_id = serializers.IntegerField(allow_null=True)
    player_id = serializers.IntegerField(allow_null=True)
    author = serializers.CharField(source="author_name")
    time_zone = serializers.CharField(help_text="By whose clock a weekly one comes.")
    cancelled_at = serializers.DateTimeField(allow_null=True)
    revision = serializers.SerializerMethodField(help_text="Another one after each change.")

    class Meta:
        model = MaintenanceWindow
        fields = (
            *("id", "platform_id", "name", "starts_at", "ends_at", "time_zone", "weekly", "until"),
            *("job_id", "exporter_id", "site_id", "player_id", "author", "created_at"),
            *("cancelled_at", "revision"),
        )

    def get_revision(self, row: MaintenanceWindow) -> str:
        """Return what a change may name as what it was made for."""
        return maintenance.stamp(row)


def _named(rows: Any) -> ScopedRelatedField:
    return ScopedRelatedField(deed=Deed.SEND, required=False, allow_null=True, queryset=rows)


class WindowChange(Strict):
    """What can change of a window."""

    name = serializers.CharField(required=False, max_length=LONGEST_NAME)
    starts_at = Moment(required=False)
    ends_at = Moment(required=False)
    weekly = serializers.BooleanField(
        required=False, help_text="It comes every week at the same hours of the place."
    )
    until = serializers.DateField(
        required=False, allow_null=True, help_text="A weekly one: the last time before that day."
    )
    job_id = _named(Job.objects.all())
    exporter_id = _named(Exporter.objects.all())
    site_id = _named(Site.objects.all())
    player_id = _named(Player.objects.select_related("site"))
    revision = serializers.CharField(
        required=False,
        max_length=64,
        help_text="The one that was read; where somebody changed the window since, it is a 409.",
    )


class WindowBody(WindowChange):
    """A new window."""

    platform_id = ScopedRelatedField(deed=Deed.SEND, queryset=Platform.objects.all())
    name = serializers.CharField(max_length=LONGEST_NAME)
    starts_at = Moment()
    ends_at = Moment()
    revision = None  # type: ignore[assignment]  # so that the base's is left out


class PeriodAnswer(serializers.Serializer[Period]):
    """From a moment to another, the end not included."""

    begins = serializers.DateTimeField()
    ends = serializers.DateTimeField()


class Named(serializers.Serializer[Any]):
    """A thing by number and name."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField(source="*")


class WindowPreviewAnswer(serializers.Serializer[Preview]):
    """What a window covers."""

    players = serializers.IntegerField()
    some_players = Named(many=True)
    jobs = serializers.IntegerField(help_text="That it holds back.")
    some_jobs = Named(many=True)
    bad = serializers.IntegerField(help_text="Players of these jobs with an open episode.")
    time_zone = serializers.CharField(source="zone")
    periods = PeriodAnswer(many=True, help_text="When it comes next.")


@extend_schema_view(
    list=extend_schema(summary="Maintenance windows, the latest first"),
    retrieve=extend_schema(summary="Read one maintenance window"),
)
class MaintenanceWindows(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """The maintenance windows of the caller's platforms."""

    write_deed = Deed.SEND
    rows = MaintenanceWindow.objects.order_by("-starts_at", "-pk")
    query_class = WindowsQuery
    serializer_class = WindowAnswer

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the windows that the query asks for."""
        names = query.keys() & SOURCES.keys()
        rows = rows.filter(**{name: query[name] for name in names})
        if query["to_come"] is None:
            return rows
        coming = rows.to_come(timezone.now())
        return coming if query["to_come"] else rows.exclude(pk__in=coming.values("pk"))

    @extend_schema(
        request=WindowBody, responses={201: WindowAnswer}, summary="Plan a maintenance window"
    )
    def create(self, request: Request) -> Response:
        """Store it: no job acts on what it covers while it lasts."""
        wish = self._plan(request)
        with answered():
            row = maintenance.plan(wish, sender_of(request), timezone.now())
        return Response(WindowAnswer(row).data, status.HTTP_201_CREATED)

    @extend_schema(
        request=WindowChange, responses={200: WindowAnswer}, summary="Change a maintenance window"
    )
    def partial_update(self, request: Request, pk: int) -> Response:
        """Give one that is not over other times or another reach."""
        row: MaintenanceWindow = self.get_object()
        body = WindowChange(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        values = _values(body.validated_data)
        seen = values.pop("revision", None)
        with answered():
            row = maintenance.change(row, values, sender_of(request), timezone.now(), seen)
        return Response(WindowAnswer(row).data)

    @extend_schema(request=NothingBody, responses={200: WindowAnswer}, summary="Take a window back")
    def cancel(self, request: Request, pk: int) -> Response:
        """End it, also one that lasts; 409 for one that is over."""
        row: MaintenanceWindow = self.get_object()
        NothingBody(data=request.data).is_valid(raise_exception=True)
        with answered():
            maintenance.cancel(row, sender_of(request), timezone.now())
        return Response(WindowAnswer(row).data)

    @extend_schema(
        request=WindowBody,
        responses={200: WindowPreviewAnswer},
        summary="Preview a maintenance window that is not stored",
    )
    def preview(self, request: Request) -> Response:
        """Tell what it would cover and when it would come; what cannot be planned is refused."""
        wish, now = self._plan(request), timezone.now()
        with answered():
            maintenance.check(wish, sender_of(request), now)
        return Response(WindowPreviewAnswer(maintenance.preview(wish, now)).data)

    @extend_schema(responses={200: WindowPreviewAnswer}, summary="What a maintenance window covers")
    def coverage(self, request: Request, pk: int) -> Response:
        """Tell what it covers and when it comes."""
        seen = maintenance.preview_of(self.get_object(), timezone.now())
        return Response(WindowPreviewAnswer(seen).data)

    def _plan(self, request: Request) -> Plan:
        body = WindowBody(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        return Plan(**_values(body.validated_data))


def _values(checked: Mapping[str, Any]) -> dict[str, Any]:
    return {SOURCES.get(name, name): value for name, value in checked.items()}
