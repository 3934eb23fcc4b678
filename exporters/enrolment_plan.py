"""What typing addresses in would do: the plan that pages preview and enrolment carries out.

It reads the exporter's list and the platform's limit; it locks nothing and writes nothing.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from django.utils.translation import gettext as _

from platforms.models import Platform

from .entries import DETAILS, Entry
from .macs import Good
from .models import Exporter, Player


class Change(NamedTuple):
    """An address that is there, as it is and as it was typed."""

    before: Entry
    after: Entry


@dataclass(frozen=True)
class Enrolment:
    """What becomes of the addresses that were typed in, each list in their order."""

    added: list[Entry] = field(default_factory=list)
    already: list[Entry] = field(default_factory=list)  # they stay as they are
    changed: list[Change] = field(default_factory=list)
    kept: list[Change] = field(default_factory=list)  # of `already`: typed with another name
    over_limit: list[Entry] = field(default_factory=list)
    limit: int | None = None

    def digest(self) -> str:
        """Return a text that is the same for the same writes alone."""
        writes = repr((self.added, self.changed, self.over_limit))
        return hashlib.sha256(writes.encode()).hexdigest()


class ListChanged(Exception):
    """The writes would no longer be the agreed ones; `now` is what they would be."""

    def __init__(self, now: Enrolment) -> None:
        super().__init__("the list has changed since")
        self.now = now


def plan(
    exporter: Exporter,
    typed: Iterable[Good | Entry],
    rewritten: Iterable[str] = (),
    clear: bool = False,
) -> Enrolment:
    """Say what enrol() would do now, and write nothing; a repeated address counts once.

    Of addresses that are there, the details named in `rewritten` change to what was typed; an
    empty value leaves them as they are unless `clear` is set.
    """
    platform = Platform.objects.get(pk=exporter.platform_id)
    outcome = Enrolment(limit=platform.players_limit)
    room = room_left(platform)
    there = {
        mac: Entry(0, mac, *details)
        for mac, *details in exporter.macs.values_list("mac", *DETAILS).iterator()
    }
    seen: set[str] = set()
    for entry in (Entry(*line) for line in typed):
        if entry.mac in seen:
            continue
        seen.add(entry.mac)
        row = there.get(entry.mac)
        if row is None:
            full = room is not None and len(outcome.added) >= room
            (outcome.over_limit if full else outcome.added).append(entry)
            continue
        wanted = {name: getattr(entry, name) for name in rewritten}
        after = row._replace(line=entry.line, **{k: v for k, v in wanted.items() if v or clear})
        if after[1:] != row[1:]:
            outcome.changed.append(Change(row, after))
            continue
        outcome.already.append(entry)
        if entry.name not in ("", row.name):
            outcome.kept.append(Change(row, entry))
    return outcome


def room_left(platform: Platform) -> int | None:
    """Return how many players the platform may still take; None without a limit."""
    if platform.players_limit is None:
        return None
    return max(
        0, platform.players_limit - Player.objects.enrolled().filter(platform=platform).count()
    )


def limit_message(limit: int | None) -> str:
    """Return the sentence that a person reads when the limit is reached."""
    return _(
        "The platform may have %(limit)s players and has them all. "
        "Remove some, or ask a superadmin for a higher limit."
    ) % {"limit": limit}
