"""Sockets as the API tells them: what they are, and what was last known of them."""

from datetime import datetime

from django.utils import timezone
from rest_framework import serializers

from devices.models import Binding, Device, DeviceLine

from .fields import ModelField
from .sight import Sight


class BoundPlayer(serializers.ModelSerializer[Binding]):
    """A player that hangs on a line now."""

    binding_id = serializers.IntegerField(source="pk")
    player_id = serializers.IntegerField()
    name = serializers.CharField(source="player.name")
    identity = serializers.CharField(source="player.identity")

    class Meta:
        model = Binding
        fields = ("binding_id", "player_id", "name", "identity", "since")


class DeviceLineAnswer(serializers.ModelSerializer[DeviceLine]):
    """A line with its last known state, which may be old."""

    is_on = serializers.BooleanField(allow_null=True, help_text="Null: the socket never told.")
    age = serializers.SerializerMethodField(help_text="Seconds since the socket told; or null.")
    players = BoundPlayer(many=True, source="bound")

    class Meta:
        model = DeviceLine
        fields = ("id", "number", "name", "is_on", "told_at", "age", "players")

    def get_age(self, line: DeviceLine) -> int | None:
        """Return how old the state is."""
        return age_of(line.told_at)


class DeviceAnswer(serializers.ModelSerializer[Device]):
    """A socket. Its phone is null for whoever may not read phone numbers."""

    platform_id = serializers.IntegerField()
    model = ModelField(read_only=True)
    phone = serializers.SerializerMethodField()
    site_id = serializers.IntegerField(allow_null=True)
    successor_id = serializers.IntegerField(allow_null=True, help_text="What replaced it.")
    gsm_level = serializers.IntegerField(
        allow_null=True, help_text="In the socket's own unit; null: it never told."
    )
    heard_age = serializers.SerializerMethodField(
        help_text="Seconds since it was last heard of; or null."
    )
    mains_lost_at = serializers.DateTimeField(
        allow_null=True, help_text="Since when its mains are gone, as it told; null: they are not."
    )
    lines = DeviceLineAnswer(many=True)

    class Meta:
        model = Device
        fields = (
            "id",
            "platform_id",
            "site_id",
            "model",
            "name",
            "phone",
            "notes",
            "enabled",
            "reset_only",
            "mains_lost_at",
            "heard_at",
            "heard_age",
            "gsm_level",
            "gsm_level_at",
            "commissioned_at",
            "successor_id",
            "retired_at",
            "created_at",
            "lines",
        )

    def get_phone(self, device: Device) -> str | None:
        """Return the number to those who may read it."""
        sight: Sight = self.context["sight"]
        return sight.phone(device.platform_id, device.phone)

    def get_heard_age(self, device: Device) -> int | None:
        """Return how long it has been silent."""
        return age_of(device.heard_at)


def age_of(moment: datetime | None) -> int | None:
    """Return the whole seconds since a moment; None for none."""
    return None if moment is None else max(int((timezone.now() - moment).total_seconds()), 0)
