"""``/platforms`` and ``/sites``: what the caller's rows belong to, to be read only."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers

from platforms.api import PagedQuery, ScopedViewSet
from platforms.models import Platform, Site

from .fields import IdField


class PlatformAnswer(serializers.ModelSerializer[Platform]):
    """A platform of the caller."""

    class Meta:
        model = Platform
        fields = ("id", "name", "time_zone", "active", "players_limit")


@extend_schema_view(
    list=extend_schema(summary="Platforms"), retrieve=extend_schema(summary="Read one platform")
)
class Platforms(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """The platforms that the caller belongs to."""

    rows = Platform.objects.order_by("pk")
    serializer_class = PlatformAnswer


class SitesQuery(PagedQuery):
    """What narrows the list."""

    platform_id = IdField(required=False)


class SiteAnswer(serializers.ModelSerializer[Site]):
    """A place with players."""

    platform_id = serializers.IntegerField()

    class Meta:
        model = Site
        fields = ("id", "platform_id", "name", "address", "time_zone")


@extend_schema_view(
    list=extend_schema(summary="Sites"), retrieve=extend_schema(summary="Read one site")
)
class Sites(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """The sites of the caller's platforms."""

    rows = Site.objects.order_by("pk")
    query_class = SitesQuery
    serializer_class = SiteAnswer

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the sites that the query asks for."""
        return rows.filter(platform_id=query["platform_id"]) if "platform_id" in query else rows
