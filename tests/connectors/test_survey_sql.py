"""What a survey tells of a database, and how little it reads for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.connection import Connection
from connectors.sql_session import session
from connectors.survey import Survey, SurveyTable, survey
from connectors.survey.place import SurveyPlace
from connectors.survey.sql_catalog import describe, describe_inspected
from schemas.errors import ConfigurationError, RefusedError
from tests import services
from tests.connectors.conftest import database
from tests.connectors.sources import Database, SqliteSource

READS = "SHOW SESSION STATUS WHERE variable_name LIKE 'Handler_read%%'"


def run(server: Database, *statements: str) -> None:
    with services.engine(server.address, server.name).connect() as opened:
        for statement in statements:
            opened.exec_driver_sql(statement)


def grant(server: Database, *tables: str) -> None:
    run(server, *(f"GRANT SELECT ON {table} TO {server.login}" for table in tables if not server.mysql))


def table_of(found: Survey, name: str) -> SurveyTable:
    return next(table for table in found.tables if table.name == name)


def samples(table: SurveyTable) -> dict[str, tuple[str | None, ...]]:
    return {column.name: column.sample for column in table.columns}


@pytest.fixture
def postgresql() -> Iterator[Database]:
    yield from database("postgresql", "")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows that the survey's own session asked MariaDB's engines for, by the server's counters."""
    counted: list[int] = []

    @contextmanager
    def counting(*arguments: Any) -> Iterator[sa.Connection]:
        with session(*arguments) as opened:
            yield opened
            counted.append(sum(int(row[1]) for row in opened.exec_driver_sql(READS)))

    monkeypatch.setattr("connectors.survey.sql.session", counting)
    return counted


def test_500_tables_are_surveyed_without_reading_one_whole(mariadb: Database, reads: list[int]) -> None:
    columns = ", ".join(f"c{number} varchar(60)" for number in range(9))
    made, values = list[str](), ", ".join(f"concat('nilai ', seq, ' {number}')" for number in range(9))
    for number in range(500):  # half a million rows in ten of the tables; with and without a key
        key = "PRIMARY KEY" if number % 3 else ""
        rows = 50_000 if number % 50 == 1 else 5
        made += [f"CREATE TABLE t{number} (id int {key}, {columns})"]
        made += [f"INSERT INTO t{number} SELECT seq, {values} FROM seq_1_to_{rows}"]
    run(mariadb, *made)
    found = survey(mariadb.connection)
    assert len(found.tables) == 500
    assert {len(table.columns) for table in found.tables} == {10}
    assert not any(table.problem for table in found.tables)
    assert len(table_of(found, "t1").columns[0].sample) == 200
    # 5 rows of 490 tables, 200 of ten; the rest are the catalogue's own 5,000 columns, sorted
    assert reads[0] < 40_000


def test_postgresql_reads_no_table_whole(postgresql: Database) -> None:
    fill = "INSERT INTO {} SELECT n, 'x' FROM generate_series(1, 20000) AS s(n)"
    made = [f"CREATE TABLE t{number} (id int {'PRIMARY KEY' if number % 2 else ''}, a text)" for number in range(10)]
    run(postgresql, *made, *(fill.format(f"t{number}") for number in range(10)))
    grant(postgresql, *(f"t{number}" for number in range(10)))
    before = rows_read(postgresql)
    found = survey(postgresql.connection)
    assert {len(table.columns[0].sample) for table in found.tables} == {200}
    assert rows_read(postgresql) - before < 10 * 1000  # a page or two more than the sample


def rows_read(server: Database) -> int:
    text = "SELECT COALESCE(sum(seq_tup_read + COALESCE(idx_tup_fetch, 0)), 0) FROM pg_stat_user_tables"
    with services.engine(server.address, server.name).connect() as opened:
        return int(opened.exec_driver_sql(text).scalar_one())


def test_sample_has_the_begin_and_the_end_of_the_key(server: Database) -> None:
    rows = "seq_1_to_5000" if server.mysql else "generate_series(1, 5000) AS s(seq)"
    run(server, "CREATE TABLE t (b int, a int, v varchar(9), PRIMARY KEY (a, b))")
    run(
        server,
        f"INSERT INTO t SELECT seq & 1, seq, 'x' FROM {rows}",
        "ANALYZE TABLE t" if server.mysql else "ANALYZE t",
    )
    grant(server, "t")
    found = table_of(survey(server.connection, sample_rows=6), "t")
    assert samples(found)["a"] == ("1", "2", "3", "4998", "4999", "5000")
    assert found.primary_key == ("a", "b")
    assert found.rows is not None and 4000 < found.rows < 6000
    whole = table_of(survey(server.connection, sample_rows=9000), "t")
    assert len(whole.columns[0].sample) == 5000 == whole.rows  # no row twice where both halves meet


