"""``/notices``: what happened that people should hear of, and how far the caller has read."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import exceptions, mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from platforms import bell, notice_texts
from platforms.authentication import principal_of
from platforms.models import Notice, User
from platforms.notice_kinds import KINDS, Severity
from platforms.roles import Deed

from .channel_bodies import SEVERITY_CHOICES, SeverityField
from .fields import Moment, PagedQuery, Strict
from .views import ScopedViewSet

LARGEST = 2**63 - 1


class NoticesQuery(PagedQuery):
    """What narrows the list."""

    platform_id = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST)
    kind = serializers.CharField(
        required=False, max_length=32, help_text="An event, with both ends of it."
    )
    least_severity = SeverityField(required=False)
    lasts = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="Conditions that are not over."
    )
    unread = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="What is new to the caller."
    )
    since = Moment(required=False, help_text="Of that moment or later.")


class NoticeAnswer(serializers.ModelSerializer[Notice]):
    """One event, with its sentence in the language of the caller."""

    platform_id = serializers.IntegerField(
        allow_null=True, help_text="Null: of the installation, for superadmins."
    )
    severity = serializers.ChoiceField(choices=SEVERITY_CHOICES, source="severity_word")
    message = serializers.SerializerMethodField(help_text="A sentence for people.")
    ended_at = serializers.SerializerMethodField(
        help_text="Since when the condition is over; null while it lasts or where there is none."
    )
    lasts = serializers.SerializerMethodField(help_text="A condition that is not over.")
    is_new = serializers.BooleanField(help_text="The caller has not read it yet.")

    class Meta:
        model = Notice
        fields = (
            *("id", "platform_id", "kind", "severity", "message", "about_type", "about_id"),
            *("about_name", "at", "ended_at", "lasts", "is_new"),
        )

    def to_representation(self, instance: Any) -> Any:
        """Say the severity as a word."""
        instance.severity_word = Severity(instance.severity).name.lower()
        return super().to_representation(instance)

    def get_message(self, notice: Notice) -> str:
        """Return what happened."""
        return notice_texts.sentence(notice)

    def get_ended_at(self, notice: Notice) -> str | None:
        """Return the end of a condition; an event without one ends when it happens."""
        ended = notice.ended_at if notice.ended_at != notice.at else None
        return serializers.DateTimeField().to_representation(ended) if ended else None

    def get_lasts(self, notice: Notice) -> bool:
        """Tell whether a condition is not over; what is said once a span does not last."""
        return notice.ended_at is None and notice.kind in _lasting()


class ReadBody(Strict):
    """How far was read."""

    up_to = serializers.IntegerField(
        min_value=1, max_value=LARGEST, help_text="The number of the newest notice that was read."
    )


class ReadAnswer(serializers.Serializer[Any]):
    """What is left."""

    unread = serializers.IntegerField(
        help_text=f"New notices of the caller; {bell.MOST + 1}: that many or more."
    )


@extend_schema_view(
    list=extend_schema(summary="Notices, the newest first"),
    retrieve=extend_schema(summary="Read one notice"),
)
class Notices(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """What happened on the caller's platforms; some events need more than the right to look."""

    write_deed = Deed.SEE  # a mark of one's own
    rows = Notice.objects.select_related("platform").order_by("-pk")
    query_class = NoticesQuery
    serializer_class = NoticeAnswer

    def get_queryset(self) -> Any:
        """Tell of each notice whether it is new to the person."""
        rows = super().get_queryset()
        person = None if getattr(self, "swagger_fake_view", False) else principal_of(self.request)
        return rows.annotate(is_new=bell.is_new(person)) if isinstance(person, User) else rows

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the notices that the query asks for."""
        lookups = {
            "platform_id": "platform_id",
            "least_severity": "severity__gte",
            "since": "at__gte",
        }
        asked = {lookup: query[name] for name, lookup in lookups.items() if name in query}
        if "kind" in query:
            kinds = [kind.name for kind in KINDS.values() if kind.family == query["kind"]]
            asked["kind__in"] = kinds or [query["kind"]]
        rows = rows.filter(**asked)
        if query["unread"] is not None:
            rows = rows.filter(is_new=query["unread"])
        if query["lasts"] is None:
            return rows
        lasting = {"ended_at": None, "kind__in": _lasting()}
        return rows.filter(**lasting) if query["lasts"] else rows.exclude(**lasting)

    @extend_schema(request=ReadBody, responses={200: ReadAnswer}, summary="Mark as read")
    def read(self, request: Request) -> Response:
        """Move the caller's mark forward to a notice, never back."""
        person = principal_of(request)
        if not isinstance(person, User) or (person.token is not None and person.token.read_only):
            raise exceptions.PermissionDenied
        body = ReadBody(data=request.data)
        body.is_valid(raise_exception=True)
        bell.mark_read(person, body.validated_data["up_to"])
        return Response(ReadAnswer({"unread": bell.unread(person)}).data)


def _lasting() -> list[str]:
    return [kind.name for kind in KINDS.values() if kind.repeat is not None]
