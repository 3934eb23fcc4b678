"""Addresses of the exporters' REST API; a trailing slash is accepted and not documented."""

from django.urls import URLPattern

from platforms.api.routes import either_way

from .exporter_macs import ExporterMacDetail, ExporterMacs
from .platform_exporters import PlatformExporters
from .processes import Announce, Targets

urlpatterns: list[URLPattern] = [
    *either_way("exporter-macs", ExporterMacs.as_view()),
    *either_way("exporter-macs/<id:pk>", ExporterMacDetail.as_view()),
    *either_way("platform-exporters", PlatformExporters.as_view()),
    *either_way("exporter-processes/announce", Announce.as_view()),
    *either_way("prometheus/targets", Targets.as_view()),
]
