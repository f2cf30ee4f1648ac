"""Survey a database: its structure in a handful of queries, and some rows of each table.

A table is never read whole. Its sample is a LIMIT: half from the begin of the primary key and half from its end,
where a tree gives both without sorting; else the first rows that the server comes upon.
"""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from connectors.connection import Connection
from connectors.sql_errors import REFUSED, STOPPED, code_of
from connectors.sql_session import seconds, session, settings
from connectors.sql_text import column_kinds, select_text
from connectors.survey.model import Survey, SurveyTable
from connectors.survey.place import CELL_CHARACTERS, SurveyPlace, check_only, is_chosen, listed, where_of
from connectors.survey.sql_catalog import Found, describe
from schemas.errors import ConfigurationError, DriftError, without_numbers
from schemas.feed import SqlFeed

#: seconds that sampling one table, or one view, may take: a view can hide a join of everything with everything
TABLE_SECONDS, VIEW_SECONDS = 30, 5
#: seconds that all views together may take; those that are left are told by name
VIEWS_SECONDS = 20.0
#: SQLite's steps between two looks at the clock, some milliseconds
STEPS = 100_000

Cells = tuple[str | None, ...]


def survey_sql(
    connection: Connection,
    *,
    only: Sequence[str] = (),
    sample_rows: int = 200,
    progress: Callable[[int, int | None], None],
) -> Survey:
    """Describe and sample every table and view that the login may see.

    `only` holds names or patterns (`tbl_*`); progress is told the tables done and their number.

    Raises:
        RefusedError, RetryLaterError: see `sql_session.session`.
        ConfigurationError: no such database or table; a MySQL connection without a database.

    """
    place, tables = SurveyPlace.at(connection), list[SurveyTable]()
    with session(connection, place) as opened:
        if opened.dialect.name in ("mysql", "mariadb") and not connection.schema:
            raise _no_database(opened, connection)
        found = describe(opened)
        opened.rollback()
        check_only([one.table.name for one in found], only, connection, "table")
        chosen = [one for one in found if is_chosen(one.table.name, only)]
        chosen.sort(key=lambda one: one.table.kind == "view")  # one change of the time limit
        limit, spent = 0, 0.0
        for done, one in enumerate(chosen):
            progress(done, len(chosen))
            if spent > VIEWS_SECONDS:
                problem = f"was not asked, for the views before it took {VIEWS_SECONDS:.0f} s; name it with --only"
                tables.append(replace(one.table, problem=problem))
                continue
            wanted = min(VIEW_SECONDS if one.table.kind == "view" else TABLE_SECONDS, seconds(connection))
            if wanted != limit:
                limit = wanted
                _limit_statements(opened, limit)
            began = time.monotonic()
            with _time_limit(opened, limit):
                tables.append(_sampled(opened, one, sample_rows, limit, place))
            spent += time.monotonic() - began if one.table.kind == "view" else 0.0
        progress(len(chosen), len(chosen))
    return Survey(connection.id, "sql", {}, tuple(tables), tuple(_notes(tables)))


def _no_database(opened: sa.Connection, connection: Connection) -> ConfigurationError:
    own = ("information_schema", "mysql", "performance_schema", "sys")
    names = [str(row[0]) for row in opened.execute(sa.text("SHOW DATABASES")) if row[0] not in own]
    fix = f"add one to its address: {listed(names)}" if names else "add one to its address"
    return ConfigurationError("names no database", where=where_of(connection), fix=fix)


def _limit_statements(opened: sa.Connection, limit: int) -> None:
    for statement in settings(opened.dialect, limit):
        opened.exec_driver_sql(statement)
    if opened.dialect.name == "postgresql":  # a table without statistics must not be sorted to find its last rows
        opened.exec_driver_sql("SET enable_sort = off")
    opened.commit()


@contextlib.contextmanager
def _time_limit(opened: sa.Connection, limit: int) -> Iterator[None]:
    """Interrupt SQLite, which has no limit of its own; the servers have been told theirs."""
    if opened.dialect.name != "sqlite":
        yield
        return
    dbapi: Any = opened.connection.dbapi_connection
    end = time.monotonic() + limit
    dbapi.set_progress_handler(lambda: time.monotonic() > end, STEPS)
    try:
        yield
    finally:
        dbapi.set_progress_handler(None, 0)


