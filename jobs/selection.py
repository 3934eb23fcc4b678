"""Which players a job is about: its targets as sets, and as a queryset. Decides nothing else."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import Q, QuerySet

from exporters.models import Player

from .models import Job, JobTarget

NONE: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Selection:
    """What a job names, by ids of rows of its platform; ``whole`` is every player of it."""

    platform_id: int
    whole: bool = False
    exporters: frozenset[int] = NONE
    sites: frozenset[int] = NONE
    players: frozenset[int] = NONE

    @property
    def is_empty(self) -> bool:
        """Tell whether it names nothing at all: such a job is refused when it is saved."""
        return not (self.whole or self.exporters or self.sites or self.players)

    def covers(self, player_id: int, exporter_id: int, site_id: int | None) -> bool:
        """Tell whether a player of the same platform belongs to it."""
        return (
            self.whole
            or exporter_id in self.exporters
            or player_id in self.players
            or (site_id is not None and site_id in self.sites)
        )

    def rows(self) -> "QuerySet[Player, Any]":
        """Return the players that count now: enrolled ones of enabled exporters."""
        wanted = Q(pk__in=self.players) | Q(exporter_id__in=self.exporters)
        wanted |= Q(site_id__in=self.sites)
        found = Player.objects.enrolled().filter(
            platform_id=self.platform_id, exporter__enabled=True
        )  # unscoped: of the job's own platform
        return found if self.whole else found.filter(wanted)


def selection_of(job: Job) -> Selection:
    """Return what one job names: one query."""
    return selections_of([job])[job.pk]


class Targeted(Protocol):
    """A job, or the columns of one that tell what it is about beside its targets."""

    @property
    def pk(self) -> int: ...
    @property
    def platform_id(self) -> int: ...
    @property
    def whole_platform(self) -> bool: ...


def selections_of(jobs: Collection[Targeted]) -> Mapping[int, Selection]:
    """Return what jobs name, by the job's id: one query for all of them."""
    exporters: dict[int, set[int]] = defaultdict(set)
    sites: dict[int, set[int]] = defaultdict(set)
    players: dict[int, set[int]] = defaultdict(set)
    rows = JobTarget.objects.filter(job_id__in=[job.pk for job in jobs])
    for job_id, exporter, site, player in rows.values_list(
        "job_id", "exporter_id", "site_id", "player_id"
    ).iterator():
        for ids, number in ((exporters, exporter), (sites, site), (players, player)):
            if number is not None:
                ids[job_id].add(number)

    def of(found: Mapping[int, set[int]], pk: int) -> frozenset[int]:
        return frozenset(found[pk]) if pk in found else NONE

    return {
        job.pk: Selection(
            job.platform_id,
            job.whole_platform,
            of(exporters, job.pk),
            of(sites, job.pk),
            of(players, job.pk),
        )
        for job in jobs
    }
