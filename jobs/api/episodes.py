"""``/episodes``: who was bad under which job, what held it back; taken over by a person."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from devices.api.refusals import sender_of
from exporters.api.fields import IdField
from jobs import approvals, gate_words
from jobs.approvals import NotDecided
from jobs.models import Episode, GateVerdict, Trigger
from platforms.api import Moment, PagedQuery, ScopedViewSet
from platforms.roles import Deed

from .decisions import CommentBody, answered, taken_over_before

MOST_VERDICTS = 200


class EpisodesQuery(PagedQuery):
    """What narrows the list."""

    platform_id = IdField(required=False)
    job_id = IdField(required=False)
    player_id = IdField(required=False)
    trigger = serializers.ChoiceField(choices=Trigger.choices, required=False)
    open = serializers.BooleanField(required=False, allow_null=True, default=None)
    acknowledged = serializers.BooleanField(required=False, allow_null=True, default=None)
    suppressed = serializers.CharField(
        required=False, max_length=32, help_text="The gate that holds it back."
    )
    since = Moment(required=False, help_text="Opened then or later.")
    until = Moment(required=False, help_text="Opened before that moment.")


class VerdictAnswer(serializers.Serializer[GateVerdict]):
    """From when a gate held an episode back; without a gate: nothing did."""

    at = serializers.DateTimeField()
    gate = serializers.CharField(allow_blank=True)
    detail = serializers.DictField()
    message = serializers.SerializerMethodField()

    def get_message(self, verdict: GateVerdict) -> str:
        """Return the verdict in words."""
        return gate_words.told(verdict.gate, verdict.detail).text if verdict.gate else ""


class EpisodeAnswer(serializers.ModelSerializer[Episode]):
    """One player under one job, from when it was bad until it was over."""

    platform_id = serializers.IntegerField()
    job_id = serializers.IntegerField()
    job_name = serializers.CharField(source="job")
    player_id = serializers.IntegerField()
    player_name = serializers.CharField(source="player")
    open = serializers.SerializerMethodField()
    suppressed = serializers.CharField(help_text="The gate that holds it back; or empty.")
    message = serializers.SerializerMethodField(
        help_text="Why nothing is done, in words; or empty."
    )
    acknowledged_by = serializers.CharField(source="acknowledged_name")

    class Meta:
        model = Episode
        fields = (
            *("id", "platform_id", "job_id", "job_name", "job_version", "player_id"),
            *("player_name", "trigger", "due_at", "opened_at", "value", "recovering_since"),
            *("open", "closed_at", "ending", "attempts", "next_at", "exhausted_at"),
            *("suppressed", "suppressed_since", "message"),
            *("acknowledged_at", "acknowledged_by", "comment"),
        )

    def get_open(self, episode: Episode) -> bool:
        """Tell whether it goes on."""
        return not episode.closed

    def get_message(self, episode: Episode) -> str:
        """Return what holds it back."""
        if not episode.suppressed:
            return ""
        return gate_words.told(episode.suppressed, episode.detail).text


class EpisodeDetail(EpisodeAnswer):
    """An episode with the gates that held it back, one after the other."""

    verdicts = serializers.SerializerMethodField(help_text=f"The last {MOST_VERDICTS}.")

    class Meta(EpisodeAnswer.Meta):
        fields = (*EpisodeAnswer.Meta.fields, "verdicts")  # type: ignore[assignment]

    @extend_schema_field(VerdictAnswer(many=True))
    def get_verdicts(self, episode: Episode) -> Sequence[Mapping[str, Any]]:
        """Return them in their order."""
        # unscoped: of an episode that is scoped
        newest = GateVerdict.objects.filter(episode=episode).order_by("-pk")[:MOST_VERDICTS]
        return [VerdictAnswer(each).data for each in reversed(newest)]


@extend_schema_view(
    list=extend_schema(summary="Episodes, the newest first"),
    retrieve=extend_schema(summary="Read one episode with what held it back"),
)
class Episodes(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """The episodes of the caller's platforms."""

    write_deed = Deed.SEND_ASSIGNED
    rows = Episode.objects.select_related("job", "player").order_by("-pk")
    query_class = EpisodesQuery
    serializer_class = EpisodeAnswer

    def get_serializer_class(self) -> Any:
        """Answer more of one than of each of many."""
        return EpisodeAnswer if self.action == "list" else EpisodeDetail

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the episodes that the query asks for."""
        names = ("platform_id", "job_id", "player_id", "trigger", "suppressed")
        asked = {name: query[name] for name in names if name in query}
        moments = {"since": "opened_at__gte", "until": "opened_at__lt"}
        asked |= {lookup: query[name] for name, lookup in moments.items() if name in query}
        if query["open"] is not None:
            asked["closed"] = not query["open"]
        if query["acknowledged"] is not None:
            asked["acknowledged_at__isnull"] = not query["acknowledged"]
        return rows.filter(**asked)

    @extend_schema(
        request=CommentBody, responses={200: EpisodeDetail}, summary="Take an episode over"
    )
    def acknowledge(self, request: Request, pk: int) -> Response:
        """Stop its ladder for good; said again by the same person it changes nothing."""
        episode: Episode = self.get_object()
        body = CommentBody(data=request.data)
        body.is_valid(raise_exception=True)
        sender, comment = sender_of(request), body.validated_data["comment"]
        with answered():
            try:
                approvals.acknowledge(episode, sender, timezone.now(), comment)
            except NotDecided as error:
                if error.code != "over" or not taken_over_before(episode, sender):
                    raise
        fresh = self.get_queryset().get(pk=episode.pk)
        return Response(self.get_serializer(fresh).data)
