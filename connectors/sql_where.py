"""Conditions of a reading: behind a key, within a window; numbers are never quoted, texts keep their collation."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mssql

from connectors.sql_table import SqlColumn

#: NaN of PostgreSQL's numeric is no literal
NUMBER = re.compile(r"-?\d+(\.\d+)?")
#: zero dates of MySQL, .NET's and Delphi's first day, and dates before our era
ZERO_BEFORE = "0001-01-02"


def behind(columns: Sequence[sa.ColumnElement[Any]], values: Sequence[sa.ColumnElement[Any]]) -> sa.ColumnElement[bool]:
    """Say `(a, b) > (x, y)` as `a >= x AND (a > x OR (a = x AND b > y))`, which every server can answer by its index.

    Row values compare by index in PostgreSQL only; the first condition leads the others to the index's begin.
    """
    terms = []
    for place in range(len(columns)):
        same = [column == value for column, value in zip(columns[:place], values[:place], strict=True)]
        terms.append(sa.and_(*same, columns[place] > values[place]))
    return terms[0] if len(terms) == 1 else sa.and_(columns[0] >= values[0], sa.or_(*terms))


def literal(text: str, compared: str, dialect: str) -> sa.ColumnElement[Any]:
    """Write a landed text as a value that compares with its own column.

    MySQL compares a decimal with a text as doubles, so that 16 digits stand for their neighbours too: numbers are
    written bare. A text has no collation of its own, so that the column's counts.

    Raises:
        ValueError: on a number that is none.

    """
    if compared == "number":
        if not NUMBER.fullmatch(text):
            raise ValueError("not a number that can be compared")
        return sa.literal_column(text)
    if compared == "date" and dialect == "oracle":
        if "." in text:
            return sa.func.to_timestamp(_quoted(text.replace("T", " ")), _quoted("YYYY-MM-DD HH24:MI:SS.FF"))
        form = "YYYY-MM-DD" if len(text) <= len("YYYY-MM-DD") else "YYYY-MM-DD HH24:MI:SS"
        return sa.func.to_date(_quoted(text.replace("T", " ")), _quoted(form))
    if dialect == "mssql" and not text.isascii():  # N'…' for plain letters would hide the index of a varchar
        return sa.literal(text, sa.Unicode())
    return _quoted(text)


def within(
    column: sa.ColumnElement[Any],
    one: SqlColumn,
    text: sa.ColumnElement[Any],
    since: str,
    until: str | None,
    dialect: str,
) -> sa.ColumnElement[bool]:
    """Keep the rows at or after `since`, with those that have no value or a zero date; with `until`, the window only.

    Raises:
        ValueError: when the column holds numbers and `since` or `until` is none.

    """
    compared = one.compared or "text"
    if not one.compared:  # of a type that has no order of its own, as SQLite's without affinity
        column = text
    first = column >= literal(since, compared, dialect)
    if until is not None:
        return sa.and_(first, column <= literal(until, compared, dialect))
    if compared == "text":
        return _written(column, since)
    kept = [first, column.is_(None)]
    if compared != "number":
        # SQL Server's datetime begins in 1753 and refuses an earlier text
        is_narrow = dialect == "mssql" and compared == "date"
        early = sa.cast(column, mssql.DATETIME2) if is_narrow else column
        kept.append(early < literal(ZERO_BEFORE, compared, dialect))
    return sa.or_(*kept)


def _written(column: sa.ColumnElement[Any], since: str) -> sa.ColumnElement[bool]:
    """Keep the rows of a column of texts that may have changed since: nothing makes its texts times of one form.

    What is not written like 2026-03-01… comes along, and so do the two days before, whatever is written between day
    and hour, and in whatever zone. Numbers in texts do not compare as numbers: all rows come.
    """
    if not re.match(r"\d{4}-\d{2}-\d{2}", since):
        return sa.true()
    early = (dt.date.fromisoformat(since[:10]) - dt.timedelta(days=1)).isoformat()
    return sa.or_(column >= _quoted(early), column.is_(None), column.not_like("____-__-__%"), column < _quoted("0001"))


def _quoted(text: str) -> sa.ColumnElement[Any]:
    return sa.literal(text, sa.String())
