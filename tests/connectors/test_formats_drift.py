"""Columns that come and go, in every format: stopped, let into the landing, or their rows isolated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.connection import Connection
from connectors.reading import Demand, Reading
from connectors.registry import read
from schemas.change import Baseline, SchemaChange
from schemas.errors import DriftError
from tests.connectors.helpers import Rows, application, rows_of
from tests.connectors.sources import FileSource

FORMATS = ["csv", "tsv", "zip", "xlsx", "xls", "ods", "dbf", "xml", "json", "jsonl", "geojson"]
ROWS: Rows = [("1", "a", "O"), ("2", "b", None), ("3", "c", "AB")]


@pytest.fixture(params=FORMATS)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> FileSource:
    made = FileSource(tmp_path, request.param)
    made.fill(["nik", "nama", "golongan"], ROWS)
    return made


def open_(source: FileSource, demand: Demand | None = None, **feed: Any) -> Reading:
    names = {"key": [source.column("nik")], "map": [source.column("nik"), source.column("nama")]}
    return read(application("files", source.feed() | names | feed), "warga", source.connection, demand)


def dicts(reading: Reading) -> list[dict[str, Any]]:
    return [row for batch in reading.batches for row in batch.to_pylist()]


def test_freeze_stops_and_offers_the_change(source: FileSource) -> None:
    with pytest.raises(DriftError, match=r"map: or ignore:; or accept the change: opdhub drift accept") as told:
        rows_of(open_(source))
    (change,) = told.value.changes
    assert (change.kind, change.column) == ("added", source.column("golongan"))


def test_evolve_lands_what_is_unknown_beside_the_row_and_tells_it(source: FileSource) -> None:
    reading, name = open_(source, drift="evolve"), source.column("golongan")
    rows = dicts(reading)
    assert [row[source.column("nama")] for row in rows] == ["a", "b", "c"]
    assert [json.loads(row["_rest"] or "null") for row in rows] == [{name: "O"}, None, {name: "AB"}]
    assert "_problem" not in rows[0]
    assert [(change["kind"], change["column"]) for change in reading.details["changes"]] == [("added", name)]
    assert name in reading.details["columns_found"]


def test_quarantine_isolates_the_rows_that_fill_an_unknown_column(source: FileSource) -> None:
    rows = dicts(open_(source, drift="quarantine"))
    assert [row["_problem"] for row in rows] == ["row.unknown_column", None, "row.unknown_column"]


def test_keys_only_reads_the_key_whatever_else_has_come(source: FileSource) -> None:
    rows = rows_of(open_(source, Demand(keys_only=True), drift="quarantine"))
    assert rows == [("1",), ("2",), ("3",)]


def test_what_a_steward_has_accepted_is_no_drift(source: FileSource) -> None:
    name = source.column("golongan")
    accepted = frozenset({SchemaChange("added", name, after="C(2)" if source.format == "dbf" else "")})
    reading = open_(source, Demand(baseline=Baseline(accepted=accepted)))
    assert len(rows_of(reading)) == 3
    assert reading.details["changes"] == []


def test_an_accepted_new_name_fills_the_old_column_and_an_accepted_loss_leaves_it_empty(source: FileSource) -> None:
    nama, baru, hilang = (source.column(name) for name in ("nama_lgkp", "nama", "alamat"))
    accepted = {SchemaChange("renamed", nama, nama, baru), SchemaChange("removed", hilang)}
    feed: dict[str, Any] = {"map": [source.column("nik"), nama, hilang], "ignore": [source.column("golongan")]}
    rows = rows_of(open_(source, Demand(baseline=Baseline(accepted=frozenset(accepted))), **feed))
    assert rows == [("1", "a", None), ("2", "b", None), ("3", "c", None)]


def test_a_missing_column_is_drift_that_guesses_its_new_name(source: FileSource) -> None:
    columns = [source.column("nik"), source.column("nama2")]
    feed: dict[str, Any] = {"map": columns, "ignore": [source.column("golongan")]}
    with pytest.raises(DriftError, match=source.column("nama2")):
        rows_of(open_(source, **feed))


def test_where_and_totals_hold_in_every_format(source: FileSource) -> None:
    golongan, nik = source.column("golongan"), source.column("nik")
    feed = {"where": {golongan: ["O", "AB"]}, "totals": {nik: [" 3 "]}}
    reading = open_(source, Demand(keys_only=True), **feed)
    assert rows_of(reading) == [("1",)]
    assert reading.details["totals_left_out"] == 1


def test_every_format_tells_what_it_read(source: FileSource) -> None:
    reading = open_(source, drift="evolve")
    rows_of(reading)
    assert len(reading.details["sha256"]) == 64
    assert "bytes" in reading.details
    found = reading.details["columns_found"]
    assert set(found) >= {source.column(name) for name in ("nik", "nama", "golongan")}
    assert set(found.values()) == ({"C(1)", "C(2)"} if source.format == "dbf" else {""})


def test_a_column_of_another_type_is_drift(tmp_path: Path) -> None:
    source = FileSource(tmp_path, "dbf")
    source.fill(["nik", "nama"], [("1", "a")])
    baseline = Baseline(types={"NIK": "N(16,0)", "NAMA": "C(1)"})
    with pytest.raises(DriftError, match=r"column 'NIK' was N\(16,0\) and is C\(1\)"):
        open_(source, Demand(baseline=baseline))
    reading = open_(source, Demand(baseline=baseline), drift="evolve")
    assert rows_of(reading) == [("1", "a")]
    assert [change["kind"] for change in reading.details["changes"]] == ["retyped"]


def test_an_unknown_element_that_repeats_lands_as_a_list(tmp_path: Path) -> None:
    text = "<a><orang><nik>1</nik><nama>a</nama><hp>08</hp><hp>09</hp></orang></a>"
    (tmp_path / "warga.xml").write_text(text)
    feed: dict[str, Any] = {"file": "warga.xml", "format": "xml", "record": "orang", "map": ["nama"], "drift": "evolve"}
    connection = Connection.from_uri("app", f"fs://{tmp_path}")
    (row,) = dicts(read(application("files", feed), "warga", connection))
    assert json.loads(row["_rest"]) == {"hp": '["08","09"]'}
