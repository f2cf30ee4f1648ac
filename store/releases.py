"""Reading releases: which there are, what changed, how the dataset was, the versions of one row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from psycopg import sql

from schemas.errors import ConfigurationError
from store.database import Database, execute, identifiers
from store.tables import TableName, changes_table, is_there
from store.versions import as_of_function, columns_of, versions_view

#: the clock of the city, by which a day ends
CITY = ZoneInfo("Asia/Jakarta")
RELEASES = """
    SELECT release, published_at AS at, 'published' AS state, rows, inserted, updated, deleted, merged, run_id,
           NULL::jsonb AS reasons
    FROM control.release WHERE dataset = %(dataset)s
    UNION ALL
    SELECT NULL, held_at, 'held', NULL, NULL, NULL, NULL, NULL, run_id, reasons
    FROM control.held_release WHERE dataset = %(dataset)s
    ORDER BY at, release
"""
#: datasets whose newest attempt was held back
HELD = """
    SELECT DISTINCT ON (h.dataset) h.dataset, h.held_at, h.reasons, h.run_id FROM control.held_release h
    WHERE NOT EXISTS (SELECT FROM control.release r WHERE r.dataset = h.dataset AND r.published_at > h.held_at)
    ORDER BY h.dataset, h.held_at DESC
"""
CHANGES = """
    SELECT c.change, c.release, r.published_at AS at, c.operation, c.key, c.changed, c.before, c.after, c.into_key
    FROM {changes} c LEFT JOIN control.release r ON r.dataset = %(dataset)s AND r.release = c.release
    WHERE c.change > %(after)s ORDER BY c.change LIMIT %(limit)s
"""
#: rows that are fetched at a time
CHUNK = 2_000


def releases(database: Database, dataset: str) -> list[dict[str, Any]]:
    """Return a dataset's releases and those that were held back, the oldest first; none before the first."""
    with database.transaction() as connection:
        found = connection.exec_driver_sql(RELEASES, {"dataset": dataset})
        return [dict(row) for row in found.mappings()]


def held_back(database: Database) -> list[dict[str, Any]]:
    """Return the datasets whose newest release was held back, with its reasons, by name."""
    with database.transaction() as connection:
        return [dict(row) for row in connection.exec_driver_sql(HELD).mappings()]


