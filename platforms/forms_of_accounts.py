"""Forms of accounts, for superadmins."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.forms import UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldBooleanSwitchWidget

from .forms import normal
from .models import Membership, User


def platforms_of_last_admin(account: User) -> list[str]:
    """Return the names of the platforms that have no other administrator who can log in."""
    if not account.is_active:
        return []
    rows = Membership.objects.last_admins().filter(user=account)
    return list(rows.order_by("platform__name").values_list("platform__name", flat=True))


class AccountCreationForm(UserCreationForm):
    """A new account; without a password its owner gets in by the link of a reset mail."""

    class Meta:
        model = User
        fields = ("email", "full_name")

    def clean_email(self) -> str:
        """Keep the address in one spelling."""
        return normal(self.cleaned_data["email"])


class AccountForm(UserChangeForm):
    """Changes an account. The installation keeps a superadmin who can log in.

    A platform's last administrator is switched off only when that is meant.
    """

    person: User
    leave_without_admin = forms.BooleanField(
        label=_("Leave platforms without an administrator"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_(
            "Needed to switch off the last administrator of a platform. Without one only a "
            "superadmin can invite."
        ),
    )

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
        elif not cleaned.get("is_active") and not cleaned.get("leave_without_admin"):
            left = platforms_of_last_admin(User.objects.get(pk=self.instance.pk))
            if left:
                text = _("This is the last administrator of: %(platforms)s. Confirm it below.")
                self.add_error("is_active", text % {"platforms": ", ".join(left)})
        return cleaned
