"""Bring staged rows into a feed's table: what is new, what changed, and what the source no longer has.

A key whose row is in quarantine keeps what was published before under it. A key that the source no longer has is
deleted, unless too many are gone at once; only a run that read everything, or all keys (a sweep), can tell.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

import psycopg
import pyarrow as pa
import sqlalchemy as sa
from psycopg import sql

from pipelines.assemble import source_texts
from pipelines.standardize import source_keys
from pipelines.workspace import FeedContext, Workspace
from schemas.errors import GateError
from store.database import comma, execute, identifiers
from store.drift import use_approval
from store.landing import MARKS
from store.tables import SOURCE_COLUMNS, TableName, ensure_source, source_table

MERGE = """
    WITH merged AS (
    MERGE INTO {target} t USING {staging} s ON t._key = s._key
    WHEN MATCHED AND (t._hash <> s._hash OR t._warnings IS DISTINCT FROM s._warnings) THEN UPDATE SET {assignments}
    WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({values})
    RETURNING merge_action() AS action)
    SELECT action, count(*) AS rows FROM merged GROUP BY action
"""
#: published keys that are neither staged, nor in quarantine, nor among the keys that a sweep has seen
DELETE_GONE = """
    DELETE FROM {target} t
    WHERE NOT EXISTS (SELECT 1 FROM {staging} s WHERE s._key = t._key)
      AND NOT EXISTS (SELECT 1 FROM _held h WHERE h._key = t._key)
      AND NOT EXISTS (SELECT 1 FROM _marks m WHERE m._key = t._key)
"""

#: keys that a sweep has seen at the source, and that are nowhere in the hub
UNSEEN = """
    SELECT count(DISTINCT m._key) FROM _marks m
    WHERE NOT EXISTS (SELECT 1 FROM {target} t WHERE t._key = m._key)
      AND NOT EXISTS (SELECT 1 FROM control.quarantine q
                      WHERE q.feed = %(feed)s AND q.closed_by IS NULL AND q.source_key = m._key)
"""


def merge(connection: sa.Connection, context: FeedContext, staging: TableName, run_id: str, told: bool) -> Counter[str]:
    """Merge; return the rows STAGED and how many went which way: INSERT, UPDATE, DELETE.

    Needs the keys of `hold_keys`. With `told` the run has told all keys of the source, so what it lacks is deleted.
    Raises GateError when more rows are gone than may be and nobody has approved it.
    """
    target = source_table(context.id)
    ensure_source(connection, target, context.contract)
    names: dict[str, Any] = {"target": target.identifier, "staging": staging.identifier}
    execute(connection, "ANALYZE {staging}", staging=staging.identifier)
    rows: int = execute(connection, "SELECT count(*) FROM {target}", **names).scalar_one()
    staged: int = execute(connection, "SELECT count(*) FROM {staging}", **names).scalar_one()
    columns = [*SOURCE_COLUMNS, *(field.name for field in context.contract.fields)]
    if rows == 0:  # into an empty table INSERT takes a quarter of MERGE's time
        inserted = execute(
            connection,
            "INSERT INTO {target} ({columns}, _run) SELECT {columns}, %(run)s FROM {staging}",
            {"run": run_id},
            columns=identifiers(columns),
            **names,
        )
        return Counter(INSERT=inserted.rowcount, STAGED=staged)
    deleted = _delete(connection, context, run_id, rows, names) if told else 0
    actions = execute(
        connection,
        MERGE,
        {"run": run_id},
        assignments=_assignments(columns),
        columns=sql.SQL("{}, _run").format(identifiers(columns)),
        values=sql.SQL("{}, %(run)s").format(identifiers(columns, "s")),
        **names,
    )
    return Counter({row.action: row.rows for row in actions} | {"STAGED": staged, "DELETE": deleted})


def unseen_rows(connection: sa.Connection, feed_id: str) -> int:
    """Return how many rows the source has, by the sweep's marks, that no run has read; call it after `merge`.

    They came, or came back, with an old change time, and lie behind the watermark.
    """
    target = source_table(feed_id).identifier
    return int(execute(connection, UNSEEN, {"feed": feed_id}, target=target).scalar_one())


def allowed_deletions(rows: int, percent: float) -> int:
    """Return how many of `rows` published rows may vanish in one run."""
    return max(1, math.floor(rows * percent / 100))


def hold_keys(connection: sa.Connection, workspace: Workspace, context: FeedContext, run_id: str, swept: bool) -> None:
    """Gather, for this transaction, the keys in quarantine (`_held`) and those that a sweep has seen (`_marks`)."""
    connection.exec_driver_sql("CREATE TEMP TABLE _held (_key text PRIMARY KEY) ON COMMIT DROP")
    connection.exec_driver_sql("CREATE TEMP TABLE _marks (_key text) ON COMMIT DROP")
    connection.execute(
        sa.text("""
            INSERT INTO _held SELECT DISTINCT source_key FROM control.quarantine
            WHERE run_id = :run_id AND feed = :feed AND source_key IS NOT NULL"""),
        {"run_id": run_id, "feed": context.id},
    )
    if not swept:
        return
    driver = cast(psycopg.Connection, connection.connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy("COPY _marks FROM STDIN") as copy:
        for keys in _marks(workspace, context, run_id):
            for key in keys.to_pylist():
                copy.write_row((key,))
    connection.exec_driver_sql("CREATE INDEX ON _marks (_key)")
    connection.exec_driver_sql("ANALYZE _marks")


def _marks(workspace: Workspace, context: FeedContext, run_id: str) -> Iterator[pa.Array]:
    for stage in MARKS:
        if workspace.landing.is_finished(context.id, run_id, stage):
            for part in workspace.landing.parts(workspace.landing.batch(context.id, run_id, stage)):
                yield source_keys(source_texts(part), context.feed.key).drop_null()


def _delete(connection: sa.Connection, context: FeedContext, run_id: str, rows: int, names: dict[str, Any]) -> int:
    """Delete what is gone; the breaker stops the run, and undoes it with the transaction, when that is too much."""
    gone = execute(connection, DELETE_GONE, **names).rowcount
    allowed = allowed_deletions(rows, context.feed.expect.max_deleted_pct)
    if gone > allowed and not use_approval(connection, context.id, gone, run_id):
        raise GateError(
            f"{gone} of {rows} published rows are gone from the source, {allowed} may be",
            where=context.id,
            fix=f"find out why; if they are really gone: opdhub drift deletions {context.id} {gone} --why '…', then "
            "run it again",
        )
    return gone


def _assignments(columns: list[str]) -> sql.Composed:
    changed = [sql.SQL("{} = {}").format(sql.Identifier(n), sql.Identifier("s", n)) for n in columns if n != "_key"]
    return comma([*changed, sql.SQL("_run = %(run)s")])
