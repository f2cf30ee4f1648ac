"""integrate: the feeds' tables in `source` → one dataset in `hub`, with provenance and change feed.

Rows with the same contract key are one; each field takes the value of the first source, in the plan's
order of authority, that has one. The release and its changes are published in one transaction.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import sqlalchemy as sa
from psycopg import sql

from pipelines.evidence import release_evidence, write_evidence
from pipelines.survivorship import published_sources, stage_release, warned
from pipelines.validate import validate_release
from pipelines.workspace import Workspace
from schemas.contract import Contract
from schemas.errors import GateError
from schemas.integration_plan import IntegrationPlan
from store.database import comma, execute, identifiers
from store.tables import (
    HUB_COLUMNS,
    TableName,
    changes_table,
    create_staging,
    drop_staging_of,
    ensure_hub,
    hub_table,
    staging_table,
)

MERGE = """
    WITH merged AS (
        MERGE INTO {target} t USING {staging} s ON t._key = s._key
        WHEN MATCHED AND (t._hash <> s._hash OR t._provenance <> s._provenance
                           OR t._warnings IS DISTINCT FROM s._warnings) THEN UPDATE SET {assignments}
        WHEN NOT MATCHED THEN INSERT ({columns}, _release) VALUES ({values}, %(release)s)
        WHEN NOT MATCHED BY SOURCE THEN DELETE
        RETURNING merge_action() AS action, coalesce(new._key, old._key) AS key,
                  to_jsonb(old) - %(own)s::text[] AS before, to_jsonb(new) - %(own)s::text[] AS after),
    logged AS (
        INSERT INTO {changes} (release, operation, key, changed, before, after)
        SELECT %(release)s, lower(action), key,
               ARRAY(SELECT k FROM jsonb_object_keys(coalesce(after, before)) k
                     WHERE before -> k IS DISTINCT FROM after -> k ORDER BY k),
               CASE WHEN action <> 'INSERT' THEN before END, CASE WHEN action <> 'DELETE' THEN after END
        -- another source for the same value is no change
        FROM merged WHERE before IS DISTINCT FROM after ORDER BY key
        RETURNING operation)
    SELECT operation, count(*) AS rows FROM logged GROUP BY operation
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

    @property
    def changed(self) -> bool:
        """Whether the release differs from the one before it."""
        return bool(self.inserted or self.updated or self.deleted)


def integrate(workspace: Workspace, dataset: str, run_id: str) -> Release:
    """Make and publish a dataset from its sources; repeating a run returns the release it made.

    Raises:
        ConfigurationError: there is no plan for the dataset.
        GateError: the release broke a check, or no source has published yet; the last release stays.

    """
    plan = workspace.catalogue.plan(dataset)
    # one integration of a dataset at a time: what was staged earlier must not replace a newer release
    with workspace.database.transaction() as guard:
        guard.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"hub.{dataset}"})
        earlier = _earlier(guard, dataset, run_id)
        return earlier or _integrate(workspace, plan, run_id)


def _integrate(workspace: Workspace, plan: IntegrationPlan, run_id: str) -> Release:
    dataset = plan.dataset
    contract = workspace.catalogue.contracts[dataset]
    staging = staging_table(dataset, run_id)
    with workspace.database.transaction() as connection:
        sources = published_sources(connection, plan, contract)
        if not sources:
            raise GateError(
                f"no source of {dataset} has published yet", where=dataset, fix="opdhub sync " + plan.sources[0]
            )
        drop_staging_of(connection, dataset)
        create_staging(connection, staging, contract, HUB_COLUMNS)
        stage_release(connection, staging, contract, plan, [item["feed"] for item in sources])
    results = validate_release(workspace, contract, staging)
    failed = [item["expectation_config"]["meta"]["message_en"] for item in results if not item["success"]]
    if failed:
        with workspace.database.transaction() as connection:
            execute(connection, "DROP TABLE {staging}", staging=staging.identifier)
        raise GateError(f"release held back: {'; '.join(failed)}", where=dataset)
    with workspace.database.transaction() as connection:
        warnings = warned(connection, staging)
        release = _publish(connection, contract, staging, run_id)
        evidence = release_evidence(
            contract,
            run_id,
            release.number,
            {"inserted": release.inserted, "updated": release.updated, "deleted": release.deleted},
            release.rows,
            results,
            sources,
            warnings,
        )
        sealed = write_evidence(workspace, f"dataset.{dataset}", run_id, evidence)
        connection.execute(
            sa.text("""
                UPDATE control.release
                SET report = :report, evidence_sha256 = :evidence_sha256, report_sha256 = :report_sha256
                WHERE dataset = :dataset AND run_id = :run_id"""),
            {**vars(sealed), "dataset": dataset, "run_id": run_id},
        )
    return release


def _publish(connection: sa.Connection, contract: Contract, staging: TableName, run_id: str) -> Release:
    dataset = contract.dataset
    ensure_hub(connection, contract)
    number: int = connection.execute(
        sa.text("SELECT coalesce(max(release), 0) + 1 FROM control.release WHERE dataset = :d"), {"d": dataset}
    ).scalar_one()
    columns = [*HUB_COLUMNS, *(field.name for field in contract.fields)]
    changed = [sql.SQL("{} = {}").format(sql.Identifier(n), sql.Identifier("s", n)) for n in columns if n != "_key"]
    merged = execute(
        connection,
        MERGE,
        {"release": number, "own": [*HUB_COLUMNS, "_release"]},
        target=hub_table(dataset).identifier,
        staging=staging.identifier,
        changes=changes_table(dataset).identifier,
        columns=identifiers(columns),
        values=identifiers(columns, "s"),
        assignments=comma([*changed, sql.SQL("_release = %(release)s")]),
    )
    counts = Counter({str(row.operation): int(row.rows) for row in merged})
    rows: int = execute(connection, "SELECT count(*) FROM {t}", t=hub_table(dataset).identifier).scalar_one()
    release = Release(dataset, number, rows, counts["insert"], counts["update"], counts["delete"])
    connection.execute(
        sa.text("""
            INSERT INTO control.release (dataset, release, run_id, rows, inserted, updated, deleted, contract_version)
            VALUES (:dataset, :number, :run_id, :rows, :inserted, :updated, :deleted, :version)"""),
        {**vars(release), "run_id": run_id, "version": contract.version},
    )
    execute(connection, "DROP TABLE {staging}", staging=staging.identifier)
    return release


def _earlier(connection: sa.Connection, dataset: str, run_id: str) -> Release | None:
    """Return the release that a run has made already, or None."""
    row = connection.execute(
        sa.text(
            "SELECT release, rows, inserted, updated, deleted FROM control.release WHERE dataset = :d AND run_id = :r"
        ),
        {"d": dataset, "r": run_id},
    ).one_or_none()
    return None if row is None else Release(dataset, *row)
