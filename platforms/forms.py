"""Forms of people at the door: log in, ask for a new password, accept an invitation."""

from typing import Any

from django import forms
from django.contrib.auth.forms import PasswordResetForm, SetPasswordForm, SetPasswordMixin
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import get_language, gettext_lazy as _
from unfold.forms import AuthenticationForm
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextInputWidget,
)

from . import mails, throttle
from .audit import client_address
from .models import User

TOO_OFTEN = _("Too many attempts. Wait a quarter of an hour, then try again.")


def normal(email: str) -> str:
    """Return an address in the spelling in which accounts and the audit record keep it."""
    return email.strip().lower()


class LoginForm(AuthenticationForm):
    """Lets in members and superadmins; slows whoever keeps failing."""

    error_messages = {
        "invalid_login": _("The e-mail or the password is not right."),
        "inactive": _("The e-mail or the password is not right."),
        "throttled": TOO_OFTEN,
        "no_platform": _(
            "This account belongs to no active platform. Ask an administrator to invite you."
        ),
    }

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.fields["username"].label = _("E-mail")

    def clean(self) -> dict[str, Any]:
        """Ask the throttle before the password, so that a throttled guess learns nothing."""
        email = normal(self.data.get("username", ""))
        address = client_address(self.request) if self.request else None
        if throttle.login_is_throttled(email, address):
            raise ValidationError(self.error_messages["throttled"], "throttled")
        cleaned: dict[str, Any] = super().clean()
        return cleaned

    def confirm_login_allowed(self, user: Any) -> None:
        """Let in whoever has something to see."""
        if not user.is_active:
            raise ValidationError(self.error_messages["inactive"], "inactive")
        if not user.is_staff:
            raise ValidationError(self.error_messages["no_platform"], "no_platform")


class ResetForm(PasswordResetForm):
    """Mails a link to set a new password; answers the same whether or not there is an account."""

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=UnfoldAdminEmailInputWidget({"autocomplete": "email", "autofocus": ""}),
    )

    def __init__(self, *args: Any, address: str | None, **kwargs: Any) -> None:
        self.address = address
        super().__init__(*args, **kwargs)

    def clean_email(self) -> str:
        """Slow whoever asks too often, for one account or for many."""
        email = normal(self.cleaned_data["email"])
        if throttle.reset_is_throttled(email, self.address):
            raise ValidationError(
                _("Too many requests for this e-mail or from your network. Try again in an hour.")
            )
        return email

    def get_users(self, email: str) -> Any:
        """Return the active account; one that never had a password gets its first this way."""
        return User.objects.filter(email=email, is_active=True)

    def save(  # type: ignore[override]
        self, *, request: HttpRequest, token_generator: PasswordResetTokenGenerator, **_rest: Any
    ) -> None:
        """Send the mail after the answer: the time of the answer must not tell either."""
        for user in self.get_users(self.cleaned_data["email"]):
            uid = urlsafe_base64_encode(force_bytes(user.pk))
            path = reverse("password_reset_confirm", args=[uid, token_generator.make_token(user)])
            facts = {"link": mails.link_to(request, path), "email": user.email}
            language = get_language() or "en"
            mails.send_later("password_reset", user.email, language, facts)


def _password_fields() -> tuple[forms.CharField, forms.CharField]:
    fields = SetPasswordMixin.create_password_fields(_("Password"), _("Password again"))
    for field in fields:
        field.widget = UnfoldAdminPasswordWidget({"autocomplete": "new-password"})
    return fields


class NewPasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    """A new password, twice, behind the link of a reset mail."""

    new_password1, new_password2 = _password_fields()


class JoinForm(forms.Form):
    """The password of the account that was invited."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=UnfoldAdminPasswordWidget({"autocomplete": "current-password", "autofocus": ""}),
    )


class NewAccountForm(SetPasswordMixin, forms.Form):  # type: ignore[type-arg]
    """Name and password of a new account; its address is the invited one."""

    full_name = forms.CharField(
        label=_("Your name"),
        max_length=120,
        widget=UnfoldAdminTextInputWidget({"autocomplete": "name", "autofocus": ""}),
    )
    password1, password2 = _password_fields()

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        self.email = email
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any] | None:
        """Check the password against the validators, name and address included."""
        cleaned: dict[str, Any] | None = super().clean()
        person = User(email=self.email, full_name=self.cleaned_data.get("full_name", ""))
        self.validate_passwords("password1", "password2")
        self.validate_password_for_user(person, "password2")
        return cleaned
