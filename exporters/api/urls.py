"""Addresses of the exporters' REST API; a trailing slash is accepted and not documented."""

from typing import Any

from django.urls import URLPattern

from platforms.api.routes import either_way

from .bulk import ExporterMacsBulk
from .exporter_macs import ExporterMacDetail, ExporterMacs
from .exporters import Exporters
from .monitored_devices import MonitoredDevices
from .places import Platforms, Sites
from .platform_exporters import PlatformExporters
from .processes import Announce, Targets

READ_MANY: dict[str, Any] = {"get": "list"}
READ_ONE: dict[str, Any] = {"get": "retrieve"}

urlpatterns: list[URLPattern] = [
    *either_way("exporter-macs", ExporterMacs.as_view()),
    *either_way("exporter-macs/bulk", ExporterMacsBulk.as_view()),
    *either_way("exporter-macs/<id:pk>", ExporterMacDetail.as_view()),
    *either_way("exporter-processes/announce", Announce.as_view()),
    *either_way("exporters", Exporters.as_view({**READ_MANY, "post": "create"})),
    *either_way(
        "exporters/<id:pk>",
        Exporters.as_view({**READ_ONE, "patch": "partial_update", "delete": "destroy"}),
    ),
    *either_way("monitored-devices", MonitoredDevices.as_view()),
    *either_way("platform-exporters", PlatformExporters.as_view()),
    *either_way("platforms", Platforms.as_view(READ_MANY)),
    *either_way("platforms/<id:pk>", Platforms.as_view(READ_ONE)),
    *either_way("prometheus/targets", Targets.as_view()),
    *either_way("sites", Sites.as_view(READ_MANY)),
    *either_way("sites/<id:pk>", Sites.as_view(READ_ONE)),
]
