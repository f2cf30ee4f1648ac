"""A look before anything is published: read a sample, standardise and validate it, keep nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from pipelines.extract import extract
from pipelines.run import new_run_id
from pipelines.workspace import FeedContext, Progress, Workspace, silent
from schemas.contract import Contract, ContractField
from schemas.masking import IDENTIFIERS, mask_id, mask_text
from store.database import execute, identifiers
from store.landing import Landing
from store.tables import drop_staging, is_there, source_table, staging_table

#: rows that are shown
SHOWN = 5


@dataclass(frozen=True)
class DryRun:
    """What a run would do; `inserted`, `updated` and `unchanged` are of the accepted rows, against what is published.

    `problems` has field, rule, severity, rows and message of each broken check; `gates` those that would hold the run
    back; `shown` the first rows as they would be published, personal values masked.
    """

    feed: str
    dataset: str
    read: int
    accepted: int
    quarantined: int
    inserted: int
    updated: int
    unchanged: int
    is_sample: bool
    problems: list[dict[str, Any]]
    gates: list[dict[str, Any]]
    shown: list[dict[str, str | None]]


def dry_run(workspace: Workspace, feed_id: str, progress: Callable[[str], Progress] = lambda stage: silent) -> DryRun:
    """Read up to `workspace.ask.limit` rows of a feed and tell what would become of them; leaves no trace.

    Raises HubError as the stages do.
    """
    from pipelines.standardize import standardize
    from pipelines.validate import validate

    context, run_id = workspace.feed(feed_id), new_run_id("dry")
    with tempfile.TemporaryDirectory(prefix="opdhub-dry-") as folder:
        kept_apart = replace(workspace, landing=Landing(folder))
        try:
            landed = extract(kept_apart, feed_id, run_id, progress("extract"))
            standardize(kept_apart, feed_id, run_id, progress("standardize"))
            verdict = validate(kept_apart, feed_id, run_id, progress("validate")).details
            with workspace.database.transaction() as connection:
                inserted, updated = _against_published(connection, context, run_id)
                shown = _first_rows(connection, context, run_id)
        finally:
            with workspace.database.transaction() as connection:
                drop_staging(connection, feed_id, run_id)
    limit = workspace.ask.limit
    is_sample = limit is not None and landed.rows >= limit
    unfair = {"rows.enough", "min_rows"} if is_sample else set()  # a sample has few rows by intention
    return DryRun(
        feed=feed_id,
        dataset=context.feed.dataset,
        read=verdict["read"],
        accepted=verdict["accepted"],
        quarantined=verdict["quarantined"],
        inserted=inserted,
        updated=updated,
        unchanged=verdict["accepted"] - inserted - updated,
        is_sample=is_sample,
        problems=[item for item in map(_problem, verdict["results"]) if item["rows"] and item["rule"] not in unfair],
        gates=[gate for gate in verdict["gates"] if not gate["passed"] and gate["id"] not in unfair],
        shown=shown,
    )


def _against_published(connection: sa.Connection, context: FeedContext, run_id: str) -> tuple[int, int]:
    """Return how many staged rows are new, and how many differ from what is published."""
    target, staging = source_table(context.id), staging_table(context.id, run_id)
    names: dict[str, Any] = {"target": target.identifier, "staging": staging.identifier}
    if not is_there(connection, target):
        return int(execute(connection, "SELECT count(*) FROM {staging}", **names).scalar_one()), 0
    row = execute(
        connection,
        """
        SELECT count(*) FILTER (WHERE t._key IS NULL) AS inserted,
               count(*) FILTER (WHERE t._hash <> s._hash OR (t._key IS NOT NULL
                                AND t._warnings IS DISTINCT FROM s._warnings)) AS updated
        FROM {staging} s LEFT JOIN {target} t USING (_key)""",
        **names,
    ).one()
    return row.inserted, row.updated


def _first_rows(connection: sa.Connection, context: FeedContext, run_id: str) -> list[dict[str, str | None]]:
    names = [field.name for field in context.contract.fields if field.name in context.feed.map]
    rows = execute(
        connection,
        "SELECT {columns} FROM {staging} ORDER BY _row LIMIT %(shown)s",
        {"shown": SHOWN},
        columns=identifiers(names),
        staging=staging_table(context.id, run_id).identifier,
    )
    return [{name: _masked(context.contract, name, row[name]) for name in names} for row in rows.mappings()]


def _masked(contract: Contract, name: str, value: Any) -> str | None:
    field: ContractField | None = contract.field(name)
    if value is None or field is None:
        return None
    if not field.classification.startswith("personal"):
        return str(value)
    return mask_id(str(value)) if field.type.name in IDENTIFIERS else mask_text(str(value))


def _problem(result: dict[str, Any]) -> dict[str, Any]:
    meta = result["expectation_config"]["meta"]
    return {
        "field": meta["field"],
        "rule": meta["id"],
        "severity": meta["severity"],
        "rows": result["result"]["unexpected_count"],
        "message": meta["message_en"],
    }
