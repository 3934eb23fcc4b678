"""``/power-outages``: when sockets were without mains; ending one whose end was not told."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from devices import outages
from devices.models import PowerOutage
from devices.templates import Danger
from exporters.api.fields import IdField
from platforms.api import Conflict, PagedQuery, ScopedViewSet, Strict
from platforms.authentication import actor_of
from platforms.roles import Deed

from .refusals import sender_of


class OutagesQuery(PagedQuery):
    """What narrows the list."""

    platform_id = IdField(required=False)
    device_id = IdField(required=False)
    current = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="Those that last, or the others."
    )


class OutageAnswer(serializers.ModelSerializer[PowerOutage]):
    """A socket without mains, from then till then."""

    platform_id = serializers.IntegerField()
    device_id = serializers.IntegerField()
    device_name = serializers.CharField(source="device.name")
    ended = serializers.DateTimeField(allow_null=True, help_text="Null: it lasts.")
    closed_by = serializers.CharField(help_text="Who ended it by hand; empty: the socket told it.")
    closed_reason = serializers.CharField(help_text="Whence that person knew; or empty.")

    class Meta:
        model = PowerOutage
        fields = (
            "id",
            "platform_id",
            "device_id",
            "device_name",
            "began",
            "ended",
            "closed_by",
            "closed_reason",
        )


class ClosingBody(Strict):
    """Whence somebody knows that the mains are back."""

    reason = serializers.CharField(max_length=255)


@extend_schema_view(
    list=extend_schema(summary="Power outages, the newest first"),
    retrieve=extend_schema(summary="Read one power outage"),
)
class PowerOutages(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """The outages of the sockets of the caller's platforms."""

    write_deed = Deed.SEND_ASSIGNED
    rows = PowerOutage.objects.select_related("device").order_by("-pk")
    query_class = OutagesQuery
    serializer_class = OutageAnswer

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the outages that the query asks for."""
        names = query.keys() & {"platform_id", "device_id"}
        rows = rows.filter(**{name: query[name] for name in names})
        return rows if query["current"] is None else rows.filter(ended__isnull=query["current"])

    @extend_schema(request=ClosingBody, responses={200: OutageAnswer}, summary="End one by hand")
    def close(self, request: Request, pk: int) -> Response:
        """End it where the socket's message of that was lost; 409 for one that is over."""
        outage: PowerOutage = self.get_object()
        if not sender_of(request).may(Danger.NONE, outage.device):
            raise PermissionDenied(_("Your role does not allow this command."), "role")
        body = ClosingBody(data=request.data)
        body.is_valid(raise_exception=True)
        reason = body.validated_data["reason"]
        if not outages.close(outage, reason, actor_of(request), timezone.now()):
            raise Conflict(_("This outage is over already."), "over")
        return Response(self.get_serializer(outage).data)
