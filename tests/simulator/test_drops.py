"""Files of a drop folder, read back by other libraries than those that wrote them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from dbfread import DBF
from python_calamine import load_workbook

from schemas.errors import ConfigurationError
from simulator.description import DropFile
from simulator.drops import write_file

NIK = "3574910101800015"
FRAME = pd.DataFrame({"NIK": [NIK, "3574"], "NAMA": ["SITI & <CAFÉ>", None], "LAHIR": ["2024-01-02", "0000-00-00"]})
GML = {"link": "http://www.opengis.net/gml/3.2", "d": "urn:contoh:data"}


def table(format: str, columns: dict[str, Any] | None = None, **changes: Any) -> DropFile:
    made = columns or {
        "NIK": {"from": "nik"},
        "NAMA": {"from": "nama_lengkap"},
        "LAHIR": {"literal": "x", "type": "date"},
    }
    return DropFile.model_validate({"truth": "penduduk", "key": ["NIK"], "format": format, "columns": made} | changes)


def test_an_ods_has_title_types_and_the_mark_of_its_kind(tmp_path: Path) -> None:
    write_file(tmp_path, "warga", table("ods", sheet="Data & lain", header_row=3), FRAME)
    rows = load_workbook(str(tmp_path / "warga.ods")).get_sheet_by_name("Data & lain").to_python()
    assert rows[0][0] == "PEMERINTAH KOTA PROBOLINGGO"
    assert rows[2:4] == [["NIK", "NAMA", "LAHIR"], [NIK, "SITI & <CAFÉ>", pd.Timestamp("2024-01-02").date()]]
    assert rows[4][2] == "0000-00-00"
    with zipfile.ZipFile(tmp_path / "warga.ods") as book:
        first = book.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert all(ET.fromstring(book.read(name)) for name in book.namelist()[1:])  # noqa: S314


def test_a_dbf_holds_texts_of_fitting_width(tmp_path: Path) -> None:
    frame = FRAME.assign(NAMA=["É" * 300, None])
    write_file(tmp_path, "WARGA", table("dbf", encoding="cp1252"), frame)
    made = DBF(str(tmp_path / "WARGA.dbf"), encoding="cp1252")
    assert [(field.name, field.type, field.length) for field in made.fields] == [
        ("NIK", "C", 16), ("NAMA", "C", 254), ("LAHIR", "C", 10),
    ]  # fmt: skip
    assert [record["NIK"] for record in made] == [NIK, "3574"]
    assert made.date.isoformat() == "2025-06-30"


@pytest.mark.parametrize("name", ["nik", "NIK_PENDUDUK", "É"])
def test_a_name_that_no_dbf_can_hold_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"'{name}' is no column of a DBF.*at most 10"):
        write_file(tmp_path, "x", table("dbf", {name: {"from": "nik"}}, key=[name]), pd.DataFrame({name: ["1"]}))


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1252"])
def test_xml_nests_by_dots_and_keeps_attributes(tmp_path: Path, encoding: str) -> None:
    columns = ["@id", "nama", "nama.@lang", "geometri.LineString.@srsName", "geometri.LineString.posList"]
    frame = pd.DataFrame([["j.1", "Jl. <É> & 嘉", "id", 'EPSG:"4326"', "1 2"], ["j.2", None, None, None, None]])
    frame.columns = pd.Index(columns)
    shown = {name: {"from": "nik"} for name in columns}
    description = table("xml", shown, key=["@id"], record="jalan", encoding=encoding)
    write_file(tmp_path, "jalan", description, frame)
    root = ET.parse(tmp_path / "jalan.xml").getroot()  # noqa: S314
    first, second = root.findall(".//{urn:contoh:data}jalan")
    line = first.find("d:geometri/d:LineString", GML)
    assert first.get(f"{{{GML['link']}}}id") == "j.1"
    assert first.findtext("d:nama", namespaces=GML) == "Jl. <É> & 嘉"
    assert line is not None
    assert (line.get("srsName"), line.findtext("d:posList", namespaces=GML)) == ('EPSG:"4326"', "1 2")
    assert second.findtext("d:nama", namespaces=GML) == ""
    assert root.get("numberReturned") == "2"


def test_xml_needs_the_name_of_its_rows(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="warga: record: is missing"):
        write_file(tmp_path, "warga", table("xml"), FRAME)


@pytest.mark.parametrize("format", ["ods", "dbf", "xml"])
def test_the_same_rows_are_the_same_bytes(tmp_path: Path, format: str) -> None:
    description = table(format, record="orang")
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write_file(tmp_path / folder, "warga", description, FRAME)
    assert (tmp_path / "a" / f"warga.{format}").read_bytes() == (tmp_path / "b" / f"warga.{format}").read_bytes()
