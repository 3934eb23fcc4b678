"""What the forms of all stops share: a stop ends at a moment to come. It writes nothing."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .pauses import PauseRefused, check_end


class StopForm(forms.ModelForm[Any]):
    """A stop with a reason, until a moment or until somebody lifts it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "expires_at" in self.fields:
            self.fields["expires_at"].help_text = _("Empty: until somebody lifts it.")

    def clean_expires_at(self) -> Any:
        """Refuse a moment that is over, and one that is too far off."""
        moment = self.cleaned_data["expires_at"]
        try:
            check_end(moment, timezone.now())
        except PauseRefused as refused:
            raise forms.ValidationError(str(refused)) from refused
        return moment
