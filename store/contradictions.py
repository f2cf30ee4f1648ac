"""Findings of the rules across datasets: control.contradiction."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from store.database import Database, execute
from store.tables import hub_table


def gather_waiting(connection: sa.Connection, keys: dict[str, str]) -> None:
    """Gather, for this transaction, what waits in quarantine: the table `waiting` of feed and key.

    A row's key there is the source's, and what it wrote for the dataset's own; `keys` is dataset → first key field.
    """
    # a NUL, which jsonb refuses, is nothing that a key could have
    execute(
        connection,
        """
        CREATE TEMPORARY TABLE waiting ON COMMIT DROP AS
        WITH refused AS (
            SELECT q.feed, q.source_key, m.columns, m.dataset,
                   replace(q.original::text, '\\u0000', '')::jsonb AS original
            FROM control.quarantine q JOIN control.feed_run r USING (feed, run_id)
            LEFT JOIN LATERAL (SELECT columns, dataset FROM control.mapping m WHERE m.feed = q.feed
                               ORDER BY since DESC LIMIT 1) m ON true
            WHERE r.state = 'published' AND q.closed_by IS NULL)
        SELECT feed, source_key AS key FROM refused WHERE source_key IS NOT NULL
        UNION
        SELECT feed, btrim(original ->> (columns -> (%(keys)s::jsonb ->> dataset) ->> 0)) FROM refused
        WHERE columns -> (%(keys)s::jsonb ->> dataset) ->> 0 IS NOT NULL""",
        {"keys": json.dumps(keys)},
    )
    connection.exec_driver_sql("ANALYZE waiting")


def hub_fields(connection: sa.Connection, datasets: set[str]) -> dict[str, set[str]]:
    """Return the columns of the datasets that have a release."""
    statement = sa.text("""
        SELECT c.relname AS dataset, array_agg(a.attname::text) AS fields
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'hub'::regnamespace AND c.relname = ANY (:datasets) AND a.attnum > 0
          AND NOT a.attisdropped AND EXISTS (SELECT FROM control.release r WHERE r.dataset = c.relname)
        GROUP BY c.relname""")
    return {row.dataset: set(row.fields) for row in connection.execute(statement, {"datasets": sorted(datasets)})}


def analyze_loaded(database: Database, datasets: set[str]) -> None:
    """Give statistics to the datasets that were loaded and never had any: a join planned blindly takes four times."""
    statement = sa.text("""
        SELECT relname FROM pg_class WHERE relnamespace = 'hub'::regnamespace AND relkind = 'r' AND reltuples < 0
          AND relname = ANY (:datasets) ORDER BY relname""")
    with database.transaction() as connection:
        for name in connection.execute(statement, {"datasets": sorted(datasets)}).scalars().all():
            execute(connection, "ANALYZE {table}", table=hub_table(name).identifier)


def close_of_gone_rules(connection: sa.Connection, run_id: str, rules: set[str], dataset: str | None = None) -> int:
    """Close the open findings, with `dataset` only those on its records, of rules other than `rules`."""
    statement = sa.text("""
        UPDATE control.contradiction SET closed_run = :run_id, closed_at = clock_timestamp()
        WHERE closed_at IS NULL AND NOT rule = ANY (:rules)
          AND (CAST(:dataset AS text) IS NULL OR dataset = :dataset)""")
    return connection.execute(statement, {"run_id": run_id, "rules": sorted(rules), "dataset": dataset}).rowcount


def open_counts(database: Database) -> dict[str, int]:
    """Return how many open findings each rule has; rules without are left out."""
    statement = sa.text("SELECT rule, count(*) AS n FROM control.contradiction WHERE closed_at IS NULL GROUP BY rule")
    with database.transaction() as connection:
        return {row.rule: row.n for row in connection.execute(statement)}


def findings(
    database: Database,
    rule: str | None = None,
    opd: str | None = None,
    dataset: str | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Return open findings, newest first, as dictionaries of the columns of control.contradiction.

    `opd` is the department that can correct them; `dataset` holds either of the two records.
    """
    statement = sa.text("""
        SELECT * FROM control.contradiction
        WHERE closed_at IS NULL AND (CAST(:rule AS text) IS NULL OR rule = :rule)
          AND (CAST(:opd AS text) IS NULL OR opd = :opd)
          AND (CAST(:dataset AS text) IS NULL OR :dataset IN (dataset, other_dataset))
        ORDER BY found_at DESC, finding LIMIT :limit""")
    params = {"rule": rule, "opd": opd, "dataset": dataset, "limit": limit}
    with database.transaction() as connection:
        return [dict(row) for row in connection.execute(statement, params).mappings()]


def finding(database: Database, number: int) -> dict[str, Any] | None:
    """Return one finding, open or closed."""
    statement = sa.text("SELECT * FROM control.contradiction WHERE finding = :number")
    with database.transaction() as connection:
        row = connection.execute(statement, {"number": number}).mappings().one_or_none()
        return None if row is None else dict(row)
