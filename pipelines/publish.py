"""publish: staged rows → the feed's table in `source`, in one transaction with account and evidence."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import sqlalchemy as sa

from pipelines.evidence import seal
from pipelines.merge import hold_keys, merge, unseen_rows
from pipelines.workspace import Workspace
from schemas.errors import GateError
from store.database import execute
from store.landing import Batch
from store.runs import Account, close_quarantine, finish, keep_findings, newest_extraction, published_account
from store.tables import drop_stale_staging, is_there, staging_table
from store.trace import keep_mapping


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
        if not is_there(connection, staging):
            raise GateError(f"the staged rows of run {run_id} are gone", where=feed_id, fix="run validate again")
        keep_findings(connection, workspace.landing, run_id, feed_id)
        is_whole = landed.details.get("mode", "full") == "full"
        is_swept = bool(landed.details.get("swept", True))
        hold_keys(connection, workspace, context, run_id, is_swept and not is_whole)
        close_quarantine(connection, run_id, feed_id, staging.identifier, is_whole=is_whole, is_swept=is_swept)
        moved = merge(connection, context, staging, run_id, is_swept)
        keep_mapping(connection, feed_id, context.contract.dataset, context.feed.map, extracted_at)
        account = _account(feed_id, landed.rows, verdict.details["quarantined"], moved)
        unseen = unseen_rows(connection, feed_id) if is_swept and not is_whole else 0
        sealed = seal(workspace, context, run_id, account, unseen=unseen)
        finish(
            connection,
            run_id,
            feed_id,
            account,
            extracted_at=extracted_at,
            contract_version=context.contract.version,
            **_for_the_next_run(landed.details, unseen),
            **vars(sealed),
        )
        execute(connection, "DROP TABLE {staging}", staging=staging.identifier)
        drop_stale_staging(connection, feed_id, run_id)
    return account


def _account(feed_id: str, read: int, quarantined: int, moved: Counter[str]) -> Account:
    """Return where the rows went; raises GateError when a row is nowhere, or in two places."""
    account = Account(
        read=read,
        inserted=moved["INSERT"],
        updated=moved["UPDATE"],
        unchanged=moved["STAGED"] - moved["INSERT"] - moved["UPDATE"],
        quarantined=quarantined,
        deleted=moved["DELETE"],
    )
    if not account.holds:
        raise GateError(f"the row account does not hold: {account}", where=feed_id)
    return account


def _for_the_next_run(details: dict[str, Any], unseen: int) -> dict[str, Any]:
    """Return the columns of control.feed_run by which the next run knows where to begin.

    With rows that no run has seen it reads everything: as after a change of the mapping, there is no digest.
    """
    names = {"mode": "mode", "watermark": "watermark", "described": "described", "is_swept": "swept"}
    names |= {"bytes": "bytes", "queries": "queries", "file_name": "file", "file_sha256": "sha256"}
    return {column: details.get(key) for column, key in names.items()} | ({"described": None} if unseen else {})


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