def test_structure_is_told_as_the_source_declares_it(server: Database) -> None:
    if server.mysql:
        code, notes = "enum('L','P')", ("COMMENT 'Nomor KK'", "COMMENT = 'Data warga'")
    else:
        run(server, "CREATE TYPE kelamin AS ENUM ('L', 'P')")
        code, notes = "kelamin", ("", "")
    quote = "`" if server.mysql else '"'
    name = f"{quote}order by{quote}"
    run(
        server,
        "CREATE TABLE kk (id int PRIMARY KEY)",
        f"CREATE TABLE {name} (id int PRIMARY KEY, nik varchar(16) NOT NULL UNIQUE, jk {code},"
        f" kk_id int {notes[0]}, FOREIGN KEY (kk_id) REFERENCES kk (id)) {notes[1]}",
        "INSERT INTO kk VALUES (7)",
        f"INSERT INTO {name} VALUES (1, '3574990101900001', 'P', 7)",
    )
    if not server.mysql:
        run(server, f"COMMENT ON TABLE {name} IS 'Data warga'", f"COMMENT ON COLUMN {name}.kk_id IS 'Nomor KK'")
    grant(server, name, "kk")
    found = table_of(survey(server.connection), "order by")
    assert (found.kind, found.primary_key, found.unique) == ("table", ("id",), (("nik",),))
    assert found.references == (("kk_id", "kk.id"),)
    assert (found.comment, found.columns[3].comment) == ("Data warga", "Nomor KK")
    assert found.columns[2].declared == "enum('L','P')"
    assert [column.nullable for column in found.columns] == [False, False, True, True]
    assert found.feed == {"table": "order by"}
    assert samples(found) == {"id": ("1",), "nik": ("3574990101900001",), "jk": ("P",), "kk_id": ("7",)}
    assert found.rows == 1


def test_databases_without_queries_of_their_own_are_described_the_same(postgresql: Database) -> None:
    server = postgresql
    keys = "id int PRIMARY KEY, nik varchar(16) UNIQUE, kk_id int, FOREIGN KEY (kk_id) REFERENCES kk (id)"
    run(
        server,
        "CREATE TABLE kk (id int PRIMARY KEY)",
        f"CREATE TABLE warga ({keys})",
        "CREATE VIEW v_warga AS SELECT nik FROM warga",
    )
    grant(server, "kk", "warga", "v_warga")
    with session(server.connection, SurveyPlace.at(server.connection)) as opened:
        own = {one.name: one.table for one in describe(opened)}
        others = {one.name: one.table for one in describe_inspected(opened)}
    assert own.keys() == others.keys()
    for name, table in own.items():
        other = others[name]
        assert (table.kind, table.primary_key, table.references) == (other.kind, other.primary_key, other.references)
        assert (table.unique, table.feed) == (other.unique, other.feed)
        assert [column.name for column in table.columns] == [column.name for column in other.columns]


def test_values_are_the_texts_that_extraction_lands_and_long_ones_are_cut(mariadb: Database) -> None:
    run(
        mariadb,
        "CREATE TABLE t (d date, j time, b bit(4), n decimal(20,0), p point, s varbinary(4),"
        " foto longblob, isi longtext)",
    )
    with services.engine(mariadb.address, mariadb.name).connect() as opened:
        opened.exec_driver_sql("SET SESSION sql_mode = ''")  # as old servers are: it lets a zero date in
        opened.exec_driver_sql(
            "INSERT INTO t VALUES ('0000-00-00', '99:00:00', b'101', 3574990101900001, POINT(1, 2), x'00ff',"
            " REPEAT('x', 3000000), REPEAT('y', 3000000))"
        )
    found = samples(table_of(survey(mariadb.connection), "t"))
    assert [found[name][0] for name in "djbnps"] == [
        "0000-00-00", "99:00:00", "5", "3574990101900001", "POINT(1 2)", "00FF",
    ]  # fmt: skip
    assert found["foto"] == ("78" * 500,)
    assert found["isi"] == ("y" * 1000,)


