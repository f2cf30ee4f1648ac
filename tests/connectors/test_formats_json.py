"""JSON, JSONL and GeoJSON: record by record, digit by digit, and a broken record is isolated or the file refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.connection import Connection
from connectors.reading import Demand, Reading
from connectors.registry import read
from schemas.errors import ConfigurationError, DriftError
from tests.connectors.helpers import application, rows_of


def open_(
    folder: Path, content: str | bytes, format: str = "json", demand: Demand | None = None, **feed: Any
) -> Reading:
    (folder / "warga.json").write_bytes(content.encode() if isinstance(content, str) else content)
    made = {"file": "warga.json", "format": format, "map": ["nik", "nama"], **feed}
    return read(application("files", made), "warga", Connection.from_uri("app", f"fs://{folder}"), demand)


def dicts(reading: Reading) -> list[dict[str, Any]]:
    return [row for batch in reading.batches for row in batch.to_pylist()]


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ('[{"nik": "1", "nama": "a"}]', None),
        (' \n[\n{"nik":"1","nama":"a"}\n]\n', None),
        ('{"data": [{"nik": "1", "nama": "a"}]}', "data"),
        ('{"x": {"data": [9]}, "data": [{"nik": "1", "nama": "a"}], "y": [{}]}', "data"),
        ('{"a": 1, "b": {"c": [{"nik": "1", "nama": "a"}], "d": "]"}}', "$.b.c"),
        ('{"b": [{"n": 1, "c": [{"nik": "1", "nama": "a"}]}, {"n": 2}, {"c": null}, {"c": []}]}', "b[*].c"),
        ('[{"c": [{"nik": "1", "nama": "a"}]}]', "[*].c[*]"),
        ('{"a.b": [{"nik": "1", "nama": "a"}]}', "['a.b']"),
    ],
)
def test_the_list_of_records_is_found_at_its_path(tmp_path: Path, text: str, records: str | None) -> None:
    assert rows_of(open_(tmp_path, text, records=records)) == [("1", "a")]


def test_values_come_as_they_were_sent(tmp_path: Path) -> None:
    values = [
        "3574910101800015",
        "1.50",
        "1e5",
        "-0",
        "0.00000001",
        "12345678901234567890123",
        "true",
        "null",
        '"\\u00e9"',
    ]
    text = ",".join(f'{{"nik":{value},"nama":{{"a":[{value},"x"]}}}}' for value in values)
    rows = rows_of(open_(tmp_path, f"[{text}]"))
    assert [row[0] for row in rows] == [*values[:-2], None, "é"]
    assert rows[2] == ("1e5", '{"a":[1e5,"x"]}')


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    reading = open_(tmp_path, '[{"nik":"1","nama":"Café"}]'.encode(encoding))
    assert rows_of(reading) == [("1", "Café")]
    assert reading.details["encoding"] == ("utf-8-sig" if encoding == "utf-8" else encoding)


def test_nested_values_are_columns_by_dotted_paths(tmp_path: Path) -> None:
    text = '[{"nik":"1","alamat":{"rt":1,"kota":{"kode":"74"}}},{"nik":"2","alamat":null}]'
    fields: dict[str, Any] = {"map": ["alamat.rt", "alamat.kota.kode"]}
    assert rows_of(open_(tmp_path, text, **fields)) == [("1", "1", "74"), ("2", None, None)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"nik":"1","nama":"a"}', r"was cut or is no JSON \(no ',' where one should be, after 1 records\)"),
        ('[{"nik":"1","nama":"a"},{"nik":"2","na', "was cut or is no JSON .*after 2 records"),
        ('[{"nik":"1","nama":"a"},', "was cut or is no JSON"),
        ('[{"nik":"1","nama":"a"}] x', "something after its end"),
        ('[{"nik":"1","nama":"a"}{"nik":"2","nama":"b"}]', "no ',' where"),
        ('[{"nik":"1","nama":"a"},{"nik":"2","nama":tru}]', "Expecting value"),
        ('[{"nik":"1","nama":"\\ud800"}]', "not Unicode"),
        ('{"data":[{"nik":"1"}]}', "no list of records at its top.*there are: data"),
        ('"x"', "no list of records at its top"),
        ("<html></html>", "was cut or is no JSON"),
        ("[1,2,3]", "record 1, is no object.*records:"),
        ('[{"nik":"1"},{"nik":"2"}]', "in none of its 2 records, has no column 'nama'"),
        ('[{"nik":"1","nama":"a","kk":"x"}]', "record 1, has the unknown column 'kk'"),
        ('[{"nik":"1","nama":' + "[" * 100_000 + "]" * 100_000 + "}]", "nested too deeply"),
    ],
)
def test_what_is_no_list_of_records_is_drift(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DriftError, match=message):
        rows_of(open_(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"hasil":[{"nik":"1","nama":"a"}]}', "no list of records at data.*there are: hasil"),
        ('{"data":null}', "no list of records at data"),
        ('{"data":{"nik":"1"}}', "no list of records at data.*there are: nik"),
        ('{"data":[{"nik":"1","nama":"a"}]', "was cut or is no JSON"),
        ('{"data":[{"nik":"1","nama":"a"}],"total":', "was cut or is no JSON"),
        ("[]", "no list of records at data"),
    ],
)
def test_a_path_without_a_list_is_drift(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DriftError, match=message):
        rows_of(open_(tmp_path, text, records="data"))


def test_a_path_that_is_none_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"warga.records: 'data\[0\]' is no path"):
        open_(tmp_path, "[]", records="data[0]")


def test_a_record_that_is_none_or_names_a_key_twice_is_isolated(tmp_path: Path) -> None:
    text = '[{"nik":"1","nama":"a"},"x",{"nik":"2","nama":"b","nama":"c"},{"nik":"3","nama":"d","nama":"d"}]'
    rows = dicts(open_(tmp_path, text + " "))
    assert [row["_problem"] for row in rows] == [None, "row.shape", "row.shape", None]
    assert json.loads(rows[2]["_rest"]) == {"record": 3, "text": '{"nik":"2","nama":"b","nama":"c"}'}


def test_a_broken_line_of_a_jsonl_is_isolated_with_its_number(tmp_path: Path) -> None:
    lines = ['{"nik":1,"nama":"a"}', "", '{"nik":2,"nama":"' + "x" * 5000, '{"nik":3,"nama":"c"}', "[]", '{"nik":5}']
    rows = dicts(open_(tmp_path, "\r\n".join(lines) + "\n", "jsonl"))
    assert [row["nik"] for row in rows] == ["1", None, "3", None, "5"]
    assert [row["_problem"] for row in rows] == [None, "row.shape", None, "row.shape", None]
    rest = json.loads(rows[1]["_rest"])
    assert (rest["record"], len(rest["text"])) == (3, 1000)


def test_a_jsonl_that_was_cut_or_is_a_document_is_drift(tmp_path: Path) -> None:
    with pytest.raises(DriftError, match="cut within line 2"):
        rows_of(open_(tmp_path, '{"nik":1,"nama":"a"}\n{"nik":2,"na', "jsonl"))
    assert len(rows_of(open_(tmp_path, '{"nik":1,"nama":"a"}\n{"nik":2,"nama":"b"}', "jsonl"))) == 2
    with pytest.raises(DriftError, match=r"line 1, is no JSON.*format: json"):
        rows_of(open_(tmp_path, json.dumps([{"nik": "1", "nama": "a"}], indent=1) + "\n", "jsonl"))


POINT = {"type": "Point", "coordinates": [113.2, -7.75]}


def feature(properties: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Feature", "bbox": [1], "geometry": POINT, "properties": properties, **more}


def collection(*features: Any) -> str:
    return json.dumps({"type": "FeatureCollection", "crs": {"type": "name"}, "features": list(features)})


def test_features_of_a_geojson(tmp_path: Path) -> None:
    text = collection(feature({"nama": "a", "luas": {"m2": 5}}, id="j.1"), feature(None, id=2, geometry=None))
    reading = open_(tmp_path, text, "geojson", key=["id"], map=["nama", "luas.m2", "geometry"])
    geometry = '{"type":"Point","coordinates":[113.2,-7.75]}'
    assert rows_of(reading) == [("j.1", "a", "5", geometry), ("2", None, None, None)]


def test_a_property_called_id_is_not_lost_to_that_of_the_feature(tmp_path: Path) -> None:
    text = collection(feature({"id": 7, "nama": "a"}, id="j.1"))
    fields: dict[str, Any] = {"key": ["id"], "map": ["nama", "feature.id"], "ignore": ["geometry"]}
    assert rows_of(open_(tmp_path, text, "geojson", **fields)) == [("7", "a", "j.1")]


def test_what_is_no_feature_is_isolated_and_no_collection_is_drift(tmp_path: Path) -> None:
    text = collection(feature({"nik": 1, "nama": "a"}), {"type": "Feature", "properties": "x"})
    rows = dicts(open_(tmp_path, text, "geojson", ignore=["geometry"]))
    assert [row["_problem"] for row in rows] == [None, "row.shape"]
    with pytest.raises(DriftError, match="no list of records at features"):
        rows_of(open_(tmp_path, json.dumps(feature({"nik": 1})), "geojson"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(
    records=st.lists(st.fixed_dictionaries({"nik": st.text("0123456789"), "nama": VALUES}), min_size=1, max_size=8),
    block=st.integers(1, 40),
    indent=st.none() | st.integers(0, 2),
)
def test_any_records_come_back_wherever_the_blocks_end(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]], block: int, indent: int | None
) -> None:
    folder = tmp_path_factory.mktemp("t")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("connectors.json_format.BLOCK", block)
        text = json.dumps({"data": records, "akhir": [1]}, indent=indent, ensure_ascii=False)
        rows = rows_of(open_(folder, text, records="data"))
    assert [(nik, known(text, one["nama"])) for (nik, text), one in zip(rows, records, strict=True)] == [
        (one["nik"], one["nama"]) for one in records
    ]


def known(text: str | None, sent: Any) -> Any:
    return text if text is None or isinstance(sent, str) else json.loads(text)


def test_keys_only_where_and_limit(tmp_path: Path) -> None:
    text = json.dumps([{"nik": str(number), "nama": "a", "aktif": number % 2} for number in range(9)])
    feed: dict[str, Any] = {"where": {"aktif": ["1"]}}
    assert rows_of(open_(tmp_path, text, demand=Demand(keys_only=True, limit=2), **feed)) == [("1",), ("3",)]
