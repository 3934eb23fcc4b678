"""What is under way on a platform, as admission counts it: who fires, what was begun of late."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.conf import settings
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q

from .admission import HOUR, Attempt, Case, Limits, Ruling, admit
from .course import UNSENT
from .models import Episode, JobExecution, Mode, Outcome, Rung, Standing, Trigger
from .situation import Subject


def limits() -> Limits:
    """Return the limits of this installation."""
    return Limits(
        at_site=settings.JOBS_AT_SITE,
        at_once=settings.JOBS_AT_ONCE,
        an_hour=settings.JOBS_AN_HOUR,
        together=settings.JOBS_TOGETHER,
    )


def rule(platform_id: int, due: Iterable[Subject], now: datetime) -> dict[int, Ruling]:
    """Rule on episodes that want to act, by their ids. Whoever is in the shadow takes no place.

    Rules go first: a player that is bad does not wait behind those of a schedule. A job in the
    shadow waits as it would if it acted: behind those that act, and behind itself.
    """
    wanting = list(due)
    acting = [each for each in wanting if each.job.mode != Mode.SHADOW]
    of_rules, of_schedules = (
        [_case(each) for each in acting if (each.episode.trigger == Trigger.RULE) is by_rule]
        for by_rule in (True, False)
    )
    firing = {trigger: _firing(platform_id, trigger) for trigger in Trigger}
    oldest = min((each.firing_since for group in firing.values() for each in group), default=now)
    attempts = _attempts(platform_id, oldest, now)
    rulings = _rule_on_shadows(wanting, firing, attempts, now)
    rulings += admit(of_rules, firing[Trigger.RULE], attempts, now, limits())
    mine = {each.episode for each in of_rules}
    attempts += [_begun(e.case, now) for e in rulings if e.admitted and e.case.episode in mine]
    rulings += admit(of_schedules, firing[Trigger.SCHEDULE], attempts, now, limits())
    return {each.case.episode: each for each in rulings}


def _rule_on_shadows(
    wanting: Iterable[Subject],
    firing: Mapping[Trigger, list[Case]],
    attempts: list[Attempt],
    now: datetime,
) -> list[Ruling]:
    """Rule on jobs in the shadow, each behind what is done and what it would have done itself."""
    due: dict[tuple[int, Trigger], list[Case]] = defaultdict(list)
    for each in wanting:
        if each.job.mode == Mode.SHADOW:
            due[each.job.pk, Trigger(each.episode.trigger)].append(_case(each))
    if not due:
        return []
    jobs = {job for job, _trigger in due}
    own = _own_firing(jobs)
    oldest = min((each.firing_since for group in own.values() for each in group), default=now)
    past = _own_attempts(jobs, oldest, now)
    rulings = []
    for (job, trigger), cases in due.items():
        together = [*firing[trigger], *own[job]]
        rulings += admit(cases, together, [*attempts, *past[job]], now, limits())
    return rulings


def _case(subject: Subject) -> Case:
    player = subject.player
    site = player.site_id
    if site is None and subject.line is not None:
        site = subject.line.device.site_id
    return Case(subject.episode.pk, player.pk, player.exporter_id, site, subject.episode.opened_at)


def _firing(platform_id: int, trigger: Trigger) -> list[Case]:
    """Return all open episodes of jobs that may act; where they are does not matter here."""
    rows = Episode.objects.open().filter(platform=platform_id, trigger=trigger)
    rungs = Rung.objects.filter(job=OuterRef("job"))
    rows = rows.exclude(job__mode=Mode.SHADOW).filter(Exists(rungs), job__enabled=True)
    found = rows.values_list("pk", "player", "player__exporter", "opened_at")
    return [Case(pk, player, exporter, None, at) for pk, player, exporter, at in found]


def _attempts(platform_id: int, oldest: datetime, now: datetime) -> list[Attempt]:
    """Return what is in flight, what was begun within an hour, and canaries of those that fire."""
    rows = JobExecution.objects.filter(platform=platform_id, commanded_at__isnull=False)
    helped = Q(outcome=Outcome.VERIFIED, commanded_at__gte=oldest)
    wanted = Q(standing=Standing.COMMANDED) | Q(commanded_at__gt=now - HOUR) | helped
    rows = rows.filter(wanted).exclude(standing=Standing.OVER, outcome__in=UNSENT)
    return [
        Attempt(
            player=row.player_id,
            exporter=row.player.exporter_id,
            site=_site(row),
            begun_at=row.commanded_at,
            in_flight=row.standing == Standing.COMMANDED,
            verified=row.outcome == Outcome.VERIFIED,
        )
        for row in rows.select_related("player", "device")
    ]


def _site(row: JobExecution) -> int | None:
    return row.player.site_id or (row.device.site_id if row.device is not None else None)


def _own_firing(jobs: Collection[int]) -> dict[int, list[Case]]:
    """Return by job all open episodes of jobs in the shadow, as `_firing` of those that act."""
    found: dict[int, list[Case]] = defaultdict(list)
    rows = Episode.objects.open().filter(job__in=jobs)
    values = rows.values_list("job", "pk", "player", "player__exporter", "opened_at")
    for job, pk, player, exporter, at in values:
        found[job].append(Case(pk, player, exporter, None, at))
    return found


def _own_attempts(
    jobs: Collection[int], oldest: datetime, now: datetime
) -> dict[int, list[Attempt]]:
    """Return by job what jobs in the shadow would have done, as `_attempts` what was done.

    A player that came back by itself speaks for the others as one that an action brought back;
    and any that a schedule would have restarted: nobody looks how it is.
    """
    helped = Q(outcome=Outcome.CAME_BACK) | Q(episode__trigger=Trigger.SCHEDULE)
    spoke = Q(helped, standing=Standing.OVER)
    wanted = (
        Q(standing=Standing.SHADOW)
        | Q(created_at__gt=now - HOUR)
        | Q(spoke, created_at__gte=oldest)
    )
    rows = JobExecution.objects.filter(wanted, job__in=jobs, mode=Mode.SHADOW)
    rows = rows.annotate(spoke=ExpressionWrapper(spoke, BooleanField()))
    found: dict[int, list[Attempt]] = defaultdict(list)
    for row in rows.select_related("player", "device"):
        attempt = Attempt(
            player=row.player_id,
            exporter=row.player.exporter_id,
            site=_site(row),
            begun_at=row.created_at,
            in_flight=row.standing == Standing.SHADOW,
            verified=row.spoke,
        )
        found[row.job_id].append(attempt)
    return found


def _begun(case: Case, now: datetime) -> Attempt:
    return Attempt(case.player, case.exporter, case.site, now, in_flight=True)
