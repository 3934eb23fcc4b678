"""PromQL from parts: every selector is limited to platforms, every value is quoted.

Whose word counts is decided here too: a series of a process that speaks for one platform alone
carries that platform's number from service discovery, and counts for no other platform.

Pure. Expressions are built here and nowhere else. What superadmins write becomes one where
`jobs.raw_promql` has read it and found the matcher of this file in each of its selectors.
"""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, NewType

Expression = NewType("Expression", str)

SERIES_OF_REMOSA = Expression('count({__name__=~"remosa_.+"})')
"""How many series Remosa has, over all tenants: for the superadmin's connection test only."""

CLOCK = Expression("time()")  # of Prometheus itself, where a question names no moment

SPEAKS_FOR = "token_platform"
"""The label of a target whose process may speak for this platform alone; others have none.

Prometheus lets labels of a target stand over those that its page serves (honor_labels: false).
"""

SCRAPED_WITHIN = 150  # seconds; no scrape interval is longer than 120, or Prometheus shows gaps

FEW = 8  # expressions that `or` joins one after the other

METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_TENANT_LABEL = "platform_id"
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")  # what Go's regexp.QuoteMeta quotes
_ESCAPES = {
    **{code: f"\\x{code:02x}" for code in (*range(32), 127)},
    # Prometheus refuses a bare U+FFFD; no label holds a lone surrogate, so it becomes one
    **dict.fromkeys((0xFFFD, *range(0xD800, 0xE000)), "\\ufffd"),
    ord("\\"): "\\\\",
    ord('"'): '\\"',
}


class PromqlError(ValueError):
    """Parts of which no safe expression can be made: a fault of the caller, not of a person."""


@dataclass(frozen=True)
class Containing:
    """A matcher: the label contains the text, upper and lower case alike."""

    text: str


Matcher = str | Collection[str] | Containing
Comparison = Literal[">", "<", ">=", "<=", "==", "!="]
OverTime = Literal["avg", "min", "max", "changes"]

_COMPARISONS: tuple[Comparison, ...] = (">", "<", ">=", "<=", "==", "!=")
_OVER_TIME: Mapping[OverTime, str] = {
    "avg": "avg_over_time",
    "min": "min_over_time",
    "max": "max_over_time",
    "changes": "changes",
}


def selector(
    metrics: str | Collection[str], platform_ids: Collection[int], /, **matchers: Matcher
) -> Expression:
    """Select series of the platforms: `metric{platform_id="1",token_platform=~"|1",mac=~"A|B"}`.

    Of one platform those of all that may speak for it; of several, those of processes that
    may speak for all: where a platform has a process of its own, see `apart`. A matcher is a
    text (equal), several texts (one of them) or Containing. Nothing to choose from is an error:
    an empty matcher would also select series without the label.
    """
    names = [metrics] if isinstance(metrics, str) else sorted(set(metrics))
    for name in names:
        if not METRIC_NAME.fullmatch(name):
            raise PromqlError(f"not a metric name: {name!r}")
    parts = [] if len(names) == 1 else [f"__name__{_one_of(names)}"]
    parts.append(tenant_matcher(platform_ids))
    for label, wanted in sorted(matchers.items()):
        if (
            label in (_TENANT_LABEL, SPEAKS_FOR)
            or label.startswith("__")
            or not _LABEL_NAME.fullmatch(label)
        ):
            raise PromqlError(f"not a label to match by: {label!r}")
        parts.append(label + _condition(wanted))
    return Expression(f"{names[0] if len(names) == 1 else ''}{{{','.join(parts)}}}")


def apart(platform_ids: Collection[int], limited: Collection[int]) -> list[list[int]]:
    """Divide platforms into groups of a selector each, so that none believes too much or little.

    ``limited`` are platforms with processes that speak for them alone: each is a group by
    itself. PromQL cannot say in one selector that two labels are equal.
    """
    wanted = set(platform_ids)
    if len(wanted) < 2:
        return [list(wanted)] if wanted else []
    alone = sorted(wanted.intersection(limited))
    others = sorted(wanted.difference(alone))
    return [*([others] if others else []), *([number] for number in alone)]


