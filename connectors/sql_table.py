"""What a table of the source consists of: columns as declared, the key by which it can be walked, its size.

Ran against live servers: MariaDB 10.11, PostgreSQL 15, SQLite 3. SQL Server and Oracle go by SQLAlchemy's
inspector; no live server of them was at hand.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mssql, oracle

from connectors.drift import FeedPlace
from schemas.feed import SqlFeed
from schemas.yaml_file import suggest

MYSQL_KINDS = {"bit": "bit"} | dict.fromkeys(
    ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"), "binary"
)
MYSQL_KINDS |= dict.fromkeys(
    ("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon",
     "geometrycollection", "geomcollection"),
    "spatial",
)  # fmt: skip
#: MySQL types whose values may be larger than one packet
MYSQL_LONG = frozenset({"mediumblob", "longblob", "mediumtext", "longtext", "json"})
MYSQL_COMPARED = (
    dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint", "decimal"), "number")
    | dict.fromkeys(("date", "datetime", "timestamp"), "date")
    | dict.fromkeys(("char", "varchar", "tinytext", "text", "mediumtext", "longtext"), "text")
)
POSTGRES_COMPARED = (
    dict.fromkeys(("smallint", "integer", "bigint", "numeric"), "number")
    | dict.fromkeys(("date", "timestamp without time zone", "timestamp with time zone"), "date")
    | dict.fromkeys(("character varying", "character", "text"), "text")
)
#: a moment with a zone is shown in the session's own, where the hour that is set back comes twice; MySQL's long
#: texts can be keys by their first letters alone
NOT_KEYS = frozenset({"timestamp", "timestamp with time zone", "tinytext", "text", "mediumtext", "longtext"})
#: SQLAlchemy's inspector has no row counts; these are the servers' own guesses
ESTIMATES = {
    "mssql": "SELECT SUM(p.rows) FROM sys.partitions p WHERE p.index_id IN (0, 1)"
    " AND p.object_id = OBJECT_ID(COALESCE(QUOTENAME(:schema) + '.', '') + QUOTENAME(:table))",
    "oracle": "SELECT num_rows FROM all_tables WHERE table_name IN (:table, UPPER(:table))"
    " AND owner = COALESCE(UPPER(:schema), SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA'))",
}


@dataclass(frozen=True)
class SqlColumn:
    """One column of the source.

    Attributes:
        kind: how it becomes text: 'binary', 'bit', 'spatial', 'date', 'timestamp', 'money', 'number' or 'other'
        declared: its type in the source's own words; '' where the source has none
        compared: what its values compare as: 'number', 'date', 'text', or '' for none of them
        is_keyable: whether the text that lands tells its exact place in the source's order
        is_long: whether the source may drop a value because it fits no packet

    """

    kind: str = "other"
    declared: str = ""
    compared: str = ""
    is_keyable: bool = False
    is_long: bool = False


@dataclass(frozen=True)
class Described:
    """A table, view or query of the source; `rows` is the server's guess, None where it has none."""

    columns: Mapping[str, SqlColumn]
    primary_key: tuple[str, ...] = ()
    rows: int | None = None
    #: a view or a query may compute for long before its first row
    is_table: bool = field(default=False)

    @property
    def keyset(self) -> tuple[str, ...]:
        """The primary key where a reading can go on behind any of its values; else empty."""
        usable = all(name in self.columns and self.columns[name].is_keyable for name in self.primary_key)
        return self.primary_key if usable else ()


def describe(opened: sa.Connection, place: FeedPlace, feed: SqlFeed) -> Described:
    """Ask the source's catalogue for the feed's table or view.

    Raises:
        DriftError: the table or view is not there.

    """
    dialect = opened.dialect.name
    if dialect in ("mysql", "mariadb"):
        described = _mysql(opened, feed)
    elif dialect == "postgresql":
        described = _postgres(opened, feed)
    else:
        described = _inspected(opened, feed)
    if not described.columns:
        inspector = sa.inspect(opened)
        tables = inspector.get_table_names(feed.schema_) + inspector.get_view_names(feed.schema_)
        raise place.error(f"the source has no table '{feed.table}'", suggest(feed.table, tables), key="table")
    return described


def _mysql(opened: sa.Connection, feed: SqlFeed) -> Described:
    # SQLAlchemy reflects by SHOW CREATE TABLE, which on a view asks for a right that a reader rarely has
    def ask(columns: str, source: str, more: str = "") -> list[Any]:
        text = (
            f"SELECT {columns} FROM information_schema.{source}"  # noqa: S608 - constants
            f" WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :table{more}"
        )
        return list(opened.execute(sa.text(text), {"schema": feed.schema_, "table": feed.table}))

    columns = {}
    asked = "column_name, data_type, column_type"
    for name, kind, declared in ask(asked, "columns", " ORDER BY ordinal_position"):
        columns[str(name)] = mysql_column(str(kind).lower(), str(declared))
    parts = ask("column_name, sub_part", "statistics", " AND index_name = 'PRIMARY' ORDER BY seq_in_index")
    is_whole = all(part is None for _, part in parts)  # a key on the first letters is no order of the values
    tables = ask("table_rows, table_type", "tables")
    rows, type_ = tables[0] if tables else (None, "")
    is_table = "VIEW" not in str(type_)
    return Described(
        columns,
        tuple(str(name) for name, _ in parts) if is_whole else (),
        None if rows is None or not is_table else int(rows),
        is_table,
    )


