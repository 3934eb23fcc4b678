"""CSV import with a preview, CSV export, and reports as CSV."""

from collections.abc import Iterator
from typing import Any

from django.db import models
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from exporters import csv_exchange
from exporters.csv_exchange import Sheet, SheetError
from exporters.enrolment import Steps, enrolling
from exporters.enrolment_plan import Enrolment, ListChanged, plan
from exporters.entries import Entry
from exporters.forms import AgreedForm, CsvForm
from exporters.models import Exporter
from platforms import spreadsheets
from platforms.audit import Actor
from platforms.scoped_fields import person_of

from . import mass_report, progress
from .mass_report import Line, Report
from .progress import Context
from .sealed import BrokenSealError, seal, unseal

PURPOSE = "import"
_DELIMITERS = {",": ",", ";": ";", "\t": "Tab"}


def import_page(request: HttpRequest, exporter: Exporter, base: Context) -> HttpResponseBase:
    """Ask for a file; show what it would do; do exactly what was shown and confirmed."""
    base = {
        **base,
        "title": _("Import CSV: %(exporter)s") % {"exporter": exporter},
        "button": _("Show what it would do"),
    }
    if request.method == "POST" and "agreed" in request.POST:
        return _apply(request, exporter, base)
    form = CsvForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            sheet = csv_exchange.read(form.cleaned_data["file"].read())
        except SheetError as error:
            form.add_error("file", str(error))
        else:
            clear = form.cleaned_data["clear"]
            payload = {
                "entries": sheet.entries,
                "details": sheet.details,
                "clear": clear,
                "digest": "",
            }
            outcome = plan(exporter, sheet.entries, sheet.details, clear)
            facts = _preview(request, exporter, payload, outcome)
            lines = [*facts.pop("lines"), *mass_report.of_rejected(sheet.rejected)]
            lines += mass_report.of_repeated(sheet.repeated)
            report = Report(mass_report.with_notes(lines, sheet.changed), foreseen=True)
            return progress.page(
                request,
                {
                    **base,
                    **facts,
                    **mass_report.shown(request, exporter, report),
                    "read": _read_as(sheet),
                },
            )
    return progress.page(request, {**base, "form": form})


def _preview(
    request: HttpRequest, exporter: Exporter, payload: dict[str, Any], outcome: Enrolment
) -> Context:
    """Describe what would be done, and seal it together with the digest of exactly that."""
    preview: Context = {"lines": list(mass_report.of_enrolment(outcome))}
    if not outcome.added and not outcome.changed:
        return {**preview, "form": CsvForm(), "warning": _("There is nothing to do.")}
    payload = {**payload, "digest": outcome.digest()}
    return {
        **preview,
        "confirm": AgreedForm(
            initial={"agreed": seal(PURPOSE, person_of(request), exporter, payload)}
        ),
        "confirm_text": _("Addresses that are not in the file stay as they are."),
        "confirm_button": _("Apply: add %(added)s, change %(changed)s")
        % {"added": len(outcome.added), "changed": len(outcome.changed)},
    }


def _apply(request: HttpRequest, exporter: Exporter, base: Context) -> HttpResponseBase:
    try:
        payload = unseal(PURPOSE, person_of(request), exporter, request.POST["agreed"])
    except BrokenSealError:
        warning = _("What you confirmed can no longer be read. Nothing was changed: import again.")
        return progress.page(request, {**base, "form": CsvForm(), "warning": warning})
    steps = _or_changed(
        enrolling(
            exporter,
            (Entry(*row) for row in payload["entries"]),
            Actor.of_request(request),
            rewritten=payload["details"],
            clear=payload["clear"],
            agreed=payload["digest"],
        )
    )

    def done(outcome: Enrolment | ListChanged) -> Context:
        if isinstance(outcome, Enrolment):
            report = Report(mass_report.of_enrolment(outcome))
            return {"form": CsvForm(), **mass_report.shown(request, exporter, report)}
        facts = _preview(request, exporter, payload, outcome.now)
        return {
            "warning": _(
                "The list has changed since the preview. Nothing was done: this is what the file "
                "would do now."
            ),
            **facts,
            **mass_report.shown(request, exporter, Report(facts["lines"], foreseen=True)),
        }

    return progress.answer(request, steps, done, base)


def _or_changed(steps: Steps[Enrolment]) -> Steps[Enrolment | ListChanged]:
    try:
        return (yield from steps)
    except ListChanged as changed:
        return changed


def _read_as(sheet: Sheet) -> str:
    told = _("Read as %(encoding)s with the delimiter “%(delimiter)s”.") % {
        "encoding": sheet.encoding,
        "delimiter": _DELIMITERS.get(sheet.delimiter, sheet.delimiter),
    }
    if not sheet.unused:
        return told
    unused = _("Columns that are not used: %(names)s.") % {"names": ", ".join(sheet.unused)}
    return f"{told} {unused}"


def export(rows: models.QuerySet[Any], name: str, *, with_exporter: bool) -> HttpResponseBase:
    """Stream addresses as CSV that import reads again; scoped by the caller."""
    whose = ("platform__name", "exporter__name") if with_exporter else ()
    header = [*(("platform", "exporter") if with_exporter else ()), *csv_exchange.COLUMNS]
    values = rows.order_by("pk").values_list(*whose, *csv_exchange.COLUMNS)
    return spreadsheets.download(name, header, _cells(values.iterator(chunk_size=5000)))


def _cells(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[str]]:
    for row in rows:
        yield [csv_exchange.escaped(value) if value else "" for value in row]


def report_file(request: HttpRequest, exporter: Exporter) -> HttpResponseBase:
    """Give the report that a page carries back as a file; 404 when its seal is broken."""
    sealed = request.POST.get("report", "")
    try:
        lines = unseal(mass_report.REPORT, person_of(request), exporter, sealed)
    except BrokenSealError as error:
        raise Http404 from error
    rows = mass_report.rows(Line(*line) for line in lines)
    return spreadsheets.download("remosa-report.csv", mass_report.heading(), rows)
