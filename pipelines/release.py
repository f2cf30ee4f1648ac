"""release: a staged dataset becomes the published one, with change feed, history and redirects, in one transaction.

A reader sees the release before or this one, never a mix. The caller holds the dataset's lock: one writer at a
time, so that the numbers of the changes have no gap and no reader sees a later one before an earlier one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import sqlalchemy as sa
from psycopg import sql

from schemas.contract import Contract
from schemas.integration_plan import IntegrationPlan
from store.database import comma, execute, identifiers
from store.tables import HUB_COLUMNS, TableName, changes_table, ensure_hub, history_table, hub_table
from store.versions import columns_of, ensure_versions

#: the version that this release ends
END = """
    INSERT INTO {history} ({kept}, _until) SELECT {t_kept}, %(release)s
    FROM {target} t LEFT JOIN {staging} s ON s._key = t._key WHERE {in_scope} AND (s._key IS NULL OR {is_news})
"""
DELETE = "DELETE FROM {target} t WHERE {in_scope} AND NOT EXISTS (SELECT FROM {staging} s WHERE s._key = t._key)"
UPDATE = """
    UPDATE {target} t SET {assignments}, _release = CASE WHEN {is_news} THEN %(release)s ELSE t._release END
    FROM {staging} s WHERE s._key = t._key AND (t._hash IS DISTINCT FROM s._hash OR {is_other})
"""
INSERT = """
    INSERT INTO {target} ({columns}, _release) SELECT {s_columns}, %(release)s FROM {staging} s
    WHERE NOT EXISTS (SELECT FROM {target} t WHERE t._key = s._key)
"""
#: which entities are gone because they are another's: to the end of a chain, which must be in the dataset
MERGED = """
    WITH RECURSIVE gone AS (
        SELECT d.key, d.into_key FROM control.identity_decision d
        WHERE d.dataset = %(dataset)s AND d.kind = 'merge' AND d.ended_at IS NULL
          AND NOT EXISTS (SELECT FROM {target} t WHERE t._key = d.key)),
    merged(key, into_key) AS (
        SELECT g.key, g.into_key FROM gone g WHERE EXISTS (SELECT FROM {target} t WHERE t._key = g.into_key)
        UNION SELECT g.key, m.into_key FROM gone g JOIN merged m ON m.key = g.into_key)
"""
LOG = """{merged},
    ended AS (SELECT * FROM {history} WHERE _until = %(release)s),
    made AS (SELECT * FROM {target} WHERE _release = %(release)s),
    logged AS (
        INSERT INTO {changes} (change, release, operation, key, changed, before, after, into_key)
        OVERRIDING SYSTEM VALUE
        SELECT (SELECT coalesce(max(change), 0) FROM {changes}) + row_number() OVER (ORDER BY key COLLATE "C"),
               %(release)s, operation, key, changed,
               CASE WHEN operation <> 'insert' THEN before END,
               CASE WHEN operation IN ('insert', 'update') THEN after END, into_key
        FROM (
            SELECT coalesce(n._key, t._key) AS key, m.into_key,
                   CASE WHEN t._key IS NULL THEN 'insert' WHEN n._key IS NOT NULL THEN 'update'
                        WHEN m.key IS NOT NULL THEN 'merge' ELSE 'delete' END AS operation,
                   CASE WHEN t._key IS NULL OR n._key IS NULL THEN '{{}}' ELSE {changed} END AS changed,
                   (SELECT to_jsonb(image) FROM (SELECT {t_told}) image) AS before,
                   (SELECT to_jsonb(image) FROM (SELECT {n_told}) image) AS after
            FROM ended t FULL JOIN made n ON n._key = t._key
            LEFT JOIN merged m ON m.key = t._key AND n._key IS NULL) found
        ORDER BY 1
        RETURNING operation)
    SELECT operation, count(*) AS rows FROM logged GROUP BY operation
"""
REDIRECT = """
    INSERT INTO control.redirect AS r (dataset, key, into_key, release) {merged}
    SELECT %(dataset)s, key, into_key, %(release)s FROM merged
    ON CONFLICT (dataset, key) DO UPDATE SET into_key = excluded.into_key, release = excluded.release
    WHERE r.into_key <> excluded.into_key
"""
#: the key is back, or its merge was undone
UNDIRECT = """
    DELETE FROM control.redirect r WHERE r.dataset = %(dataset)s AND (
        EXISTS (SELECT FROM {target} t WHERE t._key = r.key) OR NOT EXISTS (
            SELECT FROM control.identity_decision d WHERE d.dataset = r.dataset AND d.key = r.key
              AND d.kind = 'merge' AND d.ended_at IS NULL))
