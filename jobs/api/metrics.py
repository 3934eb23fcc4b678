"""``/metrics``: what a condition can be about. To be read only."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers

from jobs.catalogue import Category
from jobs.metric_choices import described
from jobs.models import MonitoringMetric
from platforms.api import PagedQuery, ScopedViewSet


class MetricsQuery(PagedQuery):
    """What narrows the list."""

    kind = serializers.CharField(
        required=False, allow_blank=True, max_length=32, help_text="Of exporters; empty: of all."
    )
    search = serializers.CharField(
        required=False, max_length=200, help_text="Part of the technical name."
    )
    withdrawn = serializers.BooleanField(
        default=False, help_text="Those that are served no more, instead of the others."
    )


class ValueWord(serializers.Serializer[Any]):
    """A value and what it means."""

    value = serializers.FloatField()
    title = serializers.CharField()


class MetricAnswer(serializers.ModelSerializer[MonitoringMetric]):
    """One metric, its words in the language of the caller."""

    title = serializers.SerializerMethodField()
    help = serializers.SerializerMethodField()
    category = serializers.SerializerMethodField()
    identity = serializers.CharField(help_text="The label that names a player.")
    minimum = serializers.SerializerMethodField()
    maximum = serializers.SerializerMethodField()
    is_age = serializers.SerializerMethodField(help_text="Compared as seconds ago.")
    values = serializers.SerializerMethodField(help_text="The only ones there are; or empty.")

    class Meta:
        model = MonitoringMetric
        fields = (
            *("id", "name", "title", "help", "category", "kind", "identity", "unit"),
            *("minimum", "maximum", "is_age", "values", "in_catalogue", "withdrawn_at"),
        )

    def get_title(self, row: MonitoringMetric) -> str:
        """Return what people call it."""
        return str(described(row).title)

    def get_help(self, row: MonitoringMetric) -> str:
        """Return what it says."""
        return str(described(row).help)

    @extend_schema_field(serializers.ChoiceField(choices=[each.value for each in Category]))
    def get_category(self, row: MonitoringMetric) -> str:
        """Return what it is about."""
        return described(row).category.value

    def get_minimum(self, row: MonitoringMetric) -> float | None:
        """Return the least value it can have; null where nobody says."""
        return described(row).minimum

    def get_maximum(self, row: MonitoringMetric) -> float | None:
        """Return the greatest value it can have; null where nobody says."""
        return described(row).maximum

    def get_is_age(self, row: MonitoringMetric) -> bool:
        """Tell whether its samples are moments."""
        return described(row).age

    @extend_schema_field(ValueWord(many=True))
    def get_values(self, row: MonitoringMetric) -> list[Mapping[str, Any]]:
        """Return values with words."""
        words = described(row).values.items()
        return [{"value": value, "title": str(title)} for value, title in words]


@extend_schema_view(
    list=extend_schema(summary="Metrics by technical name"),
    retrieve=extend_schema(summary="Read one metric"),
)
class Metrics(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """The metrics of the catalogue, and those that were found in Prometheus."""

    rows = MonitoringMetric.objects.order_by("name")
    query_class = MetricsQuery
    serializer_class = MetricAnswer

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the metrics that the query asks for."""
        lookups = {"kind": "kind", "search": "name__icontains"}
        asked = {lookup: query[name] for name, lookup in lookups.items() if name in query}
        return rows.filter(withdrawn_at__isnull=not query["withdrawn"], **asked)
