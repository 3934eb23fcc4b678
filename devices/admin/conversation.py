"""The conversation with one socket, as a chat: what was sent, what came, what it meant."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from devices import conversation, phones, story
from devices.conversation import Place, Said
from devices.offers import title_of
from devices.templates import Danger
from platforms.roles import Deed
from platforms.scoped_fields import person_of

from . import reach
from .sending_pages import SendingPages


class ConversationPages(SendingPages):
    """The page of a socket's messages beside the list of commands."""

    def get_urls(self) -> list[URLPattern]:
        """Add it before the page of one command, which takes any word."""
        view = self.admin_site.admin_view(self.conversation)
        name = "devices_command_conversation"
        return [path("conversation/<int:device_id>/", view, name=name), *super().get_urls()]

    def conversation(self, request: HttpRequest, device_id: int) -> HttpResponse:
        """Show a page of messages, the newest unless the address asks for older ones."""
        device = reach.device_or_404(request, device_id, retired=True)
        reads = person_of(request).may(Deed.PHONES, device.platform_id)
        page = conversation.conversation(device, Place.read(request.GET.get("before", "")))
        context = {
            "title": device.name,
            "device": device,
            "bubbles": [_bubble(said, reads) for said in page.said],
            "older": page.older,
            "newest": "before" not in request.GET,
            "may_send": device.retired_at is None
            and reach.sender_of(request).may(Danger.NONE, device),
        }
        return self.page(request, "conversation.html", context)


def _bubble(said: Said, reads: bool) -> dict[str, Any]:
    """Return what the page shows of one message; a viewer reads no numbers in it."""
    if said.command is not None:
        command = said.command
        text, note = command.text, command.get_state_display()
        bubble = {
            "command": command,
            "name": title_of(command),
            "colour": story.colour_of(command.state),
            "out": command.wire_at is not None,
        }
    else:
        assert said.incoming is not None  # noqa: S101 (one of the two is there)
        text, note = said.incoming.text, conversation.meaning_of(said.incoming)
        bubble = {"command": None, "reply_to": said.incoming.command_id}
    return {
        **bubble,
        "at": said.at,
        "text": text if reads else phones.masked_within(text),
        "note": note,
    }
