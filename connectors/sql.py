"""Read a table or view: one SELECT, one snapshot, every column cast to text by the source itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from connectors import sql_fast
from connectors.connection import Connection
from connectors.drift import FeedPlace
from connectors.reading import CHUNK_ROWS, Reading, batches_of, regroup, text_schema
from connectors.sql_errors import STOPPED, code_of, explain
from connectors.sql_session import seconds, session, settings
from connectors.sql_text import column_kinds, literal_sql, select_text
from schemas.application import SqlApplication, SqlFeed

if TYPE_CHECKING:
    import pyarrow as pa

ESTIMATES = {
    "mysql": "SELECT table_rows FROM information_schema.tables"
    " WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :table",
    "postgresql": "SELECT CAST(c.reltuples AS bigint) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relname = :table AND n.nspname = COALESCE(:schema, current_schema())",
}


def read_sql(application: SqlApplication, feed_name: str, connection: Connection) -> Reading:
    """Log in, compare the table with the YAML, and begin to read.

    `details["reader"]` says which reader gave the rows: "connectorx" or "cursor".

    Raises:
        RefusedError, RetryLaterError, DriftError, ConfigurationError: as `registry.read`.

    """
    feed = application.feeds[feed_name]
    place = FeedPlace.of(application, feed_name, feed)
    with session(connection, place) as opened:
        kinds = column_kinds(opened, place, feed)
        place.check(list(kinds), f"table '{feed.table}'")
        query = select_text(feed, kinds, opened.dialect)
        text = literal_sql(query, opened.dialect)
        sets = settings(opened.dialect, seconds(connection))
        total = None if feed.where else _estimate(opened, feed)
    details: dict[str, Any] = {}
    fast = _fast_batches(connection, place, text, sets, details) if sql_fast.can_read(connection) else None
    return Reading(text, _batches(connection, place, query, fast, details), details, total)


def _batches(
    connection: Connection,
    place: FeedPlace,
    query: sa.Select[Any],
    fast: Iterator[pa.RecordBatch] | None,
    details: dict[str, Any],
) -> Iterator[pa.RecordBatch]:
    columns = place.feed.landed_columns
    if fast is not None:
        yield from regroup(fast, text_schema(columns))
    if "fast_reader_error" in details or fast is None:
        details["reader"] = "cursor"
        yield from batches_of(columns, _rows(connection, place, query), place.where)


def _fast_batches(
    connection: Connection, place: FeedPlace, text: str, sets: list[str], details: dict[str, Any]
) -> Iterator[pa.RecordBatch]:
    """Stream by connectorx; where it fails before the first row, leave the reading to the cursor."""
    began = False
    details["reader"] = "connectorx"
    try:
        for batch in sql_fast.stream(connection, text, sets):
            began = True
            yield batch
    except sql_fast.FastReaderError as error:
        if began or code_of(error) in STOPPED:
            raise explain(error, connection, place, logging_in=False) from error
        details["fast_reader_error"] = str(error)[:300]


def _rows(connection: Connection, place: FeedPlace, query: sa.Select[Any]) -> Iterator[tuple[str | None, ...]]:
    """Stream by the ordinary driver's server-side cursor."""
    with session(connection, place) as opened:
        result = opened.execution_options(stream_results=True, yield_per=CHUNK_ROWS).execute(query)
        is_complete = False
        try:
            for chunk in result.partitions():
                yield from (tuple(row) for row in chunk)
            is_complete = True
        finally:
            _forget(result)
            if not is_complete:  # hang up: pymysql would read the remaining rows before it says goodbye
                opened.invalidate()


def _forget(result: sa.CursorResult[Any]) -> None:
    """Close the cursor, of a broken connection too, or the drivers complain when it is collected."""
    cursor: Any = result.context.cursor
    if getattr(cursor, "_result", None):  # pymysql would first read the remaining rows, even from a dead connection
        cursor._result.unbuffered_active = False
    with suppress(result.dialect.loaded_dbapi.Error):
        cursor.close()


def _estimate(opened: sa.Connection, feed: SqlFeed) -> int | None:
    """Return the server's own guess of the rows, for a progress bar; None where it has none."""
    statement = ESTIMATES.get("mysql" if opened.dialect.name == "mariadb" else opened.dialect.name)
    if statement is None:
        return None
    guess = opened.execute(sa.text(statement), {"schema": feed.schema_, "table": feed.table}).scalar()
    return int(guess) if guess is not None and int(guess) >= 0 else None
