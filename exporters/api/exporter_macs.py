"""``/exporter-macs``: the device list, and one address at a time."""

from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from exporters import enrolment
from exporters.device_lists import DeviceList, Wanted
from exporters.models import Exporter, ExporterMac
from platforms.api import ApiView, Conflict, Query, ScopedRelatedField, Strict
from platforms.authentication import actor_of, principal_of
from platforms.models import TokenKind

from .answers import ETAG, IF_NONE_MATCH, PRIVATE, fresh
from .fields import AddressField, IdField, KindField, MacField, NameField


class MacsQuery(Query):
    """What narrows the list."""

    platform_id = IdField(required=False)
    exporter_id = IdField(required=False)
    exporter_type = KindField(required=False)
    mac = MacField(required=False)
    with_id = serializers.BooleanField(
        required=False, help_text="Add each row's id, which PATCH and DELETE need."
    )


class DeviceRow(serializers.Serializer[Any]):
    """One address of the device list; unknown texts are empty."""

    id = serializers.IntegerField(required=False, help_text="Only with with_id=true.")
    platform_id = serializers.IntegerField()
    exporter_id = serializers.IntegerField()
    mac = serializers.CharField()
    name = serializers.CharField()
    ip = serializers.CharField()
    outip = serializers.CharField()


class MacAnswer(serializers.ModelSerializer[ExporterMac]):
    """One address with its id."""

    platform_id = serializers.IntegerField()
    exporter_id = serializers.IntegerField()
    ip = AddressField()
    outip = AddressField()

    class Meta:
        model = ExporterMac
        fields = ("id", "platform_id", "exporter_id", "mac", "name", "ip", "outip")


class TakingMacsField(ScopedRelatedField):
    """An exporter whose players people type in."""

    def __init__(self, **kwargs: Any) -> None:
        # unscoped: the field itself keeps what the caller may use
        super().__init__(queryset=Exporter.objects.all(), **kwargs)

    def to_internal_value(self, data: Any) -> Exporter:
        """Refuse one whose players are those of the vendor's list, and say so."""
        exporter: Exporter = super().to_internal_value(data)
        if exporter.discovers:
            raise serializers.ValidationError(enrolment.listed_message(), "finds_players")
        return exporter


class MacChange(Strict):
    """What can change of an address; another MAC is another row."""

    name = NameField(required=False)
    ip = AddressField(required=False)
    outip = AddressField(required=False)


class MacBody(MacChange):
    """A new address."""

    exporter_id = TakingMacsField()
    mac = MacField()


class ExporterMacs(ApiView):
    """The device list of exporter processes; people see theirs, disabled exporters too."""

    machines = {"GET": frozenset({TokenKind.EXPORTER})}

    @extend_schema(
        parameters=[MacsQuery, IF_NONE_MATCH, ETAG],
        responses={200: DeviceRow(many=True), 304: None},
        summary="The whole device list, streamed",
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Stream the list as one array; 304 without a body while nothing changed."""
        devices = DeviceList(principal_of(request), Wanted(**MacsQuery.read(request)))
        version = devices.version()
        unchanged = fresh(request, version)
        if unchanged is not None:
            return unchanged
        if request.method == "HEAD":
            return HttpResponse(headers=_headers(version), content_type="application/json")
        stream = devices.stream()
        return StreamingHttpResponse(
            headers=_headers(next(stream).decode()),
            streaming_content=stream,
            content_type="application/json",
        )

    @extend_schema(
        request=MacBody,
        responses={201: MacAnswer},
        summary="Add one address",
    )
    def post(self, request: Request) -> Response:
        """Enrol it; 409 when the exporter has it or the platform is full."""
        body = MacBody(data=request.data, context={"request": request})
        body.is_valid(raise_exception=True)
        values = body.validated_data
        try:
            row = enrolment.enrol_one(
                values["exporter_id"],
                values["mac"],
                values.get("name", ""),
                values.get("ip"),
                values.get("outip"),
                actor_of(request),
            )
        except enrolment.LimitReached as error:
            raise Conflict(str(error), "limit_reached") from error
        except enrolment.AlreadyThere as error:
            raise Conflict(str(error), "already_there") from error
        return Response(MacAnswer(row).data, status.HTTP_201_CREATED)


class ExporterMacDetail(ApiView):
    """One address by its id."""

    @extend_schema(responses={200: MacAnswer}, summary="Read one address")
    def get(self, request: Request, pk: int) -> Response:
        """Answer the row."""
        return Response(MacAnswer(self._row(pk)).data)

    @extend_schema(
        request=MacChange, responses={200: MacAnswer}, summary="Change name or IP addresses"
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change what is given, leave the rest."""
        row = self._row(pk)
        body = MacChange(data=request.data)
        body.is_valid(raise_exception=True)
        changed = enrolment.change(row, body.validated_data, actor_of(request))
        return Response(MacAnswer(changed).data)

    @extend_schema(responses={204: None}, summary="Remove one address")
    def delete(self, request: Request, pk: int) -> Response:
        """Withdraw it; its player retires and keeps its history."""
        row = self._row(pk)
        enrolment.withdraw(row.exporter, [row.mac], actor_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _row(self, pk: int) -> ExporterMac:
        rows = ExporterMac.objects.for_user(principal_of(self.request), self.see_deed)
        row: ExporterMac = get_object_or_404(rows.select_related("exporter"), pk=pk)
        self.check_object_permissions(self.request, row)
        return row


def _headers(etag: str) -> dict[str, str]:
    return {"ETag": etag, "Cache-Control": PRIVATE}
