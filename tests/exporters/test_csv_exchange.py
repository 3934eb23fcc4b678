"""MAC lists as CSV files, as spreadsheets of two languages write them."""

import csv
import io
import time

import pytest
from hypothesis import given, strategies as st

from exporters import csv_exchange
from exporters.csv_exchange import SheetError, escaped, read, unescaped
from exporters.entries import Entry
from exporters.macs import Reason
from tests import factories

MAC = "06:42:40:92:60:B4"
OTHER = "06:42:40:92:60:B5"


def test_it_reads_what_we_export() -> None:
    sheet = read(
        f"\ufeffmac,name,ip,outip\r\n{MAC},Hall,10.0.0.1,1.2.3.4\r\n{OTHER},,,\r\n".encode()
    )
    assert sheet.entries == [
        Entry(2, MAC, "Hall", "10.0.0.1", "1.2.3.4"),
        Entry(3, OTHER, "", None, None),
    ]
    assert (sheet.encoding, sheet.delimiter, sheet.details) == (
        "UTF-8",
        ",",
        ("name", "ip", "outip"),
    )
    assert (sheet.rejected, sheet.repeated, sheet.changed, sheet.unused) == ([], [], [], ())


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("cp1251", "Windows-1251"),
        ("utf-16", "UTF-16"),
    ],
)
def test_it_finds_out_delimiter_and_encoding(delimiter: str, encoding: str, told: str) -> None:
    rows = [
        ["MAC-адрес", "Название", "Внешний IP"],
        ["06-42-40-92-60-b4", "ММ Зауролоф", "1.2.3.4"],
    ]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    sheet = read(text.encode(encoding))
    assert sheet.entries == [Entry(2, MAC, "ММ Зауролоф", None, "1.2.3.4")]
    assert (sheet.encoding, sheet.delimiter, sheet.details) == (told, delimiter, ("name", "outip"))


@pytest.mark.parametrize(
    ("heading", "details"),
    [
        ("mac;name;ip;outip", ("name", "ip", "outip")),
        ("MAC Address;Device name;IP address;External IP", ("name", "ip", "outip")),
        ("МАК-адрес;Имя;IP-адрес;Внешний IP-адрес", ("name", "ip", "outip")),
        ("мас;Наименование", ("name",)),  # the first is typed in Cyrillic letters
        (" Mac_Address ", ()),
        ("MAC", ()),
    ],
)
def test_it_understands_headings_of_two_languages(heading: str, details: tuple[str, ...]) -> None:
    assert read(f"{heading}\n{MAC}".encode()).details == details


def test_columns_come_in_any_order_and_unknown_ones_are_named() -> None:
    sheet = read(f"floor,name,mac\n2,Hall,{MAC}\n".encode())
    assert sheet.entries == [Entry(2, MAC, "Hall")]
    assert sheet.unused == ("floor",)


def test_a_file_without_a_heading_has_our_columns() -> None:
    sheet = read(f"{MAC};Hall;10.0.0.1\n{OTHER};Door\n".encode())
    assert sheet.entries == [Entry(1, MAC, "Hall", "10.0.0.1"), Entry(2, OTHER, "Door")]
    assert sheet.details == ("name", "ip")
    assert sheet.unused == ()


def test_the_line_in_which_excel_names_the_delimiter_is_no_row() -> None:
    sheet = read(f"sep=;\r\nmac;name\r\n{MAC};Hall\r\n".encode())
    assert sheet.entries == [Entry(3, MAC, "Hall")]


def test_a_bad_row_costs_no_good_one() -> None:
    lines = ["mac,name,ip", f"{MAC},Hall,10.0.0.1", "nonsense,x,", f"{OTHER},Door,10.0.0.999",
             "00:00:00:00:00:00,zero,", "", f"{MAC},again,"]  # fmt: skip
    sheet = read("\n".join(lines).encode())

    assert [entry.mac for entry in sheet.entries] == [MAC]
    assert [(row.line, str(row.why)) for row in sheet.rejected] == [
        (3, str(Reason.NOT_A_MAC)),
        (4, "“10.0.0.999” is no IP address."),
        (5, str(Reason.ZERO)),
    ]
    assert [(row.line, row.first_line) for row in sheet.repeated] == [(7, 2)]


