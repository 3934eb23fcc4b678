"""Deliveries: which messages went to which channel, which wait, which failed and why."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext as _, gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from platforms import deliveries, notice_kinds, notice_texts
from platforms.channel_addresses import words_of
from platforms.models import Delivery, DeliveryState, NotificationChannel
from platforms.models.channel import UNFINISHED
from platforms.roles import Deed
from platforms.scoped_admin import ReadOnlyAdmin
from platforms.scoped_fields import person_of

from .filters import PlatformFilter, RowFilter

COLOURS = {
    DeliveryState.COLLECTING: "info",
    DeliveryState.SENDING: "info",
    DeliveryState.RETRYING: "warning",
    DeliveryState.SENT: "success",
    DeliveryState.GIVEN_UP: "danger",
    DeliveryState.DROPPED: "",
}
MOST_CHANNELS = 200


class ChannelFilter(RowFilter):
    """Narrows the list to one channel."""

    title = gettext_lazy("channel")
    parameter_name = "of_channel"
    column = "channel_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the channels that the person may see."""
        rows = NotificationChannel.objects.for_user(person_of(request), Deed.CHANNELS)
        names = rows.order_by("name").values_list("pk", "name")[:MOST_CHANNELS]
        return [(str(pk), name) for pk, name in names]


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """Whoever may see channels sees what became of their messages."""

    see_deed: ClassVar[Deed] = Deed.CHANNELS
    list_display = ("created_at", "channel", "event", "shown_state", "tries", "sent_at", "why")
    list_display_links = ("created_at",)
    list_filter = (ChannelFilter, ("state", ChoicesDropdownFilter), PlatformFilter)
    list_filter_submit = True
    list_select_related = ("channel",)
    ordering = ("-pk",)
    actions = None
    fields = (
        "channel", "event", "shown_state", "told", "created_at", "tries", "first_try_at",
        "next_try", "sent_at", "why",
    )  # fmt: skip

    @admin.display(description=gettext_lazy("event"))
    def event(self, delivery: Delivery) -> str:
        """Return what it is about."""
        return notice_kinds.title_of(delivery.family)

    @display(description=gettext_lazy("state"), label=COLOURS)
    def shown_state(self, delivery: Delivery) -> tuple[str, Any]:
        """Return where it stands."""
        state = DeliveryState(delivery.state)
        if state in UNFINISHED and delivery.quiet_since is not None:
            return state, _("waits for the end of the quiet hours")
        return state, state.label

    @admin.display(description=gettext_lazy("error"))
    def why(self, delivery: Delivery) -> str:
        """Return what went wrong last."""
        return words_of(delivery.error) if delivery.error else "—"

    @admin.display(description=gettext_lazy("notices"))
    def told(self, delivery: Delivery) -> str:
        """Return its notices as they read now."""
        items = deliveries.items_of(delivery)
        lines = ((notice_texts.sentence(notice),) for notice, _again in items)
        return format_html_join("", "<p>{}</p>", lines) or _("none")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Read the channel along: its page names it."""
        rows: models.QuerySet[Any] = super().get_queryset(request).select_related("channel")
        return rows