def processes_up(kinds: Collection[str]) -> Expression:
    """Tell which exporter processes Prometheus reaches; they belong to no tenant."""
    return Expression(f"up{{kind{_one_of(sorted(set(kinds)))}}}")


def of_last_scrape(selected: Expression, kinds: Collection[str]) -> Expression:
    """Keep the series that the newest scrape of their process brought, unless that is old too.

    Prometheus goes on answering with a sample for 5 minutes unless it saw the series end. One
    that was stopped meanwhile did not, nor did a remote store whose writer died. A process'
    `up` and its samples have one time. Traps: `selected` must be a selector, of anything else
    `timestamp` is now; and not of two metrics with the same labels, it drops their names.
    """
    labels = "job,instance,kind"
    newest = f"max by ({labels}) (timestamp({processes_up(kinds)}) > time() - {SCRAPED_WITHIN})"
    return Expression(
        f"({selected} and (timestamp({selected}) >= on ({labels}) group_left () {newest}))"
    )


def agreed(selected: Expression, *labels: str) -> Expression:
    """Make one series of those with the same labels: 0 or 1 where all of them say so.

    Two processes that poll one player are one player; where they differ it is between 0 and 1.
    """
    return Expression(f"avg by ({','.join(map(_label, labels))}) ({selected})")


def union(*expressions: Expression) -> Expression:
    """Join answers: `a or b`.

    Trap: Prometheus drops a series of b when one of a has the same labels, whatever its
    name. Metrics of the same labels belong into one selector instead. Many are joined by
    halves: one after the other, the first answers would be compared again with each next one.
    """
    if not expressions:
        raise PromqlError("a union of nothing")
    if len(expressions) <= FEW:
        return Expression(" or ".join(expressions))
    middle = len(expressions) // 2
    halves = union(*expressions[:middle]), union(*expressions[middle:])
    return Expression(f"({halves[0]}) or ({halves[1]})")


def having(selected: Expression, value: int) -> Expression:
    """Keep the series whose value it is now: the online or offline ones of a status."""
    return Expression(f"{selected} == {value}")


def within(selected: Expression, seconds: int) -> Expression:
    """Choose the samples of these last seconds, each with its own time; `selected` is a selector.

    A series that ended has none after its end, which an instant query goes on answering with.
    """
    return Expression(f"{selected}[{seconds}s]")


def risen(selected: Expression, seconds: int, *labels: str) -> Expression:
    """Tell how far counters rose of late, in sum, of those that rose; `selected` is a selector."""
    by = ",".join(map(_label, labels))
    return Expression(f"sum by ({by}) (increase({selected}[{seconds}s])) > 0")


def recent(selected: Expression) -> Expression:
    """Keep the series of a selector whose sample is young; `of_last_scrape` for other pages."""
    return Expression(f"({selected} and (timestamp({selected}) > time() - {SCRAPED_WITHIN}))")


def over_time(function: OverTime, selected: Expression, seconds: int) -> Expression:
    """Make one value of a selector's last seconds. Trap: it speaks on after the series ended."""
    return Expression(f"{_OVER_TIME[function]}({within(selected, seconds)})")


def age(moment: Expression) -> Expression:
    """Tell how many seconds ago the Unix time was that is the value."""
    return Expression(f"(time() - {moment})")


def finite(expression: Expression) -> Expression:
    """Keep the series whose value is a number of those that one can count to."""
    return Expression(f"({expression} > -Inf < Inf)")


def extreme(which: Literal["min", "max"], each: Expression, *labels: str) -> Expression:
    """Make one series of those with the same labels: the least or the greatest of them."""
    return Expression(f"{which} by ({','.join(map(_label, labels))}) ({each})")


def total(each: Expression, *labels: str) -> Expression:
    """Add series up by labels."""
    return Expression(f"sum by ({','.join(map(_label, labels))}) ({each})")