def test_a_quoted_cell_may_hold_delimiters_and_line_ends() -> None:
    sheet = read(f'mac,name\n{MAC},"Hall, 2nd\nfloor"\n{OTHER},Door\n'.encode())
    assert sheet.entries == [Entry(2, MAC, "Hall, 2nd floor"), Entry(4, OTHER, "Door")]


def test_names_lose_what_no_page_can_show_and_it_is_said() -> None:
    sheet = read(f"mac,name\n{MAC},Ha\u200bll\u0007\n".encode())
    assert sheet.entries[0].name == "Hall"
    assert sheet.changed[0].reason is Reason.NAME_CLEANED


@pytest.mark.parametrize(
    ("text", "shortest"),
    [("10.0.0.1", "10.0.0.1"), ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"), (" 10.0.0.1 ", "10.0.0.1")],
)
def test_addresses_are_kept_in_one_spelling(text: str, shortest: str) -> None:
    assert read(f"mac,ip\n{MAC},{text}\n".encode()).entries[0].ip == shortest


@pytest.mark.parametrize("text", ["10.0.0", "010.0.0.1", "fe80::1%eth0", "localhost", "１０.0.0.1"])
def test_what_is_no_address_rejects_its_row(text: str) -> None:
    sheet = read(f"mac,ip\n{MAC},{text}\n".encode())
    assert sheet.entries == []
    assert len(sheet.rejected) == 1


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"\n\n  \n", "empty"),
        (b"PK\x03\x04rest of a workbook", "Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "Excel workbook"),
        (b"mac,name\n\0\0", "no text file"),
        (b"\xff\xfe\x00", "encoding"),
        (b"caf\xe9 \x98", "encoding"),
        (b"name,ip\nHall,10.0.0.1\n", "No column is headed"),
        (b"mac,name,name\n", "Two columns"),
        (b'mac,name\n06:42:40:92:60:B4,"' + b"x" * 200_000, "quote left open"),
    ],
)
def test_what_is_no_list_is_refused_with_a_reason(data: bytes, says: str) -> None:
    with pytest.raises(SheetError) as refused:
        read(data)
    assert says in str(refused.value)


def test_a_list_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_exchange, "MOST_ROWS", 1)
    with pytest.raises(SheetError, match="split"):
        read(f"{MAC}\n{OTHER}\n".encode())


@given(st.binary(max_size=300))
def test_any_bytes_are_either_a_list_or_refused(data: bytes) -> None:
    try:
        sheet = read(data)
    except SheetError as error:
        told = str(error)
    else:
        told = sheet.encoding
    assert told


@given(st.text(max_size=40))
def test_an_escaped_cell_is_no_formula_and_comes_back_as_it_was(text: str) -> None:
    cell = escaped(text)
    assert cell[:1] not in tuple("=+-@\t\r\n＝＋－＠") or not cell
    assert unescaped(cell) == text


@pytest.mark.parametrize("name", ["=1+1", "+7 495", "-2 floor", "@home", "'=x", "''", "'quoted'"])
def test_a_name_goes_out_and_in_again_unchanged(name: str) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([["mac", "name"], [MAC, escaped(name)]])
    assert read(out.getvalue().encode()).entries == [Entry(2, MAC, name)]


def test_a_hundred_thousand_rows_are_read_in_seconds() -> None:
    rows = "\n".join(f"{factories.mac_of(at)};Зал {at};10.0.0.1;" for at in range(100_000))
    started = time.monotonic()
    assert len(read(f"mac;name;ip;outip\n{rows}".encode("cp1251")).entries) == 100_000
    assert time.monotonic() - started < 15
