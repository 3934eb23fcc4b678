"""Lists of sockets as CSV files: bytes in, rows and rejected lines out; and cells for the way back.

Pure: no database, no request. What the rows would do stands in import_plan.py.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from exporters import csv_text
from exporters.csv_text import SheetError, escaped, unescaped
from exporters.macs import clean_name

from . import phones
from .phones import PhoneError

__all__ = ["COLUMNS", "Rejected", "Row", "Sheet", "SheetError", "cells_of", "read"]

LARGEST_FILE = 4 * 1024 * 1024
MOST_ROWS = 20_000
MOST_PLAYERS = 100  # lines of one socket
LONGEST_NOTES = 2000
LONGEST_NAME = 120
REASON = "reason"
COLUMNS = (*("name", "phone", "model", "site", "line", "player", "notes", "enabled", "reset_only"),)
# Of these every line that names a socket says the same, or nothing.
SHARED = ("name", "model", "site", "notes", "enabled", "reset_only")
_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "name": (
        *("name", "socket", "socket name", "device"),
        *("имя", "название", "наименование", "розетка", "имя розетки"),
    ),
    "phone": (
        *("phone", "phone number", "number", "sim", "sim number"),
        *("телефон", "номер", "номер телефона", "номер sim", "тел"),
    ),
    "model": ("model", "socket model", "модель", "модель розетки"),
    "site": ("site", "place", "location", "площадка", "объект", "место", "сайт"),
    "line": ("line", "outlet", "output", "line number", "линия", "выход", "канал"),
    "player": (
        *("player", "mac", "mac address", "device id", "player name", "player id"),
        *("плеер", "мак", "мас", "mac адрес", "мак адрес", "id плеера", "имя плеера"),
    ),
    "notes": (
        *("notes", "note", "comment", "comments"),
        *("примечание", "примечания", "заметка", "заметки", "комментарий"),
    ),
    "enabled": ("enabled", "active", "включена", "включено", "включен", "активна"),
    "reset_only": ("reset only", "только перезагрузка", "только перезапуск", "только сброс"),
    REASON: ("reason", "причина"),  # of a file of rejected lines: nothing is read from it
}
_YES = frozenset({"yes", "y", "true", "1", "on", "+", "да", "д", "истина", "вкл"})
_NO = frozenset({"no", "n", "false", "0", "off", "-", "нет", "н", "ложь", "выкл"})
_LINE = re.compile(r"[1-9][0-9]?")
_AS_TEXT = re.compile(r'="(.*)"')  # how some write a cell that a spreadsheet shall not count with
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]*)?[eEеЕ][+-]?[0-9]+")
_DECIMAL = re.compile(r"\+?[0-9]{7,}[.,][0-9]{1,2}")


class Row(NamedTuple):
    """One line as it was typed, of plain values: empty text or None where nothing stands."""

    line: int
    name: str
    phone: str  # +E.164
    model: str
    site: str
    number: int | None  # of the socket's line
    player: str
    notes: str
    enabled: bool | None
    reset_only: bool | None


class Rejected(NamedTuple):
    """A line that cannot be used: its cells in the order of COLUMNS, and why."""

    line: int
    cells: tuple[str, ...]
    why: str | Promise


@dataclass(frozen=True)
class Sheet:
    """A file that was read."""

    encoding: str
    delimiter: str
    unused: tuple[str, ...] = ()  # headings that mean nothing here
    rows: list[Row] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


class _Refused(Exception):
    """This line cannot be used; the argument says why."""

    def __init__(self, why: str | Promise) -> None:
        super().__init__()
        self.why = why


def read(data: bytes, region: str | None = None) -> Sheet:
    """Read a file; a bad line never costs a good one. Raise SheetError for what is no list.

    `region` (`RU`) says where numbers without a plus belong.
    """
    text, encoding = csv_text.decoded(data)
    delimiter, text = csv_text.delimiter_of(text, _rate)
    rows = csv_text.rows(text, delimiter)
    first = next(rows, None)
    if first is None:
        raise SheetError(_("The file is empty."))
    places = csv_text.places_of(first[1], _HEADINGS)
    if "phone" not in places:
        raise SheetError(
            _(
                "No column is headed “phone”. The first line must name the columns, for example: "
                "name,phone,model,site,line,player"
            )
        )
    unused = [cell for at, cell in enumerate(first[1]) if at not in places.values() and cell]
    sheet = Sheet(encoding, delimiter, tuple(cell[:40] for cell in unused[:10]))
    places.pop(REASON, None)
    _fill(sheet, rows, places, region)
    return sheet


def cells_of(values: Mapping[str, Any]) -> list[str]:
    """Return the cells of a line as `read` understands them and no spreadsheet runs them."""
    return [escaped(_written(values.get(name))) for name in COLUMNS]


def typed(row: Row) -> tuple[str, ...]:
    """Return the cells of a row that was read."""
    values = {**row._asdict(), "line": row.number}
    return tuple(_written(values[name]) for name in COLUMNS)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _fill(
    sheet: Sheet,
    rows: Iterator[tuple[int, list[str]]],
    places: Mapping[str, int],
    region: str | None,
) -> None:
    of_phone: dict[str, list[Row]] = {}
    for count, (line, cells) in enumerate(rows, start=1):
        if count > MOST_ROWS:
            raise SheetError(_("The file has more than 20,000 lines: split it."))
        named = {name: cells[at].strip() for name, at in places.items() if at < len(cells)}
        try:
            row = _row(line, named, region)
            earlier = of_phone.setdefault(row.phone, [])
            _agree(row, earlier)
        except _Refused as error:
            shown = tuple(named.get(name, "")[:LONGEST_NOTES] for name in COLUMNS)
            sheet.rejected.append(Rejected(line, shown, error.why))
            continue
        earlier.append(row)
        sheet.rows.append(row)


def _row(line: int, cells: Mapping[str, str], region: str | None) -> Row:
    return Row(
        line=line,
        name=_name(cells, "name", LONGEST_NAME),
        phone=_phone(cells.get("phone", ""), region),
        model=_name(cells, "model", LONGEST_NAME),
        site=_name(cells, "site", LONGEST_NAME),
        number=_number(cells.get("line", "")),
        player=_name(cells, "player", 255),
        notes=_notes(unescaped(cells.get("notes", ""))),
        enabled=_yes_or_no(cells.get("enabled", "")),
        reset_only=_yes_or_no(cells.get("reset_only", "")),
    )


def _agree(row: Row, earlier: Sequence[Row]) -> None:
    """Refuse a line that repeats one of the same socket, or says something else of it."""
    if len(earlier) >= MOST_PLAYERS:
        raise _Refused(_("More than 100 lines are about this socket."))
    for other in earlier:
        if (row.number, row.player) == (other.number, other.player):
            raise _Refused(
                _("The same socket, line and player stand on line %(line)s.") % {"line": other.line}
            )
        for name in SHARED:
            mine, others = getattr(row, name), getattr(other, name)
            if mine not in ("", None) and others not in ("", None) and mine != others:
                raise _Refused(
                    _("Line %(line)s says something else of this socket: %(column)s.")
                    % {"line": other.line, "column": name}
                )


def _phone(cell: str, region: str | None) -> str:
    found = _AS_TEXT.fullmatch(cell)
    text = (found[1] if found else unescaped(cell)).lstrip("'").strip().replace("\xa0", " ")
    if _SCIENTIFIC.fullmatch(text) or _DECIMAL.fullmatch(text):
        raise _Refused(
            _(
                "A spreadsheet made a number of this phone (%(text)s), and digits may be lost. "
                "Format the column as text and write it anew."
            )
            % {"text": text[:30]}
        )
    try:
        return phones.normalise(text, region)
    except PhoneError as error:
        raise _Refused(error.reason.label) from None


def _name(cells: Mapping[str, str], column: str, longest: int) -> str:
    text, _reason = clean_name(unescaped(cells.get(column, "")))
    if len(text) > longest or len(cells.get(column, "")) > 4 * longest:
        raise _Refused(
            _("%(column)s is longer than %(longest)s characters.")
            % {"column": column, "longest": longest}
        )
    return text


def _notes(text: str) -> str:
    if len(text) > LONGEST_NOTES:
        raise _Refused(
            _("%(column)s is longer than %(longest)s characters.")
            % {"column": "notes", "longest": LONGEST_NOTES}
        )
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(clean_name(line)[0] for line in lines).strip()


def _number(cell: str) -> int | None:
    if not cell:
        return None
    if not _LINE.fullmatch(cell):
        raise _Refused(_("The line of a socket is a number from 1."))
    return int(cell)


def _yes_or_no(cell: str) -> bool | None:
    word = unescaped(cell).casefold()
    if not word:
        return None
    if word not in _YES | _NO:
        raise _Refused(_("Write yes or no, not “%(text)s”.") % {"text": cell[:20]})
    return word in _YES


def _rate(row: list[str]) -> int:
    return len(csv_text.places_of(row, _HEADINGS))
