"""CSV files that people open in a spreadsheet: streamed, and no cell is run as a formula."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.http import StreamingHttpResponse

# A cell that starts with one of these is a formula to Excel, LibreOffice or Google Sheets.
_STARTS_OF_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Excel reads a file without it in the local code page, and Cyrillic names become garbage.
_BYTE_ORDER_MARK = "\ufeff"


class _Line:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def cell(value: Any) -> str:
    """Return a value as the text of a cell; a leading apostrophe keeps a formula from running."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_STARTS_OF_FORMULAS) else text


def lines(header: Iterable[Any], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """Yield the lines of the file."""
    writer = csv.writer(_Line())
    yield _BYTE_ORDER_MARK + writer.writerow([cell(value) for value in header])
    for row in rows:
        yield writer.writerow([cell(value) for value in row])


def download(
    name: str, header: Iterable[Any], rows: Iterable[Iterable[Any]]
) -> StreamingHttpResponse:
    """Answer with the rows as a file, while they are still being read."""
    answer = StreamingHttpResponse(lines(header, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer
