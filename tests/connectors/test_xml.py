"""XML exports: rows and columns by name, nothing expanded, nothing lost in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.connection import Connection
from connectors.reading import Reading
from connectors.registry import read
from schemas.errors import ConfigurationError, DriftError
from tests.connectors.helpers import application, rows_of

WFS = """<?xml version="1.0" encoding="UTF-8"?>
<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:gml="http://www.opengis.net/gml/3.2"
 xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:schemaLocation="a b" numberReturned="2">
 <wfs:boundedBy>batas</wfs:boundedBy>
 <wfs:member><d:jalan xmlns:d="urn:d" gml:id="j.1"><d:nama>Jl. &lt;Dr&gt; Saleh &#233;</d:nama>
   <d:lebar x:nil="true"/><d:geometri><gml:LineString srsName="EPSG:4326"><gml:posList>1 2</gml:posList>
   </gml:LineString></d:geometri></d:jalan></wfs:member>
 <wfs:member><d:jalan xmlns:d="urn:d" gml:id="j.2"><d:geometri/><!-- no --><d:nama><![CDATA[A & B]]></d:nama></d:jalan>
 </wfs:member>
</wfs:FeatureCollection>
"""
COLUMNS = ["@id", "nama", "lebar", "geometri.LineString.@srsName", "geometri.LineString.posList"]
SIMPLE = {"key": ["nik"], "map": ["nik", "nama"]}


def open_(folder: Path, content: str | bytes, **feed: Any) -> Reading:
    (folder / "data.xml").write_bytes(content.encode() if isinstance(content, str) else content)
    made: dict[str, Any] = {"file": "*.xml", "format": "xml", "record": "orang"} | SIMPLE | feed
    if isinstance(made["map"], list):
        made["map"] = {f"f{number}": name for number, name in enumerate(made["map"])}
    return read(application("files", made), "warga", Connection.from_uri("app", f"fs://{folder}"))


def test_rows_of_a_wfs_answer_by_dotted_paths(tmp_path: Path) -> None:
    reading = open_(tmp_path, WFS, record="jalan", key=["@id"], map=COLUMNS)
    assert rows_of(reading) == [
        ("j.1", "Jl. <Dr> Saleh é", None, "EPSG:4326", "1 2"),
        ("j.2", "A & B", None, None, None),
    ]
    assert reading.details["encoding"] == "utf-8"


def test_an_ignored_element_covers_what_is_below_it(tmp_path: Path) -> None:
    feed = {"record": "jalan", "key": ["@id"], "map": ["@id", "nama"], "ignore": ["geometri", "lebar"]}
    assert len(rows_of(open_(tmp_path, WFS, **feed))) == 2
    with pytest.raises(DriftError, match=r"data.xml', record 1, has the unknown column 'geometri.LineString.@srsName'"):
        rows_of(open_(tmp_path, WFS, **feed | {"ignore": ["lebar"]}))


def test_a_column_that_no_record_has_is_drift(tmp_path: Path) -> None:
    text = "<a><orang><nik>1</nik></orang><orang><nik>2</nik></orang></a>"
    with pytest.raises(DriftError, match=r"data.xml', in none of its 2 records, has no column 'nama'"):
        rows_of(open_(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<a><orang><nik>1</nik><nik>2</nik></orang></a>", "record 1, has 'nik' more than once.*record:"),
        ("<a><orang><nik>1</nik>lepas<nama/></orang></a>", "record 1, has a text between elements"),
        ("<a><orang>lepas</orang></a>", "record 1, has a text between elements"),
        ("<a><orang><nik>1</nik><nama/></orang>", "was cut or is no XML"),
        ("<a><orang><nik>1</nik><na", "was cut or is no XML"),
        ("nik,nama\n1,a\n", "was cut or is no XML"),
        ("<!doctype html><html><body/></html>", "was cut or is no XML|has a DOCTYPE"),
        ('<!DOCTYPE a [<!ENTITY e "x">]><a><orang><nik>&e;</nik></orang></a>', "has a DOCTYPE"),
        ('<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>', "has a DOCTYPE"),
        ("<a><orang><nik>&e;</nik></orang></a>", "was cut or is no XML.*undefined entity"),
        ("<a><d:orang/></a>", "was cut or is no XML.*unbound prefix"),
        ('<?xml version="1.0" encoding="big5"?><a/>', "was cut or is no XML"),
        ("<a><oramg><nik>1</nik></oramg></a>", "no element 'orang'.*did you mean 'oramg'"),
        ("", "is empty"),
    ],
)
def test_what_would_lose_data_is_drift(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DriftError, match=message) as told:
        rows_of(open_(tmp_path, text))
    assert "data.xml" in str(told.value)


@pytest.mark.parametrize("text", ["<a/>", '<w:F xmlns:w="u" numberReturned="0"><w:boundedBy><x/></w:boundedBy></w:F>'])
def test_an_answer_without_records_has_no_rows(tmp_path: Path, text: str) -> None:
    assert rows_of(open_(tmp_path, text)) == []


def test_without_record_the_feed_is_not_complete(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"feeds.warga.record: is missing"):
        open_(tmp_path, "<a/>", record=None)


@pytest.mark.parametrize(
    ("declared", "written", "message"),
    [
        ("utf-8", "cp1252", r"says that it is utf-8, and is not \(utf-8 at byte \d+\)"),
        ("windows-1252", "utf-8", "says that it is windows-1252, and is utf-8"),
    ],
)
def test_a_declaration_that_is_not_true_is_drift(tmp_path: Path, declared: str, written: str, message: str) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?><a><orang><nik>1</nik><nama>Café</nama></orang></a>'
    with pytest.raises(DriftError, match=message):
        open_(tmp_path, text.encode(written))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1252", "iso-8859-1", "utf-16"])
def test_a_true_declaration_is_followed(tmp_path: Path, encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{declared}"?><a><orang><nik>1</nik><nama>Café</nama></orang></a>'
    assert rows_of(open_(tmp_path, text.encode(encoding))) == [("1", "Café")]


def test_an_element_of_the_records_name_inside_it_is_a_column(tmp_path: Path) -> None:
    text = "<a><orang><nik>1</nik><orang>Siti</orang></orang></a>"
    assert rows_of(open_(tmp_path, text, map=["nik", "orang"])) == [("1", "Siti")]
