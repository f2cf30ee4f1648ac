"""Read a table, a view or a declared query: every column cast to text by the source itself, in one snapshot."""

from __future__ import annotations

from typing import Any

from connectors import sql_fast, sql_session
from connectors.connection import Connection
from connectors.drift import Columns, FeedPlace, told
from connectors.reading import Demand, Reading
from connectors.resume import LostError, RestartError
from connectors.sql_plan import Plan, make_plan
from connectors.sql_query import checked_query, describe_query
from connectors.sql_session import session
from connectors.sql_stream import ATTEMPTS, Stream
from connectors.sql_table import Described, describe
from schemas.application import SqlApplication
from schemas.errors import ConfigurationError
from schemas.feed import SqlFeed

#: tables from so many rows on are read in the order of their key, so that a broken reading can go on, and by the
#: fast reader, whose process takes half a second to start; smaller ones are read again
LARGE_ROWS = 20_000


def read_sql(application: SqlApplication, feed_name: str, connection: Connection, demand: Demand) -> Reading:
    """Log in, compare the table with the YAML, and begin to read.

    A large table whose primary key is of integers, decimals, texts or dates is read in the order of that key: where
    the connection breaks, the reading goes on behind the last row, and `position` tells the same to a later one.

    `details` has, beside what every connector tells: `bytes`, those of the values received, as UTF-8, without the
    protocol's own; `reader`, "connectorx" or "cursor"; `snapshots`, how many states of the source the rows come
    from: 1, and one more after each break (None: SQL Server gave none to chunks); `compressed`, where low_bandwidth
    is set: what compresses the transfer, or why nothing does.

    Raises:
        RestartError: while iterating: it broke, and can only be begun again.
        RefusedError, RetryLaterError, DriftError, ConfigurationError: as `registry.read`.

    """
    feed = application.feeds[feed_name]
    place = FeedPlace.of(application, feed_name, feed, demand.baseline)
    if feed.query:
        feed = feed.model_copy(update={"query": checked_query(feed, connection.kind, place.where)})
    chunk_rows, details = application.source.chunk_rows, _details()
    described, columns, plan = _plan(connection, place, feed, demand, chunk_rows, details)
    details["columns_found"] = {name: one.declared for name, one in described.columns.items()}
    details["changes"] = told(columns.changes)
    if chunk_rows is not None and not plan.key:
        raise _no_chunks(place, feed, described)
    is_low = application.source.low_bandwidth
    is_fast = sql_fast.can_read(connection) and chunk_rows is None and _is_worth(connection, described, demand, is_low)
    details["reader"] = "connectorx" if is_fast else "cursor"
    if is_low:
        details["compressed"] = _compressed(connection, is_fast)
    stream = Stream(
        connection,
        place,
        plan,
        details,
        dict(demand.position),
        first_seconds=_first_seconds(connection, described),
        limit=demand.limit,
        chunk_rows=chunk_rows,
        is_fast=is_fast,
        is_compressed=is_low and is_fast,
        after=_after(plan, demand),
    )
    total = None if feed.where or demand.since else described.rows
    text = plan.text(stream.after, chunk_rows or demand.limit)
    return Reading(text, stream.parts(), details, total, stream.position)


def _details() -> dict[str, Any]:
    return {"bytes": 0, "queries": 0, "retries": 0, "snapshots": 0}


def _plan(
    connection: Connection,
    place: FeedPlace,
    feed: SqlFeed,
    demand: Demand,
    chunk_rows: int | None,
    details: dict[str, Any],
) -> tuple[Described, Columns, Plan]:
    """Ask the source for the table's columns, anew where the connection breaks meanwhile."""
    breaks = 0
    while True:
        is_in = False
        try:
            with session(connection, place) as opened:
                is_in = True
                described = describe_query(opened, place, feed.query) if feed.query else describe(opened, place, feed)
                dialect = opened.dialect
            break
        except LostError:
            breaks += 1
            if not is_in or breaks > ATTEMPTS:
                raise
            details["retries"] += 1
    found = {name: one.declared for name, one in described.columns.items()}
    columns = place.columns(found, "the query" if feed.query else f"table '{feed.table}'")
    is_large = described.is_table and (described.rows is None or described.rows >= LARGE_ROWS)
    is_keyed = chunk_rows is not None or bool(demand.position) or (is_large and connection.kind != "sqlite")
    return described, columns, make_plan(place, feed, described, columns, demand, dialect, is_keyed=is_keyed)


def _is_worth(connection: Connection, described: Described, demand: Demand, is_low: bool) -> bool:
    """Whether the fast reader pays: for many rows, for an unknown number, or because it alone can compress."""
    if connection.extra.get("reader") == "connectorx" or (is_low and connection.kind == "mysql"):
        return True
    few = demand.limit is not None and demand.limit < LARGE_ROWS
    return not few and (described.rows is None or described.rows >= LARGE_ROWS)


def _first_seconds(connection: Connection, described: Described) -> float:
    """A view or a query may compute until the server's own limit; a table gives its first row soon, or is gone."""
    if described.is_table:
        return sql_session.STALL_SECONDS
    return max(sql_session.STALL_SECONDS, sql_session.seconds(connection) + sql_session.CONNECT_SECONDS)


def _after(plan: Plan, demand: Demand) -> tuple[str, ...]:
    """Return the key behind which an earlier reading of the same demand stopped."""
    after = demand.position.get("after") or {}
    if not after:
        return ()
    if tuple(after) != plan.key:
        raise RestartError("the table's key is no longer that of the reading", where=plan.where, fix="run it again")
    return tuple(str(text) for text in after.values())


def _compressed(connection: Connection, is_fast: bool) -> str:
    if connection.kind == "mysql":
        return "zlib" if is_fast else "no: chunk_rows and extra keys of the connection need a driver that cannot"
    return "no: a database of this kind sends its answers as they are"


def _no_chunks(place: FeedPlace, feed: SqlFeed, described: Described) -> ConfigurationError:
    if feed.query:
        problem = "chunk_rows needs a table, and the feed is a query"
    elif described.primary_key:
        key = ", ".join(f"{name} {described.columns[name].declared}" for name in described.primary_key)
        problem = f"chunk_rows needs a primary key of integers, decimals, texts or dates, and has ({key})"
    else:
        problem = f"chunk_rows needs a primary key, and '{feed.table}' has none"
    return ConfigurationError(problem, where=place.where, fix="take source.chunk_rows out: it is read by one statement")
