"""Secrets in rows: encrypted at rest, bound to their row, written but never read back by people.

The context of a secret is the model, the field and the row's `secret_context`, a random and
unique value: known before the row has a number, and not to be held by two rows at once.
Trap: renaming a model or a field changes the context; such a migration must seal anew.
"""

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.core import checks
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models.query_utils import DeferredAttribute
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from .keyring import KeyRing, KeyRingError

LONGEST = 4096  # characters of a secret
KEPT = object()  # what the form field answers when the stored secret shall stay


def key_ring() -> KeyRing:
    """Return the ring of REMOSA_SECRET_KEYS; blank entries do not count."""
    return KeyRing(tuple(key.strip() for key in settings.REMOSA_SECRET_KEYS if key.strip()))


class Secret:
    """The value of an EncryptedField: true when set, opened only by `reveal()`.

    Its text, representation and serial form never hold the secret.
    """

    __slots__ = ("_context", "_plain", "_sealed")

    def __init__(self, sealed: str = "", plain: str = "", context: str = "") -> None:
        self._sealed = sealed
        self._plain = plain
        self._context = context

    def __bool__(self) -> bool:
        return bool(self._sealed or self._plain)

    def __str__(self) -> str:
        return "••••••••" if self else ""

    def __repr__(self) -> str:
        return f"<Secret: {'set' if self else 'not set'}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Secret, (self.sealed(), "", self._context)

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Secret":
        return self

    def in_context(self, context: str) -> "Secret":
        """Return the same secret as that of a row."""
        if self._context and self._context != context and self:
            return Secret(plain=self.reveal(), context=context)
        return Secret(self._sealed, self._plain, context)

    def reveal(self) -> str:
        """Return the secret itself, "" when not set; raise KeyRingError when it is unreadable."""
        if self._plain or not self._sealed:
            return self._plain
        return key_ring().unseal(self._sealed, self._context)

    def problem(self) -> KeyRingError | None:
        """Say why it cannot be read, or None: for pages, which must work all the same."""
        try:
            self.reveal()
        except KeyRingError as error:
            return error
        return None

    def sealed(self) -> str:
        """Return the text to store, encrypting what is new."""
        if not self._plain:
            return self._sealed
        return key_ring().seal(self._plain, self._context)

    def resealed(self) -> "Secret | None":
        """Return it encrypted by the first key; None when it is already."""
        if not self._sealed or key_ring().is_current(self._sealed):
            return None
        sealed = key_ring().seal(self.reveal(), self._context)
        return Secret(sealed, context=self._context)


class SecretRow(models.Model):
    """A row that has secrets: gives them the context that no other row has."""

    secret_context = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        abstract = True


class SecretAttribute(DeferredAttribute):
    """Gives and takes the Secret of an instance, in the instance's context."""

    field: "EncryptedField"

    def __get__(self, instance: models.Model | None, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if instance is None:
            return value
        return value.in_context(self.field.context_of(instance))

    def __set__(self, instance: models.Model, value: "str | Secret | None") -> None:
        kept = value if isinstance(value, Secret) else Secret(plain=value or "")
        instance.__dict__[self.field.attname] = kept


class EncryptedField(models.Field[Any, Any]):
    """A column of sealed text on a SecretRow; give it a text, get a Secret.

    Not a TextField: the admin would choose a text area by the class.
    """

    description = _("Encrypted text")
    descriptor_class = SecretAttribute
    audit_hidden = True

    def get_internal_type(self) -> str:
        """Store it as text."""
        return "TextField"

    def context_of(self, instance: models.Model) -> str:
        """Return what the secret of this row is bound to."""
        row = getattr(instance, "secret_context", "")
        return f"{self.model._meta.label_lower}.{self.name}:{row}"

    def from_db_value(self, value: str | None, *_rest: object) -> Secret:
        """Wrap the stored text, also in values() and values_list()."""
        return Secret(value or "")

    def to_python(self, value: Any) -> Any:
        """Wrap a text."""
        return value if isinstance(value, Secret) or value is KEPT else Secret(plain=value or "")

    def pre_save(self, model_instance: models.Model, add: bool) -> Secret:
        """Encrypt what is new in the context of the row."""
        secret: Secret = getattr(model_instance, self.attname)
        stored = Secret(secret.sealed())
        setattr(model_instance, self.attname, stored)
        return stored

    def get_prep_value(self, value: Any) -> str:
        """Return the sealed text; a plain one has no row and is refused."""
        if isinstance(value, Secret):
            return value.sealed()
        if value:
            raise TypeError(f"{self}: a secret is set on its row and saved, not by a query")
        return ""

    def value_to_string(self, obj: models.Model) -> str:
        """Keep it out of dumps and serializers."""
        return ""

    def save_form_data(self, instance: models.Model, data: Any) -> None:
        """Set the typed secret unless the stored one shall stay."""
        if data is not KEPT:
            super().save_form_data(instance, data)

    def formfield(self, **kwargs: Any) -> Any:
        """Give the write-only field; an admin's widget for texts would show the value."""
        kwargs.pop("widget", None)
        kwargs.pop("choices_form_class", None)
        defaults = {"label": capfirst(self.verbose_name), "help_text": self.help_text}
        return WriteOnlySecretField(**{**defaults, **kwargs, "required": not self.blank})

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        """Demand a secret where one is needed."""
        if not value and not self.blank:
            raise ValidationError(self.error_messages["blank"], code="blank")
        return value

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        """Demand the row's context."""
        errors = list(super().check(**kwargs))
        try:
            context = self.model._meta.get_field("secret_context")
            bound = isinstance(context, models.Field) and context.unique and not context.null
        except FieldDoesNotExist:
            bound = False
        if not bound:
            hint = "Derive the model from platforms.secrets.SecretRow."
            errors.append(
                checks.Error("A secret needs a row with a context.", hint, self, "platforms.E101")
            )
        return errors


class SecretInput(forms.PasswordInput):
    """A password box that never holds the stored secret, and a box to clear it."""

    template_name = "platforms/secret_input.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Tell the template whether there is a secret, and whether it can be read."""
        # Here, for it needs models that are loaded.
        from unfold.widgets import (
            CHECKBOX_CLASSES,
            INPUT_CLASSES,
        )

        context = super().get_context(name, None, attrs)
        secret = value if isinstance(value, Secret) else Secret()
        context["widget"]["attrs"] |= {
            "autocomplete": "new-password",
            "class": " ".join(INPUT_CLASSES),
        }
        context["widget"].update(
            is_set=bool(secret),
            problem=secret.problem(),
            clear_name=f"{name}-clear",
            clear_class=" ".join(CHECKBOX_CLASSES),
            may_clear=bool(secret) and not self.is_required,
        )
        return context

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Return the typed text, "" to clear, KEPT when neither was asked for."""
        typed = super().value_from_datadict(data, files, name)
        if typed:
            return typed
        return "" if data.get(f"{name}-clear") and not self.is_required else KEPT

    def use_required_attribute(self, initial: Any) -> bool:
        """Let the browser insist only where nothing is stored that could stay."""
        return super().use_required_attribute(initial) and not initial

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Say that the row's own value stays when the box is not in the form at all."""
        return name not in data and f"{name}-clear" not in data


class WriteOnlySecretField(forms.CharField):
    """Takes a secret, shows only whether one is set; left empty, the stored one stays."""

    widget = SecretInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.pop("initial", None)
        super().__init__(**{"max_length": LONGEST, **kwargs})

    def clean(self, value: Any) -> Any:
        """Return KEPT or the text; without a key ring say what to do."""
        if value is KEPT:
            return KEPT
        cleaned: str = super().clean(value)
        try:
            if cleaned:
                key_ring().seal("", "")
        except KeyRingError as error:
            raise ValidationError(str(error), code=error.code) from error
        return cleaned

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Say whether something was typed, or a set secret is to be cleared."""
        return data is not KEPT and bool(data or initial)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Show the form again without what was typed."""
        return initial
