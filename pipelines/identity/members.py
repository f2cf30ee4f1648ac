"""The members of a dataset: for each source row the entity that it speaks of, and who or what decided so.

What changed is noted in the dataset's `touched` table, so that the next release makes these entities anew; the note
lives until that release is published, whatever happens in between.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from psycopg import sql

from schemas.contract import Contract
from schemas.integration_plan import IntegrationPlan
from store.database import comma, execute
from store.tables import TableName, members_table, source_table, touched_table

#: what is decided of a row, before it is written
DECIDED = """
    CREATE TEMP TABLE _decided (
        row_key text PRIMARY KEY, row_hash text NOT NULL, key text, person text, how text NOT NULL, score real,
        reason text, candidate text, decided_by text NOT NULL) ON COMMIT DROP
"""
#: rows of a feed that are new, have changed, or are now another entity by their key
CHANGED = """
    INSERT INTO _decided (row_key, row_hash, key, person, how, reason, decided_by)
    SELECT row_key, row_hash, key, person, CASE WHEN key IS NULL THEN 'none' ELSE 'exact' END, %(reason)s, 'rule'
    FROM (SELECT s._key AS row_key, s._hash AS row_hash, {key} AS key, {person} AS person,
                 t.row_hash AS known_hash, t.key AS known_key, t.person AS known_person
          FROM {source} s LEFT JOIN {members} t ON t.feed = %(feed)s AND t.row_key = s._key {people}) s
    WHERE (row_hash, key, person) IS DISTINCT FROM (known_hash, known_key, known_person)
"""
REFUSED = """
    UPDATE _decided d SET key = NULL, how = 'none', candidate = d.key, reason = r.why, decided_by = r.decided_by
    FROM control.identity_decision r
    WHERE r.dataset = %(dataset)s AND r.kind = 'refuse' AND r.ended_at IS NULL AND r.feed = %(feed)s
      AND r.row_key = d.row_key AND r.key = d.key
"""
#: what is refused counts before a merge and after it: a row may be split off from those with whom it was merged
DECISIONS = (
    REFUSED,
    """
    UPDATE _decided d SET key = c.key, how = 'steward', score = NULL, reason = c.why, decided_by = c.decided_by
    FROM control.identity_decision c
    WHERE c.dataset = %(dataset)s AND c.kind = 'confirm' AND c.ended_at IS NULL AND c.feed = %(feed)s
      AND c.row_key = d.row_key
    """,
    """
    WITH RECURSIVE merged AS (
        SELECT key, into_key, 1 AS steps FROM control.identity_decision
        WHERE dataset = %(dataset)s AND kind = 'merge' AND ended_at IS NULL
        UNION ALL
        SELECT m.key, n.into_key, steps + 1 FROM merged m JOIN control.identity_decision n
        ON n.key = m.into_key AND n.dataset = %(dataset)s AND n.kind = 'merge' AND n.ended_at IS NULL
        WHERE steps < 20)
    UPDATE _decided d SET key = m.into_key
    FROM (SELECT DISTINCT ON (key) key, into_key FROM merged ORDER BY key, steps DESC) m WHERE m.key = d.key
    """,
    REFUSED,
)
WRITE = """
    WITH moved AS (
        MERGE INTO {members} t USING _decided s ON t.feed = %(feed)s AND t.row_key = s.row_key
        WHEN MATCHED AND (t.row_hash, t.how, t.decided_by) IS DISTINCT FROM (s.row_hash, s.how, s.decided_by)
                      OR (t.key, t.person, t.candidate) IS DISTINCT FROM (s.key, s.person, s.candidate)
        THEN UPDATE SET row_hash = s.row_hash, key = s.key, person = s.person, how = s.how, score = s.score,
            reason = s.reason, candidate = s.candidate, decided_by = s.decided_by, decided_at = clock_timestamp()
        WHEN NOT MATCHED THEN INSERT
            (feed, row_key, row_hash, key, person, how, score, reason, candidate, decided_by)
            VALUES (%(feed)s, s.row_key, s.row_hash, s.key, s.person, s.how, s.score, s.reason, s.candidate,
                    s.decided_by)
        RETURNING old.key AS before, new.key AS after),
    gone AS (
        DELETE FROM {members} t WHERE t.feed = %(feed)s AND %(moved)s
        AND NOT EXISTS (SELECT FROM {source} s WHERE s._key = t.row_key) RETURNING t.key)
    INSERT INTO {touched} SELECT key FROM (SELECT before FROM moved UNION SELECT after FROM moved
        UNION SELECT key FROM gone) found (key) WHERE key IS NOT NULL AND %(noted)s ON CONFLICT DO NOTHING
