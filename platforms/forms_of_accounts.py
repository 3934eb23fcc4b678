"""Forms of accounts, for superadmins."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.forms import UserChangeForm, UserCreationForm

from .forms import normal
from .models import User


class AccountCreationForm(UserCreationForm):
    """A new account; without a password its owner gets in by the link of a reset mail."""

    class Meta:
        model = User
        fields = ("email", "full_name")

    def clean_email(self) -> str:
        """Keep the address in one spelling."""
        return normal(self.cleaned_data["email"])


class AccountForm(UserChangeForm):
    """Changes an account. The installation keeps a superadmin who can log in."""

    person: User

    class Meta:
        model = User
        fields = ("email", "full_name", "is_superuser", "is_active", "password")

    def clean_email(self) -> str:
        """Keep the address in one spelling."""
        return normal(self.cleaned_data["email"])

    def clean(self) -> dict[str, Any] | None:
        """Refuse to lock oneself out; thus somebody is always left to let others in."""
        cleaned: dict[str, Any] = super().clean() or {}
        if self.instance.pk == self.person.pk:
            for name in ("is_superuser", "is_active"):
                if name in self.fields and not cleaned.get(name):
                    self.add_error(name, ValidationError(_("You cannot take this from yourself.")))
        return cleaned
