"""What the page of one command shows: its story, its messages, what the socket answered."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from devices import phones, preview, story, verification
from devices.conversation import meaning_of
from devices.models import Command, IncomingSms
from devices.offers import title_of, values_of
from devices.templates import Danger
from platforms.roles import Deed
from platforms.scoped_fields import person_of

from . import reach

MOST_STEPS = 100
MOST_REPLIES = 20


def life_of(request: HttpRequest, command: Command) -> dict[str, Any]:
    """Return what the template needs; a fixed number of queries."""
    person, now = person_of(request), timezone.now()
    head = command if command.head_id is None else command.head
    assert head is not None  # noqa: S101 (a follower has its head: a constraint holds it)
    reads = person.may(Deed.PHONES, command.platform_id)
    # unscoped: of a command that was reached by for_user
    steps = list(command.steps.order_by("-pk")[:MOST_STEPS])[::-1]
    messages = list(Command.objects.sequence_of(command))
    replies = IncomingSms.objects.for_user(person, Deed.SEE).filter(command__in=messages)
    acted = verification.acted_at(head) if head.wire_at is not None else None
    told = story.tell(command, steps, now, head, acted)
    allowed = reach.sender_of(request).may(Danger(command.danger), command.device)
    return {
        "command": command,
        "name": title_of(command),
        "story": told,
        "text": command.text if reads else phones.masked_within(command.text),
        "messages_of_it": [
            {"command": each, "text": each.text if reads else phones.masked_within(each.text)}
            for each in messages
        ],
        "replies": [
            {
                "sms": reply,
                "text": reply.text if reads else phones.masked_within(reply.text),
                "meaning": meaning_of(reply),
            }
            for reply in replies.order_by("pk")[:MOST_REPLIES]
        ],
        "parameters": [
            (label, value if reads else phones.masked_within(value))
            for label, value in values_of(command)
        ],
        "segments": sum(each.segments for each in messages),
        "players": preview.players_of(head, now),
        "phone": command.phone if reads else "",
        "allowed": allowed,
        "now": now,
    }
