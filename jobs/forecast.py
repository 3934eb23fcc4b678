"""For whom a job would fire if all stayed as it is: what evaluation knows of who is bad now.

A fixed number of statements and two questions for a page. It uses what evaluation remembers, its
gates of sources and the brake's own words; it decides nothing.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from django.db.models import Count, Q
from django.db.models.functions import Coalesce

from exporters.models import Exporter, Player

from . import brake, braking, criteria, questions, source_gates
from .brake import Domain
from .definition import Definition
from .models import Clock, Criterion, Track, Trigger
from .moments import Moment
from .verdicts import Why
from .watching import source_of


class Doubt(NamedTuple):
    """Why so many players are not believed to be bad: their sources cannot be."""

    why: Why
    players: int


class Held(NamedTuple):
    """Of how many players a brake would let nothing begin, and what shuts it."""

    players: int
    domain: Domain
    brake: brake.Verdict


@dataclass(frozen=True)
class Forecast:
    """What would become of the players that are bad now, each counted once but for `held`.

    It `fires` for so many, of which some hang on no socket; `acted` are those that it could do
    something about, of whom a brake may hold back some. `new`: never seen well under these
    conditions; `bad_for_long`: not for a week. Both are left to people. `is_first`: nobody was ever
    looked at under these conditions, so that all are new.
    """

    fires: int = 0
    fires_without_socket: int = 0
    acted: int = 0
    new: int = 0
    bad_for_long: int = 0
    is_first: bool = False
    doubts: tuple[Doubt, ...] = ()
    held: Held | None = None


def of(
    definition: Definition, moment: Moment, bad: Sequence[Player], hung: Collection[int]
) -> Forecast:
    """Say what would become of who is `bad` now; `hung` are those of them on a socket, by id."""
    if not bad or definition.trigger is Trigger.SCHEDULE:
        return Forecast()
    now = datetime.fromtimestamp(moment.at, UTC)
    shut = _shut(moment, {each.exporter_id: each.exporter for each in bad}.values(), now)
    sure = [each for each in bad if each.exporter_id not in shut]
    criterion = criteria.known(definition)
    clocks = _clocks(criterion)
    seen = _seen_well(criterion, clocks, sure)
    fires = [each for each in sure if seen.get(each.pk) is False]
    acted = [each for each in fires if each.pk in hung] if definition.rungs else []
    doubted = Counter(shut[each.exporter_id] for each in bad if each.exporter_id in shut)
    return Forecast(
        fires=len(fires),
        fires_without_socket=sum(each.pk not in hung for each in fires),
        acted=len(acted),
        new=sum(each.pk not in seen for each in sure),
        bad_for_long=sum(seen.values()),
        is_first=not clocks,
        doubts=tuple(Doubt(why, number) for why, number in doubted.most_common()),
        held=_held(criterion, clocks, fires, acted, now) if criterion and acted else None,
    )


def _shut(moment: Moment, exporters: Collection[Exporter], now: datetime) -> Mapping[int, Why]:
    """Return by exporter why nothing is believed of it now."""
    kinds = {each.kind for each in exporters}
    told = questions.told_of(moment, kinds, [source_of(each) for each in exporters])
    if isinstance(told, Why):
        return dict.fromkeys((each.pk for each in exporters), told)
    of_late = Q(last_seen__gte=now - source_gates.OF_LATE)
    # unscoped: of exporters whose players were reached by the definition of one platform
    rows = Player.objects.enrolled().filter(of_late, exporter__in=exporters).order_by()
    counted = dict(rows.values_list("exporter").annotate(Count("pk")))
    return source_gates.gates(moment, exporters, told, counted).shut


def _clocks(criterion: Criterion | None) -> Mapping[int, Clock]:
    if criterion is None:
        return {}
    rows = Clock.objects.filter(criterion=criterion, at__isnull=False)
    return {row.exporter_id: row for row in rows}


def _seen_well(
    criterion: Criterion | None, clocks: Mapping[int, Clock], players: Iterable[Player]
) -> Mapping[int, bool]:
    """Return who was ever seen well under a criterion, and whether not within the time that counts.

    By the clock of the source, as gates look at it.
    """
    if criterion is None:
        return {}
    rows = Track.objects.filter(
        criterion=criterion, seen_good=True, player__in=[each.pk for each in players]
    )
    longest = braking.WELL_WITHIN.total_seconds()
    return {
        player: bad and exporter in clocks and clocks[exporter].observed - began > longest
        for player, exporter, bad, began in rows.values_list(
            "player", "player__exporter", "bad", Coalesce("bad_from", "run_from")
        )
    }


def _held(
    criterion: Criterion,
    clocks: Mapping[int, Clock],
    fires: Sequence[Player],
    acted: Sequence[Player],
    now: datetime,
) -> Held | None:
    """Return what would hold back those that could be acted on: the platform's brake, or others."""
    platform = criterion.platform_id
    counts = _counts(criterion, clocks, Counter(each.exporter_id for each in fires), now)
    engaged = braking.engaged(platform, now)
    whole = brake.foreseen(engaged.get(None), counts[None], now)
    if whole is not None:
        return Held(len(acted), Domain.PLATFORM, whole)
    numbers = Counter(each.exporter_id for each in acted)
    found = {
        exporter: verdict
        for exporter in numbers
        if (verdict := brake.foreseen(engaged.get(exporter), counts[exporter], now)) is not None
    }
    if not found:
        return None
    first = max(found, key=lambda exporter: numbers[exporter])
    return Held(sum(numbers[each] for each in found), Domain.EXPORTER, found[first])


def _counts(
    criterion: Criterion, clocks: Mapping[int, Clock], fires: Mapping[int, int], now: datetime
) -> braking.Counts:
    """Return what the brakes would count with this criterion among theirs.

    Those that fire are counted from the next slot on, and of a job that is disabled once it is not.
    """
    platform = criterion.platform_id
    asked = braking.criteria_of(platform) | {criterion.pk}
    found = braking.counts(platform, asked, now).items()
    counted: dict[int | None, brake.Count] = {pk: count for pk, count in found if pk is not None}
    rows = Track.objects.filter(criterion=criterion, seen_good=True, player__retired_at=None)
    rows = rows.filter(player__exporter__in=fires).order_by()
    seen = dict(rows.values_list("player__exporter").annotate(Count("pk")))
    for exporter, bad in fires.items():
        was = counted.get(exporter, brake.Count(0, 0))
        at = clocks[exporter].at if exporter in clocks else None
        is_judged = at is not None and abs(now - at) <= brake.LONGEST_GAP
        every = was.enrolled if is_judged else max(was.enrolled, seen.get(exporter, 0))
        counted[exporter] = brake.Count(max(every, bad), max(was.bad, bad))
    every, bad = (
        sum(getattr(each, name) for each in counted.values()) for name in ("enrolled", "bad")
    )
    counted[None] = brake.Count(every, bad)
    return counted
