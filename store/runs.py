"""The record of runs: state, row account, findings, quarantine, releases."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import psycopg
import pyarrow as pa
import sqlalchemy as sa
from psycopg import sql

from schemas.errors import GateError
from store.database import Database, execute, identifiers
from store.landing import Landing


@dataclass(frozen=True)
class Account:
    """Where the rows of one run went; `deleted` rows were published before and are gone from the source."""

    read: int
    inserted: int
    updated: int
    unchanged: int
    quarantined: int
    deleted: int = 0

    @property
    def holds(self) -> bool:
        """Whether every row read ended in exactly one place."""
        return self.read == self.inserted + self.updated + self.unchanged + self.quarantined


def begin_stage(database: Database, run_id: str, feed: str, stage: str) -> None:
    """Note that a run works at a stage; the first call of a run creates its record."""
    statement = sa.text("""
        INSERT INTO control.feed_run (run_id, feed, state, stage) VALUES (:run_id, :feed, 'running', :stage)
        ON CONFLICT (run_id, feed) DO UPDATE SET state = 'running', stage = :stage, ended_at = NULL, error = NULL
        WHERE feed_run.state <> 'published'""")
    with database.transaction() as connection:
        connection.execute(statement, {"run_id": run_id, "feed": feed, "stage": stage})


def note(database: Database, run_id: str, feed: str, **values: Any) -> None:
    """Set columns of a run's record."""
    table = sa.table("feed_run", *(sa.column(name) for name in ("run_id", "feed", *values)), schema="control")
    with database.transaction() as connection:
        connection.execute(sa.update(table).where(table.c.run_id == run_id, table.c.feed == feed).values(**values))


def fail(database: Database, run_id: str, feed: str, error: str) -> None:
    """Note why a run failed; a run that has published stays published."""
    statement = sa.text("""
        UPDATE control.feed_run SET state = 'failed', error = :error, ended_at = clock_timestamp()
        WHERE run_id = :run_id AND feed = :feed AND state <> 'published'""")
    with database.transaction() as connection:
        connection.execute(statement, {"run_id": run_id, "feed": feed, "error": error})


def published_account(connection: sa.Connection, run_id: str, feed: str) -> Account | None:
    """Return the account of a run that has already published, or None."""
    row = connection.execute(
        sa.text("""
            SELECT read, inserted, updated, unchanged, quarantined, deleted FROM control.feed_run
            WHERE run_id = :run_id AND feed = :feed AND state = 'published'"""),
        {"run_id": run_id, "feed": feed},
    ).one_or_none()
    return Account(*row) if row else None


def newest_extraction(connection: sa.Connection, feed: str) -> tuple[str, dt.datetime] | None:
    """Return run and time of the extraction that is published, or None."""
    row = connection.execute(
        sa.text("""
            SELECT run_id, extracted_at FROM control.feed_run
            WHERE feed = :feed AND state = 'published' ORDER BY extracted_at DESC LIMIT 1"""),
        {"feed": feed},
    ).one_or_none()
    return (row.run_id, row.extracted_at) if row else None


def moved_rows(connection: sa.Connection, feed: str) -> int:
    """Return how many rows the published runs of a feed have inserted, updated and deleted so far.

    While it stays the same the feed's table does too.
    """
    statement = """
        SELECT coalesce(sum(inserted + updated + deleted), 0) FROM control.feed_run
        WHERE feed = :feed AND state = 'published'"""
    return int(connection.execute(sa.text(statement), {"feed": feed}).scalar_one())


@dataclass(frozen=True)
class RunState:
    """What a feed's published runs have left for the next one; empty before the first."""

    run_id: str | None = None
    watermark: str | None = None
    #: digest of mapping and contract under which all published rows were read
    described: str | None = None
    #: when all keys were last seen, by a full snapshot or a sweep
    swept_at: dt.datetime | None = None
    #: sha256 → name of the files read
    files: dict[str, str] = field(default_factory=dict)


def run_state(database: Database, feed: str, files: int) -> RunState:
    """Return what a feed's published runs have left; of its files the newest so many."""
    newest = sa.text("""
        SELECT run_id, watermark, described, (SELECT max(extracted_at) FROM control.feed_run s
            WHERE s.feed = r.feed AND s.state = 'published' AND s.is_swept) AS swept_at
        FROM control.feed_run r WHERE feed = :feed AND state = 'published' ORDER BY extracted_at DESC LIMIT 1""")
    names = sa.text("""
        SELECT file_sha256, file_name FROM control.feed_run
        WHERE feed = :feed AND state = 'published' AND file_sha256 IS NOT NULL
        ORDER BY extracted_at DESC LIMIT :files""")
    with database.transaction() as connection:
        row = connection.execute(newest, {"feed": feed}).one_or_none()
        if row is None:
            return RunState()
        read = connection.execute(names, {"feed": feed, "files": files}).all()
    return RunState(row.run_id, row.watermark, row.described, row.swept_at, dict(reversed(read)))


