"""Sockets as CSV files: import with a preview, lines to mend, export."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _, gettext_lazy
from unfold.decorators import action
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from devices import import_plan, importing, socket_sheet, sockets
from devices.import_plan import Plan, PlanChanged
from devices.socket_sheet import Row, Sheet, SheetError
from exporters.admin.sealed import BrokenSealError, seal, unseal
from platforms import audit, spreadsheets
from platforms.admin.filters import several_platforms
from platforms.audit import Action, Actor
from platforms.models import Platform, User
from platforms.roles import Deed
from platforms.scoped_admin import ScopedModelAdmin
from platforms.scoped_fields import person_of

from . import import_report

PURPOSE, MEND = "import-sockets", "lines-to-mend"
_DELIMITERS = {",": ",", ";": ";", "\t": "Tab"}
Context = dict[str, Any]


class SocketsForm(forms.Form):
    """A file of sockets, and whose they are."""

    platform = forms.ModelChoiceField(
        Platform.objects.none(), label=gettext_lazy("Platform"), widget=UnfoldAdminSelectWidget
    )
    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        widget=UnfoldAdminFileFieldWidget({"accept": ".csv,.txt,.tsv,text/csv,text/plain"}),
        allow_empty_file=True,
        help_text=gettext_lazy(
            "Columns name, phone, model, site, line, player, notes, enabled, reset_only in any "
            "order, headed in English or Russian; a socket is known by its phone. An empty cell "
            "leaves what is there. UTF-8, UTF-16 or Windows-1251; comma, semicolon or tab. "
            "At most 4 MB and 20,000 lines."
        ),
    )

    def __init__(self, person: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["platform"]
        field.queryset = Platform.objects.for_user(person, Deed.FLEET)
        own = list(field.queryset[:2])
        if len(own) == 1:
            field.initial, field.widget = own[0].pk, forms.HiddenInput()

    def clean_file(self) -> Any:
        """Refuse a file that is too large before it is read."""
        file = self.cleaned_data["file"]
        if file.size > socket_sheet.LARGEST_FILE:
            raise ValidationError(_("The file is larger than 4 MB: split it."))
        return file


class ImportPages(ScopedModelAdmin):
    """Import and export of sockets, on top of their list."""

    actions_list: ClassVar[Any] = ("import_csv", "export_csv")

    def get_urls(self) -> list[URLPattern]:
        """Add the download of lines to mend before the page of one socket."""
        view = self.admin_site.admin_view(self.lines_to_mend)
        return [path("import/mend/", view, name="devices_device_mend"), *super().get_urls()]

    def has_fleet_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Tell whether the person may change this socket, or any; 404 where it cannot be seen."""
        if object_id is None:
            return self.has_add_permission(request)
        row = self.get_object(request, object_id)
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        return self.has_change_permission(request, row)

    @action(
        description=gettext_lazy("Import CSV"),
        url_path="import",
        icon="upload_file",
        permissions=["fleet"],
    )
    def import_csv(self, request: HttpRequest) -> HttpResponseBase:
        """Ask for a file; show what it would do; do exactly what was shown and confirmed."""
        if request.method == "POST" and "agreed" in request.POST:
            return self._apply(request)
        post, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
        form = SocketsForm(person_of(request), post, files)
        if request.method != "POST" or not form.is_valid():
            return self._page(request, {"form": form})
        platform = form.cleaned_data["platform"]
        try:
            region = sockets.region_of(platform.pk, None)
            sheet = socket_sheet.read(form.cleaned_data["file"].read(), region)
        except SheetError as error:
            form.add_error("file", str(error))
            return self._page(request, {"form": form})
        outcome = import_plan.plan(platform, sheet.rows)
        return self._page(
            request,
            {"read": _read_as(sheet), **_preview(request, platform, sheet, outcome)},
        )

    def _apply(self, request: HttpRequest) -> HttpResponse:
        person = person_of(request)
        own = Platform.objects.for_user(person, Deed.FLEET)
        pk = request.POST.get("platform", "")
        platform = own.filter(pk=pk).first() if pk.isdecimal() and len(pk) < 10 else None
        if platform is None:
            raise PermissionDenied
        try:
            payload = unseal(PURPOSE, person, platform, request.POST["agreed"])
        except BrokenSealError:
            warning = _(
                "What you confirmed can no longer be read. Nothing was changed: import again."
            )
            return self._page(request, {"form": SocketsForm(person), "warning": warning})
        rows = [Row(*row) for row in payload["rows"]]
        rejected = [socket_sheet.Rejected(row[0], tuple(row[1]), row[2]) for row in payload["bad"]]
        sheet = Sheet("", "", rows=rows, rejected=rejected)
        actor = Actor.of_request(request)
        try:
            outcome = importing.import_sockets(platform, rows, actor, payload["digest"])
        except PlanChanged as changed:
            warning = _(
                "Sockets or players have changed since the preview. Nothing was done: this is what "
                "the file would do now."
            )
            preview = _preview(request, platform, sheet, changed.now)
            return self._page(request, {**preview, "warning": warning})
        report = _report(request, platform, sheet, outcome, foreseen=False)
        done = _("Done: %(added)s added, %(changed)s changed, %(hung)s players hung on lines.") % {
            "added": len(outcome.created),
            "changed": len(outcome.changed),
            "hung": len(outcome.hung),
        }
        return self._page(request, {**report, "done": done, "form": SocketsForm(person)})

    def lines_to_mend(self, request: HttpRequest) -> HttpResponseBase:
        """Give the lines that could not be used back as a file; 404 when the seal is broken."""
        person = person_of(request)
        pk = request.POST.get("platform", "")
        own = Platform.objects.for_user(person, Deed.FLEET)
        platform = own.filter(pk=pk).first() if pk.isdecimal() and len(pk) < 10 else None
        if platform is None:
            raise Http404
        try:
            rows = unseal(MEND, person, platform, request.POST.get("lines", ""))
        except BrokenSealError as error:
            raise Http404 from error
        return spreadsheets.download("sockets-to-mend.csv", import_report.heading(), rows)

    @action(
        description=gettext_lazy("Export CSV"),
        url_path="export",
        icon="download",
        permissions=["fleet"],
    )
    def export_csv(self, request: HttpRequest) -> HttpResponseBase:
        """Take the sockets that the list shows away as a file that import reads again."""
        rows = self.writable(request, self.listed(request)).order_by()
        for platform_id, number in rows.values_list("platform_id").annotate(number=Count("pk")):
            audit.record(
                Actor.of_request(request),
                Action.EXPORTED,
                "sockets",
                platform_id=platform_id,
                after={"sockets": number, "query": request.GET.urlencode()},
            )
        several = several_platforms(request)
        heading = [*(["platform"] if several else []), *socket_sheet.COLUMNS]
        cells = importing.exported(rows, with_platform=several)
        return spreadsheets.download("sockets.csv", heading, cells)

    def _page(self, request: HttpRequest, context: Context) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Import sockets"),
            "back": reverse("admin:devices_device_changelist"),
            "columns": ",".join(socket_sheet.COLUMNS),
            **context,
        }
        return TemplateResponse(request, "admin/devices/device/import.html", context)


