"""What a job would be about now, before it is stored: its players, their values, who is bad.

A bounded look for a page: one query a condition and one about the players shown, a fixed number of
statements. It decides nothing: a job acts on what evaluation has seen over time.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from devices.models import Binding
from exporters.models import Player

from . import catalogue, condition_words
from .catalogue import Metric
from .conditions import Condition
from .definition import Definition
from .models import Joined
from .questions import Moment, Source, Values, values_of, who_meets
from .verdicts import Verdict, Why, all_of, any_of

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
    """What a definition covers now; ``bad`` is None while nobody can say it, for a reason."""

    players: int
    with_socket: int
    bad: int | None
    bad_without_socket: int
    rows: tuple[Row, ...]
    why: Why | None = None


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
    bad: Collection[Member] = () if isinstance(met, Why) else met
    bad_rows = _rows_of(players, bad)
    shown = list(bad_rows[:SHOWN])
    if len(shown) < SHOWN:
        known = {player.pk for player in shown}
        others = players.exclude(pk__in=known).order_by("name", "pk")
        shown += _with_names(others)[: SHOWN - len(shown)]
    told = [_told(moment, condition, metric, shown) for condition, metric in asked]
    lines = _lines(shown)
    why = next((each for each in (met, *told) if isinstance(each, Why)), None)
    return Preview(
        players=total,
        with_socket=with_socket,
        bad=None if why is not None or not asked else len(bad_rows),
        bad_without_socket=len(bad_rows) - _hung(bad_rows),
        rows=tuple(_row(player, definition, asked, told, lines) for player in shown),
        why=why,
    )


def _askable(definition: Definition) -> list[tuple[Condition, Metric]]:
    known = catalogue.metrics()
    return [(each, known[each.metric]) for each in definition.conditions if each.metric in known]


def _members_met(
    moment: Moment, definition: Definition, asked: Sequence[tuple[Condition, Metric]]
) -> set[Member] | Why:
    """Return for whom the conditions hold together, on the whole platform."""
    met: list[set[Member]] = []
    for condition, metric in asked:
        found = who_meets(moment, condition, metric, [definition.platform.pk])
        if isinstance(found, Why):
            return found
        met.append({(source, name) for source, names in found.true.items() for name in names})
    if not met:
        return set()
    together = set.intersection if definition.joined == Joined.ALL else set.union
    return together(*met)


def _rows_of(players: "QuerySet[Player, Any]", members: Collection[Member]) -> list[Player]:
    """Return those players of the selection who are among the members, by name."""
    if not members:
        return []
    names = {identity for _source, identity in members}
    found = _with_names(players.filter(identity__in=names).order_by("name", "pk"))
    return [each for each in found if (_source(each), each.identity) in members]


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
    definition: Definition,
    asked: Sequence[tuple[Condition, Metric]],
    told: Sequence[Mapping[Source, Values] | Why],
    lines: Mapping[int, str],
) -> Row:
    verdicts: list[Verdict] = []
    words: list[str] = []
    for (condition, metric), answer in zip(asked, told, strict=True):
        mine = {} if isinstance(answer, Why) else answer.get(_source(player), {})
        values = mine.get(player.identity, ())
        verdicts.append(condition.judge(values, metric))
        told_in = {condition_words.value(condition, value, metric) for value in values}
        words.append(" / ".join(sorted(told_in)))
    together = all_of if definition.joined == Joined.ALL else any_of
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


def _hung(players: Collection[Player]) -> int:
    pks = [player.pk for player in players]
    return Binding.objects.filter(Q(player__in=pks), ended_at=None).count()
