"""The one SELECT that a database sees: every landed column as text, as the source itself shows it.

Ran against live servers: MariaDB 10.11, PostgreSQL 15, SQLite 3. SQL Server and Oracle have no free server
here: what their dialects compile is tested, a live server is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql
from sqlalchemy.engine.interfaces import Dialect

from connectors.drift import FeedPlace
from connectors.sql_table import MYSQL_KINDS as MYSQL_KINDS
from connectors.sql_table import describe
from schemas.feed import SqlFeed


def column_kinds(connection: sa.Connection, place: FeedPlace, feed: SqlFeed) -> dict[str, str]:
    """Return the table's columns in order, each with its kind (`sql_table.SqlColumn`).

    Raises:
        DriftError: the table or view is not there.

    """
    return {name: column.kind for name, column in describe(connection, place, feed).columns.items()}


def select_text(feed: SqlFeed, kinds: Mapping[str, str], dialect: Dialect) -> sa.Select[Any]:
    """Build the SELECT of the landed columns as text, in order, with `where` pushed down."""
    table = sa.table(feed.table, *(sa.column(name) for name in feed.landed_columns), schema=feed.schema_)
    texts = {name: text_of(table.c[name], kinds.get(name, "other"), dialect.name) for name in feed.landed_columns}
    query = sa.select(*(text.label(name) for name, text in texts.items())).select_from(table)
    for name, values in feed.where.items():
        query = query.where(exact(texts[name], dialect.name).in_(values))
    return query


def literal_sql(query: sa.Select[Any], dialect: Dialect) -> str:
    """Render the statement with its values inside, as connectorx and the manifest need it."""
    text = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    # the drivers that write parameters as %s double every % of literals and names; nobody undoes it for us
    return text.replace("%%", "%") if dialect.paramstyle in ("format", "pyformat") else text


def text_of(column: sa.ColumnElement[Any], kind: str, dialect: str) -> sa.ColumnElement[Any]:
    """Cast one column to text; binary becomes upper-case hexadecimal in every dialect."""
    if dialect in ("mysql", "mariadb"):
        if kind == "binary":
            return sa.func.hex(column)
        if kind == "spatial":
            return sa.func.st_astext(column)
        return sa.cast(column + sa.literal_column("0") if kind == "bit" else column, mysql.CHAR(charset="utf8mb4"))
    if dialect == "sqlite":  # a column holds any type, so each value is asked for its own
        return sa.case((sa.func.typeof(column) == "blob", sa.func.hex(column)), else_=sa.cast(column, sa.Text))
    if dialect == "mssql":
        return _mssql_text(column, kind)
    if dialect == "oracle":
        return _oracle_text(column, kind)
    if kind == "binary":
        return sa.func.upper(sa.func.encode(column, "hex"))
    return sa.cast(column, sa.Text)


def _mssql_text(column: sa.ColumnElement[Any], kind: str) -> sa.ColumnElement[Any]:
    # styles: 126 ISO 8601; 2 hexadecimal without 0x, and money with all four decimals
    style = {"date": "126", "binary": "2", "money": "2"}.get(kind)
    if style is None:
        return sa.cast(column, mssql.NVARCHAR())
    wide = "VARCHAR(MAX)" if kind == "binary" else "NVARCHAR(MAX)"
    return sa.func.convert(sa.literal_column(wide), column, sa.literal_column(style))


def _oracle_text(column: sa.ColumnElement[Any], kind: str) -> sa.ColumnElement[Any]:
    if kind in ("date", "timestamp"):
        fraction = ".FF" if kind == "timestamp" else ""
        return sa.func.to_char(column, sa.literal_column(f"'YYYY-MM-DD HH24:MI:SS{fraction}'"))
    if kind == "number":  # TM9: every digit; the third argument keeps a session's comma out
        return sa.func.to_char(column, sa.literal_column("'TM9'"), sa.literal_column("'NLS_NUMERIC_CHARACTERS=''.,'''"))
    return sa.func.rawtohex(column) if kind == "binary" else column  # text and CLOB as they are


def exact(text: sa.ColumnElement[Any], dialect: str) -> sa.ColumnElement[Any]:
    """Compare by letter: the default collations of MySQL and SQL Server hold 'aktif' and 'AKTIF' for one."""
    collation = {"mysql": "utf8mb4_bin", "mariadb": "utf8mb4_bin", "mssql": "Latin1_General_BIN2"}.get(dialect)
    return sa.collate(text, collation) if collation else text
