"""What is asked of players: conditions, how they come together, and how Prometheus is asked.

Pure. It may not write PromQL, which `exporters.promql` alone does, nor decide what is not known:
what comes of an answer is a Verdict, and no answer is UNKNOWN.
"""

import hashlib
import json
import math
import operator as comparing
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from . import catalogue
from .catalogue import Metric
from .verdicts import Verdict

#: Not shorter than what Prometheus looks back for a sample: else a player had one, and no window.
SHORTEST_WINDOW: Final = 300
LONGEST_WINDOW: Final = 86_400
LARGEST: Final = 1e15  # beyond, thresholds and samples are no longer what people read


class Function(StrEnum):
    """What is made of the samples of a window; `last` is the sample of now."""

    LAST = "last"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    CHANGES = "changes"


class Operator(StrEnum):
    """How a value is compared with the threshold."""

    GREATER = ">"
    LESS = "<"
    AT_LEAST = ">="
    AT_MOST = "<="
    EQUAL = "=="
    UNEQUAL = "!="


_COMPARE: Mapping[Operator, Callable[[float, float], bool]] = {
    Operator.GREATER: comparing.gt,
    Operator.LESS: comparing.lt,
    Operator.AT_LEAST: comparing.ge,
    Operator.AT_MOST: comparing.le,
    Operator.EQUAL: comparing.eq,
    Operator.UNEQUAL: comparing.ne,
}


class ConditionRefused(ValueError):
    """A condition that cannot be asked; the message is for the person who made it."""

    def __init__(self, message: str | Promise) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


@dataclass(frozen=True, slots=True, order=True)
class Condition:
    """One comparison of a metric, by its technical name, with a threshold.

    ``window`` is seconds, 0 with `last`. Equal conditions are one question, whoever asks it.
    """

    metric: str
    function: Function
    window: int
    operator: Operator
    threshold: float

    def holds(self, value: float) -> bool:
        """Compare a value as Prometheus does."""
        return _COMPARE[self.operator](value, self.threshold)

    def judge(self, values: Collection[float], metric: Metric | None = None) -> Verdict:
        """Say what the values of one player mean: one of each process that polls it.

        UNKNOWN without any, where they do not agree, and of a value that the metric cannot have.
        """
        allowed = (metric or known(self.metric)).values
        if allowed and not self._could_be(values, allowed.keys()):
            return Verdict.UNKNOWN
        found = {math.isfinite(value) and self.holds(value) for value in values}
        if not found or len(found) > 1 or not all(map(math.isfinite, values)):
            return Verdict.UNKNOWN
        return Verdict.TRUE if found == {True} else Verdict.FALSE

    def _could_be(self, values: Collection[float], allowed: Collection[float]) -> bool:
        """Tell whether samples of these values alone come to that: an average may hide others."""
        if self.function is Function.CHANGES:
            return True
        if self.function is Function.AVG:
            return all(min(allowed) <= value <= max(allowed) for value in values)
        return set(values) <= set(allowed)

    def shows_power(self, metric: Metric | None) -> float | None:
        """Return within how many seconds it holds for a player without power, however it was.

        None: nobody knows that it ever does. So one for whom it does not hold had its power then.
        """
        if metric is None or self.function is Function.CHANGES:
            return None
        if metric.age:
            grows = self.operator in (Operator.GREATER, Operator.AT_LEAST)
            return max(self.threshold, 0.0) if grows else None
        return float(self.window) if metric.is_status and self.holds(0.0) else None

    def check(self, metric: Metric | None = None) -> None:
        """Raise ConditionRefused where it could not be asked, or could never hold."""
        metric = metric or catalogue.metrics().get(self.metric)
        if not (math.isfinite(self.threshold) and abs(self.threshold) <= LARGEST):
            raise ConditionRefused(_("Enter a number to compare with."))
        if self.function is Function.LAST:
            if self.window:
                raise ConditionRefused(_("The value of now has no window of time."))
        elif not SHORTEST_WINDOW <= self.window <= LONGEST_WINDOW:
            raise ConditionRefused(_("A window lasts from 5 minutes to 24 hours."))
        if metric is None or self.function is Function.CHANGES:
            return
        if metric.age and self.function is not Function.LAST:
            raise ConditionRefused(_("Of an age there is the value of now alone."))
        if not self._can_differ(metric):
            raise ConditionRefused(_("With this number it is always the same for every player."))

    def _can_differ(self, metric: Metric) -> bool:
        """Tell whether there are both values for which it holds and such for which not."""
        if metric.values and self.function is not Function.AVG:
            return len({self.holds(value) for value in metric.values}) == 2
        low, high = metric.minimum, metric.maximum
        # Of a range without an end, something far beyond the threshold stands for it.
        ends = (-2 * LARGEST if low is None else low, 2 * LARGEST if high is None else high)
        inside = [self.threshold] if ends[0] <= self.threshold <= ends[1] else []
        return len({self.holds(value) for value in (*ends, *inside)}) == 2

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON keeps it."""
        return {
            "metric": self.metric,
            "function": self.function.value,
            "window": self.window,
            "operator": self.operator.value,
            "threshold": self.threshold,
        }

    @classmethod
    def of_data(cls, data: Mapping[str, Any]) -> Self:
        """Return the condition that `as_data` wrote."""
        return cls(
            str(data["metric"]),
            Function(data["function"]),
            int(data["window"]),
            Operator(data["operator"]),
            float(data["threshold"]),
        )


@dataclass(frozen=True, slots=True)
class Criterion:
    """Conditions that come together by `all` or `any`; what jobs of a platform may share."""

    conditions: tuple[Condition, ...]
    joined: str = "all"

    def shows_power(self) -> float | None:
        """Return within how many seconds it holds for every player without power; None: unknown."""
        metrics = catalogue.metrics()
        found = [each.shows_power(metrics.get(each.metric)) for each in self.conditions]
        known = [each for each in found if each is not None]
        if self.joined == "any":
            return min(known, default=None)
        return max(known) if len(known) == len(found) else None

    def normalised(self) -> Self:
        """Return the one form of all criteria that ask the same, however they were typed."""
        once = {_normal(each) for each in self.conditions}
        joined = self.joined if len(once) > 1 else "all"
        return type(self)(tuple(sorted(once)), joined)

    def digest(self) -> str:
        """Return what tells whether two criteria ask the same: 64 characters."""
        text = json.dumps(self.as_data(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def as_data(self) -> dict[str, Any]:
        """Return the normal form as JSON keeps it."""
        normal = self.normalised()
        return {
            "joined": normal.joined,
            "conditions": [each.as_data() for each in normal.conditions],
        }

    @classmethod
    def of_data(cls, data: Mapping[str, Any]) -> Self:
        """Return the criterion that `as_data` wrote."""
        conditions: Sequence[Mapping[str, Any]] = data["conditions"]
        return cls(tuple(map(Condition.of_data, conditions)), str(data["joined"]))


def _normal(condition: Condition) -> Condition:
    window = 0 if condition.function is Function.LAST else condition.window
    threshold = float(condition.threshold) + 0.0  # -0.0 becomes 0.0
    return Condition(condition.metric, condition.function, window, condition.operator, threshold)


def known(name: str) -> Metric:
    """Return a metric of the catalogue; raise ConditionRefused for any other."""
    if name not in catalogue.metrics():
        raise ConditionRefused(_("This metric is not known."))
    return catalogue.metrics()[name]