"""
#: MERGE takes four times as long into an empty feed
FIRST = """
    INSERT INTO {members} (feed, row_key, row_hash, key, person, how, score, reason, candidate, decided_by)
    SELECT %(feed)s, row_key, row_hash, key, person, how, score, reason, candidate, decided_by FROM _decided
"""


def link_by_key(
    connection: sa.Connection, contract: Contract, feed: str, plan: IntegrationPlan, people: TableName | None
) -> None:
    """Bring the members of one feed up to date by the contract's key.

    `people` holds the members of the register, where the dataset's rows name a resident: who the row was found to
    name replaces the NIK that it carries.
    """
    nik = plan.person.nik if plan.person and people else None
    names: dict[str, sql.Composable] = {name: sql.Identifier("s", name) for name in contract.key}
    if nik is not None and nik in names:
        names[nik] = sql.SQL("coalesce(p.key, {})").format(names[nik])
    join: sql.Composable = sql.SQL("")
    if nik is not None and people is not None:
        join = sql.SQL("LEFT JOIN {} p ON p.feed = {} AND p.row_key = s._key").format(
            people.identifier, sql.Literal(feed)
        )
    begin_feed(connection)
    execute(
        connection,
        CHANGED,
        {"feed": feed, "reason": ", ".join(contract.key)},
        key=key_text(list(names.values())),
        person=sql.SQL("p.key") if nik is not None else sql.SQL("NULL::text"),
        people=join,
        source=source_table(feed).identifier,
        members=members_table(contract.dataset).identifier,
    )
    write_members(connection, contract.dataset, feed)


def lock_members(connection: sa.Connection, dataset: str) -> None:
    """Wait until nobody else decides who is who in a dataset, to the end of the transaction."""
    lock = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
    connection.execute(lock, {"name": f"members {dataset}"})


def begin_feed(connection: sa.Connection) -> None:
    """Make room for what is decided of one feed's rows: the temporary table `_decided`."""
    connection.exec_driver_sql("DROP TABLE IF EXISTS _decided")
    connection.exec_driver_sql(DECIDED)


def write_members(
    connection: sa.Connection, dataset: str, feed: str, noted: bool = True, is_moved: bool = True
) -> None:
    """Write what `_decided` holds of one feed, stewards' decisions first; note the entities that it concerns.

    Members whose row is no longer there go, unless the feed has not moved. With `noted` false no entity is noted: the
    feed supplies no value.
    """
    names: dict[str, Any] = {
        "members": members_table(dataset).identifier,
        "touched": touched_table(dataset).identifier,
        "source": source_table(feed).identifier,
    }
    params = {"dataset": dataset, "feed": feed, "noted": noted, "moved": is_moved}
    for statement in DECISIONS:
        execute(connection, statement, params)
    connection.exec_driver_sql("ANALYZE _decided")
    is_first = not execute(
        connection, "SELECT EXISTS (SELECT FROM {members} WHERE feed = %(feed)s)", params, **names
    ).scalar_one()
    if is_first:
        execute(connection, FIRST, params, **names)
        # without statistics the next run would hold each source row against every member
        execute(connection, "ANALYZE {members}", **names)
        if noted:
            execute(
                connection,
                "INSERT INTO {touched} SELECT DISTINCT key FROM _decided WHERE key IS NOT NULL ON CONFLICT DO NOTHING",
                **names,
            )
        return
    execute(connection, WRITE, params, **names)


def key_text(columns: list[sql.Composable]) -> sql.Composable:
    """Return a key as one text, as `pipelines.standardize.source_keys` writes a source's; NULL where a part is."""
    if len(columns) == 1:
        return sql.SQL("{}::text").format(columns[0])
    escaped = sql.SQL(r"regexp_replace({}::text, '([\\|])', '\\\1', 'g')")
    return sql.SQL("CASE WHEN ROW({}) IS NOT NULL THEN concat_ws('|', {}) END").format(
        comma(columns), comma([escaped.format(column) for column in columns])
    )
