"""The form of a pause of a job: which job, why, until when. It checks; it writes nothing."""

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from devices.forms_of_stops import StopForm
from devices.senders import Sender
from platforms.scoped_forms import ScopedModelForm

from . import job_pauses
from .models import JobPause


class JobPauseForm(StopForm, ScopedModelForm):
    """A pause of one job; its platform is that of the job."""

    sender: ClassVar[Sender]

    class Meta:
        model = JobPause
        fields = ("job", "reason", "expires_at")
        widgets: ClassVar = {
            "reason": UnfoldAdminTextInputWidget({"placeholder": _("New panels are put up")})
        }

    def clean(self) -> dict[str, Any] | None:
        """Take the platform of the job; ask whether this person may stop it."""
        job = self.cleaned_data.get("job")
        if job is not None:
            self.instance.platform = job.platform
            if not job_pauses.may(self.sender, job):
                self.add_error("job", _("Your role does not allow this pause."))
        return super().clean()
