"""What was said to a socket and what it answered, in the order of time, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Self

from django.utils.translation import gettext as _

from .models import Command, Device, IncomingSms
from .replies import Meaning

PAGE_SIZE = 50
LARGEST = 2**63 - 1


class Place(NamedTuple):
    """Where a page ends: it holds what is older than this command and this message."""

    command: int = LARGEST
    incoming: int = LARGEST

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the place that an address names; the newest end for what names none."""
        command, _dash, incoming = text.partition("-")
        parts = [command, incoming]
        if not all(each.isascii() and each.isdecimal() and len(each) < 20 for each in parts):
            return cls()
        return cls(min(int(command), LARGEST), min(int(incoming), LARGEST))

    def __str__(self) -> str:
        return f"{self.command}-{self.incoming}"


@dataclass(frozen=True, slots=True)
class Said:
    """One message: a command of ours, or what came from the socket."""

    at: datetime
    command: Command | None = None
    incoming: IncomingSms | None = None


@dataclass(frozen=True)
class Conversation:
    """One page, the oldest first; `older` is where the page before it begins, if there is one."""

    said: tuple[Said, ...]
    older: Place | None


def conversation(device: Device, before: Place, size: int = PAGE_SIZE) -> Conversation:
    """Return a page of what was said with a socket that the caller reached: two queries."""
    # unscoped: of a socket that was reached by for_user
    sent = Command.objects.filter(device=device, pk__lt=before.command)
    came = IncomingSms.objects.filter(device=device, pk__lt=before.incoming)
    found = [
        *(
            Said(row.wire_at or row.created_at, command=row)
            for row in sent.select_related("template").order_by("-pk")[: size + 1]
        ),
        *(Said(row.received_at, incoming=row) for row in came.order_by("-pk")[: size + 1]),
    ]
    # By their numbers where two came at once: the answer is never before what it answers.
    found.sort(key=lambda each: (each.at, each.incoming is not None), reverse=True)
    page = found[:size]
    return Conversation(tuple(reversed(page)), _end(page, before) if len(found) > size else None)


def meaning_of(message: IncomingSms) -> str:
    """Return what a message says, in words: its meaning with outlets and signal."""
    known = {meaning.value: meaning for meaning in Meaning}
    meaning = known.get(message.kind)
    if meaning is None:
        return ""
    details = message.meaning if isinstance(message.meaning, dict) else {}
    parts = [str(meaning)]
    lines = details.get("lines") or {}
    if meaning is Meaning.STATUS or len(lines) > 1:
        parts += [
            (_("%(line)s on") if on else _("%(line)s off")) % {"line": line}
            for line, on in sorted(lines.items())
        ]
    if (level := details.get("level")) is not None:
        parts.append(str(level))
    return f"{parts[0]}: {', '.join(parts[1:])}" if parts[1:] else parts[0]


def _end(page: Sequence[Said], before: Place) -> Place:
    """Return the place of what is older than a page: of each sort the oldest that it holds."""
    sent = [each.command.pk for each in page if each.command is not None]
    came = [each.incoming.pk for each in page if each.incoming is not None]
    return Place(min([*sent, before.command]), min([*came, before.incoming]))
