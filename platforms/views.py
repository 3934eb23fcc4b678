"""Pages for people who are not in yet: accept an invitation, set a new password."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import authenticate, login, logout, views as auth_views
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from . import audit, invitations, throttle
from .audit import Action, Actor, client_address
from .forms import TOO_OFTEN, JoinForm, NewAccountForm, NewPasswordForm, ResetForm, normal
from .models import Invitation, User


def _page(
    request: HttpRequest, template: str, title: str, status: int = 200, **context: Any
) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": title, **context}
    return TemplateResponse(request, template, context, status=status)


def _closed(request: HttpRequest, why: str, status: int) -> HttpResponse:
    return _page(
        request, "platforms/invitation_closed.html", _("Invitation"), status=status, why=why
    )


# -- accepting an invitation --------------------------------------------------------------------


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Let the holder of a link join: with the account at hand, by its password, or as new.

    404 for a link that never was, 410 with the reason for one that no longer holds.
    """
    found = invitations.find(token)
    if found is None:
        return _closed(request, _("This link is not right. Open it as it stands in the mail."), 404)
    if why := invitations.refusal(found, timezone.now()):
        return _closed(request, why, 410)
    if "log_out" in request.POST and request.user.is_authenticated:
        audit.record(Actor.of_request(request), Action.LOGGED_OUT, "logout", platform_id=None)
        logout(request)
        return redirect(request.path)
    # unscoped: the invitation names the account; its answer tells nobody
    account = User.objects.filter(email=normal(found.email)).first()
    try:
        if account is None and not request.user.is_authenticated:
            return _as_new(request, found)
        if request.user.is_authenticated and request.user != account:
            return _show(request, found, "other", None)
        if account is None or not account.is_active:
            return _closed(request, _("This account is switched off. Ask a superadmin."), 410)
        return _as_known(request, found, account)
    except invitations.NotAccepted as error:
        return _closed(request, str(error), 410)


def _show(request: HttpRequest, found: Invitation, way: str, form: Any) -> HttpResponse:
    title = _("Join %(platform)s") % {"platform": found.platform.name}
    return _page(request, "platforms/invitation.html", title, invitation=found, way=way, form=form)


def _as_known(request: HttpRequest, found: Invitation, account: User) -> HttpResponse:
    """Accept for an account: at once when its owner is logged in, else after the password."""
    posted = request.method == "POST"
    if request.user == account:
        if not posted:
            return _show(request, found, "join", None)
        invitations.accept(found, account, client_address(request))
        return redirect("admin:index")
    form = JoinForm(request.POST if posted else None)
    if not posted or not form.is_valid() or not _password_holds(request, account, form):
        return _show(request, found, "password", form)
    invitations.accept(found, account, client_address(request))
    return _enter(request, account)


def _password_holds(request: HttpRequest, account: User, form: JoinForm) -> bool:
    """Check the password as the login page does: throttled and audited."""
    address = client_address(request)
    if throttle.login_is_throttled(account.email, address):
        form.add_error("password", TOO_OFTEN)
        return False
    if authenticate(request, username=account.email, password=form.cleaned_data["password"]):
        return True
    actor = Actor(account.email, "invitation", address=address)
    audit.record(actor, Action.LOGIN_FAILED, "login", platform_id=None)
    form.add_error("password", gettext_lazy("The password is not right."))
    return False


def _as_new(request: HttpRequest, found: Invitation) -> HttpResponse:
    """Open an account for the invited address and accept."""
    form = NewAccountForm(request.POST or None, email=found.email)
    if request.method != "POST" or not form.is_valid():
        return _show(request, found, "new", form)
    name, password = form.cleaned_data["full_name"], form.cleaned_data["password1"]
    return _enter(
        request, invitations.accept_as_new(found, name, password, client_address(request))
    )


def _enter(request: HttpRequest, account: User) -> HttpResponse:
    login(request, account, backend="django.contrib.auth.backends.ModelBackend")
    audit.record(Actor.of_request(request), Action.LOGGED_IN, "login", platform_id=None)
    return redirect("admin:index")


# -- setting a new password ---------------------------------------------------------------------


class _Look:
    """Gives Django's own views what the templates of the admin need."""

    request: HttpRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the site's context, below the view's own."""
        own: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        return {**admin.site.each_context(self.request), **own}


class AskReset(_Look, auth_views.PasswordResetView):
    """Asks for the address; the answer is the same whoever it belongs to."""

    form_class = ResetForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """Tell the form where the request comes from."""
        return {**super().get_form_kwargs(), "address": client_address(self.request)}

    def form_valid(self, form: Any) -> HttpResponse:
        """Note that a reset was asked, then mail the link where there is an account."""
        actor = Actor(form.cleaned_data["email"], "reset", address=client_address(self.request))
        audit.record(actor, Action.RESET_ASKED, "password reset", platform_id=None)
        return super().form_valid(form)


class ResetAsked(_Look, auth_views.PasswordResetDoneView):
    """Says to look into the mailbox."""


@method_decorator(never_cache, name="dispatch")
class SetPassword(_Look, auth_views.PasswordResetConfirmView):
    """Takes the new password of the link's owner."""

    form_class = NewPasswordForm

    def form_valid(self, form: Any) -> HttpResponse:
        """Set the password and note it."""
        answer = super().form_valid(form)
        actor = Actor(str(form.user), "reset", form.user.pk, client_address(self.request))
        audit.record(actor, Action.PASSWORD_CHANGED, form.user, platform_id=None)
        return answer


class PasswordIsSet(_Look, auth_views.PasswordResetCompleteView):
    """Says that the new password holds."""
