"""What every connector promises, whatever its protocol."""

from __future__ import annotations

import pytest

from connectors.registry import read
from schemas.errors import ConfigurationError, DriftError, RefusedError, RetryLaterError
from tests.connectors.helpers import Rows, rows_of
from tests.connectors.sources import COLUMNS, Source

ROWS: Rows = [
    ("3578010101900001", "Siti 'Aisyah", "1", "a"),
    ("0078010101900002", 'Budi, S.H. "ç" 50% \\ %%', "1", "b"),
    ("3578010101900003", None, "1", None),
    ("3578010101900004", "Dihapus", "0", "d"),
]


def test_landed_columns_come_as_text_in_order(source: Source) -> None:
    source.fill(COLUMNS, ROWS)
    reading = read(source.application(where={}, ignore=["created by", "aktif"]), "warga", source.connection)
    assert sorted(rows_of(reading)) == sorted((row[0], row[1] if row[1] else source.null) for row in ROWS)
    assert reading.query


def test_where_keeps_only_rows_with_its_texts(source: Source) -> None:
    source.fill(COLUMNS, ROWS)
    rows = rows_of(read(source.application(), "warga", source.connection))
    assert sorted(row[0] or "" for row in rows) == sorted(row[0] or "" for row in ROWS[:3])
    assert {row[-1] for row in rows} == {"1"}


def test_where_compares_letter_by_letter(source: Source) -> None:
    names = ["AKTIF", "aktif", "50%' OR '1'='1", "\\"]
    source.fill(COLUMNS, [(str(number), "x", name, "") for number, name in enumerate(names)])
    for number, name in enumerate(names):
        rows = rows_of(read(source.application(where={"aktif": [name]}), "warga", source.connection))
        assert rows == [(str(number), "x", name)]


def test_unknown_source_column_is_drift_and_names_the_fix(source: Source) -> None:
    source.fill([*COLUMNS, "golongan"], [(*row, "O") for row in ROWS])
    name = source.column("golongan")
    with pytest.raises(DriftError, match=rf"(?s)dinas/app.yaml: feeds.warga.*{name}.*map: or ignore:"):
        rows_of(read(source.application(), "warga", source.connection))


def test_missing_source_column_is_drift_and_suggests_the_nearest(source: Source) -> None:
    source.fill(["nik", "nama_", "aktif", "created by"], ROWS)
    with pytest.raises(DriftError, match=source.column("nama")):
        rows_of(read(source.application(), "warga", source.connection))


def test_missing_ignored_column_is_no_drift(source: Source) -> None:
    source.fill(COLUMNS[:3], [row[:3] for row in ROWS])
    assert len(rows_of(read(source.application(), "warga", source.connection))) == 3


def test_source_that_is_down_is_for_later(source: Source) -> None:
    with pytest.raises(RetryLaterError):
        rows_of(read(source.application(), "warga", source.down()))


def test_wrong_credentials_are_refused(source: Source) -> None:
    source.fill(COLUMNS, ROWS)
    wrong = source.wrong()
    if wrong is None:
        pytest.skip("this kind of source knows no credentials")
    with pytest.raises(RefusedError) as caught:
        rows_of(read(source.application(), "warga", wrong))
    assert "wrong" not in str(caught.value)


def test_empty_source_gives_no_rows(source: Source) -> None:
    source.fill(COLUMNS, [])
    assert rows_of(read(source.application(), "warga", source.connection)) == []


def test_large_source_streams_in_several_batches(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.reading.PART_ROWS", 1000)
    monkeypatch.setattr("connectors.reading.CHUNK_ROWS", 500)
    monkeypatch.setattr("connectors.sql_fast.BATCH_ROWS", 500)
    source.fill(COLUMNS, [(f"{number:016d}", "n", "1", "") for number in range(2500)])
    batches = list(read(source.application(), "warga", source.connection).batches)
    assert [batch.num_rows for batch in batches] == [1000, 1000, 500]
    assert batches[0].schema.names == [source.column(name) for name in ("nik", "nama", "aktif")]
    assert len({text for batch in batches for text in batch.column(source.column("nik")).to_pylist()}) == 2500


def test_unknown_feed_and_wrong_kind_of_connection_are_configuration_errors(source: Source) -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'warga'"):
        read(source.application(), "wargaa", source.connection)
    other = type(source.connection)("app", "oracle" if source.kind != "sql" else "fs", "h")
    with pytest.raises(ConfigurationError, match="is of kind"):
        read(source.application(), "warga", other)
