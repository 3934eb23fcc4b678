"""``/commands``: give a command, follow it, take it back, give it up."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from devices import commands
from devices.models import Command, CommandStep, Device, IncomingSms
from exporters.api.fields import IdField
from platforms.api import Moment, PagedQuery, ScopedRelatedField, ScopedViewSet, Strict
from platforms.roles import Deed

from .command_answers import STATES, CommandAnswer, CommandDetail
from .fields import KEY_PARAMETER, ValuesField, key_in, templates_named
from .refusals import answered, sender_of
from .sight import SightedRows

ORDERS = {"-created": ("-pk",), "created": ("pk",)}


class CommandsQuery(PagedQuery):
    """What narrows and orders the list."""

    platform_id = IdField(required=False)
    device_id = IdField(required=False)
    template = serializers.CharField(required=False, max_length=63, help_text="Its key.")
    state = serializers.ChoiceField(choices=STATES, required=False)
    over = serializers.BooleanField(required=False, allow_null=True, default=None)
    by_job = serializers.BooleanField(required=False, allow_null=True, default=None)
    since = Moment(required=False, help_text="Given at that moment or later.")
    until = Moment(required=False, help_text="Given before that moment.")
    order = serializers.ChoiceField(choices=list(ORDERS), default="-created")


class Wished(Strict):
    """A command for one socket."""

    device_id = ScopedRelatedField(
        deed=Deed.SEND_ASSIGNED, queryset=Device.objects.select_related("model", "platform")
    )
    template = serializers.CharField(max_length=63, help_text="Its key.")
    parameters = ValuesField(required=False, default=dict)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Find the template: the platform's own one before the shared one of the same key."""
        device: Device = attrs["device_id"]
        named = templates_named(self.context["request"], attrs["template"], device.platform_id)
        found = next((each for each in named if each.model_id == device.model_id), None)
        if found is None:
            raise serializers.ValidationError({"template": [_("This socket has no such command.")]})
        return {**attrs, "template": found}


class CommandBody(Wished):
    """A command to be given."""

    confirmed = serializers.BooleanField(
        default=False, help_text="The caller knows that a destructive command cannot be undone."
    )


class GiveUpBody(Strict):
    """Giving an unknown command up."""

    confirmed = serializers.BooleanField(
        help_text="The caller knows that the message may have arrived."
    )


class NothingBody(Strict):
    """An empty object, or no body at all."""


@extend_schema_view(
    list=extend_schema(summary="Commands, the newest first"),
    retrieve=extend_schema(
        responses={200: CommandDetail}, summary="Read one command: its sequence, steps and replies"
    ),
)
class Commands(SightedRows, mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """The commands of the caller's platforms, those of jobs too."""

    write_deed = Deed.SEND_ASSIGNED
    # The text for the wire is nobody's to read.
    rows = Command.objects.select_related("device").defer("secret_text")
    query_class = CommandsQuery
    serializer_class = CommandAnswer

    def get_queryset(self) -> Any:
        """Add what one command's answer holds besides its row."""
        rows = super().get_queryset()
        if self.action == "list":
            return rows
        # unscoped: of a command that is scoped
        steps, replies = CommandStep.objects.order_by("pk"), IncomingSms.objects.order_by("pk")
        return rows.prefetch_related(Prefetch("steps", steps), Prefetch("replies", replies))

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the commands that the query asks for, in its order."""
        lookups = {
            "platform_id": "platform_id",
            "device_id": "device_id",
            "template": "template_key",
            "state": "state",
            "over": "closed",
            "by_job": "by_job",
            "since": "created_at__gte",
            "until": "created_at__lt",
        }
        asked = {
            lookup: query[name] for name, lookup in lookups.items() if query.get(name) is not None
        }
        return rows.filter(**asked).order_by(*ORDERS[query["order"]])

    def get_serializer_class(self) -> Any:
        """Answer more of one command than of each of many."""
        return CommandAnswer if self.action == "list" else CommandDetail

    @extend_schema(
        parameters=[KEY_PARAMETER],
        request=CommandBody,
        responses={201: CommandDetail, 200: CommandDetail},
        summary="Give a command",
    )
    def create(self, request: Request) -> Response:
        """Queue it: 201; with a key that was used for the same before, the old one: 200."""
        text = key_in(request)
        body = CommandBody(data=request.data, context={"request": request})
        body.is_valid(raise_exception=True)
        wish = body.validated_data
        device: Device = wish["device_id"]
        with answered():
            command = commands.queue(
                wish["template"],
                device,
                wish["parameters"],
                sender_of(request),
                # Of the platform: nobody learns which keys others have used.
                commands.key_of(device.platform_id, f"api:{text}"),
                timezone.now(),
                confirmed=wish["confirmed"],
            )
        code = status.HTTP_200_OK if command.repeated else status.HTTP_201_CREATED
        return self._told(command, code)

    @extend_schema(
        request=NothingBody, responses={200: CommandDetail}, summary="Take a command back"
    )
    def cancel(self, request: Request, pk: int) -> Response:
        """Cancel what has not gone out, with the rest of its sequence; 409 for anything else."""
        command: Command = self.get_object()
        NothingBody(data=request.data).is_valid(raise_exception=True)
        with answered():
            commands.cancel(command, sender_of(request), timezone.now())
        return self._told(command, status.HTTP_200_OK)

    @extend_schema(
        request=GiveUpBody,
        responses={200: CommandDetail},
        summary="Give up a command of which nobody knows whether it was sent",
    )
    def give_up(self, request: Request, pk: int) -> Response:
        """Close an unknown command after its window, so that another can be given."""
        command: Command = self.get_object()
        body = GiveUpBody(data=request.data)
        body.is_valid(raise_exception=True)
        with answered():
            commands.close_doubt(
                command,
                sender_of(request),
                timezone.now(),
                confirmed=body.validated_data["confirmed"],
            )
        return self._told(command, status.HTTP_200_OK)

    def _told(self, command: Command, code: int) -> Response:
        """Answer the row as it is now."""
        fresh = self.get_queryset().get(pk=command.pk)
        return Response(self.get_serializer(fresh).data, code)
