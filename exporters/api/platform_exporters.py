"""``/platform-exporters``: what an exporter process shall poll, and how."""

import json
import logging
from typing import Any

from django.core.cache import cache
from django.http import HttpResponse
from django.utils.crypto import salted_hmac
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from exporters.account_settings import is_secret
from exporters.device_lists import Wanted, exporters_for
from exporters.models import Exporter
from platforms.api import ApiView, Query
from platforms.authentication import principal_of
from platforms.keyring import KeyRingError
from platforms.models import Machine, TokenKind

from .answers import ETAG, IF_NONE_MATCH, PRIVATE, fresh
from .fields import IdField, KindField

logger = logging.getLogger(__name__)

SETTINGS = ("poll_interval", "timeout", "max_concurrency")
TOLD_AGAIN_SECONDS = 3600


class PlatformExportersQuery(Query):
    """What narrows the list."""

    platform_id = IdField(required=False)
    exporter_type = KindField(required=False)


@extend_schema_field(
    {
        "type": "object",
        "properties": {
            name: {"type": "integer", "nullable": True, "description": "Null: not set."}
            for name in SETTINGS
        },
        "additionalProperties": {
            "description": "What else the kind is told; secrets to exporter processes alone."
        },
    }
)
class ConfigurationField(serializers.Field[Any, Any, Any, Any]):
    """What the admin set; null: not set, the process takes its default."""


class PlatformExporter(serializers.Serializer[Any]):
    """One exporter of a platform; a disabled one is listed, so that its devices are dropped."""

    platform_id = serializers.IntegerField()
    exporter_id = serializers.IntegerField()
    name = serializers.CharField()
    exporter_type = KindField()
    enabled = serializers.BooleanField()
    configuration = ConfigurationField()
    problem = serializers.CharField(
        help_text="Why secrets are missing from the configuration; or empty."
    )


class PlatformExporters(ApiView):
    """The exporters that the caller may read, with their settings."""

    machines = {"GET": frozenset({TokenKind.EXPORTER})}

    @extend_schema(
        parameters=[PlatformExportersQuery, IF_NONE_MATCH, ETAG],
        responses={200: PlatformExporter(many=True), 304: None},
        summary="Exporters and their settings, for exporter processes",
    )
    @sensitive_variables()
    def get(self, request: Request) -> HttpResponse:
        """Answer all of them; 304 without a body while nothing changed."""
        caller = principal_of(request)
        exporters = exporters_for(caller, Wanted(**PlatformExportersQuery.read(request)))
        told = [_told(exporter, isinstance(caller, Machine)) for exporter in exporters]
        body = json.dumps(told, ensure_ascii=False).encode()
        # A handful of rows: their text is the surest version of them. Keyed: it holds secrets.
        digest = salted_hmac("exporters.platform_exporters", body, algorithm="sha256").hexdigest()
        etag = f'"{digest[:32]}"'
        return fresh(request, etag) or HttpResponse(
            body,
            content_type="application/json",
            headers={"ETag": etag, "Cache-Control": PRIVATE},
        )


@sensitive_variables()
def _told(exporter: Exporter, with_secrets: bool) -> dict[str, Any]:
    configuration: dict[str, Any] = {name: getattr(exporter, name) for name in SETTINGS}
    problem = ""
    for setting in exporter.shape.settings:
        if not is_secret(setting):
            configuration[setting.name] = exporter.settings.get(setting.name)
    secret = [setting.name for setting in exporter.shape.settings if is_secret(setting)]
    if with_secrets and secret:
        try:
            opened = exporter.opened_secrets()
        except KeyRingError as error:
            opened, problem = {}, _unreadable(exporter, error)
        configuration |= {name: opened.get(name) for name in secret}
    return {
        "platform_id": exporter.platform_id,
        "exporter_id": exporter.pk,
        "name": exporter.name,
        "exporter_type": exporter.kind,
        "enabled": exporter.enabled,
        "configuration": configuration,
        "problem": problem,
    }


def _unreadable(exporter: Exporter, error: KeyRingError) -> str:
    """Say that the secrets cannot be opened: the exporter fails alone, the list goes out."""
    if cache.add(f"unreadable-secrets:{exporter.pk}", error.code, TOLD_AGAIN_SECONDS):
        logger.error(
            "The secrets of exporter %d cannot be opened (%s): %s It is polled without them.",
            exporter.pk,
            error.code,
            error,
        )
    return f"secrets_unreadable: {error.code}"
