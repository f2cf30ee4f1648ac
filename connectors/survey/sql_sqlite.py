"""The structure of a SQLite file, by its pragmas; the file is here, so a query a table costs nothing."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from connectors.survey.model import SurveyColumn, SurveyTable
from connectors.survey.sql_catalog import Found, feed_keys

#: a row number beyond this was given by somebody (a NIK as primary key), and counts nothing
ROWS_LIMIT = 10**9
#: pragma_table_xinfo's mark of a virtual table's inner columns
HIDDEN = 1


def describe_sqlite(opened: sa.Connection) -> list[Found]:
    """Return the file's tables and views."""
    listed = _ask(
        opened,
        "SELECT name, type FROM sqlite_master"
        " WHERE type IN ('table', 'view') AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name",
    )
    found = []
    for name, kind in listed:
        try:
            found.append(Found(_table(opened, name, kind), name, None, {}, kind == "table"))
        except sa.exc.OperationalError as error:  # a view on what is gone, a virtual table without its module
            described = SurveyTable(name, kind, (), feed=feed_keys(name, None), problem=f"is broken ({error.orig})")
            found.append(Found(described, name))
    return found


def _table(opened: sa.Connection, name: str, kind: str) -> SurveyTable:
    columns, key = [], []
    for _, column, declared, not_null, _, place, hidden in _ask(opened, "SELECT * FROM pragma_table_xinfo(:n)", name):
        if hidden != HIDDEN:
            columns.append(SurveyColumn(column, declared or "", None if kind == "view" else not not_null))
            key += [(place, column)] if place else []
    primary = tuple(column for _, column in sorted(key))
    unique = []
    for index, origin in _ask(
        opened, 'SELECT name, origin FROM pragma_index_list(:n) WHERE "unique" AND NOT partial ORDER BY seq', name
    ):
        names = [row[0] for row in _ask(opened, "SELECT name FROM pragma_index_info(:n) ORDER BY seqno", index)]
        if origin != "pk" and None not in names:
            unique.append(tuple(names))
    references = []
    for column, table, other in _ask(
        opened, 'SELECT "from", "table", "to" FROM pragma_foreign_key_list(:n) ORDER BY id, seq', name
    ):
        if other is None:  # the other's primary key
            other = next(
                (row[1] for row in _ask(opened, "SELECT pk, name FROM pragma_table_info(:n)", table) if row[0]), ""
            )
        references.append((column, f"{table}.{other}"))
    rows = _rows(opened, name) if kind == "table" else None
    return SurveyTable(
        name, kind, tuple(columns), rows, primary, tuple(unique), tuple(references), "", feed_keys(name, None)
    )


def _rows(opened: sa.Connection, name: str) -> int | None:
    """Return what ANALYZE counted, else the last row's number: both are found in one step."""
    with suppress(sa.exc.OperationalError):  # no ANALYZE, no table
        counted = _ask(opened, "SELECT stat FROM sqlite_stat1 WHERE tbl = :n AND stat IS NOT NULL LIMIT 1", name)
        if counted:
            return int(str(counted[0][0]).split()[0])
    with suppress(sa.exc.OperationalError):  # WITHOUT ROWID, and virtual tables
        quoted = opened.dialect.identifier_preparer.quote_identifier(name)
        last = _ask(opened, f"SELECT max(rowid) FROM {quoted}")[0][0]  # noqa: S608 - quoted
        return int(last or 0) if int(last or 0) < ROWS_LIMIT else None
    return None


def _ask(opened: sa.Connection, statement: str, name: str | None = None) -> list[tuple[Any, ...]]:
    return list(map(tuple, opened.execute(sa.text(statement), {"n": name} if name is not None else {})))
