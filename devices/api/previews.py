"""``/commands/preview``: what a command would be, before it is given. Writes nothing."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from devices.ledger import Room
from devices.models import Span
from devices.preview import Fed, Line, Preview, Text, preview
from devices.segments import Encoding
from devices.states import Effect
from devices.templates import Danger
from exporters.live import State
from platforms.api import ApiView
from platforms.authentication import principal_of
from platforms.roles import Deed

from .commands import Wished
from .refusals import answered, sender_of
from .sight import Sight


class TextAnswer(serializers.Serializer[Text]):
    """One SMS and what it costs."""

    text = serializers.CharField(source="shown", help_text="As sent, less passwords.")
    effect = serializers.ChoiceField(choices=[(each, each) for each in Effect])
    after = serializers.IntegerField(help_text="Seconds after the message before it.")
    encoding = serializers.ChoiceField(
        choices=[(each.value, each.value) for each in Encoding], source="encoding.value"
    )
    segments = serializers.IntegerField()


class RoomAnswer(serializers.Serializer[Room]):
    """What the platform's limit leaves in one span, before this command."""

    span = serializers.ChoiceField(choices=Span.choices)
    limit = serializers.IntegerField(allow_null=True, help_text="Null: none.")
    taken = serializers.IntegerField(help_text="Used, or kept for what follows.")
    left = serializers.IntegerField(allow_null=True)


class FedAnswer(serializers.Serializer[Fed]):
    """A player on a line."""

    player_id = serializers.IntegerField(source="player.player_id")
    name = serializers.CharField(source="player.name")
    identity = serializers.CharField(source="player.identity")
    status = serializers.ChoiceField(choices=State.choices, source="state")
    goes_dark = serializers.BooleanField()


class LineAnswer(serializers.Serializer[Line]):
    """A line of the socket."""

    number = serializers.IntegerField(source="line.number")
    name = serializers.CharField(source="line.name")
    switched = serializers.BooleanField(help_text="The command may switch it off.")
    players = FedAnswer(many=True)


class RefusalAnswer(serializers.Serializer[Any]):
    """Why it would not be given now."""

    code = serializers.CharField()
    message = serializers.CharField(source="why")
    until = serializers.DateTimeField(allow_null=True, help_text="When that ends, where known.")


class PreviewAnswer(serializers.Serializer[Preview]):
    """All that one has to know before sending."""

    device_id = serializers.IntegerField(source="device.pk")
    template = serializers.CharField(source="template.key")
    danger = serializers.ChoiceField(choices=[(each, each) for each in Danger])
    allowed = serializers.BooleanField(help_text="It would be given now.")
    needs_confirmation = serializers.BooleanField()
    refusals = RefusalAnswer(many=True)
    messages = TextAnswer(many=True, source="texts")
    segments = serializers.IntegerField(help_text="Of all its messages.")
    budget = RoomAnswer(many=True, source="rooms")
    lines = LineAnswer(many=True)
    goes_dark = serializers.SerializerMethodField(help_text="Players that are online now.")
    uncertain = serializers.SerializerMethodField(help_text="Players of which nobody knows.")
    unseen_players = serializers.IntegerField(help_text="More players than were looked at.")

    def get_goes_dark(self, told: Preview) -> int:
        """Count them."""
        return len(told.dark)

    def get_uncertain(self, told: Preview) -> int:
        """Count them."""
        return len(told.uncertain)


class CommandPreview(ApiView):
    """What a command would be."""

    write_deed = Deed.SEND_ASSIGNED

    @extend_schema(
        request=Wished,
        responses={200: PreviewAnswer},
        summary="What a command would be: texts, cost, players, what stands against it",
    )
    def post(self, request: Request) -> Response:
        """Answer without writing anything; wrong parameters are a 400 as when it is given."""
        body = Wished(data=request.data, context={"request": request})
        body.is_valid(raise_exception=True)
        wish = body.validated_data
        with answered():
            told = preview(
                wish["template"],
                wish["device_id"],
                wish["parameters"],
                sender_of(request),
                timezone.now(),
            )
        data = PreviewAnswer(told).data
        sight = Sight(principal_of(request))
        for message in data["messages"]:
            message["text"] = sight.text(told.device.platform_id, message["text"])
        return Response(data)
