"""MAC lists as CSV files: bytes in, entries and rejected lines out; and cells for the way back.

Pure: no database, no request. What is written comes from a queryset that is scoped already.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from . import csv_text
from .csv_text import RejectedRow, SheetError, escaped, unescaped
from .entries import DETAILS, Entry
from .macs import Changed, MacError, Repeated, clean_name, normalise

__all__ = ["COLUMNS", "RejectedRow", "Sheet", "SheetError", "escaped", "read", "unescaped"]

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


def read(data: bytes) -> Sheet:
    """Read a file; a bad row never costs a good one. Raise SheetError for what is no list."""
    text, encoding = csv_text.decoded(data)
    delimiter, text = csv_text.delimiter_of(text, _rate)
    rows = csv_text.rows(text, delimiter)
    first = next(rows, None)
    if first is None:
        raise SheetError(_("The file is empty."))
    columns = _columns(first[1])
    if columns is None:
        columns = _columns_without_heading(first[1])
        rows = csv_text.rows(text, delimiter)
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
            sheet.rejected.append(RejectedRow(line, csv_text.shown(row), error.reason.label))
            continue
        except SheetError as error:
            sheet.rejected.append(RejectedRow(line, csv_text.shown(row), error.reason))
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


def _columns(row: list[str]) -> dict[str, int] | None:
    """Return the place of each column that a heading names; None when none names the MAC."""
    places = csv_text.places_of(row, _HEADINGS)
    return places if "mac" in places else None


def _rate(row: list[str]) -> int:
    return len(_columns(row) or {})


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
