"""``/jobs/preview``: what a job would be about now, stored or not. Writes nothing."""

import time
from typing import Any

from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import (
    costs,
    definition as definitions,
    definition_checks,
    forecast,
    naming,
    preview,
    raw_rights,
)
from jobs.brake import Domain, Shut
from jobs.definition import Definition
from jobs.models import Job
from jobs.verdicts import Verdict, Why
from platforms.api import ApiView
from platforms.authentication import principal_of

from .definitions import JobBody, new

WHYS = [each.value for each in Why]
SHUT = [each.value for each in Shut]


class PreviewedPlayer(serializers.Serializer[preview.Row]):
    """One player that it covers."""

    player_id = serializers.IntegerField(source="player.pk")
    name = serializers.CharField(source="player")
    identity = serializers.CharField(source="player.identity")
    exporter_id = serializers.IntegerField(source="player.exporter_id")
    verdict = serializers.ChoiceField(
        choices=[each.value for each in Verdict], source="verdict.value"
    )
    values = serializers.ListField(
        child=serializers.CharField(allow_blank=True),
        help_text="For each condition, in words; empty where nothing is known.",
    )
    line = serializers.CharField(allow_null=True, help_text="Of which socket; null: of none.")


class PreviewedDoubt(serializers.Serializer[forecast.Doubt]):
    """Players that look bad, of sources of which nothing is believed now."""

    why = serializers.ChoiceField(choices=WHYS, source="why.value")
    players = serializers.IntegerField()


class PreviewedBrake(serializers.Serializer[forecast.Held]):
    """What a brake would hold back."""

    players = serializers.IntegerField(help_text="Of those on a socket, how many it would hold.")
    domain = serializers.ChoiceField(choices=[each.value for each in Domain], source="domain.value")
    why = serializers.ChoiceField(choices=SHUT, source="brake.why.value")
    bad = serializers.IntegerField(source="brake.bad", help_text="Bad or unknown in the domain.")
    limit = serializers.IntegerField(source="brake.limit", help_text="How many may be.")


class PreviewedForecast(serializers.Serializer[forecast.Forecast]):
    """What would become of those that are bad now, if it stayed so: each is counted once."""

    fires = serializers.IntegerField(help_text="It would fire, after the time `hold`.")
    fires_without_socket = serializers.IntegerField(
        help_text="Of these, on no socket: people are told, nothing is sent."
    )
    new = serializers.IntegerField(
        help_text="Never seen well under these conditions: left to people."
    )
    bad_for_long = serializers.IntegerField(help_text="For more than a week: left to people.")
    doubts = PreviewedDoubt(many=True, help_text="Not believed to be bad, by reason.")
    held = PreviewedBrake(allow_null=True, help_text="By the brake; null: of nobody.")


class PreviewedCosts(serializers.Serializer[costs.Costs]):
    """SMS of one attempt, by the rungs and sockets where it costs least and most."""

    least = serializers.IntegerField()
    most = serializers.IntegerField()
    left = serializers.IntegerField(
        source="left.sms",
        default=None,
        allow_null=True,
        help_text="That jobs may still send today or this month, whichever is fewer; null: any.",
    )


class JobPreviewAnswer(serializers.Serializer[Any]):
    """What a job covers now; it acts on what is seen over time, so not on all who are bad now."""

    name = serializers.CharField(help_text="What it would be called.")
    players = serializers.IntegerField()
    with_socket = serializers.IntegerField()
    bad = serializers.IntegerField(allow_null=True, help_text="Null: nobody can say it now.")
    bad_without_socket = serializers.IntegerField()
    forecast = PreviewedForecast(allow_null=True, help_text="Null: nobody can say it now.")
    costs = PreviewedCosts(allow_null=True, help_text="In SMS; null: it can send nothing.")
    why_unknown = serializers.ChoiceField(choices=WHYS, allow_blank=True, help_text="Else empty.")
    rows = PreviewedPlayer(many=True, help_text="Bad ones first; 50 at most.")


class NewJobPreview(ApiView):
    """A definition that is not stored."""

    @extend_schema(
        request=JobBody,
        responses={200: JobPreviewAnswer},
        summary="Preview a job that is not stored",
    )
    def post(self, request: Request) -> Response:
        """Look at what it would cover; 400 for whatever could not be stored."""
        body = JobBody(data=request.data, context={"request": request})
        body.is_valid(raise_exception=True)
        wanted = new(body.validated_data)
        wrong = {
            **definition_checks.check(wanted),
            **raw_rights.refused(wanted, None, principal_of(request)),
        }
        if wrong:
            raise serializers.ValidationError(wrong)
        return Response(_answer(wanted))


class JobPreview(ApiView):
    """A job as it is."""

    @extend_schema(responses={200: JobPreviewAnswer}, summary="Preview a job as it is")
    def get(self, request: Request, pk: int) -> Response:
        """Look at what it covers now."""
        job = Job.objects.for_user(principal_of(request)).in_use().get(pk=pk)
        return Response(_answer(definitions.of(job)))


def _answer(definition: Definition) -> Any:
    seen = preview.look(definition, time.time())
    name = definition.own_name or naming.automatic(definition)[str(get_language())]
    why = seen.why.value if seen.why is not None else ""
    return JobPreviewAnswer({**vars(seen), "name": name, "why_unknown": why}).data
