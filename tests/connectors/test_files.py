"""Exports in folders: which file, which encoding, and nothing lost in silence."""

from __future__ import annotations

import hashlib
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from connectors.connection import Connection
from connectors.reading import Reading
from connectors.registry import read
from connectors.sheet_format import cell_text
from schemas.errors import ConfigurationError, DriftError, RetryLaterError
from simulator.file_formats import write_ods
from tests.connectors.helpers import application, rows_of


def open_(folder: Path, **feed: Any) -> Reading:
    made = {"file": "warga*.csv", "format": "csv", "map": ["nik", "nama"]} | feed
    return read(application("files", made), "warga", Connection.from_uri("app", f"fs://{folder}"))


def write(folder: Path, text: str, name: str = "warga.csv", encoding: str = "utf-8") -> Path:
    (folder / name).write_bytes(text.encode(encoding))
    return folder


def test_newest_file_by_name_is_read_and_recorded(tmp_path: Path) -> None:
    write(tmp_path, "nik,nama\n1,old\n", "warga_2026-01.csv")
    write(tmp_path, "nik,nama\n2,new\n", "warga_2026-02.csv")
    write(tmp_path, "lock", "~$warga_2026-03.csv")
    reading = open_(tmp_path, file="*.csv")
    assert rows_of(reading) == [("2", "new")]
    content = (tmp_path / "warga_2026-02.csv").read_bytes()
    assert reading.query == reading.details["file"] == "warga_2026-02.csv"
    assert reading.details["size"] == len(content)
    assert reading.details["sha256"] == hashlib.sha256(content).hexdigest()
    assert reading.details["encoding"] == "utf-8-sig"


def test_file_may_stand_in_a_folder_below(tmp_path: Path) -> None:
    (tmp_path / "2026").mkdir()
    write(tmp_path / "2026", "nik,nama\n1,a\n")
    assert open_(tmp_path, file="*/warga.csv").details["file"] == "2026/warga.csv"


@pytest.mark.parametrize("file", ["../warga.csv", "a/../../warga.csv", "/etc/passwd", "C:\\warga.csv", "..\\warga.csv"])
def test_pattern_that_leads_out_of_the_folder_is_a_configuration_error(tmp_path: Path, file: str) -> None:
    with pytest.raises(ConfigurationError, match="leads out of the folder"):
        open_(tmp_path, file=file)


def test_link_out_of_the_folder_is_a_configuration_error(tmp_path: Path) -> None:
    folder = tmp_path / "share"
    folder.mkdir()
    write(tmp_path, "nik,nama\n")
    (folder / "warga.csv").symlink_to(tmp_path / "warga.csv")
    with pytest.raises(ConfigurationError, match="link out of the folder"):
        open_(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n", "has no header"),
        ("nik,nama\n1,a\n2,b,c\n3,d,e\n", "line 3, has 3 cells, the header 2"),
        ('nik,nama\n1,"a\nb"\n2\n3\n', "line 4, has 1 cells"),
        ("nik,nama,,\n1,a,x,\n", "line 2, has a value in a column without a name"),
        ('nik,nama\n1,"a"b\n', "line 2, has broken quotes"),
        ('nik,nama\n1,a\n2,"b\n3,c\n', "line 3, has broken quotes"),
        ("nik,nama,nik\n", "column 'nik' twice"),
        ("nik;nama\n", "none of the feed's 2 columns.*delimiter: ';'"),
    ],
)
def test_broken_csv_is_drift_that_names_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DriftError, match=message):
        rows_of(open_(write(tmp_path, text)))


def test_no_file_that_fits_is_drift(tmp_path: Path) -> None:
    with pytest.raises(DriftError, match=r"no file fits 'warga\*.csv' in fs:///"):
        open_(tmp_path)


def test_encodings_are_tried_in_order_and_the_guess_recorded(tmp_path: Path) -> None:
    write(tmp_path, "nik,nama\n1,Café\n", encoding="cp1252")
    reading = open_(tmp_path)
    assert (rows_of(reading), reading.details["encoding"]) == ([("1", "Café")], "cp1252")


def test_byte_order_mark_is_no_part_of_the_header(tmp_path: Path) -> None:
    assert rows_of(open_(write(tmp_path, "nik,nama\n1,é\n", encoding="utf-8-sig"))) == [("1", "é")]


def test_bytes_of_no_declared_encoding_are_drift_with_the_position(tmp_path: Path) -> None:
    (tmp_path / "warga.csv").write_bytes(b"nik,nama\n1," + b"x" * 1_048_570 + b"\xc3\xa9\x81\n")
    with pytest.raises(DriftError, match="utf-8-sig at byte 1048583, cp1252 at byte 1048583"):
        open_(tmp_path)


def test_unknown_encoding_and_delimiter_are_configuration_errors(tmp_path: Path) -> None:
    write(tmp_path, "nik,nama\n")
    with pytest.raises(ConfigurationError, match="'utf-9' is not an encoding"):
        open_(tmp_path, encoding="utf-9")
    with pytest.raises(ConfigurationError, match="not one character"):
        open_(tmp_path, delimiter="||")


def test_empty_lines_are_skipped_at_the_end_and_kept_between(tmp_path: Path) -> None:
    write(tmp_path, "title\n\nnik;nama\n1;a\n;\n\n2;b\n;\n;\n\n")
    assert rows_of(open_(tmp_path, delimiter=";", header_row=3)) == [("1", "a"), ("", ""), ("2", "b")]


