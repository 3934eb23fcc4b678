"""The form of a command template that a platform, or the installation, writes itself.

It checks and builds the definition; it writes nothing. What the catalogue would refuse is said on
the field that is to be mended.
"""

import re
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _, gettext_lazy
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from . import catalogue, own_templates
from .catalogue import CatalogueError
from .composition import ParametersRefused, TextRefused, compose
from .forms_of_shared_rows import SharedRowForm
from .models import CommandTemplate
from .parameters import Kind, Parameter, ValueRefused, check
from .template_fields import (
    ChoicesError,
    Outline,
    definition_of,
    initial_of,
    parameter_fields,
    step_fields,
)
from .template_words import DANGERS, NO_RESTART
from .templates import Danger, Template, fill
from .words import Words

_PARTS = ("kind", "min", "max", "choices", "unit", "default")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,62}")
_PLACE = re.compile(r"\$(?P<path>[A-Za-z0-9_.\[\]]*): ")
_PARAMETER = re.compile(r"parameters\[(\d+)\]\.?(.*)")
_STEP = re.compile(r"sequence\[(\d+)\]\.?(.*)")


def _text(label: Any, help_text: Any = "", longest: int = 500, required: bool = True) -> Any:
    return forms.CharField(
        label=label,
        help_text=help_text,
        max_length=longest,
        required=required,
        widget=UnfoldAdminTextInputWidget(),
    )