def changes(database: Database, dataset: str, after: int = 0, limit: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield the entries of a change feed whose number is greater than `after`, in order.

    Raises ConfigurationError before the dataset's first release.
    """
    with database.transaction() as connection:
        _require_released(connection, dataset)
        params = {"dataset": dataset, "after": after, "limit": limit}
        table = changes_table(dataset).identifier
        # chunk by chunk: the feed of a first load is a million rows of JSON
        found = execute(connection.execution_options(yield_per=CHUNK), CHANGES, params, changes=table)
        for row in found.mappings():
            yield dict(row)


def compare(database: Database, dataset: str, a: int, b: int) -> Iterator[dict[str, Any]]:
    """Yield what differs between two releases, by key; backwards when `a` is the later one. 0: before the first.

    Raises ConfigurationError for a release that is not there.
    """
    with database.transaction() as connection:
        for number in (a, b):
            _require_release(connection, dataset, number)
        found = connection.execution_options(yield_per=CHUNK).execute(
            sa.text("SELECT * FROM control.compare(:dataset, :a, :b)"), {"dataset": dataset, "a": a, "b": b}
        )
        for row in found.mappings():
            yield dict(row)


def release_of(database: Database, dataset: str, when: str) -> int:
    """Return the number of the release that `when` means: a number, a day (its end, in the city), or a time.

    Raises ConfigurationError: it is none of these, or there is no release of that number or so early.
    """
    with database.transaction() as connection:
        _require_released(connection, dataset)
        if when.isascii() and when.isdigit():
            _require_release(connection, dataset, int(when))
            return int(when)
        moment = _moment(when)
        statement = sa.text("SELECT control.release_at(:dataset, :moment)")
        number: int | None = connection.execute(statement, {"dataset": dataset, "moment": moment}).scalar_one()
    if number is None:
        raise ConfigurationError(
            f"had no release by {when}", where=dataset, fix=f"'opdhub releases {dataset}' lists them"
        )
    return number


def as_of(
    database: Database, dataset: str, release: int, key: str | None = None, limit: int | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the rows that a dataset had at a release, by key: the contract's fields, `_key` and `_release`."""
    with database.transaction() as connection:
        function = as_of_function(dataset)
        columns = [name for name in columns_of(connection, versions_view(dataset)) if _is_shown(name)]
        found = execute(
            connection.execution_options(yield_per=CHUNK),
            "SELECT {columns} FROM {function}(%(release)s) WHERE {wanted} ORDER BY _key LIMIT %(limit)s",
            {"release": release, "key": key, "limit": limit},
            columns=identifiers(["_key", "_release", *columns]),
            function=function.identifier,
            wanted=sql.SQL("true" if key is None else "_key = %(key)s"),
        )
        for row in found.mappings():
            yield dict(row)


def history(database: Database, dataset: str, key: str) -> list[dict[str, Any]]:
    """Return the versions of one row, the oldest first: valid_from, valid_until, `_release`, `_until`, the fields.

    Raises ConfigurationError before the dataset's first release; returns nothing of a key that never was.
    """
    with database.transaction() as connection:
        _require_released(connection, dataset)
        view = versions_view(dataset)
        columns = [name for name in columns_of(connection, view) if _is_shown(name)]
        found = execute(
            connection,
            "SELECT {columns} FROM {view} WHERE _key = %(key)s ORDER BY _release",
            {"key": key},
            columns=identifiers(["_release", "_until", "valid_from", "valid_until", *columns]),
            view=view.identifier,
        )
        return [dict(row) for row in found.mappings()]


def current_key(database: Database, dataset: str, key: str) -> str:
    """Return the key under which an entity is known now; the same key where it never was merged."""
    with database.transaction() as connection:
        statement = sa.text("SELECT control.current_key(:dataset, :key)")
        return str(connection.execute(statement, {"dataset": dataset, "key": key}).scalar_one())


def family_events(database: Database, no_kk: str) -> list[dict[str, Any]]:
    """Return what happened to the members of a family card, the oldest first."""
    with database.transaction() as connection:
        statement = sa.text("SELECT peristiwa, nik, dari, ke, release, at FROM control.family_events(:no_kk)")
        return [dict(row) for row in connection.execute(statement, {"no_kk": no_kk}).mappings()]


def _is_shown(column: str) -> bool:
    return not column.startswith("_") and column not in ("valid_from", "valid_until")


def _moment(when: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(when)
    except ValueError:
        raise ConfigurationError(
            f"'{when}' is neither a release nor a date", fix="write 17, 2026-05-31 or 2026-05-31T13:00"
        ) from None
    if len(when) == len("2026-05-31"):  # the whole day
        moment += dt.timedelta(days=1, microseconds=-1)
    return moment if moment.tzinfo else moment.replace(tzinfo=CITY)


def _require_released(connection: sa.Connection, dataset: str) -> None:
    if not is_there(connection, TableName("hub", versions_view(dataset).name)):
        raise ConfigurationError("has no release yet", where=dataset, fix=f"opdhub integrate {dataset}")


def _require_release(connection: sa.Connection, dataset: str, number: int) -> None:
    _require_released(connection, dataset)
    statement = sa.text("SELECT count(*) FROM control.release WHERE dataset = :dataset AND release = :number")
    if number != 0 and not connection.execute(statement, {"dataset": dataset, "number": number}).scalar_one():
        raise ConfigurationError(
            f"has no release {number}", where=dataset, fix=f"'opdhub releases {dataset}' lists them"
        )