def test_file_that_changes_while_it_is_read_is_for_later(tmp_path: Path) -> None:
    reading = open_(write(tmp_path, "nik,nama\n1,a\n"))
    with (tmp_path / "warga.csv").open("a") as target:
        target.write("2,b\n")
    with pytest.raises(RetryLaterError, match="changed while it was read"):
        rows_of(reading)


def workbook(folder: Path, rows: list[list[Any]], sheet: str = "Data") -> Path:
    book = openpyxl.Workbook()
    book.active.title = "Petunjuk"  # type: ignore[union-attr]
    target = book.create_sheet(sheet)
    for row in rows:
        target.append(row)
    book.save(folder / "warga.xlsx")
    return folder


def test_sheet_header_row_and_cells_as_shown(tmp_path: Path) -> None:
    stamp = datetime(2024, 1, 2, 3, 4, 5)
    rows = [["Laporan"], [], ["nik", "nama"], [3574910101800015, date(2024, 1, 2)], [None, None], [1.0, stamp], [" "]]
    workbook(tmp_path, [*rows, [None], [None]])
    reading = open_(tmp_path, file="warga.xlsx", format="xlsx", sheet="Data", header_row=3)
    assert rows_of(reading)[:3] == [("3.57491E+15", "2024-01-02"), (None, None), ("1", "2024-01-02 03:04:05")]
    assert reading.query == "warga.xlsx [Data]"


def test_cells_of_an_ods_are_those_of_an_xlsx(tmp_path: Path) -> None:
    rows = [["Laporan"], [""], ["nik", "nama"], [3574910101800015, datetime(2024, 1, 2)], [None, None], ["0812", 1.5]]
    write_ods(tmp_path / "warga.ods", "Data & lain", rows)
    reading = open_(tmp_path, file="warga.ods", format="ods", sheet="Data & lain", header_row=3)
    assert rows_of(reading) == [("3.57491E+15", "2024-01-02"), (None, None), ("0812", "1.5")]
    assert reading.query == "warga.ods [Data & lain]"


def test_repeated_cells_and_rows_of_an_ods_are_unfolded(tmp_path: Path) -> None:
    """Programs fold equal cells into one, and end a sheet with a million empty rows."""
    write_ods(tmp_path / "raw.ods", "Data", [["nik", "nama"], ["MARK"]])
    cell = '<table:table-cell office:value-type="string" table:number-columns-repeated="2"><text:p>x</text:p>'
    rows = (
        f'<table:table-row table:number-rows-repeated="2">{cell}</table:table-cell></table:table-row>'
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell '
        'table:number-columns-repeated="16384"/></table:table-row>'
    )
    with zipfile.ZipFile(tmp_path / "raw.ods") as raw, zipfile.ZipFile(tmp_path / "warga.ods", "w") as made:
        for name in raw.namelist():
            text = raw.read(name).decode()
            row = text[text.rfind("<table:table-row>") : text.rfind("</table:table>")]
            made.writestr(name, text.replace(row, rows) if name == "content.xml" else text)
    assert rows_of(open_(tmp_path, file="warga.ods", format="ods")) == [("x", "x"), ("x", "x")]


@pytest.mark.parametrize("format", ["xlsx", "ods"])
def test_a_workbook_that_was_cut_is_drift(tmp_path: Path, format: str) -> None:
    if format == "ods":
        write_ods(tmp_path / "warga.ods", "Data", [["nik", "nama"], ["1", "a"]])
    else:
        workbook(tmp_path, [["nik", "nama"], ["1", "a"]])
    file = tmp_path / f"warga.{format}"
    file.write_bytes(file.read_bytes()[:-60])
    with pytest.raises(DriftError, match="cannot be opened as a workbook"):
        open_(tmp_path, file=file.name, format=format)


def test_missing_sheet_is_drift_that_lists_the_sheets(tmp_path: Path) -> None:
    workbook(tmp_path, [["nik", "nama"]])
    with pytest.raises(DriftError, match=r"no sheet 'Dta'.*did you mean 'Data'.*Petunjuk, Data"):
        open_(tmp_path, file="warga.xlsx", format="xlsx", sheet="Dta")


def test_file_that_is_no_workbook_is_drift(tmp_path: Path) -> None:
    write(tmp_path, "nik,nama", "warga.xlsx")
    with pytest.raises(DriftError, match="cannot be opened as a workbook"):
        open_(tmp_path, file="warga.xlsx", format="xlsx")


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("", None), (True, "TRUE"), (1.0, "1"), (-2.5, "-2.5"), (1e-7, "0.0000001"),
        (123456789012345.0, "123456789012345"),
        (3574910101800010.0, "3.57491E+15"), (time(1, 2), "01:02:00"), (timedelta(hours=30, seconds=1), "30:00:01"),
        ("  teks ", "  teks "), ("0812", "0812"),
    ],
)  # fmt: skip
def test_cell_text(cell: object, text: str | None) -> None:
    assert cell_text(cell) == text


def test_a_file_without_its_header_is_refused_without_repeating_its_cells(tmp_path: Path) -> None:
    write(tmp_path, "3574914506900001,SITI AMINAH\n3574914506900002,BUDI\n")
    with pytest.raises(DriftError) as told:
        rows_of(open_(tmp_path))
    assert "none of the feed's" in str(told.value)
    assert "SITI" not in str(told.value)
    assert "3574" not in str(told.value)


def test_utf8_with_one_byte_of_another_encoding_is_refused(tmp_path: Path) -> None:
    text = "nik,nama\n1,Café\n2,É\n"
    write(tmp_path, "")
    (tmp_path / "warga.csv").write_bytes(text.encode() + b"3,Caf\xe9\n")
    with pytest.raises(DriftError, match="mixes encodings"):
        rows_of(open_(tmp_path))
