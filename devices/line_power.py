"""What is known of the power of lines: since when it is back, and who had it switched off. Reads.

A fixed number of queries for any number of lines. What a socket was never asked is not known here.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Max, OuterRef, Q, Subquery

from .gates import comes_back_by_itself
from .models import Command, CommandLine, DeviceLine, IncomingSms, PowerOutage
from .pace import SMS_TAKES
from .replies import Meaning
from .states import SWITCHING, WENT_OUT, Effect, leaves_on
from .verification import acted_at, lasts


class LinePower(NamedTuple):
    """A line's power: when it last came back, by the mains or by a command; None: nobody told.

    That may be to come: a socket was told to keep the line dark until then.

    `off_at`, `off_by`: when and by whom the line was switched off, where it is off since. That may
    be to come as well. `off_command` is the command, where a job gave it.
    """

    back_at: datetime | None = None
    off_at: datetime | None = None
    off_by: str = ""
    off_command: int | None = None


def of(lines: Collection[DeviceLine]) -> dict[int, LinePower]:
    """Return what is known of each line, by its id."""
    mains = _mains({line.device_id for line in lines})
    last = _last_commands(lines)
    return {line.pk: _of(line, mains.get(line.device_id), last.get(line.pk)) for line in lines}


def _mains(devices: Collection[int]) -> Mapping[int, datetime]:
    """Return when sockets last told that their mains are back, or a person did.

    Of an outage whose begin nobody told there is the message alone.
    """
    ended = PowerOutage.objects.filter(device__in=devices, ended__isnull=False).order_by()
    told = IncomingSms.objects.filter(device__in=devices, kind=Meaning.MAINS_BACK.value).order_by()
    found = dict(ended.values_list("device").annotate(Max("ended")))
    for device, at in told.values_list("device").annotate(Max("moment")):
        found[device] = max(at, found.get(device, at))
    return found


def _last_commands(lines: Collection[DeviceLine]) -> dict[int, Command]:
    """Return the command that last switched each line, with the messages behind it."""
    switched = Command.objects.filter(
        Q(pk=OuterRef("command")) | Q(head=OuterRef("command")),
        wire_at__isnull=False,
        state__in=[each.value for each in WENT_OUT],
        effect__in=SWITCHING,
    )
    last = switched.order_by("-wire_at").values("wire_at")[:1]
    sent = CommandLine.objects.filter(line=OuterRef("pk")).annotate(switched_at=Subquery(last))
    sent = sent.filter(switched_at__isnull=False)
    newest = sent.order_by("-switched_at", "-command").values("command")[:1]
    rows = DeviceLine.objects.filter(pk__in=[line.pk for line in lines])
    of_lines = dict(rows.annotate(last=Subquery(newest)).values_list("pk", "last"))
    commands = Command.objects.filter(pk__in={pk for pk in of_lines.values() if pk is not None})
    # Their templates tell how long a socket keeps a line dark.
    commands = commands.select_related("template__model").prefetch_related("followers")
    found = {each.pk: each for each in commands}
    return {line: found[pk] for line, pk in of_lines.items() if pk in found}


def _of(line: DeviceLine, mains: datetime | None, last: Command | None) -> LinePower:
    if last is None:
        return LinePower(mains)
    messages = sorted([last, *last.followers.all()], key=lambda each: each.pk)
    switching = [each for each in messages if each.effect in SWITCHING]
    out = [each for each in switching if each.wire_at and each.standing in WENT_OUT]
    if not out:  # while this was read it turned out that nothing went out: the next look tells
        return LinePower(mains)
    final = out[-1]
    if leaves_on([final.effect]) or comes_back_by_itself(last):
        switched = acted_at(last)  # None: a message is still to come, which nothing overtakes
        return LinePower(max((at for at in (mains, switched) if at is not None), default=None))
    timer = lasts(final, last) if final.effect == Effect.TIMER else timedelta(0)
    off_at = (final.wire_at or last.created_at) + timer
    told_on = line.is_on and line.told_at is not None and line.told_at > off_at + SMS_TAKES
    end = switching[-1]
    # Two messages that switch off are one wish, though the second did not go out.
    broke_off = final is not end and (leaves_on([end.effect]) or not end.closed)
    if broke_off or told_on:
        # Left dark by a sequence that broke off, or switched on at the socket itself.
        return LinePower(mains)
    return LinePower(mains, off_at, last.author_name, last.pk if last.by_job else None)
