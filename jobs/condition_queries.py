"""How Prometheus is asked about a condition: who meets it, how many were heard of, who said what.

Pure. `groups` are platforms as `promql.apart` divides them; they may be those of all tenants. A
metric that is not in the catalogue is given along; `ConditionRefused` where none is known.

1. `asks`: the players for whom it holds, each once, with the value.
2. `present`: of how many players of each exporter there is a sample.
3. `values`: what is said of chosen exporters or players by the scrape of now, raw.

The first two believe a sample that Prometheus only remembers, for 5 minutes after it was stopped:
nobody may act on them alone. The third does not, and costs three times as much a player.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Literal, cast

from exporters import promql
from exporters.kinds import KINDS
from exporters.promql import Expression, Matcher

from .catalogue import Metric, Series
from .conditions import Condition, ConditionRefused, Function, Operator, known

PLATFORM, EXPORTER = "platform_id", "exporter_id"
Groups = Sequence[Collection[int]]


def asks(condition: Condition, groups: Groups, metric: Metric | None = None) -> Expression:
    """Ask for whom it holds: samples of platform_id, exporter_id and the player's label.

    Where several processes poll a player it holds by the word of each; the value is one of
    theirs.
    """
    metric = metric or known(condition.metric)
    return _union(metric, groups, lambda each, group: _held(condition, metric, each, group))


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


def _held(
    condition: Condition, metric: Metric, series: Series, group: Collection[int]
) -> Expression:
    """Choose players by the least or greatest of what is said of them: one pass where it can be."""
    value = _now(series, group)
    if condition.function is not Function.LAST:
        # A window goes on speaking of what ended in it, such as a process that was replaced.
        value = promql.where_also(_over_time(condition, promql.selector(series.name, group)), value)
    elif metric.age:
        value = promql.age(value)
    return _compared(condition, metric, value, _labels(series))


def _compared(
    condition: Condition, metric: Metric, value: Expression, labels: Sequence[str]
) -> Expression:
    threshold, operator = condition.threshold, condition.operator

    def extreme(which: Literal["min", "max"]) -> Expression:
        each = promql.extreme(which, value, *labels)
        return promql.compared(each, operator.value, threshold)

    # All are equal to the least value there is where the greatest is; and the like.
    in_range = condition.function is not Function.CHANGES
    at_least = in_range and threshold == metric.minimum
    at_most = in_range and threshold == metric.maximum
    match operator:
        case Operator.GREATER | Operator.AT_LEAST:
            return extreme("min")
        case Operator.LESS | Operator.AT_MOST:
            return extreme("max")
        case Operator.EQUAL:
            if at_least or at_most:
                return extreme("max" if at_least else "min")
            return promql.where_also(extreme("min"), extreme("max"))
        case Operator.UNEQUAL:
            if at_least or at_most:
                return extreme("min" if at_least else "max")
            equal = promql.compared(value, "==", threshold)
            return promql.but_not(extreme("min"), promql.extreme("min", equal, *labels))


def _now(series: Series, group: Collection[int]) -> Expression:
    selected = promql.selector(series.name, group)
    # Our exporters serve no NaN and no Inf; what others serve is not known.
    return selected if series.kind else promql.finite(selected)


def _over_time(condition: Condition, selected: Expression) -> Expression:
    function = cast("promql.OverTime", condition.function.value)  # `last` is asked otherwise
    return promql.over_time(function, selected, condition.window)


def _labels(series: Series) -> tuple[str, str, str]:
    return PLATFORM, EXPORTER, series.label
