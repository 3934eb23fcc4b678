"""What a job in the shadow would have done in a span, and what became of the players without it.

A fixed number of queries, whatever there is. Reads what acting and verification wrote down.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Sum

from exporters.models import Player

from .models import Episode, GateVerdict, Job, JobExecution, Mode, Outcome, Trigger

MOST_PLAYERS: Final = 50


class OfPlayer(NamedTuple):
    """What would have been done to one player, and what it did instead."""

    player: Player
    attempts: int
    sms: int
    came_back: int
    stayed_bad: int
    last_at: datetime


class OfGate(NamedTuple):
    """How many episodes a gate held back; `never`: those that it let do nothing at all."""

    gate: str
    episodes: int
    never: int


@dataclass(frozen=True)
class Score:
    """What a job would have done.

    `attempts` of `players`, for `sms`; of them `came_back` before the action would have been
    over, `stayed_bad` all the same, and `open` are still watched or were not to the end; so is one
    of a player whose power somebody switched.
    `episodes` is how often a player was bad, `untouched` in how many the job would have done
    nothing. `by_player` are those with the most attempts. Of a schedule nobody knows what became
    of its players: `open` are all.
    """

    job: Job
    since: datetime
    until: datetime
    attempts: int
    players: int
    sms: int
    came_back: int
    stayed_bad: int
    episodes: int
    untouched: int
    gates: tuple[OfGate, ...]
    by_player: tuple[OfPlayer, ...]

    @property
    def tells_what_became(self) -> bool:
        """Tell whether it is watched what the players do without the job."""
        return self.job.trigger == Trigger.RULE

    @property
    def open(self) -> int:
        """Return the attempts of which nobody knows what became of the player."""
        return self.attempts - self.came_back - self.stayed_bad


_COUNTS: Final[Mapping[str, Any]] = {
    "number": Count("pk"),
    "sms": Sum("segments", default=0),
    "came_back": Count("pk", filter=Q(outcome=Outcome.CAME_BACK)),
    "stayed_bad": Count("pk", filter=Q(outcome=Outcome.STAYED_BAD)),
}


def score(job: Job, since: datetime, until: datetime) -> Score:
    """Count what a job that the caller reached would have done."""
    # unscoped: of a job that was reached by for_user
    within = JobExecution.objects.filter(job=job, created_at__gte=since, created_at__lte=until)
    shadows = within.filter(mode=Mode.SHADOW).order_by()
    total = shadows.aggregate(**_COUNTS, players=Count("player", distinct=True))
    episodes = Episode.objects.filter(job=job, opened_at__gte=since, opened_at__lte=until)
    acted = Exists(JobExecution.objects.filter(episode=OuterRef("pk")).order_by())
    counted = episodes.order_by().aggregate(
        every=Count("pk"), untouched=Count("pk", filter=~Q(acted))
    )
    return Score(
        job=job,
        since=since,
        until=until,
        attempts=total["number"],
        players=total["players"],
        sms=total["sms"],
        came_back=total["came_back"],
        stayed_bad=total["stayed_bad"],
        episodes=counted["every"],
        untouched=counted["untouched"],
        gates=_gates(job, since, until),
        by_player=_by_player(shadows),
    )


def _gates(job: Job, since: datetime, until: datetime) -> tuple[OfGate, ...]:
    """Return which gates held episodes back, the busiest first."""
    acted = Exists(JobExecution.objects.filter(episode=OuterRef("episode")).order_by())
    rows = GateVerdict.objects.filter(episode__job=job, at__gte=since, at__lte=until)
    counted = (
        rows.exclude(gate="")
        .order_by()
        .values("gate")
        .annotate(
            held=Count("episode", distinct=True),
            never=Count("episode", distinct=True, filter=~Q(acted)),
        )
    )
    found = [OfGate(row["gate"], row["held"], row["never"]) for row in counted]
    return tuple(sorted(found, key=lambda each: (-each.episodes, each.gate)))


def _by_player(shadows: QuerySet[Any, Any]) -> tuple[OfPlayer, ...]:
    counted = shadows.values("player").annotate(**_COUNTS, last_at=Max("created_at"))
    rows = list(counted.order_by("-number", "-last_at", "player")[:MOST_PLAYERS])
    players = Player.objects.select_related("site").in_bulk([row["player"] for row in rows])
    return tuple(
        OfPlayer(
            players[row["player"]],
            row["number"],
            row["sms"],
            row["came_back"],
            row["stayed_bad"],
            row["last_at"],
        )
        for row in rows
    )
