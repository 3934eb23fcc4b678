"""The page of one command and what can be done to it: cancel, give up, send again."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from devices import commands
from devices.checks import CommandRefused
from devices.models import Command
from devices.offers import title_of
from devices.states import State
from devices.templates import Danger
from platforms.admin.confirmed_deeds import ConfirmedDeedsAdmin

from . import reach
from .command_life import life_of
from .sending_pages import PAGES, SendingPages, address_of


class CommandDeeds(SendingPages, ConfirmedDeedsAdmin):
    """Deeds on one command, each behind a page that asks first."""

    def get_urls(self) -> list[URLPattern]:
        """Add them before the page of one command, which takes any word."""
        wrap = self.admin_site.admin_view
        pages = {
            "live": (self.live, "live"),
            "cancel": (self.cancel, "cancel"),
            "give-up": (self.give_up, "give_up"),
            "again": (self.again, "again"),
        }
        return [
            *(
                path(f"<path:object_id>/{word}/", wrap(view), name=f"devices_command_{name}")
                for word, (view, name) in pages.items()
            ),
            *super().get_urls(),
        ]

    # -- its life -------------------------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show what it is now, what is awaited, and all that happened."""
        command = self.row_or_404(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": title_of(command),  # what stands at the end of the path above the page
            "title": title_of(command),
            **life_of(request, command),
        }
        return TemplateResponse(request, f"{PAGES}page.html", context)

    def live(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Return the part of its page that changes, as the page fetches it anew."""
        context = life_of(request, self.row_or_404(request, object_id))
        answer = render(request, f"{PAGES}life.html", context)
        answer.headers["X-Remosa-Live"] = "1"
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def name_of(self, row: models.Model) -> str:
        """Return what people call the command."""
        return title_of(row) if isinstance(row, Command) else str(row)

    # -- deeds ----------------------------------------------------------------------------------

    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take it back before it goes out."""
        command = self._commanded(request, object_id)
        if request.method == "POST":
            try:
                commands.cancel(command, reach.sender_of(request), timezone.now())
            except CommandRefused as refused:
                messages.error(request, str(refused))
            return self.back_to(command)
        return self.ask(
            request,
            command,
            title=_("Cancel this command?"),
            text=_("It is taken back, with what would follow it, unless it goes out before that."),
            button=_("Cancel the command"),
        )

    def give_up(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End the doubt about it, so that another can be sent."""
        command = self._commanded(request, object_id)
        if request.method == "POST":
            sender, now = reach.sender_of(request), timezone.now()
            try:
                commands.close_doubt(command, sender, now, confirmed=True)
            except CommandRefused as refused:
                messages.error(request, str(refused))
            return self.back_to(command)
        return self.ask(
            request,
            command,
            title=_("Give this command up?"),
            text=_may_have_arrived(command),
            button=_("I know that it may have arrived: give it up"),
            danger=True,
        )

    def again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Go to a new command with the same values; what may have arrived is said first."""
        command = self._commanded(request, object_id)
        head = command.head or command
        if head.template is None:
            messages.warning(request, _("The template of this command is gone: choose another."))
            return redirect("admin:devices_command_send", head.device_id)
        if not head.closed:
            messages.warning(request, _("This command is still under way."))
            return self.back_to(command)
        if head.standing is State.UNRESOLVED and request.method != "POST":
            return self.ask(
                request,
                command,
                title=_("Send it again?"),
                text=_may_have_arrived(head),
                button=_("I know that it may have arrived: go on"),
                danger=True,
            )
        return redirect(address_of(head.device, head.template, head.parameters))

    def _commanded(self, request: HttpRequest, object_id: str) -> Command:
        """Return a command that the person may give; what one only sees is refused with 403."""
        command = self.row_or_404(request, object_id)
        if not isinstance(command, Command):
            raise Http404
        if not reach.sender_of(request).may(Danger(command.danger), command.device):
            raise PermissionDenied
        return command


def _may_have_arrived(command: Command) -> str:
    if command.wire_at is None:
        return _("The first message may have arrived. Another one may switch the line once more.")
    at = localtime(command.wire_at)
    return _(
        "The first message, of %(time)s, may have arrived: then the socket has done this already. "
        "Look at the players and at the conversation with the socket before you send another one. "
        "It counts as sent."
    ) % {"time": f"{date_format(at, 'SHORT_DATE_FORMAT')} {at:%H:%M:%S}"}
