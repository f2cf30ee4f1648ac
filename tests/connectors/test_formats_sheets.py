"""Workbooks as departments make them: headings anywhere, several sheets, totals; and what is no workbook."""

from __future__ import annotations

import datetime as dt
import io
import json
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt
from openpyxl.worksheet.worksheet import Worksheet
from xlwt.CompoundDoc import XlsDoc

from connectors.connection import Connection
from connectors.reading import Demand, Reading
from connectors.registry import read
from schemas.errors import DriftError
from schemas.types.base import InvalidValueError
from schemas.types.date import Date
from schemas.types.nik import Nik
from simulator.file_formats import write_ods
from tests.connectors.helpers import application, rows_of

Sheets = dict[str, Sequence[Sequence[Any]]]


def open_(folder: Path, name: str = "warga.xlsx", limit_mb: int = 2048, **feed: Any) -> Reading:
    made = {"file": name, "format": name.rpartition(".")[2], "map": ["nik", "nama"], **feed}
    connection = Connection.from_uri("app", f"fs://{folder}")
    return read(application("files", made, max_file_mb=limit_mb), "warga", connection, Demand())


def xlsx(folder: Path, sheets: Sheets, merged: Sequence[str] = (), hidden: Sequence[str] = ()) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    for name, rows in sheets.items():
        sheet: Worksheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        for cells in merged:
            sheet.merge_cells(cells)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
    book.save(folder / "warga.xlsx")
    return folder


TITLED: list[list[Any]] = [["Laporan Warga"], [], [None, "NIK", "NAMA"], [None, "nik", "nama"], [None, "1", "a"]]


@pytest.mark.parametrize("format", ["xlsx", "xls", "ods"])
def test_the_heading_is_found_wherever_it_stands(tmp_path: Path, format: str) -> None:
    if format == "ods":
        write_ods(tmp_path / "warga.ods", "Data", TITLED)
    elif format == "xlsx":
        xlsx(tmp_path, {"Data": TITLED})
    else:
        book = xlwt.Workbook()
        sheet = book.add_sheet("Data")
        for at, row in enumerate(TITLED):
            for column, cell in enumerate(row):
                sheet.write(at, column, cell)
        book.save(str(tmp_path / "warga.xls"))
    assert rows_of(open_(tmp_path, f"warga.{format}", header_row="auto")) == [("1", "a")]


def test_where_no_line_is_the_heading_the_likeliest_are_told(tmp_path: Path) -> None:
    xlsx(tmp_path, {"Data": [["Laporan", "nik"], [], ["nik", "nama_lengkap", "alamat"], ["1", "a", "b"]]})
    with pytest.raises(DriftError, match="line 1 holds 1 of them, not 'nama'; line 3 holds 1 of them") as told:
        open_(tmp_path, header_row="auto")
    assert told.value.where.endswith("warga.header_row")


HEADING: list[list[Any]] = [
    ["Data Warga", None, None, None, None],
    ["nik", "Nama", None, "Alamat\nlengkap", None],
    [None, "depan", "belakang", "RT", "RW"],
    ["1", "Siti", "Aminah", "01", "02"],
]
COLUMNS = ["nik", "Nama / depan", "Nama / belakang", "Alamat lengkap / RT", "Alamat lengkap / RW"]
FIELDS: dict[str, Any] = {"map": {f"f{number}": name for number, name in enumerate(COLUMNS)}, "header_rows": 2}


@pytest.mark.parametrize("header_row", [2, "auto"])
def test_merged_headings_are_joined_with_those_below(tmp_path: Path, header_row: Any) -> None:
    xlsx(tmp_path, {"Data": HEADING}, merged=["A1:E1", "A2:A3", "B2:C2", "D2:E2"])
    assert rows_of(open_(tmp_path, header_row=header_row, **FIELDS)) == [("1", "Siti", "Aminah", "01", "02")]


def test_without_word_of_what_is_merged_an_upper_text_counts_for_the_empty_cells_beside_it(tmp_path: Path) -> None:
    write_ods(tmp_path / "warga.ods", "Data", HEADING)
    assert rows_of(open_(tmp_path, "warga.ods", header_row=2, **FIELDS)) == [("1", "Siti", "Aminah", "01", "02")]


def test_a_column_beside_a_merged_cell_keeps_its_own_name(tmp_path: Path) -> None:
    rows = [[None, "nik", "Nama", None, None], [None, None, "depan", "belakang", "RT"], [None, "1", "a", "b", "c"]]
    xlsx(tmp_path, {"Data": rows}, merged=["B1:B2", "C1:D1"])
    fields = {"f0": "nik", "f1": "Nama / depan", "f2": "Nama / belakang", "f3": "RT"}
    assert rows_of(open_(tmp_path, header_rows=2, map=fields)) == [("1", "a", "b", "c")]


