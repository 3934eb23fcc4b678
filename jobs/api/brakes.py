"""``/brakes``: where jobs begin nothing, for too many players are bad at once. To be read only."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers

from exporters.api.fields import IdField
from jobs.brake import Count
from jobs.models import Brake
from platforms.api import PagedQuery, ScopedViewSet


class BrakesQuery(PagedQuery):
    """What narrows the list."""

    platform_id = IdField(required=False)
    exporter_id = IdField(required=False)
    engaged = serializers.BooleanField(required=False, allow_null=True, default=None)


class BrakeAnswer(serializers.ModelSerializer[Brake]):
    """The brake of an exporter or of a whole platform, as it was counted last."""

    platform_id = serializers.IntegerField()
    exporter_id = serializers.IntegerField(allow_null=True, help_text="Null: of the platform.")
    limit = serializers.SerializerMethodField(help_text="With more bad players it engages.")

    class Meta:
        model = Brake
        fields = (
            *("id", "platform_id", "exporter_id", "engaged", "engaged_at", "released_at"),
            *("below_since", "counted_at", "bad", "enrolled", "limit"),
        )

    def get_limit(self, row: Brake) -> int:
        """Return how many may be bad."""
        return Count(row.enrolled, min(row.bad, row.enrolled)).limit


@extend_schema_view(
    list=extend_schema(summary="Brakes"), retrieve=extend_schema(summary="Read one brake")
)
class Brakes(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """The brakes of the caller's platforms."""

    rows = Brake.objects.order_by("pk")
    query_class = BrakesQuery
    serializer_class = BrakeAnswer

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the brakes that the query asks for."""
        names = ("platform_id", "exporter_id", "engaged")
        return rows.filter(**{name: query[name] for name in names if query.get(name) is not None})
