"""Invitations: send, send again, withdraw; what became of them."""

import logging
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from platforms import invitations, mails, throttle
from platforms.audit import Actor
from platforms.forms_of_members import TOO_MANY_MAILS, InvitationForm, LanguageForm
from platforms.invitations import State
from platforms.models import Invitation
from platforms.roles import Deed, Role
from platforms.scoped_fields import person_of

from .confirmed_deeds import ConfirmedDeedsAdmin
from .filters import PlatformFilter, several_platforms

log = logging.getLogger(__name__)

COLOURS = {
    State.WAITING: "info",
    State.NOT_SENT: "danger",
    State.EXPIRED: "warning",
    State.ACCEPTED: "success",
    State.REVOKED: "primary",
}


@admin.register(Invitation)
class InvitationAdmin(ConfirmedDeedsAdmin):
    """Shows nothing that depends on whether the address has an account."""

    see_deed: ClassVar[Deed] = Deed.MEMBERS
    write_deed: ClassVar[Deed] = Deed.MEMBERS
    may_change = False
    may_delete = False
    form = InvitationForm
    search_fields = ("email",)
    list_filter = (PlatformFilter,)
    list_select_related = ("platform", "invited_by")
    actions_detail = ("send_again", "withdraw")

    def get_list_display(self, request: HttpRequest) -> Any:
        """Name the platform only where there are several."""
        own = ["email", "shown_role", "state", "inviter", "created_at", "expires_at"]
        return [*own, "platform"] if several_platforms(request) else own

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Ask for four things; show what became of it."""
        if obj is None:
            return ("platform", "email", "role", "language")
        facts = ("inviter", "created_at", "sent_at", "expires_at", "accepted_at", "revoked_at")
        return ("state_now", "platform", "email", "role", *facts)

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Nothing of an invitation changes by hand."""
        return self.get_fields(request, obj) if obj is not None else ()

    @display(description=gettext_lazy("role"), ordering="role")
    def shown_role(self, invitation: Invitation) -> str:
        """Return the role to be given."""
        return invitation.get_role_display()

    @display(description=gettext_lazy("state"), label=COLOURS)
    def state(self, invitation: Invitation) -> tuple[str, Any]:
        """Return what has become of it."""
        state = invitations.state_of(invitation, timezone.now())
        return state, state.label

    @admin.display(description=gettext_lazy("invited by"), ordering="invited_by__email")
    def inviter(self, invitation: Invitation) -> str | None:
        """Return who asked last; no link, for accounts are the superadmins' pages."""
        return invitation.invited_by.email if invitation.invited_by else None

    @admin.display(description=gettext_lazy("state"))
    def state_now(self, invitation: Invitation) -> str:
        """Return what has become of it, in words."""
        return str(invitations.state_of(invitation, timezone.now()).label)

    # -- sending --------------------------------------------------------------------------------

    def save_model(
        self, request: HttpRequest, obj: models.Model, form: forms.ModelForm[Any], change: bool
    ) -> None:
        """Store the invitation; its mail leaves when the transaction has ended."""
        assert isinstance(obj, Invitation)  # noqa: S101 (the model of this admin)
        actor, person = Actor.of_request(request), person_of(request)
        stored, token = invitations.store(actor, person, obj.platform, obj.email, Role(obj.role))
        obj.pk = stored.pk
        language = form.cleaned_data["language"]
        transaction.on_commit(lambda: self._mail(request, stored, token, language))

    def _mail(self, request: HttpRequest, row: Invitation, token: str, language: str) -> None:
        """Mail the link, and tell the inviter whether the server took it."""
        link = mails.link_to(request, reverse("invitation", args=[token]))
        try:
            invitations.mail(row, person_of(request), language=language, link=link)
        except mails.MailNotSent as error:
            log.error(
                "The mail of invitation %s was not taken: %s. It can be resent.", row.pk, error
            )
            text = _(
                "The mail could not be sent. The invitation is kept: open it and send it again, "
                "or ask a superadmin to check the mail server."
            )
            messages.error(request, text)
            return
        if mails.are_written_down():
            text = _(
                "No mail server is set: the mail to %(email)s was only written down on the machine "
                "of Remosa. Set EMAIL_URL, then send it again."
            )
            messages.warning(request, text % {"email": row.email})
        else:
            messages.success(
                request, _("A mail is on its way to %(email)s.") % {"email": row.email}
            )

    # -- deeds ----------------------------------------------------------------------------------

    def has_open_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Ask that the invitation is open and its role one that the person may give."""
        if object_id is None:
            return person_of(request).may(Deed.MEMBERS)
        row = self.row_or_404(request, object_id)
        roles = person_of(request).roles_to_give(row.platform_id)
        return row.role in roles and invitations.can_be_sent_again(row)

    @action(description=gettext_lazy("Send again"), icon="send", permissions=["open"])
    def send_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Mail a new link; the old one ends."""
        row = self.row_or_404(request, object_id)
        form = LanguageForm(request.POST or None)
        person = person_of(request)
        if request.method == "POST" and form.is_valid():
            if throttle.invitation_is_throttled(row.platform_id, row.email, person.pk):
                form.add_error(None, TOO_MANY_MAILS)
            else:
                token = invitations.renew(Actor.of_request(request), person, row)
                if token is None:
                    messages.error(
                        request, _("The invitation was accepted or withdrawn meanwhile.")
                    )
                else:
                    self._mail(request, row, token, form.cleaned_data["language"])
                return self.back_to(row)
        return self.ask(
            request,
            row,
            title=_("Send again"),
            text=_("%(email)s gets a new link. The link of the mail before ends.")
            % {"email": row.email},
            button=_("Send again"),
            form=form,
        )

    @action(
        description=gettext_lazy("Withdraw"),
        icon="block",
        variant=ActionVariant.DANGER,
        permissions=["open"],
    )
    def withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End the link for good."""
        row = self.row_or_404(request, object_id)
        if request.method == "POST":
            if invitations.revoke(Actor.of_request(request), row):
                messages.success(request, _("The invitation is withdrawn; its link has ended."))
            else:
                messages.error(request, _("The invitation was accepted or withdrawn meanwhile."))
            return self.back_to(row)
        return self.ask(
            request,
            row,
            title=_("Withdraw"),
            text=_("The link in the mail to %(email)s ends at once.") % {"email": row.email},
            button=_("Withdraw"),
            danger=True,
        )
