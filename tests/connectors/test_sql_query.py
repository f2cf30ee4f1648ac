"""Declared queries, windows, chunks and drift in databases; what SQL Server and Oracle compile."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.connection import Connection
from connectors.reading import Demand, Reading
from connectors.registry import read
from connectors.sql_query import checked_query
from schemas.change import Baseline, SchemaChange
from schemas.errors import ConfigurationError, DriftError
from schemas.feed import SqlFeed
from tests import services
from tests.connectors.conftest import database
from tests.connectors.helpers import Rows, application, rows_of
from tests.connectors.sources import Database
from tests.faults import Fault, proxied


@pytest.fixture(params=["mariadb", "postgresql", "sqlite"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Something that runs SQL as an administrator, and the connection to read it by."""
    if request.param == "sqlite":
        file = tmp_path / "a.db"
        engine = sa.create_engine(f"sqlite:///{file}", isolation_level="AUTOCOMMIT")
        yield engine, Connection.from_uri("app", f"sqlite:///{file}")
        return
    for made in database(request.param, ""):
        if not made.mysql:
            with services.engine(made.address, made.name).connect() as opened:
                grant = f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {made.login}"
                opened.exec_driver_sql(grant)
        yield services.engine(made.address, made.name), made.connection


def run(engine: sa.Engine, *statements: str) -> None:
    with engine.connect() as opened:
        for statement in statements:
            opened.execution_options(no_parameters=True).exec_driver_sql(statement)


def ask(connection: Connection, feed: dict[str, Any], baseline: Baseline | None = None, **demand: Any) -> Reading:
    settings = {key: feed.pop(key) for key in ("chunk_rows", "low_bandwidth") if key in feed}
    app = application("sql", {"table": "" if "query" in feed else "warga", **feed}, **settings)
    return read(app, "warga", connection, Demand(baseline=baseline or Baseline(), **demand))


def test_query_joins_tables_and_its_columns_come_as_text(source: Any) -> None:
    engine, connection = source
    run(
        engine,
        "CREATE TABLE a (nik varchar(9), tgl date)",
        "CREATE TABLE b (nik varchar(9), foto varchar(9))",
        "INSERT INTO a VALUES ('1', '2024-01-31'), ('2', NULL)",
        "INSERT INTO b VALUES ('1', 'x:y'), ('2', '50%')",
    )
    query = "SELECT a.nik, a.tgl, b.foto AS \"foto\" FROM a JOIN b ON a.nik = b.nik WHERE b.foto <> ':z' -- %s\n;"
    query = query.replace('"', "`") if connection.kind == "mysql" else query
    reading = ask(connection, {"query": query, "map": ["nik", "tgl", "foto"], "where": {"foto": ["50%", "x:y"]}})
    assert sorted(rows_of(reading)) == [("1", "2024-01-31", "x:y"), ("2", None, "50%")]
    assert set(reading.details["columns_found"]) == {"nik", "tgl", "foto"}
    with pytest.raises(DriftError, match="the query has the unknown column 'foto'"):
        ask(connection, {"query": query, "map": ["nik", "tgl"]})


def test_query_across_databases_of_one_server(mariadb: Database) -> None:
    other, account = f"{mariadb.name}_lain", mariadb.account.replace("%%", "%")
    engine = services.engine(mariadb.address, mariadb.name)
    try:
        run(
            engine,
            f"CREATE DATABASE {other}",
            f"CREATE TABLE {other}.b (nik int, foto blob, aktif bit(3), tgl date) ",
            f"INSERT INTO {other}.b VALUES (1, x'00ff', b'101', NULL)",
            "CREATE TABLE a (nik int)",
            "INSERT INTO a VALUES (1)",
            f"GRANT SELECT ON {other}.* TO {account}",
        )
        query = f"SELECT b.* FROM a JOIN {other}.b b USING (nik)"
        for reader in ("connectorx", "cursor"):
            connection = replace(mariadb.connection, extra={"reader": reader})
            reading = ask(connection, {"query": query, "map": ["nik", "foto", "aktif", "tgl"]})
            assert rows_of(reading) == [("1", "00FF", "5", None)]
            assert reading.details["columns_found"]["foto"] == "blob"
    finally:
        run(engine, f"DROP DATABASE IF EXISTS {other}")


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("DELETE FROM a", "is a DELETE"),
        ("SELECT 1; SELECT 2", "2 statements"),
        ("SELECT * FROM a FOR UPDATE", "locks rows|Unexpected"),
        ("SELECT nik INTO b FROM a", "INTO|Expected|no SELECT"),
        ("WITH x AS (DELETE FROM a RETURNING *) SELECT * FROM x", "has a DELETE inside|Expect"),
        ("SELECT nik FROM a /*! INTO OUTFILE '/tmp/x' */", "comment that the server would run"),
        ("SELECT nik FROM", "line 1"),
        ("SELECT 'nik FROM a", "never closed"),
        ("DROP TABLE a", "is a DROP"),
        ("-- nothing", "0 statements"),
    ],
)
def test_query_that_does_more_than_read_is_refused_with_its_place(query: str, word: str) -> None:
    feed = SqlFeed.model_validate({"query": query, "key": ["nik"], "dataset": "penduduk", "map": {"nik": "nik"}})
    for kind in ("mysql", "postgres", "sqlite", "mssql", "oracle"):
        with pytest.raises(ConfigurationError, match=rf"feeds\.warga\.query: .*({word}|INTO|OUTFILE)"):
            checked_query(feed, kind, "applications/a/b.yaml: feeds.warga")


