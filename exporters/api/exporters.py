"""``/exporters``: read, make, change and delete the exporters of one's platforms."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers

from exporters import enrolment
from exporters.models import Exporter
from platforms.api import AuditedWrites, PagedQuery, ScopedRelatedField, Strict
from platforms.authentication import actor_of
from platforms.models import Platform

from .fields import IdField, KindField


class ExportersQuery(PagedQuery):
    """What narrows the list."""

    platform_id = IdField(required=False)
    exporter_type = KindField(required=False)
    enabled = serializers.BooleanField(required=False, allow_null=True, default=None)
    search = serializers.CharField(required=False, max_length=120, help_text="Part of the name.")


class ExporterBody(Strict, serializers.ModelSerializer[Exporter]):
    """An exporter; a setting of null leaves the choice to the exporter process."""

    platform_id = ScopedRelatedField(source="platform", queryset=Platform.objects.all())
    exporter_type = KindField(source="kind")

    class Meta:
        model = Exporter
        fields = (
            "id",
            "platform_id",
            "exporter_type",
            "name",
            "enabled",
            "poll_interval",
            "timeout",
            "max_concurrency",
            "created_at",
        )

    def validate_platform_id(self, platform: Platform) -> Platform:
        """Keep an exporter on its platform."""
        if self.instance is not None and self.instance.platform_id != platform.pk:
            raise serializers.ValidationError(_("This never changes. Make another exporter."))
        return platform

    def validate_exporter_type(self, kind: str) -> str:
        """Keep an exporter's kind: its addresses mean something to that vendor alone."""
        if self.instance is not None and self.instance.kind != kind:
            raise serializers.ValidationError(_("This never changes. Make another exporter."))
        return kind


@extend_schema_view(
    list=extend_schema(summary="Exporters"),
    retrieve=extend_schema(summary="Read one exporter"),
    create=extend_schema(summary="Make an exporter"),
    partial_update=extend_schema(summary="Change an exporter"),
    destroy=extend_schema(summary="Delete an exporter, its addresses and its players"),
)
class Exporters(mixins.ListModelMixin, mixins.RetrieveModelMixin, AuditedWrites):
    """The exporters of the caller's platforms."""

    rows = Exporter.objects.order_by("pk")
    query_class = ExportersQuery
    serializer_class = ExporterBody

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the exporters that the query asks for."""
        if "platform_id" in query:
            rows = rows.filter(platform_id=query["platform_id"])
        if "exporter_type" in query:
            rows = rows.filter(kind=query["exporter_type"])
        if query["enabled"] is not None:
            rows = rows.filter(enabled=query["enabled"])
        if "search" in query:
            rows = rows.filter(name__icontains=query["search"])
        return rows

    def perform_update(self, serializer: serializers.BaseSerializer[Any]) -> None:
        """Save the change with the next list version: processes see that theirs is outdated."""
        exporter: Any = serializer.instance
        with transaction.atomic():
            exporter.take_version()
            super().perform_update(serializer)

    def perform_destroy(self, instance: Any) -> None:
        """Delete the exporter with its addresses and players."""
        enrolment.discard(instance, actor_of(self.request))