MONTHS: Sheets = {
    "Petunjuk": [["isi dengan huruf besar"]],
    "Jan": [["nik", "nama"], ["1", "a"]],
    "Feb": [["Laporan"], ["nama", "nik"], ["b", "2"], [None, None]],
    "Mar": [],
    "Lama": [["nik", "nama"], ["9", "z"]],
}


def test_all_visible_sheets_of_a_pattern_are_joined_by_column_names(tmp_path: Path) -> None:
    sheets = {name: MONTHS[name] for name in ("Jan", "Feb", "Mar", "Lama")}
    xlsx(tmp_path, sheets, hidden=["Lama"])
    reading = open_(tmp_path, sheet="*", header_row="auto")
    assert rows_of(reading) == [("1", "a"), ("2", "b")]
    assert reading.details["sheets"] == ["Jan", "Feb"]
    assert reading.query == "warga.xlsx [*]"
    assert rows_of(open_(tmp_path, sheet="[JL]*")) == [("1", "a")]


def test_a_sheet_of_the_pattern_without_the_columns_is_drift(tmp_path: Path) -> None:
    xlsx(tmp_path, MONTHS)
    with pytest.raises(DriftError, match=r"sheet 'Petunjuk'.*has no line among its first 100"):
        rows_of(open_(tmp_path, sheet="*", header_row="auto"))


def test_sheets_of_a_pattern_without_any_text_are_drift(tmp_path: Path) -> None:
    xlsx(tmp_path, {"Mar": [], "Apr": [[None]]})
    with pytest.raises(DriftError, match="no sheet with a text"):
        rows_of(open_(tmp_path, sheet="*"))


def test_a_hidden_sheet_is_read_only_by_its_name(tmp_path: Path) -> None:
    xlsx(tmp_path, {"Lama": MONTHS["Lama"], "Jan": MONTHS["Jan"]}, hidden=["Lama"])
    assert rows_of(open_(tmp_path)) == [("1", "a")]
    reading = open_(tmp_path, sheet="Lama")
    assert rows_of(reading) == [("9", "z")]
    assert reading.details["hidden"] == ["Lama"]
    with pytest.raises(DriftError, match=r"no sheet 'L\*'"):
        open_(tmp_path, sheet="L*")


def test_rows_of_totals_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [["no", "nik", "nama"], [1, "1", "a"], [" Jumlah ", None, "1"], [2, "2", "TOTAL"], ["total", None, "2"]]
    xlsx(tmp_path, {"Data": rows})
    reading = open_(tmp_path, totals={"no": ["JUMLAH", "TOTAL"]})
    assert [row[:2] for row in rows_of(reading)] == [("1", "a"), ("2", "TOTAL")]
    assert reading.details["totals_left_out"] == 2
    ignored = open_(tmp_path, totals={"no": ["JUMLAH", "TOTAL"]}, ignore=["no"])
    assert rows_of(ignored) == [("1", "a"), ("2", "TOTAL")]


def test_cells_come_as_the_value_and_what_nobody_computed_is_null(tmp_path: Path) -> None:
    xlsx(tmp_path, {"Data": [["nik", "nama"], ["1", "=1+1"], ["2", "#N/A"], [], [3574910101800015, 0.5], ["5", 45000]]})
    book = openpyxl.load_workbook(tmp_path / "warga.xlsx")
    sheet: Any = book["Data"]
    sheet["B3"].data_type = "e"
    sheet["B5"].number_format = "0%"
    sheet["A7"], sheet["B7"] = "6", 1234.5
    sheet["B7"].number_format = '"Rp"#,##0.00'
    sheet["A8"], sheet["B8"] = "7", dt.date(2024, 1, 2)
    sheet["F1"].number_format = "0%"
    book.save(tmp_path / "warga.xlsx")
    assert rows_of(open_(tmp_path)) == [
        ("1", None),
        ("2", None),
        (None, None),
        ("3.57491E+15", "0.5"),
        ("5", "45000"),
        ("6", "1234.5"),
        ("7", "2024-01-02"),
    ]
    assert Date().clean("45000", ["excel"]) == dt.date(2023, 3, 15)
    with pytest.raises(InvalidValueError):
        Nik().clean("3.57491E+15")


def test_a_row_with_a_value_beside_the_columns_is_isolated(tmp_path: Path) -> None:
    rows = [["nik", "nama", None], ["1", "a"], ["2", "b"], ["3", "c", "catatan"]]
    xlsx(tmp_path, {"Data": rows})
    batch = next(open_(tmp_path).batches).to_pylist()
    assert [row["_problem"] for row in batch] == [None, None, "row.width"]
    assert json.loads(batch[2]["_rest"]) == ["3", "c", "catatan"]


