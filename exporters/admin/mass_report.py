"""What became of a long list, line by line: counts, the first lines of each outcome, all as CSV."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from django.db.models import TextChoices
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext as _, gettext_lazy

from exporters import macs
from exporters.csv_exchange import RejectedRow, escaped
from exporters.enrolment import Withdrawal
from exporters.enrolment_plan import Change, Enrolment, limit_message
from exporters.entries import DETAILS
from exporters.models import Exporter
from platforms.scoped_fields import person_of

from .sealed import seal

REPORT = "report"

SHOWN = 100  # lines of each outcome on the page; the CSV has all


class Outcome(TextChoices):
    """What became of one line, in the order of the page: what needs a person comes first."""

    REJECTED = "rejected", gettext_lazy("Not understood")
    OVER_LIMIT = "over_limit", gettext_lazy("Over the limit")
    ADDED = "added", gettext_lazy("Added")
    CHANGED = "changed", gettext_lazy("Changed")
    REMOVED = "removed", gettext_lazy("Removed")
    ALREADY = "already", gettext_lazy("Already there")
    ABSENT = "absent", gettext_lazy("Not there")
    REPEATED = "repeated", gettext_lazy("Repeated in the list")


#: The same outcomes before anything was done.
FORESEEN: Mapping[Outcome, Any] = {
    Outcome.ADDED: gettext_lazy("Will be added"),
    Outcome.CHANGED: gettext_lazy("Will be changed"),
    Outcome.REMOVED: gettext_lazy("Will be removed"),
    Outcome.OVER_LIMIT: gettext_lazy("Will be left out: over the limit"),
    Outcome.ALREADY: gettext_lazy("There and equal"),
}
TONES: Mapping[Outcome, str] = {
    Outcome.REJECTED: "bad",
    Outcome.OVER_LIMIT: "bad",
    Outcome.ADDED: "good",
    Outcome.CHANGED: "good",
    Outcome.REMOVED: "good",
}


class Line(NamedTuple):
    """One line of a report, of plain values: it travels in the page as JSON."""

    line: int
    text: str
    name: str
    outcome: str
    note: str = ""


class Section(NamedTuple):
    """The lines of one outcome: how many, and the first of them."""

    outcome: Outcome
    title: str
    tone: str
    total: int
    lines: list[Line]

    @property
    def more(self) -> int:
        """Return how many lines are in the CSV alone."""
        return self.total - len(self.lines)


class Report:
    """All lines of one deed, in their order."""

    def __init__(self, lines: Iterable[Line], *, foreseen: bool = False) -> None:
        self.lines = sorted(lines, key=lambda line: line.line)
        self.foreseen = foreseen

    @cached_property
    def sections(self) -> list[Section]:
        """Return a section for each outcome that there is."""
        counts = Counter(line.outcome for line in self.lines)
        first: dict[str, list[Line]] = {outcome: [] for outcome in counts}
        for line in self.lines:
            if len(first[line.outcome]) < SHOWN:
                first[line.outcome].append(line)
        return [
            Section(
                outcome=outcome,
                title=str(FORESEEN.get(outcome, outcome.label) if self.foreseen else outcome.label),
                tone=TONES.get(outcome, ""),
                total=counts[outcome.value],
                lines=first[outcome.value],
            )
            for outcome in Outcome
            if counts[outcome.value]
        ]


def shown(request: HttpRequest, exporter: Exporter, report: Report) -> dict[str, Any]:
    """Return a report for the page, and the whole of it sealed for its download."""
    sealed = seal(REPORT, person_of(request), exporter, report.lines)
    return {"report": report, "sealed_report": sealed}


def heading() -> list[str]:
    """Return the first row of the CSV of a report."""
    return [_("Line"), _("Address"), _("Name"), _("Outcome"), _("Note")]


def rows(lines: Iterable[Line]) -> Iterator[list[str]]:
    """Return the other rows, safe to open in a spreadsheet, in the language of this moment."""
    labels = {outcome.value: str(outcome.label) for outcome in Outcome}
    return (
        [
            str(row.line),
            escaped(row.text),
            escaped(row.name),
            labels[row.outcome],
            escaped(row.note),
        ]
        for row in lines
    )


def of_enrolment(outcome: Enrolment) -> Iterator[Line]:
    """Yield the lines of what was, or is to be, added and changed."""
    for entry in outcome.added:
        yield Line(entry.line, entry.mac, entry.name, Outcome.ADDED)
    for change in outcome.changed:
        after = change.after
        yield Line(after.line, after.mac, after.name, Outcome.CHANGED, _difference(change))
    kept = {change.after.mac: change.before.name for change in outcome.kept}
    for entry in outcome.already:
        note = ""
        if entry.mac in kept:
            note = _("Keeps its name “%(name)s”.") % {"name": kept[entry.mac]}
        yield Line(entry.line, entry.mac, entry.name, Outcome.ALREADY, note)
    why = limit_message(outcome.limit) if outcome.over_limit else ""
    for entry in outcome.over_limit:
        yield Line(entry.line, entry.mac, entry.name, Outcome.OVER_LIMIT, why)


def of_withdrawal(
    outcome: Withdrawal, lines: Mapping[str, int], names: Mapping[str, str]
) -> Iterator[Line]:
    """Yield the lines of what was, or is to be, removed."""
    for mac in outcome.removed:
        yield Line(lines.get(mac, 0), mac, names.get(mac, ""), Outcome.REMOVED)
    for mac in outcome.absent:
        yield Line(lines.get(mac, 0), mac, "", Outcome.ABSENT)


def of_rejected(rejected: Iterable[macs.Rejected | RejectedRow]) -> Iterator[Line]:
    """Yield what was not understood, with the reason."""
    for line, text, why in rejected:
        yield Line(line, text, "", Outcome.REJECTED, str(why))


def of_repeated(repeated: Iterable[macs.Repeated]) -> Iterator[Line]:
    """Yield the second and later mentions of an address."""
    for row in repeated:
        note = _("First on line %(line)s.") % {"line": row.first_line}
        yield Line(row.line, row.mac, "", Outcome.REPEATED, note)


def with_notes(lines: Iterable[Line], changed: Iterable[macs.Changed]) -> Iterator[Line]:
    """Add to the lines what had to be changed of their names."""
    notes = {row.mac: str(row.reason) for row in changed}
    for line in lines:
        note = notes.get(line.text) if line.outcome != Outcome.REPEATED else None
        yield line._replace(note=f"{line.note} {note}".strip()) if note else line


def _difference(change: Change) -> str:
    """Say what changes: ``Name: Hall → Entrance; IP: (nothing) → 10.0.0.1``."""
    nothing = _("(nothing)")
    labels = {"name": _("Name"), "ip": _("IP"), "outip": _("Outside IP")}
    return "; ".join(
        f"{labels[detail]}: {getattr(change.before, detail) or nothing} → "
        f"{getattr(change.after, detail) or nothing}"
        for detail in DETAILS
        if getattr(change.before, detail) != getattr(change.after, detail)
    )
