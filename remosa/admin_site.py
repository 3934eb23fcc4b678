"""The admin site: who gets in, what is recorded at the door, and what is not served there."""

from functools import cache, partial
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.functional import SimpleLazyObject, cached_property
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from unfold.dataclasses import SearchResult
from unfold.sites import UnfoldAdminSite

from jobs import watchdog
from platforms import audit, bell
from platforms.audit import Action, Actor
from platforms.forms import LoginForm, normal
from platforms.models import User
from remosa import navigation

MOST_RESULTS = 100


class RemosaAdminSite(UnfoldAdminSite):
    """The face of Remosa. A membership or the superadmin flag opens it, nothing else."""

    login_form = LoginForm

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in superadmins and members of an active platform."""
        person = request.user
        if not person.is_authenticated or not person.is_active:
            return False
        person.remember_roles()
        return person.is_staff

    def get_urls(self) -> list[Any]:
        """Leave out 'view on site': it would tell which ids of any table exist."""
        urls: list[URLPattern | URLResolver] = super().get_urls()
        return [url for url in urls if getattr(url, "name", None) != "view_on_site"]

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[dict[str, Any]]:
        """Return what the person may see; the login page asks for it too, and gets nothing."""
        if not self.has_permission(request):
            return []
        apps: list[dict[str, Any]] = super().get_app_list(request, app_label)
        return apps

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return what all pages are given: what is the same for everybody, and what is this one's.

        The bell and the alarm of the engine are one question, asked where a page shows them; no
        page of ours shows the list of applications, whose making takes as long as its sidebar.
        """
        person, let_in = request.user, self.has_permission(request)
        context: dict[str, Any] = {
            **self._same_for_all,
            "has_permission": let_in,
            "available_apps": SimpleLazyObject(partial(self.get_app_list, request)),
            "sidebar_navigation": navigation.sidebar(request) if let_in else [],
        }
        if isinstance(person, User) and let_in:
            context["notices_url"] = reverse("admin:platforms_notice_changelist")
            head = cache(partial(_head_of, person))
            context["notices"] = SimpleLazyObject(lambda: head()["notices"])
            context["alarm"] = SimpleLazyObject(lambda: head()["alarm"])
        return context

    @cached_property
    def _same_for_all(self) -> dict[str, Any]:
        """Return what Unfold gives to the page of somebody who is not in yet.

        From there on it differs in what `each_context` puts in its place alone. Nothing in it is
        in a language yet.
        """
        request = HttpRequest()
        request.META["SCRIPT_NAME"] = ""
        request.user = AnonymousUser()
        context: dict[str, Any] = super().each_context(request)
        del context["log_entries"]  # a queryset remembers its rows; and ours is the audit record
        return context

    # -- the door -------------------------------------------------------------------------------

    @method_decorator(never_cache)
    @method_decorator(sensitive_post_parameters())
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Log in, and write success and failure into the audit record."""
        answer: HttpResponse = super().login(request, extra_context)
        if request.method != "POST":
            return answer
        if answer.status_code == 302:
            audit.record(Actor.of_request(request), Action.LOGGED_IN, "login", platform_id=None)
        elif not _is_throttled(answer):
            audit.record(_stranger(request), Action.LOGIN_FAILED, "login", platform_id=None)
        return answer

    @method_decorator(never_cache)
    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Log out, with a line of who left."""
        actor = Actor.of_request(request)
        answer: HttpResponse = super().logout(request, extra_context)
        if request.method == "POST" and actor.user_id is not None:
            audit.record(actor, Action.LOGGED_OUT, "logout", platform_id=None)
        return answer

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Change one's own password, with a line that says so and nothing more."""
        answer: HttpResponse = super().password_change(request, extra_context)
        if request.method == "POST" and answer.status_code == 302:
            person = request.user
            assert isinstance(person, User)  # noqa: S101 (admin_view let nobody else in)
            actor = Actor.of_request(request)
            audit.record(actor, Action.PASSWORD_CHANGED, person, platform_id=None)
        return answer

    # -- the command palette ----------------------------------------------------------------------

    def search(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Find pages that the person may see, by name; never rows.

        Unfold's own caches the answer for five minutes, past a change of role or language.
        """
        words = request.GET.get("s", "").strip().lower()
        found = [
            SearchResult(str(model["name"]), str(app["name"]), model["admin_url"], "tag")
            for app in self.get_app_list(request)
            for model in app["models"]
            if words and model["admin_url"] and words in str(model["name"]).lower()
        ][:MOST_RESULTS]
        name = "command" if "extended" in request.GET else "search"
        context = {"results": found, "page_obj": {"count": len(found)}, "page_counter": 0}
        answer = TemplateResponse(request, f"unfold/helpers/{name}_results.html", context)
        answer["HX-Trigger"] = "search"
        return answer


def _head_of(person: User) -> dict[str, Any]:
    """Return what every page shows; of rows alone, for workers and caches may be dead."""
    columns = {"unread": bell.unread_column(person), **watchdog.columns(person)}
    # Not by get(), which puts the question anew so as to find a second row of one number.
    row = next(iter(User.objects.filter(pk=person.pk).order_by().values(**columns)))
    count = row["unread"] or 0
    return {
        "notices": {"count": count, "shown": bell.shown(count)},
        "alarm": watchdog.troubles_of(person, row, timezone.now()),
    }


def _is_throttled(answer: HttpResponse) -> bool:
    """Tell whether the login form refused without looking at the password."""
    form = (getattr(answer, "context_data", None) or {}).get("form")
    return form is not None and form.has_error(NON_FIELD_ERRORS, "throttled")


def _stranger(request: HttpRequest) -> Actor:
    """Describe who failed to log in; what is no address may be a password typed too early."""
    typed = normal(request.POST.get("username", ""))
    label = typed[:254] if "@" in typed else "(no e-mail)"
    return Actor(label, "admin", address=audit.client_address(request))
