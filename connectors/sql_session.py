"""Log in to a database with its ordinary driver, and make the session harmless to the source."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.pool import NullPool

from connectors.connection import Connection
from connectors.drift import FeedPlace
from connectors.resume import LostError
from connectors.sql_errors import explain
from schemas.errors import ConfigurationError, RetryLaterError

CONNECT_SECONDS = 10
#: a server that says nothing for so long while rows are due is taken for gone
STALL_SECONDS = 300
#: a full read of the largest feed takes minutes; a query beyond an hour is stuck (extra: statement_seconds)
STATEMENT_SECONDS = 3600
DRIVERS = {
    "mysql": "mysql+pymysql",
    "postgres": "postgresql+psycopg",
    "sqlite": "sqlite",
    "mssql": "mssql+pymssql",
    "oracle": "oracle+oracledb",
}
TIMEOUTS = {"mysql": "connect_timeout", "postgres": "connect_timeout", "mssql": "login_timeout"}
#: what drivers raise when the bytes make no sense to them
GARBLED = (struct.error, IndexError, KeyError, ValueError, TypeError, AssertionError, OverflowError, MemoryError)
#: modes of MySQL that refuse a comparison with a zero date, or a zero date in a comparison
STRICT_MODES = ("STRICT_TRANS_TABLES", "STRICT_ALL_TABLES", "NO_ZERO_IN_DATE", "NO_ZERO_DATE", "TRADITIONAL")
#: keys of `extra` that are the hub's, not the driver's
OWN_EXTRA = ("reader", "statement_seconds", "charset", "path")


@contextmanager
def session(connection: Connection, place: FeedPlace, patience: float | None = None) -> Iterator[sa.Connection]:
    """Open one read-only session; every error of the driver inside leaves as one that says what to do.

    Args:
        connection: a database
        place: the feed, for messages
        patience: seconds that the server may say nothing; without it, STALL_SECONDS

    Raises:
        LostError: the connection broke after the login.
        RefusedError, RetryLaterError, ConfigurationError: see `sql_errors.explain`.

    """
    if connection.kind == "sqlite" and not Path(connection.path).is_file():
        raise RetryLaterError(
            "the database file is not there",
            where=f"connection '{connection.id}' ({connection.masked})",
            fix="see whether the folder is mounted",
        )
    logging_in = True
    engine = _engine(connection, STALL_SECONDS if patience is None else patience)
    try:
        with engine.connect() as opened:
            for statement in settings(opened.dialect, seconds(connection)):
                opened.exec_driver_sql(statement)
            opened.commit()
            logging_in = False
            with _understood(connection, place):
                yield opened
    except sa.exc.DBAPIError as error:
        raise explain(error.orig or error, connection, place, logging_in=logging_in) from error
    except GARBLED as error:
        if not logging_in:
            raise
        raise _garbled(connection, error) from error
    finally:
        engine.dispose()


@contextmanager
def _understood(connection: Connection, place: FeedPlace) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        if connection.kind == "mysql":  # the server itself encodes what it sends
            raise _garbled(connection, error) from error
        raise place.error(
            f"a text is not in the encoding that the database declares ({error.reason})",
            "have the source's encoding mended",
        ) from error


def _garbled(connection: Connection, error: Exception) -> LostError:
    return LostError(
        f"sent what its driver cannot read ({type(error).__name__})",
        where=f"connection '{connection.id}' ({connection.masked})",
        fix="see whether the address is a database, and the line between sound",
    )


def seconds(connection: Connection) -> int:
    """Return how long one statement may take; raises ConfigurationError on a text that is no number."""
    given = str(connection.extra.get("statement_seconds", STATEMENT_SECONDS))
    if not given.isdigit():
        raise ConfigurationError(
            f"extra statement_seconds '{given}' is not a number",
            where=f"connection '{connection.id}'",
            fix=f"give whole seconds, like {STATEMENT_SECONDS}",
        )
    return int(given)


def settings(dialect: Dialect, statement_seconds: int) -> list[str]:
    """Return what a session sets first: read only, a time limit, and one way to write values."""
    if dialect.name in ("mysql", "mariadb"):
        made = ["SET SESSION TRANSACTION READ ONLY", "SET SESSION net_write_timeout = 600"]
        modes = "@@sql_mode"
        for mode in STRICT_MODES:
            modes = f"REPLACE({modes}, '{mode}', '')"
        made.append(f"SET SESSION sql_mode = {modes}")
        version = getattr(dialect, "server_version_info", None) or ()
        if getattr(dialect, "is_mariadb", False):
            made.append(f"SET SESSION max_statement_time = {statement_seconds}")
        elif version >= (5, 7, 8):
            made.append(f"SET SESSION max_execution_time = {statement_seconds * 1000}")
        return made
    if dialect.name == "postgresql":
        return [
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            f"SET statement_timeout = '{statement_seconds}s'",
            "SET DateStyle = 'ISO, YMD'",
            "SET IntervalStyle = 'postgres'",
        ]
    return []


def _engine(connection: Connection, patience: float) -> sa.Engine:
    extra = {key: str(value) for key, value in connection.extra.items() if key not in OWN_EXTRA}
    arguments: dict[str, Any] = {}
    if connection.kind == "sqlite":
        # read only by the file's URI; a name with ? or # must not end the path
        url = sa.URL.create("sqlite", database=f"file:{quote(connection.path)}", query={"mode": "ro", "uri": "true"})
        arguments["timeout"] = CONNECT_SECONDS
    else:
        if connection.kind == "mysql":
            extra["charset"] = "utf8mb4"
            arguments["read_timeout"] = arguments["write_timeout"] = patience
        if connection.kind in TIMEOUTS:
            arguments[TIMEOUTS[connection.kind]] = CONNECT_SECONDS
        if connection.kind == "mssql":
            arguments["timeout"] = seconds(connection)
        if connection.kind == "oracle":
            arguments["tcp_connect_timeout"] = CONNECT_SECONDS
            extra.setdefault("service_name", connection.schema)
        url = sa.URL.create(
            DRIVERS[connection.kind],
            connection.login or None,
            connection.password or None,
            connection.host,
            connection.port,
            None if connection.kind == "oracle" else connection.schema or None,
            extra,
        )
    engine = sa.create_engine(url, poolclass=NullPool, connect_args=arguments)
    if connection.kind == "sqlite":
        sa.event.listen(engine, "connect", _tolerate_old_encodings)
    if connection.kind == "postgres":
        from connectors.sql_postgres import connect_patiently

        sa.event.listen(engine, "do_connect", connect_patiently(patience))
    if connection.kind == "oracle":
        sa.event.listen(engine, "connect", _limit_calls(seconds(connection)))
    return engine


def _limit_calls(limit: int) -> Any:
    def limited(dbapi: Any, _record: Any) -> None:
        dbapi.call_timeout = limit * 1000

    return limited


def _tolerate_old_encodings(dbapi: Any, _record: Any) -> None:
    """SQLite does not check encodings: programs of the Windows XP years wrote cp1252 into it."""

    def decode(raw: bytes) -> str:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return raw.decode("cp1252", errors="replace")

    dbapi.text_factory = decode