def test_slow_and_broken_views_become_problems_and_the_rest_goes_on(
    server: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.survey.sql.VIEW_SECONDS", 1)
    sleep = "SLEEP(5)" if server.mysql else "pg_sleep(5)::text"
    run(
        server,
        "CREATE TABLE t (id int)",
        "CREATE TABLE hilang (id int)",
        "INSERT INTO t VALUES (0)",
        f"CREATE VIEW lambat AS SELECT {sleep} AS a FROM t",
        "CREATE VIEW baik AS SELECT id FROM t",
        "CREATE VIEW rusak AS SELECT 1 / id AS a FROM t"
        if not server.mysql
        else "CREATE VIEW rusak AS SELECT * FROM hilang",
    )
    if server.mysql:
        run(server, "DROP TABLE hilang")
    grant(server, "t", "lambat", "baik", "rusak")
    found = survey(server.connection)
    assert table_of(found, "lambat").problem == "did not answer within 1 s"
    assert table_of(found, "rusak").problem
    assert samples(table_of(found, "baik")) == {"id": ("0",)}
    assert table_of(found, "baik").kind == "view"
    assert any("lambat" in note for note in found.notes)


def test_table_without_the_right_to_read_becomes_a_problem(server: Database) -> None:
    run(server, "CREATE TABLE boleh (id int)", "CREATE TABLE rahasia (id int)")
    grant(server, "boleh")
    if server.mysql:
        user = server.account
        run(server, f"REVOKE SELECT ON {server.name}.* FROM {user}")
        run(
            server, f"GRANT SELECT ON {server.name}.boleh TO {user}", f"GRANT INSERT ON {server.name}.rahasia TO {user}"
        )
    found = survey(server.connection)
    assert table_of(found, "rahasia").problem == "the login may not read it"
    assert not table_of(found, "boleh").problem
    assert found.notes == ("not sampled, the login may not read it: rahasia",)


def test_other_schemas_of_postgresql_are_told_with_their_name(postgresql: Database) -> None:
    run(postgresql, "CREATE SCHEMA arsip", "CREATE TABLE arsip.t (id int)", "INSERT INTO arsip.t VALUES (1)")
    run(
        postgresql,
        f"GRANT USAGE ON SCHEMA arsip TO {postgresql.login}",
        f"GRANT SELECT ON arsip.t TO {postgresql.login}",
    )
    (found,) = survey(postgresql.connection).tables
    assert (found.name, found.feed, samples(found)["id"]) == ("arsip.t", {"table": "t", "schema": "arsip"}, ("1",))


def test_only_takes_names_and_patterns_and_refuses_what_nothing_fits(server: Database) -> None:
    run(server, "CREATE TABLE tbl_warga (id int)", "CREATE TABLE tbl_kk (id int)", "CREATE TABLE log (id int)")
    grant(server, "tbl_warga", "tbl_kk", "log")
    told: list[tuple[int, int | None]] = []
    found = survey(server.connection, only=["TBL_*"], progress=lambda *step: told.append(step))
    assert [table.name for table in found.tables] == ["tbl_kk", "tbl_warga"]
    assert told == [(0, 2), (1, 2), (2, 2)]
    with pytest.raises(ConfigurationError, match=r"no table 'tbl_wargo'.*did you mean 'tbl_warga'"):
        survey(server.connection, only=["tbl_wargo"])


def test_wrong_password_is_refused_and_no_secret_is_shown(server: Database) -> None:
    run(server, "CREATE TABLE t (id int)")
    assert server.password not in repr(survey(server.connection))
    with pytest.raises(RefusedError):
        survey(server.wrong() or server.connection)


def test_mysql_connection_without_a_database_is_told_which_there_are(mariadb: Database) -> None:
    with pytest.raises(ConfigurationError, match=f"names no database.*{mariadb.name}"):
        survey(replace(mariadb.connection, schema=""))


def test_sqlite_is_surveyed_whatever_its_cells_hold(tmp_path: Path) -> None:
    import sqlite3

    source = SqliteSource(tmp_path)
    with sqlite3.connect(source.file) as opened:
        opened.executescript(
            "CREATE TABLE kk (no TEXT PRIMARY KEY) WITHOUT ROWID;"
            "CREATE TABLE warga (nik TEXT NOT NULL UNIQUE, kk TEXT REFERENCES kk, isi);"
            "INSERT INTO kk VALUES ('b'), ('a');"
            "INSERT INTO warga VALUES ('1', 'a', x'00ff'), ('2', 'b', 3.5);"
            "CREATE VIEW rusak AS SELECT * FROM tidak_ada;"
        )
    opened.close()
    found = survey(source.connection, only=["kk", "warga", "rusak"])
    assert samples(table_of(found, "kk")) == {"no": ("a", "b")}
    warga = table_of(found, "warga")
    assert (warga.unique, warga.references, warga.rows) == ((("nik",),), (("kk", "kk.no"),), 2)
    assert warga.columns[2].sample == ("00FF", "3.5")
    assert "tidak_ada" in table_of(found, "rusak").problem


def test_view_without_end_is_interrupted_and_views_together_have_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    monkeypatch.setattr("connectors.survey.sql.VIEW_SECONDS", 1)
    file = tmp_path / "a.db"
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS m FROM n"
    with sqlite3.connect(file) as opened:
        opened.execute(f"CREATE VIEW lambat AS {endless}")
    opened.close()
    connection = Connection.from_uri("app", f"sqlite:///{file}")
    (found,) = survey(connection).tables
    assert found.problem == "did not answer within 1 s"
    with sqlite3.connect(file) as opened:
        opened.execute("CREATE VIEW z AS SELECT 1 AS a")
    opened.close()
    monkeypatch.setattr("connectors.survey.sql.VIEWS_SECONDS", 0.5)
    assert "the views before it took" in survey(connection).tables[1].problem
