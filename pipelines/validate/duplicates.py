"""Rows that share a key: equal ones count once, contradicting ones are all quarantined.

Which of two contradicting rows is right, nobody here can know; a steward decides. What was published
before under that key stays published meanwhile.
"""

from __future__ import annotations

import pyarrow as pa
from psycopg import sql

from pipelines.validate.checks import SHARED
from pipelines.validate.rows import FINDING, Origin
from schemas.contract import Contract
from store.database import Database, comma, execute
from store.tables import TableName

REMOVE = """
    WITH shared AS (
        SELECT _row, min(_hash) OVER k <> max(_hash) OVER k AS conflict,
               row_number() OVER (PARTITION BY _key ORDER BY _row) AS nth
        FROM {table} WINDOW k AS (PARTITION BY _key)),
    refused AS (SELECT _row, conflict FROM shared WHERE conflict OR nth > 1)
    DELETE FROM {table} t USING refused r WHERE t._row = r._row RETURNING t._row, t._key, r.conflict
"""

WARN = """
    WITH counted AS (
        SELECT _row, count(*) OVER (PARTITION BY {key}) AS n FROM {table} WHERE ROW({key}) IS NOT NULL)
    UPDATE {table} t SET _warnings = concat_ws('|', t._warnings, %(word)s::text)
    FROM counted c WHERE c._row = t._row AND c.n > 1 RETURNING t._row, t._key
"""


def remove_duplicates(database: Database, table: TableName, origin: Origin) -> pa.Table:
    """Take duplicates out of a staged table; return them as findings, in row order, without the originals."""
    with database.transaction() as connection:
        removed = sorted(tuple(row) for row in execute(connection, REMOVE, table=table.identifier))
    return pa.table(
        [
            [origin.run_id] * len(removed),
            [origin.context.id] * len(removed),
            pa.array([row for row, _, _ in removed], pa.int64()),
            pa.array([key for _, key, _ in removed], pa.string()),
            pa.nulls(len(removed), pa.string()),
            ["key.conflict" if conflict else "key.duplicate" for _, _, conflict in removed],
            ["error"] * len(removed),
            pa.nulls(len(removed), pa.string()),
        ],
        schema=FINDING,
    )


def warn_shared(database: Database, table: TableName, contract: Contract, origin: Origin) -> pa.Table:
    """Mark the staged rows that share the contract's key under several keys of the source; return the findings."""
    names = [sql.Identifier(name) for name in contract.key]
    word = f"{contract.key[0]}:{SHARED}"
    with database.transaction() as connection:
        rows = execute(connection, WARN, {"word": word}, table=table.identifier, key=comma(list(names)))
        marked = sorted(tuple(row) for row in rows)
    count = len(marked)
    return pa.table(
        [
            [origin.run_id] * count,
            [origin.context.id] * count,
            pa.array([row for row, _ in marked], pa.int64()),
            pa.array([key for _, key in marked], pa.string()),
            pa.array([contract.key[0]] * count, pa.string()),
            [SHARED] * count,
            ["warning"] * count,
            pa.nulls(count, pa.string()),
        ],
        schema=FINDING,
    )
