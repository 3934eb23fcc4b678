"""Conditions as people read them, in their language: "Status is Offline", not "== 0". Pure."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _, ngettext, pgettext

from .catalogue import Metric, found, metrics
from .conditions import Condition, Criterion, Function, Operator

SIGNS = {Operator.AT_LEAST: "≥", Operator.AT_MOST: "≤", Operator.EQUAL: "=", Operator.UNEQUAL: "≠"}
MINUTE, HOUR = 60, 3600


def subject(condition: Condition, metric: Metric | None = None) -> str:
    """Say what is compared: the metric, and what is made of it over which time."""
    named = {"metric": str((metric or _metric(condition)).title), "time": span(condition.window)}
    match condition.function:
        case Function.LAST:
            return named["metric"]
        case Function.AVG:
            return _("average of %(metric)s over %(time)s") % named
        case Function.MIN:
            return _("least of %(metric)s over %(time)s") % named
        case Function.MAX:
            return _("greatest of %(metric)s over %(time)s") % named
        case Function.CHANGES:
            return _("changes of %(metric)s within %(time)s") % named


def sentence(condition: Condition, metric: Metric | None = None) -> str:
    """Say a condition: "Status is Offline", "Temperature > 80 °C"."""
    metric = metric or _metric(condition)
    what = subject(condition, metric)
    if condition.function in (Function.LAST, Function.MIN, Function.MAX):
        only = _only_value(condition, metric)
        if only is not None:
            named = {"subject": what, "value": str(metric.values[only])}
            return pgettext("condition", "%(subject)s is %(value)s") % named
    sign = SIGNS.get(condition.operator, condition.operator.value)
    return f"{what} {sign} {value(condition, condition.threshold, metric)}"


def value(condition: Condition, number: float, metric: Metric | None = None) -> str:
    """Say a value that a condition is about: its word where it has one, else number and unit."""
    metric = metric or _metric(condition)
    if condition.function is Function.CHANGES:
        return _plain(number)
    if number in metric.values:
        return str(metric.values[number])
    if metric.unit == "s":
        return span(number)
    return f"{_plain(number)} {metric.unit}".strip()


def unit(metric: Metric) -> str:
    """Say what numbers of a metric are counted in, "" where it has no unit."""
    return _("s") if metric.unit == "s" else metric.unit


def sentences(criterion: Criterion) -> list[str]:
    """Say each condition of a criterion."""
    return [sentence(each) for each in criterion.conditions]


def span(seconds: float) -> str:
    """Say a length of time in the largest unit that it is a whole number of."""
    whole = int(seconds)
    if whole != seconds or whole % MINUTE or not whole:
        return _("%(count)s s") % {"count": _plain(seconds)}
    if whole % HOUR:
        return ngettext("%(count)d minute", "%(count)d minutes", whole // MINUTE) % {
            "count": whole // MINUTE
        }
    return ngettext("%(count)d hour", "%(count)d hours", whole // HOUR) % {"count": whole // HOUR}


def _only_value(condition: Condition, metric: Metric) -> float | None:
    """Return the one value with a word for which it holds: "not Online" is "Offline"."""
    meant = [each for each in metric.values if condition.holds(each)]
    return meant[0] if len(meant) == 1 else None


def _plain(number: float) -> str:
    text = f"{number:.6g}"
    return text if "e" in text else str(number_format(text))


def _metric(condition: Condition) -> Metric:
    return metrics().get(condition.metric) or found(condition.metric, "", "")
