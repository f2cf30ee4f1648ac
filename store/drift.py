"""What sources have changed, and what a steward has said of it: control.drift and control.approved_deletions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from schemas.change import SchemaChange
from store.database import Database


def note_drift(database: Database, feed: str, run_id: str, changes: Iterable[SchemaChange]) -> None:
    """Record changes that a run has met; one that is known keeps its first time and its acceptance.

    A column that is back ends the acceptance of its removal: were it to go again, somebody must say so again.
    """
    ended = sa.text("""
        UPDATE control.drift SET ended_at = clock_timestamp()
        WHERE feed = :feed AND kind = 'removed' AND column_name = :column AND ended_at IS NULL""")
    statement = sa.text("""
        INSERT INTO control.drift (feed, kind, column_name, before, after, last_run)
        VALUES (:feed, :kind, :column, :before, :after, :run_id)
        ON CONFLICT (feed, kind, column_name, before, after) DO UPDATE SET
            last_run = excluded.last_run, ended_at = NULL,
            accepted_at = CASE WHEN drift.ended_at IS NULL THEN drift.accepted_at END""")
    with database.transaction() as connection:
        for change in changes:
            connection.execute(statement, {"feed": feed, "run_id": run_id, **vars(change)})
            if change.kind == "returned":
                connection.execute(ended, {"feed": feed, "column": change.column})


def drift_of(database: Database, target: str | None = None, *, is_open: bool | None = None) -> list[dict[str, Any]]:
    """Return recorded changes, newest first: the columns of control.drift, and `change` as SchemaChange.

    `target` is an application or a feed; `is_open` keeps those that nobody has accepted yet (or, False, has).
    """
    statement = sa.text("""
        SELECT * FROM control.drift
        WHERE (CAST(:target AS text) IS NULL OR feed = :target OR starts_with(feed, :target || '.'))
          AND (CAST(:is_open AS boolean) IS NULL OR ((accepted_at IS NULL) = :is_open AND ended_at IS NULL))
        ORDER BY first_seen DESC, feed, column_name""")
    with database.transaction() as connection:
        rows = connection.execute(statement, {"target": target, "is_open": is_open}).mappings()
        return [{**row, "change": _change(row)} for row in rows]


def accept_drift(database: Database, feed: str, change: SchemaChange, who: str, why: str) -> None:
    """Record that a steward accepts a change; the next run reads the source accordingly.

    What was accepted of the same column before ends: a column is read in one way.
    """
    earlier = sa.text("""
        UPDATE control.drift SET ended_at = clock_timestamp()
        WHERE feed = :feed AND column_name = :column AND accepted_at IS NOT NULL AND ended_at IS NULL
          AND kind IN ('removed', 'renamed') AND (kind, before, after) <> (:kind, :before, :after)""")
    statement = sa.text("""
        UPDATE control.drift SET accepted_at = clock_timestamp(), accepted_by = :who, why = :why
        WHERE feed = :feed AND kind = :kind AND column_name = :column AND before = :before AND after = :after""")
    with database.transaction() as connection:
        connection.execute(earlier, {"feed": feed, **vars(change)})
        connection.execute(statement, {"feed": feed, "who": who, "why": why, **vars(change)})


def approve_deletions(database: Database, feed: str, rows: int, who: str, why: str) -> None:
    """Record that one coming run may delete up to `rows` published rows, however large their share."""
    statement = sa.text("""
        INSERT INTO control.approved_deletions (feed, rows, approved_by, why) VALUES (:feed, :rows, :who, :why)""")
    with database.transaction() as connection:
        connection.execute(statement, {"feed": feed, "rows": rows, "who": who, "why": why})


def use_approval(connection: sa.Connection, feed: str, rows: int, run_id: str) -> bool:
    """Use up the oldest approval that covers the deletion of `rows`, in the transaction that deletes them."""
    statement = sa.text("""
        UPDATE control.approved_deletions SET used_by = :run_id WHERE (feed, approved_at) = (
            SELECT feed, approved_at FROM control.approved_deletions
            WHERE feed = :feed AND used_by IS NULL AND rows >= :rows ORDER BY approved_at LIMIT 1 FOR UPDATE)""")
    return connection.execute(statement, {"feed": feed, "rows": rows, "run_id": run_id}).rowcount == 1


def _change(row: Any) -> SchemaChange:
    return SchemaChange(row["kind"], row["column_name"], row["before"], row["after"])
