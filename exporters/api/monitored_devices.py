"""``/monitored-devices``: the players as Prometheus sees them, a page at a time."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from exporters import live, selection
from exporters.live import Device, DeviceFilters, State, Why
from platforms.api import ApiView, PagedQuery
from platforms.authentication import principal_of

from .fields import IdField

PAGE_SIZE = 100
ORDERS = [sign + name for name in selection.ORDERS for sign in ("", "-")]


class MonitoredDevicesQuery(PagedQuery):
    """What narrows and orders the list."""

    platform_id = IdField(required=False)
    exporter_id = IdField(required=False)
    site_id = IdField(required=False)
    status = serializers.ChoiceField(choices=State.choices, required=False)
    search = serializers.CharField(
        required=False,
        max_length=selection.LONGEST_SEARCH,
        help_text="Part of a name, a MAC in any spelling, or the beginning of an IP address.",
    )
    order = serializers.ChoiceField(
        choices=ORDERS,
        default="name",
        help_text="By ip and outip those without an address are last in both directions.",
    )


class MonitoredDevice(serializers.Serializer[Any]):
    """One player; texts come from vendors and may hold anything."""

    player_id = serializers.IntegerField()
    platform_id = serializers.IntegerField()
    platform_name = serializers.CharField()
    exporter_id = serializers.IntegerField()
    exporter_name = serializers.CharField()
    exporter_type = serializers.CharField()
    site_id = serializers.IntegerField(allow_null=True)
    site_name = serializers.CharField()
    identity = serializers.CharField(help_text="The MAC, or the vendor's number of the device.")
    name = serializers.CharField()
    ip = serializers.CharField()
    outip = serializers.CharField()
    status = serializers.ChoiceField(choices=State.choices)
    reason = serializers.ChoiceField(
        choices=Why.choices, allow_null=True, help_text="Why the status is unknown; else null."
    )
    message = serializers.CharField(help_text="The reason and what to do, for people; or empty.")
    since = serializers.DateTimeField(
        allow_null=True, help_text="When the status began; of an unknown one, when it was known."
    )
    since_at_least = serializers.BooleanField(help_text="It began then or earlier.")
    labels = serializers.DictField(child=serializers.CharField())


class MonitoredDevicesPage(serializers.Serializer[Any]):
    """One page. With an outage every status is unknown."""

    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    at = serializers.DateTimeField()
    outage = serializers.ChoiceField(
        choices=Why.choices, allow_null=True, help_text="Why nothing is known at all; else null."
    )
    results = MonitoredDevice(many=True)


class MonitoredDevices(ApiView):
    """The players of the caller's platforms with their status now."""

    @extend_schema(
        parameters=[MonitoredDevicesQuery],
        responses={200: MonitoredDevicesPage},
        summary="Players with their status as Prometheus sees it",
    )
    def get(self, request: Request) -> Response:
        """Answer one page; without Prometheus every status is unknown, with the reason."""
        query = MonitoredDevicesQuery.read(request)
        number, size = query.get("page", 1), query.get("page_size", PAGE_SIZE)
        state = State(query["status"]) if "status" in query else None
        filters = DeviceFilters(
            platform_id=query.get("platform_id"),
            exporter_id=query.get("exporter_id"),
            site_id=query.get("site_id"),
            state=state,
            search=query.get("search", ""),
            order=query["order"],
        )
        page = live.devices_page(principal_of(request), filters, number, size)
        if number > page.pages:
            raise NotFound
        here = request.build_absolute_uri()
        return Response(
            {
                "count": page.total,
                "next": (
                    replace_query_param(here, "page", number + 1) if number < page.pages else None
                ),
                "previous": replace_query_param(here, "page", number - 1) if number > 1 else None,
                "at": page.at,
                "outage": page.outage,
                "results": [_told(device) for device in page.devices],
            }
        )


def _told(device: Device) -> dict[str, Any]:
    why = device.verdict.why
    return {
        "player_id": device.player_id,
        "platform_id": device.platform_id,
        "platform_name": device.platform_name,
        "exporter_id": device.exporter_id,
        "exporter_name": device.exporter_name,
        "exporter_type": device.exporter_kind,
        "site_id": device.site_id,
        "site_name": device.site_name,
        "identity": device.identity,
        "name": device.name,
        "ip": device.ip,
        "outip": device.outip,
        "status": device.state,
        "reason": why,
        "message": f"{why.label}. {device.verdict.remedy}" if why else "",
        "since": device.since,
        "since_at_least": device.since_at_least,
        "labels": dict(device.labels),
    }
