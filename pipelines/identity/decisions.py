"""What stewards decide of who is who. A decision outlives every later run until somebody ends it.

It shows in the members at once, and in the dataset with its next release.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from pipelines.identity.members import lock_members
from pipelines.release import lock_dataset
from schemas.errors import ConfigurationError
from schemas.masking import mask_id
from store.database import Database, execute
from store.tables import hub_table, is_there, members_table, touched_table

INSERT = """
    INSERT INTO control.identity_decision (dataset, kind, feed, row_key, key, into_key, why, decided_by)
    VALUES (:dataset, :kind, :feed, :row_key, :key, :into_key, :why, :who) RETURNING decision
"""
OPEN = """
    SELECT * FROM control.identity_decision
    WHERE dataset = :dataset AND ended_at IS NULL AND (CAST(:kind AS text) IS NULL OR kind = :kind) ORDER BY decision
"""
#: rows that nobody could decide, those that are nearest to somebody first
UNDECIDED = """
    SELECT feed, row_key, candidate, score, reason, decided_at FROM {members}
    WHERE key IS NULL AND candidate IS NOT NULL AND (%(feed)s::text IS NULL OR feed = %(feed)s)
    ORDER BY score DESC NULLS LAST, feed, row_key LIMIT %(limit)s
"""


def confirm(database: Database, dataset: str, feed: str, row_key: str, key: str, who: str, why: str) -> int:
    """Decide that a source row speaks of an entity; return the decision's number.

    Raises ConfigurationError when row or entity is not there, or a steward has said otherwise.
    """
    with _deciding(database, dataset) as connection:
        before = _member(connection, dataset, feed, row_key)
        _require_entity(connection, dataset, key)
        for other in _open(connection, dataset, "confirm", feed=feed, row_key=row_key):
            raise _conflict(other, f"says that this row is {mask_id(other['key'])}")
        for other in _open(connection, dataset, "refuse", feed=feed, row_key=row_key, key=key):
            raise _conflict(other, "says that this row is not that entity")
        number = _decide(connection, dataset, "confirm", who, why, feed=feed, row_key=row_key, key=key)
        _set(connection, dataset, feed, row_key, key=key, how="steward", reason=why, decided_by=who, candidate=None)
        _touch(connection, dataset, [before["key"], key])
    return number


def split(database: Database, dataset: str, feed: str, row_key: str, who: str, why: str) -> int:
    """Decide that a source row does not speak of the entity that it is linked to; return the decision's number."""
    with _deciding(database, dataset) as connection:
        key = _member(connection, dataset, feed, row_key)["key"]
        if key is None:
            raise ConfigurationError(
                "row is linked to nobody", where=f"{feed} {row_key}", fix="there is nothing to split"
            )
        for other in _open(connection, dataset, "confirm", feed=feed, row_key=row_key):
            raise _conflict(other, "says that this row is that entity")
        number = _decide(connection, dataset, "refuse", who, why, feed=feed, row_key=row_key, key=key)
        _set(connection, dataset, feed, row_key, key=None, how="none", reason=why, decided_by=who, candidate=key)
        _touch(connection, dataset, [key])
    return number


def merge(database: Database, dataset: str, key: str, into: str, who: str, why: str) -> int:
    """Decide that two entities are one, under the second id; the first redirects to it. Return the decision's number.

    Raises ConfigurationError when one of them is not there, or is merged already, in whatever direction, or when a
    steward has said of a row of one that it is not the other.
    """
    with _deciding(database, dataset) as connection:
        for other in _open(connection, dataset, "merge", key=key):
            raise _conflict(other, f"merges {mask_id(key)} into {mask_id(other['into_key'])}")
        for other in _open(connection, dataset, "merge", key=into):
            raise _conflict(other, f"merges {mask_id(into)} into {mask_id(other['into_key'])}: merge into that one")
        for one in (key, into):
            _require_entity(connection, dataset, one)
        if key == into:
            raise ConfigurationError("an entity cannot merge into itself", where=dataset, fix="give two ids")
        for other in _open(connection, dataset, "refuse"):
            if other["key"] not in (key, into):
                continue
            row = _row(connection, dataset, other["feed"], other["row_key"])
            if row is not None and {row["key"], other["key"]} == {key, into}:
                raise _conflict(other, f"says that a row of {mask_id(row['key'])} is not {mask_id(other['key'])}")
        number = _decide(connection, dataset, "merge", who, why, key=key, into_key=into)
        names = {"members": members_table(dataset).identifier}
        params = {"key": key, "into": into}
        execute(connection, "UPDATE {members} SET key = %(into)s WHERE key = %(key)s", params, **names)
        _touch(connection, dataset, [key, into])
    return number


