"""Power outages on the page of a socket: the last ones, and ending one whose end was not told."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from devices import outages
from devices.models import Device, PowerOutage
from devices.templates import Danger
from platforms.admin.confirmed_deeds import ConfirmedDeedsAdmin
from platforms.audit import Actor

from . import reach

SHOWN = 5  # outages


class ClosingForm(forms.Form):
    """Whence somebody knows that the mains are back."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=255,
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
        help_text=gettext_lazy("Whence you know it, such as: the electrician called."),
    )


class OutagePages(ConfirmedDeedsAdmin):
    """The deed that ends an outage by hand."""

    def has_mains_back_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Offer it while the mains are gone, to who may command the socket."""
        device = self.row_or_404(request, object_id)
        lasts = device.mains_lost_at is not None and device.retired_at is None
        return lasts and reach.sender_of(request).may(Danger.NONE, device)

    @action(
        description=gettext_lazy("The mains are back"),
        url_path="mains-back",
        icon="power",
        permissions=["mains_back"],
    )
    def mains_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask whence that is known; then end the outage."""
        device: Device = self.row_or_404(request, object_id)
        form = ClosingForm(request.POST if request.method == "POST" else None)
        if request.method != "POST" or not form.is_valid():
            return self.ask(
                request,
                device,
                title=_("End the outage of %(socket)s?") % {"socket": device},
                text=_(
                    "The socket told that its mains are lost and has not told that they are back: "
                    "that message can be lost. Nothing is sent. The record says that you ended it."
                ),
                button=_("The mains are back"),
                form=form,
            )
        # unscoped: of a socket that was reached by for_user
        outage = PowerOutage.objects.filter(device=device, ended=None).first()
        actor, now = Actor.of_request(request), timezone.now()
        if outage is None or not outages.close(outage, form.cleaned_data["reason"], actor, now):
            messages.info(request, _("This outage is over already."))
        else:
            messages.success(request, _("The outage is ended."))
        return self.back_to(device)

    def outages_of(self, device: Device) -> list[dict[str, Any]]:
        """Return the last outages of a socket, each with who told its end."""
        # unscoped: of a socket that was reached by for_user
        rows = PowerOutage.objects.filter(device=device).order_by("-began", "-pk")[:SHOWN]
        return [{"row": row, "ended_by": _ended_by(row)} for row in rows]


def _ended_by(outage: PowerOutage) -> str:
    if outage.ended is None:
        return ""
    if outage.closed_by:
        told = {"who": outage.closed_by, "reason": outage.closed_reason}
        return _("Ended by %(who)s: %(reason)s") % told
    return _("The socket told it.")
