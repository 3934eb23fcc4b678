"""What is known of the power of lines: since when it is back, and who had it switched off. Reads.

A fixed number of queries for any number of lines. What a socket was never asked is not known here.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple

from django.db.models import Max, OuterRef, Subquery

from .models import Command, CommandLine, DeviceLine, PowerOutage
from .states import Effect, State
from .verification import acted_at

#: It went out, or may have: what is in doubt counts as sent.
_OUT: Final = (State.SENDING, State.ACCEPTED, State.UNKNOWN, State.VERIFIED, State.INEFFECTIVE,
               State.UNRESOLVED)  # fmt: skip
_SWITCHING: Final = (Effect.ON, Effect.OFF, Effect.CYCLE, Effect.TIMER)
_LEAVES_OFF: Final = (Effect.OFF, Effect.TIMER)


class LinePower(NamedTuple):
    """A line's power: when it last came back, by the mains or by a command; None: nobody told.

    That may be to come: a socket was told to keep the line dark until then.

    `off_at`, `off_by`: when and by whom a person had it switched off, where it is off since.
    """

    back_at: datetime | None = None
    off_at: datetime | None = None
    off_by: str = ""


def of(lines: Collection[DeviceLine]) -> dict[int, LinePower]:
    """Return what is known of each line, by its id."""
    ended = PowerOutage.objects.filter(
        device__in={line.device_id for line in lines}, ended__isnull=False
    )
    mains = dict(ended.order_by().values_list("device").annotate(Max("ended")))
    last = _last_commands(lines)
    return {line.pk: _of(line, mains.get(line.device_id), last.get(line.pk)) for line in lines}


def _last_commands(lines: Collection[DeviceLine]) -> dict[int, Command]:
    """Return the command that last switched each line, with the messages behind it."""
    sent = CommandLine.objects.filter(
        line=OuterRef("pk"),
        command__wire_at__isnull=False,
        command__state__in=[each.value for each in _OUT],
        command__effect__in=_SWITCHING,
    )
    newest = sent.order_by("-command__wire_at", "-command").values("command")[:1]
    rows = DeviceLine.objects.filter(pk__in=[line.pk for line in lines])
    of_lines = dict(rows.annotate(last=Subquery(newest)).values_list("pk", "last"))
    commands = Command.objects.filter(pk__in={pk for pk in of_lines.values() if pk is not None})
    # Their templates tell how long a socket keeps a line dark.
    commands = commands.select_related("template__model").prefetch_related("followers")
    found = {each.pk: each for each in commands}
    return {line: found[pk] for line, pk in of_lines.items() if pk in found}


def _of(line: DeviceLine, mains: datetime | None, last: Command | None) -> LinePower:
    if last is None or last.wire_at is None:
        return LinePower(mains)
    behind = [each for each in last.followers.all() if each.wire_at and each.standing in _OUT]
    final = max(behind, key=lambda each: each.pk, default=last)
    if final.effect not in _LEAVES_OFF:
        switched = acted_at(last)  # None: a message is still to come, which nothing overtakes
        return LinePower(max((at for at in (mains, switched) if at is not None), default=None))
    by_person = not last.by_job and not last.followers.all()
    told_on = line.is_on and line.told_at is not None and line.told_at > last.wire_at
    if not by_person or told_on:
        # Left dark by a sequence that broke off, or switched on at the socket itself.
        return LinePower(mains)
    return LinePower(mains, last.wire_at, last.author_name)