PAGE = b"<html><head><meta charset='utf-8'></head><body><table><tr><td>nik</td></tr></table></body></html>"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (PAGE, "is an HTML page under the name of a workbook"),
        (b"\xef\xbb\xbf\n  <TABLE border=1><tr><td>nik</td></tr></TABLE>", "is an HTML page"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "is an XML text"),
        (b"MIME-Version: 1.0\nX-Document-Type: Workbook\n", "is a web archive"),
        (b"nik\tnama\n1\ta\n", "cannot be opened as a workbook"),
        (b"\0" * 600, "cannot be opened as a workbook"),
    ],
)
@pytest.mark.parametrize("format", ["xls", "xlsx", "ods"])
def test_what_is_no_workbook_says_so(tmp_path: Path, content: bytes, message: str, format: str) -> None:
    (tmp_path / f"warga.{format}").write_bytes(content)
    with pytest.raises(DriftError, match=message):
        open_(tmp_path, f"warga.{format}")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("format", ["xls", "xlsx", "ods"])
def test_a_workbook_that_was_cut_anywhere_is_drift(tmp_path: Path, format: str, share: float) -> None:
    rows = [["nik", "nama"], *([str(number), f"nama {number}"] for number in range(500))]
    if format == "ods":
        write_ods(tmp_path / "warga.ods", "Data", rows)
    elif format == "xlsx":
        xlsx(tmp_path, {"Data": rows})
    else:
        book = xlwt.Workbook()
        sheet = book.add_sheet("Data")
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write(at, column, cell)
        book.save(str(tmp_path / "warga.xls"))
    file = tmp_path / f"warga.{format}"
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    with pytest.raises(DriftError, match="cannot be opened as a workbook"):
        rows_of(open_(tmp_path, file.name))


def test_an_xls_that_is_an_xlsx_is_read(tmp_path: Path) -> None:
    xlsx(tmp_path, {"Data": [["nik", "nama"], ["1", "a"]]})
    (tmp_path / "warga.xlsx").rename(tmp_path / "warga.xls")
    assert rows_of(open_(tmp_path, "warga.xls")) == [("1", "a")]


def locked_xls() -> bytes:
    """An old workbook whose first record after BOF says that the rest is encrypted."""
    stream = struct.pack("<HHHHHHII", 0x0809, 16, 0x0600, 5, 0, 0, 0, 0) + struct.pack("<HH6s", 0x2F, 6, b"\1\0" * 3)
    return compound(stream + b"\x0a\0\0\0")


def compound(stream: bytes) -> bytes:
    target = io.BytesIO()
    XlsDoc().save(target, stream)
    return target.getvalue()


def locked_xlsx() -> bytes:
    """The container in which Excel puts a workbook with a password."""
    name, length = "Workbook".encode("utf-16-le"), 2 * len("EncryptedPackage") + 2
    content = bytearray(compound(b"\0" * 8192))
    at = content.find(name)
    content[at : at + 64] = "EncryptedPackage".encode("utf-16-le").ljust(64, b"\0")
    content[at + 64 : at + 66] = struct.pack("<H", length)
    return bytes(content)


@pytest.mark.parametrize(("name", "content"), [("warga.xls", locked_xls()), ("warga.xlsx", locked_xlsx())])
def test_a_workbook_with_a_password_says_so(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DriftError, match=r"(?i)password.*without a password"):
        open_(tmp_path, name)


@pytest.mark.parametrize("lies", [False, True])
def test_a_bomb_in_a_workbook_is_refused_by_the_stated_limit(tmp_path: Path, lies: bool) -> None:
    xlsx(tmp_path, {"Data": [["nik", "nama"], ["1", "a"]]})
    with zipfile.ZipFile(tmp_path / "warga.xlsx", "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/media/a.bin", b"\0" * (3 << 20))
    file = tmp_path / "warga.xlsx"
    if lies:  # both the member's own header and the directory say that it is small
        file.write_bytes(file.read_bytes().replace(struct.pack("<I", 3 << 20), struct.pack("<I", 100)))
    with pytest.raises(DriftError, match=r"holds more than 2 MB when unpacked, the limit of source.max_file_mb"):
        open_(tmp_path, limit_mb=2)
    if not lies:
        assert rows_of(open_(tmp_path, limit_mb=4)) == [("1", "a")]


def test_a_file_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "warga.xls").write_bytes(b"\0" * (2 << 20))
    with pytest.raises(DriftError, match=r"has 2 MB, the limit of source.max_file_mb is 1|max_file_mb"):
        open_(tmp_path, "warga.xls", limit_mb=1)


def test_a_value_in_the_last_cell_of_a_sheet_ends_no_process(tmp_path: Path) -> None:
    """The rectangle from A1 would take 400 GB."""
    xlsx(tmp_path, {"Data": [["nik", "nama"], ["1", "a"]]})
    book = openpyxl.load_workbook(tmp_path / "warga.xlsx")
    book["Data"]["XFD1048576"] = "x"
    book.save(tmp_path / "warga.xlsx")
    with pytest.raises(DriftError, match=r"takes more than 3,072 MB of memory.*cells far below and beside"):
        open_(tmp_path)
