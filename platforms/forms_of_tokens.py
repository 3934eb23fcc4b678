"""The form of an API token, as far as the person may make one."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from .models import ApiToken, TokenKind
from .registry import exporter_kinds
from .roles import Deed
from .scoped_forms import ScopedModelForm
from .wall_time import LAST


class TokenForm(ScopedModelForm):
    """Members make tokens of their own; only superadmins choose another kind."""

    class Meta:
        model = ApiToken
        fields = ("name", "kind", "exporter_kind", "platform", "read_only", "expires_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "expires_at" in self.fields:
            text = _("In the time zone %(zone)s. Empty: the token does not expire.")
            self.fields["expires_at"].help_text = format_html(
                text % {"zone": '<span class="font-mono">{}</span>'},
                timezone.get_current_timezone_name(),
            )
        if "kind" in self.fields:
            self.fields["kind"].initial = TokenKind.USER
            self.fields["exporter_kind"] = forms.ChoiceField(
                label=_("Exporter kind"),
                required=False,
                choices=[("", "-"), *exporter_kinds.items()],
                widget=UnfoldAdminSelectWidget,
                help_text=_("For exporter processes: whose device lists the token reads."),
            )
        if not self.person.reaches_every_platform(Deed.OWN):
            self.instance.kind = TokenKind.USER

    def clean_expires_at(self) -> Any:
        """Refuse a token that would be dead at once, and a moment that no row can keep."""
        expires_at = self.cleaned_data["expires_at"]
        if expires_at is not None and not timezone.now() < expires_at <= LAST:
            raise forms.ValidationError(_("Choose a moment in the future, or leave it empty."))
        return expires_at

    def clean(self) -> dict[str, Any] | None:
        """Ask an exporter kind of exporter tokens and of no other."""
        cleaned = super().clean() or {}
        is_exporter = cleaned.get("kind") == TokenKind.EXPORTER
        if is_exporter and not cleaned.get("exporter_kind"):
            self.add_error("exporter_kind", _("Choose the kind of the exporter process."))
        elif not is_exporter and "exporter_kind" in cleaned:
            cleaned["exporter_kind"] = ""
        if cleaned.get("kind", TokenKind.USER) != TokenKind.USER:
            cleaned["read_only"] = True
        return cleaned
