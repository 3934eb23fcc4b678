"""The brakes of a platform: its players are counted, domain by domain, and the rows follow.

Counting takes a fixed number of queries; a row is written only while a brake is engaged, or when
it engages or lets go. No action begins here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce

from devices.models import Binding, CommandLine
from exporters.models import Player
from platforms.notifications import announce

from . import brake
from .course import UNSENT
from .models import Brake, Clock, Job, JobExecution, Mode, Rung, Standing, Track
from .notice_kinds import BRAKE, RELEASED
from .selection import selections_of
from .tracks import SLOT

WELL_WITHIN = timedelta(days=7)  # who was not seen well for longer counts nowhere

#: By exporter, that of the whole platform under None; a domain that is missing is not known.
Brakes = Mapping[int | None, brake.Brake]
Counts = Mapping[int | None, brake.Count]


class _Sources(NamedTuple):
    """Clocks that are evaluated now: of sources that are known, and of those that are not."""

    known: list[Clock]
    silent: list[Clock]


def acting_jobs() -> "QuerySet[Job]":
    """Return the jobs that may act on somebody: what they ask is what brakes count by.

    What a job in the shadow asks, or one that only tells people, may hold for half a fleet.
    """
    rungs = Rung.objects.filter(job=OuterRef("pk"))
    jobs = Job.objects.working().filter(Exists(rungs), criterion__isnull=False)
    acting: QuerySet[Job] = jobs.exclude(mode=Mode.SHADOW)
    return acting


def criteria_of(platform_id: int) -> frozenset[int]:
    """Return the criteria that the brakes of a platform count by."""
    jobs = acting_jobs().filter(platform=platform_id)
    return frozenset(jobs.values_list("criterion", flat=True))


def lock(platform_id: int) -> None:
    """Let nobody else begin an action on this platform until the transaction ends."""
    Brake.objects.bulk_create([Brake(platform_id=platform_id)], ignore_conflicts=True)
    rows = Brake.objects.select_for_update().filter(platform=platform_id, exporter=None)
    rows.values_list("pk").get()


def standing(platform_id: int, now: datetime) -> Brakes:
    """Return the brakes as a count of this moment leaves them; write nothing."""
    rows = {row.exporter_id: row for row in Brake.objects.filter(platform=platform_id)}
    criteria = criteria_of(platform_id)
    if not criteria:
        return {domain: brake.unused(_pure(row), now) for domain, row in rows.items()}
    counted = counts(platform_id, criteria, now)
    uncounted = {domain for domain, row in rows.items() if row.engaged and domain not in counted}
    left = _left(platform_id, uncounted) if uncounted else set()
    return {
        domain: brake.unused(_pure(rows.get(domain)), now)
        if domain in left
        else brake.advance(_pure(rows.get(domain)), counted.get(domain), now)
        for domain in rows.keys() | counted.keys()
    }


def engaged(platform_id: int, now: datetime) -> Brakes:
    """Return the brakes that are engaged as they were written last; one query, nothing counted."""
    rows = Brake.objects.filter(platform=platform_id, engaged=True)
    return {row.exporter_id: brake.unused(_pure(row), now) for row in rows}


def apply(platform_id: int, now: datetime) -> Brakes:
    """Count, write what changes, tell people; the caller holds the lock of the platform."""
    after = standing(platform_id, now)
    rows = {row.exporter_id: row for row in Brake.objects.filter(platform=platform_id)}
    for domain, decided in after.items():
        row = rows.get(domain) or Brake(platform_id=platform_id, exporter_id=domain)
        if decided == _pure(row) or not (row.engaged or decided.engaged):
            continue
        turned = decided.engaged != row.engaged
        _write(row, decided)
        if turned:
            _tell(row, now)
    return after


def _left(platform_id: int, domains: Collection[int | None]) -> set[int | None]:
    """Return those of the domains of which no rule that acts watches a player any more."""
    left = set(domains)
    jobs = list(acting_jobs().filter(platform=platform_id))
    for chosen in selections_of(jobs).values():
        if not left:  # mostly after the first: only a domain that was left asks for all of them
            break
        rows = chosen.rows().order_by()
        mine = rows.filter(exporter__in=[each for each in left if each is not None])
        left -= set(mine.values_list("exporter", flat=True).distinct())
        if None in left and rows.exists():
            left.remove(None)
    return left


def counts(platform_id: int, criteria: Collection[int], now: datetime) -> Counts:
    """Count the players of every domain of which something is known now."""
    sources = _sources(platform_id, criteria, now)
    evaluated = {clock.exporter_id for each in sources for clock in each}
    if not evaluated:
        return {}
    resting = _with_track(sources.known, Track.AT_REST)
    unwell = _with_track(sources.known, ~Track.AT_REST & _well_of_late())
    unwell |= _with_track(sources.silent, _well_of_late())
    treated = Q(pk__in=in_remediation(platform_id, now))
    players = Player.objects.enrolled().filter(resting | unwell, platform=platform_id)
    found = players.values("exporter_id").annotate(
        every=Count("pk"), bad=Count("pk", filter=unwell | treated)
    )
    by_exporter: dict[int | None, brake.Count] = dict.fromkeys(evaluated, brake.Count(0, 0))
    for row in found.order_by():
        by_exporter[row["exporter_id"]] = brake.Count(row["every"], row["bad"])
    every, bad = (sum(each) for each in zip(*_pairs(by_exporter.values()), strict=True))
    return {**by_exporter, None: brake.Count(every, bad)}


def in_remediation(platform_id: int, now: datetime) -> set[int]:
    """Return the players whose power is being switched, or was a short time ago."""
    cooling = Q(closed=False) | Q(cooldown_until__gt=now)
    lines = CommandLine.objects.filter(cooling, platform=platform_id, holds=True)
    bound = Binding.objects.filter(line__in=lines.values("line"), ended_at=None)
    found = set(bound.values_list("player", flat=True))
    commanded = JobExecution.objects.filter(platform=platform_id, commanded_at__isnull=False)
    under_way = commanded.filter(standing=Standing.COMMANDED)
    found.update(under_way.values_list("player", flat=True))
    longest = Job.objects.filter(platform=platform_id).order_by("-cooldown")
    cooldown = timedelta(seconds=longest.values_list("cooldown", flat=True).first() or 0)
    ended = commanded.exclude(outcome__in=UNSENT).filter(finished_at__gt=now - cooldown)
    for player, at, seconds in ended.values_list("player", "finished_at", "job__cooldown"):
        if at + timedelta(seconds=seconds) > now:
            found.add(player)
    return found


def _sources(platform_id: int, criteria: Collection[int], now: datetime) -> _Sources:
    """Keep the clocks of enabled exporters that an evaluation moved a moment ago."""
    clocks = Clock.objects.filter(
        platform=platform_id,
        criterion__in=criteria,
        exporter__enabled=True,
        at__range=(now - brake.LONGEST_GAP, now + brake.LONGEST_GAP),
    )
    found = _Sources([], [])
    for clock in clocks:
        if clock.known:
            found.known.append(clock)
        else:
            found.silent.append(clock)
    return found


def _well_of_late() -> Q:
    """Match tracks of players that were well within the time that counts.

    By the clock of the source, and by the wall for one that is not known: its clock stands still.
    """
    seconds = WELL_WITHIN.total_seconds()
    well_at = Case(
        When(bad=True, then=Coalesce("bad_from", "run_from")),
        When(frozen_from__isnull=False, then=F("frozen_from")),
        default=F("observed"),
    )
    return Q(observed__lte=well_at + seconds) & (
        Q(source_known=True) | Q(source_slot__lte=F("source_since") + int(seconds / SLOT))
    )


def _with_track(clocks: Iterable[Clock], condition: Q) -> Q:
    """Match players that have such a track under one of these clocks, and were seen well before."""
    criteria: dict[int, set[int]] = defaultdict(set)
    for clock in clocks:
        criteria[clock.exporter_id].add(clock.criterion_id)
    alike: dict[frozenset[int], set[int]] = defaultdict(set)
    for exporter, numbers in criteria.items():
        alike[frozenset(numbers)].add(exporter)
    matching = Q(pk__in=[])
    for together, exporters in alike.items():
        tracks = _timed(Track.objects.filter(player=OuterRef("pk"), criterion__in=together))
        proof = Exists(tracks.filter(condition, seen_good=True))
        matching |= Q(exporter__in=exporters) & Q(proof)
    return matching


def _timed(tracks: Any) -> Any:
    """Put beside each track what the clock of its source says."""
    clock = Clock.objects.filter(
        criterion=OuterRef("criterion"), exporter=OuterRef("player__exporter")
    )
    names = {"observed": "observed", "source_known": "known", "source_slot": "slot"}
    names |= {"source_since": "known_since"}
    return tracks.annotate(
        **{name: Subquery(clock.values(column)[:1]) for name, column in names.items()}
    )


def _pairs(counted: Iterable[brake.Count]) -> Iterable[tuple[int, int]]:
    return [(each.enrolled, each.bad) for each in counted]


def _pure(row: Brake | None) -> brake.Brake:
    if row is None:
        return brake.Brake()
    return brake.Brake(
        engaged=row.engaged,
        since=row.engaged_at if row.engaged else row.released_at,
        below_since=row.below_since,
        counted_at=row.counted_at,
        enrolled=row.enrolled,
        bad=row.bad,
    )


def _write(row: Brake, decided: brake.Brake) -> None:
    row.engaged, row.below_since = decided.engaged, decided.below_since
    row.counted_at, row.enrolled, row.bad = decided.counted_at, decided.enrolled, decided.bad
    if decided.engaged:
        row.engaged_at = decided.since
    else:
        row.released_at = decided.since
    row.save()


def _tell(row: Brake, now: datetime) -> None:
    """Tell people once that a brake engaged, and that it let go."""
    count = brake.Count(row.enrolled, row.bad)
    announce(
        BRAKE.name if row.engaged else RELEASED.name,
        platform=row.platform_id,
        about=row.exporter,
        facts={"bad": count.bad, "enrolled": count.enrolled, "limit": count.limit},
        key=f"{row.platform_id}:{row.exporter_id or 0}",
        now=now,
    )
