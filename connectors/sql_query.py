"""A declared query: one SELECT and nothing else, wrapped so that its columns come as text."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import sqlalchemy as sa

from connectors.drift import FeedPlace
from connectors.sql_plan import QUERY
from connectors.sql_table import Described, SqlColumn, mysql_column, postgres_column
from schemas.errors import ConfigurationError
from schemas.feed import SqlFeed

GRAMMARS = {"mysql": "mysql", "postgres": "postgres", "sqlite": "sqlite", "mssql": "tsql", "oracle": "oracle"}
FIX = "write one SELECT that only reads"
#: MySQL runs what stands in these comments; a parser takes them for comments
RUN_COMMENT = re.compile(r"/\*M?!")
#: MySQL's number of the characters of bytes
BINARY_CHARSET = 63
#: SQL Server's and Oracle's names of types, by kind; the rest is 'other'
KINDS = (
    (re.compile(r"(var)?binary|image|rowversion|timestamp$|db_type_(long_)?raw|db_type_blob"), "binary"),
    (re.compile(r"db_type_timestamp"), "timestamp"),
    (re.compile(r"date|time|smalldatetime|db_type_date"), "date"),
    (re.compile(r"(small)?money"), "money"),
    (re.compile(r"(tiny|small|big)?int|decimal|numeric|db_type_number"), "number"),
)


def checked_query(feed: SqlFeed, kind: str, where: str) -> str:
    """Return the feed's query without what may not stand inside brackets.

    Args:
        feed: its `query` is checked
        kind: the connection's kind, which decides the grammar
        where: the place of the feed, for the message

    Raises:
        ConfigurationError: it is not exactly one SELECT, WITH or UNION, writes, locks, or does not parse.

    """
    import sqlglot  # 27 MB, for the few feeds that are queries
    from sqlglot import exp

    writes = (
        exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.TruncateTable, exp.Command,
    )  # fmt: skip
    at = f"{where}.query"
    text = feed.query.strip().rstrip(";").rstrip()
    if RUN_COMMENT.search(text):
        raise ConfigurationError("has a comment that the server would run", where=at, fix="remove /*! … */")
    try:
        statements = [one for one in sqlglot.parse(text, read=GRAMMARS[kind]) if one is not None]
    except sqlglot.errors.ParseError as error:
        first = error.errors[0] if error.errors else {}
        spot = f"line {first['line']}, column {first['col']}: " if first.get("line") else ""
        raise ConfigurationError(f"{spot}{first.get('description', 'cannot be read')}", where=at, fix=FIX) from None
    except sqlglot.errors.TokenError:
        raise ConfigurationError("has a quote or comment that is never closed", where=at, fix=FIX) from None
    if len(statements) != 1:
        raise ConfigurationError(f"is {len(statements)} statements", where=at, fix=FIX)
    statement: Any = statements[0]
    if not isinstance(statement, exp.Query):
        raise ConfigurationError(f"is a {statement.key.upper()}, no SELECT", where=at, fix=FIX)
    for node in statement.walk():
        if isinstance(node, writes):
            raise ConfigurationError(f"has a {node.key.upper()} inside", where=at, fix=FIX)
        if isinstance(node, exp.Into):
            raise ConfigurationError("writes INTO something", where=at, fix=FIX)
        if isinstance(node, exp.Lock):
            raise ConfigurationError("locks rows", where=at, fix="leave FOR UPDATE and LOCK IN SHARE MODE out")
    return text


def describe_query(opened: sa.Connection, place: FeedPlace, query: str) -> Described:
    """Ask the server for the columns of a checked query, without a row of it.

    Raises:
        ConfigurationError: it has no columns, or one name twice.
        DriftError: the server does not know a table or column.

    """
    columns = _columns(opened, query)
    twice = [name for name, times in Counter(name for name, _ in columns).items() if times > 1]
    if twice:
        raise ConfigurationError(
            f"gives the column '{twice[0]}' twice", where=f"{place.where}.query", fix="name each column by AS"
        )
    return Described(dict(columns))


def _columns(opened: sa.Connection, query: str) -> list[tuple[str, SqlColumn]]:
    dialect = opened.dialect.name
    wrapped = f"SELECT * FROM (\n{query}\n) {QUERY}"  # noqa: S608 - checked, and the session is read-only
    if dialect == "mssql":
        asked = sa.text("SELECT name, system_type_name FROM sys.dm_exec_describe_first_result_set(:query, NULL, 0)")
        return [(str(name), _other(str(type_))) for name, type_ in opened.execute(asked, {"query": query})]
    wrapped += " WHERE 1 = 0" if dialect == "oracle" else " LIMIT 0"
    result = opened.execution_options(no_parameters=True).exec_driver_sql(wrapped)
    try:
        cursor: Any = result.cursor
        found = list(cursor.description or ())
        if dialect in ("mysql", "mariadb"):
            return [_mysql(field) for field in cursor._result.fields]
    finally:
        result.close()
    if dialect == "postgresql":
        return [(str(one.name), _postgres(str(one.type_display))) for one in found]
    if dialect == "oracle":
        return [(str(one[0]).lower() if str(one[0]).isupper() else str(one[0]), _other(one[1].name)) for one in found]
    return [(str(one[0]), SqlColumn()) for one in found]


def _mysql(field: Any) -> tuple[str, SqlColumn]:
    from pymysql.constants import FIELD_TYPE

    names = {value: name.lower() for name, value in vars(FIELD_TYPE).items() if isinstance(value, int)}
    kind = names.get(field.type_code, "")
    kind = {
        "tiny": "tinyint", "short": "smallint", "int24": "mediumint", "long": "int", "longlong": "bigint",
        "newdecimal": "decimal", "newdate": "date", "var_string": "varchar", "string": "char", "interval": "enum",
    }.get(kind, kind)  # fmt: skip
    is_binary = field.charsetnr == BINARY_CHARSET
    if kind.endswith("blob"):
        kind = kind if is_binary else kind.replace("blob", "text")
    elif kind in ("char", "varchar") and is_binary:
        kind = "varbinary" if kind == "varchar" else "binary"
    elif field.type_code == FIELD_TYPE.YEAR:
        kind = "year"
    return str(field.name), mysql_column(kind, kind)


def _postgres(declared: str) -> SqlColumn:
    base = re.sub(r"\(.*?\)", "", declared)
    short = {"varchar": "character varying", "bpchar": "character", "timestamp": "timestamp without time zone"}
    short |= {"int2": "smallint", "int4": "integer", "int8": "bigint", "timestamptz": "timestamp with time zone"}
    return postgres_column(short.get(base, base), declared)


def _other(declared: str) -> SqlColumn:
    kind = next((kind for pattern, kind in KINDS if pattern.match(declared.lower())), "other")
    compared = {"number": "number", "date": "date", "timestamp": "date", "other": "text"}.get(kind, "")
    return SqlColumn(kind, declared, compared)