def mysql_column(kind: str, declared: str) -> SqlColumn:
    """Return a column by MySQL's name of its type."""
    compared = MYSQL_COMPARED.get(kind, "")
    is_keyable = bool(compared) and kind not in NOT_KEYS
    return SqlColumn(MYSQL_KINDS.get(kind, "other"), declared, compared, is_keyable, kind in MYSQL_LONG)


def _postgres(opened: sa.Connection, feed: SqlFeed) -> Described:
    # to_regclass finds a name without schema where the SELECT will find it: along the search path
    named = "to_regclass(CASE WHEN CAST(:schema AS text) IS NULL THEN '' ELSE quote_ident(:schema) || '.' END"
    named += " || quote_ident(:table))"
    names = {"schema": feed.schema_, "table": feed.table}
    found = opened.execute(
        sa.text(
            "SELECT a.attname, format_type(a.atttypid, a.atttypmod),"  # noqa: S608 - constants
            " format_type(COALESCE(NULLIF(t.typbasetype, 0), t.oid), NULL)"
            " FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"
            f" WHERE a.attrelid = {named} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
        ),
        names,
    )
    columns = {str(name): postgres_column(str(base), str(declared)) for name, declared, base in found}
    key = opened.execute(
        sa.text(
            "SELECT a.attname FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k(number, place)"  # noqa: S608 - constants
            " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number"
            f" WHERE i.indisprimary AND i.indrelid = {named} ORDER BY k.place"
        ),
        names,
    )
    primary = tuple(str(name) for (name,) in key)
    about = opened.execute(
        sa.text(f"SELECT relkind IN ('r', 'p'), CAST(reltuples AS bigint) FROM pg_class WHERE oid = {named}"),  # noqa: S608 - constants
        names,
    ).one_or_none()
    is_table, rows = about if about is not None else (False, -1)
    return Described(columns, primary, int(rows) if is_table and rows >= 0 else None, bool(is_table))


def postgres_column(base: str, declared: str) -> SqlColumn:
    """Return a column by PostgreSQL's name of its type, that of its base where it is a domain."""
    compared = POSTGRES_COMPARED.get(base, "")
    is_keyable = bool(compared) and (base == "text" or base not in NOT_KEYS)
    return SqlColumn("binary" if base == "bytea" else "other", declared, compared, is_keyable)


def _inspected(opened: sa.Connection, feed: SqlFeed) -> Described:
    inspector = sa.inspect(opened)
    try:
        with warnings.catch_warnings():  # SQLAlchemy warns of types it does not know; a cast to text reads them
            warnings.simplefilter("ignore", sa.exc.SAWarning)
            found = inspector.get_columns(feed.table, schema=feed.schema_)
            key = inspector.get_pk_constraint(feed.table, schema=feed.schema_)
    except sa.exc.NoSuchTableError:
        return Described({})
    is_sqlite = opened.dialect.name == "sqlite"
    columns = {str(one["name"]): typed_column(one["type"], _declared(one["type"]), is_sqlite) for one in found}
    is_table = inspector.has_table(feed.table, feed.schema_) and feed.table not in inspector.get_view_names(
        feed.schema_
    )
    primary = tuple(key.get("constrained_columns") or ()) if is_table else ()
    if is_sqlite and len(primary) > 1:  # only INTEGER PRIMARY KEY holds integers and nothing else
        columns = {name: SqlColumn(one.kind, one.declared, one.compared) for name, one in columns.items()}
    rows = None
    if opened.dialect.name in ESTIMATES:
        names = {"schema": feed.schema_, "table": feed.table}
        rows = opened.execute(sa.text(ESTIMATES[opened.dialect.name]), names).scalar()
    return Described(columns, primary, None if rows is None else int(rows), is_table)


def typed_column(type_: Any, declared: str, is_sqlite: bool = False) -> SqlColumn:
    """Return a column by SQLAlchemy's type of it."""
    kind = _kind(type_)
    compared = ""
    if isinstance(type_, sa.Integer | sa.Numeric) and not isinstance(type_, sa.Float):
        compared = "number"
    elif isinstance(type_, sa.Date | sa.DateTime):
        compared = "date"
    elif isinstance(type_, sa.String) and not isinstance(type_, sa.Enum):
        compared = "text"
    if is_sqlite:
        is_keyable = declared.upper() == "INTEGER"
    elif compared == "date":  # what a zone or a format of text leaves out cannot be compared again
        is_keyable = kind == "date" and not isinstance(type_, mssql.DATETIMEOFFSET)
    else:
        is_keyable = bool(compared) and not isinstance(type_, sa.Text) and kind != "money"
    return SqlColumn(kind, declared, compared, is_keyable)


def _declared(type_: Any) -> str:
    return "" if isinstance(type_, sa.types.NullType) else str(type_)


def _kind(type_: Any) -> str:
    if isinstance(type_, sa.types._Binary | oracle.RAW):
        return "binary"
    if isinstance(type_, oracle.TIMESTAMP):
        return "timestamp"
    if isinstance(type_, sa.Date | sa.DateTime | sa.Time):
        return "date"
    if isinstance(type_, mssql.MONEY | mssql.SMALLMONEY):
        return "money"
    return "number" if isinstance(type_, sa.Numeric | sa.Integer) else "other"
