"""Lengths of time as people type them: a number and its unit; seconds come out."""

from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _, gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from .condition_words import span

UNITS: Final = (
    ("1", gettext_lazy("seconds")),
    ("60", gettext_lazy("minutes")),
    ("3600", gettext_lazy("hours")),
    ("86400", gettext_lazy("days")),
)
LARGEST: Final = 10**9


class DurationWidget(forms.MultiWidget):
    """A number and a unit side by side."""

    def __init__(self) -> None:
        number = UnfoldAdminTextInputWidget({"inputmode": "numeric", "autocomplete": "off"})
        super().__init__({"number": number, "unit": UnfoldAdminSelectWidget(choices=UNITS)})

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Any]:
        """Take minutes for what was not asked for yet."""
        number, unit = super().value_from_datadict(data, files, name)
        return [number, "60" if unit is None else unit]

    def decompress(self, value: Any) -> list[Any]:
        """Write seconds in the largest unit that they are a whole number of."""
        if value is None:
            return ["", "60"]
        seconds = int(value)
        units = [int(unit) for unit, _title in reversed(UNITS) if seconds % int(unit) == 0]
        unit = units[0] if seconds else 60
        return [seconds // unit, str(unit)]


class DurationField(forms.MultiValueField):
    """Seconds, from the least to the most; None where it is empty and may be."""

    widget = DurationWidget

    def __init__(self, *, least: int, most: int, **kwargs: Any) -> None:
        self.least, self.most = least, most
        number = forms.IntegerField(min_value=0, max_value=LARGEST)
        super().__init__((number, forms.ChoiceField(choices=UNITS)), **kwargs)

    def compress(self, data_list: list[Any]) -> int | None:
        """Return seconds; refuse what is too short or too long."""
        if not data_list:
            return None
        seconds = int(data_list[0]) * int(data_list[1])
        if not self.least <= seconds <= self.most:
            ends = {"least": span(self.least), "most": span(self.most)}
            raise forms.ValidationError(_("Enter a time from %(least)s to %(most)s.") % ends)
        return seconds

    def clean(self, value: Any) -> int | None:
        """Take a field with a unit and no number for an empty one."""
        if isinstance(value, list | tuple) and not self.required and value[0] in (None, ""):
            return None
        seconds: int | None = super().clean(value)
        return seconds
