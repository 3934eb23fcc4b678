"""``/sms-usage``: what each platform sent in a day or a month, against its limits."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers

from devices.models import BudgetPeriod, Span
from exporters.api.fields import IdField
from platforms.api import PagedQuery, ScopedViewSet


class UsageQuery(PagedQuery):
    """What narrows the list."""

    platform_id = IdField(required=False)
    span = serializers.ChoiceField(choices=Span.choices, required=False)
    since = serializers.DateField(required=False, help_text="Begun on that day or later.")
    until = serializers.DateField(required=False, help_text="Begun before that day.")


class UsageAnswer(serializers.ModelSerializer[BudgetPeriod]):
    """One day or month of the platform's time zone, in segments; one without SMS has no row."""

    platform_id = serializers.IntegerField()
    span = serializers.ChoiceField(choices=Span.choices)
    limit = serializers.IntegerField(
        allow_null=True, help_text="As it was when the last SMS went out; null: none."
    )
    used = serializers.IntegerField()
    reserved = serializers.IntegerField(help_text="Kept for messages that have to follow.")
    beyond = serializers.IntegerField(
        help_text="Sent over the limit, because a line was off and had to be switched on."
    )
    by_jobs = serializers.IntegerField(help_text="Of those used and reserved.")

    class Meta:
        model = BudgetPeriod
        fields = ("platform_id", "span", "starts", "limit", "used", "reserved", "beyond", "by_jobs")


@extend_schema_view(list=extend_schema(summary="SMS by day and month, the newest first"))
class SmsUsage(mixins.ListModelMixin, ScopedViewSet):
    """The ledger of the caller's platforms."""

    rows = BudgetPeriod.objects.order_by("-starts", "span", "platform_id")
    query_class = UsageQuery
    serializer_class = UsageAnswer

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the spans that the query asks for."""
        lookups = {
            "platform_id": "platform_id",
            "span": "span",
            "since": "starts__gte",
            "until": "starts__lt",
        }
        return rows.filter(
            **{lookup: query[name] for name, lookup in lookups.items() if name in query}
        )
