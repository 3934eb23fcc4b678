"""How Prometheus is asked about a condition: who meets it, how many were heard of, who said what.

Pure. `groups` are platforms as `promql.apart` divides them; they may be those of all tenants. A
metric that is not in the catalogue is given along; `ConditionRefused` where none is known.

1. `asks`: the players for whom it may hold, each once, with a value.
2. `present`: of how many players of each exporter there is a sample; `told`: the cheap way to it.
3. `values`: what is said of chosen exporters or players by the scrape of now, raw.

The first two believe a sample that Prometheus only remembers, for 5 minutes after it was stopped:
nobody may act on them alone. The third does not, and costs three times as much a player.
"""

from collections.abc import Callable, Collection, Sequence
from typing import cast

from exporters import metrics, promql
from exporters.kinds import KINDS
from exporters.promql import Expression, Matcher

from .catalogue import Metric, Series
from .conditions import Condition, ConditionRefused, Function, known

PLATFORM, EXPORTER = "platform_id", "exporter_id"
Groups = Sequence[Collection[int]]


def asks(condition: Condition, groups: Groups, metric: Metric | None = None) -> Expression:
    """Ask for whom it may hold: samples of platform_id, exporter_id and the player's label.

    A player is among them once, if one process says so of it or said so in the window: who ended
    since then is found out by `values`, which also tells whether all say so. The value is the
    least of those for which it holds.
    """
    metric = metric or known(condition.metric)

    def held(series: Series, group: Collection[int]) -> Expression:
        value = _now(series, group)
        if condition.function is not Function.LAST:
            value = _over_time(condition, promql.selector(series.name, group))
        elif metric.age:
            value = promql.age(value)
        # Compared first: it costs no more to group the few for whom it holds.
        found = promql.compared(value, condition.operator.value, condition.threshold)
        return promql.extreme("min", found, *_labels(series))

    return _union(metric, groups, held)


def present(condition: Condition, groups: Groups, metric: Metric | None = None) -> Expression:
    """Count the players of which there is a sample, by platform_id and exporter_id.

    Every function counts by the sample of now: a window goes on speaking of a player that
    vanished. So conditions of one metric share this answer.
    """
    metric = metric or known(condition.metric)

    def counted(series: Series, group: Collection[int]) -> Expression:
        each = promql.extreme("min", _now(series, group), *_labels(series))
        return promql.number_of(each, PLATFORM, EXPORTER)

    return _union(metric, groups, counted)


def told(groups: Groups) -> Expression:
    """Ask how many players sources say they know the status of, by platform_id and exporter_id.

    The same number as `present` has of the status, for a hundredth of its price: a page brings both
    with one scrape. It does not see what got lost in Prometheus itself. Processes are added up.
    """
    known = {"state": ("online", "offline")}
    name = metrics.SOURCE_DEVICES.name
    return promql.union(
        *(
            promql.total(promql.selector(name, group, **known), PLATFORM, EXPORTER)
            for group in groups
        )
    )


def values(
    condition: Condition,
    groups: Groups,
    metric: Metric | None = None,
    *,
    exporters: Collection[int] = (),
    identities: Collection[str] = (),
) -> Expression:
    """Ask what each process says now of players: of all, of some exporters, of some players.

    A player may have several samples, one of each process: hand all of them to `judge`. Whom
    nothing is told of is UNKNOWN. Samples of an older scrape than the last are left out.
    """
    metric = metric or known(condition.metric)

    def said(series: Series, group: Collection[int]) -> Expression:
        wanted: dict[str, Matcher] = {}
        if exporters:
            wanted[EXPORTER] = {str(number) for number in exporters}
        if identities:
            wanted[series.label] = set(identities)
        selected = promql.selector(series.name, group, **wanted)
        if series.kind:
            fresh = promql.of_last_scrape(selected, KINDS)
        else:
            fresh = promql.finite(promql.recent(selected))
        if condition.function is Function.LAST:
            return promql.age(fresh) if metric.age else fresh
        return promql.where_also(_over_time(condition, selected), fresh)

    return _union(metric, groups, said)


def _union(
    metric: Metric, groups: Groups, make: Callable[[Series, Collection[int]], Expression]
) -> Expression:
    """Join the answers of every kind and group: no two of them tell of the same player."""
    if not metric.series:
        raise ConditionRefused(metric.name)
    return promql.union(*(make(each, group) for group in groups for each in metric.series))


def _now(series: Series, group: Collection[int]) -> Expression:
    """Select what is said now; our exporters serve no NaN and no Inf, others may."""
    selected = promql.selector(series.name, group)
    return selected if series.kind else promql.finite(selected)


def _over_time(condition: Condition, selected: Expression) -> Expression:
    function = cast("promql.OverTime", condition.function.value)  # `last` is asked otherwise
    return promql.over_time(function, selected, condition.window)


def _labels(series: Series) -> tuple[str, str, str]:
    return PLATFORM, EXPORTER, series.label
