"""Ways into a dataset's past: the view `hub.<dataset>_versions` and the function `hub.<dataset>_as_of(release)`."""

from __future__ import annotations

import sqlalchemy as sa
from psycopg import sql

from store.database import comma, execute, identifiers
from store.tables import TableName, changes_table, history_table, hub_table

#: one row a version, from when until when it was published; `_until` is NULL for what is published now. The columns
#: stand in the history's order: a table only ever gains columns at its end, so that the view can be replaced
VERSIONS = """
    CREATE OR REPLACE VIEW {view} AS
    SELECT since.published_at AS valid_from, ended.published_at AS valid_until, v.* FROM (
        SELECT {of_hub} FROM {table} UNION ALL SELECT {columns} FROM {history}) v
    LEFT JOIN control.release since ON since.dataset = {dataset} AND since.release = v._release
    LEFT JOIN control.release ended ON ended.dataset = {dataset} AND ended.release = v._until
"""
#: PostgreSQL puts the body in the caller's place, so that a condition on the key finds its index
AS_OF = """
    CREATE OR REPLACE FUNCTION {function}(release bigint) RETURNS SETOF {table} LANGUAGE sql STABLE AS {body}
"""
AS_OF_BODY = """
    SELECT {columns} FROM {table} WHERE _release <= $1
    UNION ALL SELECT {ended} FROM {history} WHERE _release <= $1 AND _until > $1
"""


def versions_view(dataset: str) -> TableName:
    """Return the view of all versions of a dataset's rows."""
    return TableName("hub", f"{dataset}_versions")


def as_of_function(dataset: str) -> TableName:
    """Return the function that returns a dataset as a release had it, with the columns of its table."""
    return TableName("hub", f"{dataset}_as_of")


def columns_of(connection: sa.Connection, table: TableName) -> dict[str, str]:
    """Return a table's columns in their order, with their types."""
    found = connection.execute(
        sa.text("""
            SELECT column_name, data_type FROM information_schema.columns
            WHERE table_schema = :schema AND table_name = :name ORDER BY ordinal_position"""),
        vars(table),
    )
    return {row.column_name: row.data_type for row in found}


def ensure_versions(connection: sa.Connection, dataset: str) -> None:
    """Make view, function and indexes of a dataset's past, or bring them to the columns that its tables have now.

    The tables are there (store.tables.ensure_hub). What is right already is left alone, without a lock.
    """
    table, history = hub_table(dataset), history_table(dataset)
    columns, kept = columns_of(connection, table), columns_of(connection, history)
    ended: list[sql.Composable] = [
        sql.Identifier(name) if name in kept else sql.SQL("NULL::" + columns[name]) for name in columns
    ]  # the table may have a field that the contract lost before there was a history
    body = (
        sql.SQL(AS_OF_BODY)
        .format(
            columns=identifiers(list(columns)),
            table=table.identifier,
            ended=comma(ended),
            history=history.identifier,
        )
        .as_string(None)
    )
    present = connection.execute(
        sa.text("SELECT prosrc FROM pg_proc WHERE oid = to_regprocedure(:name)"),
        {"name": f'hub."{as_of_function(dataset).name}"(bigint)'},
    ).scalar_one_or_none()
    if present == body:
        return
    of_hub: list[sql.Composable] = [
        sql.Identifier(name) if name != "_until" else sql.SQL("NULL::bigint AS _until") for name in kept
    ]
    execute(
        connection,
        VERSIONS,
        view=versions_view(dataset).identifier,
        of_hub=comma(of_hub),
        table=table.identifier,
        columns=identifiers(list(kept)),
        history=history.identifier,
        dataset=sql.Literal(dataset),
    )
    _index(connection, history, "_until")
    _index(connection, changes_table(dataset), "release")
    _index(connection, changes_table(dataset), "key")
    execute(
        connection,
        AS_OF,
        function=as_of_function(dataset).identifier,
        table=table.identifier,
        body=sql.Literal(body),
    )


def _index(connection: sa.Connection, table: TableName, column: str) -> None:
    execute(
        connection,
        "CREATE INDEX IF NOT EXISTS {index} ON {table} ({column})",
        index=f"{table.name}_{column.strip('_')}",
        table=table.identifier,
        column=column,
    )
