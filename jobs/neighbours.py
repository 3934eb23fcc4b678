"""Players that hang beside another one: which of them may lose their power with it. Reads.

Only those that are known to be bad under a job that is about them, or that the same schedule
switches too; never one that a person has taken over.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping

from exporters.models import Player

from . import braking
from .models import Episode, Job
from .selection import Selection, selections_of
from .sights import Sights


class Neighbours:
    """The neighbours of players of one platform: three queries, where there are any."""

    def __init__(
        self,
        platform_id: int,
        players: Collection[int],
        chosen: Mapping[Job, Selection],
        sights: Sights,
    ) -> None:
        self._sights = sights
        self._about: dict[int, list[Selection]] = defaultdict(list)
        self._taken_over: set[int] = set()
        if not players:
            return
        acting = list(braking.acting_jobs().filter(platform=platform_id))
        selections = selections_of(acting)
        for job, selection in {**{each: selections[each.pk] for each in acting}, **chosen}.items():
            if job.criterion_id is not None:
                self._about[job.criterion_id].append(selection)
        taken = Episode.objects.open().filter(player__in=players, acknowledged_at__isnull=False)
        self._taken_over = set(taken.values_list("player", flat=True))

    def may_go_dark(self, job: Job, player: Player) -> bool:
        """Tell whether a player may lose its power to this job."""
        if player.pk in self._taken_over:
            return False
        if self._sights.is_planned(job, player):
            return True
        return any(self._sights.is_bad(criterion, player) for criterion in self._asked_of(player))

    def _asked_of(self, player: Player) -> set[int]:
        """Return the criteria of jobs that are about a player: tracks there are of all."""
        where = (player.pk, player.exporter_id, player.site_id)
        return {pk for pk, of in self._about.items() if any(each.covers(*where) for each in of)}