DATES = [("1", "2024-01-01"), ("2", "2024-02-01"), ("3", "2024-03-01"), ("4", None), ("5", "0000-00-00")]


@pytest.mark.parametrize("type_", ["date", "varchar(20)"])
def test_window_takes_what_is_new_and_what_has_no_date(source: Any, type_: str) -> None:
    engine, connection = source
    rows = [row for row in DATES if not (connection.kind == "postgres" and type_ == "date" and row[0] == "5")]
    values = ", ".join(f"({nik}, {'NULL' if tgl is None else repr(tgl)})" for nik, tgl in rows)
    strict = "SET STATEMENT sql_mode = '' FOR " if connection.kind == "mysql" else ""
    run(engine, f"CREATE TABLE warga (nik int, tgl {type_})", f"{strict}INSERT INTO warga VALUES {values}")
    feed = {"map": ["nik", "tgl"], "cursor": {"column": "tgl"}}
    since = rows_of(ask(connection, feed, since="2024-02-01"))
    assert sorted(row[0] or "" for row in since) == sorted(row[0] for row in rows if row[0] != "1")
    window = rows_of(ask(connection, feed, since="2024-02-01", until="2024-02-28"))
    assert [row[0] for row in window] == ["2"]
    run(engine, "DROP TABLE warga")


def test_window_of_numbers_compares_as_numbers(source: Any) -> None:
    engine, connection = source
    run(engine, "CREATE TABLE warga (nik int, urut bigint)", "INSERT INTO warga VALUES (1, 9), (2, 10), (3, NULL)")
    feed = {"map": ["nik", "urut"], "cursor": {"column": "urut", "lag": 1}}
    assert sorted(rows_of(ask(connection, feed, since="10"))) == [("2", "10"), ("3", None)]
    with pytest.raises(ConfigurationError, match="is no window of 'urut', which holds numbers"):
        ask(connection, feed, since="2024-01-01")


def test_keys_alone_and_a_sample(source: Any) -> None:
    engine, connection = source
    run(
        engine, "CREATE TABLE warga (nik int, a int, b int)", "INSERT INTO warga VALUES (1, 2, 1), (3, 4, 0), (5, 6, 1)"
    )
    feed = {"map": ["nik"], "key": ["b", "nik", "b"], "where": {"b": ["1"]}, "ignore": ["a"]}
    reading = ask(connection, feed, keys_only=True)
    batches = list(reading.batches)
    assert [batch.schema.names for batch in batches] == [["b", "nik"]]
    assert sorted(batches[0].column("nik").to_pylist()) == ["1", "5"]
    assert len(rows_of(ask(connection, feed, limit=1))) == 1


UNKNOWN = {"map": ["nik", "nama"]}


def fill_drifted(engine: sa.Engine) -> None:
    run(
        engine,
        "CREATE TABLE warga (nik int, nama varchar(20), baru varchar(20), lagi int)",
        "INSERT INTO warga VALUES (1, 'a', 'x\"y', 7), (2, 'b', NULL, NULL), (3, 'c', '', NULL)",
    )


def test_unknown_columns_go_to_the_rest_or_isolate_their_rows(source: Any) -> None:
    engine, connection = source
    fill_drifted(engine)
    with pytest.raises(DriftError, match="'baru'"):
        ask(connection, dict(UNKNOWN))
    reading = ask(connection, {**UNKNOWN, "drift": "evolve"})
    (batch,) = reading.batches
    assert batch.schema.names == ["nik", "nama", "_rest"]
    rests = [text and json.loads(text) for text in batch.column("_rest").to_pylist()]
    assert rests == [{"baru": 'x"y', "lagi": "7"}, None, {"baru": "", "lagi": None}]
    assert [change["column"] for change in reading.details["changes"]] == ["baru", "lagi"]
    (batch,) = ask(connection, {**UNKNOWN, "drift": "quarantine"}).batches
    assert batch.column("_problem").to_pylist() == ["row.unknown_column", None, None]


def test_renamed_and_removed_columns_that_a_steward_accepted(source: Any) -> None:
    engine, connection = source
    run(engine, "CREATE TABLE warga (nik int, nama_baru varchar(20))", "INSERT INTO warga VALUES (1, 'a')")
    accepted = {SchemaChange("renamed", "nama", "nama", "nama_baru"), SchemaChange("removed", "alamat")}
    feed = {"map": ["nik", "nama", "alamat"], "where": {"nama": ["a"]}}
    reading = ask(connection, feed, Baseline(accepted=frozenset(accepted)))
    assert rows_of(reading) == [("1", "a", None)]


