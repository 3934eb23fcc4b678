"""Acting: what open episodes are due for becomes an attempt, or a stored reason why not.

A look at all of a platform sorts out what cannot go; what could is decided one by one, each in a
transaction of its own under the lock of its platform, on everything read anew. It sends nothing:
the road of commands does, and asks the guards again before the wire.
"""

import logging
from datetime import datetime, timedelta
from typing import Final

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from . import approvals, attempts, brake, braking, gates, holding, situation, unrest
from .brake import Domain
from .gates import Verdict
from .judging import asks_for_approval, is_outdated, judge
from .models import Brake, Episode, JobExecution, Mode, Rung, Standing
from .situation import Subject

logger = logging.getLogger(__name__)

#: After a command was refused though every gate was open: what refused it is asked again then.
RETRY: Final = timedelta(minutes=1)
#: Decisions of a platform in one look; what is left of proposals and shadows comes with the next.
MOST: Final = 50


def act(now: datetime) -> int:
    """Go through the platforms where something is due, or amiss; return the attempts made.

    Safe to call at any time, by any number of workers. What fails on one platform stops no other;
    it is raised in the end.
    """
    approvals.lapse(now)
    attempts.end_notices(now)
    due = set(_due(now).values_list("platform", flat=True))
    engaged = Brake.objects.filter(engaged=True).values_list("platform", flat=True)
    made, failed = 0, None
    for platform_id in sorted(due.union(engaged, unrest.platforms(now))):
        try:
            made += _act_on(platform_id, now)
        except SoftTimeLimitExceeded:
            raise  # no time is left for the others either: the next run begins anew
        except Exception as error:  # noqa: BLE001
            # Whatever is wrong with the rows of one tenant: those of the others do not wait for it.
            logger.error("Nothing is done on platform %s: %s", platform_id, type(error).__name__)
            failed = error
    if failed is not None:
        raise failed
    return made


def _act_on(platform_id: int, now: datetime) -> int:
    """Act on one platform: 1. its brakes; 2. who could go, each by itself; 3. the others."""
    with transaction.atomic():
        braking.lock(platform_id)
        brakes = braking.apply(platform_id, now)
    due = _due(now).filter(platform=platform_id)
    if braking.criteria_of(platform_id):  # without a rule that acts no brake holds schedules back
        due = _left_by_brakes(due, brakes, now)
    pks = list(due.values_list("pk", flat=True))
    if len(pks) <= 1:  # mostly; a look at all would read what the decision reads anew
        return sum(_decide(platform_id, pk, now) for pk in pks)
    episodes = situation.with_company(pks)
    subjects = situation.read(platform_id, episodes, now, brakes)
    judged = judge(platform_id, subjects, now)
    made, left = 0, MOST
    for subject in subjects:
        shut = gates.first_shut(judged[subject.episode.pk])
        if shut is None or asks_for_approval(shut):
            if left:
                made += _decide(platform_id, subject.episode.pk, now)
                left -= 1
        else:
            _hold_back(subject, shut)
    return made


def _hold_back(subject: Subject, shut: Verdict) -> None:
    """Write why nothing is done, where that is news; end an approval of something else."""
    outdated, news = is_outdated(shut), holding.is_news(subject, shut)
    if outdated or news:
        with transaction.atomic():
            if outdated:
                attempts.take_back(subject)
            if news:
                holding.hold(subject, shut)


def _left_by_brakes(
    due: "QuerySet[Episode]", brakes: braking.Brakes, now: datetime
) -> "QuerySet[Episode]":
    """Hold back at once what engaged brakes stop, and return the others."""
    for domain, one in sorted(brakes.items(), key=lambda each: each[0] or 0):
        why = brake.shut(one, now) if one.engaged else None
        if why is None:
            continue
        if domain is None:
            holding.hold_all(due, Domain.PLATFORM, why, now)
            return due.none()
        holding.hold_all(due.filter(player__exporter=domain), Domain.EXPORTER, why, now)
        due = due.exclude(player__exporter=domain)
    return due


def _due(now: datetime) -> "QuerySet[Episode]":
    """Keep the open episodes for which something may be to be done now."""
    under_way = JobExecution.objects.filter(episode=OuterRef("pk"))
    shadows = Q(standing=Standing.SHADOW, episode__job__mode=Mode.SHADOW)
    under_way = under_way.filter(Q(standing=Standing.COMMANDED) | shadows)
    rungs = Rung.objects.filter(job=OuterRef("job"))
    rows: QuerySet[Episode] = Episode.objects.open().filter(
        Q(next_at=None) | Q(next_at__lte=now),
        ~Exists(under_way),
        Exists(rungs),
        exhausted_at=None,
        acknowledged_at=None,
    )
    return rows


def _decide(platform_id: int, episode: int, now: datetime) -> bool:
    """Make the attempt of one episode in one transaction; False: something stood against it now."""
    try:
        with transaction.atomic():
            return _decide_locked(platform_id, episode, now)
    except attempts.LostRace:
        return False


def _decide_locked(platform_id: int, episode: int, now: datetime) -> bool:
    braking.lock(platform_id)
    locked = _due(now).select_for_update(of=("self",)).filter(pk=episode)
    if locked.values_list("pk").first() is None:
        return False  # another worker was quicker
    (seen,) = situation.with_company([episode])
    brakes = braking.standing(platform_id, now)
    (subject,) = situation.read(platform_id, [seen], now, brakes)
    verdicts = judge(platform_id, [subject], now)[episode]
    shut = gates.first_shut(verdicts)
    if shut is not None and not asks_for_approval(shut):
        _hold_back(subject, shut)
        return False
    if shut is not None:
        attempts.propose(subject, verdicts)
        return False
    if subject.job.mode == Mode.SHADOW:
        attempts.record_shadow(subject, verdicts)
        return True
    refused = attempts.command(subject, verdicts)
    if refused is not None:
        holding.hold(subject, refused, next_at=now + RETRY)
    return refused is None
