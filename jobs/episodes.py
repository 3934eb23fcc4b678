"""Episodes as rows: opened once while a player is bad under a job, closed for good when it is over.

Who decides that hands over what was decided. It gives no command and stops none.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from django.db.models import F

from exporters.models import Player
from platforms.announcements import announce
from platforms.notice_kinds import NoticeKind

from .models import Ending, Episode, Job, Trigger
from .notice_kinds import OPENED, RECOVERED, called
from .watching import Rule

MOST_TOLD = 50  # a tick; of more at once people learn by the brake, and on the pages


class Opening(NamedTuple):
    """A player that fires under a rule; `value` made it bad, and it has held `since` then."""

    rule: Rule
    player_id: int
    value: float | None
    since: datetime


class Ended(NamedTuple):
    """An open episode that is over."""

    pk: int
    rule: Rule | None  # None: the job works no more
    player_id: int
    ending: Ending


class OpenEpisode(NamedTuple):
    """An episode of a rule that is open, as a tick reads it."""

    pk: int
    job_id: int
    player_id: int
    exporter_id: int
    site_id: int | None
    identity: str
    retired: bool
    works: bool  # the job is enabled and in use
    recovering: bool


def open_ones() -> list[OpenEpisode]:
    """Return the open episodes of all rules: one query."""
    rows = Episode.objects.open().filter(trigger=Trigger.RULE)  # unscoped: of every platform
    found = rows.values_list(
        "pk", "job_id", "player_id", "player__exporter_id", "player__site_id",
        "player__identity", "player__retired_at", "job__enabled", "job__removed_at",
        "recovering_since",
    )  # fmt: skip
    return [
        OpenEpisode(
            pk, job, player, exporter, site, identity,
            retired is not None, enabled and removed is None, since is not None,
        )
        for pk, job, player, exporter, site, identity, retired, enabled, removed, since
        in found.iterator()
    ]  # fmt: skip


def open_new(openings: Collection[Opening], now: datetime) -> int:
    """Open episodes that are not open yet, of jobs that were not changed; return how many.

    The caller is in a transaction and holds the clocks of the players.
    """
    versions = lock({opening.rule.pk for opening in openings})
    fitting = [each for each in openings if versions.get(each.rule.pk) == each.rule.version]
    wanted = {(each.rule.pk, each.player_id): each for each in fitting}
    there = Episode.objects.open().filter(job_id__in=versions)
    for pair in there.values_list("job_id", "player_id"):
        wanted.pop(pair, None)
    new = [
        Episode(
            platform_id=each.rule.platform_id,
            job_id=each.rule.pk,
            job_version=each.rule.version,
            player_id=each.player_id,
            trigger=Trigger.RULE,
            opened_at=now,
            value=each.value,
        )
        for each in wanted.values()
    ]
    # A person may have opened one a moment ago, by hand.
    Episode.objects.bulk_create(new, ignore_conflicts=True)
    _tell(OPENED, [(each.rule, each.player_id, each.since) for each in wanted.values()], now)
    return len(wanted)


def lock(jobs: Iterable[int]) -> dict[int, int]:
    """Lock working jobs in one order always; return their versions.

    Against changes alone: who refers to a job, as each attempt does, is not held up.
    """
    rows = Job.objects.working().filter(pk__in=list(jobs)).order_by("pk")  # unscoped: by their ids
    held = rows.select_for_update(of=("self",), no_key=True)
    return dict(held.values_list("pk", "version"))


def close(ended: Collection[Ended], now: datetime) -> int:
    """Close episodes that are open still; return how many."""
    closed = 0
    for ending in {each.ending for each in ended}:
        pks = [each.pk for each in ended if each.ending is ending]
        closed += (
            Episode.objects.open()
            .filter(pk__in=pks)
            .update(
                closed=True, closed_at=now, ending=ending, recovering_since=None, rev=F("rev") + 1
            )
        )
    well = [each for each in ended if each.ending is Ending.RECOVERED]
    _tell(RECOVERED, [(each.rule, each.player_id, now) for each in well if each.rule], now)
    return closed


def turn(good: Collection[int], bad: Collection[int], now: datetime) -> None:
    """Write down which open episodes see their player well since now, and which no more."""
    rows = Episode.objects.open()
    if good:
        rows.filter(pk__in=good, recovering_since=None).update(
            recovering_since=now, rev=F("rev") + 1
        )
    if bad:
        rows.filter(pk__in=bad, recovering_since__isnull=False).update(
            recovering_since=None, rev=F("rev") + 1
        )


def _tell(kind: NoticeKind, happened: Iterable[tuple[Rule, int, datetime]], now: datetime) -> None:
    """Tell of players, by rule and number, since when it is so: of jobs that are told of."""
    told = [each for each in happened if each[0].tells][:MOST_TOLD]
    if not told:
        return
    jobs = Job.objects.filter(pk__in={rule.pk for rule, _player, _since in told})
    names = dict(jobs.values_list("pk", "names"))  # unscoped: by their ids
    players = Player.objects.in_bulk({player for _rule, player, _since in told})
    for rule, player_id, since in told:
        announce(
            kind.name,
            platform=rule.platform_id,
            about=players.get(player_id),
            facts={**called(rule.name, names.get(rule.pk, {})), "since": since},
            key=f"{rule.pk}:{player_id}",
            now=now,
            severity=rule.severity,
        )
