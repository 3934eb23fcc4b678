"""The pages on which an exporter's addresses are put in and out, and the buttons to them."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from exporters import enrolment
from exporters.models import Exporter
from platforms import audit
from platforms.admin.confirmed_deeds import ConfirmedDeedsAdmin
from platforms.audit import Action, Actor

from . import csv_pages
from .paste import paste_page
from .progress import Context, bounded
from .removal import removal_page


class AddressPages(ConfirmedDeedsAdmin):
    """Paste, remove, import, export: for exporters whose players are typed in."""

    # The last two in a menu: five buttons leave no room for the exporter's name.
    actions_detail = (
        "paste_macs",
        "remove_macs",
        {"title": "CSV", "icon": "table", "items": ("import_csv", "export_csv")},
    )

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("remosa/mass_input.css",)}

    def has_fleet_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Tell whether the person may change this exporter; 404 where it cannot be seen."""
        return self.has_change_permission(request, self.row_or_404(request, object_id))

    def has_look_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Answer 404 where the exporter cannot be seen."""
        return self.has_view_permission(request, self.row_or_404(request, object_id))

    @action(
        description=_("Paste MACs"), url_path="paste", icon="content_paste", permissions=["fleet"]
    )
    @bounded
    def paste_macs(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Add addresses from a text box."""
        exporter = self.row_or_404(request, object_id)
        if exporter.discovers:
            return self._typed_nowhere(request, exporter)
        return paste_page(request, exporter, self._base(request, exporter))

    @action(
        description=_("Remove MACs"),
        url_path="remove",
        icon="playlist_remove",
        permissions=["fleet"],
    )
    @bounded
    def remove_macs(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Remove addresses from a text box, after a look at the counts."""
        exporter = self.row_or_404(request, object_id)
        if exporter.discovers:
            return self._typed_nowhere(request, exporter)
        return removal_page(request, exporter, self._base(request, exporter))

    @action(
        description=_("Import CSV"), url_path="import", icon="upload_file", permissions=["fleet"]
    )
    @bounded
    def import_csv(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Add and change addresses from a file, after a preview."""
        exporter = self.row_or_404(request, object_id)
        if exporter.discovers:
            return self._typed_nowhere(request, exporter)
        return csv_pages.import_page(request, exporter, self._base(request, exporter))

    @action(description=_("Export CSV"), url_path="export", icon="download", permissions=["look"])
    def export_csv(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Take the addresses away as a file."""
        exporter = self.row_or_404(request, object_id)
        rows = exporter.macs.all()
        audit.record(
            Actor.of_request(request),
            Action.EXPORTED,
            exporter,
            platform_id=exporter.platform_id,
            after={"macs": rows.count()},
        )
        return csv_pages.export(rows, f"macs-{exporter.pk}.csv", with_exporter=False)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> Any:
        """Offer the pages of addresses where addresses are typed."""
        row = self.get_object(request, str(object_id)) if object_id else None
        return (
            []
            if row is not None and row.discovers
            else super().get_actions_detail(request, object_id)
        )

    def _typed_nowhere(self, request: HttpRequest, exporter: Exporter) -> HttpResponse:
        """Say why there is nothing to type, where there is no button that leads here."""
        messages.warning(request, enrolment.listed_message())
        return self.back_to(exporter)

    @bounded
    def report(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Give the report that a page carries back as a file."""
        exporter = self.row_or_404(request, object_id)
        if not self.has_change_permission(request, exporter):
            raise PermissionDenied
        return csv_pages.report_file(request, exporter)

    def get_urls(self) -> list[URLPattern]:
        """Add the download of a report, before the page of one exporter, which takes any word."""
        name, view = "exporters_exporter_report", self.admin_site.admin_view(self.report)
        return [path("<path:object_id>/report/", view, name=name), *super().get_urls()]

    def _base(self, request: HttpRequest, exporter: Exporter) -> Context:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": exporter,
            "exporter": exporter,
            "back": self.page_of(exporter),
            "body_limit": settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
        }
