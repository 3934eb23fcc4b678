"""``/approvals``: proposed actions that wait for a person; approved or declined, one or many."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from devices.api.refusals import sender_of
from devices.api.sight import SightedRows
from devices.senders import Sender
from exporters.api.fields import IdField
from jobs import approvals
from jobs.approvals import NotDecided
from jobs.models import JobExecution
from platforms.api import PagedQuery, ScopedViewSet
from platforms.authentication import principal_of
from platforms.roles import Deed

from .decisions import CommentBody, answered, said_before
from .executions import ExecutionDetail

MOST = 200  # decided at once
DECISIONS = [("approve", "approve"), ("decline", "decline")]
DECIDED = [("decided", "decided"), ("refused", "refused")]


class ApprovalsQuery(PagedQuery):
    """What narrows the list."""

    platform_id = IdField(required=False)
    job_id = IdField(required=False)
    player_id = IdField(required=False)


class DecisionsBody(CommentBody):
    """One decision about many proposals."""

    ids = serializers.ListField(child=IdField(), min_length=1, max_length=MOST)
    decision = serializers.ChoiceField(choices=DECISIONS)


class DecisionLine(serializers.Serializer[Any]):
    """What became of one of them."""

    id = serializers.IntegerField()
    outcome = serializers.ChoiceField(choices=DECIDED)
    code = serializers.CharField(allow_blank=True, help_text="Why it did not count; or empty.")
    message = serializers.CharField(allow_blank=True, help_text="The same for people.")


class DecisionsAnswer(serializers.Serializer[Any]):
    """What became of all of them."""

    counts = serializers.DictField(child=serializers.IntegerField())
    lines = DecisionLine(many=True)


@extend_schema_view(
    list=extend_schema(summary="Proposals that wait for a person, the oldest first")
)
class Approvals(SightedRows, mixins.ListModelMixin, ScopedViewSet):
    """What jobs propose and nobody has decided yet."""

    write_deed = Deed.SEND_ASSIGNED
    rows = JobExecution.objects.select_related("job", "player", "device").order_by("pk")
    query_class = ApprovalsQuery
    serializer_class = ExecutionDetail

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return those that can be decided still."""
        names = query.keys() & {"platform_id", "job_id", "player_id"}
        asked = {name: query[name] for name in names}
        return rows.waiting().filter(decided_at=None, expires_at__gt=timezone.now(), **asked)

    @extend_schema(
        request=CommentBody, responses={200: ExecutionDetail}, summary="Approve a proposal"
    )
    def approve(self, request: Request, pk: int) -> Response:
        """Let it be done once every gate is open; said again it changes nothing."""
        return self._decide(request, "approve")

    @extend_schema(
        request=CommentBody, responses={200: ExecutionDetail}, summary="Decline a proposal"
    )
    def decline(self, request: Request, pk: int) -> Response:
        """Refuse it, also after it was approved and while it is not done."""
        return self._decide(request, "decline")

    @extend_schema(
        request=DecisionsBody, responses={200: DecisionsAnswer}, summary="Decide many proposals"
    )
    def decide(self, request: Request) -> Response:
        """Approve or decline each; what does not count stops no other."""
        body = DecisionsBody(data=request.data)
        body.is_valid(raise_exception=True)
        wish, sender, now = body.validated_data, sender_of(request), timezone.now()
        pks = list(dict.fromkeys(wish["ids"]))
        reached = self.rows.for_user(principal_of(request), self.see_deed).in_bulk(pks)
        lines = [self._line(pk, reached.get(pk), wish, sender, now) for pk in pks]
        counts = Counter(line["outcome"] for line in lines)
        return Response(DecisionsAnswer({"counts": counts, "lines": lines}).data)

    def _line(
        self,
        pk: int,
        row: JobExecution | None,
        wish: Mapping[str, Any],
        sender: Sender,
        now: datetime,
    ) -> Mapping[str, Any]:
        if row is None:
            missing = _("There is none with this id, or you may not change it.")
            return {"id": pk, "outcome": "refused", "code": "not_found", "message": missing}
        try:
            _said(row, wish["decision"], sender, wish["comment"], now)
        except NotDecided as error:
            told = {"code": error.code, "message": str(error)}
            return {"id": pk, "outcome": "refused", **told}
        return {"id": pk, "outcome": "decided", "code": "", "message": ""}

    def _decide(self, request: Request, decision: str) -> Response:
        row: JobExecution = self.get_object()
        body = CommentBody(data=request.data)
        body.is_valid(raise_exception=True)
        with answered():
            comment = body.validated_data["comment"]
            _said(row, decision, sender_of(request), comment, timezone.now())
        fresh = self.get_queryset().get(pk=row.pk)
        return Response(self.get_serializer(fresh).data)


def _said(row: JobExecution, decision: str, sender: Sender, comment: str, now: datetime) -> None:
    """Decide; what the same person has decided so before counts as decided."""
    say = approvals.approve if decision == "approve" else approvals.decline
    try:
        say(row, sender, now, comment)
    except NotDecided as error:
        if error.code != "over" or not said_before(row, sender, approved=decision == "approve"):
            raise
