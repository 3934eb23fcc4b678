"""What a list of sockets does, line by line, as the page of importing shows it. Decides nothing."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from devices.import_plan import Changed, Hung, Plan
from devices.models import DeviceModel
from devices.socket_sheet import COLUMNS, REASON, Rejected, Sheet, typed
from exporters.csv_text import escaped
from platforms.models import Site

SHOWN = 100  # lines of each kind on the page


class Told(NamedTuple):
    """One line of the table."""

    line: int
    name: str
    phone: str
    note: str


class Section(NamedTuple):
    """The lines of one outcome: how many, and the first of them."""

    key: str
    title: str
    tone: str
    total: int
    lines: list[Told]

    @property
    def more(self) -> int:
        """Return how many lines the page leaves out."""
        return self.total - len(self.lines)


def sections(outcome: Plan, unread: Iterable[Rejected], *, foreseen: bool) -> list[Section]:
    """Return a section for each outcome that there is, what needs a person first."""
    refused = list(_refused(outcome, unread))
    titles = {
        "refused": _("Lines that cannot be used"),
        "created": _("Sockets to be added") if foreseen else _("Sockets added"),
        "changed": _("Sockets to be changed") if foreseen else _("Sockets changed"),
        "hung": _("Players to be hung on lines") if foreseen else _("Players hung on lines"),
        "already": _("There and equal"),
    }
    told = {
        "refused": (len(refused), iter(refused)),
        "created": (len(outcome.created), _created(outcome)),
        "changed": (len(outcome.changed), _changed(outcome)),
        "hung": (len(outcome.hung), _hung(outcome)),
        "already": (
            len(outcome.already),
            (Told(row.line, row.name, row.phone, row.player) for row in outcome.already),
        ),
    }
    tones = {"refused": "bad", "already": ""}
    return [
        Section(key, titles[key], tones.get(key, "good"), total, _first(lines))
        for key, (total, lines) in told.items()
        if total
    ]


def to_mend(sheet: Sheet, outcome: Plan) -> list[list[str]]:
    """Return the lines that cannot be used as cells, each with the reason at its end."""
    lines = [(row.line, list(row.cells), str(row.why)) for row in sheet.rejected]
    lines += [(each.row.line, list(typed(each.row)), each.why) for each in outcome.refused]
    return [
        [*map(escaped, cells), escaped(why)]
        for _line, cells, why in sorted(lines, key=lambda line: line[0])
    ]


def heading() -> list[str]:
    """Return the first row of a file to mend; importing reads it again."""
    return [*COLUMNS, REASON]


def _first(lines: Iterable[Told]) -> list[Told]:
    return [line for line, _number in zip(lines, range(SHOWN), strict=False)]


def _refused(outcome: Plan, unread: Iterable[Rejected]) -> Iterator[Told]:
    at = {name: number for number, name in enumerate(COLUMNS)}
    lines = [
        Told(row.line, row.cells[at["name"]], row.cells[at["phone"]], str(row.why))
        for row in unread
    ]
    lines += [
        Told(each.row.line, each.row.name, each.row.phone, each.why) for each in outcome.refused
    ]
    yield from sorted(lines)


def _created(outcome: Plan) -> Iterator[Told]:
    shown = outcome.created[:SHOWN]
    models = DeviceModel.objects.in_bulk({new.model_id for new in shown})
    # unscoped: sites that the plan found on its own platform
    sites = Site.objects.in_bulk({new.site_id for new in shown if new.site_id})
    for new in shown:
        notes = [str(models[new.model_id])]
        if new.site_id:
            notes.append(str(sites[new.site_id]))
        if not new.enabled:
            notes.append(_("disabled"))
        if new.reset_only:
            notes.append(_("reset only"))
        if new.namesake:
            notes.append(_("another socket has the same name"))
        yield Told(new.line, new.name, new.phone, ", ".join(notes))


def _changed(outcome: Plan) -> Iterator[Told]:
    shown = outcome.changed[:SHOWN]
    pks = {
        value
        for change in shown
        for name, *values in change.columns
        if name == "site_id"
        for value in values
        if value
    }
    # unscoped: sites that the plan found on its own platform
    sites = {site.pk: str(site) for site in Site.objects.filter(pk__in=pks)}
    for change in shown:
        yield Told(change.line, change.name, "", "; ".join(_differences(change, sites)))


def _differences(change: Changed, sites: dict[int, str]) -> Iterator[str]:
    labels = {
        "name": _("Name"),
        "site_id": _("Site"),
        "notes": _("Notes"),
        "enabled": _("Enabled"),
        "reset_only": _("Reset only"),
    }
    for name, *values in change.columns:
        before, after = (_shown(name, value, sites) for value in values)
        yield f"{labels[name]}: {before} → {after}"


def _shown(name: str, value: Any, sites: dict[int, str]) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name == "site_id" and value:
        return sites.get(value, "")
    text = str(value or _("(nothing)"))
    return text if len(text) <= 60 else f"{text[:60]}…"


def _hung(outcome: Plan) -> Iterator[Told]:
    for each in outcome.hung:
        yield Told(each.line, each.player, each.phone, _where(each))


def _where(each: Hung) -> str:
    if each.before:
        return _("on line %(number)s, off %(before)s") % {
            "number": each.number,
            "before": each.before,
        }
    return _("on line %(number)s") % {"number": each.number}
