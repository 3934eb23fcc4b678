"""``/sms-gateways``: how commands reach sockets, and how that goes; for superadmins, to read."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers

from devices.gateways import DRIVERS
from devices.models import GatewayHealth, GatewayInbox, SmsGateway
from exporters.account_settings import is_secret
from platforms.api import ScopedViewSet
from platforms.roles import Deed


class HealthAnswer(serializers.ModelSerializer[GatewayHealth]):
    """How sending goes."""

    held_until = serializers.DateTimeField(allow_null=True, help_text="Nothing is sent before.")
    held_reason = serializers.CharField(help_text="Why; or empty.")
    failing_since = serializers.DateTimeField(
        allow_null=True, help_text="The first of the failures in a row; null: it takes messages."
    )

    class Meta:
        model = GatewayHealth
        fields = ("held_until", "held_reason", "failing_since", "failures", "accepted_at")


class InboxAnswer(serializers.ModelSerializer[GatewayInbox]):
    """How hearing goes."""

    fault = serializers.CharField(help_text="Why the last poll failed; or empty.")
    failing_since = serializers.DateTimeField(allow_null=True)
    polled_at = serializers.DateTimeField(allow_null=True)
    called_at = serializers.DateTimeField(allow_null=True, help_text="The last signed call.")

    class Meta:
        model = GatewayInbox
        fields = ("fault", "failing_since", "polled_at", "called_at")


class GatewayAnswer(serializers.ModelSerializer[SmsGateway]):
    """A gateway without its secrets. Of the address only the server: the rest can hold some."""

    platform_id = serializers.IntegerField(allow_null=True, help_text="Null: of all platforms.")
    server = serializers.SerializerMethodField()
    settings = serializers.SerializerMethodField(help_text="Those of its driver, less secrets.")
    per_minute = serializers.IntegerField(allow_null=True, help_text="Messages; null: no limit.")
    at_once = serializers.IntegerField(allow_null=True, help_text="Requests; null: no limit.")
    health = serializers.SerializerMethodField(help_text="Null: nothing was sent yet.")
    inbox = serializers.SerializerMethodField(help_text="Null: nobody listened yet.")

    class Meta:
        model = SmsGateway
        fields = (
            "id",
            "platform_id",
            "name",
            "driver",
            "server",
            "settings",
            "region",
            "phone",
            "per_minute",
            "at_once",
            "enabled",
            "created_at",
            "health",
            "inbox",
        )

    def get_server(self, gateway: SmsGateway) -> str:
        """Return scheme, name and port of its address."""
        scheme, _colon, rest = gateway.address.partition("://")
        return f"{scheme}://{rest.partition('/')[0].rpartition('@')[2]}" if rest else ""

    def get_settings(self, gateway: SmsGateway) -> dict[str, Any]:
        """Return what the driver is told, by name; what it does not know is left out."""
        driver = DRIVERS.get(gateway.driver)
        known = [each.name for each in driver.settings if not is_secret(each)] if driver else []
        return {name: gateway.settings[name] for name in known if name in gateway.settings}

    @extend_schema_field(HealthAnswer(allow_null=True))
    def get_health(self, gateway: SmsGateway) -> Any:
        """Return its row, which is made with the first message."""
        health = getattr(gateway, "health", None)
        return HealthAnswer(health).data if health is not None else None

    @extend_schema_field(InboxAnswer(allow_null=True))
    def get_inbox(self, gateway: SmsGateway) -> Any:
        """Return its row, which is made when it is first listened to."""
        inbox = getattr(gateway, "inbox", None)
        return InboxAnswer(inbox).data if inbox is not None else None


@extend_schema_view(
    list=extend_schema(summary="SMS gateways, for superadmins"),
    retrieve=extend_schema(summary="Read one SMS gateway"),
)
class SmsGateways(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """All gateways."""

    see_deed = Deed.OWN
    rows = (
        SmsGateway.objects.select_related("health", "inbox")
        .defer("secret", "secrets")
        .order_by("pk")
    )
    serializer_class = GatewayAnswer