class TemplateForm(SharedRowForm):
    """A template. `form_of` adds the fields of its messages and of the names in their texts."""

    outline: ClassVar[Outline] = Outline(1, ())
    shape: Template | None = None  # what the fields describe, where nothing is wrong

    key = _text(
        gettext_lazy("Key"),
        gettext_lazy("By it programs know the template: small letters, digits and _."),
        63,
    )
    name_en = _text(gettext_lazy("Name, English"))
    name_ru = _text(gettext_lazy("Name, Russian"))
    help_en = forms.CharField(
        label=gettext_lazy("What it does, English"),
        max_length=500,
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 2}),
    )
    help_ru = forms.CharField(
        label=gettext_lazy("What it does, Russian"),
        max_length=500,
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 2}),
    )
    danger = forms.ChoiceField(
        label=gettext_lazy("Danger"),
        choices=[(each.value, title) for each, title in DANGERS.items()],
        widget=UnfoldAdminSelectWidget(),
        help_text=gettext_lazy("It says which roles may send it, and how they are asked first."),
    )
    lines = _text(
        gettext_lazy("Lines that it switches"),
        gettext_lazy("Such as 1, 2; or {line}, the name that says which. Empty: none."),
        80,
        required=False,
    )
    self_restoring = forms.BooleanField(
        label=gettext_lazy("The power comes back by itself"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
        help_text=gettext_lazy("The socket switches on again even if nobody asks it to."),
    )
    dark_seconds = forms.IntegerField(
        label=gettext_lazy("Seconds that the line stays dark"),
        min_value=0,
        max_value=86_400,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text=gettext_lazy(
            "Where one text switches off and on again and the time stands in it as plain digits: "
            "so much later players are expected back."
        ),
    )

    class Meta:
        model = CommandTemplate
        fields = ("platform", "model", "for_jobs", "for_reboot")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.definition:
            self.initial.update(initial_of(self.instance.definition))
            key = self.fields.get("key")  # who may only look gets none
            if key is not None:
                key.disabled = True  # programs know it by that

    def clean_key(self) -> str:
        """Refuse a key that programs could not use."""
        key: str = self.cleaned_data["key"]
        if not _KEY.fullmatch(key):
            raise forms.ValidationError(_("Begin with a small letter; go on with a-z, 0-9 and _."))
        return key

    def clean(self) -> dict[str, Any] | None:
        """Build the definition, check it with its model, and put both into the row."""
        cleaned = super().clean() or {}
        self._ask_about_new_names()
        for name in self.outline.parameters:
            self._check_parameter(cleaned, name)
        if not self.errors:
            self._check_key(cleaned)
        if not self.errors:
            self._build(cleaned)
        harmful = self.shape is not None and self.shape.danger not in own_templates.FOR_JOBS
        if harmful and cleaned.get("for_jobs"):
            self.add_error("for_jobs", _("Jobs may not send this command."))
        if cleaned.get("for_reboot") and self.shape and not own_templates.restarts(self.shape):
            self.add_error("for_reboot", NO_RESTART)
        return cleaned

    def _ask_about_new_names(self) -> None:
        """Say that a name which stands in a text for the first time is to be described."""
        new = [name for name in self.outline.parameters if f"p_{name}_kind" not in self.data]
        if new and self.is_bound:
            names = ", ".join(f"{{{name}}}" for name in new)
            text = _("Say below what %(names)s stands for, then save.") % {"names": names}
            self.add_error("step_1_text", text)

    def _check_parameter(self, cleaned: dict[str, Any], name: str) -> None:
        """Hold limits, choices and the first value of one name against each other."""
        told = {part: cleaned.get(f"p_{name}_{part}") for part in _PARTS}
        if not told["kind"]:
            return
        kind, low, high = Kind(told["kind"]), told["min"], told["max"]
        for part in ("min", "max", "choices", "unit"):
            if kind is not Kind.INTEGER and told[part] not in (None, ""):
                self.add_error(f"p_{name}_{part}", _("Only whole numbers have this."))
        if low is not None and high is not None and low > high:
            self.add_error(f"p_{name}_max", _("This must be no less than the least."))
        elif told["default"]:
            words = Words(name, name)
            parameter = Parameter(name, kind, words, words, minimum=low, maximum=high)
            try:
                check(parameter, told["default"])
            except ValueRefused as error:
                self.add_error(f"p_{name}_default", str(error))

    def _check_key(self, cleaned: dict[str, Any]) -> None:
        model = cleaned.get("model") or self.instance.model
        platform = cleaned.get("platform") or self.instance.platform
        # unscoped: of a platform and a model that were chosen within the person's reach
        known = CommandTemplate.objects.filter(model=model, platform=platform, key=cleaned["key"])
        if known.exclude(pk=self.instance.pk).exists():
            self.add_error("key", _("This platform already has a template with this key."))
        elif self.instance.pk is None and cleaned["key"] in model.shape.by_key:
            self.add_error("key", _("The catalogue has a command with this key: choose another."))

    def _build(self, cleaned: dict[str, Any]) -> None:
        model = (cleaned.get("model") or self.instance.model).shape
        ordered = (self.instance.definition or {}).get("ordered")
        try:
            definition = definition_of(cleaned, self.outline, ordered)
            shape = catalogue.read_template(definition)
        except ChoicesError as error:
            self.add_error(error.field, str(error))
            return
        except CatalogueError as error:
            self._blame(str(error))
            return
        if self._fits(model, shape):
            try:
                self.shape = own_templates.checked(model, definition)
            except CatalogueError as error:
                self._blame(str(error))
                return
            self.instance.key, self.instance.definition = shape.key, definition

    def _fits(self, model: catalogue.Model, shape: Template) -> bool:
        """Tell whether the model understands each message, and the danger and lines are told."""
        values = own_templates.sample(shape)
        for number, step in enumerate(shape.steps, 1):
            if not model.grammar.fullmatch(fill(step.code, values)):
                text = _("%(model)s would not understand this text.") % {"model": model.name}
                self.add_error(f"step_{number}_text", text)
        if not isinstance(shape.lines, str) and not set(shape.lines) <= model.every_line:
            told = {"model": model.name, "number": model.outlets}
            self.add_error("lines", _("%(model)s has %(number)s lines, numbered from 1.") % told)
        if self.errors:
            return False
        try:
            composed = compose(model, shape, values)
        except TextRefused:
            text = _("This is the text of another command: choose what that one does.")
            self.add_error("step_1_effect", text)
            return False
        except ParametersRefused as error:
            for name in error.errors:
                self.add_error(f"p_{name}_kind", _("No value fits what is asked for here."))
            return False
        if composed.danger.rank > shape.danger.rank:
            least = DANGERS[Danger(composed.danger)]
            text = _("This text does more harm. Choose at least “%(danger)s”.")
            self.add_error("danger", text % {"danger": least})
            return False
        return True

    def _blame(self, problem: str) -> None:
        """Put a problem of the catalogue's on the field that it speaks of."""
        found = _PLACE.match(problem)
        field = self._field_at(found["path"].removeprefix(".")) if found else ""
        if not found:
            by_word = {"waits": "step_2_after", "line": "lines", "at most max": "", "brace": ""}
            field = next((name for word, name in by_word.items() if word in problem), "")
        told = problem[found.end() :] if found else problem
        self.add_error(field if field in self.fields else "step_1_text", told)

    def _field_at(self, path: str) -> str:
        if parameter := _PARAMETER.fullmatch(path):
            name = self.outline.parameters[int(parameter[1])]
            return f"p_{name}_{parameter[2].partition('[')[0].replace('.', '_') or 'kind'}"
        if step := _STEP.fullmatch(path):
            part = {"effect": "effect", "after": "after"}.get(step[2], "text")
            return f"step_{int(step[1]) + 1}_{part}"
        own = {"code": "step_1_text", "effect": "step_1_effect", "sequence": "step_1_text"}
        return own.get(path, path.replace(".", "_"))


class CataloguesForm(TemplateForm):
    """A template of the catalogue: whether jobs may send it is all that an installation decides."""

    key = None  # how Django takes a field out of a form
    name_en = name_ru = None
    help_en = help_ru = None  # type: ignore[assignment]
    danger = lines = self_restoring = dark_seconds = None  # type: ignore[assignment]

    class Meta:
        model = CommandTemplate
        fields = ("for_jobs",)

    def clean(self) -> dict[str, Any] | None:
        """Let jobs send what leaves the socket as it is."""
        cleaned = forms.ModelForm.clean(self) or {}
        if cleaned.get("for_jobs") and "for_jobs" in self.changed_data:
            own = self.instance.model.shape.by_key.get(self.instance.key)
            if own is None or own.danger not in own_templates.FOR_JOBS:
                self.add_error("for_jobs", _("Jobs may not send this command."))
        return cleaned


class PreviewedForm(TemplateForm):
    """A form that is checked as ever and never good enough to be saved."""

    def is_valid(self) -> bool:
        """Check; then have the page show it again."""
        super().is_valid()
        return False


def form_of(outline: Outline, asked: frozenset[str]) -> type[TemplateForm]:
    """Return the form for these messages; `asked` are the names that were described before."""
    fields: dict[str, Any] = {"outline": outline, **step_fields(outline)}
    for name in outline.parameters:
        fields |= parameter_fields(name, name in asked)
    return type("FormOfTemplate", (TemplateForm,), fields)
