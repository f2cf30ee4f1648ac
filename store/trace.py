"""Where a published value comes from: the way back from an entity to what its sources wrote, and who decided.

The lookups are PostgreSQL functions of migration 0006 (`control.trace`, `control.mentions`), so that a person with
any SQL client gets the same answer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from psycopg.types.json import Jsonb

from schemas.errors import ConfigurationError
from schemas.mapping import FieldMap
from store.database import Database, execute
from store.tables import hub_table, is_there, members_table

KEEP = """
    INSERT INTO control.mapping (feed, since, dataset, columns)
    SELECT now.* FROM (SELECT %(feed)s::text AS feed, %(since)s::timestamptz, %(dataset)s::text AS dataset,
                              %(columns)s::jsonb AS columns) now
    LEFT JOIN LATERAL (SELECT m.dataset, m.columns FROM control.mapping m WHERE m.feed = now.feed
                       ORDER BY m.since DESC LIMIT 1) newest ON true
    WHERE (now.dataset, now.columns) IS DISTINCT FROM (newest.dataset, newest.columns)
"""
DECISIONS = sa.text("""
    SELECT kind, feed, row_key, key, into_key, why, decided_by, decided_at, ended_by, ended_at
    FROM control.identity_decision WHERE dataset = :dataset AND (key IN (:asked, :key) OR into_key IN (:asked, :key))
    ORDER BY decision""")


@dataclass(frozen=True)
class Said:
    """What one source row says of one field of an entity, and whether that is what is published."""

    field: str
    #: as published
    value: str | None
    #: this row supplied it
    won: bool
    application: str
    feed: str
    #: the run that last changed the source row; missing, as is all that follows it, when the row is gone
    run_id: str | None
    source_key: str
    #: source column → text as the source wrote it, empty for a literal; missing where it was not kept
    original: dict[str, str | None] | None
    source_value: str | None
    extracted_at: dt.datetime | None
    #: how the row came to be this entity's; missing where it is not (any more) a member
    how: str | None
    score: float | None
    reason: str | None
    decided_by: str | None
    decided_at: dt.datetime | None


@dataclass(frozen=True)
class Mention:
    """A row of another dataset that names the entity."""

    #: the dataset that the feed supplies; missing while the feed has not been published since an upgrade
    of_dataset: str | None
    feed: str
    row_key: str
    how: str
    score: float | None
    reason: str | None
    decided_by: str
    decided_at: dt.datetime


@dataclass(frozen=True)
class Decision:
    """What a steward decided about the entity's identity."""

    kind: str
    feed: str | None
    row_key: str | None
    key: str
    into_key: str | None
    why: str
    decided_by: str
    decided_at: dt.datetime
    ended_by: str | None
    ended_at: dt.datetime | None


@dataclass(frozen=True)
class Trace:
    """Everything behind one entity; `key` differs from the key that was asked for where that was merged into it."""

    dataset: str
    asked: str
    key: str
    values: tuple[Said, ...]
    mentions: tuple[Mention, ...]
    decisions: tuple[Decision, ...]


def keep_mapping(
    connection: sa.Connection, feed: str, dataset: str, mapping: Mapping[str, FieldMap], since: dt.datetime
) -> None:
    """Note of which source columns a feed's fields are made in rows extracted from `since` on; once for each change."""
    columns = {field: how.sources for field, how in mapping.items()}
    connection.exec_driver_sql(KEEP, {"feed": feed, "dataset": dataset, "columns": Jsonb(columns), "since": since})


def trace(database: Database, dataset: str, key: str) -> Trace | None:
    """Return what is known of an entity, fields in the order of the dataset; None where there is no such key.

    Raises ConfigurationError when the dataset was never integrated, or by an earlier version of the hub only.
    """
    asked = {"dataset": dataset, "asked": key}
    with database.transaction() as connection:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")  # one release, not two
        if not is_there(connection, members_table(dataset)):
            raise ConfigurationError(
                "has no release that can be traced", where=dataset, fix=f"opdhub integrate {dataset}"
            )
        current = connection.execute(sa.text("SELECT control.current_key(:dataset, :asked)"), asked).scalar_one()
        there = execute(
            connection,
            "SELECT 1 FROM {table} WHERE _key = %(key)s",
            {"key": current},
            table=hub_table(dataset).identifier,
        )
        if there.one_or_none() is None:
            return None
        asked["key"] = current
        said = _rows(connection, "SELECT * FROM control.trace(:dataset, :key)", asked)
        mentions = _rows(connection, "SELECT * FROM control.mentions(:dataset, :key)", asked)
        decisions = connection.execute(DECISIONS, asked).mappings()
        return Trace(
            dataset,
            key,
            current,
            tuple(Said(**row) for row in said),
            tuple(Mention(**row) for row in mentions),
            tuple(Decision(**row) for row in decisions),
        )


def _rows(connection: sa.Connection, statement: str, params: dict[str, str]) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(sa.text(statement), params).mappings()]
