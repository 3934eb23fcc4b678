"""``/devices``: take sockets into use, change them, take them out of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import F, Prefetch
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from devices import phones, sockets
from devices.models import Binding, Device, DeviceLine
from exporters.api.fields import IdField
from platforms.api import Conflict, PagedQuery, ScopedRelatedField, ScopedViewSet, Strict
from platforms.authentication import actor_of
from platforms.models import Platform, Site

from .device_answers import DeviceAnswer
from .fields import ModelField
from .sight import SightedRows

ORDERS = {
    "name": ("name", "pk"),
    "-name": ("-name", "-pk"),
    "created": ("pk",),
    "-created": ("-pk",),
    "heard": (F("heard_at").asc(nulls_first=True), "pk"),
    "-heard": (F("heard_at").desc(nulls_last=True), "-pk"),
}


class DevicesQuery(PagedQuery):
    """What narrows and orders the list."""

    platform_id = IdField(required=False)
    site_id = IdField(required=False)
    model = serializers.CharField(required=False, max_length=63, help_text="Its key.")
    player_id = IdField(required=False, help_text="The socket that this player hangs on.")
    enabled = serializers.BooleanField(required=False, allow_null=True, default=None)
    outage = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="Its mains are gone, or not."
    )
    retired = serializers.BooleanField(
        default=False, help_text="Sockets that were taken out of use, instead of the others."
    )
    search = serializers.CharField(required=False, max_length=120, help_text="Part of the name.")
    order = serializers.ChoiceField(choices=list(ORDERS), default="name")


class DeviceChange(Strict):
    """What can change of a socket."""

    name = serializers.CharField(required=False, max_length=120)
    phone = serializers.CharField(required=False, max_length=40, help_text="+79123456789")
    model = ModelField(required=False)
    site_id = ScopedRelatedField(
        required=False, allow_null=True, source="site", queryset=Site.objects.all()
    )
    notes = serializers.CharField(required=False, allow_blank=True, max_length=10_000)
    enabled = serializers.BooleanField(required=False)
    reset_only = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Hold the site to the socket's platform."""
        site = attrs.get("site")
        platform_id = self.instance.platform_id if self.instance else attrs["platform"].pk
        if site is not None and site.platform_id != platform_id:
            wrong = _("There is none with this id, or you may not change it.")
            raise serializers.ValidationError({"site_id": [wrong]})
        return attrs


class DeviceBody(DeviceChange):
    """A new socket."""

    platform_id = ScopedRelatedField(source="platform", queryset=Platform.objects.all())
    name = serializers.CharField(max_length=120)
    phone = serializers.CharField(max_length=40, help_text="+79123456789")
    model = ModelField()


@extend_schema_view(
    list=extend_schema(summary="Sockets, with what was last known of them"),
    retrieve=extend_schema(summary="Read one socket"),
)
class Devices(SightedRows, mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """The sockets of the caller's platforms."""

    rows = Device.objects.select_related("model").prefetch_related(
        Prefetch("lines", DeviceLine.objects.order_by("number")),
        Prefetch(
            "lines__bindings",
            Binding.objects.filter(ended_at=None).select_related("player").order_by("pk"),
            to_attr="bound",
        ),
    )
    query_class = DevicesQuery
    serializer_class = DeviceAnswer

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the sockets that the query asks for, in its order."""
        lookups = {
            "platform_id": "platform_id",
            "site_id": "site_id",
            "model": "model__key",
            "enabled": "enabled",
            "search": "name__icontains",
        }
        asked = {
            lookup: query[name] for name, lookup in lookups.items() if query.get(name) is not None
        }
        if query["outage"] is not None:
            asked["mains_lost_at__isnull"] = not query["outage"]
        if "player_id" in query:
            # unscoped: narrows rows that are scoped
            bound = Binding.objects.filter(player_id=query["player_id"], ended_at=None)
            asked["pk__in"] = bound.values("line__device_id")
        asked["retired_at__isnull"] = not query["retired"]
        return rows.filter(**asked).order_by(*ORDERS[query["order"]])

    @extend_schema(
        request=DeviceBody, responses={201: DeviceAnswer}, summary="Take a socket into use"
    )
    def create(self, request: Request) -> Response:
        """Store it with its lines; 409 for a phone that cannot be used, and without room."""
        body = DeviceBody(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        with refusals():
            device = Device(**body.validated_data)
            region = sockets.region_of(device.platform_id, None)
            row = sockets.register(device, actor_of(request), region)
        return self._told(row, status.HTTP_201_CREATED)

    @extend_schema(request=DeviceChange, responses={200: DeviceAnswer}, summary="Change a socket")
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change what is given. Commands on their way to the old phone or model are not sent."""
        with transaction.atomic():
            row = self._in_use()
            body = DeviceChange(row, data=request.data, context=self.get_serializer_context())
            body.is_valid(raise_exception=True)
            for name, value in body.validated_data.items():
                setattr(row, name, value)
            with refusals():
                region = sockets.region_of(row.platform_id, row.gateway)
                row = sockets.change(row, actor_of(request), region)
        return self._told(row, status.HTTP_200_OK)

    @extend_schema(responses={204: None}, summary="Take a socket out of use; its history stays")
    def destroy(self, request: Request, pk: int) -> Response:
        """Retire it: its phone is free, its players hang on nothing."""
        with transaction.atomic():
            sockets.retire(self._in_use(), actor_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _in_use(self) -> Device:
        """Return the row to be changed; 409 for one that is out of use."""
        reached = self.get_object()
        # The lock of everything that changes sockets of a platform; then the row as it is.
        # unscoped: what get_object reached
        Platform.objects.locked(reached.platform_id)
        row: Device = Device.objects.select_related("model", "gateway").get(pk=reached.pk)
        if row.retired_at is not None:
            raise Conflict(_("The socket was taken out of use."), "retired")
        return row

    def _told(self, row: Device, code: int) -> Response:
        fresh = self.get_queryset().get(pk=row.pk)
        return Response(self.get_serializer(fresh).data, code)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what cannot be into the API's errors."""
    try:
        yield
    except phones.PhoneError as error:
        raise serializers.ValidationError({"phone": [str(error)]}) from error
    except sockets.LimitReached as error:
        raise Conflict(str(error), "limit_reached") from error
    except sockets.PhoneTaken as error:
        raise Conflict(str(error), "phone_taken") from error
    except sockets.Refused as error:
        raise Conflict(str(error)) from error
