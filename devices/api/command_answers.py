"""Commands as the API tells them: one row an SMS, its sequence, its life and its replies."""

from typing import Any

from rest_framework import serializers

from devices import story
from devices.models import Command, CommandStep, IncomingSms
from devices.replies import Meaning
from devices.states import State
from devices.templates import Danger

from .sight import Sight

STATES = [(each.value, each.value) for each in State]
MEANINGS = [(each.value, each.value) for each in Meaning]


class CommandAnswer(serializers.ModelSerializer[Command]):
    """One SMS to a socket. Texts hide passwords from everybody, and phones where they have to."""

    platform_id = serializers.IntegerField()
    device_id = serializers.IntegerField()
    device_name = serializers.CharField(source="device.name")
    template = serializers.CharField(source="template_key")
    model = serializers.CharField(source="model_key")
    text = serializers.SerializerMethodField(help_text="As sent, less passwords.")
    parameters = serializers.SerializerMethodField(help_text="Values by name, less passwords.")
    danger = serializers.ChoiceField(choices=[(each, each) for each in Danger])
    state = serializers.ChoiceField(choices=STATES)
    over = serializers.BooleanField(source="closed", help_text="Nothing more happens to it.")
    reason = serializers.CharField(help_text="Why it stands where it stands; or empty.")
    segments = serializers.IntegerField(help_text="SMS of this message alone.")
    head_id = serializers.IntegerField(
        allow_null=True, help_text="The first message of its sequence; null: it is the first."
    )
    after = serializers.IntegerField(help_text="Seconds after the message before it.")
    owed = serializers.BooleanField(help_text="It switches a line on that the one before put off.")
    sent_at = serializers.DateTimeField(source="wire_at", allow_null=True)
    watched = serializers.BooleanField(help_text="Players tell whether it worked.")
    author = serializers.CharField(source="author_name", help_text="An account, or a job.")

    class Meta:
        model = Command
        fields = (
            "id",
            "platform_id",
            "device_id",
            "device_name",
            "model",
            "template",
            "parameters",
            "text",
            "segments",
            "effect",
            "danger",
            "state",
            "over",
            "reason",
            "head_id",
            "after",
            "owed",
            "watched",
            "tries",
            "created_at",
            "not_before",
            "expires_at",
            "sent_at",
            "replied_at",
            "by_job",
            "author",
        )

    def get_text(self, command: Command) -> str:
        """Return what pages show of the text."""
        return self._sight.text(command.platform_id, command.text)

    def get_parameters(self, command: Command) -> dict[str, Any]:
        """Return the values that are no secrets."""
        return self._sight.values(command.platform_id, command.parameters)

    @property
    def _sight(self) -> Sight:
        sight: Sight = self.context["sight"]
        return sight


class StepAnswer(serializers.ModelSerializer[CommandStep]):
    """One move of a command."""

    event = serializers.CharField(help_text="A word for programs; empty: it was given.")
    state = serializers.ChoiceField(choices=STATES)
    message = serializers.SerializerMethodField(help_text="What happened, for people.")

    class Meta:
        model = CommandStep
        fields = ("at", "event", "state", "message", "reason")

    def get_message(self, step: CommandStep) -> str:
        """Return the event in words."""
        return story.what_happened(step) if step.event else ""


class MessageAnswer(serializers.ModelSerializer[IncomingSms]):
    """One message that came in; what it means as far as it was understood."""

    platform_id = serializers.IntegerField(allow_null=True)
    device_id = serializers.IntegerField(allow_null=True)
    command_id = serializers.IntegerField(allow_null=True)
    sender = serializers.SerializerMethodField()
    text = serializers.SerializerMethodField()
    meaning = serializers.ChoiceField(
        choices=MEANINGS, source="kind", allow_blank=True, help_text="Empty: not read yet."
    )
    details = serializers.DictField(source="meaning", help_text="Lines, the level of the signal.")

    class Meta:
        model = IncomingSms
        fields = (
            "id",
            "platform_id",
            "device_id",
            "command_id",
            "sender",
            "text",
            "meaning",
            "details",
            "sent_at",
            "received_at",
        )

    def get_sender(self, message: IncomingSms) -> str:
        """Return who it says it is from; a number only to those who may read numbers."""
        return self._sight.text(message.platform_id, message.sender)

    def get_text(self, message: IncomingSms) -> str:
        """Return its text; numbers in it as in the sender."""
        return self._sight.text(message.platform_id, message.text)

    @property
    def _sight(self) -> Sight:
        sight: Sight = self.context["sight"]
        return sight


class CommandDetail(CommandAnswer):
    """A command with all that happened to it."""

    messages = serializers.SerializerMethodField(help_text="All SMS of the sequence, in order.")
    total_segments = serializers.SerializerMethodField(help_text="SMS of the whole sequence.")
    steps = StepAnswer(many=True)
    replies = MessageAnswer(many=True)

    class Meta(CommandAnswer.Meta):
        fields = (  # type: ignore[assignment]
            *CommandAnswer.Meta.fields, "messages", "total_segments", "steps", "replies",
        )  # fmt: skip

    def get_messages(self, command: Command) -> Any:
        """Return the head of the sequence and what follows it."""
        return CommandAnswer(self._sequence(command), many=True, context=self.context).data

    def get_total_segments(self, command: Command) -> int:
        """Return what all of them cost."""
        return sum(each.segments for each in self._sequence(command))

    def _sequence(self, command: Command) -> list[Command]:
        """Return all messages, read once."""
        if not hasattr(command, "whole_sequence"):
            rows = Command.objects.sequence_of(command).select_related("device")
            command.whole_sequence = list(rows)  # type: ignore[attr-defined]
        found: list[Command] = command.whole_sequence  # type: ignore[attr-defined]
        return found
