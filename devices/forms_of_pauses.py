"""The form of a pause: over what, why, until when. It checks; it writes nothing."""

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from . import pauses
from .forms_of_shared_rows import SharedRowForm
from .forms_of_stops import StopForm
from .models import Pause
from .senders import Sender


class PauseForm(StopForm, SharedRowForm):
    """A pause of everything, of a platform or of one socket."""

    sender: ClassVar[Sender]

    class Meta:
        model = Pause
        fields = ("platform", "device", "reason", "expires_at")
        widgets: ClassVar = {
            "reason": UnfoldAdminTextInputWidget(
                {"placeholder": _("Electricians are on site until evening")}
            )
        }

    def clean(self) -> dict[str, Any] | None:
        """Take the platform of the socket; ask whether this person may stop it."""
        device = self.cleaned_data.get("device")
        if device is not None:
            chosen = self.cleaned_data.get("platform")
            if chosen is not None and chosen.pk != device.platform_id:
                self.add_error("device", _("This belongs to another platform."))
            self.cleaned_data["platform"] = device.platform
            self.errors.pop("platform", None)
            if device.retired_at is not None:
                self.add_error("device", _("The socket was taken out of use."))
        cleaned = super().clean() or {}
        platform = cleaned.get("platform") or self.instance.platform
        cleaned["platform"] = platform
        if not self.errors and not pauses.may(self.sender, platform, device):
            name = "device" if device is not None or "platform" not in self.fields else "platform"
            self.add_error(name, _("Your role does not allow this pause."))
        return cleaned
