"""Lists of sockets as people and spreadsheets write them, and what no honest file has."""

import csv
import io
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from devices.socket_sheet import COLUMNS, MOST_ROWS, Row, SheetError, cells_of, read

HALL = Row(2, "Hall", "+79001234567", "d210", "Mall", 1, "02:00:00:00:00:01", "", True, False)


def whys(text: str, region: str | None = None) -> list[tuple[int, str]]:
    return [(row.line, str(row.why)) for row in read(text.encode(), region).rejected]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_list_reads_the_same_however_it_was_saved(encoding: str, delimiter: str) -> None:
    heading = ["Имя", "Телефон", "Модель", "Площадка", "Линия", "Плеер", "Включена"]
    cells = ["Зал", "+7 (900) 123-45-67", "SimPal D210", "Молл", "1", "Левый", "да"]
    text = f"{delimiter.join(heading)}\r\n{delimiter.join(cells)}\r\n"
    sheet = read(text.encode(encoding))
    assert sheet.delimiter == delimiter
    expected = Row(2, "Зал", "+79001234567", "SimPal D210", "Молл", 1, "Левый", "", True, None)
    assert sheet.rows == [expected]
    assert sheet.rejected == []


@pytest.mark.parametrize(
    "cell",
    ["+79001234567", "'+79001234567", "'+7 900 1234567", '"=""+79001234567"""', " +79001234567 "],
)
def test_a_phone_is_read_however_a_spreadsheet_protects_it(cell: str) -> None:
    assert [row.phone for row in read(f"name,phone\nHall,{cell}\n".encode()).rows] == [HALL.phone]


@pytest.mark.parametrize(
    "cell", ["7.90012E+10", "7,90012E+10", "7E10", "79001234567.0", "79001234567,00"]
)
def test_a_phone_of_which_a_spreadsheet_made_a_number_is_refused(cell: str) -> None:
    [(line, why)] = whys(f"name;phone\nHall;{cell}\n")
    assert line == 2
    assert "A spreadsheet made a number of this phone" in why


def test_a_phone_without_a_plus_needs_the_country_of_the_gateway() -> None:
    text = "phone,name\n79001234567,Hall\n"
    assert whys(text) == [(2, "Begin the number with a plus and the code of its country.")]
    assert [row.phone for row in read(text.encode(), "RU").rows] == [HALL.phone]


def test_a_bad_line_costs_no_good_one_and_keeps_its_number() -> None:
    text = (
        'phone,name,line,enabled,notes\n,Nobody,,,\n"+79001234567",Hall,,yes,"two\nlines"\n\n'
        "+79001234568,Entrance,0,,\n+79001234569,Stairs,,maybe,\n+٧٩٠٠١٢٣٤٥٦٧,Digits,,,\n"
    )
    sheet = read(text.encode())
    assert [(row.line, row.name, row.notes) for row in sheet.rows] == [(3, "Hall", "two\nlines")]
    assert [(row.line, str(row.why).split(":")[0]) for row in sheet.rejected] == [
        (2, "Enter a phone number."),
        (6, "The line of a socket is a number from 1."),
        (7, "Write yes or no, not “maybe”."),
        (8, "A phone number has only digits 0-9, a plus, spaces, brackets, hyphens."),
    ]
    assert sheet.rejected[1].cells[COLUMNS.index("phone")] == "+79001234568"


def test_lines_of_one_socket_agree_and_do_not_repeat_each_other() -> None:
    text = (
        "phone,name,player,line\n+79001234567,Hall,A,1\n8 900 123-45-67,,B,1\n"
        "+79001234567,Entrance,C,1\n+79001234567,Hall,A,1\n"
    )
    sheet = read(text.encode(), "RU")
    assert [row.line for row in sheet.rows] == [2, 3]
    assert whys(text, "RU") == [
        (4, "Line 2 says something else of this socket: name."),
        (5, "The same socket, line and player stand on line 2."),
    ]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "The file is empty."),
        (b"name,model\nHall,d210\n", "No column is headed"),
        (b"+79001234567,Hall\n", "No column is headed"),
        (b"phone,telephone,Phone\n", "Two columns are headed"),
        (b"PK\x03\x04 a workbook", "This is an Excel workbook"),
        (b"phone\n" + b"1\n" * (MOST_ROWS + 1), "more than 20,000 lines"),
    ],
)
def test_what_is_no_list_of_sockets_says_so(data: bytes, why: str) -> None:
    with pytest.raises(SheetError, match=why):
        read(data)


def test_a_file_about_one_socket_alone_takes_no_longer_than_any() -> None:
    lines = "".join(f"+79001234567,player {number}\n" for number in range(5000))
    sheet = read(f"phone,player\n{lines}".encode())
    assert len(sheet.rows) == 100
    assert len(sheet.rejected) == 4900


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@settings(max_examples=50)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "name": texts,
                "phone": st.one_of(texts, st.from_regex(r"\+7900[0-9]{7}", fullmatch=True)),
                "model": texts,
                "site": texts,
                "line": st.one_of(st.none(), st.integers(0, 120)),
                "player": texts,
                "notes": texts,
                "enabled": st.one_of(st.none(), st.booleans()),
                "reset_only": st.one_of(st.none(), st.booleans()),
            }
        ),
        max_size=6,
    )
)
def test_any_cells_are_read_or_rejected_line_by_line(rows: list[dict[str, Any]]) -> None:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows(cells_of(row) for row in rows)
    sheet = read(file.getvalue().encode())
    filled = [row for row in rows if any(cell.strip() for cell in cells_of(row))]
    assert len(sheet.rows) + len(sheet.rejected) == len(filled)
    for row in sheet.rows:
        assert row.phone.startswith("+")
        assert row.number is None or 1 <= row.number <= 99
        assert not any("\x00" <= mark < " " for mark in row.name + row.player + row.site)
    assert read_again(sheet.rows) == [row[1:] for row in sheet.rows]


def read_again(rows: list[Row]) -> list[tuple[Any, ...]]:
    """Write rows as they were read and read that."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows(cells_of({**row._asdict(), "line": row.number}) for row in rows)
    return [row[1:] for row in read(file.getvalue().encode()).rows]


@settings(max_examples=80)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_list_or_a_plain_refusal(data: bytes) -> None:
    for file in (data, b"phone;name\n" + data, b"sep=" + data):
        with suppress(SheetError):
            assert len(read(file, "RU").rows) < 200
