"""The form under every scoped admin page: fills in the platform, refuses links across platforms."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from .models import Platform, User
from .roles import Deed
from .scoping import Tenancy


def only_platform(model: type[models.Model], person: User, deed: Deed) -> Platform | None:
    """Return the platform of a new row of this model where the person has no choice."""
    field = next((field for field in model._meta.fields if field.name == "platform"), None)
    if field is None or field.null:
        return None
    choices = list(Platform.objects.for_user(person, deed)[:2])
    return choices[0] if len(choices) == 1 else None


class ScopedModelForm(forms.ModelForm[Any]):
    """A model form of one person. Whoever has a single platform is not asked for it."""

    person: ClassVar[User]
    write_deed: ClassVar[Deed]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            only = only_platform(type(self.instance), self.person, self.write_deed)
            if only is not None:
                self.fields.pop("platform", None)
                self.instance.platform = only

    def clean(self) -> dict[str, Any] | None:
        """Refuse a posted platform that is not the row's own, and links to other platforms."""
        cleaned: dict[str, Any] | None = super().clean()
        posted = self.data.get(self.add_prefix("platform"))
        own = getattr(self.instance, "platform_id", None)
        if "platform" not in self.fields and posted and own and str(own) != str(posted):
            raise ValidationError(_("This row belongs to another platform."), "foreign_platform")
        values = cleaned or {}
        platform = values.get("platform")
        platform_id = platform.pk if platform is not None else own
        for name, value in values.items():
            if name == "platform" or getattr(value, "tenancy", None) is not Tenancy.TENANT:
                continue
            if platform_id is not None and getattr(value, "platform_id", None) != platform_id:
                self.add_error(name, _("This belongs to another platform."))
        return cleaned
