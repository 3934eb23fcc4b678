"""Planning a maintenance window: fill it in, look at what it covers, plan it; and take it back."""

from copy import copy
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import flatten_fieldsets
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.admin.reach import sender_of
from jobs import maintenance, window_words, windows, zones
from jobs.forms_of_windows import WindowForm
from jobs.maintenance import Plan, WindowRefused
from jobs.models import MaintenanceWindow
from platforms.admin.confirmed_deeds import ConfirmedDeedsAdmin

PAGES = "admin/jobs/maintenancewindow/"


class WindowPages(ConfirmedDeedsAdmin):
    """The pages of one window."""

    may_change = False
    may_delete = False
    form = WindowForm

    def get_urls(self) -> list[URLPattern]:
        """Add them before the page of one window, which takes any word."""
        wrap = self.admin_site.admin_view
        one = "<path:object_id>/"
        return [
            path(f"{one}edit/", wrap(self.edit), name="jobs_maintenancewindow_edit"),
            path(f"{one}cancel/", wrap(self.cancel), name="jobs_maintenancewindow_cancel"),
            *super().get_urls(),
        ]

    # -- planning it ----------------------------------------------------------------------------

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for a window and show what it would cover; plan what was seen."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self._fill_in(request, None, _("Plan maintenance"))

    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give a window that is not over other times or another reach."""
        row = self._planned(request, object_id)
        return self._fill_in(request, row, _("Change the maintenance"))

    def _fill_in(
        self, request: HttpRequest, row: MaintenanceWindow | None, title: str
    ) -> HttpResponse:
        now = timezone.now()
        outdated = _why_outdated(request, row)
        form = self._form(request, row)
        plan = form.plan if form.is_bound and form.is_valid() else None
        seen = maintenance.stamp(plan.row()) if plan is not None else ""
        as_seen = "plan" in request.POST and request.POST.get("seen") == seen
        if plan is not None and as_seen and not outdated:
            try:
                return self.back_to(self._store(request, row, plan))
            except WindowRefused as refused:
                if row is not None and refused.code == "outdated":
                    outdated, row = str(refused), self._planned(request, str(row.pk))
                else:
                    messages.warning(request, str(refused))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": str(row) if row is not None else "",
            "title": title,
            "form": form,
            "media": self.media + form.media,
            "seen": seen,
            "covers": _covers(plan.row(), now) if plan is not None else None,
            "outdated": outdated,
            # From here on what was typed is about the window as it is now: the page tells of both.
            "revision": maintenance.stamp(row) if row is not None else "",
            **(_facts(row) if row is not None else {}),
        }
        return TemplateResponse(request, f"{PAGES}form.html", context)

    def _form(self, request: HttpRequest, row: MaintenanceWindow | None) -> WindowForm:
        fields = flatten_fieldsets(self.get_fieldsets(request, row))
        # Django would leave every field out of a form of what its own page does not change.
        kind: Any = self.get_form(request, row, change=False, fields=fields)
        kind.sender = sender_of(request)
        for name in ("platform", "exporter", "site", "job"):
            field = kind.base_fields.get(name)
            for link in ("add", "change", "delete", "view") if field is not None else ():
                setattr(field.widget, f"can_{link}_related", False)
        kind.base_fields["job"].queryset = kind.base_fields["job"].queryset.in_use()
        posted = request.POST if request.method == "POST" else None
        found: WindowForm = kind(posted, instance=copy(row))  # a form writes upon its row
        return found

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Ask for what a person decides; the platform of a window stays."""
        return [each for each in WindowForm.Meta.fields if obj is None or each != "platform"]

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Show no field as text: the pages are our own."""
        return ()

    def _store(
        self, request: HttpRequest, row: MaintenanceWindow | None, plan: Plan
    ) -> MaintenanceWindow:
        sender, now = sender_of(request), timezone.now()
        if row is None:
            stored = maintenance.plan(plan, sender, now)
            messages.success(request, _("The maintenance is planned."))
            return stored
        seen = request.POST.get("revision", "")
        stored = maintenance.change(row, vars(plan), sender, now, seen)
        messages.success(request, _("The maintenance was changed."))
        return stored

    # -- one of them ----------------------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show what it covers, and what can be done about it."""
        row, now = self.row_or_404(request, object_id), timezone.now()
        zone = zones.of_window(row)
        comes = row.cancelled_at is None and windows.coming(row.times, zone, now) is not None
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": str(row),
            "title": str(row),
            **_facts(row),
            "covers": _covers(row, now),
            "may": comes and maintenance.may(sender_of(request), row.platform),
        }
        return TemplateResponse(request, f"{PAGES}page.html", context)

    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take it back, also while it lasts."""
        row = self._planned(request, object_id)
        if request.method == "POST":
            try:
                maintenance.cancel(row, sender_of(request), timezone.now())
                messages.success(request, _("The maintenance was cancelled."))
            except WindowRefused as refused:
                messages.warning(request, str(refused))
            return self.back_to(row)
        return self.ask(
            request,
            row,
            title=_("Cancel this maintenance?"),
            text=_("%(name)s: jobs act again on what it covers.") % {"name": row.name},
            button=_("Cancel the maintenance"),
        )

    def _planned(self, request: HttpRequest, object_id: str) -> MaintenanceWindow:
        """Return a window that the person may change; what one only sees is refused with 403."""
        row: MaintenanceWindow = self.row_or_404(request, object_id)
        if not maintenance.may(sender_of(request), row.platform):
            raise PermissionDenied
        return row


def _why_outdated(request: HttpRequest, row: MaintenanceWindow | None) -> str:
    """Say why what was typed is not about a window as it is now; nothing where it is."""
    if row is None or request.method != "POST":
        return ""
    if not request.POST.get("revision"):
        return _("This form does not tell which state of the window it was filled in for.")
    try:
        maintenance.demand_unchanged(row, request.POST["revision"])
    except WindowRefused as refused:
        return str(refused)
    return ""


def _facts(row: MaintenanceWindow) -> dict[str, Any]:
    """Return what a template says of a window that is there."""
    return {"window": row, "times": window_words.times(row.times, zones.of_window(row))}


def _covers(window: MaintenanceWindow, now: Any) -> dict[str, Any]:
    """Return what a template says of what a window is over."""
    found, zone = maintenance.preview_of(window, now), zones.of_window(window)
    return {
        "preview": found,
        "periods": [window_words.period(each, zone) for each in found.periods],
        "more_players": found.players - len(found.some_players),
        "more_jobs": found.jobs - len(found.some_jobs),
    }
