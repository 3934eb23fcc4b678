"""API tokens: everybody makes and ends the own ones, superadmins those of machines too."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from platforms import audit, tokens
from platforms.audit import Action, Actor
from platforms.forms_of_tokens import TokenForm
from platforms.models import ApiToken, TokenKind
from platforms.roles import Deed
from platforms.scoped_fields import person_of

from .confirmed_deeds import ConfirmedDeedsAdmin


def _audience(token: ApiToken) -> int | None:
    """Return whose audit log names the token: a person's own is nobody else's business."""
    return None if token.kind == TokenKind.USER else token.platform_id


@admin.register(ApiToken)
class ApiTokenAdmin(ConfirmedDeedsAdmin):
    """The secret is in the answer that makes the token, and nowhere else, ever."""

    write_deed: ClassVar[Deed] = Deed.SEE
    may_change = False
    may_delete = False
    form = TokenForm
    search_fields = ("name", "prefix")
    list_select_related = ("platform", "owner")
    actions_detail = ("revoke",)

    def get_list_display(self, request: HttpRequest) -> Any:
        """Name owner and kind only to those who see more than their own."""
        own = ["name", "prefix", "state", "platform", "read_only", "last_used_at", "expires_at"]
        return [*own, "kind", "owner"] if self._owns(request) else own

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Only superadmins have several kinds."""
        return ("kind",) if self._owns(request) else ()

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Show a person's own tokens, also of a platform that the person has left."""
        if not isinstance(obj, ApiToken):
            return person_of(request).is_staff
        return self._owns(request) or obj.owner_id == person_of(request).pk

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Ask members for four things, superadmins for kind and exporter kind too."""
        machine = ("kind", "exporter_kind") if self._owns(request) else ()
        asked = ("name", *machine, "platform", "read_only", "expires_at")
        if obj is None:
            return asked
        return ("state_now", "prefix", *asked, "owner", "created_at", "last_used_at", "revoked_at")

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Nothing of a token changes."""
        return self.get_fields(request, obj) if obj is not None else ()

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Link to the history for those who can read its lines."""
        context = {**(extra_context or {}), "show_history": self._owns(request)}
        return super().changeform_view(request, object_id, form_url, context)

    def _owns(self, request: HttpRequest) -> bool:
        return person_of(request).reaches_every_platform(Deed.OWN)

    @display(
        description=gettext_lazy("state"),
        label={"valid": "success", "expired": "warning", "revoked": "danger"},
    )
    def state(self, token: ApiToken) -> tuple[str, str]:
        """Return whether the token still opens anything."""
        if token.revoked_at is not None:
            return "revoked", _("revoked")
        if token.expires_at is not None and token.expires_at <= timezone.now():
            return "expired", _("expired")
        return "valid", _("valid")

    @admin.display(description=gettext_lazy("state"))
    def state_now(self, token: ApiToken) -> str:
        """Return whether the token still opens anything, in words."""
        return str(self.state(token)[1])

    # -- making ---------------------------------------------------------------------------------

    def save_model(
        self, request: HttpRequest, obj: models.Model, form: forms.ModelForm[Any], change: bool
    ) -> None:
        """Issue the token; its secret stays on the row in memory for the answer alone."""
        assert isinstance(obj, ApiToken)  # noqa: S101 (the model of this admin)
        kind = TokenKind(obj.kind)
        made, secret = tokens.issue(
            kind,
            obj.name,
            owner=person_of(request) if kind is TokenKind.USER else None,
            platform=obj.platform,
            exporter_kind=obj.exporter_kind,
            read_only=obj.read_only,
            expires_at=obj.expires_at,
        )
        obj.pk, obj.prefix = made.pk, made.prefix
        vars(obj)["secret"] = secret
        actor, after = Actor.of_request(request), audit.snapshot(made)
        audit.record(actor, Action.CREATED, made, platform_id=_audience(made), after=after)

    def response_add(
        self, request: HttpRequest, obj: models.Model, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the secret in this answer: no redirect, so it is stored nowhere on the way."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("The token is made"),
            "original": obj,
            "secret": vars(obj)["secret"],
        }
        return TemplateResponse(request, "platforms/token_made.html", context)

    # -- ending ---------------------------------------------------------------------------------

    def has_revoke_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Ask that the token was not revoked before."""
        return object_id is None or self.row_or_404(request, object_id).revoked_at is None

    @action(
        description=gettext_lazy("Revoke"),
        icon="block",
        variant=ActionVariant.DANGER,
        permissions=["revoke"],
    )
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End the token for good."""
        row = self.row_or_404(request, object_id)
        if request.method == "POST":
            if tokens.revoke(row):
                actor = Actor.of_request(request)
                audit.record(actor, Action.REVOKED, row, platform_id=_audience(row))
            messages.success(request, _("The token is revoked."))
            return self.back_to(row)
        return self.ask(
            request,
            row,
            title=_("Revoke"),
            text=_("Whatever uses the token %(name)s is refused from now on.") % {"name": row.name},
            button=_("Revoke"),
            danger=True,
        )