def undo(database: Database, decision: int, who: str) -> dict[str, Any]:
    """End a decision; the rows that it concerned are looked at again by the next integration. Return the decision."""
    end = sa.text("""
        UPDATE control.identity_decision SET ended_at = clock_timestamp(), ended_by = :who
        WHERE decision = :decision AND ended_at IS NULL RETURNING *""")
    with database.transaction() as connection:
        found = connection.execute(end, {"who": who, "decision": decision}).mappings().one_or_none()
        if found is None:
            raise ConfigurationError(f"no open decision {decision}", fix="see: opdhub identity decisions DATASET")
        ended = dict(found)
        _lock(connection, ended["dataset"])
        members = members_table(ended["dataset"]).identifier
        which = "key = %(into_key)s" if ended["kind"] == "merge" else "feed = %(feed)s AND row_key = %(row_key)s"
        again = execute(
            connection,
            f"UPDATE {{members}} SET row_hash = '' WHERE {which} RETURNING feed",  # noqa: S608
            ended,
            members=members,
        )
        feeds = sorted({row.feed for row in again})
        connection.execute(
            sa.text("DELETE FROM control.linked WHERE dataset = :dataset AND feed = ANY (:feeds)"),
            {"dataset": ended["dataset"], "feeds": feeds},
        )
        _touch(connection, ended["dataset"], [ended["key"], ended["into_key"]])
    return ended


def undecided(database: Database, dataset: str, feed: str | None, limit: int) -> list[dict[str, Any]]:
    """Return the rows that are nobody's and have a likely entity, the likeliest first."""
    with database.transaction() as connection:
        if not is_there(connection, members_table(dataset)):
            return []
        found = execute(
            connection, UNDECIDED, {"feed": feed, "limit": limit}, members=members_table(dataset).identifier
        )
        return [dict(row) for row in found.mappings()]


def decisions(database: Database, dataset: str) -> list[dict[str, Any]]:
    """Return the open decisions on a dataset, the oldest first."""
    with database.transaction() as connection:
        return [dict(row) for row in connection.execute(sa.text(OPEN), {"dataset": dataset, "kind": None}).mappings()]


@contextmanager
def _deciding(database: Database, dataset: str) -> Iterator[sa.Connection]:
    """Yield a transaction in which no integration of the dataset is at work."""
    with database.transaction() as connection:
        _lock(connection, dataset)
        if not is_there(connection, members_table(dataset)):
            raise ConfigurationError("has no release yet", where=dataset, fix=f"opdhub integrate {dataset}")
        yield connection


def _lock(connection: sa.Connection, dataset: str) -> None:
    """Wait for integrations of the dataset, and for others that link their rows to its entities."""
    lock_dataset(connection, dataset)
    lock_members(connection, dataset)


def _open(connection: sa.Connection, dataset: str, kind: str, **wanted: str) -> list[dict[str, Any]]:
    rows = connection.execute(sa.text(OPEN), {"dataset": dataset, "kind": kind}).mappings()
    return [dict(row) for row in rows if all(row[name] == value for name, value in wanted.items())]


def _member(connection: sa.Connection, dataset: str, feed: str, row_key: str) -> dict[str, Any]:
    row = _row(connection, dataset, feed, row_key)
    if row is None:
        fix = "give the feed and the row's key there, as 'opdhub identity review' shows them"
        raise ConfigurationError(f"{feed} has no row of this key", where=dataset, fix=fix)
    return row


def _row(connection: sa.Connection, dataset: str, feed: str, row_key: str) -> dict[str, Any] | None:
    statement = "SELECT * FROM {members} WHERE feed = %(feed)s AND row_key = %(row_key)s"
    names = {"feed": feed, "row_key": row_key}
    row = execute(connection, statement, names, members=members_table(dataset).identifier).mappings().one_or_none()
    return None if row is None else dict(row)


def _require_entity(connection: sa.Connection, dataset: str, key: str) -> None:
    statement = "SELECT count(*) FROM {hub} WHERE _key = %(key)s"
    if not execute(connection, statement, {"key": key}, hub=hub_table(dataset).identifier).scalar_one():
        raise ConfigurationError(f"no entity {mask_id(key)}", where=dataset, fix="give an id of the newest release")


def _decide(connection: sa.Connection, dataset: str, kind: str, who: str, why: str, **of: str) -> int:
    values = {"feed": None, "row_key": None, "into_key": None, **of}
    row = connection.execute(sa.text(INSERT), {"dataset": dataset, "kind": kind, "who": who, "why": why, **values})
    return int(row.scalar_one())


def _set(connection: sa.Connection, dataset: str, feed: str, row_key: str, **values: str | None) -> None:
    table = sa.table(
        members_table(dataset).name,
        *(sa.column(n) for n in ("feed", "row_key", "decided_at", "score", *values)),
        schema="hub",
    )
    changed = sa.update(table).where(table.c.feed == feed, table.c.row_key == row_key)
    connection.execute(changed.values(decided_at=sa.func.clock_timestamp(), score=None, **values))


def _touch(connection: sa.Connection, dataset: str, keys: list[str | None]) -> None:
    statement = "INSERT INTO {touched} SELECT unnest(%(keys)s::text[]) ON CONFLICT DO NOTHING"
    known = sorted({key for key in keys if key is not None})
    execute(connection, statement, {"keys": known}, touched=touched_table(dataset).identifier)


def _conflict(other: dict[str, Any], says: str) -> ConfigurationError:
    who = f"decision {other['decision']} of {other['decided_by']} ({other['decided_at']:%Y-%m-%d})"
    return ConfigurationError(f"{who} {says}", where=other["dataset"], fix=f"opdhub identity undo {other['decision']}")
