"""The ways from sockets to their commands: from the page of one, and from some of the list."""

from typing import Any

from django.contrib import messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _, gettext_lazy
from unfold.decorators import action
from unfold.enums import ActionVariant

from devices import bulk
from devices.templates import Danger
from platforms.admin.confirmed_deeds import ConfirmedDeedsAdmin
from platforms.roles import Deed
from platforms.scoped_fields import person_of

from . import reach
from .bulk_pages import bulk_address


class SendingButtons(ConfirmedDeedsAdmin):
    """Buttons that lead to pages of commands; those decide what is sent."""

    def has_command_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer to command a socket to who may; the list to who may command any."""
        if object_id is None:
            return person_of(request).may(Deed.SEND_ASSIGNED)
        device = self.row_or_404(request, object_id)
        if device.retired_at is not None:
            return False
        return reach.sender_of(request).may(Danger.NONE, device)

    @action(
        description=gettext_lazy("Send a command"),
        url_path="command",
        icon="send",
        permissions=["command"],
        variant=ActionVariant.PRIMARY,
    )
    def command(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Go to the commands of this socket."""
        return redirect("admin:devices_command_send", self.row_or_404(request, object_id).pk)

    @action(description=gettext_lazy("Conversation"), url_path="conversation", icon="forum")
    def conversation(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Go to what was said with this socket."""
        device = self.row_or_404(request, object_id)
        return redirect("admin:devices_command_conversation", device.pk)

    @action(description=gettext_lazy("Send a command to the chosen ones"), permissions=["command"])
    def command_chosen(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> HttpResponse | None:
        """Go to the commands of the chosen sockets."""
        pks = list(queryset.order_by("name", "pk").values_list("pk", flat=True)[: bulk.MOST + 1])
        if len(pks) > bulk.MOST:
            text = _("At most %(most)s sockets get a command at once: choose fewer.")
            messages.warning(request, text % {"most": bulk.MOST})
            return None
        return redirect(bulk_address(pks))
