"""The form of a pause of a job: which job, why, until when. It checks; it writes nothing."""

from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from devices.senders import Sender
from platforms.scoped_forms import ScopedModelForm

from . import job_pauses
from .models import JobPause


class JobPauseForm(ScopedModelForm):
    """A pause of one job; its platform is that of the job."""

    sender: ClassVar[Sender]

    class Meta:
        model = JobPause
        fields = ("job", "reason", "expires_at")
        widgets: ClassVar = {
            "reason": UnfoldAdminTextInputWidget({"placeholder": _("New panels are put up")})
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "expires_at" in self.fields:
            self.fields["expires_at"].help_text = _("Empty: until somebody lifts it.")

    def clean_expires_at(self) -> Any:
        """Refuse a moment that is over."""
        moment = self.cleaned_data["expires_at"]
        if moment is not None and moment <= timezone.now():
            raise forms.ValidationError(_("This moment is over: choose one that is to come."))
        return moment

    def clean(self) -> dict[str, Any] | None:
        """Take the platform of the job; ask whether this person may stop it."""
        job = self.cleaned_data.get("job")
        if job is not None:
            self.instance.platform = job.platform
            if not job_pauses.may(self.sender, job):
                self.add_error("job", _("Your role does not allow this pause."))
        return super().clean()
