"""The door to the hub database: PostgreSQL 18 through SQLAlchemy and psycopg, bulk loads through ADBC."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg
import pyarrow as pa
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.exc import DBAPIError, OperationalError

from schemas.errors import ConfigurationError, GateError, RetryLaterError

EXAMPLE = "write it as postgresql://user:password@host:5432/opdhub, special characters percent-encoded"
MIGRATIONS = Path(__file__).parent / "migrations"
#: SQLSTATE classes of a server that cannot be reached, is going down or has no room for a connection
UNREACHABLE = ("08", "53", "57")
#: PostgreSQL's number of the type date
DATE = 1082
#: takes the session's lock of a name, or says false at once; the server gives it back when the process ends
TRY_LOCK = sa.text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")


def run_lock_name(feed: str, run_id: str) -> str:
    """Return the name under which a run of a feed is locked."""
    return f"run {feed} {run_id}"


class Database:
    """The hub database at a `postgresql://` URL."""

    def __init__(self, url: str) -> None:
        """Prepare the engine; nothing is connected yet."""
        try:
            parsed = sa.make_url(url)
        except (sa.exc.ArgumentError, ValueError):  # both may quote the address, and with it the password
            raise ConfigurationError("is no address of a database", where="OPDHUB_DATABASE_URL", fix=EXAMPLE) from None
        if parsed.get_backend_name() != "postgresql":
            raise ConfigurationError(
                f"'{parsed.get_backend_name()}' is no PostgreSQL address",
                where="OPDHUB_DATABASE_URL",
                fix=EXAMPLE,
            )
        self.url = parsed.set(drivername="postgresql")
        self.engine = sa.create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, hide_parameters=True
        )

    @property
    def address(self) -> str:
        """The URL with its password, for libraries that connect by themselves."""
        return self.url.render_as_string(hide_password=False)

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction: committed at the end, rolled back on any error."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except OperationalError as error:
            state = getattr(error.orig, "sqlstate", None)
            if state is not None and state[:2] not in UNREACHABLE:
                raise GateError(f"PostgreSQL refused: {str(error.orig).strip().splitlines()[0]}") from error
            raise RetryLaterError(
                f"the hub database does not answer ({str(error.orig).strip().splitlines()[0]})",
                where=str(self.url),
                fix="start it with 'opdhub up', or correct OPDHUB_DATABASE_URL",
            ) from error

    @contextmanager
    def run_lock(self, feed: str, run_id: str) -> Iterator[None]:
        """Hold a run of a feed while the block runs; raises GateError when another process holds it.

        PostgreSQL gives the lock back when the process ends, however it ends.
        """
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            name = run_lock_name(feed, run_id)
            if not connection.execute(TRY_LOCK, {"name": name}).scalar_one():
                raise GateError(f"run {run_id} is at work in another process", where=feed, fix="wait until it ends")
            try:
                yield
            finally:
                unlock(connection, name)

    def load(self, table: pa.Table, schema: str, name: str) -> None:
        """Append an Arrow table to an existing table by binary COPY."""
        from adbc_driver_postgresql import dbapi as adbc  # imports pandas, 50 MB that an extraction has no use for

        try:
            with adbc.connect(self.address) as connection, connection.cursor() as cursor:
                cursor.adbc_ingest(name, table, mode="append", db_schema_name=schema)
                connection.commit()
        except adbc.Error as error:
            raise RetryLaterError(
                f"rows could not be staged ({type(error).__name__})", where=str(self.url), fix="run it again"
            ) from error

    def parts(self, table: sql.Identifier, columns: list[str]) -> Iterator[pa.Table]:
        """Yield the rows of a table that is committed: `_row` (from 0 in each part), `_key` and these columns."""
        from adbc_driver_postgresql import dbapi as adbc

        names = identifiers(list(dict.fromkeys(["_key", *columns])))
        query = sql.SQL("SELECT {} FROM {}").format(names, table).as_string(None)
        with adbc.connect(self.address) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            for batch in cursor.fetch_record_batch():
                rows = pa.table([pa.array(range(batch.num_rows), pa.int64())], names=["_row"])
                for name, column in zip(batch.schema.names, batch.columns, strict=True):
                    rows = rows.append_column(name, column)
                yield rows

    def upgrade(self) -> None:
        """Bring the schemas to the newest migration; safe to call again and by several at once."""
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self.transaction() as connection:
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(8143001)")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def unlock(connection: sa.Connection, name: str) -> None:
    """Give back what TRY_LOCK took; the connection goes where it cannot, and the server frees the lock with it.

    Hanging up alone is not enough: the server may notice it after the next stage has asked for the lock.
    """
    try:
        connection.execute(sa.text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), {"name": name})
    except DBAPIError:
        connection.invalidate()


def execute(
    connection: sa.Connection, statement: str, params: dict[str, Any] | None = None, **names: sql.Composable | str
) -> sa.CursorResult[Any]:
    """Run a statement whose `{name}` places are filled with quoted identifiers or composed SQL.

    Values go into `params` as `%(name)s`, never into the text.
    """
    parts = {key: sql.Identifier(item) if isinstance(item, str) else item for key, item in names.items()}
    text = sql.SQL(statement).format(**parts).as_string(None)
    return connection.exec_driver_sql(text, params or {})


def read_arrow(connection: sa.Connection, query: LiteralString | sql.Composable) -> pa.Table:
    """Return what a SELECT finds, in the connection's transaction: dates as date32, all else as text."""
    from pyarrow import csv

    driver = cast(psycopg.Connection, connection.connection.driver_connection)
    text = query if isinstance(query, sql.Composable) else sql.SQL(query)
    with driver.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT * FROM ({}) rows LIMIT 0").format(text))
        columns = cursor.description or []
        with cursor.copy(sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(text)) as copy:
            content = b"".join(copy)
    types = {column.name: pa.date32() if column.type_code == DATE else pa.string() for column in columns}
    if not content:
        return pa.schema(list(types.items())).empty_table()
    return csv.read_csv(
        pa.BufferReader(content),
        csv.ReadOptions(column_names=list(types)),
        csv.ParseOptions(newlines_in_values=True),
        # COPY writes NULL as nothing and an empty text as ""
        csv.ConvertOptions(
            column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )


def comma(items: list[sql.Composable]) -> sql.Composed:
    """Join composed SQL with commas."""
    return sql.SQL(", ").join(items)


def identifiers(names: list[str], prefix: str | None = None) -> sql.Composed:
    """Return quoted names, comma-separated, each with an optional table prefix."""
    return comma([sql.Identifier(prefix, name) if prefix else sql.Identifier(name) for name in names])
