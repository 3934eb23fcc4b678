"""``/platform-exporters``: what an exporter process shall poll, and how."""

import hashlib
import json
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from exporters.device_lists import Wanted, exporters_for
from exporters.models import Exporter
from platforms.api import ApiView, Query
from platforms.authentication import principal_of
from platforms.models import TokenKind

from .answers import ETAG, IF_NONE_MATCH, PRIVATE, fresh
from .fields import IdField, KindField

SETTINGS = ("poll_interval", "timeout", "max_concurrency")


class PlatformExportersQuery(Query):
    """What narrows the list."""

    platform_id = IdField(required=False)
    exporter_type = KindField(required=False)


class Configuration(serializers.ModelSerializer[Exporter]):
    """What the admin set; null: not set, the process takes its default."""

    class Meta:
        model = Exporter
        fields = SETTINGS


class PlatformExporter(serializers.Serializer[Any]):
    """One exporter of a platform; a disabled one is listed, so that its devices are dropped."""

    platform_id = serializers.IntegerField()
    exporter_id = serializers.IntegerField()
    name = serializers.CharField()
    exporter_type = KindField()
    enabled = serializers.BooleanField()
    configuration = Configuration()


class PlatformExporters(ApiView):
    """The exporters that the caller may read, with their settings."""

    machines = {"GET": frozenset({TokenKind.EXPORTER})}

    @extend_schema(
        parameters=[PlatformExportersQuery, IF_NONE_MATCH, ETAG],
        responses={200: PlatformExporter(many=True), 304: None},
        summary="Exporters and their settings, for exporter processes",
    )
    def get(self, request: Request) -> HttpResponse:
        """Answer all of them; 304 without a body while nothing changed."""
        exporters = exporters_for(
            principal_of(request), Wanted(**PlatformExportersQuery.read(request))
        )
        body = json.dumps([_told(exporter) for exporter in exporters], ensure_ascii=False).encode()
        # A handful of rows: their text is the surest version of them.
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        return fresh(request, etag) or HttpResponse(
            body,
            content_type="application/json",
            headers={"ETag": etag, "Cache-Control": PRIVATE},
        )


def _told(exporter: Exporter) -> dict[str, Any]:
    return {
        "platform_id": exporter.platform_id,
        "exporter_id": exporter.pk,
        "name": exporter.name,
        "exporter_type": exporter.kind,
        "enabled": exporter.enabled,
        "configuration": {name: getattr(exporter, name) for name in SETTINGS},
    }
