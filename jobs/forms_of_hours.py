"""The operating hours of a job as rows of a form: days of the week, from when, till when."""

from datetime import time
from typing import Any, cast

from django import forms
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from platforms.wall_time import clock_time

from .definition_checks import MOST_HOURS
from .form_parts import Ground, RowForm, RowsPart
from .hours import Span


def _clock(label: Any) -> forms.TimeField:
    widget = UnfoldAdminTextInputWidget({"type": "time"})
    widget.input_type = "time"
    return forms.TimeField(label=label, widget=widget, input_formats=["%H:%M", "%H:%M:%S"])


class HoursForm(RowForm):
    """The same hours on several days."""

    days = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Days"),
        choices=WEEKDAYS_ABBR.items(),
        coerce=int,
        widget=forms.CheckboxSelectMultiple(),
    )
    opens = _clock(gettext_lazy("From"))
    closes = _clock(gettext_lazy("Till"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("opens", "closes"):
            if str(self[name].value() or "").count(":") > 1:
                self.fields[name].widget.attrs["step"] = "1"  # else browsers take no seconds

    @property
    def days_of_week(self) -> list[tuple[int, str, str, bool]]:
        """Return number, short and whole name of each day, and whether it is chosen."""
        chosen = {str(each) for each in self["days"].value() or ()}
        return [
            (day, str(WEEKDAYS_ABBR[day]), str(WEEKDAYS[day]), str(day) in chosen)
            for day in WEEKDAYS
        ]

    @property
    def spans(self) -> list[Span]:
        """Return the spans of a row that is right."""
        told = self.cleaned_data
        return [Span(day, told["opens"], told["closes"]) for day in told["days"]]


class HoursPart(RowsPart):
    """All hours of a job; without any it acts at any time."""

    name = "hours"
    form = HoursForm
    max_num, absolute_max = MOST_HOURS, 2 * MOST_HOURS
    fresh = {"opens": "09:00", "closes": "18:00"}

    def first(self, ground: Ground) -> list[dict[str, Any]]:
        """Return the hours of the job, days with the same ones in one row."""
        found: dict[tuple[time, time], list[int]] = {}
        for span in ground.before.hours if ground.before else ():
            found.setdefault((span.opens, span.closes), []).append(span.weekday)
        return [
            {"days": days, "opens": clock_time(opens), "closes": clock_time(closes)}
            for (opens, closes), days in found.items()
        ]

    def values(self) -> dict[str, Any]:
        """Return the hours that are right so far, in the order of the week."""
        self.full_clean()
        kept = (cast("HoursForm", form) for form in self.kept)
        rows = [form.spans for form in kept if form.is_valid() and form.cleaned_data]
        return {"hours": tuple(sorted({span for row in rows for span in row}))}