def finish(connection: sa.Connection, run_id: str, feed: str, account: Account, **values: Any) -> None:
    """Record a published run, in the transaction that publishes; PostgreSQL checks the account.

    Raises GateError when the run was never begun: nobody could tell what was published.
    """
    columns = {**asdict(account), **values, "state": "published", "stage": "publish"}
    table = sa.table(
        "feed_run", *(sa.column(n) for n in ("run_id", "feed", "ended_at", "error", *columns)), schema="control"
    )
    noted = connection.execute(
        sa.update(table)
        .where(table.c.run_id == run_id, table.c.feed == feed)
        .values(ended_at=sa.func.clock_timestamp(), error=None, **columns)
    )
    if noted.rowcount != 1:
        raise GateError(f"run {run_id} has no record", where=feed, fix="publish through run_stage")


def keep_findings(connection: sa.Connection, landing: Landing, run_id: str, feed: str) -> None:
    """Write a verdict's findings and quarantined rows, replacing those of an earlier try of this run."""
    for name in ("finding", "quarantine"):
        table = sa.table(name, sa.column("run_id"), sa.column("feed"), schema="control")
        connection.execute(sa.delete(table).where(table.c.run_id == run_id, table.c.feed == feed))
    for stage, name in (("findings", "finding"), ("quarantine", "quarantine")):
        for part in landing.parts(landing.batch(feed, run_id, stage)):
            _copy(connection, name, part)


def _copy(connection: sa.Connection, name: str, part: pa.Table) -> None:
    driver = cast(psycopg.Connection, connection.connection.driver_connection)
    statement = sql.SQL("COPY {table} ({columns}) FROM STDIN").format(
        table=sql.Identifier("control", name), columns=identifiers(part.column_names)
    )
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in zip(*(column.to_pylist() for column in part.columns), strict=True):
            copy.write_row(row)


def recent_runs(database: Database, limit: int = 200, feed: str | None = None) -> list[dict[str, Any]]:
    """Return the newest runs, one a feed run, as dictionaries of the columns of control.feed_run."""
    statement = sa.text("""
        SELECT * FROM control.feed_run
        WHERE CAST(:feed AS text) IS NULL OR feed = :feed OR starts_with(feed, :feed || '.')
        ORDER BY started_at DESC LIMIT :limit""")
    with database.transaction() as connection:
        rows = connection.execute(statement, {"feed": feed, "limit": limit}).mappings()
        return [dict(row) for row in rows]


def sealed_runs(database: Database, limit: int = 200, target: str | None = None) -> list[dict[str, Any]]:
    """Return the newest runs and releases that left a report, newest first.

    `target` is an application, a feed or a dataset. Columns: feed (`dataset.<name>` of a release), run_id, state
    (`held`: a release that was held back), at, report, evidence_sha256, report_sha256.
    """
    statement = sa.text("""
        SELECT * FROM (
            SELECT feed, run_id, state, started_at AS at, report, evidence_sha256, report_sha256
            FROM control.feed_run WHERE report IS NOT NULL
            UNION ALL
            SELECT 'dataset.' || dataset, run_id, 'published', published_at, report, evidence_sha256, report_sha256
            FROM control.release WHERE report IS NOT NULL
            UNION ALL
            SELECT 'dataset.' || dataset, run_id, 'held', held_at, report, evidence_sha256, report_sha256
            FROM control.held_release WHERE report IS NOT NULL) sealed
        WHERE CAST(:target AS text) IS NULL OR feed IN (:target, 'dataset.' || :target)
           OR starts_with(feed, :target || '.')
        ORDER BY at DESC LIMIT :limit""")
    with database.transaction() as connection:
        rows = connection.execute(statement, {"target": target, "limit": limit}).mappings()
        return [dict(row) for row in rows]


def close_quarantine(
    connection: sa.Connection, run_id: str, feed: str, staging: sql.Identifier, *, is_whole: bool, is_swept: bool
) -> None:
    """Note which rows of earlier runs have left the quarantine with this one, which knows better.

    A run that read everything closes all of them; another one those whose key it has read again (staged, or in
    `_held`), and with a sweep those whose key the source no longer has (`_marks`).
    """
    execute(
        connection,
        """
        UPDATE control.quarantine q SET closed_by = %(run)s
        WHERE feed = %(feed)s AND closed_by IS NULL AND run_id <> %(run)s AND (
            %(whole)s OR EXISTS (SELECT 1 FROM {staging} s WHERE s._key = q.source_key)
            OR EXISTS (SELECT 1 FROM _held h WHERE h._key = q.source_key)
            OR (%(swept)s AND q.source_key IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM _marks m WHERE m._key = q.source_key)))""",
        {"run": run_id, "feed": feed, "whole": is_whole, "swept": is_swept},
        staging=staging,
    )


def quarantined(database: Database, feed: str | None = None, limit: int | None = 100) -> list[dict[str, Any]]:
    """Return the rows that published runs have quarantined and no later run has read again, by feed, run and row."""
    statement = sa.text("""
        SELECT q.* FROM control.quarantine q JOIN control.feed_run r USING (feed, run_id)
        WHERE r.state = 'published' AND q.closed_by IS NULL
          AND (CAST(:feed AS text) IS NULL OR q.feed = :feed OR starts_with(q.feed, :feed || '.'))
        ORDER BY q.feed, r.extracted_at DESC, q.row_number LIMIT :limit""")
    with database.transaction() as connection:
        return [dict(row) for row in connection.execute(statement, {"feed": feed, "limit": limit}).mappings()]