def test_retyped_column_is_told_in_the_words_of_the_source(mariadb: Database) -> None:
    engine = services.engine(mariadb.address, mariadb.name)
    run(engine, "CREATE TABLE warga (nik varchar(20), jk enum('L','P'))")
    baseline = Baseline(types={"nik": "char(16)", "jk": "enum('L','P')"})
    with pytest.raises(DriftError, match=r"column 'nik' was char\(16\) and is varchar\(20\)"):
        ask(mariadb.connection, {"map": ["nik", "jk"]}, baseline)
    reading = ask(mariadb.connection, {"map": ["nik", "jk"], "drift": "evolve"}, baseline)
    assert [change["kind"] for change in reading.details["changes"]] == ["retyped"]


def numbered(rows: int) -> tuple[str, Rows]:
    values = [(f"{number // 100:04d}", str(number % 100), f"n{number}") for number in range(rows)]
    return ", ".join(f"('{a}', {b}, '{c}')" for a, b, c in values), [(b, c, a) for a, b, c in values]


def test_chunks_by_a_composite_key_give_every_row_once_in_one_snapshot(
    source: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, connection = source
    if connection.kind == "sqlite":
        pytest.skip("a SQLite key of several columns may hold anything")
    monkeypatch.setattr("connectors.reading.PART_ROWS", 1000)
    monkeypatch.setattr("connectors.sql_stream.FETCH_ROWS", 1000)
    values, expected = numbered(2500)
    table = "CREATE TABLE warga (a char(4), b int, nik varchar(9), PRIMARY KEY (a, b))"
    run(engine, table, f"INSERT INTO warga VALUES {values}")
    feed = {"map": ["b", "nik"], "key": ["b"], "ignore": ["a"], "chunk_rows": 1000}
    reading = ask(connection, feed)
    first = next(reading.batches)
    run(engine, "DELETE FROM warga WHERE b > 50", "INSERT INTO warga VALUES ('9999', 1, 'x')")
    rows = list(zip(*(column.to_pylist() for column in first.columns), strict=True)) + rows_of(reading)
    assert rows == [(b, nik) for b, nik, _ in expected]
    assert (reading.details["queries"], reading.details["snapshots"]) == (3, 1)
    assert reading.position == {"after": {"a": "0024", "b": "99"}}


def test_chunks_go_on_after_a_break(mariadb: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.sql_stream.WAIT_SECONDS", 0.01)
    values, expected = numbered(5000)
    engine = services.engine(mariadb.address, mariadb.name)
    run(engine, "CREATE TABLE warga (a char(4), b int, nik varchar(9), PRIMARY KEY (a, b))")
    run(engine, f"INSERT INTO warga VALUES {values}")
    port = mariadb.connection.port or 3306
    with proxied("127.0.0.1", port, [Fault(), Fault(cut_after=60_000, is_reset=False)]) as proxy:
        connection = replace(mariadb.connection, host="127.0.0.1", port=proxy.port)
        reading = ask(connection, {"map": ["b", "nik", "a"], "chunk_rows": 1000})
        assert sorted(rows_of(reading)) == sorted((nik, b, a) for b, nik, a in expected)
    assert (reading.details["retries"], reading.details["snapshots"]) == (1, 2)


def test_chunks_without_a_usable_key_say_so(source: Any) -> None:
    engine, connection = source
    run(engine, "CREATE TABLE warga (nik double precision PRIMARY KEY)", "CREATE TABLE b (nik int)")
    with pytest.raises(ConfigurationError, match=r"chunk_rows needs a primary key of .* has \(nik "):
        ask(connection, {"map": ["nik"], "chunk_rows": 1000})
    with pytest.raises(ConfigurationError, match="'b' has none"):
        ask(connection, {"map": ["nik"], "chunk_rows": 1000, "table": "b"})
    with pytest.raises(ConfigurationError, match="the feed is a query"):
        ask(connection, {"map": ["nik"], "chunk_rows": 1000, "query": "SELECT nik FROM b"})


def test_slow_line_is_compressed_where_the_protocol_can(source: Any) -> None:
    engine, connection = source
    run(engine, "CREATE TABLE warga (nik varchar(200))", "INSERT INTO warga VALUES ('" + "x" * 200 + "')")
    reading = ask(connection, {"map": ["nik"], "low_bandwidth": True})
    assert rows_of(reading) == [("x" * 200,)]
    assert reading.details["bytes"] == 200
    assert reading.details["compressed"].startswith("zlib" if connection.kind == "mysql" else "no:")


def test_sqlite_chunks_by_its_row_number(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a.db") as opened:
        opened.execute("CREATE TABLE warga (nik INTEGER PRIMARY KEY)")
        opened.executemany("INSERT INTO warga VALUES (?)", [(number,) for number in range(2500)])
    opened.close()
    reading = ask(Connection.from_uri("c", f"sqlite:///{tmp_path}/a.db"), {"map": ["nik"], "chunk_rows": 1000})
    assert [int(row[0] or 0) for row in rows_of(reading)] == list(range(2500))
