"""What a survey tells of a folder of exports."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt

from connectors.connection import Connection
from connectors.survey import Survey, SurveyTable, survey
from connectors.survey.files import group_by_pattern
from connectors.survey.files_parts import Heading, find_heading
from schemas.errors import ConfigurationError, RetryLaterError
from schemas.feed import FilesFeed
from simulator import sftp
from simulator.file_formats import write_dbf, write_ods, write_xml
from tests.connectors.conftest import free_port
from tests.connectors.sources import SftpSource

NIK = "3574990101900001"


def look(folder: Path, **options: Any) -> Survey:
    connection = Connection.from_dict("drop", {"conn_type": "fs", "extra": {"path": str(folder)}})
    return survey(connection, **options)


def only_table(folder: Path) -> SurveyTable:
    (table,) = look(folder).tables
    FilesFeed.model_validate({"key": ["x"], "dataset": "x", "map": {}, **table.feed})  # the draft's feed is one
    return table


def samples(table: SurveyTable) -> dict[str, tuple[str | None, ...]]:
    return {column.name: column.sample for column in table.columns}


def write_book(file: Path, **sheets: list[list[Any]]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(file)
    return book


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (["BANSOS_2026-01.csv", "BANSOS_2026-02.csv"], {"BANSOS_*.csv": 2}),
        (["Rekap Januari 2026.xlsx", "Rekap Februari 2026.xlsx"], {"Rekap *.xlsx": 2}),
        (["a_TW1_2026_final.csv", "a_TW2_2026_final.csv"], {"a_TW*_final.csv": 2}),
        (["daftar_maret.csv", "daftar_siswa.csv"], {"[0-9]": 0}),
        (["2026/01/w.csv", "2026/02/w.csv"], {"*/*/w.csv": 2}),
        (["2026-01.csv", "warga.csv"], {"[0-9]*.csv": 1, "warga.csv": 1}),
        (["warga[1].csv", "warga[2].csv"], {"warga[[]*].csv": 2}),
        (["ak1_pencaker_2026-01.csv", "v2.csv", "TW1.csv"], {"ak1_pencaker_*.csv": 1, "v2.csv": 1, "TW*.csv": 1}),
        (["bag1.csv", "bag2.csv"], {"bag*.csv": 2}),
    ],
)
def test_files_of_one_name_but_for_its_date_are_one_group(names: list[str], groups: dict[str, int]) -> None:
    found = {pattern: len(held) for pattern, held in group_by_pattern(names).items()}
    if groups == {"[0-9]": 0}:  # a month would fit every name: each file stands for itself
        assert found == dict.fromkeys(names, 1)
    else:
        assert found == groups


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_csv_dialect_and_encoding_are_found_out(tmp_path: Path, delimiter: str, encoding: str) -> None:
    rows = [["NIK", "Nama, lengkap"], [NIK, "Siti é; | "], ["2", ""]]
    text = "\r\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    (tmp_path / "w.csv").write_bytes(text.encode(encoding))
    table = only_table(tmp_path)
    assert samples(table) == {"NIK": (NIK, "2"), "Nama, lengkap": ("Siti é; | ", "")}
    assert table.feed.get("delimiter", ",") == delimiter
    assert table.feed["encoding"] == encoding.replace("utf-8-sig", "utf-8").replace("utf-8", "utf-8-sig")
    assert table.rows == 2


def test_newest_by_name_is_looked_at_and_a_later_time_is_noted(tmp_path: Path) -> None:
    for month, name in (("01", "lama"), ("02", "baru")):
        (tmp_path / f"w_2026-{month}.csv").write_text(f"id,{name}\n1,2\n")
    os.utime(tmp_path / "w_2026-01.csv", (2e9, 2e9))
    found = look(tmp_path)
    assert [column.name for column in found.tables[0].columns] == ["id", "baru"]
    assert found.tables[0].feed == {"file": "w_*.csv", "format": "csv"}
    assert found.notes == ("w_*.csv: the last by name is w_2026-02.csv, but w_2026-01.csv was written after it",)


def test_heading_below_titles_is_found_by_its_line(tmp_path: Path) -> None:
    text = f'PEMERINTAH KOTA\n"Rekap\nbulanan",,\n\nNo,NIK,Nama\n1,{NIK},Siti\n2,{NIK},Budi\n'
    (tmp_path / "w.csv").write_text(text)
    table = only_table(tmp_path)
    assert table.feed["header_row"] == 5
    assert samples(table)["Nama"] == ("Siti", "Budi")


@pytest.mark.parametrize(
    ("rows", "heading"),
    [
        ([["nik", "nama"], [NIK, "Siti"]], Heading(0)),
        ([["Judul", ""], ["Dicetak", "2026-01-02"], ["nik", "nama"], [NIK, "Siti"]], Heading(2)),
        ([["Wilayah", "2024", "2025", "Jumlah", "Ket"], ["A", "1", "2", "3", ""]], Heading(0)),
        ([["No", "Nama", "Alamat", ""], ["", "", "Jalan", "RT"], ["1", "Siti", "Mawar", "01"]], Heading(0, 2)),
        ([["nik"], [NIK]], Heading(0)),
        ([[NIK, "1"], [NIK, "2"]], None),
    ],
)
def test_heading_is_the_first_line_of_names(rows: list[list[str]], heading: Heading | None) -> None:
    assert find_heading(rows) == heading


def test_visible_sheets_of_a_workbook_are_tables(tmp_path: Path) -> None:
    book = write_book(
        tmp_path / "rekap_2026.xlsx",
        Utara=[["LAPORAN"], ["nik", "nilai"], [NIK, 1.5]],
        Selatan=[["nik", "nilai"], [3574990101900001, 7]],
        Kosong=[],
        Kode=[["kode", "arti"], ["1", "a"]],
    )
    book["Kode"].sheet_state = "hidden"
    book.save(tmp_path / "rekap_2026.xlsx")
    found = look(tmp_path)
    assert [table.name for table in found.tables] == ["rekap_*.xlsx [Utara]", "rekap_*.xlsx [Selatan]"]
    keys = {"file": "rekap_*.xlsx", "format": "xlsx"}
    assert found.tables[0].feed == {**keys, "sheet": "Utara", "header_row": 2}
    assert found.tables[1].feed == {**keys, "sheet": "Selatan"}
    assert samples(found.tables[1]) == {"nik": ("3.57499E+15",), "nilai": ("7",)}
    assert any("hidden sheet Kode" in note for note in found.notes)
    assert any('sheet: "*"' in note for note in found.notes)


def test_merged_heading_of_two_lines_is_joined(tmp_path: Path) -> None:
    rows = [["DATA", None, None], ["Identitas", None, "Alamat"], ["NIK", "Nama", "Jalan"], [NIK, "Siti", "Mawar"]]
    book = write_book(tmp_path / "w.xlsx", Data=rows)
    book["Data"].merge_cells("A2:B2")
    book.save(tmp_path / "w.xlsx")
    table = only_table(tmp_path)
    assert table.feed == {"file": "w.xlsx", "format": "xlsx", "sheet": "Data", "header_row": 2, "header_rows": 2}
    assert [column.name for column in table.columns] == ["Identitas / NIK", "Identitas / Nama", "Alamat / Jalan"]


def test_every_other_format_is_told_by_its_content(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["nik", "nama"], [NIK, "Siti"], ["2", None]]
    write_ods(tmp_path / "a.ods", "Data", rows)
    write_dbf(tmp_path / "b.dbf", ["NIK", "NAMA"], rows[1:], "cp1252")
    write_xml(tmp_path / "c.xml", "orang", rows[0], rows[1:], "utf-8")
    (tmp_path / "d.json").write_text('{"data": {"items": [{"nik": "' + NIK + '", "kk": {"no": 7}}]}}')
    (tmp_path / "e.jsonl").write_text('{"nik": 1}\n{"nik": 2, "b": true}\n')
    old = xlwt.Workbook()
    for index, row in enumerate(rows):
        for column, cell in enumerate(row):
            old.add_sheet("D") if not (index or column) else None
            old.get_sheet(0).write(index, column, cell)
    old.save(str(tmp_path / "f.xls"))
    feature = (
        '{"type": "Feature", "properties": {"nama": "Jalan"}, "geometry": {"type": "Point", "coordinates": [1, 2]}}'
    )
    (tmp_path / "g.json").write_text('{"type": "FeatureCollection", "features": [' + feature + "]}")
    found = {table.name: table for table in look(tmp_path).tables}
    assert {name: dict(table.feed) for name, table in found.items()} == {
        "a.ods": {"file": "a.ods", "format": "ods", "sheet": "Data"},
        "b.dbf": {"file": "b.dbf", "format": "dbf"},
        "c.xml": {"file": "c.xml", "format": "xml", "record": "orang"},
        "d.json": {"file": "d.json", "format": "json", "records": "data.items"},
        "e.jsonl": {"file": "e.jsonl", "format": "jsonl"},
        "f.xls": {"file": "f.xls", "format": "xls", "sheet": "D"},
        "g.json": {"file": "g.json", "format": "geojson"},
    }
    for name in ("a.ods", "c.xml", "f.xls"):
        assert samples(found[name])["nik"] == (NIK, "2")
    assert found["b.dbf"].columns[0].declared.startswith("C(")
    assert samples(found["b.dbf"]) == {"NIK": (NIK, "2"), "NAMA": ("Siti", None)}
    assert samples(found["d.json"]) == {"nik": (NIK,), "kk.no": ("7",)}
    assert samples(found["g.json"]) == {"nama": ("Jalan",), "geometry": ('{"type":"Point","coordinates":[1,2]}',)}
    assert samples(found["e.jsonl"]) == {"nik": ("1", "2"), "b": (None, "true")}


def test_record_of_an_xml_is_the_element_with_most_values(tmp_path: Path) -> None:
    ring = "<poligon><ring><titik>1 2</titik></ring><ring><titik>3 4</titik></ring></poligon>"
    body = f'<anggota><jalan id="7"><nama>Mawar</nama><panjang>3</panjang>{ring}</jalan></anggota>'
    (tmp_path / "w.xml").write_text(f'<x:a xmlns:x="urn:x" jumlah="3">{body * 3}</x:a>')
    table = only_table(tmp_path)
    assert table.feed["record"] == "jalan"
    assert look(tmp_path).notes == ("w.xml: has 'poligon.ring.titik' more than once in a record",)
    assert samples(table)["@id"] == ("7", "7", "7")
    assert (samples(table)["nama"], table.rows) == (("Mawar",) * 3, 3)


def test_large_files_are_read_only_at_their_begin(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("nik,nama\n" + f"{NIK},Siti\n" * 100_000)
    (tmp_path / "b.json").write_text("[" + ",".join(['{"nik": "x", "isi": "yyyyyyyyyy"}'] * 50_000) + "]")
    (tmp_path / "c.xml").write_text("<a>" + "<r><nik>1</nik></r>" * 100_000 + "</a>")
    found = {table.name: table for table in look(tmp_path, sample_rows=50).tables}
    assert {len(table.columns[0].sample) for table in found.values()} == {50}
    assert 95_000 < (found["a.csv"].rows or 0) < 105_000
    assert found["c.xml"].feed["record"] == "r"


def test_what_cannot_be_read_is_a_problem_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "kosong.csv").write_text("")
    (tmp_path / "halaman.xls").write_text("<html><table></table></html>")
    (tmp_path / "rusak.xlsx").write_bytes(b"PK\3\4 abc")
    (tmp_path / "foto.jpg").write_bytes(b"\xff\xd8\xff\x00" * 100)
    (tmp_path / "entitas.xml").write_text('<!DOCTYPE a [<!ENTITY b "c">]><a><r><x>1</x></r></a>')
    (tmp_path / "rusak.dbf").write_bytes(b"\3abc")
    (tmp_path / "~$kunci.xlsx").write_text("x")
    (tmp_path / "luar.csv").symlink_to("/etc/hostname")
    with zipfile.ZipFile(tmp_path / "arsip.zip", "w") as archive:
        archive.writestr("warga.csv", "a,b")
    (tmp_path / "z.csv").write_text("id,nama\n1,a\n")
    found = look(tmp_path)
    problems = {table.name: table.problem for table in found.tables}
    assert problems.pop("z.csv") == ""
    assert problems.keys() == {
        "kosong.csv", "halaman.xls", "rusak.xlsx", "foto.jpg", "entitas.xml", "rusak.dbf", "luar.csv",
    }  # fmt: skip
    assert all(problems.values())
    assert "is a link out of the folder" in problems["luar.csv"]
    assert "arsip.zip: holds warga.csv" in found.notes


def test_only_takes_patterns_and_a_folder_that_is_not_there_is_for_later(tmp_path: Path) -> None:
    for name in ("a_2026.csv", "b_2026.csv"):
        (tmp_path / name).write_text("id,nama\n1,a\n")
    assert [table.name for table in look(tmp_path, only=["a_2026.csv"]).tables] == ["a_*.csv"]
    with pytest.raises(ConfigurationError, match=r"no file 'c_\*'"):
        look(tmp_path, only=["c_*"])
    with pytest.raises(RetryLaterError, match="not there"):
        look(tmp_path / "tidak_ada")


def test_files_behind_sftp_are_surveyed_alike(tmp_path: Path) -> None:
    port = free_port()
    source = SftpSource(tmp_path, port)
    (source.folder / "w_2026-01.csv").write_text(f"nik,nama\n{NIK},Siti\n" * 60_000)
    write_book(source.folder / "x.xlsx", Data=[["nik", "nama"], [NIK, "Siti"]])
    with sftp.serving(tmp_path, port, is_openssh=False):
        found = survey(source.connection)
    assert {table.name: table.problem for table in found.tables} == {"w_*.csv": "", "x.xlsx": ""}
    assert samples(found.tables[1])["nik"] == (NIK,)
