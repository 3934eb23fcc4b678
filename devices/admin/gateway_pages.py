"""Trying a gateway from its page: check what can be asked of it, send one harmless message."""

from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _, gettext_lazy
from unfold.decorators import action

from devices import gateway_trials
from devices.forms_of_gateways import TrialForm
from devices.gateways.shape import Outcome
from platforms.admin.confirmed_deeds import ConfirmedDeedsAdmin
from platforms.audit import Actor

from .shared_rows import SharedRowsAdmin


class GatewayTrials(SharedRowsAdmin, ConfirmedDeedsAdmin):
    """The buttons that try a gateway."""

    actions_detail = ("check", "send_test")

    def has_try_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Ask the right to change it."""
        return self.has_change_permission(request, self.row_or_404(request, object_id))

    @action(
        description=gettext_lazy("Check"),
        url_path="check",
        icon="network_check",
        permissions=["try"],
    )
    def check_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask first; then look at the settings and ask the gateway what can be asked."""
        gateway = self.row_or_404(request, object_id)
        if request.method != "POST":
            return self.ask(
                request,
                gateway,
                title=_("Check %(gateway)s?") % {"gateway": gateway},
                text=_(
                    "Its settings are looked at and it is asked for its inbox. Nothing is sent."
                ),
                button=_("Check"),
            )
        for finding in gateway_trials.examine(gateway):
            (messages.success if finding.well else messages.error)(request, finding.text)
        return self.back_to(gateway)

    @action(
        description=gettext_lazy("Send a test message"),
        url_path="test",
        icon="send",
        permissions=["try"],
    )
    def send_test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a phone; send it the one message that switches nothing."""
        gateway = self.row_or_404(request, object_id)
        posted = request.POST if request.method == "POST" else None
        form = TrialForm(gateway.region, posted, initial={"page": uuid4()})
        if request.method != "POST" or not form.is_valid():
            text = _("One SMS with the text “%(text)s” goes out, on the account of this gateway.")
            return self.ask(
                request,
                gateway,
                title=_("Send a test message by %(gateway)s") % {"gateway": gateway},
                text=text % {"text": gateway_trials.TEXT},
                button=_("Send"),
                form=form,
            )
        actor = Actor.of_request(request)
        told = form.cleaned_data
        sent = gateway_trials.send_trial(gateway, told["phone"], actor, told["page"])
        if sent is None:
            text = _("This was given before: nothing was sent a second time.")
            messages.info(request, text)
            return self.back_to(gateway)
        show = {Outcome.ACCEPTED: messages.success, Outcome.REJECTED: messages.error}
        show.get(sent.outcome, messages.warning)(request, f"{sent.outcome}. {sent.reason}")
        return self.back_to(gateway)
