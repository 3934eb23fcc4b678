"""``/incoming-messages``: what sockets answered and told; to superadmins also what nobody's did."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers

from devices.models import IncomingSms
from exporters.api.fields import IdField
from platforms.api import Moment, PagedQuery, ScopedViewSet

from .command_answers import MEANINGS, MessageAnswer
from .sight import SightedRows


class IncomingQuery(PagedQuery):
    """What narrows the list."""

    platform_id = IdField(required=False)
    device_id = IdField(required=False)
    command_id = IdField(required=False)
    meaning = serializers.ChoiceField(choices=MEANINGS, required=False)
    unmatched = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Those of no known socket, which superadmins alone see, or the others.",
    )
    since = Moment(required=False, help_text="Received at that moment or later.")


@extend_schema_view(
    list=extend_schema(summary="Messages that came in, the newest first"),
    retrieve=extend_schema(summary="Read one message"),
)
class IncomingMessages(
    SightedRows, mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet
):
    """The messages of the sockets of the caller's platforms."""

    rows = IncomingSms.objects.order_by("-pk")
    query_class = IncomingQuery
    serializer_class = MessageAnswer

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the messages that the query asks for."""
        lookups = {
            "platform_id": "platform_id",
            "device_id": "device_id",
            "command_id": "command_id",
            "meaning": "kind",
            "since": "received_at__gte",
        }
        asked = {lookup: query[name] for name, lookup in lookups.items() if name in query}
        if query["unmatched"] is not None:
            asked["device_id__isnull"] = query["unmatched"]
        return rows.filter(**asked)
