"""Exporters: the list, the form, and the pages on which their addresses are put in and out."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _, ngettext
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import action

from exporters import enrolment
from exporters.models import Exporter, ExporterMac, Player
from platforms import audit
from platforms.admin.confirmed_deeds import ConfirmedDeedsAdmin
from platforms.admin.filters import PlatformFilter, several_platforms
from platforms.audit import Action, Actor

from . import csv_pages
from .paste import paste_page
from .progress import Context, bounded
from .removal import removal_page

DEFAULTS = {"poll_interval": 30, "timeout": 10, "max_concurrency": 50}


@admin.register(Exporter)
class ExporterAdmin(ConfirmedDeedsAdmin):
    """Members see their platforms' exporters; administrators and managers change them."""

    search_fields = ("name",)
    list_filter = (
        PlatformFilter,
        ("kind", ChoicesDropdownFilter),
        ("enabled", BooleanRadioFilter),
    )
    list_select_related = ("platform",)
    warn_unsaved_form = True
    # The last two in a menu: five buttons leave no room for the exporter's name.
    actions_detail = (
        "paste_macs",
        "remove_macs",
        {"title": "CSV", "icon": "table", "items": ("import_csv", "export_csv")},
    )

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("remosa/mass_input.css",)}

    # -- the list and the form ------------------------------------------------------------------

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Count the addresses of the page's exporters in one query.

        A subquery for each row makes PostgreSQL read the table once a row where one exporter has
        most of the addresses.
        """
        changelist = super().get_changelist_instance(request)
        rows: list[Any] = list(changelist.result_list)
        # unscoped: of exporters that were reached by for_user
        macs = ExporterMac.objects.filter(exporter__in=[row.pk for row in rows]).order_by()
        counted = macs.values_list("exporter").annotate(number=models.Count("pk"))
        numbers = dict(counted)
        for row in rows:
            row.macs_number = numbers.get(row.pk, 0)
        changelist.result_list = rows
        return changelist

    def get_list_display(self, request: HttpRequest) -> Any:
        """Name the platform only where there are several."""
        own = ["name", "kind", "enabled", "addresses", "interval"]
        return [*own, "platform"] if several_platforms(request) else own

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Say how many addresses there are, of an exporter that exists."""
        about = ["platform", "kind", "name", "enabled", *(["addresses"] if obj else [])]
        polling = {
            "fields": tuple(DEFAULTS),
            "description": _("What the environment of the exporter process sets, wins."),
        }
        blocks = ((None, {"fields": about}), (_("Polling"), polling))
        return self.without_given_platform(request, obj, blocks)

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Keep the kind of an exporter for good: its addresses mean nothing to another vendor."""
        fields = [*super().get_readonly_fields(request, obj), "addresses"]
        return [*fields, "kind"] if obj is not None else fields

    def get_actions(self, request: HttpRequest) -> Any:
        """Delete exporters one by one, each on its own page: a whole fleet hangs on them."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    @admin.display(description=_("MAC addresses"))
    def addresses(self, exporter: Exporter) -> str:
        """Return the number of addresses, as a link to them."""
        page = reverse("admin:exporters_exportermac_changelist")
        number: int | None = getattr(exporter, "macs_number", None)
        if number is None:
            number = exporter.macs.count()
        link = '<a class="text-primary-600 dark:text-primary-500" href="{}?of_exporter={}">{}</a>'
        return format_html(link, page, exporter.pk, number)

    @admin.display(description=_("poll interval, s"), ordering="poll_interval")
    def interval(self, exporter: Exporter) -> str:
        """Return the interval; the default of the process where none is set."""
        if exporter.poll_interval is not None:
            return str(exporter.poll_interval)
        return _("%(seconds)s (default)") % {"seconds": DEFAULTS["poll_interval"]}

    # -- writes ---------------------------------------------------------------------------------

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool
    ) -> None:
        """Take the next list version with the change, so that exporter processes notice it."""
        with transaction.atomic():
            if change:
                obj.take_version()
            super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go on to what a new exporter needs first: addresses."""
        if {"_addanother", "_continue", "_popup"} & request.POST.keys():
            answer: HttpResponse = super().response_add(request, obj, post_url_continue)
            return answer
        text = _("%(exporter)s was added. Now paste the MAC addresses of its players.")
        messages.success(request, text % {"exporter": obj})
        return redirect("admin:exporters_exporter_paste_macs", obj.pk)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask with counts, not with a line for each address; then delete set by set."""
        exporter = self.row_or_404(request, object_id)
        if not self.has_delete_permission(request, exporter):
            raise PermissionDenied
        if request.method == "POST":
            enrolment.discard(exporter, Actor.of_request(request))
            messages.success(request, _("%(exporter)s was deleted.") % {"exporter": exporter})
            return redirect("admin:exporters_exporter_changelist")
        return self.ask(
            request,
            exporter,
            title=str(_("Delete %(exporter)s?") % {"exporter": exporter}),
            text=_what_goes(exporter),
            button=str(_("Delete")),
            danger=True,
        )

    # -- pages of addresses ---------------------------------------------------------------------

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
        return removal_page(request, exporter, self._base(request, exporter))

    @action(
        description=_("Import CSV"), url_path="import", icon="upload_file", permissions=["fleet"]
    )
    @bounded
    def import_csv(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Add and change addresses from a file, after a preview."""
        exporter = self.row_or_404(request, object_id)
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


def _what_goes(exporter: Exporter) -> str:
    # unscoped: of an exporter that was reached by for_user
    number = Player.objects.filter(exporter=exporter).count()
    text = ngettext(
        "The exporter and %(number)s player with its address and history will be deleted.",
        "The exporter and %(number)s players with their addresses and history will be deleted.",
        number,
    ) % {"number": number}
    return f"{text} {_('To stop polling and keep them, switch the exporter off instead.')}"
