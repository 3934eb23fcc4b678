"""``/commands/bulk``: one command to many sockets, first as a dry run; a line for each of them."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from devices import bulk, commands
from devices.models import CommandTemplate, Device
from devices.templates import Danger
from exporters.api.fields import IdField
from platforms.api import ApiView, Strict
from platforms.authentication import principal_of
from platforms.roles import Deed

from .fields import KEY, KEY_PARAMETER, ValuesField, key_in, templates_named
from .refusals import answered, sender_of


class Fate(StrEnum):
    """What becomes of one socket."""

    PASSES = "passes"  # of a dry run: it would get the command
    GIVEN = "given"
    SKIPPED = "skipped"


FATES = [(each.value, each.value) for each in Fate]


class BulkCommandBody(Strict):
    """A command for sockets of one platform and, as the template is of one, of one model."""

    device_ids = serializers.ListField(
        child=IdField(), min_length=1, max_length=bulk.MOST, help_text="Of one platform."
    )
    template = serializers.CharField(max_length=63, help_text="Its key.")
    parameters = ValuesField(required=False, default=dict)
    dry_run = serializers.BooleanField(help_text="Tell what would happen, and do nothing.")
    count = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=0,
        max_value=bulk.MOST,
        help_text="How many get it, as the dry run said: where that answered needs_count.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Find the sockets within the caller's reach, and the template."""
        pks = list(dict.fromkeys(attrs.pop("device_ids")))
        caller = principal_of(self.context["request"])
        reached = Device.objects.for_user(caller, Deed.SEND_ASSIGNED).filter(pk__in=pks)
        found = {row.pk: row for row in reached.select_related("model", "platform")}
        missing = _("There is none with this id, or you may not change it.")
        wrong = {str(at): [missing] for at, pk in enumerate(pks) if pk not in found}
        if wrong:
            raise serializers.ValidationError({"device_ids": wrong})
        devices = [found[pk] for pk in pks]
        if len({device.platform_id for device in devices}) > 1:
            several = _("These sockets are of different platforms.")
            raise serializers.ValidationError({"device_ids": [several]})
        return {**attrs, "devices": devices, "template": self._template(devices, attrs["template"])}

    def _template(self, devices: Sequence[Device], key: str) -> CommandTemplate:
        """Return the platform's own template before the shared one, of the first model with it."""
        by_model: dict[int, CommandTemplate] = {}
        for row in templates_named(self.context["request"], key, devices[0].platform_id):
            by_model.setdefault(row.model_id, row)
        for device in devices:
            if device.model_id in by_model:
                return by_model[device.model_id]
        raise serializers.ValidationError(
            {"template": [_("None of these sockets has this command.")]}
        )


class BulkCommandLine(serializers.Serializer[bulk.Line]):
    """What becomes of one socket."""

    device_id = serializers.IntegerField(source="device.pk")
    device_name = serializers.CharField(source="device.name")
    outcome = serializers.SerializerMethodField()
    code = serializers.SerializerMethodField(help_text="Why it is skipped; or empty.")
    message = serializers.SerializerMethodField(help_text="The same for people.")
    command_id = serializers.IntegerField(source="command.pk", allow_null=True, default=None)
    segments = serializers.IntegerField()
    players = serializers.IntegerField(help_text="On the lines that it switches.")
    goes_dark = serializers.IntegerField(source="online", help_text="Of these, online now.")

    @extend_schema_field(serializers.ChoiceField(choices=FATES))
    def get_outcome(self, line: bulk.Line) -> Fate:
        """Return it."""
        if line.refusal is not None:
            return Fate.SKIPPED
        return Fate.GIVEN if line.command is not None else Fate.PASSES

    def get_code(self, line: bulk.Line) -> str:
        """Return the code of the refusal."""
        return line.refusal.code if line.refusal is not None else ""

    def get_message(self, line: bulk.Line) -> str:
        """Return the words of the refusal."""
        return line.refusal.why if line.refusal is not None else ""


class BulkCommandAnswer(serializers.Serializer[bulk.Plan]):
    """What becomes of all of them."""

    template = serializers.CharField(source="template.key")
    danger = serializers.ChoiceField(choices=[(each, each) for each in Danger])
    needs_count = serializers.BooleanField(
        source="demands_count", help_text="It is given with the right count alone."
    )
    counts = serializers.SerializerMethodField(help_text="Outcome to number of sockets.")
    segments = serializers.IntegerField(help_text="Of those that are not skipped.")
    goes_dark = serializers.IntegerField(source="online", help_text="Players that are online now.")
    lines = BulkCommandLine(many=True)

    def get_counts(self, plan: bulk.Plan) -> dict[str, int]:
        """Count the lines by outcome."""
        told = BulkCommandLine()
        return dict(Counter(told.get_outcome(line).value for line in plan.lines))


class BulkCommands(ApiView):
    """One command to many sockets."""

    write_deed = Deed.SEND_ASSIGNED

    @extend_schema(
        parameters=[
            OpenApiParameter(
                KEY,
                KEY_PARAMETER.type,
                OpenApiParameter.HEADER,
                description="As for one command; a dry run needs none.",
            )
        ],
        request=BulkCommandBody,
        responses={200: BulkCommandAnswer},
        summary="Give one command to many sockets, or tell what would become of each",
    )
    def post(self, request: Request) -> Response:
        """Skip what is refused, give it to the others; repeated with its key, complete it."""
        body = BulkCommandBody(data=request.data, context={"request": request})
        body.is_valid(raise_exception=True)
        wish, sender, now = body.validated_data, sender_of(request), timezone.now()
        asked = (wish["template"], wish["devices"], wish["parameters"], sender, now)
        if wish["dry_run"]:
            with answered():
                return Response(BulkCommandAnswer(bulk.plan(*asked)).data)
        # Of the platform, and apart from the keys of single commands.
        key = commands.key_of(wish["devices"][0].platform_id, f"bulk:{key_in(request)}")
        with answered():
            return Response(BulkCommandAnswer(bulk.send(*asked, key, wish["count"])).data)
