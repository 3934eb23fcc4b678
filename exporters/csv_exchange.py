"""MAC lists as CSV files: bytes in, entries and rejected lines out; and cells for the way back.

Pure: no database, no request. The csv module, not a table library: a file is read and written row
by row, and what is written comes from a queryset that is scoped already.
"""

import csv
import io
import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .entries import DETAILS, Entry
from .macs import SHOWN_LIMIT, Changed, MacError, Repeated, clean_name, normalise

LARGEST_FILE = 16 * 1024 * 1024
MOST_ROWS = 200_000
COLUMNS = ("mac", *DETAILS)
# How people, spreadsheets and our API head the columns, in small letters, marks as spaces.
_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "mac": (
        *("mac", "mac address", "mac addr", "macaddress", "mac адрес", "mac адреса"),
        *("мак", "мак адрес", "мас", "мас адрес"),  # the last two are typed in Cyrillic
    ),
    "name": ("name", "device name", "player", "имя", "название", "наименование", "плеер"),
    "ip": ("ip", "ip address", "local ip", "ip адрес", "адрес ip", "локальный ip"),
    "outip": (
        *("outip", "out ip", "outside ip", "external ip", "public ip"),
        *("внешний ip", "внешний ip адрес", "внешний адрес", "публичный ip"),
    ),
}
_DELIMITERS = ",;\t"
# A spreadsheet runs a cell that starts with one of these; the last four are their wide twins.
_FORMULA = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


class SheetError(ValueError):
    """A file that is no MAC list at all; `reason` tells a person what to do."""

    def __init__(self, reason: str | Promise) -> None:
        super().__init__()
        self.reason = reason

    def __str__(self) -> str:
        return str(self.reason)


class RejectedRow(NamedTuple):
    """A row that cannot be used."""

    line: int
    text: str
    why: str | Promise


@dataclass(frozen=True)
class Sheet:
    """A file that was read; of a repeated address `entries` keeps the first."""

    encoding: str
    delimiter: str
    details: tuple[str, ...] = ()  # the columns that it has beside the MAC
    unused: tuple[str, ...] = ()  # headings that mean nothing here
    entries: list[Entry] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    repeated: list[Repeated] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)


def escaped(text: str) -> str:
    """Return a cell that no spreadsheet runs as a formula; `unescaped` undoes it exactly."""
    return f"'{text}" if (text[:1] in _FORMULA and text) or _looks_escaped(text) else text


def unescaped(cell: str) -> str:
    """Return what `escaped` was given."""
    return cell[1:] if _looks_escaped(cell) else cell


def read(data: bytes) -> Sheet:
    """Read a file; a bad row never costs a good one. Raise SheetError for what is no list."""
    text, encoding = _decoded(data)
    delimiter, text = _delimiter(text)
    rows = _rows(text, delimiter)
    first = next(rows, None)
    if first is None:
        raise SheetError(_("The file is empty."))
    columns = _columns(first[1])
    if columns is None:
        columns = _columns_without_heading(first[1])
        rows = _rows(text, delimiter)
    unused = tuple(cell for at, cell in enumerate(first[1]) if at not in columns.values() and cell)
    sheet = Sheet(
        encoding=encoding,
        delimiter=delimiter,
        details=tuple(name for name in DETAILS if name in columns),
        unused=unused[:10],
    )
    _fill(sheet, rows, columns)
    return sheet


