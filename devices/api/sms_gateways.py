"""``/sms-gateways``: how commands reach sockets, and how that goes; for superadmins, to read."""


from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers

from devices.models import SmsGateway
from platforms.api import ScopedViewSet
from platforms.roles import Deed


class GatewayAnswer(serializers.ModelSerializer[SmsGateway]):
    """A gateway, less everything that only its driver may know."""

    platform_id = serializers.IntegerField(allow_null=True, help_text="Null: of all platforms.")

    class Meta:
        model = SmsGateway
        fields = ("id", "platform_id", "name", "driver", "enabled", "region", "phone", "created_at")


@extend_schema_view(
    list=extend_schema(summary="SMS gateways, for superadmins"),
    retrieve=extend_schema(summary="Read one SMS gateway"),
)
class SmsGateways(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """All gateways."""

    see_deed = Deed.OWN
    rows = SmsGateway.objects.defer("secret", "secrets").order_by("pk")
    serializer_class = GatewayAnswer