"""


@dataclass(frozen=True)
class Release:
    """One published version of a dataset; `number` is 0 while the dataset never had a row."""

    dataset: str
    number: int
    rows: int
    inserted: int
    updated: int
    deleted: int
    #: entities that are another's now
    merged: int = 0

    @property
    def changed(self) -> bool:
        """Whether the release differs from the one before it."""
        return bool(self.inserted or self.updated or self.deleted or self.merged)


def earlier_release(connection: sa.Connection, dataset: str, run_id: str) -> Release | None:
    """Return the release that a run has made already, or None."""
    row = connection.execute(
        sa.text("""
            SELECT release, rows, inserted, updated, deleted, merged FROM control.release
            WHERE dataset = :d AND run_id = :r"""),
        {"d": dataset, "r": run_id},
    ).one_or_none()
    return None if row is None else Release(dataset, *row)


def lock_dataset(connection: sa.Connection, dataset: str) -> None:
    """Wait until nobody else releases a dataset, to the end of the transaction."""
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"hub.{dataset}"})


def publish_release(
    connection: sa.Connection,
    contract: Contract,
    plan: IntegrationPlan,
    staging: TableName,
    run_id: str,
    touched: TableName | None = None,
) -> Release:
    """Publish what is staged as the dataset's next release, in the caller's transaction, and drop the staging table.

    Args:
        connection: in a transaction that holds the dataset's lock.
        contract: of the dataset.
        plan: its `volatile` fields make neither a version nor a change.
        staging: HUB_COLUMNS and the contract's fields, one row an entity; `_hash` is over what is not volatile.
        run_id: the run that makes the release.
        touched: None when the whole dataset is staged; else a table with the `key`s of those entities that may
            have changed, of which the staged ones are published and the others deleted.

    Raises:
        GateError: a field of the contract has changed its type.

    """
    dataset = contract.dataset
    ensure_hub(connection, contract)
    ensure_versions(connection, dataset)
    number: int = connection.execute(
        sa.text("SELECT coalesce(max(release), 0) + 1 FROM control.release WHERE dataset = :d"), {"d": dataset}
    ).scalar_one()
    target = hub_table(dataset).identifier
    tables: dict[str, sql.Composable | str] = {
        "target": target,
        "merged": sql.SQL(MERGED).format(target=target),
        "history": history_table(dataset).identifier,
        "staging": staging.identifier,
    }
    _apply(connection, contract, plan, number, touched, tables)
    counts = _log(connection, contract, plan, number, tables)
    rows: int = execute(connection, "SELECT count(*) FROM {target}", target=target).scalar_one()
    release = Release(dataset, number, rows, *(counts[kind] for kind in ("insert", "update", "delete", "merge")))
    connection.execute(
        sa.text("""
            INSERT INTO control.release
                (dataset, release, run_id, rows, inserted, updated, deleted, merged, contract_version)
            VALUES (:dataset, :number, :run_id, :rows, :inserted, :updated, :deleted, :merged, :version)"""),
        {**vars(release), "run_id": run_id, "version": contract.version},
    )
    execute(connection, "DROP TABLE {staging}", staging=staging.identifier)
    return release


def _apply(
    connection: sa.Connection,
    contract: Contract,
    plan: IntegrationPlan,
    number: int,
    touched: TableName | None,
    tables: dict[str, sql.Composable | str],
) -> None:
    """Make the dataset what is staged, and keep the versions that end."""
    columns = [*HUB_COLUMNS, *(field.name for field in contract.fields)]
    told = _told(contract, plan)
    aside = [name for name in columns if name not in told and name not in ("_key", "_hash")]
    kept = [name for name in columns_of(connection, history_table(contract.dataset)) if name != "_until"]
    parts: dict[str, sql.Composable | str] = {
        **tables,
        "columns": identifiers(columns),
        "s_columns": identifiers(columns, "s"),
        "kept": identifiers(kept),
        "t_kept": identifiers(kept, "t"),
        # a field that the contract has gained gives every row another hash, and is no news while it is empty
        "is_news": sql.SQL("(t._hash IS DISTINCT FROM s._hash AND {})").format(_differ(told)),
        # by their bytes: jsonb compared as such takes 20 µs a row, twice the rest of the statement
        "is_other": sql.SQL("ROW({})::record *<> ROW({})::record").format(
            identifiers(aside, "t"), identifiers(aside, "s")
        ),
        "in_scope": sql.SQL("true")
        if touched is None
        else sql.SQL("t._key IN (SELECT key FROM {})").format(touched.identifier),
        "assignments": comma(
            [sql.SQL("{} = {}").format(sql.Identifier(n), sql.Identifier("s", n)) for n in columns if n != "_key"]
        ),
    }
    # 243,746 residents unchanged: 9 s, where the default of 4 MB takes 14
    connection.exec_driver_sql("SET LOCAL work_mem = '64MB'")
    is_filled: bool = execute(connection, "SELECT EXISTS (SELECT FROM {target})", target=tables["target"]).scalar_one()
    for statement in (END, DELETE, UPDATE, INSERT) if is_filled else (INSERT,):
        execute(connection, statement, {"release": number}, **parts)


def _log(
    connection: sa.Connection,
    contract: Contract,
    plan: IntegrationPlan,
    number: int,
    tables: dict[str, sql.Composable | str],
) -> Counter[str]:
    """Write the changes, told by the versions that the release ended and made; return how many of each kind."""
    told = _told(contract, plan)
    if_changed = "CASE WHEN t.{0} IS DISTINCT FROM n.{0} THEN {1} END"
    changed = [sql.SQL(if_changed).format(sql.Identifier(name), sql.Literal(name)) for name in sorted(told)]
    params = {"release": number, "dataset": contract.dataset}
    logged = execute(
        connection,
        LOG,
        params,
        **tables,
        changes=changes_table(contract.dataset).identifier,
        changed=sql.SQL("array_remove(ARRAY[{}], NULL)").format(comma(list(changed))),
        t_told=identifiers(told, "t"),
        n_told=identifiers(told, "n"),
    )
    counts = Counter({str(row.operation): int(row.rows) for row in logged})
    for statement in (REDIRECT, UNDIRECT):
        execute(connection, statement, params, **tables)
    return counts


def _told(contract: Contract, plan: IntegrationPlan) -> list[str]:
    """Return the fields whose change is news."""
    return [field.name for field in contract.fields if field.name not in plan.volatile]


def _differ(names: list[str]) -> sql.Composed:
    return sql.SQL("ROW({}) IS DISTINCT FROM ROW({})").format(identifiers(names, "t"), identifiers(names, "s"))
