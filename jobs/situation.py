"""What is read of the episodes of one platform before anything is done: one moment, few queries.

The number of queries does not depend on how many episodes there are. Decides and writes nothing.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from devices import checks, line_power
from devices.checks import Refusal
from devices.line_power import LinePower
from devices.models import Binding, DeviceLine
from devices.senders import Sender
from exporters.models import Player

from . import brake, braking, course, ladder, zones
from .brake import Domain
from .hours import Span
from .ladder import Due
from .models import (
    Clock,
    Episode,
    Job,
    JobExecution,
    MaintenanceWindow,
    Mode,
    Rung,
    Standing,
    Track,
    Trigger,
)
from .neighbours import Neighbours
from .orders import FOR_JOBS, NoOrder, Order, Orders
from .selection import selections_of
from .sights import Sights
from .standstill import AnyPause, Standstill
from .track_rows import track_of

Brakes = Mapping[Domain, brake.Verdict | None]


@dataclass(frozen=True)
class Subject:
    """One episode with everything that its gates look at.

    `beside`: other players on the lines that would be switched; `beside_well`: how many of them are
    not known to be bad. `order`: what the next rung sends; None where there is no line or no rung.
    `powers`: of the lines that would be switched, and its own, by their ids. `had_power_at`: Unix
    time at which the player surely had power, asked where its line is off; None: nobody knows.
    """

    now: datetime
    episode: Episode
    job: Job
    player: Player
    track: Track | None
    clock: Clock | None
    is_selected: bool
    pauses: Sequence[AnyPause]
    hours: Sequence[Span]
    zone: ZoneInfo
    windows: Sequence[tuple[MaintenanceWindow, datetime]]  # with their ends
    brakes: Brakes
    line: DeviceLine | None
    powers: Mapping[int, LinePower]
    had_power_at: float | None
    hung_since: datetime | None
    rung: Rung | None
    order: Order | NoOrder | None
    refusals: Sequence[Refusal]
    beside: int
    beside_well: int
    next: ladder.Next | None
    proposal: JobExecution | None

    @property
    def counts_nowhere(self) -> bool:
        """Tell whether it was not seen well for so long that no brake counts it any more."""
        if self.track is None or self.clock is None or not self.track.bad:
            return False
        bad_for = self.clock.observed - track_of(self.track).began
        return bad_for > braking.WELL_WITHIN.total_seconds()


def with_company(episodes: Collection[int]) -> list[Episode]:
    """Return open episodes with what `read` needs beside them: rules first, then the oldest.

    What a schedule asks for can wait; a player that is bad cannot.
    """
    rows = Episode.objects.open().filter(pk__in=episodes)
    rows = rows.select_related("job__platform", "job__criterion")
    rows = rows.select_related("player__exporter", "player__site").prefetch_related(
        "job__rungs__template__model", "job__hours", "executions__command__steps"
    )
    found = list(rows.order_by("opened_at", "pk"))
    return sorted(found, key=lambda each: each.trigger == Trigger.SCHEDULE)


def read(
    platform_id: int, episodes: Sequence[Episode], now: datetime, brakes: braking.Brakes
) -> list[Subject]:
    """Return episodes of one platform, as `with_company` reads them, as subjects in their order."""
    return _Reading(platform_id, episodes, now, brakes).subjects()


class _Reading:
    def __init__(
        self, platform_id: int, episodes: Sequence[Episode], now: datetime, brakes: braking.Brakes
    ) -> None:
        self.platform_id, self.episodes, self.now = platform_id, episodes, now
        self.brakes = brakes
        self.jobs = {each.job_id: each.job for each in episodes}
        self.criteria = braking.criteria_of(platform_id)
        self.own_counts: dict[int, braking.Counts] = {}

    def subjects(self) -> list[Subject]:
        self.selections = selections_of(list(self.jobs.values()))
        self.standstill = Standstill(self.platform_id, self.jobs, self.now)
        self._read_courses()
        self._read_sockets()
        self._read_sights()
        return [self._subject(each) for each in self.episodes]

    def _read_courses(self) -> None:
        longest = max((each.cooldown for each in self.jobs.values()), default=0)
        ends = course.last_ends(self.episodes, self.now, timedelta(seconds=longest))
        busy = course.busy_elsewhere(self.episodes)
        self.next = {
            each.pk: course.next_of(each, ends.get(key), busy=key in busy)
            for each in self.episodes
            for key in [(each.job_id, each.player_id)]
        }

    def _read_sockets(self) -> None:
        players = [each.player_id for each in self.episodes]
        bound = Binding.objects.filter(player__in=players, ended_at=None)
        bound = bound.select_related("line__device__model", "line__device__platform")
        self.lines = {each.player_id: each.line for each in bound}
        self.hung_since = {each.player_id: each.since for each in bound}
        devices = {line.device_id: line.device for line in self.lines.values()}
        nobody = Sender.job("")
        self.around = checks.circumstances(list(devices.values()), nobody, self.now, FOR_JOBS)
        self.powers = _powers([line for of in self.around.lines.values() for line in of.values()])
        beside = Binding.objects.filter(
            line__device__in=devices, ended_at=None, player__retired_at=None
        )
        self.hanging: dict[int, list[Player]] = defaultdict(list)
        by_device: dict[int, set[int]] = defaultdict(set)
        for binding in beside.select_related("player", "line"):
            self.hanging[binding.line_id].append(binding.player)
            by_device[binding.line.device_id].add(binding.player_id)
        self.in_company = {pk for of in by_device.values() if len(of) > 1 for pk in of}
        self.make = Orders(self.now)

    def _read_sights(self) -> None:
        players = {each.player_id for each in self.episodes}
        players |= {each.pk for group in self.hanging.values() for each in group}
        jobs = self.jobs.values()
        asked = {job.criterion_id for job in jobs if job.criterion_id is not None}
        self.sights = Sights(self.platform_id, asked | self.criteria, players, jobs, self.now)
        chosen = {job: self.selections[job.pk] for job in jobs}
        self.neighbours = Neighbours(self.platform_id, self.in_company, chosen, self.sights)

    def _subject(self, episode: Episode) -> Subject:
        job, player = episode.job, episode.player
        line, rung = self.lines.get(player.pk), self._rung(episode)
        order = None
        if line is not None and rung is not None:
            order = self.make.of(rung, line, Sender.job(job.name))
        switched = self._switched(line, order)
        powers = {pk: self.powers[pk] for pk in switched}
        beside = self._beside(switched, player)
        proposals = (e for e in episode.executions.all() if e.standing == Standing.PROPOSED)
        selection = self.selections[job.pk]
        return Subject(
            now=self.now,
            episode=episode,
            job=job,
            player=player,
            track=self.sights.track(job, player),
            clock=self.sights.clock(job, player),
            is_selected=selection.covers(player.pk, player.exporter_id, player.site_id),
            pauses=self.standstill.pauses(job, line),
            hours=[Span(each.weekday, each.opens, each.closes) for each in job.hours.all()],
            zone=zones.of_place(job.platform, player.site),
            # Also those of players that would lose their power with it.
            windows=[w for each in (player, *beside) for w in self.standstill.windows(job, each)],
            brakes=self._brakes(job, player),
            line=line,
            powers=powers,
            had_power_at=(
                self.sights.had_power_at(player)
                if any(each.off_at is not None for each in powers.values())
                else None
            ),
            hung_since=self.hung_since.get(player.pk),
            rung=rung,
            order=order,
            refusals=(
                list(checks.refusals(order.wish, self.around)) if isinstance(order, Order) else ()
            ),
            beside=len(beside),
            beside_well=sum(not self.neighbours.may_go_dark(job, each) for each in beside),
            next=self.next[episode.pk],
            proposal=next(proposals, None),
        )

    def _rung(self, episode: Episode) -> Rung | None:
        """Return the rung that comes next; where none is to come, the one of the last attempt."""
        rungs: list[Rung] = list(episode.job.rungs.all())
        coming = self.next[episode.pk]
        if not rungs:
            return None
        if isinstance(coming, Due):
            return rungs[coming.rung]
        last = max((each.rung for each in episode.executions.all()), default=0)
        return rungs[min(last, len(rungs) - 1)]

    def _switched(self, line: DeviceLine | None, order: Order | NoOrder | None) -> list[int]:
        """Return the lines that would be switched, and the player's own."""
        if line is None:
            return []
        switched = {line.pk}
        if isinstance(order, Order):
            of_device = self.around.lines[line.device_id]
            switched |= {of_device[n].pk for n in order.wish.composed.lines if n in of_device}
        return sorted(switched)

    def _beside(self, switched: Sequence[int], player: Player) -> list[Player]:
        """Return the other players on the lines that would be switched."""
        there = [each for pk in switched for each in self.hanging[pk]]
        return [each for each in there if each.pk != player.pk]

    def _brakes(self, job: Job, player: Player) -> Brakes:
        if job.trigger == Trigger.SCHEDULE and not self.criteria:
            return {}  # no rule watches anybody: there is nothing to be counted
        domains = {Domain.EXPORTER: player.exporter_id, Domain.PLATFORM: None}
        if job.trigger == Trigger.SCHEDULE and not self.sights.is_watched(player.exporter_id):
            del domains[Domain.EXPORTER]  # rules watch others alone: nor is it counted there
        own = job.criterion_id
        if job.mode != Mode.SHADOW or own is None or own in self.criteria:
            return {name: brake.shut(self.brakes.get(d), self.now) for name, d in domains.items()}
        # What a shadow job asks counts for itself alone: it may be nonsense, and stops nobody else.
        if own not in self.own_counts:
            together = self.criteria | {own}
            self.own_counts[own] = braking.counts(self.platform_id, together, self.now)
        return {name: self._shadow_brake(own, d) for name, d in domains.items()}

    def _shadow_brake(self, criterion: int, domain: int | None) -> brake.Verdict | None:
        count = self.own_counts[criterion].get(domain)
        return brake.foreseen(self.brakes.get(domain), count, self.now)


def _powers(lines: Sequence[DeviceLine]) -> dict[int, LinePower]:
    """Return what is known of lines; of jobs, schedules alone leave one off on purpose."""
    found = line_power.of(lines)
    given = {each.off_command for each in found.values() if each.off_command is not None}
    if not given:
        return found
    rows = JobExecution.objects.filter(command__in=given).exclude(episode__trigger=Trigger.SCHEDULE)
    of_rules = set(rows.values_list("command", flat=True))
    return {
        pk: LinePower(power.back_at) if power.off_command in of_rules else power
        for pk, power in found.items()
    }
