"""What a job no longer counts, because what it decides on was changed: where its clocks stood then.

Writes floors alone; it closes no episode and touches no track, which other jobs may share.
"""

from collections import defaultdict

from django.db import transaction
from django.db.models import F, Q

from . import standings
from .models import Clock, Floor, Job, Track


def lay(job: Job) -> None:
    """Let a job count anew from now on, on everything that its criterion watches."""
    with transaction.atomic():
        Floor.objects.filter(job=job).delete()
        if job.criterion_id is None:
            return
        # Locked: evaluation writes tracks under the lock of their clock, so that both agree.
        clocks = list(
            Clock.objects.filter(criterion_id=job.criterion_id)
            .select_for_update(of=("self",))
            .order_by("pk")
        )  # unscoped: of the job's own criterion
        frozen = _frozen(job.criterion_id, {each.exporter_id: each for each in clocks})
        Floor.objects.bulk_create(
            Floor(
                platform_id=job.platform_id,
                job=job,
                clock=each,
                observed=each.observed,
                frozen=frozen.get(each.exporter_id, {}),
            )
            for each in clocks
        )


def of_player(floor: Floor | None, player_id: int) -> standings.Floor:
    """Return what a job does not count of a player."""
    if floor is None:
        return standings.GROUND
    return standings.Floor(floor.observed, floor.frozen.get(str(player_id), 0.0))


def _frozen(criterion_id: int, clocks: dict[int, Clock]) -> dict[int, dict[str, float]]:
    """Return by exporter for how long players were not known in runs that are going on."""
    found: dict[int, dict[str, float]] = defaultdict(dict)
    rows = Track.objects.filter(
        Q(frozen__gt=0) | Q(frozen_from__isnull=False), criterion_id=criterion_id
    ).annotate(exporter_id=F("player__exporter_id"))  # unscoped: of the job's own criterion
    for row in rows:
        clock = clocks.get(row.exporter_id)
        if clock is None or row.era != clock.era:
            continue
        begun = clock.observed if row.frozen_from is None else row.frozen_from
        found[row.exporter_id][str(row.player_id)] = row.frozen + clock.observed - begun
    return found
