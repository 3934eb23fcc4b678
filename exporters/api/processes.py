"""``/exporter-processes/announce``, ``/prometheus/targets``: how exporters come to be scraped."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from exporters import targets
from platforms.api import ApiView, Conflict, Strict
from platforms.authentication import actor_of
from platforms.models import TokenKind
from platforms.roles import Deed

from .fields import KindField


class AnnouncementBody(Strict):
    """What an exporter process says of itself."""

    kind = KindField()
    instance = serializers.RegexField(
        f"^{targets.INSTANCE.pattern}\\Z",
        max_length=63,
        help_text="Stable name of the process: Latin letters, digits, dot, dash, underscore.",
        error_messages={
            "invalid": _("1 to 63 Latin letters, digits, dots, dashes and underscores.")
        },
    )
    port = serializers.IntegerField(min_value=1, max_value=65535)
    host = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=253,
        help_text="Host name or address for Prometheus; without it, where the request came from.",
    )
    version = serializers.CharField(required=False, allow_blank=True, max_length=32)
    scheme = serializers.ChoiceField(
        ["http", "https"], required=False, help_text="How the process is asked; http unless said."
    )


class Announced(serializers.Serializer[Any]):
    """Under what Prometheus scrapes the process."""

    instance = serializers.CharField()
    address = serializers.CharField(help_text="host:port")


class Announce(ApiView):
    """An exporter process tells where it is scraped; it repeats that once a minute."""

    people = False
    machines = {"POST": frozenset({TokenKind.EXPORTER})}
    http_method_names = ["post"]

    @extend_schema(
        request=AnnouncementBody,
        responses={200: Announced},
        summary="Announce an exporter process to service discovery",
    )
    def post(self, request: Request) -> Response:
        """List the process; 403 for another kind or address, 409 for another's instance."""
        body = AnnouncementBody(data=request.data)
        body.is_valid(raise_exception=True)
        said = targets.Announcement(**body.validated_data)
        token: Any = request.auth  # the permission lets tokens of exporters in alone
        if said.kind != token.exporter_kind:
            raise PermissionDenied(_("This token is for another kind of exporter."), "kind_refused")
        try:
            row = targets.announce(said, token, actor_of(request))
        except targets.AddressRefused as error:
            raise PermissionDenied(str(error), "address_refused") from error
        except targets.Taken as error:
            raise Conflict(str(error)) from error
        return Response({"instance": row.instance, "address": row.address})


class Labels(serializers.Serializer[Any]):
    """What Prometheus adds to every series of the target."""

    job = serializers.CharField()
    instance = serializers.CharField()
    kind = serializers.CharField()
    __scheme__ = serializers.CharField(
        required=False, help_text="https where the process serves TLS; else absent."
    )
    token_platform = serializers.CharField(
        required=False, help_text="The platform that the process alone may speak for; else absent."
    )


class TargetGroup(serializers.Serializer[Any]):
    """One exporter process."""

    targets = serializers.ListField(child=serializers.CharField())
    labels = Labels()


class Targets(ApiView):
    """HTTP service discovery: every listed exporter process, dead ones too."""

    see_deed = Deed.OWN
    machines = {"GET": frozenset({TokenKind.DISCOVERY})}

    @extend_schema(
        responses={200: TargetGroup(many=True)},
        summary="Scrape targets for Prometheus' http_sd_configs",
    )
    def get(self, request: Request) -> Response:
        """Answer the whole list, [] when it is empty."""
        return Response(targets.groups())
