"""Clocks and tracks as rows: read as values, written by the thousand, the same on both databases.

Decides nothing. Clocks are moved from where they were read alone: who comes too late with one may
write none of its tracks.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import connection

from . import tracks
from .models import Clock, Track
from .verdicts import Why

NOT_LOOKED = 0
#: Columns of a track, as `tracks.Track` names and orders them.
_KEPT = (
    "bad", "run_from", "since_slot", "era", "seen_good", "frozen", "frozen_from", "flips", "value",
    "why", "bad_from", "well_slot",
)  # fmt: skip
_WHYS: Mapping[str, Why] = {each.value: each for each in Why}


@dataclass(slots=True)
class KeptClock:
    """A clock and its row; `clock` is None before the first evaluation.

    `counts`, `fresh` and `looked`: what the last look at every player of the source found.
    """

    pk: int
    platform_id: int
    criterion_id: int
    exporter_id: int
    clock: tracks.Clock | None
    counts: list[int] = field(default_factory=list)
    fresh: int = 0
    looked: int = NOT_LOOKED


class KeptTrack(NamedTuple):
    """A track and whose it is."""

    criterion_id: int
    player_id: int
    exporter_id: int
    site_id: int | None
    identity: str
    track: tracks.Track | None


def clocks(pairs: Mapping[tuple[int, int], int]) -> dict[tuple[int, int], KeptClock]:
    """Return the clocks of (criterion, exporter), given with their platforms; make new ones."""
    criteria = {criterion for criterion, _exporter in pairs}
    found = _clocks(criteria)
    missing = [pair for pair in pairs if pair not in found]
    if missing:
        Clock.objects.bulk_create(
            (
                Clock(platform_id=pairs[pair], criterion_id=pair[0], exporter_id=pair[1])
                for pair in missing
            ),
            ignore_conflicts=True,  # another worker made them
        )
        found = _clocks(criteria)
    return {pair: found[pair] for pair in pairs}


def restless(criteria: Collection[int]) -> list[KeptTrack]:
    """Return the tracks that are not at rest, of players that are watched: one query."""
    rows = Track.objects.filter(criterion_id__in=criteria).exclude(Track.AT_REST)
    return _tracks(rows.filter(player__retired_at=None))


def of_players(criteria: Collection[int], players: Collection[int]) -> list[KeptTrack]:
    """Return the tracks of these players under these criteria, at rest or not."""
    found: list[KeptTrack] = []
    for part in _parts(players):
        found += _tracks(Track.objects.filter(criterion_id__in=criteria, player_id__in=part))
    return found


def at_rest(criterion_id: int, exporter_id: int) -> set[int]:
    """Return the players of a source that are at rest under a criterion."""
    rows = Track.objects.filter(
        Track.AT_REST, criterion_id=criterion_id, player__exporter_id=exporter_id
    )  # unscoped: of one criterion
    return set(rows.values_list("player_id", flat=True))


def move(kept: Mapping[int, int], moved: Collection[KeptClock], at: datetime) -> set[int]:
    """Write clocks that stand where they were read; return the ids of those that were written.

    `kept` is by id the slot that was read. The caller is in a transaction: until it ends nobody
    else moves these clocks or writes tracks under them.
    """
    rows = [each for each in moved if each.clock is not None]
    # In one order always, so that two workers never wait for each other.
    locked = Clock.objects.filter(pk__in=[each.pk for each in rows]).order_by("pk")
    slots = dict(locked.select_for_update().values_list("pk", "slot"))
    won = [each for each in rows if slots.get(each.pk) == kept[each.pk]]
    if won:
        _execute(_MOVE_CLOCKS, [json.dumps([_clock_row(each) for each in won]), _moment(at)])
    return {each.pk for each in won}


def write(platform_ids: Mapping[int, int], changed: Iterable[KeptTrack]) -> int:
    """Write tracks, new ones and others; `platform_ids` is by criterion. Return how many."""
    rows = [
        _track_row(each, platform_ids[each.criterion_id])
        for each in changed
        if each.track is not None
    ]
    if rows:
        _execute(_WRITE_TRACKS, [json.dumps(rows)])
    return len(rows)


def write_figures(figures: Mapping[int, Mapping[str, int]]) -> None:
    """Write players by state, by job."""
    rows = [{"id": pk, "figures": json.dumps(told)} for pk, told in figures.items()]
    if rows:
        _execute(_WRITE_FIGURES, [json.dumps(rows)])


def forget_retired(*, at_rest: bool) -> None:
    """Delete what was seen of players that are watched no more: who comes back is new."""
    gone = Track.objects.filter(player__retired_at__isnull=False)
    (gone if at_rest else gone.exclude(Track.AT_REST)).delete()


def pure(row: Clock) -> tracks.Clock | None:
    """Return a row's clock; None before the first evaluation."""
    if row.at is None:
        return None
    return tracks.Clock(
        slot=row.slot,
        at=row.at.timestamp(),
        observed=row.observed,
        known=row.known,
        known_since=row.known_since,
        era=row.era,
        why=_WHYS.get(row.why),
        known_before=row.known_before,
    )


def track_of(row: Track) -> tracks.Track:
    """Return a row's track."""
    return _track([getattr(row, name) for name in _KEPT])


def _clocks(criteria: Collection[int]) -> dict[tuple[int, int], KeptClock]:
    rows = Clock.objects.filter(criterion_id__in=criteria)  # unscoped: of all working jobs
    return {
        (row.criterion_id, row.exporter_id): KeptClock(
            row.pk, row.platform_id, row.criterion_id, row.exporter_id,
            pure(row), row.counts, row.fresh, row.looked,
        )
        for row in rows.iterator()
    }  # fmt: skip


