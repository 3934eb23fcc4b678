"""What came from the gateways, for superadmins: above all what no socket is known to have sent.

Members read the messages of their own sockets in the conversation.
"""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _, gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter

from devices.conversation import meaning_of
from devices.models import IncomingSms
from platforms.admin.filters import SpanFilter
from platforms.roles import Deed
from platforms.scoped_admin import ReadOnlyAdmin


class MatchFilter(DropdownFilter):
    """Narrows messages to those that belong to a socket, or to none."""

    title = gettext_lazy("sender")
    parameter_name = "matched"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer both."""
        return [("no", _("Nobody's socket")), ("yes", _("A socket"))]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep the rows of one sort."""
        if self.value() not in ("no", "yes"):
            return queryset
        return queryset.filter(device__isnull=self.value() == "no")


@admin.register(IncomingSms)
class IncomingSmsAdmin(ReadOnlyAdmin):
    """Every message of every gateway."""

    see_deed = Deed.OWN
    list_display = ("when", "sender", "said", "says", "socket", "gateway", "platform")
    list_filter = (MatchFilter, ("received_at", SpanFilter))
    list_filter_submit = True
    list_select_related = ("gateway", "device", "platform")
    list_display_links = ("when",)
    search_fields = ("sender",)
    search_help_text = gettext_lazy("The number or the name of the sender")
    ordering = ("-pk",)
    actions = None
    fields = ("when", "sender", "text", "says", "socket", "command", "gateway", "platform")

    @admin.display(description=gettext_lazy("received"), ordering="pk")
    def when(self, message: IncomingSms) -> str:
        """Return the moment to the second."""
        at = localtime(message.received_at)
        return f"{date_format(at, 'SHORT_DATE_FORMAT')} {at:%H:%M:%S}"

    @admin.display(description=gettext_lazy("text"))
    def said(self, message: IncomingSms) -> str:
        """Return the beginning of the text."""
        return message.text[:160]

    @admin.display(description=gettext_lazy("meaning"))
    def says(self, message: IncomingSms) -> str:
        """Return what the text was understood to say."""
        return meaning_of(message) or "–"

    @admin.display(description=gettext_lazy("socket"))
    def socket(self, message: IncomingSms) -> str:
        """Return the socket that sent it."""
        return message.device.name if message.device is not None else _("nobody's")