def _fill(sheet: Sheet, rows: Iterator[tuple[int, list[str]]], columns: Mapping[str, int]) -> None:
    first_lines: dict[str, int] = {}
    for line, row in rows:
        cells = {name: row[at].strip() for name, at in columns.items() if at < len(row)}
        try:
            mac = normalise(cells.get("mac", ""))
            name, reason = clean_name(unescaped(cells.get("name", "")))
            entry = Entry(line, mac, name, _address(cells, "ip"), _address(cells, "outip"))
        except MacError as error:
            sheet.rejected.append(RejectedRow(line, _shown(row), error.reason.label))
            continue
        except SheetError as error:
            sheet.rejected.append(RejectedRow(line, _shown(row), error.reason))
            continue
        if mac in first_lines:
            sheet.repeated.append(Repeated(line, mac, first_lines[mac]))
            continue
        first_lines[mac] = line
        if reason is not None:
            sheet.changed.append(Changed(line, mac, reason))
        sheet.entries.append(entry)
        if len(sheet.entries) > MOST_ROWS:
            raise SheetError(_("The file has more than 200,000 addresses: split it."))


def _decoded(data: bytes) -> tuple[str, str]:
    """Return the text and the name of its encoding; Windows-1251 is a guess, so pages say it."""
    if data.startswith(_WORKBOOKS):
        raise SheetError(_("This is an Excel workbook. Save it as CSV and import that."))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _strictly(data, "utf-16"), "UTF-16"
    if b"\0" in data:
        raise SheetError(_("This is no text file. Save the list as CSV and import that."))
    try:
        return data.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError:
        return _strictly(data, "cp1251"), "Windows-1251"


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise SheetError(
            _("The file's encoding is not known here. Save it as CSV in UTF-8.")
        ) from error


def _delimiter(text: str) -> tuple[str, str]:
    """Return the delimiter and the text without the line in which Excel writes it down."""
    head, _end, rest = text.partition("\n")
    if head.strip().lower().startswith("sep=") and len(head.strip()) == 5:
        return head.strip()[4], f"\n{rest}"  # the empty line keeps the line numbers right
    best = ","
    most = -1
    for delimiter in _DELIMITERS:
        row = next(_rows(text, delimiter), (0, []))[1]
        found = len(_columns(row) or {}) * 100 + len(row)
        if found > most:
            best, most = delimiter, found
    return best, text


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of its first line, cells) of each row that is not empty."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise SheetError(
            _("The rows cannot be told apart after line %(line)s: is a quote left open?")
            % {"line": line}
        ) from error


def _columns(row: list[str]) -> dict[str, int] | None:
    """Return the place of each column that a heading names; None when none names the MAC."""
    places: dict[str, int] = {}
    for at, cell in enumerate(row):
        heading = " ".join(cell.casefold().replace("-", " ").replace("_", " ").split())
        for name, headings in _HEADINGS.items():
            if heading in headings:
                if name in places:
                    raise SheetError(
                        _("Two columns are headed as “%(name)s”: keep one.") % {"name": cell}
                    )
                places[name] = at
    return places if "mac" in places else None


def _columns_without_heading(row: list[str]) -> dict[str, int]:
    """Return the columns of a file that starts with an address: as we export them."""
    try:
        normalise(row[0])
    except MacError as error:
        raise SheetError(
            _(
                "No column is headed “mac”. The first line must name the columns, for example: "
                "mac,name,ip,outip"
            )
        ) from error
    return {name: at for at, name in enumerate(COLUMNS) if at < len(row)}


def _address(cells: Mapping[str, str], column: str) -> str | None:
    """Return an IP address in its shortest spelling, None for an empty cell."""
    text = cells.get(column, "")
    if not text:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise SheetError(_("“%(text)s” is no IP address.") % {"text": text[:45]}) from error
    if "%" in text:
        raise SheetError(_("“%(text)s” is no IP address.") % {"text": text[:45]})
    return str(address)


def _looks_escaped(text: str) -> bool:
    return text[:1] == "'" and text[1:2] != "" and text[1:2] in f"{_FORMULA}'"


def _shown(row: list[str]) -> str:
    """Return the beginning of a rejected row, printable."""
    text = " ".join(cell.strip() for cell in row if cell.strip())
    shown = "".join(mark if mark.isprintable() else "\ufffd" for mark in text[:SHOWN_LIMIT])
    return f"{shown}…" if len(text) > SHOWN_LIMIT else shown
