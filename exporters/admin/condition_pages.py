"""How exporters are doing, on their pages: a column of the list, and a live part of each page."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from exporters.asking import Ask, Outage
from exporters.condition import conditions_of
from exporters.models import Exporter
from platforms.roles import Deed
from platforms.scoped_fields import person_of

from .trial import TrialPages


class ConditionPages(TrialPages):
    """Exporters with what Prometheus knows of them: one question a page, however long it is."""

    change_form_outer_before_template = "admin/exporters/exporter/condition.html"

    class Media:
        js: ClassVar[tuple[str, ...]] = ("remosa/live.js",)

    def get_urls(self) -> list[URLPattern]:
        """Add the live part before the page of one exporter, which takes any word."""
        live = path(
            "<path:object_id>/condition/",
            self.admin_site.admin_view(self.live_condition),
            name="exporters_exporter_condition",
        )
        return [live, *super().get_urls()]

    def live_condition(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Return the live part of an exporter's page, as the page fetches it anew."""
        exporter = self.get_object(request, object_id)
        if not isinstance(exporter, Exporter) or not self.has_view_permission(request, exporter):
            raise Http404
        template = "admin/exporters/exporter/condition_live.html"
        answer = render(request, template, _shown(request, exporter))
        answer.headers["X-Remosa-Live"] = "1"
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show the condition above the form of an exporter that is there already."""
        exporter = context.get("original")
        if isinstance(exporter, Exporter):
            context |= _shown(request, exporter)
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Ask for the condition of all exporters of the page at once."""
        changelist = super().get_changelist_instance(request)
        rows: list[Any] = list(changelist.result_list)
        found = conditions_of(Ask(), rows)
        for row in rows:
            row.outage = found.why if isinstance(found, Outage) else None
            row.condition = None if isinstance(found, Outage) else found.get(row.pk)
        changelist.result_list = rows
        return changelist

    @admin.display(description=_("health"))
    def health(self, exporter: Exporter) -> SafeString:
        """Tell in a few words how it is doing."""
        template = "admin/exporters/exporter/condition_cell.html"
        context = {
            "condition": getattr(exporter, "condition", None),
            "outage": getattr(exporter, "outage", None),
            "exporter": exporter,
        }
        return render_to_string(template, context)


def _shown(request: HttpRequest, exporter: Exporter) -> dict[str, Any]:
    found = conditions_of(Ask(), [exporter])
    return {
        "original": exporter,
        "condition": None if isinstance(found, Outage) else found[exporter.pk],
        "condition_outage": found.why if isinstance(found, Outage) else None,
        "condition_fault": str(found.fault) if isinstance(found, Outage) else "",
        "owns": person_of(request).may(Deed.OWN),
    }
