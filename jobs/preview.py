"""What a job would be about now, before it is stored: its players, their values, who is bad.

A bounded look for a page: one query a condition, one about the players shown and two about the
sources of bad ones, a fixed number of statements. It decides nothing: a job acts on what evaluation
has seen over time.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from devices.models import Binding
from exporters.models import Player

from . import catalogue, condition_words, costs, forecast, raw_promql
from .catalogue import Metric
from .conditions import Condition
from .costs import Costs
from .definition import Definition
from .forecast import Forecast
from .models import Joined, MonitoringMetric
from .moments import Moment
from .questions import Asked, Source, Values, values_of, who_meets
from .verdicts import Verdict, Why, all_of, any_of
from .watching import OFFLINE, metric_of_status

SHOWN: Final = 50  # players on the page
SECONDS: Final = 6.0  # that a page waits for all answers
Member = tuple[Source, str]


@dataclass(frozen=True)
class Row:
    """One player: what is said of it for each condition, what that means, where it hangs.

    ``values`` has a text for each condition, empty where nothing is known; ``line`` is None where
    it hangs on no line of a socket.
    """

    player: Player
    verdict: Verdict
    values: tuple[str, ...]
    line: str | None


@dataclass(frozen=True)
class Preview:
    """What a definition covers now; ``bad`` is None while nobody can say it, for a reason.

    ``forecast`` says for whom of those it would fire; None as well. ``costs``: of an attempt, in
    SMS, where it would send any.
    """

    players: int
    with_socket: int
    bad: int | None
    bad_without_socket: int
    rows: tuple[Row, ...]
    why: Why | None = None
    forecast: Forecast | None = None
    costs: Costs | None = None


def look(definition: Definition, at: float) -> Preview:
    """Look at what a definition covers at a Unix time: the bad players first, some of the others.

    Whatever is not known yet, such as conditions that are not filled in, is left out.
    """
    players = definition.selection.rows()
    hung = players.filter(bindings__ended_at=None, bindings__isnull=False)
    total, with_socket = players.count(), hung.count()
    asked = _askable(definition)
    moment = Moment(at, SECONDS)
    met = _members_met(moment, definition, asked)
    holds: Sequence[set[Member]] = () if isinstance(met, Why) else met
    bad_rows = _rows_of(players, _together(holds, definition.joined))
    if definition.raw and bad_rows:
        bad_rows = _with_status(moment, asked[0], bad_rows)
    shown = list(bad_rows[:SHOWN])
    if len(shown) < SHOWN:
        known = {player.pk for player in shown}
        others = players.exclude(pk__in=known).order_by("name", "pk")
        shown += _with_names(others)[: SHOWN - len(shown)]
    told = [_told(moment, each.condition, each.metric, shown) for each in asked]
    lines = _lines(shown)
    why = next((each for each in (met, *told) if isinstance(each, Why)), None)
    is_known, hung_bad = why is None and bool(asked), _hung(bad_rows)
    return Preview(
        players=total,
        with_socket=with_socket,
        bad=len(bad_rows) if is_known else None,
        bad_without_socket=len(bad_rows) - len(hung_bad),
        rows=tuple(_row(player, definition.joined, asked, holds, told, lines) for player in shown),
        why=why,
        forecast=forecast.of(definition, moment, bad_rows, hung_bad) if is_known else None,
        costs=costs.of(definition, datetime.fromtimestamp(at, UTC)),
    )


def _askable(definition: Definition) -> list[Asked]:
    """Return what can be asked of it: raw PromQL, or its conditions, those of found metrics too."""
    if definition.raw:
        try:
            raw = raw_promql.asks(definition.raw, definition.platform.pk)
        except raw_promql.RawRefused:
            return []
        return [Asked(OFFLINE, metric_of_status(), raw, definition.platform.pk)]
    known = dict(catalogue.metrics())
    if others := {each.metric for each in definition.conditions} - known.keys():
        rows = MonitoringMetric.objects.filter(name__in=others)  # unscoped: names alone
        known |= {row.name: catalogue.found(row.name, row.kind, row.identity) for row in rows}
    return [
        Asked(each, known[each.metric]) for each in definition.conditions if each.metric in known
    ]


def _members_met(
    moment: Moment, definition: Definition, asked: Sequence[Asked]
) -> list[set[Member]] | Why:
    """Return for each question for whom it holds, on the whole platform."""
    met: list[set[Member]] = []
    for each in asked:
        found = who_meets(moment, each.condition, each.metric, [definition.platform.pk], each.raw)
        if isinstance(found, Why):
            return found
        met.append({(source, name) for source, names in found.true.items() for name in names})
    return met


def _together(met: Sequence[set[Member]], joined: str) -> set[Member]:
    if not met:
        return set()
    together = set[Member].intersection if joined == Joined.ALL else set[Member].union
    return together(*met)


def _rows_of(players: "QuerySet[Player, Any]", members: Collection[Member]) -> list[Player]:
    """Return those players of the selection who are among the members, by name."""
    if not members:
        return []
    names = {identity for _source, identity in members}
    found = _with_names(players.filter(identity__in=names).order_by("name", "pk"))
    return [each for each in found if (_source(each), each.identity) in members]


def _with_status(moment: Moment, asked: Asked, rows: list[Player]) -> list[Player]:
    """Leave out of whom no status is known: raw PromQL may speak of whom no vendor speaks."""
    known = _told(moment, asked.condition, asked.metric, rows)
    if isinstance(known, Why):
        return []  # the question about the players shown fails as well, and says why
    return [each for each in rows if known.get(_source(each), {}).get(each.identity)]


def _with_names(players: "QuerySet[Player, Any]") -> "QuerySet[Player, Any]":
    return players.select_related("exporter", "site")


def _source(player: Player) -> Source:
    return Source(player.platform_id, player.exporter_id)


def _told(
    moment: Moment, condition: Condition, metric: Metric, shown: Collection[Player]
) -> Mapping[Source, Values] | Why:
    wanted: dict[Source, set[str]] = {}
    for player in shown:
        wanted.setdefault(_source(player), set()).add(player.identity)
    return values_of(moment, condition, metric, wanted) if wanted else {}


def _row(
    player: Player,
    joined: str,
    asked: Sequence[Asked],
    met: Sequence[set[Member]],
    told: Sequence[Mapping[Source, Values] | Why],
    lines: Mapping[int, str],
) -> Row:
    member = (_source(player), player.identity)
    verdicts: list[Verdict] = []
    words: list[str] = []
    for number, (each, answer) in enumerate(zip(asked, told, strict=True)):
        mine = {} if isinstance(answer, Why) else answer.get(member[0], {})
        values = mine.get(player.identity, ())
        holds = bool(met) and member in met[number]
        known = bool(met) or each.raw is None
        verdicts.append(each.judge(values, met=holds) if known else Verdict.UNKNOWN)
        told_in = {condition_words.value(each.condition, value, each.metric) for value in values}
        words.append(" / ".join(sorted(told_in)))
    together = all_of if joined == Joined.ALL else any_of
    verdict = together(verdicts) if verdicts else Verdict.UNKNOWN
    return Row(player, verdict, tuple(words), lines.get(player.pk))


def _lines(players: Collection[Player]) -> Mapping[int, str]:
    """Return by which line of which socket players are fed: one query."""
    rows = Binding.objects.filter(player__in=players, ended_at=None)  # unscoped: of players shown
    return {
        row.player_id: _("%(socket)s, line %(line)s")
        % {"socket": row.line.device.name, "line": row.line.number}
        for row in rows.select_related("line__device")
    }


def _hung(players: Collection[Player]) -> set[int]:
    pks = [player.pk for player in players]
    return set(
        Binding.objects.filter(player__in=pks, ended_at=None).values_list("player", flat=True)
    )
