"""Forms about people of a platform: change a role, invite."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from . import throttle
from .forms import normal
from .models import Invitation, Membership, Platform
from .roles import Role
from .scoped_forms import ScopedModelForm


def is_last_admin(membership: Membership) -> bool:
    """Tell whether the platform has no other administrator who can log in."""
    return Membership.objects.last_admins().filter(pk=membership.pk).exists()


class _GivesRole(ScopedModelForm):
    """Offers the roles that the person may give, and checks the choice on its platform."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "role" in self.fields:
            field, roles = self.fields["role"], self._roles()
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 (a model field with choices)
            field.choices = [choice for choice in Role.choices if choice[0] in roles]

    def _roles(self) -> set[str]:
        """Return the roles to offer: of the row's platform, or of any while it is not chosen."""
        if self.instance.platform_id is not None:
            return set(self.person.roles_to_give(self.instance.platform_id))
        platforms = Platform.objects.for_user(self.person, self.write_deed)
        return {
            role
            for pk in platforms.values_list("pk", flat=True)
            for role in self.person.roles_to_give(pk)
        }

    def clean(self) -> dict[str, Any] | None:
        """Refuse a role that does not stand below the person's own on that platform."""
        cleaned = super().clean() or {}
        platform = cleaned.get("platform") or (
            self.instance.platform if self.instance.platform_id else None
        )
        role = cleaned.get("role")
        if platform and role and role not in self.person.roles_to_give(platform.pk):
            self.add_error("role", _("You may give roles below your own only."))
        return cleaned


class MembershipForm(_GivesRole):
    """Changes a role; the last administrator goes only when that is meant."""

    leave_without_admin = forms.BooleanField(
        label=_("Leave the platform without an administrator"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("This is its last administrator. Without one only a superadmin can invite."),
    )

    class Meta:
        model = Membership
        fields = ("user", "platform", "role")

    def clean(self) -> dict[str, Any] | None:
        """Ask again before the last administrator loses the role."""
        cleaned = super().clean() or {}
        if self.instance.pk is None or cleaned.get("role") in (None, Role.ADMIN):
            return cleaned
        before = Membership.objects.get(pk=self.instance.pk)
        if is_last_admin(before) and not cleaned.get("leave_without_admin"):
            self.add_error(
                "role", _("This is the last administrator of the platform. Confirm it below.")
            )
        return cleaned


class InvitationForm(_GivesRole):
    """Whom to invite, as what, and in which language to write."""

    language = forms.ChoiceField(
        label=_("Language of the mail"), choices=settings.LANGUAGES, widget=UnfoldAdminSelectWidget
    )

    class Meta:
        model = Invitation
        fields = ("platform", "email", "role")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].initial = get_language()
        if "role" in self.fields:
            self.fields["role"].initial = Role.VIEWER

    def clean_email(self) -> str:
        """Keep the address in one spelling."""
        return normal(self.cleaned_data["email"])

    def clean(self) -> dict[str, Any] | None:
        """Refuse members, people who were asked already, and too many mails.

        Only what the inviter can see in the lists of the platform is looked at, never accounts.
        """
        cleaned = super().clean() or {}
        email = cleaned.get("email")
        platform = cleaned.get("platform") or (
            self.instance.platform if self.instance.platform_id else None
        )
        if not email or platform is None or self.errors:
            return cleaned
        if Membership.objects.filter(platform=platform, user__email=email).exists():
            self.add_error("email", _("This person is a member of the platform."))
        elif _is_waiting(platform, email):
            self.add_error(
                "email",
                _("This person was invited already. Open that invitation to send it again."),
            )
        elif throttle.invitation_is_throttled(platform.pk, email, self.person.pk):
            raise ValidationError(TOO_MANY_MAILS)
        return cleaned


TOO_MANY_MAILS = _("Too many invitations within an hour. Try again later.")


class LanguageForm(forms.Form):
    """In which language to write a mail."""

    language = forms.ChoiceField(
        label=_("Language of the mail"), choices=settings.LANGUAGES, widget=UnfoldAdminSelectWidget
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].initial = get_language()


def _is_waiting(platform: Platform, email: str) -> bool:
    waiting = Invitation.objects.open_at(timezone.now())
    return waiting.filter(platform=platform, email=email).exists()
