"""CSV files as people and spreadsheets write them: bytes in, text and rows out; cells and back.

Pure. Knows no columns: who reads a file says which headings mean what. The csv module, not a table
library: a file is read and written row by row.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .macs import SHOWN_LIMIT

_DELIMITERS = ",;\t"
# A spreadsheet runs a cell that starts with one of these; the last four are their wide twins.
_FORMULA = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


class SheetError(ValueError):
    """A file that cannot be used at all; `reason` tells a person what to do."""

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


def escaped(text: str) -> str:
    """Return a cell that no spreadsheet runs as a formula; `unescaped` undoes it exactly."""
    return f"'{text}" if (text[:1] in _FORMULA and text) or _looks_escaped(text) else text


def unescaped(cell: str) -> str:
    """Return what `escaped` was given."""
    return cell[1:] if _looks_escaped(cell) else cell


def decoded(data: bytes) -> tuple[str, str]:
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


def delimiter_of(text: str, rate: Callable[[list[str]], int]) -> tuple[str, str]:
    """Return the delimiter and the text without the line in which Excel writes it down.

    `rate` tells how many columns the first row would have a meaning for.
    """
    head, _end, rest = text.partition("\n")
    if head.strip().lower().startswith("sep=") and len(head.strip()) == 5:
        return head.strip()[4], f"\n{rest}"  # the empty line keeps the line numbers right
    best = ","
    most = -1
    for delimiter in _DELIMITERS:
        row = next(rows(text, delimiter), (0, []))[1]
        found = rate(row) * 100 + len(row)
        if found > most:
            best, most = delimiter, found
    return best, text


def rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
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


def places_of(row: Sequence[str], headings: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Return the place of each column that a heading names, however it is written."""
    places: dict[str, int] = {}
    for at, cell in enumerate(row):
        heading = " ".join(cell.casefold().replace("-", " ").replace("_", " ").split())
        for name, known in headings.items():
            if heading in known:
                if name in places:
                    raise SheetError(
                        _("Two columns are headed as “%(name)s”: keep one.") % {"name": cell}
                    )
                places[name] = at
    return places


def shown(row: list[str]) -> str:
    """Return the beginning of a rejected row, printable."""
    text = " ".join(cell.strip() for cell in row if cell.strip())
    shown = "".join(mark if mark.isprintable() else "\ufffd" for mark in text[:SHOWN_LIMIT])
    return f"{shown}…" if len(text) > SHOWN_LIMIT else shown


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise SheetError(
            _("The file's encoding is not known here. Save it as CSV in UTF-8.")
        ) from error


def _looks_escaped(text: str) -> bool:
    return text[:1] == "'" and text[1:2] != "" and text[1:2] in f"{_FORMULA}'"
