"""The conditions of a job as rows of a form: a metric, what of it, over which time, compared."""

from typing import Any, cast

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext as _, gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from . import condition_words, metric_choices
from .catalogue import Metric
from .conditions import (
    LONGEST_WINDOW,
    SHORTEST_WINDOW,
    Condition,
    ConditionRefused,
    Function as Of,
    Operator as Compared,
)
from .definition_checks import MOST_CONDITIONS
from .duration_field import DurationField, DurationWidget
from .form_parts import Ground, RowForm, RowsPart
from .models import Function, Operator

#: What of a metric is one of its own values, so that a word says it.
_WORDED = (Of.LAST, Of.MIN, Of.MAX)
USUAL_WINDOW = 600
FIRST = Condition("device_status", Of.LAST, 0, Compared.EQUAL, 0.0)


class ConditionForm(RowForm):
    """One condition. Where its metric has words for its values, they are chosen from."""

    metric = forms.ChoiceField(label=gettext_lazy("Metric"), widget=UnfoldAdminSelectWidget())
    function = forms.TypedChoiceField(
        label=gettext_lazy("What of it"),
        choices=Function.choices,
        coerce=Of,
        widget=UnfoldAdminSelectWidget(),
    )
    window = DurationField(
        label=gettext_lazy("Over the last"),
        least=SHORTEST_WINDOW,
        most=LONGEST_WINDOW,
        required=False,
    )
    operator = forms.TypedChoiceField(
        label=gettext_lazy("Comparison"),
        choices=Operator.choices,
        coerce=Compared,
        widget=UnfoldAdminSelectWidget(),
    )
    threshold = forms.CharField(
        label=gettext_lazy("Value"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget({"inputmode": "decimal", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, metrics: dict[str, Metric], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.metrics = metrics
        metric: Any = self.fields["metric"]
        metric.choices = metric_choices.choices(metrics)
        if self.words:
            self.fields["threshold"].widget = UnfoldAdminSelectWidget(choices=self.words)

    @property
    def chosen(self) -> Metric | None:
        """Return the metric that the row is about now."""
        return self.metrics.get(str(self["metric"].value() or ""))

    @property
    def words(self) -> list[tuple[str, str]]:
        """Return the values that there are, with their words; empty where it is a number."""
        if self.chosen is None or self["function"].value() not in _WORDED:
            return []
        return [(typed(value), str(words)) for value, words in self.chosen.values.items()]

    @property
    def unit(self) -> str:
        """Return what a number is counted in."""
        plain = self.chosen is None or self["function"].value() == Of.CHANGES
        return "" if plain or self.chosen is None else condition_words.unit(self.chosen)

    @property
    def over_time(self) -> bool:
        """Tell whether the window counts."""
        return str(self["function"].value() or Of.LAST) != Of.LAST

    @property
    def kept_window(self) -> dict[str, object]:
        """Return the fields of a window that does not count now: it is there when it does."""
        field = self["window"]
        value: Any = field.value()
        number, unit = value if isinstance(value, list) else DurationWidget().decompress(value)
        return {f"{field.html_name}_number": number or "", f"{field.html_name}_unit": unit}

    def clean_threshold(self) -> float:
        """Read a number or a word."""
        metric = self.metrics.get(self.cleaned_data.get("metric", ""))
        value = metric_choices.value_of(self.cleaned_data["threshold"], metric)
        if value is None:
            raise forms.ValidationError(_("Enter a number."))
        return value

    def clean(self) -> dict[str, Any]:
        """Refuse what could not be asked, or would be the same for every player."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        function = cleaned.get("function")
        windowed = function is not None and function is not Of.LAST
        if windowed and cleaned.get("window") is None and "window" not in self.errors:
            self.add_error("window", _("A window lasts from 5 minutes to 24 hours."))
        if not self.errors:
            metric = self.metrics[cleaned["metric"]]
            try:
                self.condition.check(metric)
            except ConditionRefused as error:
                aged = metric.age and self.condition.function is not Of.LAST
                self.add_error("function" if aged else "threshold", str(error))
        return cleaned

    @property
    def condition(self) -> Condition:
        """Return the condition of a row that is right."""
        told = self.cleaned_data
        window = 0 if told["function"] is Of.LAST else told["window"]
        operator = told["operator"]
        return Condition(told["metric"], told["function"], window, operator, told["threshold"])


class ConditionsPart(RowsPart):
    """All conditions of a job."""

    name = "conditions"
    form = ConditionForm
    max_num, absolute_max = MOST_CONDITIONS, 4 * MOST_CONDITIONS
    fresh = {"function": "last", "operator": ">", "window_number": "10", "window_unit": "60"}

    def first(self, ground: Ground) -> list[dict[str, Any]]:
        """Return the conditions of the job; of a new one, that a player is offline."""
        conditions = (FIRST,) if ground.before is None else ground.before.conditions
        return [
            {
                "metric": each.metric,
                "function": each.function.value,
                "window": each.window or USUAL_WINDOW,
                "operator": each.operator.value,
                "threshold": typed(each.threshold),
            }
            for each in conditions
        ]

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """Return the metrics that rows may be about: two queries for all of them."""
        before = self.ground.before
        also = {each.metric for each in before.conditions} if before else set()
        return metric_choices.offered(self.ground.platform, also)

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        """Give each row the metrics."""
        return {**super().get_form_kwargs(index), "metrics": self.metrics}

    def values(self) -> dict[str, Any]:
        """Return the conditions that are right so far."""
        self.full_clean()
        kept = (cast("ConditionForm", form) for form in self.kept)
        right = [form.condition for form in kept if form.is_valid() and form.cleaned_data]
        return {"conditions": tuple(right)}


def typed(value: float) -> str:
    """Write a number as people type it, with nothing lost."""
    return repr(value).removesuffix(".0")
