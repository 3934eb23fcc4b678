"""``/job-executions``: what jobs did, would have done, or propose, and on what grounds."""

from collections.abc import Mapping, Sequence
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers

from devices.api.sight import Sight, SightedRows
from exporters.api.fields import IdField
from jobs import criterion_words, gate_words
from jobs.models import JobExecution, Mode, Outcome, Standing
from platforms.api import Moment, PagedQuery, ScopedViewSet


class ExecutionsQuery(PagedQuery):
    """What narrows the list."""

    platform_id = IdField(required=False)
    job_id = IdField(required=False)
    player_id = IdField(required=False)
    episode_id = IdField(required=False)
    mode = serializers.ChoiceField(choices=Mode.choices, required=False)
    standing = serializers.ChoiceField(choices=Standing.choices, required=False)
    outcome = serializers.ChoiceField(choices=Outcome.choices, required=False)
    since = Moment(required=False, help_text="Begun at that moment or later.")
    until = Moment(required=False, help_text="Begun before that moment.")


class GateAnswer(serializers.Serializer[Any]):
    """What one gate said."""

    gate = serializers.CharField()
    open = serializers.BooleanField()
    detail = serializers.DictField(help_text="A code and the values that it used.")
    message = serializers.CharField(help_text="The same for people.")


class ExecutionAnswer(serializers.ModelSerializer[JobExecution]):
    """One attempt on one player: one rung of the ladder."""

    platform_id = serializers.IntegerField()
    episode_id = serializers.IntegerField()
    job_id = serializers.IntegerField()
    job_name = serializers.CharField(source="job")
    player_id = serializers.IntegerField()
    player_name = serializers.CharField(source="player")
    command_id = serializers.IntegerField(allow_null=True, help_text="See /commands.")
    device_id = serializers.IntegerField(allow_null=True)
    condition = serializers.SerializerMethodField(help_text="What held, in words.")
    value = serializers.FloatField(allow_null=True, help_text="What Prometheus said.")
    sent = serializers.SerializerMethodField(help_text="The text of the command, less passwords.")
    output = serializers.SerializerMethodField(help_text="What the socket answered.")
    decided_by = serializers.CharField(source="decided_name")

    class Meta:
        model = JobExecution
        fields = (
            *("id", "platform_id", "episode_id", "job_id", "job_name", "player_id", "player_name"),
            *("attempt", "rung", "mode", "is_canary", "standing", "outcome", "command_id"),
            *("device_id", "condition", "value", "sent", "segments", "wait", "output", "error"),
            *("created_at", "commanded_at", "expires_at", "decided_at", "decided_by", "comment"),
            "finished_at",
        )

    def get_condition(self, row: JobExecution) -> str:
        """Return what held."""
        return criterion_words.condition(row.condition)

    def get_sent(self, row: JobExecution) -> str:
        """Return the text; numbers in it to those who may read them."""
        return self._sight.text(row.platform_id, row.sent)

    def get_output(self, row: JobExecution) -> str:
        """Return the answer; numbers in it as in the text."""
        return self._sight.text(row.platform_id, row.output)

    @property
    def _sight(self) -> Sight:
        sight: Sight = self.context["sight"]
        return sight


class ExecutionDetail(ExecutionAnswer):
    """An attempt with everything that it was decided on."""

    gates = serializers.SerializerMethodField()

    class Meta(ExecutionAnswer.Meta):
        fields = (*ExecutionAnswer.Meta.fields, "gates")  # type: ignore[assignment]

    @extend_schema_field(GateAnswer(many=True))
    def get_gates(self, row: JobExecution) -> Sequence[Mapping[str, Any]]:
        """Return what every gate said, in its order."""
        return [
            {**each, "message": gate_words.told(each["gate"], each["detail"]).text}
            for each in row.gates
        ]


@extend_schema_view(
    list=extend_schema(summary="Executions of jobs, the newest first"),
    retrieve=extend_schema(summary="Read one execution with what every gate said"),
)
class JobExecutions(SightedRows, mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """The attempts of jobs of the caller's platforms."""

    rows = JobExecution.objects.select_related("job", "player").order_by("-pk")
    query_class = ExecutionsQuery
    serializer_class = ExecutionAnswer

    def get_queryset(self) -> Any:
        """Leave the verdicts out of lists: they are most of a row."""
        rows = super().get_queryset()
        return rows.defer("gates") if self.action == "list" else rows

    def get_serializer_class(self) -> Any:
        """Answer more of one than of each of many."""
        return ExecutionDetail if self.action == "retrieve" else ExecutionAnswer

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the attempts that the query asks for."""
        names = ("platform_id", "job_id", "player_id", "episode_id", "mode", "standing", "outcome")
        asked = {name: query[name] for name in names if name in query}
        moments = {"since": "created_at__gte", "until": "created_at__lt"}
        asked |= {lookup: query[name] for name, lookup in moments.items() if name in query}
        return rows.filter(**asked)
