"""The only writer of why open episodes are held back: where the reason is another than before.

One by one, or all that a brake stops at once: in an outage they are thousands.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Case, DateTimeField, F, QuerySet, Value, When

from . import attempts
from .brake import Domain, Verdict as BrakeVerdict
from .gate_names import Gate
from .gates import Verdict, of_brake
from .models import Episode, GateVerdict, Mode
from .notice_kinds import EXHAUSTED
from .situation import Subject

logger = logging.getLogger(__name__)

#: Values that change from look to look; a new reason is not what they make.
_VOLATILE: Final = frozenset({"at", "bad", "found", "limit", "players", "until", "value", "well"})
BATCH: Final = 1000


def is_news(subject: Subject, shut: Verdict) -> bool:
    """Tell whether this is another reason than the stored one, whatever its figures are now."""
    episode = subject.episode
    if episode.suppressed != shut.gate.value or _is_exhausted(subject, shut):
        return True
    return _steady(episode.detail) != _steady(shut.detail)


def hold(subject: Subject, shut: Verdict, next_at: datetime | None = None) -> None:
    """Write down why an episode is held back, from now on; not before `next_at` it is looked at."""
    episode, now = subject.episode, subject.now
    values = {"suppressed": shut.gate.value, "detail": dict(shut.detail), "rev": F("rev") + 1}
    if episode.suppressed != shut.gate.value:
        values["suppressed_since"] = now
    if next_at is not None:
        values["next_at"] = next_at
    exhausted = _is_exhausted(subject, shut)
    if exhausted:
        values["exhausted_at"] = now
    rows = Episode.objects.open().filter(pk=episode.pk, rev=episode.rev)
    if rows.update(**values) != 1:
        return  # it went on meanwhile
    _verdict(episode.pk, episode.platform_id, shut, now).save(force_insert=True)
    if exhausted:
        attempts.tell(subject, EXHAUSTED.name, attempts=shut.detail["attempts"])
    if shut.gate is Gate.REFUSED:
        logger.warning("Episode %s: its command was refused: %s", episode.pk, shut.detail["code"])


def hold_all(due: "QuerySet[Episode]", domain: Domain, why: BrakeVerdict, now: datetime) -> None:
    """Write down that a brake holds back all these episodes of one platform."""
    shut = of_brake(domain, why)
    news = due.exclude(suppressed=shut.gate.value, detail__code=shut.detail["code"])
    found = dict(news.values_list("pk", "platform"))
    if not found:
        return
    already = When(suppressed=shut.gate.value, then=F("suppressed_since"))
    since = Case(already, default=Value(now), output_field=DateTimeField())
    pks = sorted(found)
    with transaction.atomic():
        for at in range(0, len(pks), BATCH):
            part = pks[at : at + BATCH]
            Episode.objects.open().filter(pk__in=part).update(
                suppressed_since=since,
                suppressed=shut.gate.value,
                detail=dict(shut.detail),
                rev=F("rev") + 1,
            )
            GateVerdict.objects.bulk_create(_verdict(pk, found[pk], shut, now) for pk in part)


def _verdict(episode_id: int, platform_id: int, shut: Verdict, now: datetime) -> GateVerdict:
    return GateVerdict(
        platform_id=platform_id,
        episode_id=episode_id,
        at=now,
        gate=shut.gate.value,
        detail=dict(shut.detail),
    )


def _is_exhausted(subject: Subject, shut: Verdict) -> bool:
    """Tell whether people take over; what was never done in the shadow is given up by nobody."""
    return shut.gate is Gate.ATTEMPTS and subject.job.mode != Mode.SHADOW


def _steady(detail: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in detail.items() if name not in _VOLATILE}
