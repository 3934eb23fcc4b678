"""Forms about sending: the parameters of a template as fields, and what confirms a command."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _, gettext_lazy
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from .catalogue import Model
from .composition import ParametersRefused, TextRefused, compose
from .parameters import UNITS, Kind, Parameter
from .templates import Template

PREFIX = "p"  # of the fields, so that no parameter has the name of a field of the page
LONGEST = 200  # characters of one value


class ParametersForm(forms.Form):
    """The values of a command. What is checked, and in which words, stands in parameters.py."""

    prefix = PREFIX

    def __init__(self, model: Model, shape: Template, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.model, self.shape = model, shape
        for parameter in shape.parameters:
            self.fields[parameter.name] = _field(parameter)

    @property
    def values(self) -> dict[str, str]:
        """Return what was typed, as `commands.queue` takes it."""
        return {each.name: self.cleaned_data.get(each.name, "") for each in self.shape.parameters}

    def clean(self) -> dict[str, Any]:
        """Hold all values together against the command."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            compose(self.model, self.shape, self.values)
        except ParametersRefused as error:
            for name, refused in error.errors.items():
                if name in self.fields and name not in self.errors:
                    self.add_error(name, str(refused))
        except TextRefused:
            self.add_error(None, _("The socket would not understand this: its template is wrong."))
        return cleaned


class ConfirmForm(forms.Form):
    """What was shown, sealed; and for what cannot be undone, the name of the socket."""

    agreed = forms.CharField(widget=forms.HiddenInput)
    name = forms.CharField(
        label=gettext_lazy("Name of the socket"),
        help_text=gettext_lazy("Type it to confirm: this cannot be undone."),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, wanted: str | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wanted = wanted
        if wanted is None:
            del self.fields["name"]

    def clean_name(self) -> str:
        """Demand the very name."""
        typed = str(self.cleaned_data["name"]).strip()
        if self.wanted is not None and typed != self.wanted.strip():
            raise forms.ValidationError(_("This is not the name of the socket."))
        return typed


class CountForm(forms.Form):
    """What was shown of many sockets, sealed; and where many are switched, how many."""

    agreed = forms.CharField(widget=forms.HiddenInput)
    counted = forms.IntegerField(
        label=gettext_lazy("Number of sockets"),
        help_text=gettext_lazy("Type how many sockets get the command."),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, demanded: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not demanded:
            del self.fields["counted"]


def _field(parameter: Parameter) -> forms.CharField:
    return forms.CharField(
        label=str(parameter.label),
        help_text=_help(parameter),
        initial="" if parameter.secret else parameter.default,
        # Empty and blank texts come to the check of parameters, which says why they are refused.
        required=False,
        strip=False,
        max_length=LONGEST,
        widget=_widget(parameter),
    )


def _help(parameter: Parameter) -> str:
    limits = ""
    unit = str(UNITS.get(parameter.unit, ""))
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None:
        limits = _("From %(low)s to %(high)s.") % {"low": low, "high": high}
    elif low is not None:
        limits = _("%(low)s or more.") % {"low": low}
    elif high is not None:
        limits = _("%(high)s or less.") % {"high": high}
    if unit:
        unit = _("In %(unit)s.") % {"unit": unit}
    return " ".join(filter(None, (str(parameter.help), unit, limits)))


def _widget(parameter: Parameter) -> forms.Widget:
    widget: forms.Widget
    if parameter.choices:
        choices = [(str(each.value), str(each.label)) for each in parameter.choices]
        empty = [] if parameter.default else [("", "—")]
        widget = UnfoldAdminSelectWidget(choices=[*empty, *choices])
    elif parameter.secret:
        classes = " ".join(INPUT_CLASSES)
        widget = forms.PasswordInput(attrs={"class": classes, "autocomplete": "off"})
    else:
        keyboard = {"autocomplete": "off", **_KEYBOARD[parameter.kind]}
        widget = UnfoldAdminTextInputWidget(attrs=keyboard)
    return widget


_KEYBOARD: Mapping[Kind, Mapping[str, str]] = {
    Kind.INTEGER: {"inputmode": "numeric"},
    Kind.PHONE: {"inputmode": "tel", "placeholder": "+79123456789"},
    Kind.HHMM: {"placeholder": "08:30"},
    Kind.WORD: {},
    Kind.PIN: {"inputmode": "numeric"},
}