def _sampled(opened: sa.Connection, one: Found, rows: int, limit: int, place: SurveyPlace) -> SurveyTable:
    """Return the table with its sample, or with the problem that kept it from us."""
    table, problem = one.table, ""
    if table.problem or not table.columns:
        return replace(table, problem=table.problem or "has no columns that the login may see, or is broken")
    try:
        sample = _sample(opened, one, rows, place)
    except sa.exc.DBAPIError as error:
        if error.connection_invalidated:
            raise
        code, text = code_of(error.orig or error), " ".join(str(error.orig).split())[:200]
        if code in STOPPED or text == "interrupted":
            problem = f"did not answer within {limit} s"
        elif code in REFUSED:
            problem = "the login may not read it"
        else:
            problem = f"cannot be read ({without_numbers(text)})"
    except UnicodeDecodeError as error:
        problem = f"holds a text that is not in its declared encoding (a byte that is not {error.encoding})"
    except DriftError as error:
        problem = error.problem
    finally:
        opened.rollback()
    if problem:
        return replace(table, problem=problem)
    cells = list(zip(*sample, strict=True)) or [()] * len(table.columns)
    columns = tuple(replace(column, sample=tuple(own)) for column, own in zip(table.columns, cells, strict=True))
    counted = len(sample) if len(sample) < rows else max(len(sample), table.rows) if table.rows is not None else None
    return replace(table, columns=columns, rows=counted)


def _sample(opened: sa.Connection, one: Found, rows: int, place: SurveyPlace) -> list[Cells]:
    """Return rows from the begin and, where it is as cheap, from the end of the table."""
    query, table = _query(opened, one, place)
    if not one.is_ordered or not one.table.primary_key:
        return _rows(opened, query.limit(rows))
    key = [table.c[name] for name in one.table.primary_key]  # the columns, not their texts: only they are indexed
    if opened.dialect.name in ("mysql", "mariadb"):
        query = query.with_hint(table, "FORCE INDEX (PRIMARY)", opened.dialect.name)
    half = rows - rows // 2
    first = _rows(opened, query.order_by(*key).limit(half))
    if len(first) < half or rows < 2:
        return first
    last = _rows(opened, query.order_by(*(column.desc() for column in key)).limit(rows // 2))
    at = [index for index, column in enumerate(one.table.columns) if column.name in one.table.primary_key]
    known = {tuple(row[index] for index in at) for row in first}
    return first + [row for row in reversed(last) if tuple(row[index] for index in at) not in known]


def _rows(opened: sa.Connection, query: sa.Select[Any]) -> list[Cells]:
    return [tuple(row) for row in opened.execute(query)]


def _query(opened: sa.Connection, one: Found, place: SurveyPlace) -> tuple[sa.Select[Any], Any]:
    """Return the SELECT of all columns as extraction would cast them, long values cut by the server."""
    names = [column.name for column in one.table.columns]
    feed = SqlFeed.model_validate(
        {"table": one.name, "schema": one.schema, "key": names, "dataset": "survey", "map": {}}
    )
    kinds = dict(one.kinds) if one.kinds is not None else column_kinds(opened, place, feed)
    query = select_text(feed, kinds, opened.dialect)
    table: Any = query.columns_clause_froms[0]
    texts = {text.name: getattr(text, "element", text) for text in query.selected_columns}
    cells = [_cut(texts[name], table.c[name], kinds.get(name, "other"), opened.dialect.name) for name in names]
    labelled = (cell.label(name) for cell, name in zip(cells, names, strict=True))
    return query.with_only_columns(*labelled), table


def _cut(text: sa.ColumnElement[Any], column: Any, kind: str, dialect: str) -> sa.ColumnElement[Any]:
    one: sa.ColumnElement[int] = sa.literal_column("1")
    most: sa.ColumnElement[int] = sa.literal_column(str(CELL_CHARACTERS))
    if kind == "binary" and dialect in ("mysql", "mariadb", "postgresql"):
        # cut before it becomes hexadecimal: 200 scans of 50 MB would make the server build 20 GB of text
        begin = sa.func.substr(column, one, sa.literal_column(str(CELL_CHARACTERS // 2)))
        is_mysql = dialect != "postgresql"
        return sa.func.hex(begin) if is_mysql else sa.func.upper(sa.func.encode(begin, sa.literal_column("'hex'")))
    return (sa.func.substring if dialect == "mssql" else sa.func.substr)(text, one, most)


def _notes(tables: Sequence[SurveyTable]) -> Iterator[str]:
    by_problem = defaultdict[str, list[str]](list)
    for table in tables:
        if table.problem:
            by_problem[table.problem].append(table.name)
    for problem, names in by_problem.items():
        yield f"not sampled, {problem}: {listed(names)}"
    if not tables:
        yield "the login sees no table"
