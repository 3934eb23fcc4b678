"""The form of an exporter: its own columns, and a field for each setting of its kind.

It checks and fills in the row; the fields are made of `Kind.settings`, so that a kind needs no
form of its own.
"""

from typing import Any, ClassVar

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from platforms.keyring import KeyRingError
from platforms.roles import Deed
from platforms.scoped_forms import ScopedModelForm
from platforms.secrets import KEPT, Secret, WriteOnlySecretField

from . import account_settings
from .account_settings import WHOLE, Stored, is_secret, titled, translated
from .kinds.shape import Kind, Setting, SettingType
from .models import Exporter, Player

PREFIX = "setting_"  # before the name of a setting, in the form


class WordsField(forms.CharField):
    """Texts, one a line."""

    def prepare_value(self, value: Any) -> Any:
        """Write a list as lines."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Read lines as a list."""
        return (super().to_python(value) or "").splitlines()

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare lines."""
        return bool(self.to_python(data) != (initial or []))


class ExporterForm(ScopedModelForm):
    """An exporter of one kind; `form_of` adds the fields of the kind."""

    shape: ClassVar[Kind]

    class Meta:
        model = Exporter
        fields = ("platform", "name", "enabled", "poll_interval", "timeout", "max_concurrency")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.may_guard = self.person.reaches_every_platform(Deed.OWN)
        self.stored = stored_of(self.instance)
        if self.instance.pk is None:
            self.instance.kind = self.shape.name
        for each in self.shape.settings:
            field = self.fields.get(PREFIX + each.name)
            if field is None:
                continue  # who may only look gets no fields
            field.disabled = each.guarded and not self.may_guard
            field.required = each.required and not field.disabled
            if not is_secret(each):
                default = each.default if each.type is SettingType.CHOICE else None
                self.initial[PREFIX + each.name] = self.stored.settings.get(each.name, default)
            elif self.stored.secrets is None:
                self.initial[PREFIX + each.name] = self.instance.secrets  # says what is wrong
            else:
                self.initial[PREFIX + each.name] = Secret(
                    plain=self.stored.secrets.get(each.name, "")
                )

    def clean(self) -> dict[str, Any] | None:
        """Check the settings together, and put them into the row."""
        cleaned = super().clean() or {}
        changes = {
            each.name: cleaned[PREFIX + each.name]
            for each in self.shape.settings
            if PREFIX + each.name in cleaned
            and cleaned[PREFIX + each.name] is not KEPT
            and not self.fields[PREFIX + each.name].disabled
        }
        checked = account_settings.changed(
            self.shape,
            self.stored,
            changes,
            may_guard=self.may_guard,
            has_players=has_players(self.instance),
        )
        for name, problem in checked.problems.items():
            if name == WHOLE or PREFIX + name not in self.errors:
                self.add_error(PREFIX + name if name else None, str(problem))
        self.instance.settings = dict(checked.settings)
        if checked.secrets is not None and checked.secrets != self.stored.secrets:
            self.instance.take_secrets(checked.secrets)
        return cleaned

    @property
    def secrets_changed(self) -> bool:
        """Tell whether a secret was typed or cleared: for the record, which holds no secret."""
        secret = {PREFIX + each.name for each in self.shape.settings if is_secret(each)}
        return not secret.isdisjoint(self.changed_data)


def stored_of(exporter: Exporter) -> Stored:
    """Return the settings of a row with its secrets opened; None of them where that fails."""
    try:
        return Stored(exporter.settings, exporter.opened_secrets())
    except KeyRingError:
        return Stored(exporter.settings, None)


def has_players(exporter: Exporter) -> bool:
    """Tell whether players are watched because of this exporter."""
    # unscoped: of an exporter that was reached by for_user
    return Player.objects.enrolled().filter(exporter_id=exporter.pk).exists()


def form_of(kind: Kind) -> type[ExporterForm]:
    """Return the form class of a kind."""
    fields = {PREFIX + each.name: field_of(each) for each in kind.settings}
    return type("KindForm", (ExporterForm,), {"shape": kind, **fields})


def field_of(setting: Setting) -> forms.Field:
    """Return the field of a setting; that its value is right is checked with the others."""
    texts: dict[str, Any] = {
        "label": titled(setting.title),
        "help_text": translated(setting.help) if setting.help else "",
        "required": setting.required,
    }
    if setting.type is SettingType.SECRET:
        return WriteOnlySecretField(**texts)
    if setting.type is SettingType.WHOLE:
        lowest, highest = setting.limits or (0, account_settings.BIGGEST)
        return forms.IntegerField(
            min_value=lowest, max_value=highest, widget=UnfoldAdminIntegerFieldWidget, **texts
        )
    if setting.type is SettingType.CHOICE:
        empty = [] if setting.required or setting.default else [("", "-")]
        choices = [(name, titled(title)) for name, title in setting.choices]
        return forms.ChoiceField(
            choices=[*empty, *choices], widget=UnfoldAdminSelectWidget, **texts
        )
    if setting.type is SettingType.WORDS:
        return WordsField(widget=UnfoldAdminTextareaWidget({"rows": 4}), **texts)
    return forms.CharField(
        max_length=account_settings.LONGEST, widget=UnfoldAdminTextInputWidget, **texts
    )
