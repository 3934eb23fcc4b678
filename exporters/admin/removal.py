"""The page on which many addresses are removed: paste, look at the counts, confirm."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _, ngettext

from exporters import macs
from exporters.enrolment import Withdrawal, withdrawing
from exporters.forms import AgreedForm, PasteForm
from exporters.models import Exporter
from platforms.audit import Actor
from platforms.scoped_fields import person_of

from . import mass_report, progress
from .mass_report import Report
from .paste import left_over, read, unused_lines
from .progress import Context
from .sealed import BrokenSealError, seal, unseal

PURPOSE = "removal"


def removal_page(request: HttpRequest, exporter: Exporter, base: Context) -> HttpResponseBase:
    """Ask for addresses; show what would go; remove what was shown and confirmed."""
    base = {
        **base,
        "title": _("Remove MACs: %(exporter)s") % {"exporter": exporter},
        "button": _("Show what will be removed"),
    }
    if request.method == "POST" and "agreed" in request.POST:
        return _remove(request, exporter, base)
    form = PasteForm(request.POST if request.method == "POST" else None)
    parsed = read(form) if request.method == "POST" else None
    if parsed is None:
        return progress.page(request, {**base, "form": form})
    return progress.page(request, base | _preview(request, exporter, form, parsed))


def _preview(
    request: HttpRequest, exporter: Exporter, form: PasteForm, parsed: macs.Parsed
) -> Context:
    there = dict(exporter.macs.values_list("mac", "name").iterator())
    removed = [row for row in parsed.good if row.mac in there]
    foreseen = Withdrawal(
        removed=[row.mac for row in removed],
        absent=[row.mac for row in parsed.good if row.mac not in there],
    )
    numbers = {row.mac: row.line for row in parsed.good}
    lines = mass_report.of_withdrawal(foreseen, numbers, there)
    report = Report([*lines, *unused_lines(parsed)], foreseen=True)
    preview = mass_report.shown(request, exporter, report)
    if not removed:
        return {**preview, "form": form, "warning": _("None of these addresses is there.")}
    payload = {
        "macs": {row.mac: row.line for row in removed},
        "names": {row.mac: there[row.mac] for row in removed},
        "left": left_over(form.cleaned_data["addresses"], parsed, []),
    }
    number = len(removed)
    return {
        **preview,
        "confirm": AgreedForm(
            initial={"agreed": seal(PURPOSE, person_of(request), exporter, payload)}
        ),
        "confirm_text": _(
            "Their players are no longer watched and make room under the limit. Their history "
            "stays: added again, they go on with it."
        ),
        "confirm_button": ngettext(
            "Remove %(number)s address", "Remove %(number)s addresses", number
        )
        % {"number": number},
        "danger": True,
    }


def _remove(request: HttpRequest, exporter: Exporter, base: Context) -> HttpResponseBase:
    try:
        agreed: dict[str, Any] = unseal(
            PURPOSE, person_of(request), exporter, request.POST["agreed"]
        )
    except BrokenSealError:
        warning = _("What you confirmed can no longer be read. Nothing was removed: paste again.")
        return progress.page(request, {**base, "form": PasteForm(), "warning": warning})
    lines: dict[str, int] = agreed["macs"]
    steps = withdrawing(exporter, lines, Actor.of_request(request))

    def done(outcome: Withdrawal) -> Context:
        report = Report(mass_report.of_withdrawal(outcome, lines, agreed["names"]))
        again = PasteForm(initial={"addresses": agreed["left"]})
        shown = mass_report.shown(request, exporter, report)
        return {**shown, "form": again, "left": bool(agreed["left"])}

    return progress.answer(request, steps, done, base)
