"""``/notification-channels``: where notices go; its address is written and never told."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import exceptions, mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from platforms import channel_addresses, channel_trials
from platforms.authentication import actor_of, principal_of
from platforms.models import NotificationChannel, User
from platforms.roles import Deed

from .channel_bodies import ChannelBody
from .errors import ErrorAnswer
from .fields import PagedQuery, Strict
from .views import AuditedWrites


class ChannelsQuery(PagedQuery):
    """What narrows the list."""

    platform_id = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    enabled = serializers.BooleanField(required=False, allow_null=True, default=None)


class TrialAnswer(serializers.Serializer[Any]):
    """What became of a test message."""

    result = serializers.ChoiceField(
        choices=[(each.value, each.value) for each in channel_trials.Result],
        help_text="written_down: no mail server is set, nobody got it.",
    )
    error = serializers.CharField(help_text="Why it was not taken, for programs; or empty.")
    message = serializers.CharField(help_text="The same for people; or empty.")


class EmptyBody(Strict):
    """Nothing."""


@extend_schema_view(
    list=extend_schema(summary="Notification channels"),
    retrieve=extend_schema(summary="Read one notification channel"),
    create=extend_schema(summary="Make a notification channel"),
    partial_update=extend_schema(summary="Change a notification channel"),
    destroy=extend_schema(summary="Delete a notification channel and its messages"),
)
class NotificationChannels(mixins.ListModelMixin, mixins.RetrieveModelMixin, AuditedWrites):
    """The channels of the platforms on which the caller may change them."""

    see_deed = Deed.CHANNELS
    write_deed = Deed.CHANNELS
    rows = NotificationChannel.objects.order_by("pk")
    query_class = ChannelsQuery
    serializer_class = ChannelBody

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the channels that the query asks for."""
        if "platform_id" in query:
            rows = rows.filter(platform_id=query["platform_id"])
        return rows if query["enabled"] is None else rows.filter(enabled=query["enabled"])

    @extend_schema(
        request=EmptyBody,
        responses={200: TrialAnswer, 429: ErrorAnswer},
        summary="Send a test message now",
    )
    def test(self, request: Request, pk: int) -> Response:
        """Send it while the caller waits, for at most some 15 seconds; 429 after ten of them."""
        channel: NotificationChannel = self.get_object()
        EmptyBody(data=request.data).is_valid(raise_exception=True)
        person = principal_of(request)
        if not isinstance(person, User):
            raise exceptions.PermissionDenied
        try:
            trial = channel_trials.send_trial(channel, person, actor_of(request), timezone.now())
        except channel_trials.TooOftenError as error:
            text = _("That was often enough for now: wait some minutes.")
            raise exceptions.Throttled(detail=text) from error
        message = channel_addresses.words_of(trial.error) if trial.error else ""
        told = {"result": trial.result.value, "error": trial.error, "message": message}
        return Response(TrialAnswer(told).data)
