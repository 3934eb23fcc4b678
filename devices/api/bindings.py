"""``/bindings``: which player hangs on which line of which socket, now and before."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from devices import sockets
from devices.models import Binding, Device, DeviceLine
from exporters.api.fields import IdField
from exporters.models import Player
from platforms.api import Conflict, PagedQuery, ScopedRelatedField, ScopedViewSet, Strict
from platforms.authentication import actor_of
from platforms.models import Platform


class BindingsQuery(PagedQuery):
    """What narrows the list."""

    platform_id = IdField(required=False)
    device_id = IdField(required=False)
    player_id = IdField(required=False)
    current = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Those that last, or those that ended; without it, the whole history.",
    )


class BindingAnswer(serializers.ModelSerializer[Binding]):
    """A player on a line, from then till then."""

    platform_id = serializers.IntegerField()
    player_id = serializers.IntegerField()
    player_name = serializers.CharField(source="player.name")
    device_id = serializers.IntegerField(source="line.device_id")
    device_name = serializers.CharField(source="line.device.name")
    line = serializers.IntegerField(source="line.number")
    ended_at = serializers.DateTimeField(allow_null=True)

    class Meta:
        model = Binding
        fields = (
            "id",
            "platform_id",
            "player_id",
            "player_name",
            "device_id",
            "device_name",
            "line",
            "since",
            "ended_at",
        )


class BindingBody(Strict):
    """A player to be hung on a line; what it hung on before ends."""

    player_id = ScopedRelatedField(queryset=Player.objects.enrolled())
    device_id = ScopedRelatedField(queryset=Device.objects.in_use())
    line = serializers.IntegerField(default=1, min_value=1, max_value=999, help_text="Its number.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Find the line of the socket, of the same platform as the player."""
        player: Player = attrs["player_id"]
        device: Device = attrs["device_id"]
        if player.platform_id != device.platform_id:
            # Somebody of two platforms: both rows are there for the caller, together they are not.
            wrong = _("The player and the socket are of different platforms.")
            raise serializers.ValidationError({"device_id": [wrong]})
        # unscoped: of a socket that the caller may change
        line = DeviceLine.objects.filter(device=device, number=attrs["line"]).first()
        if line is None:
            raise serializers.ValidationError({"line": [_("This socket has no such line.")]})
        return {"player": player, "line": line}


@extend_schema_view(
    list=extend_schema(summary="Bindings, the newest first; the history too"),
    retrieve=extend_schema(summary="Read one binding"),
)
class Bindings(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """What hangs on the sockets of the caller's platforms."""

    rows = Binding.objects.select_related("player", "line__device").order_by("-pk")
    query_class = BindingsQuery
    serializer_class = BindingAnswer

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the bindings that the query asks for."""
        if "platform_id" in query:
            rows = rows.filter(platform_id=query["platform_id"])
        if "device_id" in query:
            rows = rows.filter(line__device_id=query["device_id"])
        if "player_id" in query:
            rows = rows.filter(player_id=query["player_id"])
        if query["current"] is not None:
            rows = rows.filter(ended_at__isnull=query["current"])
        return rows

    @extend_schema(
        request=BindingBody, responses={201: BindingAnswer}, summary="Hang a player on a line"
    )
    def create(self, request: Request) -> Response:
        """End what was and begin anew; 409 where the player hangs there already."""
        body = BindingBody(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        player, line = body.validated_data["player"], body.validated_data["line"]
        with transaction.atomic():
            Platform.objects.locked(line.platform_id)  # unscoped: that of the line
            # unscoped: of a player that the caller may change
            if Binding.objects.filter(player=player, line=line, ended_at=None).exists():
                raise Conflict(_("This player hangs on this line already."), "already_there")
            binding = sockets.bind(player, line, actor_of(request))
        return Response(BindingAnswer(binding).data, status.HTTP_201_CREATED)

    @extend_schema(
        responses={204: None}, summary="Take a player off its line; the history has it still"
    )
    def destroy(self, request: Request, pk: int) -> Response:
        """End the binding; 409 for one that ended before."""
        binding: Binding = self.get_object()
        with transaction.atomic():
            # unscoped: the row that get_object reached, and what locks it
            Platform.objects.locked(binding.platform_id)
            if not Binding.objects.filter(pk=binding.pk, ended_at=None).exists():
                raise Conflict(_("This binding has ended."), "over")
            sockets.unbind(binding.player, actor_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)