def number_of(each: Expression, *labels: str) -> Expression:
    """Count series by labels."""
    return Expression(f"count by ({','.join(map(_label, labels))}) ({each})")


def compared(expression: Expression, operator: Comparison, threshold: float) -> Expression:
    """Keep the series whose value compares so with the threshold."""
    if operator not in _COMPARISONS:
        raise PromqlError(f"not a comparison: {operator!r}")
    return Expression(f"({expression} {operator} {_number(threshold)})")


def where_also(expression: Expression, other: Expression) -> Expression:
    """Keep the series with the labels of one of the others."""
    return Expression(f"({expression} and {other})")


def but_not(expression: Expression, other: Expression) -> Expression:
    """Keep the series with the labels of none of the others."""
    return Expression(f"({expression} unless {other})")


def having_label(label: str, platform_ids: Collection[int], kind: str) -> Expression:
    """Select every series with this label, for a list of metrics' names; ``kind`` of the target.

    Of processes that speak for all platforms: names of one platform's own are no news for others.
    """
    chosen = _one_of([kind]) if kind else '=""'
    return Expression(
        f'{{{_label(label)}!="",kind{chosen},{_numbers(platform_ids)},{SPEAKS_FOR}=""}}'
    )


def counts(selected: Expression, *labels: str, value_label: str = "value") -> Expression:
    """Count series by value and labels in one query: `{platform_id="1",value="0"} 12`."""
    by = ",".join(map(_label, labels))
    return Expression(f'count_values by ({by}) ("{_label(value_label)}", {selected})')


def _label(name: str) -> str:
    if not _LABEL_NAME.fullmatch(name):
        raise PromqlError(f"not a label name: {name!r}")
    return name


def tenant_matcher(platform_ids: Collection[int]) -> str:
    """Limit a selector to platforms and to whoever may speak for them: written only here."""
    matcher = _numbers(platform_ids)
    numbers = set(platform_ids)
    # One that may speak for 2 must not speak for 1: of several, `=~"|1|2"` would let it.
    speaker = f'=~"|{min(numbers)}"' if len(numbers) == 1 else '=""'
    return f"{matcher},{SPEAKS_FOR}{speaker}"


def _numbers(platform_ids: Collection[int]) -> str:
    """Limit a selector to series that name one of the platforms, whoever says so."""
    for platform_id in platform_ids:
        if type(platform_id) is not int or platform_id < 1:
            raise PromqlError(f"not a platform id: {platform_id!r}")
    if not platform_ids:
        raise PromqlError("no platform: an empty set would select those of all tenants")
    return _TENANT_LABEL + _one_of([str(number) for number in sorted(set(platform_ids))])


def _number(value: float) -> str:
    """Write a number; `repr` of it is the shortest text that means it in Go as well."""
    if not math.isfinite(value):
        raise PromqlError(f"not a number to compare with: {value!r}")
    return repr(float(value))


def _condition(wanted: Matcher) -> str:
    if isinstance(wanted, str):
        return _one_of([wanted])
    if isinstance(wanted, Containing):
        if not wanted.text:
            raise PromqlError("contains nothing: an empty text is in every label")
        return f"=~{_quoted('(?is).*' + _literal(wanted.text) + '.*')}"
    return _one_of(sorted(set(wanted)))


def _one_of(values: list[str]) -> str:
    if not values or not all(values):
        raise PromqlError("no value, or an empty one: it would match series without the label")
    if len(values) == 1:
        return f"={_quoted(values[0])}"
    return f"=~{_quoted('|'.join(map(_literal, values)))}"


def _literal(value: str) -> str:
    """Quote for RE2. Not re.escape, some of whose escapes RE2 refuses: that of a blank."""
    return _SPECIAL.sub(r"\\\g<0>", value)


def _quoted(value: str) -> str:
    """Write a text as a PromQL string."""
    return f'"{value.translate(_ESCAPES)}"'
