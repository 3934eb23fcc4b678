"""The ladder of a job as rows of a form: what is sent, with which values, and how long to wait."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from django import forms
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext as _, gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from devices.catalogue import CatalogueError, Model
from devices.forms_of_commands import ParametersForm
from devices.models import CommandTemplate
from devices.own_templates import FOR_JOBS
from devices.templates import Template

from . import rung_secrets
from .definition import Step
from .definition_checks import MOST_RUNGS, WAIT
from .duration_field import DurationField
from .form_parts import Ground, RowForm, RowsPart
from .models import Action


class Command(NamedTuple):
    """A command that a rung may send; ``model`` is whose sockets understand it."""

    pk: int
    model: Model
    shape: Template
    allowed: bool


class ValuesForm(ParametersForm):
    """The values of a rung's command. The line is left out: it is the player's own."""

    def __init__(
        self,
        model: Model,
        shape: Template,
        *args: Any,
        stored: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.hidden = hidden = {each.name for each in shape.parameters if each.secret}
        self.kept = {name: value for name, value in (stored or {}).items() if name in hidden}
        shown = {name: value for name, value in (stored or {}).items() if name not in hidden}
        super().__init__(model, shape, *args, initial=shown, **kwargs)
        if isinstance(shape.lines, str):
            self.fields.pop(shape.lines, None)
        for name in self.kept:
            if name in self.fields:
                self.fields[name].widget.attrs["placeholder"] = _("Stored. Empty: it stays.")

    @property
    def values(self) -> dict[str, str]:
        """Return what was typed, with any line of the model: it shows whether the others fit.

        A secret that is stored and was not typed anew is among them.
        """
        line = str(min(self.model.every_line, default=1))
        lines = {self.shape.lines: line} if isinstance(self.shape.lines, str) else {}
        typed = {name: text for name, text in super().values.items() if text}
        return {**super().values, **self.kept, **typed, **lines}

    @property
    def has_typed_secrets(self) -> bool:
        """Tell whether a secret was typed: the page does not show it again."""
        return any(self.cleaned_data.get(name) for name in self.hidden)

    @property
    def typed(self) -> dict[str, str]:
        """Return what was typed."""
        return {name: text for name, text in self.values.items() if name in self.fields}


class RungForm(RowForm):
    """One rung. The fields of its command's values are a form within it."""

    what = forms.ChoiceField(label=gettext_lazy("What is sent"), widget=UnfoldAdminSelectWidget())
    wait = DurationField(label=gettext_lazy("It may take to help"), least=WAIT[0], most=WAIT[1])

    def __init__(
        self, *args: Any, commands: dict[str, Command], number: int, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.commands, self.number = commands, number
        what: Any = self.fields["what"]
        what.choices = _choices(commands)
        self.asked_for_values = False  # the person has seen the fields of the command

    @cached_property
    def parameters(self) -> ValuesForm | None:
        """Return the form of the values, where the command has some."""
        command = self.commands.get(str(self["what"].value()))
        if command is None:
            return None
        prefix = f"{self.prefix}-p"
        self.asked_for_values = any(name.startswith(f"{prefix}-") for name in self.data)
        data = self.data if self.asked_for_values else None
        before = self.ground.before.rungs if self.ground.before is not None else ()
        same = rung_secrets.counterpart(self.number, command.pk, before)
        stored = same.parameters if same is not None else {}
        form = ValuesForm(command.model, command.shape, data, prefix=prefix, stored=stored)
        return form if form.fields else None

    def clean(self) -> dict[str, Any]:
        """Check the values with the row."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.parameters is not None and "what" in cleaned:
            if not self.asked_for_values:
                raise forms.ValidationError(_("Look at the values of this command, then save."))
            if not self.parameters.is_valid():
                raise forms.ValidationError(_("Mend the values of this command."))
        return cleaned

    @property
    def step(self) -> Step:
        """Return the rung of a row that is right."""
        what, wait = self.cleaned_data["what"], self.cleaned_data["wait"]
        if what == Action.RESTART:
            return Step(wait=wait)
        values = self.parameters.typed if self.parameters is not None else {}
        return Step(Action.TEMPLATE, int(what), values, wait)


class RungsPart(RowsPart):
    """All rungs of a ladder, in their order. None: the job tells people and does nothing else."""

    name = "rungs"
    form = RungForm
    max_num, absolute_max = MOST_RUNGS, 4 * MOST_RUNGS
    fresh = {"what": "restart", "wait_number": "10", "wait_unit": "60"}

    def first(self, ground: Ground) -> list[dict[str, Any]]:
        """Return the rungs of the job; of a new one, a restart."""
        steps = (Step(),) if ground.before is None else ground.before.rungs
        return [
            {
                "what": str(each.template_id or Action.RESTART.value),
                "wait": each.wait,
            }
            for each in steps
        ]

    @cached_property
    def commands(self) -> dict[str, Command]:
        """Return the commands that rungs may send: one query for all rows."""
        before = self.ground.before
        stored = {each.template_id for each in before.rungs} if before else set()
        return {str(each.pk): each for each in commands(self.ground, stored)}

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        """Give each row the commands."""
        return {**super().get_form_kwargs(index), "commands": self.commands, "number": index or 0}

    @property
    def has_typed_secrets(self) -> bool:
        """Tell whether a secret of any rung was typed; the rungs are right."""
        forms_ = (cast("RungForm", form).parameters for form in self.kept)
        return any(each.has_typed_secrets for each in forms_ if each is not None)

    def values(self) -> dict[str, Any]:
        """Return the rungs that are right so far."""
        self.full_clean()
        kept = (cast("RungForm", form) for form in self.kept)
        return {"rungs": tuple(form.step for form in kept if form.is_valid() and form.cleaned_data)}


def commands(ground: Ground, stored: set[int | None]) -> Iterator[Command]:
    """Yield what jobs of the platform may send, and what the job was told to send."""
    rows = CommandTemplate.objects.for_user(ground.person).usable_on(ground.platform.pk)
    wanted = Q(for_jobs=True, withdrawn_at=None) | Q(pk__in=stored - {None})
    for row in rows.filter(wanted).select_related("model").order_by("model__name", "pk"):
        try:
            model, shape = row.model.shape, row.shape
        except (KeyError, CatalogueError):
            continue  # of an older release: nobody can send it
        sent = row.for_jobs and row.withdrawn_at is None and shape.danger in FOR_JOBS
        if sent or row.pk in stored:
            yield Command(row.pk, model, shape, sent)


def _choices(found: Mapping[str, Command]) -> list[tuple[Any, Any]]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for key, command in found.items():
        title = str(command.shape.name)
        if not command.allowed:
            title = _("%(command)s (not offered any more)") % {"command": title}
        groups.setdefault(command.model.name, []).append((key, title))
    return [(Action.RESTART.value, Action.RESTART.label), *groups.items()]
