"""Records to rows: nested values, drift record by record, and records that are none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.reading import PROBLEM, REST, Demand, Reading
from schemas.change import Baseline, SchemaChange
from schemas.errors import ConfigurationError, DriftError
from tests.connectors.api import Api, start
from tests.connectors.helpers import rows_of


def records_of(reading: Reading) -> list[dict[str, str | None]]:
    return [row for batch in reading.batches for row in batch.to_pylist()]


def body(*records: Any) -> str:
    return json.dumps({"data": records})


def test_lists_are_stepped_into_by_number(api: Api) -> None:
    api.records = [
        {"nik": "1", "alamat": [{"jalan": "A"}, {"jalan": "B"}], "hp": ["08", 1.50]},
        {"nik": "2", "alamat": [], "hp": None},
        {"nik": "3", "alamat": {"0": {"jalan": "C"}}, "hp": []},
    ]
    rows = rows_of(start(api.port, map=["nik", "alamat.0.jalan", "alamat.1.jalan", "hp"]))
    assert rows == [("1", "A", "B", '["08",1.5]'), ("2", None, None, None), ("3", "C", None, "[]")]


def test_records_of_nested_lists_have_their_parents_fields(api: Api) -> None:
    api.raw = json.dumps(
        {
            "data": [
                {"no_kk": "9", "kel": {"nama": "Mayangan"}, "anggota": [{"nik": "1"}, {"nik": "2"}]},
                {"no_kk": "8", "kel": None, "anggota": []},
                {"no_kk": "7", "kel": {"nama": "Kedopok"}, "anggota": [{"nik": "3"}]},
            ]
        }
    )
    expected = [("1", "9", "Mayangan"), ("2", "9", "Mayangan"), ("3", "7", "Kedopok")]
    columns = ["nik", "^.no_kk", "^.kel.nama"]
    feed = {"nik": "nik", "no_kk": "^.no_kk", "kel": "^.kel.nama"}
    for path in ("data[*].anggota", "data[*].anggota[*]"):
        reading = start(api.port, records=path, map=feed)
        assert rows_of(reading) == expected
        assert set(columns) <= {*reading.details["columns_found"], *columns}
    api.raw = '{"data": []}'
    assert rows_of(start(api.port, records="data[*].anggota", map=feed)) == []
    api.raw = '{"data": [{"no_kk": "9"}]}'
    with pytest.raises(DriftError, match=r"nothing at 'data\[\*\].anggota'"):
        rows_of(start(api.port, records="data[*].anggota", map=feed))


@pytest.mark.parametrize("drift", ["evolve", "quarantine"])
def test_unknown_key_is_kept_and_told(api: Api, drift: str) -> None:
    api.records = [
        {"nik": "1", "nama": "a"},
        {"nik": "2", "nama": "b", "gol": "O", "tes": {"x": [1.0]}},
        {"nik": "3", "nama": "c", "gol": ""},
        {"nik": "4", "nama": "d", "3574091234567890": "x"},
    ]
    reading = start(api.port, drift=drift)
    rows = records_of(reading)
    assert [row[REST] for row in rows] == [
        None,
        '{"gol":"O","tes":{"x":[1.0]}}',
        '{"gol":""}',
        '{"3574091234567890":"x"}',
    ]
    wrong = "row.unknown_column" if drift == "quarantine" else None
    assert [row.get(PROBLEM) for row in rows] == [None, wrong, None, wrong]
    assert [change["words"] for change in reading.details["changes"]] == [
        "column 'gol' is new",
        "column 'tes' is new",
    ]
    assert reading.details["columns_found"] == dict.fromkeys(["nama", "nik", "gol", "tes"], "")


def test_accepted_changes_are_no_drift(api: Api) -> None:
    api.records = [{"nik": "1", "nama_lengkap": "a", "gol": "O"}, {"nik": "2", "nama": "b"}]
    accepted = [SchemaChange("renamed", "nama", "nama", "nama_lengkap"), SchemaChange("added", "gol")]
    demand = Demand(baseline=Baseline(accepted=frozenset(accepted)))
    assert rows_of(start(api.port, demand=demand)) == [("1", "a"), ("2", "b")]
    api.records = [{"nik": "1"}]
    gone = Demand(baseline=Baseline(accepted=frozenset({SchemaChange("removed", "nama")})))
    assert rows_of(start(api.port, demand=gone)) == [("1", None)]
    with pytest.raises(DriftError, match="has no column 'nama'"):
        rows_of(start(api.port))


def test_renamed_key_names_its_new_name(api: Api) -> None:
    api.records = [{"nik": "1", "nama_lgkp": "a"}]
    with pytest.raises(DriftError, match="seems to be called 'nama_lgkp' now"):
        rows_of(start(api.port, drift="evolve"))


def test_record_that_is_no_object_is_a_row_with_a_problem(api: Api) -> None:
    api.records = [{"nik": "1", "nama": "a"}, "Siti", None, {"nik": "2", "nama": "b"}, {"nik": "3", "nama": "c"}]
    rows = records_of(start(api.port, where={"nama": ["a", "b"]}))
    assert [(row["nik"], row.get(REST), row.get(PROBLEM)) for row in rows] == [
        ("1", None, None),
        (None, '"Siti"', "row.shape"),
        (None, "null", "row.shape"),
        ("2", None, None),
    ]


def test_most_records_without_shape_are_drift(api: Api) -> None:
    api.records = [{"nik": "1", "nama": "a"}, 1, 2]
    with pytest.raises(DriftError, match=r"2 of 3 records.*no objects.*records:"):
        rows_of(start(api.port))


def test_key_that_is_named_twice_with_two_values_is_a_problem_of_the_row(api: Api) -> None:
    same, other = '{"nik": "1", "nama": "a", "nama": "a"}', '{"nik": "2", "nama": "a", "nama": "b"}'
    nested = '{"nik": "3", "nama": "c", "x": [{"a": 1, "a": 2}]}'
    fine = '{"nik": "4", "nama": "d"}'
    api.raw = f'{{"data": [{same}, {other}, {nested}, {fine}]}}'
    rows = records_of(start(api.port, ignore=["x"]))
    assert [row["nik"] for row in rows] == ["1", None, None, "4"]
    assert rows[1][REST] == '{"nik":"2","nama":"a","nama":"b"}'
    assert rows[2][REST] == '{"nik":"3","nama":"c","x":[{"a":1,"a":2}]}'
    assert rows[1][PROBLEM] == rows[2][PROBLEM] == "row.shape"


def test_cell_beyond_the_limit_is_told_by_its_length(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.rest_rows.CELL_LIMIT", 100)
    api.records = [{"nik": "1", "nama": "x" * 101}, {"nik": "2", "nama": "y" * 100}, "z" * 200]
    rows = records_of(start(api.port))
    assert rows[0] == {"nik": "1", "nama": None, REST: '{"nama":"101 characters"}', PROBLEM: "row.large"}
    assert rows[1]["nama"] == "y" * 100
    assert rows[2][REST] == '"202 characters"'
    api.records = [{"nik": "1", "nama": "a", "foto": "x" * 101}]
    rows = records_of(start(api.port, drift="evolve"))
    assert rows == [{"nik": "1", "nama": "a", REST: '{"foto":"101 characters"}', PROBLEM: "row.large"}]


@pytest.mark.parametrize(
    ("encoding", "charset"),
    [("utf-8", ""), ("utf-8-sig", ""), ("utf-8", "iso-8859-1"), ("utf-16", ""), ("cp1252", "windows-1252")],
)
def test_letters_are_those_that_were_sent(api: Api, encoding: str, charset: str) -> None:
    sent = '{"data": [{"nik": "1", "nama": "Zoë – Ñ"}]}'.encode(encoding)
    kind = f"application/json; charset={charset}" if charset else "application/json"
    api.answers = [(200, {"Content-Type": kind}, sent)]
    assert rows_of(start(api.port)) == [("1", "Zoë – Ñ")]


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", "; charset=nonsense"])
def test_wrong_charset_is_an_error_not_garbled_names(api: Api, charset: str) -> None:
    sent = '{"data": [{"nik": "1", "nama": "Zoë"}]}'.encode("cp1252")
    api.answers = [(200, {"Content-Type": "application/json" + charset}, sent)]
    with pytest.raises(DriftError, match=r"not UTF-8.*Content-Type") as caught:
        rows_of(start(api.port))
    assert "Zo" not in str(caught.value)


def test_numbers_beyond_64_bits_keep_every_digit(api: Api) -> None:
    number = "9" * 60
    api.raw = f'{{"data": [{{"nik": {number}, "nama": 0.10000000000000000000000000001}}]}}'
    assert rows_of(start(api.port)) == [(number, "0.10000000000000000000000000001")]


def test_deep_nesting_is_an_error_not_a_crash(api: Api) -> None:
    for depth in (300, 400, 600, 900, 950, 100_000):
        api.raw = '{"data": [{"nik": "1", "nama": ' + "[" * depth + "]" * depth + "}]}"
        try:
            assert rows_of(start(api.port)) == [("1", "[" * depth + "]" * depth)]
        except DriftError as error:
            assert "nested too deeply" in str(error)


def test_path_that_is_none_is_a_configuration_error(api: Api) -> None:
    api.records = [{"nik": "1", "nama": "a"}]
    with pytest.raises(ConfigurationError, match="not a JSON path"):
        rows_of(start(api.port, records="data[["))