def _tracks(rows: Any) -> list[KeptTrack]:
    # As tuples: rows of the model cost three times as much, and a tick reads whoever is offline.
    found = rows.values_list(
        "criterion_id", "player_id", "player__exporter_id", "player__site_id", "player__identity",
        *_KEPT,
    )  # fmt: skip
    return [
        KeptTrack(criterion, player, exporter, site, identity, _track(kept))
        for criterion, player, exporter, site, identity, *kept in found.iterator()
    ]


def _track(kept: Sequence[Any]) -> tracks.Track:
    *first, flips, value, why, bad_from, well_slot = kept
    slots = tuple(map(int, flips.split()))
    fields = (*first, slots, value, _WHYS.get(why), bad_from, well_slot)
    return tracks.Track(*fields)


def _clock_row(kept: KeptClock) -> dict[str, Any]:
    clock = kept.clock
    assert clock is not None  # noqa: S101 (whoever moves a clock has moved it)
    return {
        "id": kept.pk,
        "slot": clock.slot,
        "observed": clock.observed,
        "known": clock.known,
        "known_since": clock.known_since,
        "era": clock.era,
        "why": clock.why.value if clock.why else "",
        "known_before": clock.known_before,
        "counts": json.dumps(kept.counts),
        "fresh": kept.fresh,
        "looked": kept.looked,
    }


def _track_row(kept: KeptTrack, platform_id: int) -> dict[str, Any]:
    track = kept.track
    assert track is not None  # noqa: S101 (write() left the others out)
    return {
        "platform_id": platform_id,
        "criterion_id": kept.criterion_id,
        "player_id": kept.player_id,
        "bad": track.bad,
        "run_from": track.run_from,
        "frozen": track.frozen,
        "frozen_from": track.frozen_from,
        "since_slot": track.since_slot,
        "era": track.era,
        "seen_good": track.seen_good,
        "flips": " ".join(map(str, track.flips)),
        "value": track.value,
        "why": track.why.value if track.why else "",
        "bad_from": track.bad_from,
        "well_slot": track.well_slot,
    }


#: Columns and their types; one JSON array as one parameter becomes a table.
_OF_CLOCKS = {
    "id": "bigint", "slot": "bigint", "observed": "double precision", "known": "boolean",
    "known_since": "bigint", "era": "integer", "why": "text", "known_before": "bigint",
    "counts": "text", "fresh": "integer", "looked": "bigint",
}  # fmt: skip
_OF_TRACKS = {
    "platform_id": "bigint", "criterion_id": "bigint", "player_id": "bigint", "bad": "boolean",
    "run_from": "double precision", "frozen": "double precision",
    "frozen_from": "double precision", "since_slot": "bigint", "well_slot": "bigint",
    "era": "integer", "seen_good": "boolean", "flips": "text", "value": "double precision",
    "why": "text", "bad_from": "double precision",
}  # fmt: skip


def _table(columns: Mapping[str, str]) -> dict[str, str]:
    """Write by vendor the table that is made of the parameter."""
    typed = ", ".join(f"{name} {type_}" for name, type_ in columns.items())
    extracted = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in columns)
    return {
        "postgresql": f"WITH t AS MATERIALIZED (SELECT * FROM jsonb_to_recordset(%s::jsonb)"  # noqa: S608
        f" AS r({typed}))",
        # Materialized, and the outer side of each join: SQLite would read it anew for every row.
        "sqlite": f"WITH t AS MATERIALIZED (SELECT {extracted} FROM json_each(%s))",  # noqa: S608
    }


def _assigned(columns: Iterable[str], source: str) -> str:
    return ", ".join(f"{name} = {source}.{name}" for name in columns)


_MOVED = [name for name in _OF_CLOCKS if name not in ("id", "counts")]
_KEY = ("platform_id", "criterion_id", "player_id")
_MOVE_CLOCKS = {
    vendor: f"{table} UPDATE jobs_clock SET at = %s, counts = t.counts{cast},"  # noqa: S608
    f" {_assigned(_MOVED, 't')} FROM t WHERE jobs_clock.id = t.id"
    for vendor, table, cast in (
        ("postgresql", _table(_OF_CLOCKS)["postgresql"], "::jsonb"),
        ("sqlite", _table(_OF_CLOCKS)["sqlite"], ""),
    )
}
_WRITE_TRACKS = {
    vendor: f"{table} INSERT INTO jobs_track ({', '.join(_OF_TRACKS)})"  # noqa: S608
    f" SELECT {', '.join(_OF_TRACKS)} FROM t WHERE true"
    " ON CONFLICT (criterion_id, player_id) DO UPDATE SET"
    f" {_assigned([name for name in _OF_TRACKS if name not in _KEY], 'excluded')}"
    for vendor, table in _table(_OF_TRACKS).items()
}


_WRITE_FIGURES = {
    vendor: f"{_table({'id': 'bigint', 'figures': 'text'})[vendor]} UPDATE jobs_job"  # noqa: S608
    f" SET figures = t.figures{cast} FROM t WHERE jobs_job.id = t.id"
    for vendor, cast in (("postgresql", "::jsonb"), ("sqlite", ""))
}


def _execute(statements: Mapping[str, str], parameters: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statements[connection.vendor], parameters)


def _moment(at: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(at.astimezone(UTC))


def _parts(ids: Collection[int], size: int = 5000) -> Iterable[list[int]]:
    chosen = sorted(ids)
    return (chosen[start : start + size] for start in range(0, len(chosen), size))