def _preview(request: HttpRequest, platform: Platform, sheet: Sheet, outcome: Plan) -> Context:
    """Describe what would be done, and seal it together with the digest of exactly that."""
    report = _report(request, platform, sheet, outcome, foreseen=True)
    if not outcome.writes:
        nothing = _("There is nothing to change.")
        return {**report, "warning": nothing, "form": SocketsForm(person_of(request))}
    payload = {
        "rows": sheet.rows,
        "bad": [(row.line, row.cells, str(row.why)) for row in sheet.rejected],
        "digest": outcome.digest(),
    }
    return {
        **report,
        "agreed": seal(PURPOSE, person_of(request), platform, payload),
        "confirm_button": _("Apply: add %(added)s, change %(changed)s, hang %(hung)s players")
        % {
            "added": len(outcome.created),
            "changed": len(outcome.changed),
            "hung": len(outcome.hung),
        },
    }


def _report(
    request: HttpRequest, platform: Platform, sheet: Sheet, outcome: Plan, *, foreseen: bool
) -> Context:
    mend = import_report.to_mend(sheet, outcome)
    return {
        "platform": platform,
        "several": several_platforms(request),
        "sections": import_report.sections(outcome, sheet.rejected, foreseen=foreseen),
        "mend": seal(MEND, person_of(request), platform, mend) if mend else "",
    }


def _read_as(sheet: Sheet) -> str:
    told = _("Read as %(encoding)s with the delimiter “%(delimiter)s”.") % {
        "encoding": sheet.encoding,
        "delimiter": _DELIMITERS.get(sheet.delimiter, sheet.delimiter),
    }
    if not sheet.unused:
        return told
    unused = _("Columns that are not used: %(names)s.") % {"names": ", ".join(sheet.unused)}
    return f"{told} {unused}"
