"""The page on which addresses are pasted, and what it says afterwards."""

import re
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from exporters import macs
from exporters.csv_exchange import MOST_ROWS
from exporters.enrolment import enrolling
from exporters.enrolment_plan import Enrolment
from exporters.entries import Entry
from exporters.forms import EnrolForm, PasteForm
from exporters.models import Exporter
from platforms.audit import Actor

from . import mass_report, progress
from .mass_report import Report
from .progress import Context

_LINE_END = re.compile(r"\r\n|\r|\n")


def paste_page(request: HttpRequest, exporter: Exporter, base: Context) -> HttpResponseBase:
    """Ask for addresses; add those that are new, and report every line."""
    base = {
        **base,
        "title": _("Paste MACs: %(exporter)s") % {"exporter": exporter},
        "button": _("Add"),
        "watched": True,
    }
    form = EnrolForm(request.POST if request.method == "POST" else None)
    parsed = read(form) if request.method == "POST" else None
    if parsed is None:
        return progress.page(request, {**base, "form": form})
    rename = form.cleaned_data["rename"]
    steps = enrolling(
        exporter, parsed.good, Actor.of_request(request), rewritten=("name",) if rename else ()
    )

    def done(outcome: Enrolment) -> Context:
        enrolled = mass_report.with_notes(mass_report.of_enrolment(outcome), parsed.changed)
        report = Report([*enrolled, *unused_lines(parsed)])
        left = left_over(form.cleaned_data["addresses"], parsed, outcome.over_limit)
        again = EnrolForm(initial={"addresses": left, "rename": rename})
        shown = mass_report.shown(request, exporter, report)
        return {**shown, "form": again, "left": bool(left)}

    return progress.answer(request, steps, done, base)


def read(form: PasteForm) -> macs.Parsed | None:
    """Return what was pasted; None, with the form saying why, where nothing can be done."""
    if not form.is_valid():
        return None
    parsed = macs.parse(form.cleaned_data["addresses"])
    if len(parsed.good) > MOST_ROWS:
        form.add_error("addresses", _("These are more than 200,000 addresses: send them in parts."))
        return None
    return parsed


def unused_lines(parsed: macs.Parsed) -> list[mass_report.Line]:
    """Return the lines of a report that nothing could be done with."""
    rejected = mass_report.of_rejected(parsed.rejected)
    return [*rejected, *mass_report.of_repeated(parsed.repeated)]


def left_over(text: str, parsed: macs.Parsed, over_limit: Iterable[Entry]) -> str:
    """Return what can be corrected and sent again: rejected lines as typed, then those left out.

    Of a line on which something else was good, the rejected piece alone.
    """
    if not parsed.rejected:
        return _as_text(over_limit)
    typed = _LINE_END.split(text)
    used = {row.line for row in parsed.good} | {row.line for row in parsed.repeated}
    pieces: dict[Any, str] = {}
    for at, row in enumerate(parsed.rejected):
        whole = row.line not in used
        pieces[row.line if whole else (row.line, at)] = typed[row.line - 1] if whole else row.text
    rest = _as_text(over_limit)
    return "\n".join([*pieces.values(), *([rest] if rest else [])])


def _as_text(entries: Iterable[Entry]) -> str:
    return "\n".join(f"{entry.mac} {entry.name}".rstrip() for entry in entries)
