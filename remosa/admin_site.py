"""The admin site: who gets in, and what is not served there."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver
from unfold.sites import UnfoldAdminSite

from platforms import audit
from platforms.audit import Action, Actor


class RemosaAdminSite(UnfoldAdminSite):
    """The face of Remosa. A membership or the superadmin flag opens it, nothing else."""

    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in superadmins and members of an active platform."""
        return bool(request.user.is_active and getattr(request.user, "is_staff", False))

    def get_urls(self) -> list[Any]:
        """Leave out 'view on site': it would tell which ids of any table exist."""
        urls: list[URLPattern | URLResolver] = super().get_urls()
        return [url for url in urls if getattr(url, "name", None) != "view_on_site"]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Log in, and write success and failure into the audit record."""
        response = super().login(request, extra_context)
        if request.method == "POST":
            if request.user.is_authenticated:
                actor, action = Actor.of_request(request), Action.LOGGED_IN
            else:
                attempted = request.POST.get("username", "")[:254]
                address = audit.client_address(request)
                actor, action = Actor(attempted, "admin", address=address), Action.LOGIN_FAILED
            audit.record(actor, action, "login", platform_id=None)
        return response
