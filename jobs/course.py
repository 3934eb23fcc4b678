"""The course of an episode: its attempts as rows, read as the ladder reads them."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from devices.states import Event

from . import ladder
from .ladder import Fate, Ladder, Past, UnderWay
from .models import Episode, JobExecution, Mode, Outcome, Standing

#: An attempt that came to this put nothing on the wire.
UNSENT = frozenset({Outcome.NOT_SENT, Outcome.FAILED, Outcome.EXPIRED, Outcome.CANCELLED})


def counted(mode: str, executions: Collection[JobExecution]) -> list[JobExecution]:
    """Return the attempts that count in a mode, in their order; what waits for approval does not.

    What a job would have done in the shadow was never done: going live, it begins anew.
    """
    shadows = mode == Mode.SHADOW
    return sorted(
        (
            each
            for each in executions
            if each.standing != Standing.PROPOSED and (shadows or each.mode != Mode.SHADOW)
        ),
        key=lambda each: each.attempt,
    )


def next_of(
    episode: Episode, last_end: datetime | None = None, *, busy: bool = False
) -> ladder.Next | None:
    """Return what comes next in an episode; None: its job does nothing but telling people.

    `last_end`: see `last_ends`; `busy`: see `busy_elsewhere`. The episode comes with its job's
    rungs and its executions.
    """
    job, rungs = episode.job, len(episode.job.rungs.all())
    if not rungs:
        return None
    if busy:
        return UnderWay()
    of = Ladder(rungs, max(job.attempts, 1), timedelta(seconds=job.cooldown))
    past = [_past(each) for each in counted(job.mode, episode.executions.all())]
    return ladder.after(of, past, episode.due_at or episode.opened_at, last_end)


def last_ends(
    episodes: Sequence[Episode], now: datetime, longest: timedelta
) -> dict[tuple[int, int], datetime]:
    """Return when the last attempt ended that was sent in an earlier episode: by job and player.

    Of a job in the shadow also of one that would have been sent: acting, it would have waited.
    """
    sent = Q(commanded_at__isnull=False)
    if shadows := _in_shadow(episodes):
        sent |= Q(mode=Mode.SHADOW, job__in=shadows)
    rows = JobExecution.objects.filter(
        sent,
        job__in={each.job_id for each in episodes},
        player__in={each.player_id for each in episodes},
        finished_at__gt=now - longest,
    ).exclude(episode__in=[each.pk for each in episodes])
    ends: dict[tuple[int, int], datetime] = {}
    for row in rows.exclude(outcome__in=UNSENT):
        key = row.job_id, row.player_id
        ends[key] = max(row.finished_at, ends.get(key, row.finished_at))
    return ends


def busy_elsewhere(episodes: Sequence[Episode]) -> set[tuple[int, int]]:
    """Return of whom an attempt of an earlier episode is not over: by job and player.

    Its outcome is still to come, and with it the beginning of the cooldown.
    """
    rows = JobExecution.objects.under_way()
    if shadows := _in_shadow(episodes):
        rows |= JobExecution.objects.filter(standing=Standing.SHADOW, job__in=shadows)
    rows = rows.filter(
        job__in={each.job_id for each in episodes},
        player__in={each.player_id for each in episodes},
    )
    others = rows.exclude(episode__in=[each.pk for each in episodes])
    return set(others.values_list("job", "player"))


def _in_shadow(episodes: Sequence[Episode]) -> set[int]:
    return {each.job_id for each in episodes if each.job.mode == Mode.SHADOW}


def _past(row: JobExecution) -> Past:
    if row.standing in (Standing.DECLINED, Standing.LAPSED):
        return Past(row.finished_at or row.created_at, Fate.TURNED_DOWN)
    return Past(row.finished_at, _fate(row))


def _fate(row: JobExecution) -> Fate:
    if row.outcome not in UNSENT:
        return Fate.SENT
    if row.outcome != Outcome.CANCELLED or row.command is None:
        return Fate.NOT_SENT
    # What a person took back is not done again at once; what a check before the wire refused is.
    refused = any(step.event == Event.REFUSE.value for step in row.command.steps.all())
    return Fate.NOT_SENT if refused else Fate.TURNED_DOWN
