"""``/pauses``: begin one, read them, lift one."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from devices import pauses
from devices.models import Device, Pause
from exporters.api.fields import IdField
from platforms.api import ScopedRelatedField, ScopedViewSet
from platforms.models import Platform
from platforms.roles import Deed

from .commands import NothingBody
from .refusals import answered, sender_of
from .stops import AFTER, StopAnswer, StopBody, StopsQuery, current


class PausesQuery(StopsQuery):
    """What narrows the list."""

    device_id = IdField(required=False)


class PauseAnswer(StopAnswer):
    """A pause of a socket, of a platform (device_id null) or of everything (both null)."""

    platform_id = serializers.IntegerField(allow_null=True)
    device_id = serializers.IntegerField(allow_null=True)

    class Meta:
        model = Pause
        fields = ("id", "platform_id", "device_id", *AFTER)


class PauseBody(StopBody):
    """A new pause: of a socket, or of a platform, or (both null, for superadmins) of everything."""

    device_id = ScopedRelatedField(
        deed=Deed.SEND_ASSIGNED,
        required=False,
        allow_null=True,
        default=None,
        queryset=Device.objects.in_use().select_related("platform"),
    )
    platform_id = ScopedRelatedField(
        deed=Deed.SEND_ASSIGNED,
        required=False,
        allow_null=True,
        default=None,
        queryset=Platform.objects.all(),
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a platform beside a socket of another one."""
        device, platform = attrs["device_id"], attrs["platform_id"]
        if device is not None and platform is not None and device.platform_id != platform.pk:
            wrong = _("The socket is of another platform.")
            raise serializers.ValidationError({"platform_id": [wrong]})
        return attrs


@extend_schema_view(
    list=extend_schema(summary="Pauses, the newest first"),
    retrieve=extend_schema(summary="Read one pause"),
)
class Pauses(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """The pauses that stop the caller's platforms, those of everything too."""

    write_deed = Deed.SEND_ASSIGNED
    rows = Pause.objects.order_by("-pk")
    query_class = PausesQuery
    serializer_class = PauseAnswer

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the pauses that the query asks for."""
        names = query.keys() & {"platform_id", "device_id"}
        return current(rows.filter(**{name: query[name] for name in names}), query["current"])

    @extend_schema(request=PauseBody, responses={201: PauseAnswer}, summary="Begin a pause")
    def create(self, request: Request) -> Response:
        """Stop all switching; asking sockets and switching them on goes on."""
        body = PauseBody(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        wish = body.validated_data
        with answered():
            pause = pauses.begin(
                sender_of(request),
                wish["reason"],
                wish["expires_at"],
                timezone.now(),
                platform=wish["platform_id"],
                device=wish["device_id"],
            )
        return Response(PauseAnswer(pause).data, status.HTTP_201_CREATED)

    @extend_schema(request=NothingBody, responses={200: PauseAnswer}, summary="Lift a pause")
    def lift(self, request: Request, pk: int) -> Response:
        """End it before its time; 409 for one that is over."""
        pause: Pause = self.get_object()
        NothingBody(data=request.data).is_valid(raise_exception=True)
        with answered():
            pauses.lift(pause, sender_of(request), timezone.now())
        return Response(PauseAnswer(pause).data)
