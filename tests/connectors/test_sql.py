"""Databases that refuse, break or lie in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from time import sleep

import pytest

from connectors import sql_fast
from connectors.connection import Connection
from connectors.registry import read
from schemas.errors import ConfigurationError, DriftError, RefusedError, RetryLaterError
from tests import services
from tests.connectors.helpers import application, rows_of
from tests.connectors.sources import COLUMNS, Database

KILL = {
    True: "SELECT id FROM information_schema.processlist WHERE user = '{}'",
    False: "SELECT pid FROM pg_stat_activity WHERE usename = '{}'",
}


@pytest.fixture(params=["connectorx", "cursor"])
def reader(request: pytest.FixtureRequest) -> Iterator[str]:
    yield request.param


def fill_many(server: Database) -> None:
    server.fill(COLUMNS, [("0", "n", "1", "")])
    numbers = "seq_1_to_200000" if server.mysql else "generate_series(1, 200000) AS s(seq)"
    wide = "repeat('x', 60)"
    with services.engine(server.address, server.name).connect() as opened:
        opened.exec_driver_sql(f"INSERT INTO warga SELECT seq, {wide}, '1', {wide} FROM {numbers}")


def test_connection_killed_while_reading_is_for_later_and_never_a_short_answer(
    server: Database, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.reading.PART_ROWS", 2000)
    monkeypatch.setattr("connectors.sql_stream.FETCH_ROWS", 1000)
    fill_many(server)
    server.connection.extra["reader"] = reader
    app = application("sql", {"table": "warga", "map": COLUMNS})
    batches = read(app, "warga", server.connection).batches
    next(batches)
    with server.admin.connect() as opened:
        for (number,) in opened.exec_driver_sql(KILL[server.mysql].format(server.login)).all():
            opened.exec_driver_sql(f"KILL {number}" if server.mysql else f"SELECT pg_terminate_backend({number})")
    with pytest.raises(RetryLaterError):
        list(batches)


def test_reading_left_in_the_middle_leaves_no_session_behind(
    server: Database, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.reading.PART_ROWS", 2000)
    monkeypatch.setattr("connectors.sql_stream.FETCH_ROWS", 1000)
    monkeypatch.setattr("connectors.reading.CHUNK_ROWS", 1000)
    fill_many(server)
    server.connection.extra["reader"] = reader
    reading = read(application("sql", {"table": "warga", "map": COLUMNS}), "warga", server.connection)
    next(reading.batches)
    reading.batches.close()  # type: ignore[attr-defined]
    with server.admin.connect() as opened:
        for _ in range(100):
            if not opened.exec_driver_sql(KILL[server.mysql].format(server.login)).all():
                return
            sleep(0.05)
    pytest.fail("the session is still there after 5 s")


def test_statement_limit_stops_the_query_for_later(mariadb: Database, reader: str) -> None:
    with services.engine(mariadb.address, mariadb.name).connect() as opened:
        opened.exec_driver_sql("CREATE VIEW lambat AS SELECT SLEEP(5) AS nik")
    mariadb.connection.extra.update({"statement_seconds": 1, "reader": reader})
    app = application("sql", {"table": "lambat", "map": ["nik"]})
    with pytest.raises(RetryLaterError, match="stopped the query"):
        rows_of(read(app, "warga", mariadb.connection))


def test_fast_reader_that_fails_at_once_leaves_the_reading_to_the_cursor(
    server: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.fill(COLUMNS, [("1", "n", "1", "")])
    server.connection.extra["reader"] = "connectorx"
    monkeypatch.setitem(sql_fast.SCHEMES, server.connection.kind, "unknown")
    reading = read(application("sql", {"table": "warga", "map": COLUMNS}), "warga", server.connection)
    assert rows_of(reading) == [("1", "n", "1", "")]
    assert reading.details["reader"] == "cursor"
    assert server.password not in reading.details["fast_reader_error"]


def test_session_is_read_only(server: Database) -> None:
    from connectors.drift import FeedPlace
    from connectors.sql_session import session

    server.fill(COLUMNS, [])
    app = application("sql", {"table": "warga", "map": COLUMNS})
    place = FeedPlace.of(app, "warga", app.feeds["warga"])
    admin = Connection.from_uri("app", f"{server.address}/{server.name}")  # may write everywhere else
    with pytest.raises(RetryLaterError, match=r"(?i)read.?only"), session(admin, place) as opened:
        opened.exec_driver_sql("INSERT INTO warga VALUES ('1', 'n', '1', '')")


def test_missing_table_is_drift_and_suggests_the_nearest(server: Database) -> None:
    server.fill(COLUMNS, [])
    with pytest.raises(DriftError, match=r"feeds.warga.table.*'wargaa'.*did you mean 'warga'"):
        read(application("sql", {"table": "wargaa", "map": COLUMNS}), "warga", server.connection)


def test_unknown_database_and_unknown_host(server: Database) -> None:
    app = application("sql", {"table": "warga", "map": COLUMNS})
    with pytest.raises((ConfigurationError, RefusedError)):
        read(app, "warga", server.connect(database="no_such_database"))
    kind = "mysql" if server.mysql else "postgres"
    with pytest.raises(RetryLaterError, match=r"host 'nohost\.invalid' is not known"):
        read(app, "warga", Connection.from_uri("app", f"{kind}://u:p@nohost.invalid/db"))


def test_table_without_rights_is_refused_or_unseen(server: Database) -> None:
    server.fill(COLUMNS, [])
    other = server.address.startswith("mysql")
    with services.engine(server.address, server.name).connect() as opened:
        opened.exec_driver_sql("CREATE TABLE rahasia (nik int)")
        if other:
            opened.exec_driver_sql(f"REVOKE SELECT ON {server.name}.* FROM {server.account}")
            opened.exec_driver_sql(f"GRANT SELECT ON {server.name}.warga TO {server.account}")
    with pytest.raises((RefusedError, DriftError)):  # MariaDB hides what one may not read
        rows_of(read(application("sql", {"table": "rahasia", "map": ["nik"]}), "warga", server.connection))


@pytest.mark.parametrize("kind", ["mssql", "oracle"])
def test_sql_server_and_oracle_that_do_not_answer_are_for_later(kind: str) -> None:
    app = application("sql", {"table": "warga", "map": COLUMNS})
    with pytest.raises(RetryLaterError, match="did not answer"):
        read(app, "warga", Connection(f"{kind}", kind, "127.0.0.1", 1, "hub", "p", "db"))


def test_statement_limit_that_is_no_number_is_a_configuration_error(mariadb: Database) -> None:
    mariadb.connection.extra["statement_seconds"] = "1h"
    with pytest.raises(ConfigurationError, match="'1h' is not a number"):
        read(application("sql", {"table": "warga", "map": COLUMNS}), "warga", mariadb.connection)


def test_sqlite_file_that_is_no_database(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("db") / "a.db"
    file.write_text("this is not a database, whatever its name says" * 50)
    with pytest.raises(ConfigurationError, match="not a SQLite database"):
        read(application("sql", {"table": "t", "map": ["nik"]}), "warga", Connection.from_uri("c", f"sqlite:///{file}"))
