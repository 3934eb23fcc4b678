"""What the last evaluation knows of players: rows of one platform, at one moment. Asks nobody."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import cached_property

from exporters.models import Player

from . import brake, criteria
from .models import Clock, Criterion, Episode, Job, Track, Trigger
from .track_rows import pure, track_of
from .tracks import SLOT, well_at


class Sights:
    """Tracks and clocks of some players under some criteria: three queries."""

    def __init__(
        self,
        platform_id: int,
        criteria: Collection[int],
        players: Collection[int],
        jobs: Iterable[Job],
        now: datetime,
    ) -> None:
        self._now, self._criteria = now, criteria
        tracks = Track.objects.filter(criterion__in=criteria, player__in=players)
        self._tracks = {(each.criterion_id, each.player_id): each for each in tracks}
        clocks = Clock.objects.filter(criterion__in=criteria, platform=platform_id)
        self._clocks = {(each.criterion_id, each.exporter_id): each for each in clocks}
        schedules = [each.pk for each in jobs if each.trigger == Trigger.SCHEDULE]
        planned = Episode.objects.open().filter(job__in=schedules, player__in=players)
        self._planned = set(planned.values_list("job", "player")) if schedules else set()

    def track(self, job: Job, player: Player) -> Track | None:
        return self._tracks.get((job.criterion_id, player.pk))

    def clock(self, job: Job, player: Player) -> Clock | None:
        return self._clocks.get((job.criterion_id, player.exporter_id))

    def had_power_at(self, player: Player) -> float | None:
        """Return the last Unix time at which a player surely had power, as any rule shows it."""
        found = [
            (well * SLOT) - late
            for criterion, late in self._showing_power.items()
            if (track := self._tracks.get((criterion, player.pk))) is not None
            and (row := self._clocks.get((criterion, player.exporter_id))) is not None
            and (clock := pure(row)) is not None
            and (well := well_at(track_of(track), clock)) is not None
            and well * SLOT <= self._now.timestamp()  # a clock may have been put back
        ]
        return max(found, default=None)

    @cached_property
    def _showing_power(self) -> Mapping[int, float]:
        """Return the criteria that tell of a player without power, and by how many seconds late."""
        rows = Criterion.objects.in_bulk(self._criteria)
        told = {pk: criteria.shows_power(row) for pk, row in rows.items()}
        return {pk: late for pk, late in told.items() if late is not None}

    def is_watched(self, exporter_id: int) -> bool:
        """Tell whether evaluation ever looked at an exporter under one of the criteria."""
        return any(exporter_id == each for _criterion, each in self._clocks)

    def is_planned(self, job: Job, player: Player) -> bool:
        """Tell whether a schedule has a player on its list as well."""
        return (job.pk, player.pk) in self._planned

    def is_bad(self, criterion: int, player: Player) -> bool:
        """Tell whether a player is known to be bad now."""
        track = self._tracks.get((criterion, player.pk))
        clock = self._clocks.get((criterion, player.exporter_id))
        if track is None or clock is None or not clock.known or clock.at is None:
            return False
        fresh = abs(self._now - clock.at) <= brake.LONGEST_GAP and track.era == clock.era
        return fresh and track.bad and track.frozen_from is None
