"""publish: staged rows → the feed's table in `source`, in one transaction with account and evidence.

A key whose row is in quarantine keeps what was published before under it; a key that the source no
longer has is deleted, unless too many are gone at once.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from typing import Any

import sqlalchemy as sa
from psycopg import sql

from pipelines.evidence import seal
from pipelines.workspace import FeedContext, Workspace
from schemas.errors import GateError
from store.database import comma, execute, identifiers
from store.landing import Batch
from store.runs import Account, finish, keep_findings, newest_extraction, published_account
from store.tables import (
    SOURCE_COLUMNS,
    TableName,
    drop_stale_staging,
    ensure_source,
    is_staged,
    source_table,
    staging_table,
)

MERGE = """
    WITH merged AS (
    MERGE INTO {target} t USING {staging} s ON t._key = s._key
    WHEN MATCHED AND (t._hash <> s._hash OR t._warnings IS DISTINCT FROM s._warnings) THEN UPDATE SET {assignments}
    WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({values})
    WHEN NOT MATCHED BY SOURCE AND NOT EXISTS (SELECT 1 FROM _held h WHERE h._key = t._key) THEN DELETE
    RETURNING merge_action() AS action)
    SELECT action, count(*) AS rows FROM merged GROUP BY action
"""
GONE = """
    SELECT count(*) FROM {target} t
    WHERE NOT EXISTS (SELECT 1 FROM {staging} s WHERE s._key = t._key)
      AND NOT EXISTS (SELECT 1 FROM _held h WHERE h._key = t._key)
"""


def publish(workspace: Workspace, feed_id: str, run_id: str) -> Account:
    """Publish a verdict that passed; publishing the same run again returns the account it had.

    Raises:
        GateError: a gate failed, too many rows are gone, a newer extraction is published already, or the
            row account does not hold. Nothing is changed then.

    """
    context = workspace.feed(feed_id)
    verdict = workspace.landing.batch(feed_id, run_id, "verdict")
    landed = workspace.landing.batch(feed_id, run_id, "landing")
    if not verdict.details["passed"]:
        raise GateError(_gates_text(verdict), where=feed_id, fix=f"read the report: opdhub audit report {feed_id}")
    staging = staging_table(feed_id, run_id)
    with workspace.database.transaction() as connection:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:feed))"), {"feed": feed_id})
        done = published_account(connection, run_id, feed_id)
        if done is not None:
            return done
        extracted_at = dt.datetime.fromisoformat(landed.details["extracted_at"])
        _refuse_older(connection, feed_id, extracted_at)
        if not is_staged(connection, staging):
            raise GateError(f"the staged rows of run {run_id} are gone", where=feed_id, fix="run validate again")
        keep_findings(connection, workspace.landing, run_id, feed_id)
        moved = _merge(connection, context, staging, run_id)
        account = Account(
            read=landed.rows,
            inserted=moved["INSERT"],
            updated=moved["UPDATE"],
            unchanged=moved["STAGED"] - moved["INSERT"] - moved["UPDATE"],
            quarantined=verdict.details["quarantined"],
            deleted=moved["DELETE"],
        )
        if not account.holds:
            raise GateError(f"the row account does not hold: {account}", where=feed_id)
        sealed = seal(workspace, context, run_id, account)
        finish(
            connection,
            run_id,
            feed_id,
            account,
            extracted_at=extracted_at,
            contract_version=context.contract.version,
            **vars(sealed),
        )
        execute(connection, "DROP TABLE {staging}", staging=staging.identifier)
        drop_stale_staging(connection, feed_id, run_id)
    return account


def allowed_deletions(rows: int, percent: float) -> int:
    """Return how many of `rows` published rows may vanish in one run."""
    return max(1, math.floor(rows * percent / 100))


def _merge(connection: sa.Connection, context: FeedContext, staging: TableName, run_id: str) -> Counter[str]:
    """Bring the staged rows into the feed's table; return the rows staged, and how many went which way."""
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
    _hold_quarantined(connection, context.id, run_id)
    gone: int = execute(connection, GONE, **names).scalar_one()
    allowed = allowed_deletions(rows, context.feed.expect.max_deleted_pct)
    if gone > allowed:
        raise GateError(
            f"{gone} of {rows} published rows are gone from the source, {allowed} may be",
            where=context.id,
            fix="find out why; if they are really gone, raise expect.max_deleted_pct for one run",
        )
    actions = execute(
        connection,
        MERGE,
        {"run": run_id},
        assignments=_assignments(columns),
        columns=sql.SQL("{}, _run").format(identifiers(columns)),
        values=sql.SQL("{}, %(run)s").format(identifiers(columns, "s")),
        **names,
    )
    return Counter({row.action: row.rows for row in actions} | {"STAGED": staged})


def _assignments(columns: list[str]) -> sql.Composed:
    changed = [sql.SQL("{} = {}").format(sql.Identifier(n), sql.Identifier("s", n)) for n in columns if n != "_key"]
    return comma([*changed, sql.SQL("_run = %(run)s")])


def _hold_quarantined(connection: sa.Connection, feed_id: str, run_id: str) -> None:
    """Gather the keys in quarantine: their published rows stay."""
    connection.exec_driver_sql("CREATE TEMP TABLE _held (_key text PRIMARY KEY) ON COMMIT DROP")
    connection.execute(
        sa.text("""
            INSERT INTO _held SELECT DISTINCT source_key FROM control.quarantine
            WHERE run_id = :run_id AND feed = :feed AND source_key IS NOT NULL"""),
        {"run_id": run_id, "feed": feed_id},
    )


def _refuse_older(connection: sa.Connection, feed_id: str, extracted_at: dt.datetime) -> None:
    newest = newest_extraction(connection, feed_id)
    if newest is not None and newest[1] > extracted_at:
        raise GateError(
            f"run {newest[0]} read the source later ({newest[1]:%Y-%m-%d %H:%M:%S}) and is published",
            where=feed_id,
            fix="start a new run instead",
        )


def _gates_text(verdict: Batch) -> str:
    failed: list[dict[str, Any]] = [gate for gate in verdict.details["gates"] if not gate["passed"]]
    return "nothing published: " + ", ".join(
        f"{gate['id']} is {gate['value']:g}, the limit {gate['limit']:g}" for gate in failed
    )
